"""Loops through the parts of one item, a product's variants or an order's lines: what becomes of one that fails is told where the items are
gone through."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tillproof.flow.loops import Loop
from tillproof.flow.program import Fn

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_FARTHEST = 4
_MOST = 8


def is_part_of_turn(model: "Model", fn: Fn, turns: Iterable[tuple[Fn, int]]) -> bool:
    """Whether a function is called, by others too, in each turn of one of some loops, which are told by their functions and first
    instructions."""
    judged: dict[Fn, list[Loop]] = {}
    for around, first in turns:
        rows = model.program.body(around)
        loops = [lp for lp in model.retries.repeats.flow(around).loops if min(rows.rows(lp.blocks)) == first]
        judged.setdefault(around, []).extend(loops)
    seen, near = {fn}, [fn]
    for _ in range(_FARTHEST):
        above = [(caller, call) for one in near for caller, call, _ in model.callers.of(one)[:_MOST]]
        if any(lp.holds(model.program.body(caller), call) for caller, call in above for lp in judged.get(caller, ()) if caller != fn):
            return True
        near = [caller for caller in dict.fromkeys(c for c, _ in above) if caller not in seen]
        seen.update(near)
    return False
