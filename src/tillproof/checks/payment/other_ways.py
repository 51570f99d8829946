"""Whether two places behind an entry point are for the same message, or each for another."""

from tillproof.commerce.effects import Effect, Place, way_to
from tillproof.commerce.model import Model
from tillproof.flow.tries import reached_from


def apart(model: Model, effect: Effect, place: Place) -> bool:
    """Whether no run comes by both: where their ways part neither is reached from the other, as with the cases of a ``switch``."""
    for here, there in zip(reversed(effect.way), reversed(way_to(place)), strict=False):
        if here.fn != there.fn:
            return False
        if here.instr != there.instr:
            body, block_of = model.program.body(here.fn), model.evaluator.defuse(here.fn).block_of
            first, second = block_of[here.instr], block_of[there.instr]
            return second not in reached_from(body, first) and first not in reached_from(body, second)
    return False
