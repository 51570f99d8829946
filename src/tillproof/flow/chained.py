"""Steps of a chain of Python's tasks, ``chain(confirm.s(key), finish.s(order))`` or ``confirm.s(key) | finish.s(order)``: each runs once
the one before has returned, and is handed first what that one gave, unless it is closed (``finish.si(order)``)."""

from typing import TYPE_CHECKING

from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx, External, FunctionV, Value, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.flow.evaluate import Evaluator

_OPEN = ("s", "subtask", "signature")
_CLOSED = "si"
_CHAIN = "chain"
_OR = "|"


def task(ev: "Evaluator", option: FunctionV) -> FunctionV:
    """A task as it is called: one that is bound is handed itself first."""
    params = ev.program.body(option.fn).params
    itself = External(option.at, "celery.Task") if params and params[0].name in ("self", "task") else option.this
    return FunctionV(option.at, option.fn, option.outer, itself)


def step_before(ev: "Evaluator", fn: Fn, call: int) -> int | None:
    """The step of a chain that has returned when this one runs."""
    body = ev.program.body(fn)
    for use in _uses(ev, fn, call):
        if body.op[use] == Op.BINARY and body.args(use)[2] == call:
            return _last(body, body.args(use)[1])
        steps = _listed(body, use)
        if call in steps and steps.index(call) > 0:
            return _last(body, steps[steps.index(call) - 1])
    return None


def step_after(ev: "Evaluator", fn: Fn, call: int) -> int | None:
    """The step of a chain that runs once this one has returned."""
    body = ev.program.body(fn)
    here, uses = call, _uses(ev, fn, call)
    for use in uses:
        if body.op[use] == Op.BINARY:
            if body.args(use)[1] == here:
                return _first(body, body.args(use)[2])
            uses += [u for u in ev.defuse(fn).uses(use) if _chains(body, u)]
            here = use
        steps = _listed(body, use)
        if here in steps and steps.index(here) + 1 < len(steps):
            return _first(body, steps[steps.index(here) + 1])
    return None


def is_chain(ev: "Evaluator", fn: Fn, use: int) -> bool:
    """Whether an instruction puts steps one behind the other."""
    return ev.program.language(fn.file) == "python" and _chains(ev.program.body(fn), use)


def step_target(ev: "Evaluator", fn: Fn, call: int, ctx: Ctx | None) -> FunctionV | None:
    """The task that a step runs."""
    body = ev.program.body(fn)
    found = [o for o in options(ev.value(fn, body.args(body.args(call)[0])[0], ctx)) if isinstance(o, FunctionV)]
    return task(ev, found[0]) if len(found) == 1 else None


def given_before(ev: "Evaluator", fn: Fn, call: int, ctx: Ctx | None) -> Value | None:
    """What a step is handed first, beside what stands there: what the step before it gives. None where it is handed nothing."""
    body = ev.program.body(fn)
    if not _is_step(body, call) or body.called(call) == _CLOSED or ev.program.language(fn.file) != "python":
        return None
    before = step_before(ev, fn, call)
    target = step_target(ev, fn, before, ctx) if before is not None else None
    return ev.returned(target, fn, before, ctx) if target is not None and before is not None else None


def _uses(ev: "Evaluator", fn: Fn, call: int) -> list[int]:
    body = ev.program.body(fn)
    if not _is_step(body, call):
        return []
    direct = ev.defuse(fn).uses(call)
    listing = [u for u in direct if body.op[u] == Op.LIST]
    return [u for u in (*direct, *(onward for one in listing for onward in ev.defuse(fn).uses(one))) if _chains(body, u)]


def _is_step(body: Body, i: int) -> bool:
    return body.op[i] == Op.CALL and body.op[body.args(i)[0]] == Op.FIELD and body.called(i) in (*_OPEN, _CLOSED)


def _chains(body: Body, use: int) -> bool:
    if body.op[use] == Op.BINARY:
        return body.text(body.args(use)[0]) == _OR
    return body.op[use] == Op.CALL and body.op[body.args(use)[0]] in (Op.NAME, Op.FIELD) and body.called(use).rpartition(".")[2] == _CHAIN


def _listed(body: Body, use: int) -> list[int]:
    """The steps that a call puts into a chain, one by one or in a list."""
    if body.op[use] != Op.CALL:
        return []
    given = [a for _, a in body.call(use)[1]]
    return [step for a in given for step in (body.args(a) if body.op[a] == Op.LIST else [a])]


def _last(body: Body, i: int) -> int | None:
    """The last step of what stands before: ``a | b`` is through when ``b`` is."""
    while body.op[i] == Op.BINARY and _chains(body, i):
        i = body.args(i)[2]
    return i if _is_step(body, i) else None


def _first(body: Body, i: int) -> int | None:
    while body.op[i] == Op.BINARY and _chains(body, i):
        i = body.args(i)[1]
    return i if _is_step(body, i) else None
