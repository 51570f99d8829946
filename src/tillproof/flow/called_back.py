"""What functions are called with that are handed to others: elements, what was waited for, the answer to what was asked; and promises that
are made by hand of such answers, ``new Promise((resolve, reject) => ask(it, (error, answer) => resolve(answer)))``."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from tillproof.flow.captured import ARRAY_FOLD, FOLDS
from tillproof.flow.chained import given_before, is_chain, step_after, step_target
from tillproof.flow.frames import Frame
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx, FunctionV, Overlay, Place, Record, Seq, Value, choice, options
from tillproof.flow.values import Param as Open
from tillproof.ir.body import Body, Param
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.flow.evaluate import Evaluator

_ITERATES = {"map", "forEach", "filter", "find", "some", "every", "flatMap", "each", "transform", "mapWithKeys", "sum", "sumBy"}
_ARRAY_FUNCTIONS = {"array_map", "array_walk", "array_filter", "map"}
PYTHON_FOLD = "reduce"
_FOLDED = 2
_PASSES_ON = {
    "submit": 1, "to_thread": 1, "run_in_executor": 2, "call_soon": 1, "call_later": 2, "setTimeout": 2, "setImmediate": 1, "nextTick": 1,
    "emit": 1, "emitAsync": 1, "add_task": 1, "enqueue": 1, "enqueue_call": 1, "enqueue_in": 2, "enqueue_at": 2, "async_task": 1,
    "start_soon": 1, "call_soon_threadsafe": 1,
}  # fmt: skip
"""Calls that hand on what stands behind the function, from which argument on."""
_LISTS = ("apply_async", "apply_async_on_commit", "add_job", "Thread", "Process", "Timer", "enqueue_call")
"""Calls of Python that are told a function's arguments as a list, ``args``, and a record, ``kwargs``."""
LISTENS = ("on", "once", "addListener")
"""Calls by which a stream is heard; what it tells piece by piece under ``data`` is the stream's own."""
_WAITS = ("then", "transaction", "$transaction")
_FAILED = re.compile(r"_*(e|er|err|error|ex|exception|failure|\w*(Err|Error))?")
_ASKED = ("req", "request", "ctx", "context", "next", "done", "cb")
_RESPONSE = re.compile(r"res|resp|response|incoming(Message)?|answer")
_ANSWER = 1
BODY = 2
_NODE = (2, 3)
"""How many parameters a function has that is called with a failure or the answer, and at times with more of it."""


class Spot(NamedTuple):
    """An instruction, in a context."""

    fn: Fn
    instr: int
    ctx: Ctx | None


def handed(ev: "Evaluator", caller: Frame, call: int, number: int, params: Sequence[Param]) -> Value | None:
    """What a function is given as parameter ``number`` by the call that it is handed to; None when that cannot be known."""
    body = caller.body
    callee, arguments = body.call(call)
    at = (caller.file, body.line[call])
    answer = ev.at(caller, call) if number == _ANSWER and _is_answer(body, call, params) else None
    if body.op[callee] not in (Op.FIELD, Op.NAME):
        return answer
    name = body.name(callee).rpartition(".")[2]
    if name in ev.tells:
        told = [a for _, a in arguments][ev.tells[name] + 1 :]
        return ev.at(caller, told[number]) if number < len(told) else None
    if name in ev.carries and number == 0 and body.op[callee] == Op.FIELD:
        return job(ev, caller.fn, call, caller.ctx, ev.carries[name])
    if number < _FOLDED and (folded := _folded(ev, caller, call, name, number)) is not None:
        return folded
    if name in (*_PASSES_ON, *_LISTS, *ev.sends) and ev.program.language(caller.file) == "python":
        return _told(ev, caller, arguments, name, number, params)
    if name in _PASSES_ON:
        passed = [a for _, a in arguments][_PASSES_ON[name] :]
        return ev.at(caller, passed[number]) if number < len(passed) else None
    if number != 0:
        return answer
    if name in LISTENS and arguments and (told_of := body.const(arguments[0][1])) is not None:
        return ev.at(caller, call) if told_of[1].strip("'\"`") == "data" else None
    if name in _ARRAY_FUNCTIONS and len(arguments) > 1:
        over = next((a for _, a in arguments if body.op[a] != Op.FUNCTION), None)
        return ev.element(ev.at(caller, over), at) if over is not None else None
    if body.op[callee] == Op.FIELD and name in _ITERATES:
        return ev.element(ev.at(caller, body.args(callee)[0]), at)
    if body.op[callee] == Op.FIELD and name == "then":
        return ev.at(caller, body.args(callee)[0])
    return None


