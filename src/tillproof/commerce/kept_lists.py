"""Lists that a record keeps: whether something was asked for in one of them, and what puts it there, so that the question has another
answer the next time: ``if (!user.courses.includes(id)) { user.courses.push(id); await user.save(); }``."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.conditions import Atom
from tillproof.commerce.effects import Effect
from tillproof.commerce.entities import same
from tillproof.commerce.lexicon import snake
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_ASKS = ("includes", "some", "find", "find_index", "index_of", "contains", "has", "any", "exists", "filter")
_ADDS = ("push", "add_to_set", "append", "add", "unshift", "concat")


def listed(model: "Model", atom: Atom, effects: Iterable[Effect]) -> Iterator[Effect]:
    """The effects by which something gets into the list that a condition has found to be without it."""
    fields = _asked(model, atom) if _asks_list(model, atom) else set()
    for effect in effects if fields else ():
        touch = effect.touch
        if touch is None:
            continue
        for entity, field in fields:
            if not same(touch.entity, entity):
                continue
            written = any(snake(name) == field for name in touch.fields)
            if (written and touch.writes) or (touch.kind == "flush" and _adds_to(model, effect, field)):
                yield effect


def _asked(model: "Model", atom: Atom) -> set[tuple[str, str]]:
    """The fields of records, with what they are records of, that a condition reads or searches."""
    body = model.program.body(atom.fn)
    found = list(model.states.reads(atom))
    callee = body.args(atom.instr)[0] if body.op[atom.instr] == Op.CALL else -1
    if callee >= 0 and body.op[callee] == Op.FIELD:
        found += model.states.field(atom.fn, body.args(callee)[0], atom.ctx)
    return {(r.entity, snake(r.field)) for r in found}


def _asks_list(model: "Model", atom: Atom) -> bool:
    """Whether a condition asks whether something is in a list, and found that it is not."""
    body = model.program.body(atom.fn)
    op = body.op[atom.instr]
    if op == Op.CALL:
        return atom.truth is False and snake(body.called(atom.instr)) in _ASKS
    operator = body.text(body.args(atom.instr)[0]) if op == Op.BINARY else ""
    return (operator == "in" and atom.truth is False) or (operator == "not in" and atom.truth is True)


def _adds_to(model: "Model", effect: Effect, field: str) -> bool:
    """Whether something is put into a list of that name, in the function of an effect."""
    body = model.program.body(effect.fn)
    for i, op in enumerate(body.op):
        callee = body.args(i)[0] if op == Op.CALL else -1
        if callee < 0 or body.op[callee] != Op.FIELD or snake(body.name(callee)) not in _ADDS:
            continue
        on = body.args(callee)[0]
        if body.op[on] == Op.FIELD and snake(body.name(on)) == field:
            return True
    return False
