"""What becomes of a delivery whose row the database refuses since it has one like it: it is answered as done, or as a failure."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.turned_away import THERE, says_there
from tillproof.flow.asked import own_side
from tillproof.flow.tries import reached_from
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model


def acknowledged(model: "Model", claim: Effect, work: Effect) -> bool:
    """Whether the failure of a ``claim`` that says that its row was there ends the delivery before the ``work``, and as a success."""
    inside = {place.fn: place for place in work.way}
    own, *callers = claim.way
    if all(model.failures.passes_on(own.fn, side) for side in _refused(model, own, inside.get(own.fn))):
        return False
    return all(_passed_over(model, place, inside.get(place.fn)) for place in callers)


def _refused(model: "Model", place: Place, work: Place | None) -> Iterator[frozenset[int]]:
    """The blocks of a function that are come to only where its row was there already, and from which its work is not."""
    body, defuse = model.program.body(place.fn), model.evaluator.defuse(place.fn)
    at, sides = defuse.block_of[place.instr], list[frozenset[int]]()
    onward = set(reached_from(body, at))
    for catch in (c for c in model.failures.catches(place.fn) if at in c.tried):
        onward |= catch.blocks
        if catch.types and all(THERE.search(t) for t in catch.types):
            sides.append(catch.blocks)
    for branch in (i for i in body.rows(sorted(onward)) if body.op[i] == Op.BRANCH and i > place.instr):
        asked = says_there(model, place.fn, body.args(branch)[0], True)
        side = own_side(body, defuse, branch, asked) if asked is not None else None
        sides += [side] if side else []
    there = {defuse.block_of[work.instr]} if work is not None else set[int]()
    yield from (side for side in sides if not any(reached_from(body, b) & there for b in side))


def _passed_over(model: "Model", place: Place, work: Place | None) -> bool:
    """Whether the caller of a function by which a row was found to be there leaves without the work, and tells of no failure."""
    body, defuse = model.program.body(place.fn), model.evaluator.defuse(place.fn)
    there = {defuse.block_of[work.instr]} if work is not None else set[int]()
    for branch, _ in model.outcomes.asking(place):
        for side in (own_side(body, defuse, branch, truth) for truth in (True, False)):
            if side and not any(reached_from(body, b) & there for b in side):
                return not model.failures.passes_on(place.fn, side)
    return True
