"""Steps of an order's life after it was paid: what is written only to a record that has left the state in which it was made."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.conditions import Atom
from tillproof.commerce.entries import Entry
from tillproof.commerce.lexicon import snake
from tillproof.commerce.transitions import Transition
from tillproof.flow.proofs import Happening

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_BEGUN = re.compile(r"in_?progress|under_?way|ongoing|started|checked_?in|running|preparing|ready")
"""What somebody is at work on, where a state that says more plainly that nothing is paid comes before it."""


def later_step(model: "Model", entry: Entry, paid: Happening) -> Atom | None:
    """The condition by which what is written, and says that goods or services go on, is written only to a record in a state that no record
    is made in: ``confirmed`` or ``in_progress`` before ``completed``. Whether it may come into that one is judged where it does."""
    written = [t for t in model.transitions.of(entry.target) if (t.effect.fn, t.effect.instr) == (paid.fn, paid.instr)]
    demanded = [_demanded(model, t) if _goes_on(model, t) else None for t in written]
    return demanded[0] if all(demanded) and demanded else None


def _goes_on(model: "Model", step: Transition) -> bool:
    return bool(step.to) and all(model.words.has("fulfil_values", to) and not model.words.has("paid_values", to) for to in step.to)


def _demanded(model: "Model", step: Transition) -> Atom | None:
    """The condition on the way that lets only records in later states through."""
    column = model.schema.column(step.touch.entity, step.field, step.effect.fn.file)
    if column is None or column.default is None:
        return None
    first = _plain(column.default)
    if not model.words.has("open_values", first):
        return None
    for guard in step.guards:
        states = {_plain(state) for state in model.states.required(guard)}
        alive = {s for s in states if not model.words.has("dead_values", s)}
        if alive and first not in states and all(model.words.has("fulfil_values", s) or _BEGUN.fullmatch(s) for s in alive):
            return guard
    return None


def _plain(state: str) -> str:
    return snake(state.strip("'\"").rpartition(".")[2])
