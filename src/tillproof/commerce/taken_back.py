"""Stock that is counted off first and looked at afterwards: who finds that it went below nought refuses the order."""

from typing import TYPE_CHECKING

from tillproof.commerce.effects import Place
from tillproof.commerce.lexicon import snake
from tillproof.commerce.stock_writes import StockWrite
from tillproof.flow.asked import branches, own_side
from tillproof.flow.defuse import DefUse
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_NOUGHT = ("0", "0.0")


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
        leaves = (Op.RAISE, Op.RETURN) if answered else (Op.RAISE,)
        for branch, positive in branches(body, defuse, i):
            apart = own_side(body, defuse, branch, positive) or ()
            if any(body.op[n] in leaves for n in body.rows(frozenset(apart))):
                return Place(fn, i, None)
    return None


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
