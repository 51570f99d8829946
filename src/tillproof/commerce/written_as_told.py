"""Guards on a state that is written as a variable says it, before what happens only where that variable says one word.

``if (order.status === 'paid') return; update({status}); if (status === 'paid') ship()``: whenever the goods have gone out, the order says
that it is paid, and lets nobody in again.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.conditions import Atom
from tillproof.commerce.effects import Effect
from tillproof.commerce.lexicon import snake
from tillproof.commerce.states import Writes
from tillproof.commerce.touches import Touch

if TYPE_CHECKING:
    from tillproof.commerce.model import Model


def guards_as_told(model: "Model", effect: Effect, writes: Writes) -> Iterator[tuple[Atom, list[Effect]]]:
    """The conditions on the way to an effect that such a write turns whenever the effect happens, each with the writes that do."""
    for place in effect.way:
        held = (a for one in model.effects.held_at(place) for a in model.conditions.behind(one))
        atoms = [a for a in held if isinstance(a, Atom) and a.truth is not None]
        for guard in atoms:
            entities = dict.fromkeys(r.entity for r in model.states.reads(guard))
            by = [e for entity in entities for e, touch in writes.about(entity) if _turned(model, guard, touch, atoms)]
            if by:
                yield guard, by


def _turned(model: "Model", guard: Atom, touch: Touch, told: list[Atom]) -> bool:
    """Whether a write makes a condition untrue, as other conditions say which word the variable holds that is written."""
    word = model.states.told_by(touch, told)
    if word is None:
        return False
    fields = {snake(name): value for name, value in touch.fields.items()}
    written = [fields[r.field] for r in model.states.reads(guard) if r.field in fields]
    return any(model.states.compare(guard, {word}, value, touch) is (not guard.truth) for value in written)
