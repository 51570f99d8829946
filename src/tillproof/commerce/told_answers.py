"""What a provider answered: to whoever asked it for a payment, or had one begun."""

from typing import TYPE_CHECKING

from tillproof.commerce.own_payments import BEGIN
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx, Member, Result, Value, before_writes, pieces
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Operation, Verifier

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

SENDS = ("execute", "send", "exec", "pageExecute")
"""The calls that send what is made as an object first, and give back what is answered."""
_MOST_PIECES = 60
_LONGEST_CHAIN = 4


def is_answer(model: "Model", value: Value) -> bool:
    """Whether a value is the whole answer of a provider, or of whatever was sent a request."""
    if not isinstance(value, Result) or value.instr < 0:
        return False
    known = model.operations.at(value.fn, value.instr, value.ctx)
    confirms = known is not None and isinstance(known.thing, Operation) and known.thing.confirms
    return confirms or model.recogniser.result_is("http", value)


def is_message(model: "Model", value: Value) -> bool:
    """Whether a value is the whole message that a verifier of the provider's has given back as genuine."""
    if not isinstance(value, Result) or value.instr < 0:
        return False
    known = model.operations.at(value.fn, value.instr, value.ctx)
    return known is not None and isinstance(known.thing, Verifier) and known.thing.proves == "value"


def is_told(model: "Model", value: Value, *, begins: bool = False) -> bool:
    """Whether a value is part of what a provider answered when it was asked for a payment, or when one was begun."""
    waiting, seen = [value], 0
    while waiting and seen < _MOST_PIECES:
        here = waiting.pop()
        seen += 1
        if isinstance(here, Result) and here.instr >= 0:
            known = model.operations.at(here.fn, here.instr, here.ctx)
            operation = known.thing if known is not None and isinstance(known.thing, Operation) else None
            if operation is not None and (operation.op in BEGIN if begins else operation.confirms):
                return True
            waiting.append(here.callee)
            if isinstance(here.callee, Member) and here.callee.name in SENDS:  # `$client->execute(new OrdersCreateRequest())`
                waiting += [before_writes(v) for _, v in model.evaluator.arguments(here)]
            if model.requests.cleans(here):
                waiting += [v for _, v in model.evaluator.arguments(here)][:1]
        waiting += here.parts()
    return False


def is_fetched(model: "Model", value: Value) -> bool:
    """Whether a value is part of what a system that no pack knows answered to a request by hand, decoded perhaps."""
    for here in pieces([value], _MOST_PIECES, model.evaluator.made_of):
        if isinstance(here, Result) and here.instr >= 0 and model.recogniser.result_is("http", here):
            return model.operations.at(here.fn, here.instr, here.ctx) is None
    return False


def _chained(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> list[Value]:
    """What the calls before one are told that only sends what they make: ``gateway.completePurchase({…}).send()``."""
    body, here, out = model.program.body(fn), i, list[Value]()
    for _ in range(_LONGEST_CHAIN):
        callee = body.args(here)[0] if body.op[here] == Op.CALL else -1
        if callee < 0 or body.op[callee] != Op.FIELD:
            break
        here = body.args(callee)[0]
        out += [model.evaluator.value(fn, a, ctx) for _, a in body.call(here)[1]] if body.op[here] == Op.CALL else []
    return out


def asked_with(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> list[Value]:
    """What a call that asks a payment system tells it: what it is given, and what the request that it sends was made with before, as the
    options of a cURL handle are."""
    body = model.program.body(fn)
    if body.op[i] not in (Op.CALL, Op.NEW):
        return []
    given = [model.evaluator.value(fn, a, ctx) for _, a in body.call(i)[1]] or _chained(model, fn, i, ctx)
    request = model.http.request(fn, i, ctx) if body.op[i] == Op.CALL else None
    return given + ([v for v in (request.url_value, *request.arguments) if v is not None] if request is not None else [])
