"""Requests put together before they are sent: on the client, ``$client->setUri($url)``, ``->setMethod(…)``, ``->send()``; or as an object
that the client is handed, ``$client->sendRequest($factory->createRequest('GET', $url)->withHeader(…))``."""

from collections.abc import Iterator
from typing import NamedTuple

from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import Fn, Program
from tillproof.flow.values import Const, Ctx, FunctionV, Member, Result, Value, options
from tillproof.ir.ops import Kind, Op

_SENDS = ("send", "request", "dispatch", "execute")
_HANDED = ("send", "sendrequest", "sendasync", "sendasyncrequest")
# What sends the request that an object of Python's own library is: ``urlopen(Request(url, data))``.
_OPENS = ("urlopen",)
_REQUEST = "Request"
_VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_LONGEST_CHAIN = 8
_ADDRESS = ("seturi", "seturl")
_METHOD = ("setmethod", "setrequestmethod")


class Prepared(NamedTuple):
    """What an object was told about the request that it is to send. ``method``: in capitals, ``ANY`` where it is not known."""

    url: Value
    method: str
    given: tuple[Value, ...]


def prepared(evaluator: Evaluator, program: Program, fn: Fn, i: int, ctx: Ctx | None) -> Prepared | None:
    """The request of a client whose method is called without an address; None where it was not told any either."""
    body = program.body(fn)
    callee = body.args(i)[0]
    if body.op[callee] != Op.FIELD or body.called(i).lower() not in _SENDS:
        return None
    for made in options(evaluator.value(fn, body.args(callee)[0], ctx)):
        if not isinstance(made, Result) or made.instr < 0 or not made.new:
            continue
        url: Value | None = next((v for k, v in evaluator.arguments(made) if k == ""), None)
        method = "ANY"
        given: list[Value] = []
        for setter, value in _told(evaluator, program, made, (fn, i, ctx)):
            if setter in _ADDRESS:
                url = value
            elif setter in _METHOD:
                method = (_verb(value) or "ANY").upper()
            else:
                given.append(value)
        if url is not None:
            return Prepared(url, method, tuple(given))
    return None


def handed_over(evaluator: Evaluator, program: Program, fn: Fn, i: int, ctx: Ctx | None) -> Prepared | None:
    """The request that a client is handed as an object, by what that was made with: a method and an address; None where it is no such."""
    body = program.body(fn)
    arguments = body.call(i)[1]
    if arguments and body.called(i).lower() in _OPENS:
        return _as_an_object(evaluator, evaluator.value(fn, arguments[0][1], ctx))
    if body.called(i).lower() not in _HANDED or not arguments:
        return None
    for made in options(evaluator.value(fn, arguments[0][1], ctx)):
        here, given = made, list[Value]()
        for _ in range(_LONGEST_CHAIN):
            if not isinstance(here, Result) or here.instr < 0:
                break
            told = [v for k, v in evaluator.arguments(here) if k == ""]
            verb = _verb(told[0]) if len(told) > 1 else None
            if verb is not None and verb.upper() in _VERBS:
                return Prepared(told[1], verb.upper(), (*told[2:], *given))
            given += told
            here = here.callee.base if isinstance(here.callee, Member) else here.callee
    return None


def _as_an_object(evaluator: Evaluator, value: Value) -> Prepared | None:
    """The request that an object is, made of an address and, by name or after it, what goes there: ``Request(url, data=form)``."""
    for made in options(value):
        if isinstance(made, Result) and made.instr >= 0 and getattr(made.callee, "name", "").rpartition(".")[2] == _REQUEST:
            told = evaluator.arguments(made)
            named = dict(told)
            url = next((v for k, v in told if k in ("", "url")), None)
            positional = [v for k, v in told if k == ""]
            sent = [*positional[1:2], *(v for k, v in told if k == "data")]
            sends = any(not (isinstance(o, Const) and o.kind == Kind.NULL) for v in sent for o in options(v))
            method = _verb(named["method"]) if "method" in named else None
            if url is not None:
                return Prepared(url, (method or ("POST" if sends else "GET")).upper(), tuple(v for _, v in told))
    return None


def _told(evaluator: Evaluator, program: Program, made: Result, sent: tuple[Fn, int, Ctx | None]) -> Iterator[tuple[str, Value]]:
    """(method in lower case, first argument) of the setters that are called on an object where it is made, and before it is ``sent``."""
    fn, i, ctx = sent
    if made.fn != fn:
        yield from _setters(
            evaluator, program, made, (made.fn, made.instr, len(program.body(made.fn).op)), _within(evaluator, program, made, sent)
        )
    yield from _setters(evaluator, program, made, (fn, 0, i), ctx)


def _setters(
    evaluator: Evaluator, program: Program, made: Result, part: tuple[Fn, int, int], ctx: Ctx | None
) -> Iterator[tuple[str, Value]]:
    fn, first, end = part
    body = program.body(fn)
    for n in range(first, end):
        if body.op[n] != Op.CALL or body.op[body.args(n)[0]] != Op.FIELD:
            continue
        callee, arguments = body.call(n)
        name = body.name(callee).lower()
        if not name.startswith("set") or not arguments:
            continue
        on = evaluator.value(fn, body.args(callee)[0], ctx)
        if any(isinstance(o, Result) and (o.fn, o.instr) == (made.fn, made.instr) for o in options(on)):
            yield name, evaluator.value(fn, arguments[0][1], ctx)


def _within(evaluator: Evaluator, program: Program, made: Result, sent: tuple[Fn, int, Ctx | None]) -> Ctx | None:
    """The context in which an object was made: that of the last call, before it is sent, of the function that makes it."""
    fn, i, ctx = sent
    body = program.body(fn)
    for n in range(i - 1, -1, -1):
        for option in options(evaluator.value(fn, body.args(n)[0], ctx)) if body.op[n] == Op.CALL else ():
            if isinstance(option, FunctionV) and option.fn == made.fn:
                return evaluator.context(option, fn, n, ctx)
    return made.ctx


def _verb(value: Value) -> str | None:
    """A method as text, or by the name of its constant: ``Request::METHOD_POST``."""
    if isinstance(value, Const):
        return value.text
    _, _, verb = getattr(value, "name", "").rpartition("METHOD_")
    return verb or None
