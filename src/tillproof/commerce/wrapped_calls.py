"""Calls of our own wrappers that ask a provider for something: the one that says for what."""

from itertools import pairwise
from typing import TYPE_CHECKING

from tillproof.commerce.recognise import Known
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_LEVELS = 3


def wrapped_calls(model: "Model") -> dict[tuple[Fn, int], Known]:
    """For each request the innermost call by way of which nothing else is asked for."""
    asked = dict[tuple[Fn, int], set[str]]()  # what is asked for by way of each call
    around = dict[tuple[Fn, int], set[tuple[Fn, int]]]()  # the calls around each by way of which anything is
    for site in model.operations.sites:
        chain = _chain(site.ctx)
        for level in chain:
            asked.setdefault((level.caller, level.call), set()).add(f"{site.provider.id} {site.operation.op} {site.operation.resource}")
        for level, outer in pairwise(chain):
            around.setdefault((level.caller, level.call), set()).add((outer.caller, outer.call))
    found: dict[tuple[Fn, int], Known] = {}
    for site in model.operations.sites:
        unique = [p for c in _chain(site.ctx)[:_LEVELS] if len(asked[p := (c.caller, c.call)]) == 1]
        alone = (p for p in unique if _is_for_nothing_else(model, p, around.get(p)))
        if unique:
            found[next(alone, unique[-1])] = Known(site.provider, site.operation, site.certain, site.operation.op)
    return found


def _chain(ctx: Ctx | None) -> list[Ctx]:
    return list(ctx.chain()) if ctx is not None else []


def _is_for_nothing_else(model: "Model", place: tuple[Fn, int], around: set[tuple[Fn, int]] | None) -> bool:
    """Whether whoever calls the function that a wrapper's call stands in asks for the same by it: of a client's ``post($path, $data)`` it
    is the call of that which says what is asked for."""
    return around is None or {(caller, call) for caller, call, _ in model.callers.of(place[0]) if call >= 0} <= around