def _told(
    ev: "Evaluator", caller: Frame, arguments: list[tuple[str, int]], name: str, number: int, params: Sequence[Param]
) -> Value | None:
    """What a call of Python hands on for a parameter, by its name, in its place, or in a list or record of arguments:
    ``enqueue(ship, order_id=id)``, ``add_task(ship, id)``, ``Thread(target=ship, args=(id,))``. Of what is sent by a signal each receiver
    takes what it wants by its name: ``placed.send(sender=Cart, order=order)``."""
    at = (caller.file, caller.body.line[arguments[0][1]]) if arguments else (caller.file, 1)
    named = {k: a for k, a in arguments if k not in ("", "*", "**")}
    if (own := named.get(params[number].name)) is not None and name not in _LISTS:
        return ev.at(caller, own)
    passed = [a for k, a in arguments if k == ""][_PASSES_ON[name] :] if name in _PASSES_ON else []
    if number < len(passed):
        return ev.at(caller, passed[number])
    listed = ev.at(caller, named["args"]) if "args" in named and name in _LISTS else None
    if isinstance(listed, Seq) and number < len(listed.items):
        return listed.items[number]
    kept = ev.at(caller, named["kwargs"]) if "kwargs" in named and name in _LISTS else None
    return ev.member(kept, params[number].name, at) if isinstance(kept, Record) else None


def _folded(ev: "Evaluator", caller: Frame, call: int, name: str, number: int) -> Value | None:
    """What a function is given that makes one value of a list: what was made so far, at first what it begins with (the first element where
    nothing else is said), and an element."""
    callee, arguments = caller.body.call(call)
    at = (caller.file, caller.body.line[call])
    if name in FOLDS and caller.body.op[callee] == Op.FIELD and ev.program.language(caller.file) != "python":
        listed, begins = caller.body.args(callee)[0], arguments[1:2]
    elif name == ARRAY_FOLD and len(arguments) > 1:
        listed, begins = arguments[0][1], arguments[2:3]
    elif name == PYTHON_FOLD and len(arguments) > 1:
        listed, begins = arguments[1][1], arguments[2:3]
    else:
        return None
    return ev.at(caller, begins[0][1]) if begins and not number else ev.element(ev.at(caller, listed), at)


def job(ev: "Evaluator", fn: Fn, call: int, ctx: Ctx | None, under: str) -> Record | None:
    """What a function is called with that runs a job, as the call that queues it says: ``queue.add('paid', { orderId })``, whose name may
    be left out."""
    body = ev.program.body(fn)
    given = [a for k, a in body.call(call)[1] if k == ""]
    if not given or any(body.op[a] == Op.FUNCTION for a in given):
        return None
    first = ev.value(fn, given[0], ctx)
    named = len(given) > 1 and not isinstance(first, (Record, Overlay))
    data = ev.value(fn, given[1], ctx) if named else first
    at = (fn.file, body.line[call])
    return Record(at, ((under, data), *((("name", first),) if named else ())))


def _is_answer(body: Body, call: int, params: Sequence[Param]) -> bool:
    """Whether the second parameter of a function that a call is handed last is what the call answers, as Node.js has it, behind the
    failure."""
    if _is_response(body, call, params):
        return True
    if body.op[call] != Op.CALL or len(params) not in _NODE or body.called(call) in _WAITS:
        return False
    last = body.call(call)[1][-1:]
    handed_last = bool(last) and body.op[last[0][1]] in (Op.FUNCTION, Op.NAME)
    return handed_last and _FAILED.fullmatch(params[0].name) is not None and params[1].name not in _ASKED


