"""Whether two places behind an entry point are for the same message, or each for another."""

from tillproof.commerce.effects import Effect, Place, way_to
from tillproof.commerce.model import Model
from tillproof.flow.tries import reached_from


def apart(model: Model, effect: Effect, place: Place) -> bool:
    """Whether no run comes by both: where their ways part neither is reached from the other, as with the cases of a ``switch``."""
    parted = _parted(effect, place)
    return parted is not None and not _leads_on(model, *parted) and not _leads_on(model, *reversed(parted))


def comes_first(model: Model, effect: Effect, place: Place) -> bool:
    """Whether a run that comes by both comes by the effect first: nothing leads from the place to it."""
    parted = _parted(effect, place)
    if parted is None:
        return False
    here, there = parted
    block_of = model.evaluator.defuse(here.fn).block_of
    if block_of[here.instr] == block_of[there.instr]:
        return here.instr < there.instr
    return not _leads_on(model, there, here)


def _leads_on(model: Model, here: Place, there: Place) -> bool:
    """Whether a path of their function leads from the block of one place to that of another."""
    block_of = model.evaluator.defuse(here.fn).block_of
    return block_of[there.instr] in reached_from(model.program.body(here.fn), block_of[here.instr])


def _parted(effect: Effect, place: Place) -> tuple[Place, Place] | None:
    """The calls, or the places themselves, at which the ways to both part within one function; None where they do not."""
    for here, there in zip(reversed(effect.way), reversed(way_to(place)), strict=False):
        if here.fn != there.fn:
            return None
        if here.instr != there.instr:
            return here, there
    return None
