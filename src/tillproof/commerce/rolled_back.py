"""Effects that the database takes back: every run makes, in the same transaction, a row of which only the first is let in, so that a second
delivery is refused there and all that it did goes with it. Nobody has to look first: ``balance + amount; insert(payment id)``."""

from typing import TYPE_CHECKING

from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.lexicon import snake
from tillproof.commerce.schema.tables import Unique
from tillproof.commerce.touches import Touch
from tillproof.flow.program import Fn
from tillproof.flow.tries import reached_beside, reached_round
from tillproof.flow.values import Const, Missing, options
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model


def rolled_back(model: "Model", effect: Effect, effects: list[Effect]) -> Unique | None:
    """The constraint by which a second delivery's effect is taken back; None when there is none."""
    within = transactions(model, effect) if effect.touch is not None else {}
    for other in effects if within else ():
        made = other.touch
        if other is effect or made is None or made.kind != "create":
            continue
        begun = next((b for b in transactions(model, other) if b in within), None)
        constraint = model.states.claim(made) if begun is not None else None
        if begun is None or constraint is None or not _is_given(made, constraint):
            continue
        if _comes_with(model, effect, other) and not _is_caught(model, other, begun):
            return constraint
    return None


def transactions(model: "Model", effect: Effect) -> dict[Place, int]:
    """Where the transactions begin in which an effect happens, each with the place of its way that stands outermost in it."""
    return {begun: n for n, place in enumerate(effect.way) if (begun := model.regions.transaction(place)) is not None}


def in_one(model: "Model", a: Effect, b: Effect) -> bool:
    """Whether two effects happen in one transaction: what takes back one of them takes back both."""
    return not transactions(model, a).keys().isdisjoint(transactions(model, b))


def _is_given(made: Touch, constraint: Unique) -> bool:
    """Whether the row has a value in each column: of those that are null a table takes any number."""
    given = {snake(name): value for name, value in made.fields.items()}
    for column in constraint.columns:
        value = given.get(snake(column))
        if value is None or any(isinstance(o, Missing) or (isinstance(o, Const) and o.kind == Kind.NULL) for o in options(value)):
            return False
    return True


def _comes_with(model: "Model", effect: Effect, other: Effect) -> bool:
    """Whether no run brings about an effect and ends well without another one."""
    rest = list(other.way)
    for here, there in zip(reversed(effect.way), reversed(other.way), strict=False):
        if here.fn != there.fn:
            return False
        rest.pop()
        if here.instr != there.instr:
            return _stands_on_every_way(model, here.fn, here.instr, there.instr) and all(_always_reached(model, p) for p in rest)
    return False


def _stands_on_every_way(model: "Model", fn: Fn, start: int, wanted: int) -> bool:
    """Whether each way through an instruction of a function passes another one, before it or after."""
    body, block_of = model.program.body(fn), model.evaluator.defuse(fn).block_of
    at, wall = block_of[start], block_of[wanted]
    if at == wall or at not in reached_round(body, {wall}):
        return True
    return not _ends(model, fn, reached_beside(body, at, {wall}))


def _always_reached(model: "Model", place: Place) -> bool:
    """Whether a function that ends well has passed a place in it."""
    body, wall = model.program.body(place.fn), model.evaluator.defuse(place.fn).block_of[place.instr]
    return wall == 0 or not _ends(model, place.fn, reached_beside(body, 0, {wall}))


def _ends(model: "Model", fn: Fn, blocks: frozenset[int]) -> bool:
    """Whether a function may be left from some blocks otherwise than by a failure."""
    body = model.program.body(fn)
    for number in blocks:
        block = body.blocks[number]
        raises = block.end > block.start and body.op[block.end - 1] == Op.RAISE
        if not raises and not block.onward:  # what stands in a `try` may always fail, too
            return True
    return False


def _is_caught(model: "Model", other: Effect, begun: Place) -> bool:
    """Whether the refusal is caught inside the transaction, which then goes on and keeps what was done."""
    outermost = transactions(model, other)[begun]
    for _, place, catch in model.failures.on_the_way(other.way[: outermost + 1]):
        around = place.fn == begun.fn and model.evaluator.defuse(begun.fn).block_of[begun.instr] in catch.tried
        if not around:
            return True
    return False
