"""``boundary/secret-logged``: no credential of ours to another system in logs, error messages and analytics."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tillproof.checks.boundary.handed_tokens import COOKIES, handed_token, tell_sessions
from tillproof.checks.boundary.headers_logged import AUTHORIZATION, shows_every_token, tell_headers
from tillproof.checks.boundary.near_secrets import offsets
from tillproof.checks.boundary.printed import offsets as printing
from tillproof.checks.boundary.printed import printed
from tillproof.checks.boundary.secret_answered import answered as answered_with
from tillproof.checks.boundary.shown_secrets import answered, exception, named_in, secret, shows_token
from tillproof.checks.boundary.signatures_logged import signatures
from tillproof.checks.catalog import Check
from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.commerce.lexicon import snake
from tillproof.commerce.logs import LogSite
from tillproof.commerce.model import Model
from tillproof.commerce.redaction import redaction, writes_named_parts
from tillproof.commerce.revealing import Revealed
from tillproof.commerce.shared_logs import families, written_at
from tillproof.commerce.shown import Piece
from tillproof.flow.program import Fn
from tillproof.flow.values import Param, Result, options
from tillproof.ir.ops import Op
from tillproof.source.kinds import is_seed

_MOST = 10
_MOST_CALLERS = 8
# What is handed to a function that sends requests and holds all of one, or its address.
_CARRIES = re.compile(r"(\w+_)?(url|uri|endpoint|path|options?|opts|config|headers?|params|query|request|init|args|payload|data|body)")
_GETS = re.compile(r"get_?(headers|options|params|body|uri)", re.IGNORECASE)
# What is thrown to send the visitor to another page: an answer, that no log is told of as an error.
_SENDS_ON = re.compile(r"redirect|see_?other|found$|moved_?permanently", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Leak:
    """What shows a credential: ``name`` of it, or the ``request`` that an exception holds. ``made``: what it is in the answer of a
    provider for, where it opens that alone."""

    fn: Fn
    instr: int
    through: str
    name: str
    request: Revealed | None
    certain: bool
    site: LogSite | None
    made: str = ""


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per function that logs near a credential; and one per HTTP client, or request of none of ours, whose exceptions are
    logged whole, since one change there mends every place that logs them."""
    by_request: dict[tuple[Fn, int], list[Leak]] = {}
    shown: list[tuple[LogSite | None, list[Leak]]] = []
    for file, source in model.program.sources.items():
        functions = model.program.functions_at(file, (*offsets(model, file, source), *printing(model, file, source)))
        if functions and not model.browser.runs(file) and not is_seed(file):
            for fn in functions:
                leaks, careful = _rule(model, fn)
                yield from careful
                if leaks and (request := leaks[0].request) is not None and not _redacted(model, leaks[0]):
                    by_request.setdefault(_client(model, request), []).extend(leaks)
                elif leaks:
                    shown.append((leaks[0].site, leaks))
    for group in families(model, shown):
        yield _shared(model, group)
    for leaks in by_request.values():
        yield _ruling(model, leaks)
    yield from answered_with(model)
    yield from signatures(model)


def _client(model: Model, request: Revealed) -> tuple[Fn, int]:
    """Where the client is made that sends a request, else the request itself."""
    body = model.program.body(request.fn)
    callee = body.args(request.instr)[0]
    base = model.evaluator.value(request.fn, body.args(callee)[0]) if body.op[callee] == Op.FIELD else None
    made = [o for o in options(base) if isinstance(o, Result) and o.instr >= 0] if base is not None else []
    return (made[0].fn, made[0].instr) if made else (request.fn, request.instr)


def _rule(model: Model, fn: Fn) -> tuple[list[Leak], list[Ruling]]:
    """What a function shows, and, when that is nothing, where it takes care."""
    sites = [*model.logs.sites(fn), *printed(model, fn)]
    leaks = [leak for site in sites for leak in _logged(model, site)]
    leaks += _raised(model, fn)
    careful = None if leaks else next((c for site in sites if (c := _careful(model, site))), None)
    if careful is None:
        return leaks, []
    ruling = Ruling("boundary/secret-logged", "held", "log", fn.file, careful.line)
    ruling.evidence.append(careful)
    return [], [ruling]


