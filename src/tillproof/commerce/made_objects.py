"""Calls that are named as if they made a row and only make an object."""

from tillproof.commerce.names import strip
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import Fn
from tillproof.flow.values import names, options
from tillproof.ir.ops import Op


def asks_for_object(evaluator: Evaluator, fn: Fn, i: int) -> bool:
    """Whether a container or factory is asked for an object of a class: ``$objects->create(Order::class)``, or, of a factory that the
    framework writes for one, ``$context->getOrderFactory()->create()``."""
    body = evaluator.program.body(fn)
    callee, given = body.call(i)
    named = bool(given) and body.op[given[0][1]] == Op.FIELD and body.name(given[0][1]) == "class"
    if named and body.called(i) in ("create", "make", "build"):
        return True
    ends = tuple(end for end, method in evaluator.factories.items() if method == body.called(i))
    made_by = options(evaluator.value(fn, body.args(callee)[0])) if ends and body.op[callee] == Op.FIELD else ()
    return any(strip(n).endswith(ends) for holder in made_by for n in names(holder))
