"""Routes that do nothing of their own: several addresses of one handler, ``POST = (request) => receive(request, 'label')``, and a function
without a name that a route is given to call the controller with what it is called with itself: ``(req, res) => orders.pay(req, res)``."""

from typing import TYPE_CHECKING

from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import FunctionV, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_OWN = (Op.BRANCH, Op.SET_FIELD, Op.SET_INDEX, Op.RAISE, Op.NEW)


def only_hands_on(model: "Model", fn: Fn, call: int) -> bool:
    """Whether all that an entry point does is one call, and to give back its answer."""
    function = model.program.function(fn)
    if function is None or (function.name and not any(entry.target.fn == fn for entry in model.handlers.entries)):
        return False
    body = model.program.body(fn)
    return not any(op in _OWN or (op == Op.CALL and i != call) for i, op in enumerate(body.op))


def handed_on(evaluator: Evaluator, made: FunctionV) -> FunctionV | None:
    """The function of ours that one without a name calls with its own parameters, in their order, and does nothing else."""
    function = evaluator.program.function(made.fn) if made.fn.number != TOP else None
    if function is None or function.name:
        return None
    body = evaluator.program.body(made.fn)
    names = [p.name for p in body.params]
    call = _the_call(body) if names else -1
    if call < 0:
        return None
    given = body.call(call)[1]
    if [body.name(v) if body.op[v] == Op.NAME and not k else "" for k, v in given] != names[: len(given)] or not given:
        return None
    found = options(evaluator.value(made.fn, body.args(call)[0]))
    return found[0] if len(found) == 1 and isinstance(found[0], FunctionV) and found[0].fn != made.fn else None


def _the_call(body: Body) -> int:
    """The only call of a body but for what hears of its failure; -1 where it does more."""
    if any(op in _OWN for op in body.op):
        return -1
    calls = [i for i, op in enumerate(body.op) if op == Op.CALL]
    failing = {i for i in calls if body.called(i) == "catch" and body.op[body.args(body.args(i)[0])[0]] == Op.CALL}
    first = [i for i in calls if i not in failing]
    return first[0] if len(first) == 1 else -1