def _careful(model: Model, site: LogSite) -> Evidence | None:
    """A logging call that shows of a credential, or of an exception that holds one, no more than it may."""
    body = model.program.body(site.fn)
    for argument in site.arguments:
        found = model.shown.of(site.fn, argument)
        for fn, i in found.masked:
            if any(model.words.secret(t) for t in named_in(model, fn, i)):
                return at(model.program, fn, i, "of the credential only a part or a sign is logged", "guard")
        for piece in found.pieces:
            field = piece.instr if piece.fn == site.fn and body.op[piece.instr] == Op.FIELD else -1
            caught = _caught_at(model, site.fn, body.args(field)[0]) if field >= 0 else -1
            if caught >= 0 and model.revealing.caught(site.fn, caught) is not None:
                return at(
                    model.program,
                    site.fn,
                    site.instr,
                    f"of the exception `{body.name(field)}` alone is logged, not the request in it",
                    "guard",
                )
    return None


def _caught_at(model: Model, fn: Fn, i: int) -> int:
    """The CAUGHT or PARAM instruction that a variable was stored from; -1 when it is none."""
    body = model.program.body(fn)
    if body.op[i] == Op.FIELD:
        return _caught_at(model, fn, body.args(i)[0])
    if body.op[i] == Op.NAME:
        for store in model.evaluator.defuse(fn).reaching(i, body.name(i)).stores:
            if body.op[body.args(store)[1]] in (Op.CAUGHT, Op.PARAM):
                return body.args(store)[1]
    return -1


def _logged(model: Model, site: LogSite) -> Iterator[Leak]:
    if model.logs.is_wrapper(site.fn):
        return
    for argument in site.arguments:
        for piece in model.shown.of(site.fn, argument).pieces:
            name, certain = secret(model, piece)
            if not name and not piece.flat and shows_token(model, site, piece):
                name = "access_token"
            if not name and (column := model.token_rows.shown(piece)):
                name, certain = column, False
            if not name and shows_every_token(model, site, piece):
                name, certain = AUTHORIZATION, False
            if not name and (name := handed_token(model, piece)):
                certain = False
            request = None if name or piece.flat else exception(model, piece)
            if name or request:
                console = site.through.startswith("console.")
                yield Leak(site.fn, site.instr, site.through, name, request, certain if name else console, site)
            elif (asked := answered(model, piece)) is not None:
                yield Leak(site.fn, site.instr, site.through, asked.secret, None, True, site, asked.resource)
    yield from _handed(model, site)


def _handed(model: Model, site: LogSite) -> Iterator[Leak]:
    """A credential in an address or in options that a caller hands to a function which logs them, or in what it asks of an object that
    it is handed: ``$this->request($url . $token)``, ``$transfer->getHeaders()``."""
    body = model.program.body(site.fn)
    for argument in site.arguments:
        given = [p for p in model.shown.of(site.fn, argument).pieces if _may_be_handed(model, site, p)]
        for ctx in model.callers.above(site.fn, None)[:_MOST_CALLERS] if given else ():
            for piece in (p for g in given for p in model.shown.of(site.fn, g.instr, ctx).pieces):
                asked = piece.fn != site.fn or body.op[piece.instr] == Op.CALL
                name, _ = secret(model, piece) if asked else ("", False)
                if name:
                    yield Leak(site.fn, site.instr, site.through, name, None, False, site)


def _may_be_handed(model: Model, site: LogSite, piece: Piece) -> bool:
    if piece.fn != site.fn:
        return False
    number, body = model.logs.parameter(site.fn, piece.instr), model.program.body(site.fn)
    callee = body.args(piece.instr)[0] if body.op[piece.instr] == Op.CALL and not body.call(piece.instr)[1] else -1
    if callee >= 0 and body.op[callee] == Op.FIELD and _GETS.fullmatch(body.name(callee)):  # `$transfer->getHeaders()`
        return isinstance(model.evaluator.value(site.fn, body.args(callee)[0]), Param)
    return number is not None and _CARRIES.fullmatch(snake(model.program.body(site.fn).params[number].name)) is not None


def _raised(model: Model, fn: Fn) -> Iterator[Leak]:
    """A credential in the message of an exception ends up wherever exceptions are reported."""
    body = model.program.body(fn)
    for i, op in enumerate(body.op):
        thrown = body.args(i)[0] if op == Op.RAISE else -1
        if thrown < 0 or body.op[thrown] not in (Op.CALL, Op.NEW) or _SENDS_ON.search(body.called(thrown)):
            continue
        for _, argument in body.call(thrown)[1]:
            if body.const(argument) is None:
                for piece in model.shown.of(fn, argument).pieces:
                    name, certain = secret(model, piece)
                    if name:
                        yield Leak(fn, thrown, "an exception", name, None, certain, None)


