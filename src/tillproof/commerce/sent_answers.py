"""Calls that send the answer to a request there and then, so that what comes after them cannot change it any more."""

from typing import TYPE_CHECKING

from tillproof.flow.program import Fn
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_SENDS = ("json", "send", "sendStatus", "end", "jsonp")
_CLOSES = ("fastcgi_finish_request", "litespeed_finish_request")
"""What sends the answer of a PHP page and lets it work on."""


def is_error_status(text: str) -> bool:
    """Whether a number, as it is written, is the HTTP status of an error."""
    return text.isdigit() and 400 <= int(text) <= 599


def sends_success(model: "Model", fn: Fn, i: int) -> bool:
    """Whether a call sends an answer, and none of an error: ``res.sendStatus(200)``. One that only makes an answer is returned."""
    body = model.program.body(fn)
    if model.program.language(fn.file) == "php":
        return body.called(i) in _CLOSES
    if body.op[i] != Op.CALL or body.op[body.args(i)[0]] != Op.FIELD or body.called(i) not in _SENDS:
        return False
    if model.recogniser.is_("answers", fn, i) is None or _says_error(body, i):
        return False
    return all(body.op[use] in (Op.RETURN, Op.AWAIT) for use in model.evaluator.defuse(fn).uses(i))


def _says_error(body: Body, i: int) -> bool:
    """Whether an answer, or the call that it hangs on, is given the status of an error: ``res.status(400).end()``."""
    callee, given = body.call(i)
    consts = (body.const(a) for _, a in given)
    if any(c is not None and c[0] == Kind.NUMBER and is_error_status(c[1]) for c in consts):
        return True
    base = body.args(callee)[0] if body.op[callee] == Op.FIELD else -1
    return base >= 0 and body.op[base] == Op.CALL and _says_error(body, base)
