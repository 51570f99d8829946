"""Items that a callback is called with one by one, or all at once: what becomes of one that could not be carried over."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.failed_items import notes_failed
from tillproof.flow.defuse import DefUse
from tillproof.flow.program import Fn
from tillproof.flow.tries import Catch
from tillproof.flow.values import FunctionV, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

EACH = (
    "map", "forEach", "reduce", "on", "imap", "imap_unordered", "starmap", "each", "eachById", "array_map", "array_walk",
    "mapWithConcurrency", "eachLimit", "walk",
)  # fmt: skip
"""Calls that call a function with each of several items."""
_ROWS = ("data", "row", "record", "line")
"""Events by which a stream hands over what it has read, one after the other."""
_POOLED = ("map", "imap", "imap_unordered", "starmap")
_GATHERED = ("gather", "return_exceptions")
BEGUN = ("submit", "create_task", "ensure_future", "run_in_executor")
"""Calls that have work done beside, whose failure only who asks for the answer hears of."""
_AT_ONCE = "allSettled"
_CHAINED = ("then", "catch", "finally")
_DEEPEST = 6


def turns(model: "Model", fn: Fn) -> Iterator[tuple[int, Fn]]:
    """The calls of a function that call another with one item after the other, and that other."""
    body = model.program.body(fn)
    for i, op in enumerate(body.op):
        if op == Op.CALL and body.called(i) in EACH and (body.called(i) != "on" or _hands_rows(body, i)):
            for _, given in body.call(i)[1]:
                if body.op[given] in (Op.FUNCTION, Op.NAME):
                    found = (o.fn for o in options(model.evaluator.value(fn, given)) if isinstance(o, FunctionV))
                    yield from ((i, inner) for inner in found if inner.file == fn.file)


def settled_unread(model: "Model", fn: Fn, turn: int) -> int | None:
    """The call that waits for all turns, whatever becomes of each, where nobody asks it which failed: ``await Promise.allSettled(…)``."""
    body, flow = model.program.body(fn), model.evaluator.defuse(fn)
    waiting, seen = [turn], 0
    while waiting and seen < _DEEPEST:
        here, seen = waiting.pop(), seen + 1
        for use in flow.uses(here):
            if body.op[use] == Op.CALL and body.called(use) == _AT_ONCE:
                return use if not any(_is_read(body, model, fn, u) for u in flow.uses(use)) else None
            if body.op[use] == Op.STORE:
                name = body.name(use)
                waiting += [n for n, o in enumerate(body.op) if o == Op.NAME and body.name(n) == name and n > use]
    return None


def _hands_rows(body: Body, i: int) -> bool:
    """Whether a call listens for what a stream reads: ``createReadStream(file).pipe(csv()).on('data', async (row) => …)``."""
    given = body.call(i)[1]
    const = body.const(given[0][1]) if len(given) > 1 else None
    return const is not None and const[1].strip("'\"") in _ROWS


def left_alone(model: "Model", fn: Fn, turn: int, inner: Fn) -> bool:
    """Whether nobody waits for what a turn does: ``items.forEach(async (item) => …)``, ``pool.map(push, items)`` whose answers, and with
    them the exceptions, nobody asks for."""
    body = model.program.body(fn)
    if model.program.language(fn.file) == "python":
        pooled = body.called(turn) in _POOLED and body.op[body.args(turn)[0]] == Op.FIELD
        return pooled and not model.evaluator.defuse(fn).uses(turn)
    return body.called(turn) == "forEach" and Op.AWAIT in model.program.body(inner).op


def gathered_unread(model: "Model", fn: Fn, first: int) -> int | None:
    """The call that gathers, exceptions and all, what a loop begins, where nobody looks through what it gives:
    ``await asyncio.gather(*tasks, return_exceptions=True)``."""
    body, flow = model.program.body(fn), model.evaluator.defuse(fn)
    for i in range(len(body.op)):
        if i < first or not _keeps_exceptions(body, i):
            continue
        if not any(_is_read(body, model, fn, use) for use in flow.uses(i)):
            return i
    return None


def _is_read(body: Body, model: "Model", fn: Fn, use: int) -> bool:
    return body.op[use] != Op.AWAIT or bool(model.evaluator.defuse(fn).uses(use))


def answer_is_read(model: "Model", fn: Fn, turn: int) -> bool:
    """Whether what the turns answer is used beyond being waited for: ``const results = await Promise.all(items.map(…))``."""
    body, flow = model.program.body(fn), model.evaluator.defuse(fn)
    waiting, seen = [turn], 0
    while waiting and seen < _DEEPEST:
        here, seen = waiting.pop(), seen + 1
        for use in flow.uses(here):
            if body.op[use] not in (Op.AWAIT, Op.CALL, Op.LIST):
                return True
            waiting.append(use)
    return False


def caught_together(model: "Model", fn: Fn, turn: int) -> tuple[Place, Catch] | None:
    """The handler that the failure of any turn runs into where all are waited for at once: ``Promise.all(items.map(save)).catch(log)``,
    or the ``catch`` around it."""
    body, flow = model.program.body(fn), model.evaluator.defuse(fn)
    here = turn
    for _ in range(_DEEPEST):
        use = next((u for u in flow.uses(here) if body.op[u] in (Op.CALL, Op.FIELD, Op.AWAIT)), -1)
        if use < 0 or (body.op[use] == Op.FIELD and body.name(use) not in _CHAINED):
            return None
        if body.op[use] == Op.CALL and body.called(use) == "catch" and body.args(use)[0] == here:
            hung = _hung_on(model, fn, use)
            return (Place(hung[0], 0, None), hung[1]) if hung is not None else None
        if body.op[use] == Op.AWAIT:
            catch = model.failures.around(Place(fn, use, None))
            return (Place(fn, max(catch.caught, 0), None), catch) if catch is not None else None
        if body.op[use] == Op.CALL and body.called(use) == _AT_ONCE:
            return None
        here = use
    return None


def chained_catch(model: "Model", effect: Effect, inner: Fn) -> tuple[Place, Catch] | None:
    """The handler that is hung on what a turn waits for, as one that goes on wherever it ends: ``save(item).catch((e) => log(e))``."""
    for place in effect.way:
        body, flow = model.program.body(place.fn), model.evaluator.defuse(place.fn)
        here = place.instr
        for _ in range(_DEEPEST):
            field = next((u for u in flow.uses(here) if body.op[u] == Op.FIELD and body.name(u) in _CHAINED), -1)
            call = next((u for u in flow.uses(field) if body.op[u] == Op.CALL and body.args(u)[0] == field), -1) if field >= 0 else -1
            if call < 0:
                break
            if (hung := _hung_on(model, place.fn, call)) is not None:
                return Place(hung[0], 0, None), hung[1]
            here = call
        if place.fn == inner:
            return None
    return None


def begun_beside(model: "Model", fn: Fn, i: int) -> bool | None:
    """Whether anything is done with what a call gives that has a turn's work done beside: ``futures.append(pool.submit(push, item))``; None
    where the work is done there and then. What is gathered with its exceptions counts as asked for."""
    body, defuse = model.program.body(fn), model.evaluator.defuse(fn)
    if body.op[i] != Op.CALL or model.program.language(fn.file) != "python":
        return None
    if body.called(i) in BEGUN:
        return bool(defuse.uses(i))
    return True if any(_keeps_exceptions(body, n) for n in range(i, len(body.op))) and not _is_awaited(body, defuse, i) else None


def _keeps_exceptions(body: Body, i: int) -> bool:
    return body.op[i] == Op.CALL and body.called(i) == _GATHERED[0] and any(k == _GATHERED[1] for k, _ in body.call(i)[1])


def _is_awaited(body: Body, defuse: DefUse, i: int) -> bool:
    return any(body.op[u] == Op.AWAIT for u in defuse.uses(i))


def forgotten(model: "Model", place: Place, inner: Fn | None) -> Place | None:
    """Where the failure of what a turn begins is forgotten though nothing catches it there: nobody waits for it, or what is hung on it only
    logs; or its error is a value that nobody acts upon. ``inner``: the function that the call leads to."""
    promised = model.promises.dropped(place, inner)
    if promised is not None:
        noted = _hung_on(model, place.fn, promised[0])
        return None if noted is not None and notes_failed(model, *noted) else Place(place.fn, promised[0], place.ctx)
    if inner is not None:
        return None
    unheard = model.error_values.unheard(place)
    return Place(place.fn, unheard.instr, place.ctx) if unheard is not None and not unheard.returns else None


def _hung_on(model: "Model", fn: Fn, call: int) -> tuple[Fn, Catch] | None:
    """The function that a call of ``catch`` is given, as a handler that goes on wherever it ends."""
    body = model.program.body(fn)
    handed = body.call(call)[1] if body.called(call) == "catch" else []
    given = [o for _, a in handed for o in options(model.evaluator.value(fn, a))]
    if not given or not isinstance(given[0], FunctionV):
        return None
    handler = given[0].fn
    return handler, Catch(-1, (), frozenset(), frozenset(range(len(model.program.body(handler).blocks))), True)