def _redacted(model: Model, leak: Leak) -> Evidence | None:
    """What takes credentials out of everything that is logged there."""
    guard = redaction(model, leak.site, model.words.secret) if leak.site is not None else None
    if guard is None and leak.site is not None and leak.request is not None:
        guard = writes_named_parts(model, leak.site)
    return Evidence(guard.file, guard.line, guard.note, "guard") if guard is not None else None


def _ruling(model: Model, leaks: list[Leak]) -> Ruling:
    program = model.program
    first = leaks[0]
    fn, line = first.fn, program.body(first.fn).line[first.instr]
    ruling = Ruling("boundary/secret-logged", "broken", "log", fn.file, line)
    guard = _redacted(model, first)
    if guard is not None:
        ruling.outcome = "held"
        ruling.evidence.append(guard)
        return ruling
    for leak in leaks[:_MOST]:
        if leak.request is not None:
            sent = at(program, leak.request.fn, leak.request.instr, f"sent with `{leak.request.key}`", "source")
            ruling.evidence += [sent] if sent not in ruling.evidence else []
        ruling.evidence.append(at(program, leak.fn, leak.instr, f"shown through `{leak.through}`", "sink"))
    ruling.severity, ruling.confidence = "high", "certain" if first.certain else "likely"
    ruling.anchor = (fn.file, line, program.body(fn).end_line[first.instr])
    if first.request is not None:
        _tell_exception(ruling, first.request, len(leaks))
    elif first.name == AUTHORIZATION:
        tell_headers(ruling)
    elif first.name == COOKIES:
        tell_sessions(ruling)
    elif model.words.has("connection_fields", first.name):
        _tell_address(ruling, first.name)
    else:
        _tell_name(ruling, first)
    return ruling


def _shared(model: Model, group: list[list[Leak]]) -> Ruling:
    """The ruling on what several classes show in the same way, where their logger writes it."""
    ruling = _ruling(model, [leak for leaks in group for leak in leaks])
    wrapper = group[0][0].site.wrapper if group[0][0].site is not None else None
    written = written_at(model, wrapper) if wrapper is not None else None
    if ruling.outcome == "broken" and len(group) > 1 and written is not None:
        ruling.evidence.append(at(model.program, *written, "is written to the log here, for all of them", "sink"))
        line = model.program.body(written[0]).line[written[1]]
        ruling.anchor = (written[0].file, line, line)
    return ruling


def _tell_name(ruling: Ruling, leak: Leak) -> None:
    where = (
        "the message of an exception"
        if leak.site is None
        else "a service for errors or analytics"
        if leak.site.kind == "report"
        else "the log"
    )
    if leak.made:
        ruling.severity = "medium"  # it opens one payment, not the account
        ruling.title = f"The secret of a {leak.made} is written to {where}"
        ruling.message = (
            f"The whole {leak.made} goes to {where}, `{leak.name}` with it. By that its buyer's browser acts on the payment: whoever reads "
            f"logs, and every service that they are sent to, can read what was bought by whom and finish the payment in the buyer's place."
        )
        ruling.remediation = f"Log the id, amount and status of the {leak.made}, and nothing more."
        return
    ruling.title = f"A credential is written to {where}"
    ruling.message = (
        f"`{leak.name}` goes to {where} in clear. Whoever reads logs, and every service that they are sent to, can then speak for this "
        f"shop: create payments and refunds, "
        "read orders and customers."
    )
    ruling.remediation = (
        "Log whether it is set, or its last four characters, and nothing more; change the credential, since it is in the logs of the past."
    )


def _tell_address(ruling: Ruling, name: str) -> None:
    ruling.title = "The address of a database is written to the log, with its password"
    ruling.message = (
        f"`{name}` goes to the log in clear, and where the shop runs it holds a user and a password. Whoever reads logs, and every service "
        "that they are sent to, reads and changes orders, customers and payments in the database itself."
    )
    ruling.remediation = "Log the host and the name of the database alone, or that the setting is there; change the password."


def _tell_exception(ruling: Ruling, request: Revealed, places: int) -> None:
    ruling.title = "A failed request is logged with the credential that it carried"
    ruling.message = (
        f"The exception that is logged whole is that of the HTTP client: its `config` holds the request as sent, with `{request.key}` "
        f"in it{f'; {places} places log such exceptions' if places > 1 else ''}. Every failure of the "
        "other system writes the credential to the log, where whoever reads it can speak for this shop."
    )
    ruling.remediation = (
        "Log `error.message`, `error.code` and `error.response?.status`, or remove `error.config` and `error.request` in a response "
        "interceptor before it is logged."
    )


CHECK = Check(id="boundary/secret-logged", title="No credential in logs, errors and analytics", severity="high", rule=rule)
