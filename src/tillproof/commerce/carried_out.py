"""A handler that leaves the whole of its work to a function which it hands over: ``return answering(request, async () => { … })``."""

from tillproof.commerce.entry_styles.wiring import Wiring
from tillproof.flow.program import Fn
from tillproof.flow.values import FunctionV, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

_FEW = 4


def carried_out(wiring: Wiring, fn: Fn, call: int) -> Fn | None:
    """The function written in a handler that one call of it is handed, and whose answer the handler gives back. A function of ours that is
    handed it has to call it; one of outside does nothing else with what it is handed."""
    body = wiring.program.body(fn)
    callee, given = body.call(call)
    handed = [
        (at, o.fn)
        for at, (_, v) in enumerate(given)
        if body.op[v] in (Op.FUNCTION, Op.NAME)
        for o in options(wiring.evaluator.value(fn, v))
        if isinstance(o, FunctionV) and wiring.program.parent(o.fn) == fn
    ]
    if len(handed) != 1 or not _is_given_back(wiring, fn, call):
        return None
    at, inner = handed[0]
    ours = [o.fn for o in options(wiring.evaluator.value(fn, callee)) if isinstance(o, FunctionV)]
    return inner if all(_calls_parameter(wiring.program.body(one), at) for one in ours) else None


def _is_given_back(wiring: Wiring, fn: Fn, call: int) -> bool:
    """Whether a call's answer is what the function returns, waited for and kept in a variable perhaps."""
    body, defuse = wiring.program.body(fn), wiring.evaluator.defuse(fn)
    held = [call]
    for one in held:
        held += [u for u in defuse.uses(one) if body.op[u] == Op.AWAIT and len(held) < _FEW]
    kept = {body.name(u) for one in held for u in defuse.uses(one) if body.op[u] == Op.STORE}
    given = [body.args(i)[0] for i, op in enumerate(body.op) if op == Op.RETURN and body.args(i)[0] >= 0]
    return any(v in held or (body.op[v] == Op.NAME and body.name(v) in kept) for v in given)


def _calls_parameter(body: Body, at: int) -> bool:
    """Whether a function calls what it is handed at a place."""
    name = body.params[at].name.lstrip("$") if at < len(body.params) else ""
    return any(op == Op.CALL and _called(body, body.args(i)[0]) == name for i, op in enumerate(body.op))


def _called(body: Body, callee: int) -> str:
    """The name of what a call is made on: ``work``, ``work.call``."""
    if body.op[callee] == Op.FIELD and body.name(callee) in ("call", "apply"):
        callee = body.args(callee)[0]
    return body.name(callee).lstrip("$") if body.op[callee] == Op.NAME else ""
