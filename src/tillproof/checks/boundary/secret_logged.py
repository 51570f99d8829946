"""``boundary/secret-logged``: no credential of ours to another system in logs, error messages and analytics."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tillproof.checks.catalog import Check
from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.commerce.logs import LogSite
from tillproof.commerce.model import Model
from tillproof.commerce.names import written
from tillproof.commerce.redaction import redaction
from tillproof.commerce.revealing import Revealed
from tillproof.commerce.shared_logs import families, written_at
from tillproof.commerce.shown import Piece
from tillproof.flow.defuse import value_operands
from tillproof.flow.facts import Condition
from tillproof.flow.program import Fn
from tillproof.flow.values import (
    Const,
    External,
    FunctionV,
    Instance,
    Member,
    Overlay,
    Param,
    Record,
    Result,
    Value,
    constant,
    names,
    options,
)
from tillproof.ir.ops import Kind, Op
from tillproof.knowledge.schema import Operation
from tillproof.source.kinds import is_seed

_MOST = 10
_CALL = re.compile(
    rb"(?:\b(?:console|logger|log|logging|Log|LOG|winston|Sentry|sentry_sdk|rollbar|Bugsnag|newrelic|analytics|mixpanel"
    rb"|posthog)\w*(?:\([^()\n]{0,60}\))?\s*(?:\.|->|::)\s*(?:logger\s*(?:\.|->)\s*)?\w+"
    rb"|\b\w*(?:[lL]og(?:ger)?|LOG)(?:\.|->|::)\w+|\b(?:print|pprint|error_log|syslog|trigger_error|logger|info|report|debug|write_log"
    rb"|gtag|fbq)|(?:->|\.|::)(?:log|debug|info|warn|error|logError|writeLog|add_order_note|stdout\.write)"
    rb"|\b(?:throw\s+new\s+[\w\\]+|raise\s+[\w.]+))\s*\("
)
# One of these stands in every text, in lower case, in which ``_CALL`` fits.
_CALLING = (b"log", b"sentry", b"rollbar", b"bugsnag", b"newrelic", b"analytics", b"mixpanel", b"posthog", b"console", b"print",
            b"trigger_error", b"info", b"report", b"debug", b"gtag", b"fbq", b"warn", b"error", b"add_order_note", b"stdout.write",
            b"throw", b"raise")  # fmt: skip
# More than a text that is written out.
_SHOWS = re.compile(rb"\(\s*[A-Za-z_$]|[,+.{%]\s*[A-Za-z_$]|\$\w")
_BEFORE = 800
_BRACKET = re.compile(rb"[()]")
_NEAR = 500
_NEAR_CALLS = 4
_LIKE_A_KEY = re.compile(r"(?=\S*\d)(?=\S*[a-z])(?=\S*[A-Z])[\w+/=.-]{20,}")
_SECRET = re.compile(
    rb"secret|token|api_?key|apikey|passw|credential|authoriz|private_?key|access_?key|merchant_?key|_KEY\b|hmac_?key|signing_?key|encryption_?key|salt|bearer",
    re.IGNORECASE,
)
# One of these stands in every text, in lower case, in which ``_SECRET`` fits.
_SECRETS = (b"secret", b"token", b"api_key", b"apikey", b"passw", b"credential", b"authoriz", b"private_key", b"privatekey", b"access_key",
            b"accesskey", b"merchant_key", b"merchantkey", b"_key", b"hmackey", b"signingkey", b"encryptionkey", b"salt",
            b"bearer")  # fmt: skip
_WHOLE = re.compile(
    rb"[(,\s](?:headers|config|cfg|options|opts|env|settings|credentials?|creds|auth|params|process\.env|os\.environ|_ENV"
    rb"|_SERVER)\s*[,)}\]]|\$_(?:ENV|SERVER)\s*[,)]",
    re.IGNORECASE,
)
# What is thrown to send the visitor to another page: an answer, that no log is told of as an error.
_SENDS_ON = re.compile(r"redirect|see_?other|found$|moved_?permanently", re.IGNORECASE)
_ERROR = re.compile(rb"[(,\s{](?:err|error|e|ex|exception|reason)(?:\??\.\w+)*\s*[,)}|?]")
# Where tokens are given out, and what an answer's body is called.
_TOKENS = re.compile(
    r"(?:oauth\d?|auth|identity|connect|login)/(?:[\w.]+/)*(?:access_?)?tokens?(?:$|[/?])|/token(?:$|\?)|[?&]grant_type=|/generate_?token",
    re.IGNORECASE,
)
_OUTCOME = re.compile(r"token|ok$|status|success|error|fail|code", re.IGNORECASE)
_BODY = ("data", "body", "json", "text", "content", "getbody", "getcontents", "result")
_ENVIRONMENTS = ("process.env", "os.environ", "$_env", "$_server")
_OWN = ("user", "customer", "member", "login", "session", "jwt", "reset", "confirm", "invite", "verify", "csrf", "req", "request")


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
        functions = model.program.functions_at(file, _offsets(model, file, source))
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


def _client(model: Model, request: Revealed) -> tuple[Fn, int]:
    """Where the client is made that sends a request, else the request itself."""
    body = model.program.body(request.fn)
    callee = body.args(request.instr)[0]
    base = model.evaluator.value(request.fn, body.args(callee)[0]) if body.op[callee] == Op.FIELD else None
    made = [o for o in options(base) if isinstance(o, Result) and o.instr >= 0] if base is not None else []
    return (made[0].fn, made[0].instr) if made else (request.fn, request.instr)


def _offsets(model: Model, file: str, source: bytes) -> Iterator[int]:
    """Places of calls that log, in whose text a credential, or something that may hold one, is named."""
    revealing = model.program.language(file) == "javascript" and _throws_requests(model, file)
    low = source.lower()
    if not (any(w in low for w in _SECRETS) or revealing) or not any(w in low for w in _CALLING):
        return
    integrates = file in model.operations.telling_files and any(w in low for w in _SECRETS)
    for match in _CALL.finditer(source):
        text = source[match.end() - 1 : match.end() + _NEAR]
        text = text[: _closing(text)]
        near = source[max(0, match.start() - _BEFORE) : match.start()]  # what is logged may have been put together some lines before
        shows = _SHOWS.search(text) is not None and (integrates or _SECRET.search(near) is not None)
        if shows or _SECRET.search(text) or _WHOLE.search(text) or (revealing and _ERROR.search(text)):
            yield match.start()


def _closing(text: bytes) -> int:
    """Where the bracket that a text begins with is closed."""
    depth = 0
    for bracket in _BRACKET.finditer(text):
        depth += 1 if bracket[0] == b"(" else -1
        if depth == 0:
            return bracket.end()
    return len(text)


def _throws_requests(model: Model, file: str) -> bool:
    """Whether the unit of a file uses a client whose exceptions hold the request."""
    return model.program.unit(file) in {
        model.program.unit(f) for name in ("axios", "request-promise") for f in model.program.mentioning(name)
    }


def _rule(model: Model, fn: Fn) -> tuple[list[Leak], list[Ruling]]:
    """What a function shows, and, when that is nothing, where it takes care."""
    sites = model.logs.sites(fn)
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
            if any(model.words.secret(t) for t in _named_in(model, fn, i)):
                return at(model.program, fn, i, "of the credential only a part or a sign is logged", "guard")
        for piece in found.pieces:
            field = piece.instr if body.op[piece.instr] == Op.FIELD and piece.fn == site.fn else -1
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


def _named_in(model: Model, fn: Fn, i: int) -> Iterator[str]:
    """The names below an instruction."""
    body = model.program.body(fn)
    waiting = [i]
    while waiting:
        here = waiting.pop()
        if body.op[here] in (Op.NAME, Op.FIELD):
            yield body.name(here)
        elif const := body.const(here):
            yield const[1]
        waiting += [a for a in value_operands(body, here) if a < here]


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
            name, certain = _secret(model, piece)
            if not name and not piece.flat and _shows_token(model, site, piece):
                name = "access_token"
            request = None if name or piece.flat else _exception(model, piece)
            if name or request:
                console = site.through.startswith("console.")
                yield Leak(site.fn, site.instr, site.through, name, request, certain if name else console, site)
            elif (answered := _answered(model, piece)) is not None:
                yield Leak(site.fn, site.instr, site.through, answered.secret, None, True, site, answered.resource)


def _answered(model: Model, piece: Piece) -> Operation | None:
    """The operation whose whole answer is shown, where a secret stands in it that its receiver needs: ``print(intent)``."""
    payload = model.payloads.of(piece)
    asked = payload.operation if payload is not None and payload.kind == "answer" else None
    return asked if asked is not None and asked.secret and asked.secret not in piece.without else None


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
                    name, certain = _secret(model, piece)
                    if name:
                        yield Leak(fn, thrown, "an exception", name, None, certain, None)


def _secret(model: Model, piece: Piece) -> tuple[str, bool]:
    """The name of a credential of ours that a piece shows, and whether that is certain; empty when it shows none."""
    value = model.shown.value(piece)
    for option in options(value):
        if isinstance(option, Const):
            if kept := _written_down(model, piece, option):
                return kept, True
            continue
        if model.requests.source(option) is not None:
            continue
        spelt = next((n.lower() for n in names(option)), "")
        if spelt in _ENVIRONMENTS and not piece.flat:
            return spelt, True
        asked = [n for n in (_setting(model, option),) if n]
        configured = _is_configured(model, option) or any(spelt.startswith(e + ".") for e in _ENVIRONMENTS)
        named = next((n for n in (*piece.names, spelt.rpartition(".")[2], *asked) if model.words.secret(n)), "")
        if named and configured:
            return named, True
        if named and _is_ours(model, piece, option):
            return named, False
        if not piece.flat and (given := _made_with(model, option)):
            return given, False
        for record in model.payloads.fields_of(option) or ([option] if not piece.flat else []):
            if isinstance(record, (Record, Overlay)):
                key = next((k for k in model.revealing.secret_keys(record) if k not in piece.without), "")
                if key:
                    return key, True
    return "", False


def _written_down(model: Model, piece: Piece, value: Const) -> str:
    """The name of a credential that stands in the code itself and is shown by that name; empty where the text may be anything else."""
    if value.kind != Kind.STRING or _LIKE_A_KEY.fullmatch(value.text.strip("'\"")) is None:
        return ""
    called = (*piece.names, written(model.program, piece.fn, piece.instr).rpartition(".")[2])
    return next((n for n in called if model.words.secret(n)), "")


def _made_with(model: Model, value: Value) -> str:
    """The name of the credential with which a package's object is made that is shown whole: ``print_r(new Client(getenv('API_KEY')))``."""
    if not isinstance(value, Result) or value.instr < 0 or not isinstance(value.callee, External):
        return ""
    if model.program.body(value.fn).op[value.instr] != Op.NEW:
        return ""
    for given in (o for _, v in model.evaluator.arguments(value) for o in options(v)):
        spelt = next((n.lower() for n in names(given)), "")
        if _is_configured(model, given) or any(spelt.startswith(e + ".") for e in _ENVIRONMENTS):
            named = next((n for n in (spelt.rpartition(".")[2], _setting(model, given)) if n and model.words.secret(n)), "")
            if named:
                return named
    return ""


