"""Work that plans itself anew when it has failed: ``settle.apply_async((id, attempt + 1), countdown=30)`` in ``settle``,
``as_schedule_single_action( time() + 300, 'retry_capture', … )`` in what that action runs."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.effects import Place
from tillproof.commerce.planned_retries import Planned, added
from tillproof.commerce.waits import Growth, Waits
from tillproof.flow.loops import Flow
from tillproof.flow.program import Fn
from tillproof.flow.shape import shape
from tillproof.flow.values import Const, Ctx, FunctionV, Value, options
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_WAITS = ("countdown", "eta", "delay", "delay_seconds", "DelaySeconds", "run_at", "schedule")
_DELAYS = ("delay", "delayed", "in", "later")
_COUNTS = re.compile(r"attempt|retr|tries|count", re.IGNORECASE)
_BOUNDS = ("<", ">", "<=", ">=")


def find(model: "Model", waits: Waits) -> Iterator[tuple[Planned, bool]]:
    """Those in functions that lead to a request, in order; each with whether anything but success ends it."""
    for file in model.program.indices:
        words = model.handovers.words(model.program.language(file))
        if not words or model.sendings.browser.runs(file):
            continue
        for fn in model.program.functions_calling(file, words):
            if model.retries.leads(fn):
                yield from _in_function(model, waits, fn, words)
            yield from _by_callers(model, waits, fn, words)


def _in_function(model: "Model", waits: Waits, fn: Fn, words: set[str]) -> Iterator[tuple[Planned, bool]]:
    body = model.program.body(fn)
    calls = [i for i, op in enumerate(body.op) if op == Op.CALL and body.called(i).lower() in words]
    flow = model.retries.repeats.flow(fn) if calls else None
    for i in calls:
        if flow is None or not _after_failure(model, fn, flow, i):
            continue
        if any(_leads_back(model, h.target.fn, fn) for h in model.handovers.targets(fn, i, None)):
            growth = _growth(model, waits, fn, i)
            yield Planned(fn, i, growth, (fn.file, body.line[i])), _is_bounded(model, fn, flow, i)


def _by_callers(model: "Model", waits: Waits, planner: Fn, words: set[str]) -> Iterator[tuple[Planned, bool]]:
    """Those of functions that have one of ours plan it: ``$this->planAgain($id, $delay, $attempt + 1)``."""
    body = model.program.body(planner)
    for i in (n for n, op in enumerate(body.op) if op == Op.CALL and body.called(n).lower() in words):
        run = [handed.target.fn for handed in model.handovers.targets(planner, i, None)]
        for caller, call, target in model.callers.of(planner) if run else ():
            if caller == planner or not any(_leads_back(model, fn, caller) for fn in run) or not model.retries.leads(caller):
                continue
            flow = model.retries.repeats.flow(caller)
            if _after_failure(model, caller, flow, call):
                at = (caller.file, model.program.body(caller).line[call])
                ctx = model.evaluator.context(target, caller, call, None)
                yield Planned(caller, call, _growth(model, waits, planner, i, ctx), at), _is_bounded(model, caller, flow, call)


def _leads_back(model: "Model", target: Fn, fn: Fn) -> bool:
    return target == fn or fn in model.reach.callees(target)


def _after_failure(model: "Model", fn: Fn, flow: Flow, i: int) -> bool:
    """Whether a call stands in a handler of exceptions, or behind a question how a request went, or what it was answered."""
    body = model.program.body(fn)
    asked = {branch for branch, _ in flow.conditions(flow.block_of(i))}
    if flow.caught_above(i) or any(model.retries.asks(fn, body.args(c)[0]) for c in asked):
        return True
    earlier = (n for n in range(i) if body.op[n] == Op.CALL) if asked else ()
    return any(asked & set(model.outcomes.about(Place(fn, n, None))) and _sends(model, fn, n) for n in earlier)


def _sends(model: "Model", fn: Fn, call: int) -> bool:
    """Whether a call of one of our functions sends a request to a system outside."""
    ours: list[Value] = [o for o in options(model.evaluator.value(fn, model.program.body(fn).args(call)[0])) if isinstance(o, FunctionV)]
    return bool(ours) and any(one in model.sendings.by_function for one in model.reach.of(ours).functions)


def _is_bounded(model: "Model", fn: Fn, flow: Flow, i: int) -> bool:
    body = model.program.body(fn)
    for branch, _ in flow.conditions(flow.block_of(i)):
        asked = body.args(branch)[0]
        compares = body.op[asked] == Op.BINARY and body.text(body.args(asked)[0]) in _BOUNDS
        if compares or _COUNTS.search(model.program.line_text(fn.file, body.line[branch])):
            return True
    return False


def _growth(model: "Model", waits: Waits, fn: Fn, i: int, ctx: Ctx | None = None) -> Growth:
    """How the wait of a call grows that plans the next attempt: by a named argument, an option, a time, or a call chained to it."""
    body, evaluator = model.program.body(fn), model.evaluator
    for key, given in body.call(i)[1]:
        value = evaluator.value(fn, given, ctx)
        if key in _WAITS:
            return waits.growth(_length(model, value), fn)
        for option in options(value):
            if isinstance(option, (Const, FunctionV)):
                continue
            if (wait := added(model, option)) is not None:
                return waits.growth(wait, fn)
            told = shape(evaluator, option)
            held = next((v for k, v in (*told.must.items(), *told.may.items()) if k in _WAITS), None)
            if held is not None:
                return waits.growth(_length(model, held), fn)
    for use in evaluator.defuse(fn).uses(i):
        if body.op[use] == Op.FIELD and body.name(use) in _DELAYS:
            calls = [c for c in evaluator.defuse(fn).uses(use) if body.op[c] == Op.CALL and body.call(c)[1]]
            if calls:
                return waits.growth(_length(model, evaluator.value(fn, body.call(calls[0])[1][0][1])), fn)
    return Growth("none")


def _length(model: "Model", value: Value) -> Value:
    """A wait, by itself or as the time at which it ends."""
    if isinstance(value, Const) and value.kind == Kind.NULL:
        return value
    return next((w for o in options(value) if (w := added(model, o)) is not None), value)