def _is_response(body: Body, call: int, params: Sequence[Param]) -> bool:
    """Whether a function is called with the answer alone, as Node's own ``https.request(options, (response) => …)`` does."""
    alone = len(params) == 1 and _RESPONSE.fullmatch(params[0].name) is not None
    return alone and body.op[call] == Op.CALL and body.called(call) in ("request", "get") and len(body.call(call)[1]) > 1


def _heard(ev: "Evaluator", fn: Fn, i: int, ctx: Ctx | None) -> Spot | None:
    """Where what a stream tells piece by piece arrives: ``answer.on('data', (chunk) => …)``."""
    body = ev.program.body(fn)
    if body.op[i] != Op.CALL or body.called(i) not in LISTENS or ev.program.language(fn.file) != "javascript":
        return None
    given = [v for _, v in body.call(i)[1]]
    inner = Fn(fn.file, body.args(given[1])[0]) if len(given) > 1 and body.op[given[1]] == Op.FUNCTION else None
    told = body.const(given[0]) if inner is not None else None
    if inner is None or told is None or told[1].strip("'\"`") != "data":
        return None
    at = next((n for n, op in enumerate(ev.program.body(inner).op) if op == Op.PARAM), -1)
    target = FunctionV((fn.file, body.line[i]), inner, ctx)
    return Spot(inner, at, ev.context(target, fn, i, ctx, callback=True)) if at >= 0 else None


def called_with_answer(ev: "Evaluator", fn: Fn, i: int, ctx: Ctx | None) -> FunctionV | None:
    """The function that a call is handed and calls with its answer; None where the call returns it."""
    body = ev.program.body(fn)
    if body.op[i] != Op.CALL or ev.program.language(fn.file) != "javascript":
        return None
    arguments = body.call(i)[1]
    if not arguments or body.op[arguments[-1][1]] not in (Op.FUNCTION, Op.NAME):
        return None
    for option in options(ev.value(fn, arguments[-1][1], ctx)):
        if isinstance(option, FunctionV) and _is_answer(body, i, ev.program.body(option.fn).params):
            return option
    return None


def where_answered(ev: "Evaluator", fn: Fn, i: int, ctx: Ctx | None, number: int = _ANSWER) -> Spot | None:
    """Where the answer to a call arrives that is given to a function handed to it: the parameter, in that function."""
    into = called_with_answer(ev, fn, i, ctx)
    if into is None:
        return None
    body = ev.program.body(into.fn)
    number = number if len(body.params) > 1 else 0
    at = next((n for n, op in enumerate(body.op) if op == Op.PARAM and body.args(n)[0] == number), -1)
    return Spot(into.fn, at, ev.context(into, fn, i, ctx, callback=True)) if at >= 0 else None


def passed_on(ev: "Evaluator", fn: Fn, i: int, uses: Sequence[int], ctx: Ctx | None) -> tuple[list[Spot], list[int]]:
    """Where a value goes by way of a function handed to its call, of the next step of a chain, or of a promise that is kept with it; and
    the uses that are left."""
    answered = (where_answered(ev, fn, i, ctx), where_answered(ev, fn, i, ctx, BODY), _heard(ev, fn, i, ctx))
    into = [spot for spot in (*answered, _into_next_step(ev, fn, i, ctx)) if spot is not None]
    into += _into_then(ev, fn, uses, ctx)
    kept = {use: spot for use in uses if (spot := promise(ev, fn, use, ctx)) is not None}
    return [*into, *kept.values()], [use for use in uses if use not in kept and not (into and is_chain(ev, fn, use))]


def _into_then(ev: "Evaluator", fn: Fn, uses: Sequence[int], ctx: Ctx | None) -> list[Spot]:
    """Where what a promise is kept with arrives: the first parameter of the function that is handed to its ``then``."""
    body = ev.program.body(fn)
    if ev.program.language(fn.file) != "javascript":
        return []
    found: list[Spot] = []
    for use in (u for u in uses if body.op[u] == Op.FIELD and body.name(u) == "then"):
        for call in (c for c in ev.defuse(fn).uses(use) if body.op[c] == Op.CALL and body.args(c)[0] == use and body.call(c)[1]):
            for option in options(ev.value(fn, body.call(call)[1][0][1], ctx)):
                inner = ev.program.body(option.fn) if isinstance(option, FunctionV) else None
                at = next((n for n, op in enumerate(inner.op) if op == Op.PARAM and inner.args(n)[0] == 0), -1) if inner is not None else -1
                if isinstance(option, FunctionV) and at >= 0:
                    found.append(Spot(option.fn, at, ev.context(option, fn, call, ctx, callback=True)))
    return found


