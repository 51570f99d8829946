"""What an operation takes from the request by itself when it is given nothing: Laravel's ``Paystack::getAuthorizationUrl()``."""

from typing import TYPE_CHECKING

from tillproof.commerce.operations import OperationSite
from tillproof.flow.shape import shape
from tillproof.flow.values import Const, Ctx, External, Record, Value
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_WRITES = ("merge", "replace", "add")
_REQUEST = "$_REQUEST"


def reads_request(model: "Model", site: OperationSite, ctx: Ctx | None) -> bool:
    """Whether a call reads what it sends from the request: it is given nothing, and the pack says that it does so."""
    return site.operation.from_request and site.request is None and not model.evaluator.given(site.fn, site.instr, ctx)


def taken_from_request(model: "Model", site: OperationSite, ctx: Ctx | None) -> Record:
    """The sum that such a call finds in the request: what the function has written there before, or what was sent."""
    body = model.program.body(site.fn)
    at = (site.fn.file, body.line[site.instr])
    sent = External(at, _REQUEST)
    entries: list[tuple[str, Value]] = []
    for name in site.operation.amount:
        own = [v for i in range(site.instr) if (v := _written(model, site, i, name, ctx)) is not None]
        entries.append((name, own[-1] if own else model.evaluator.index(sent, Const(at, Kind.STRING, name), at)))
    return Record(at, tuple(entries))


def _written(model: "Model", site: OperationSite, i: int, name: str, ctx: Ctx | None) -> Value | None:
    """What an instruction writes into a request under a name: ``$request->merge(['amount' => $sum])``, ``$request['amount'] = $sum``."""
    body, evaluator = model.program.body(site.fn), model.evaluator
    if body.op[i] == Op.CALL and body.called(i) in _WRITES and len(given := body.call(i)[1]) == 1:
        got = shape(evaluator, evaluator.value(site.fn, given[0][1], ctx))
        return got.must.get(name) or got.may.get(name)
    if body.op[i] == Op.SET_FIELD and body.name(i) == name:
        return evaluator.value(site.fn, body.args(i)[2], ctx)
    if body.op[i] == Op.SET_INDEX and (key := body.const(body.args(i)[1])) is not None and key[1].strip("'\"") == name:
        return evaluator.value(site.fn, body.args(i)[2], ctx)
    return None
