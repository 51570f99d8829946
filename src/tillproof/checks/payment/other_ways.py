"""Whether two places behind an entry point are for the same message, or each for another."""

from tillproof.commerce.effects import Effect, Place, way_to
from tillproof.commerce.model import Model
from tillproof.flow.tries import reached_from


def apart(model: Model, effect: Effect, place: Place) -> bool:
    """Whether no run comes by both: where their ways part neither is reached from the other, as with the cases of a ``switch``."""
    parted = _parted(effect, place)
    if parted is None:
        return False
    body, block_of = model.program.body(parted[0].fn), model.evaluator.defuse(parted[0].fn).block_of
    first, second = (block_of[each.instr] for each in parted)
    return second not in reached_from(body, first) and first not in reached_from(body, second)


def comes_first(model: Model, effect: Effect, place: Place) -> bool:
    """Whether a run that comes by both comes by the effect first: nothing leads from the place to it."""
    parted = _parted(effect, place)
    if parted is None:
        return False
    body, block_of = model.program.body(parted[0].fn), model.evaluator.defuse(parted[0].fn).block_of
    first, second = (block_of[each.instr] for each in parted)
    return parted[0].instr < parted[1].instr if first == second else first not in reached_from(body, second)


def _parted(effect: Effect, place: Place) -> tuple[Place, Place] | None:
    """The calls, or the places themselves, at which the ways to both part within one function; None where they do not."""
    for here, there in zip(reversed(effect.way), reversed(way_to(place)), strict=False):
        if here.fn != there.fn:
            return None
        if here.instr != there.instr:
            return here, there
    return None
