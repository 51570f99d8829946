"""What the answer of a write says of who was the first: ``created``, how many rows an update met, the row that was there before."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.conditions import EQUAL, UNEQUAL, Atom
from tillproof.commerce.lexicon import snake
from tillproof.commerce.touches import Touch
from tillproof.flow.program import Fn
from tillproof.flow.shape import shape
from tillproof.flow.values import Const, FunctionV, Member, Overlay, Record, Value, constant, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model
    from tillproof.commerce.states import States

# What an answer calls a row that was there, and one that was not.
_SEEN = re.compile(r"dup|already|exist|seen|replay|stale|handled|processed")
_NEW = re.compile(r"claimed|new|first|fresh|inserted|created|acquired|locked|ok")
_IDS = {"id", "pk", "_id"}
_REFERS = re.compile(r"\w+_id")
# Of an upsert: what counts the rows that were there, and calls that answer with such a row.
_MET = ("matchedcount", "modifiedcount", "nmodified")
_GIVES_ROW = re.compile(r"find_?one_?and_?(update|replace|modify)|find_?by_?id_?and_?update", re.IGNORECASE)


def first_only(states: "States", atom: Atom) -> tuple[Touch, bool] | None:
    """A write whose answer says whether it was the first (``created`` of ``get_or_create``, the count of a conditional UPDATE, SETNX), and
    the truth that the first one gives."""
    touch = states.existence(atom)
    if touch is None or touch.kind == "read":
        return None
    conditional = touch.effect != "cache" and touch.kind in ("write", "delete") and _asks_for_more(touch) and not _only_counts(touch)
    claimed = touch.kind == "create" and comes_back(states.model, touch.fn, touch.instr) and states.claim(touch) is not None
    if touch.kind != "upsert" and not conditional and not claimed:
        return None
    means = states.exists_means(atom)
    if touch.kind == "upsert":
        means = _says_first(states, atom) if means is None else _of_new_row(states, atom, touch, means)
    return (touch, means) if means is not None else None


def _asks_for_more(touch: Touch) -> bool:
    """Whether a write chooses its rows by more than which they are: an update by whose they are, ``{ orderId }``, meets them again."""
    written = {snake(n) for n in touch.fields} if touch.kind == "write" else set()
    return any(not (written and _REFERS.fullmatch(snake(c)) and snake(c) not in written) for c in touch.compared - _IDS)


def _only_counts(touch: Touch) -> bool:
    """Whether an update counts as long as there is enough, ``stock >= n``, and sets nothing that it asks for: it meets the row again and
    again until that is used up."""
    asked = {snake(c) for c in touch.compared}
    return bool(touch.relative) and not any(snake(n) in asked for n in touch.fields if n not in touch.relative)


def comes_back(model: "Model", fn: Fn, i: int) -> bool:
    """Whether the failure of a call is caught where the call stands, and what is behind it runs all the same:
    ``Seen.create(row).catch(() => null)``."""
    body, defuse = model.program.body(fn), model.evaluator.defuse(fn)
    while calls := [
        c for m in defuse.uses(i) if body.op[m] == Op.FIELD for c in defuse.uses(m) if body.op[c] == Op.CALL and body.args(c)[0] == m
    ]:
        i = calls[0]
        if body.called(i) == "catch":
            handlers = [o for _, v in body.call(i)[1][:1] for o in options(model.evaluator.value(fn, v))]
            return any(isinstance(o, FunctionV) and bool(model.effects.facts(o.fn).ends()) for o in handlers)
    return False


def _says_first(states: "States", atom: Atom) -> bool | None:
    """The truth of a comparison with a word, ``answer === 'duplicate'``, where a row was taken for the first time."""
    body = states.program.body(atom.fn)
    operator = body.text(body.args(atom.instr)[0]) if body.op[atom.instr] == Op.BINARY else ""
    words = states.wanted(atom) if operator in (*EQUAL, *UNEQUAL) else set()
    if words and all(_SEEN.search(w) for w in words):
        return operator not in EQUAL
    return operator in EQUAL if words and all(_NEW.fullmatch(w) for w in words) else None


def _of_new_row(states: "States", atom: Atom, touch: Touch, means: bool) -> bool | None:
    """The truth that a new row gives, where there being something means ``means``: of rows that were met there are none, and
    ``findOneAndUpdate`` answers with the row as it was before, or with the new one in either case."""
    body = states.program.body(atom.fn)
    sides = body.args(atom.instr)[1:3] if body.op[atom.instr] == Op.BINARY else [atom.instr]
    asked = [o for side in sides for o in options(states.evaluator.value(atom.fn, side, atom.ctx))]
    if any(isinstance(o, Member) and snake(o.name).replace("_", "") in _MET for o in asked):
        return not means
    made = states.program.body(touch.fn)
    if not _GIVES_ROW.fullmatch(made.called(touch.instr)) or any(isinstance(o, Member) for o in asked):
        return means
    given = [(k, states.evaluator.value(touch.fn, v, touch.ctx)) for k, v in made.call(touch.instr)[1]]
    return None if any(_asks_for_new(k, v, states) for k, v in given) else not means


def _asks_for_new(key: str, value: Value, states: "States") -> bool:
    """Whether an option asks for the row as it is afterwards: ``{ new: true }``, ``returnDocument: 'after'``."""
    if not key and isinstance(value, (Record, Overlay)):
        got = shape(states.evaluator, value)
        return any(k and _asks_for_new(k, v, states) for k, v in {**got.may, **got.must}.items())
    word = snake(key)
    if word == "new":
        return not (isinstance(value, Const) and value.falsy)
    if word == "return_original":
        return isinstance(value, Const) and value.falsy
    said = constant(value) or (value.name if isinstance(value, Member) else "")
    return word == "return_document" and said.strip("'\"").lower() not in ("before", "false")