def _into_next_step(ev: "Evaluator", fn: Fn, i: int, ctx: Ctx | None) -> Spot | None:
    """Where what a step of a chain gives arrives: the first parameter of the step behind it."""
    after = step_after(ev, fn, i) if ev.program.language(fn.file) == "python" else None
    target = step_target(ev, fn, after, ctx) if after is not None and given_before(ev, fn, after, ctx) is not None else None
    if target is None or after is None:
        return None
    body, first = ev.program.body(target.fn), 1 if target.this is not None else 0
    at = next((n for n, op in enumerate(body.op) if op == Op.PARAM and body.args(n)[0] == first), -1)
    return Spot(target.fn, at, ev.context(target, fn, after, ctx)) if at >= 0 else None


def executor(ev: "Evaluator", fn: Fn, i: int, ctx: Ctx | None) -> FunctionV | None:
    """The function that a promise is made with, where an instruction makes one."""
    body = ev.program.body(fn)
    if body.op[i] != Op.NEW or body.called(i) != "Promise" or ev.program.language(fn.file) != "javascript":
        return None
    arguments = body.call(i)[1]
    given = options(ev.value(fn, arguments[0][1], ctx)) if arguments else ()
    found = next((o for o in given if isinstance(o, FunctionV)), None)
    return found if found is not None and ev.program.body(found.fn).params else None


def promise(ev: "Evaluator", fn: Fn, i: int, ctx: Ctx | None) -> Spot | None:
    """The promise that a call keeps: the one whose executor has handed its first parameter to where it is called."""
    body = ev.program.body(fn)
    callee = body.args(i)[0] if body.op[i] == Op.CALL else -1
    if callee < 0 or body.op[callee] != Op.NAME or ev.program.language(fn.file) != "javascript":
        return None
    for c in ctx.chain() if ctx is not None else ():
        made = ev.program.body(c.caller)
        if c.call >= 0 and made.op[c.call] == Op.NEW and c.callback and made.called(c.call) == "Promise":
            params = ev.program.body(c.fn).params
            if not params or params[0].name != body.name(callee):
                return None
            value = ev.value(fn, callee, ctx)
            kept = any(isinstance(o, Open) and o.fn == c.fn and o.number == 0 for o in options(value))
            return Spot(c.caller, c.call, c.parent) if kept else None
    return None


def settled(ev: "Evaluator", fn: Fn, i: int, ctx: Ctx | None, at: Place) -> Value | None:
    """What a promise is kept with that an instruction makes; None where that is not seen."""
    made_with = executor(ev, fn, i, ctx)
    if made_with is None:
        return None
    name = ev.program.body(made_with.fn).params[0].name
    found = [
        ev.value(inner, given[0][1], below)
        for inner, below in _within(ev, made_with.fn, ev.context(made_with, fn, i, ctx, callback=True))
        for call in _calls_of(ev.program.body(inner), name)
        if (given := ev.program.body(inner).call(call)[1])
    ]
    return choice(at, found) if found else None


def _within(ev: "Evaluator", fn: Fn, ctx: Ctx) -> Iterator[tuple[Fn, Ctx]]:
    """A function, and those that it hands on as they are written, in the contexts of the calls that they are handed to."""
    yield fn, ctx
    body = ev.program.body(fn)
    for i, op in enumerate(body.op):
        for _, a in body.call(i)[1] if op == Op.CALL else ():
            if body.op[a] == Op.FUNCTION:
                target = FunctionV((fn.file, body.line[i]), Fn(fn.file, body.args(a)[0]), ctx)
                yield from _within(ev, target.fn, ev.context(target, fn, i, ctx, callback=True))


def _calls_of(body: Body, name: str) -> list[int]:
    return [
        i for i, op in enumerate(body.op) if op == Op.CALL and body.op[body.args(i)[0]] == Op.NAME and body.name(body.args(i)[0]) == name
    ]
