"""What runs under a lock that is a key of Redis: only who could set it goes on, ``if (await redis.setNX(`lock:${sku}`, '1'))``."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tillproof.commerce.conditions import Atom
from tillproof.commerce.effects import Place
from tillproof.commerce.firsts import first_only

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_LEVELS = 2
_MOST_CALLERS = 12


def under_key(model: "Model", place: Place, fits: Callable[[Place], bool], level: int = 0) -> Place | None:
    """Where the key is set of which a place, or every call that leads to it, has found that it was free. ``fits``: which keys count."""
    for held in model.effects.held_at(place):
        for atom in model.conditions.behind(held):
            first = first_only(model.states, atom) if isinstance(atom, Atom) else None
            if (
                first is None
                or not isinstance(atom, Atom)
                or atom.truth is not first[1]
                or first[0].entity != "cache"
                or first[0].kind != "upsert"
            ):
                continue
            key = Place(first[0].fn, first[0].instr, first[0].ctx)
            if fits(key):
                return key
    callers = model.callers.of(place.fn) if level < _LEVELS else []
    if not 0 < len(callers) <= _MOST_CALLERS:
        return None
    keys = [under_key(model, Place(caller, call, None), fits, level + 1) for caller, call, _ in callers]
    return next((k for k in keys if k is not None), None) if None not in keys else None
