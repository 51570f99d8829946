"""Functions of a cloud that its own bus of events sets off, which takes nothing from strangers: AWS EventBridge and a payment provider's
messages on it."""

from typing import TYPE_CHECKING

from tillproof.flow.program import Fn
from tillproof.flow.values import FunctionV, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.entries import Entry
    from tillproof.commerce.model import Model

_OF_BUS = "detail"
_OF_GATEWAY = frozenset({"body", "headers", "httpMethod", "queryStringParameters", "pathParameters", "requestContext", "rawPath"})
_FRAMEWORKS = ("aws-lambda-python", "serverless")


def brought_by_bus(model: "Model", entry: "Entry") -> tuple[str, int, str] | None:
    """Where a function takes what the bus of events carries, ``event["detail"]``, and asks nothing that a request would have."""
    fn = entry.target.fn
    if entry.framework not in _FRAMEWORKS or entry.route:
        return None
    asked = _asked(model.program.body(fn))
    if _OF_BUS not in asked or not _OF_GATEWAY.isdisjoint(asked) or _hands_on(model, fn):
        return None
    return fn.file, asked[_OF_BUS], "AWS EventBridge brings it, on whose bus nobody puts events without leave"


def _asked(body: Body) -> dict[str, int]:
    """The keys that a function asks of what it is handed first, and the lines where it does."""
    found: dict[str, int] = {}
    for i, op in enumerate(body.op):
        key = -1
        if op == Op.INDEX and _is_first(body, body.args(i)[0]):
            key = body.args(i)[1]
        elif op == Op.FIELD and _is_first(body, body.args(i)[0]):
            found.setdefault(body.name(i), body.line[i])
        elif op == Op.CALL and body.op[callee := body.args(i)[0]] == Op.FIELD and body.name(callee) == "get":
            given = body.call(i)[1]
            key = given[0][1] if given and _is_first(body, body.args(callee)[0]) else -1
        if key >= 0 and (told := body.const(key)) is not None:
            found.setdefault(told[1].strip("'\""), body.line[i])
    return found


def _is_first(body: Body, i: int) -> bool:
    return bool(body.params) and body.op[i] == Op.NAME and body.name(i) == body.params[0].name


def _hands_on(model: "Model", fn: Fn) -> bool:
    """Whether a function of ours is handed all of it, which may ask for more."""
    body = model.program.body(fn)
    handed = (i for i, op in enumerate(body.op) if op == Op.CALL and any(_is_first(body, v) for _, v in body.call(i)[1]))
    return any(isinstance(o, FunctionV) for i in handed for o in options(model.evaluator.value(fn, body.args(i)[0])))
