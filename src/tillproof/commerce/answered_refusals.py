"""Which answers are those of a request that was refused: what a system tells then is what was wrong, and no payment and nobody who pays."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.lexicon import snake
from tillproof.commerce.payloads import Payload
from tillproof.flow.facts import Condition
from tillproof.flow.program import Fn
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_FAILED = ("failed", "client_error", "server_error", "is_error", "is_client_error", "is_server_error")
_WENT_WELL = ("ok", "successful", "is_success", "is_successful", "is_ok")
_STATUS = re.compile(r"(get_)?((http|response)_)?(status|code)(_code)?")
_RAISES = ("raise_for_status", "throw", "throw_if")
_REFUSED = re.compile(r"(\w+\.)?(HTTPError|HTTPStatusError|RequestException|ClientException|ServerException|BadResponseException)")
_FIRST_REFUSAL = 300
_ABOVE, _BELOW = (">", ">="), ("<", "<=")


def tells_refusal(model: "Model", fn: Fn, i: int, payload: Payload) -> bool:
    """Whether an answer is shown at an instruction only where its request was refused, and the provider says nothing of the payment in
    that case."""
    provider = payload.provider
    if payload.kind != "answer" or provider is None or provider.errors_hold_payment or model.strangers.knows(provider):
        return False
    conditions = (fact for fact in model.effects.facts(fn).at(i) if isinstance(fact, Condition))
    return any(_refused_if(model, fn, fact.instr, fact.truth) for fact in conditions) or _behind_refusal(model, fn, i)


def _behind_refusal(model: "Model", fn: Fn, i: int) -> bool:
    """Whether this is the handler of the exception that a call raises which asks whether a request went well: ``raise_for_status()``."""
    body, catch = model.program.body(fn), model.failures.caught_at(fn, i)
    if catch is None or not catch.types or not all(_REFUSED.fullmatch(name.replace("\\", ".").strip(".")) for name in catch.types):
        return False
    return any(body.op[n] == Op.CALL and snake(body.called(n)) in _RAISES for n in body.rows(catch.tried))


def _refused_if(model: "Model", fn: Fn, i: int, truth: bool) -> bool:
    """Whether a condition, with that truth, says that the answer is one to a request that was refused."""
    body = model.program.body(fn)
    if body.op[i] in (Op.CALL, Op.FIELD):
        name = snake(body.called(i) if body.op[i] == Op.CALL else body.name(i))
        return name in (_FAILED if truth else _WENT_WELL)
    if body.op[i] != Op.BINARY:
        return False
    operator, left, right = body.text(body.args(i)[0]), *body.args(i)[1:3]
    const = body.const(right)
    if const is None or const[0] != Kind.NUMBER or not const[1].isdigit() or not _STATUS.fullmatch(_name(model, fn, left)):
        return False
    refused = int(const[1]) >= _FIRST_REFUSAL
    if operator in ("==", "===", "!=", "!=="):
        return (operator in ("==", "===")) == truth if refused else (operator in ("!=", "!==")) == truth
    return (operator in _ABOVE and truth and refused) or (operator in _BELOW and not truth)


def _name(model: "Model", fn: Fn, i: int) -> str:
    body = model.program.body(fn)
    if body.op[i] == Op.CALL:
        return snake(body.called(i))
    return snake(body.name(i)) if body.op[i] in (Op.FIELD, Op.NAME) else ""
