"""Failures that nobody outside can hear of: success was answered before the work began, or what stands around the handler takes them."""

from tillproof.checks.resilience.losses import Lost, goes_on_quietly, weighs
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.model import Model
from tillproof.commerce.sent_answers import sends_success
from tillproof.flow.facts import Passed
from tillproof.flow.program import Fn
from tillproof.flow.tries import Catch, always_reached
from tillproof.ir.ops import Op

EARLY = "success was answered before the work began"
BESIDE = "success is answered without waiting for the work, before it is known whether it failed"


def answered_first(model: Model, effect: Effect) -> Lost | None:
    """Where success is answered on every way to an effect, so that its failure comes too late to be told. None where the message is kept
    before, or what failed is kept afterwards."""
    if effect.kind == "job" or any(model.failures.caught_at(p.fn, p.instr) is not None for p in effect.way):
        return None  # what is done about a failure
    if any(model.failures.keeps(place.fn, c) for place in effect.way for c in around(model, place)):
        return None
    for place in effect.way:
        passed = [f.instr for f in model.effects.facts(place.fn).at(place.instr) if isinstance(f, Passed)]
        sent = next((i for i in passed if i < place.instr and sends_success(model, place.fn, i)), None)
        if sent is not None:
            if any(i < sent and model.failures.stores(place.fn, i) for i in passed):
                return None
            return Lost(effect, place.fn, sent, EARLY)
    return None


def answered_beside(model: Model, effect: Effect) -> Lost | None:
    """Where work is begun whose end is told to functions that are called back, and success is answered behind it in any case, without
    waiting: what those functions answer to a failure comes too late. ``db.query(sql).catch(() => res.sendStatus(500)); res.json({});``"""
    if not weighs(model, effect) or model.program.language(effect.fn.file) != "javascript":
        return None
    for n, place in enumerate(effect.way):
        if not model.promises.goes_on_alone(place, effect.way[n - 1].fn if n else None):
            continue
        body, block_of = model.program.body(place.fn), model.evaluator.defuse(place.fn).block_of
        behind = [i for i in range(place.instr + 1, len(body.op)) if body.op[i] == Op.CALL and sends_success(model, place.fn, i)]
        sent = next((i for i in behind if always_reached(body, block_of[place.instr], block_of[i])), None)
        if sent is not None:
            return Lost(effect, place.fn, sent, BESIDE, again=((place.fn, place.instr, "nobody waits for what is begun here"),))
    return None


def around(model: Model, place: Place) -> list[Catch]:
    """The handlers of exceptions in whose ``try`` a place stands."""
    block = model.evaluator.defuse(place.fn).block_of[place.instr]
    return [c for c in model.failures.catches(place.fn) if block in c.tried]


def out_of_hearing(model: Model, effect: Effect) -> Lost | None:
    """Where a failure of an effect of a message's handler ends that nobody outside can hear of, though the handler itself loses none."""
    return answered_first(model, effect) or answered_beside(model, effect) or taken_outside(model, effect)


def taken_outside(model: Model, effect: Effect) -> Lost | None:
    """The handler of exceptions in a decorator, a wrapper or a middleware around an entry point, which answers success to what failed."""
    if any(True for _ in model.failures.on_the_way(effect.way)):
        return None  # it does not come that far
    for n, place in enumerate(effect.way):
        caught = _caught_around(model, effect, place.fn)
        if caught is not None and goes_on_quietly(model, effect.way[n + 1 :]):
            return caught
    return None


def _caught_around(model: Model, effect: Effect, fn: Fn) -> Lost | None:
    """The handler of exceptions in what stands around a function that takes what fails in it for success."""
    for guard in model.handing_on.guards(fn):
        for call in model.handing_on.calls_on(guard):
            catch = model.failures.around(Place(guard, call, None), ours=effect.touch is not None)
            if catch is None or model.failures.raises_again(guard, catch):
                continue
            if model.failures.swallows(guard, catch):
                how = "what stands around the handler catches the exception, and success is answered"
                return Lost(effect, guard, catch.caught, how)
            return None
    return None