def _setting(model: Model, value: Value) -> str:
    """The name of the setting that a call reads: ``getenv('SECRET_KEY')``."""
    if not isinstance(value, Result) or value.instr < 0 or not model.recogniser.result_is("config", value):
        return ""
    given = model.evaluator.arguments(value)
    return (constant(given[0][1]) or "").strip("'\"") if given else ""


def _shows_token(model: Model, site: LogSite, piece: Piece) -> bool:
    """Whether the answer of a server that was asked for a token is shown whole, and not because none was in it."""
    if not any(_is_token_answer(model, option) for option in options(model.shown.value(piece))):
        return False
    asked = (f.instr for f in model.effects.facts(site.fn).at(site.instr) if isinstance(f, Condition))
    return not any(_OUTCOME.search(name) for i in asked for name in _named_in(model, site.fn, i))


def _is_token_answer(model: Model, value: Value) -> bool:
    """Whether a value is the whole answer of a server that was asked for a token."""
    for _ in range(_NEAR_CALLS):
        if isinstance(value, Result) and value.instr >= 0:
            request = model.http.request(value.fn, value.instr, value.ctx)
            if request is not None:
                return _TOKENS.search(request.url) is not None
            value = value.callee
        elif isinstance(value, Member) and value.name.lower() in _BODY:
            value = value.base
        else:
            return False
    return False


