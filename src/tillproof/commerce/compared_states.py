"""The state that a record is set to where the code hands on somebody's word for it, after it has looked which word that is."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.conditions import AnyOf, Atom
from tillproof.commerce.effects import Effect
from tillproof.commerce.touches import Touch, text_of
from tillproof.flow.values import Member, Result, Value, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_SAME = ("==", "===", "is")


def compared_states(model: "Model", effect: Effect, touch: Touch) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Fields that hold a state, with the word that what they are set to was found to be on every way:
    ``if ($told->status == 'settlement') $orders->set($id, ['status' => $told->status])``."""
    written = {
        name: value
        for name, value in touch.fields.items()
        if isinstance(value, (Member, Result)) and name not in touch.relative and model.words.has("status_fields", name)
    }
    if not written:
        return
    asked = [a for held in model.effects.held(effect) for a in model.conditions.behind(held) if not isinstance(a, AnyOf) and a.truth]
    for name, value in written.items():
        words = tuple(dict.fromkeys(word for atom in asked for word in _found_to_be(model, atom, value)))
        if words:
            yield name, words


def _found_to_be(model: "Model", atom: Atom, value: Value) -> Iterator[str]:
    """The word that a condition holds a value against."""
    body = model.program.body(atom.fn)
    if body.op[atom.instr] != Op.BINARY or body.text(body.args(atom.instr)[0]) not in _SAME:
        return
    one, other = (model.evaluator.value(atom.fn, side, atom.ctx) for side in body.args(atom.instr)[1:3])
    for here, there in ((one, other), (other, one)):
        if any(_is_the_same(o, value) for o in options(here)):
            yield from (word for o in options(there) if (word := text_of(o)))


def _is_the_same(one: Value, other: Value) -> bool:
    """Whether two values are what one place of the code gives, or the same member of it."""
    if one is other:
        return True
    if isinstance(one, Member) and isinstance(other, Member):
        return one.name == other.name and _is_the_same(one.base, other.base)
    return isinstance(one, Result) and isinstance(other, Result) and one.instr >= 0 and (one.fn, one.instr) == (other.fn, other.instr)
