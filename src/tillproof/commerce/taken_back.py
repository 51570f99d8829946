"""Stock that is counted off first and looked at afterwards: who finds that it went below nought refuses the order."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.effects import Place
from tillproof.commerce.lexicon import snake
from tillproof.commerce.stock_writes import StockWrite
from tillproof.flow.asked import branches, own_side, reads
from tillproof.flow.defuse import DefUse
from tillproof.flow.shape import shape
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_NOUGHT = ("0", "0.0")
_TRUE = ("true", "True", "1")
_MAY_ANSWER_OLD = re.compile(
    r"find\w*And(Update|Modify)"
)  # of MongoDB's, which answer with the row as it was unless they are told otherwise
_ANEW = frozenset(["new", "returnDocument", "returnNewDocument", "returnOriginal"])


def refused_below_nought(model: "Model", write: StockWrite) -> Place | None:
    """Where a write that the database works out itself is followed by the question whether less than nothing is left, which raises: of two
    orders for the last piece the second one finds -1. ``$this->decrement('stock', $n); if ($this->fresh()->stock < 0) throw …``"""
    fn = write.place.fn
    body, defuse = model.program.body(fn), model.evaluator.defuse(fn)
    for i, op in enumerate(body.op) if write.how == "relative" else ():
        counted = _counted(body, i) if op == Op.BINARY and i > write.place.instr else -1
        answered = counted >= 0 and _is_answer(body, defuse, counted, write.place.instr)
        if counted < 0 or not (answered or _is_field(body, counted, write.field)):
            continue
        answered = answered or (_is_of_answer(body, defuse, counted, write.place.instr) and _answers_anew(model, write.place))
        leaves = (Op.RAISE, Op.RETURN) if answered else (Op.RAISE,)
        for branch, positive in branches(body, defuse, i):
            apart = list(body.rows(own_side(body, defuse, branch, positive) or frozenset()))
            if any(body.op[n] in leaves for n in apart) or _flag_leaves(body, defuse, apart, leaves):
                return Place(fn, i, None)
    return None


def _flag_leaves(body: Body, defuse: DefUse, apart: list[int], leaves: tuple[int, ...]) -> bool:
    """Whether a flag that is set there has everybody turned away once all is counted off: ``soldOut = true; … if (soldOut) return;``"""
    flags = (n for n in apart if body.op[n] == Op.STORE and (const := body.const(body.args(n)[1])) is not None and const[1] in _TRUE)
    asked = (b for flag in flags for n in reads(body, defuse, flag) for b in branches(body, defuse, n))
    sides = (own_side(body, defuse, branch, positive) or frozenset() for branch, positive in asked)
    return any(body.op[n] in leaves for side in sides for n in body.rows(side))


def _counted(body: Body, i: int) -> int:
    """What is held against nought: ``stock`` of ``stock < 0`` or ``0 > stock``; -1 for any other comparison."""
    operator, left, right = body.text(body.args(i)[0]), *body.args(i)[1:3]
    counted, nought = (left, right) if operator == "<" else (right, left) if operator == ">" else (-1, -1)
    const = body.const(nought) if nought >= 0 else None
    return counted if const is not None and const[1] in _NOUGHT else -1


def _is_field(body: Body, counted: int, field: str) -> bool:
    return body.op[counted] in (Op.FIELD, Op.NAME) and snake(body.name(counted).rpartition(".")[2]) == snake(field)


def _is_answer(body: Body, defuse: DefUse, counted: int, write: int) -> bool:
    """Whether what is held against nought is what the write itself has answered with: ``left = redis.decr(key)``."""
    stores = defuse.reaching(counted, body.name(counted)).stores if body.op[counted] == Op.NAME else ()
    given = [body.args(s)[1] for s in stores]
    return bool(given) and all((body.args(g)[0] if body.op[g] == Op.AWAIT else g) == write for g in given)


def _is_of_answer(body: Body, defuse: DefUse, counted: int, write: int) -> bool:
    """Whether it is a field of the row that the write has answered with: ``(await Product.findByIdAndUpdate(…, { new: true })).stock``."""
    row = body.args(counted)[0] if body.op[counted] == Op.FIELD else -1
    return row >= 0 and body.op[row] == Op.NAME and _is_answer(body, defuse, row, write)


def _answers_anew(model: "Model", place: Place) -> bool:
    """Whether a write answers with the row as it is afterwards."""
    body = model.program.body(place.fn)
    if not _MAY_ANSWER_OLD.fullmatch(body.called(place.instr).rpartition(".")[2]):
        return True
    told = [shape(model.evaluator, model.evaluator.value(place.fn, v, place.ctx)).must for _, v in body.call(place.instr)[1]]
    return any(not _ANEW.isdisjoint(options) for options in told)