def _is_configured(model: Model, value: Value) -> bool:
    """Whether a value is read from configuration, as the whole of what is read or as a member of it."""
    if model.recogniser.result_is("config", value):
        return True
    if isinstance(value, External) and "." in value.name:
        return _is_configured(model, External(value.at, value.name.rpartition(".")[0]))
    return False


def _is_ours(model: Model, piece: Piece, value: Value) -> bool:
    """Whether something that is called like a credential is one to another system, and not what a user of ours logs in with."""
    spelt = written(model.program, piece.fn, piece.instr).lower()
    if any(word in spelt for word in _OWN) or "password" in spelt:
        return False
    if not isinstance(value, (Member, Param, Instance)):
        return False
    return piece.fn.file in model.operations.telling_files or _asks_outside(model, piece.fn)


def _asks_outside(model: Model, fn: Fn) -> bool:
    """Whether a function, or what it calls, sends a request to a system that no pack knows: what it has of secrets opens that one."""
    sending = {s.fn for s in model.sendings.strange}
    if not sending:
        return False
    near = model.reach.of([FunctionV((fn.file, 1), fn, None)]).functions
    return any(f in sending and depth <= _NEAR_CALLS for f, depth in near.items())


def _exception(model: Model, piece: Piece) -> Revealed | None:
    body = model.program.body(piece.fn)
    if body.op[piece.instr] in (Op.CAUGHT, Op.PARAM):
        return model.revealing.caught(piece.fn, piece.instr)
    return None


def _redacted(model: Model, leak: Leak) -> Evidence | None:
    """What takes credentials out of everything that is logged there."""
    guard = redaction(model, leak.site) if leak.site is not None else None
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


def _tell_exception(ruling: Ruling, request: Revealed, places: int) -> None:
    ruling.title = "A failed request is logged with the credential that it carried"
    ruling.message = (
        f"The exception that is logged whole is that of the HTTP client: its `config` holds the request as sent, `{request.key}` among "
        f"its headers{f'; {places} places log such exceptions' if places > 1 else ''}. Every failure of the "
        "other system writes the credential to the log, where whoever reads it can speak for this shop."
    )
    ruling.remediation = (
        "Log `error.message`, `error.code` and `error.response?.status`, or remove `error.config` and `error.request` in a response "
        "interceptor before it is logged."
    )


CHECK = Check(id="boundary/secret-logged", title="No credential in logs, errors and analytics", severity="high", rule=rule)
