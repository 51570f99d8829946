"""Messages that tell of a change to something: several of them, each with an id of its own, speak of one refund."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.conditions import Atom, flat
from tillproof.commerce.lexicon import snake
from tillproof.commerce.repeats import Repeat

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_UPDATED = re.compile(r"[\w.]*refund[\w.]*[._]updated")
_GIVEN_BACK = re.compile(r"(\w+_)?refund(ed|s)?(_\w+)?|(\w+_)?(amount|total)_returned")
# Records of the messages themselves.
_NOTED = re.compile(r"(\w+_)?(event|webhook|message|notification|delivery|ipn)(_\w+)?")


def told_several_times(model: "Model", repeat: Repeat) -> str:
    """The kind of message by each of which a sum that was given back is added once more, though it may speak of the same refund as the one
    before: only the message itself is noted. Empty when something else is asked, or nothing is added."""
    touch = repeat.effect.touch
    added = touch is not None and any(
        _GIVEN_BACK.fullmatch(snake(n)) and (n in touch.relative or model.repeats.adds(repeat.effect, n)) for n in touch.fields
    )
    if not added or not repeat.guards or not all(_is_of_message(model, guard.atom) for guard in repeat.guards):
        return ""
    atoms = (a for held in model.effects.held(repeat.effect) for a in flat(model.conditions.behind(held)))
    return next((text for atom in atoms for text in sorted(model.states.required(atom)) if _UPDATED.fullmatch(text)), "")


def _is_of_message(model: "Model", atom: Atom) -> bool:
    """Whether a condition only asks whether this very message was noted before."""
    asked = model.states.existence(atom) or model.records.touch(atom.fn, atom.instr, atom.ctx)
    return asked is not None and _NOTED.fullmatch(snake(asked.entity)) is not None
