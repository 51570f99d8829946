"""Calls of payment systems that no pack knows, by library or over HTTP: by which one of them is asked, or proves a message."""

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tillproof.commerce.hosts import is_example, is_local
from tillproof.commerce.lexicon import snake
from tillproof.commerce.names import strip, written
from tillproof.commerce.own_stores import is_database
from tillproof.commerce.pack_tables import Kind as RecognisedKind
from tillproof.commerce.told_answers import SENDS
from tillproof.flow.alike import of_row
from tillproof.flow.asked import reads
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, Ctx, Member, Mix, Result, Text, Value, before_writes, names, options, pieces
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model
    from tillproof.commerce.sendings import Sending
    from tillproof.commerce.sent_request import Request

ASKS = re.compile(r"(confirm|verify|validate|capture|charge|query|retrieve|inquire|inquiry|execute|complete|check|fetch|get)(_|$)")
"""What such a library's call for a payment's outcome is named, by its first word."""
_SURELY_ASKS = re.compile(
    r"(confirm|verify|validate|capture|query|retrieve|inquire|inquiry|execute|check|fetch|find|get|lookup|status)(_|$)"
)
# What only takes a piece out of the request asks nobody: ``Helper::getMerchantIdFromUrl()``.
_OUT_OF_REQUEST = re.compile(
    r"_from_(the_)?(url|uri|request|query|path|body|input|post|route|headers?|params?|payload|callback|webhook)(_|$)"
)
_REQUEST = re.compile(r"\W*(http_|server_|web_|incoming_)?req(uest)?(_interface)?")
"""What the request itself is called: what it is asked for, its sender said."""
_OF_PAYMENTS = re.compile(r"(^|_)(pay(ment|ments)?|gateway|transaction|transactions|checkout|charge|invoice|bank|wallet|card)s?(_|$)")
_A_PAYMENT = re.compile(r"(^|_)(payments?|transactions?|charges?|invoices?|refunds?|pay|txn)(_|$)")
_OUTCOME = re.compile(r"verif\w*|validat\w+|quer(y|ies)|inquir[ey]\w*|lookup|retrieve\w*|(\w+_)?status\w*|execute|capture|\w*_?query")
"""What an address says by which the outcome of a payment is asked for, or the payment made final."""
_THINGS = re.compile(r"notifications?|transactions?|payments?|orders?|invoices?|charges?|checkouts?|(checkout_)?sessions?")
_ABOUT = re.compile(r"pay(?!load)|pag|transaction|charge|invoice|checkout|pesa|wallet|(?<![a-z])bills?(?![a-z])", re.IGNORECASE)
_BEGINS = re.compile(r"_?(charge|pay|purchase|create|init|initiate|initialize|start|begin|request|make|process|stk)\w*")
_GIVES_BACK = re.compile(
    r"(^|[/_-])(refunds?|reversals?|reverse|voids?|chargebacks?|payouts?|disburse\w*|withdrawals?|withdraw|b2c)([/_-]|$)"
)
_ACCESS = re.compile(r"(^|[_/])(access_?tokens?|tokens?|oauth2?|auth|authenticate|login|grant)([_/]|$)")
_COUNTS = re.compile(r"(^|[_/])(tracks?|tracking|events?|logs?|analytics|telemetry|stats|metrics|collect|ingest|instrumentation)([/_]|$)")
"""What an address says by which somebody is told what goes on, and asked for nothing."""
_TELLS = re.compile(
    r"(send|post|push|publish|deliver)_(\w+_)?(messages?|notifications?|e?mails?|sms|alerts?|news|reminders?|receipts?)(_\w+)?"
    r"|(notify|alert|announce|broadcast|remind|track)(_\w+)?"
)
"""What a function on the way is named that tells somebody something, whoever asked for it: what it sends asks for no payment."""
_WRITES_TO = re.compile(r"messages?|(send|post|chat_post)_?messages?|(send_?)?(sms|e_?mails?|mails?)|text_?messages?|notify")
"""What an address ends in by which somebody is written to, and asked for nothing: ``/v19.0/{}/messages``."""
_GOODS = re.compile(
    r"place_?orders?|buy|purchase_?orders?|drop_?ship\w*|suppliers?|vendors?|fulfil(l?ments?)?|shipments?|consignments?|way_?bills?|parcels?|labels?"
)
"""What an address, or a method that is named in what is sent, says by which goods are ordered or sent on, and no payment is asked for."""
VERIFIES = re.compile(
    r"verif|is_?\w*valid|valid\w*(web_?hook|request|ipn|sign|hmac|callback|checksum|hash|redirect|return|notif\w*|response)"
    r"|check_?(sum|sign|hash|hmac|mac)",
    re.IGNORECASE,
)
"""What a call is named that proves a message, whoever wrote it."""
_SIGNED = re.compile(r"sign|hmac|hash|checksum|digest|(^|_)(sig|mac|token)(_|$)", re.IGNORECASE)
_OF_OURS: tuple[RecognisedKind, ...] = ("reads", "config", "answers", "caches", "loggers")
_PLAIN = 2
_NAMING = 2  # words at the end of a call's name that say what it is about
_OF_SIGNATURES = re.compile(
    r"(^|_)(sign(er|ed|ing|ature|atures)?|hmac|mac|checksum|digest|hash|redirect|callback|notification|ipn|webhook)(_|$)"
)
_PIECES = 20
_MANY_PIECES = 60
_FEW_ANSWERS = 2
_DEEPEST = 8
_MOST_CALLERS = 24
_MOST_HELPERS = 3  # functions above the one that sends
_LOCATES = ("app", "make", "resolve", "get", "service")
_QUOTES = "'\""


_OF_THE_APPLICATION = ("$GLOBALS.", "GLOBALS.")
"""How what the application keeps for all its code is called: an object of its own, or its platform's."""


def asked_again(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> str:
    """The name of a call by which such a system is asked what became of a payment and whose answer is looked at; empty when it is none.
    A payment provider's own host may be asked in ways that its pack does not list, too."""
    if any(s.instr == i and s.provider is not None and s.request is None for s in model.sendings.by_function.get(fn, ())):
        return ""  # by the client of a system that a pack knows, whatever is asked of it here
    if _sends_known(model, fn, i, ctx):
        return ""
    name = _asked_for_payment(model, fn, i, ctx) or _asked_by_library(model, fn, i)
    return name if name and model.answers.of(fn, i, ctx).looked_at else ""


def _sends_known(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> bool:
    """Whether a call only sends a request of a system that a pack knows, which was made as an object before: that one asks."""
    body = model.program.body(fn)
    given = body.call(i)[1] if body.op[i] == Op.CALL and body.called(i) in SENDS else ()
    made = (before_writes(o) for _, v in given for o in options(model.evaluator.value(fn, v, ctx)))
    return any(isinstance(o, Result) and o.instr >= 0 and model.operations.at(o.fn, o.instr, o.ctx) is not None for o in made)


def _asked_by_library(model: "Model", fn: Fn, i: int) -> str:
    """A call that hands a library the id of a payment to look up, where its name speaks of one: where it stands says too little."""
    if not model.program.body(fn).call(i)[1]:
        return ""
    name = payment_call(model, fn, i, _SURELY_ASKS)
    if name.startswith(_OF_THE_APPLICATION):
        return ""
    return name if _A_PAYMENT.search("_".join(snake(part) for part in name.split(".")[-_NAMING:])) else ""


def asked_over_http(model: "Model", fn: Fn, i: int) -> str:
    """The name of a call that asks a host that no pack knows: its address, or the function around it, says that something is verified."""
    request = model.http.request(fn, i)
    if request is None or model.http.provider(request) is not None:
        return ""
    path = urlsplit(request.url.replace("{}", "")).path
    asks = ASKS.match(snake(model.program.name(fn)).lstrip("_")) or any(ASKS.match(snake(part)) for part in path.split("/"))
    above = model.callers.above(fn, None)[:_MOST_CALLERS] if asks else []
    goods = bool(above) and all(_about_goods(model, ctx) for ctx in above)
    return model.program.body(fn).called(i) if asks and not goods else ""


def _asked_for_payment(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> str:
    """The name of a call that asks another's host for a payment: the address says so, or the function that sends it."""
    request = model.http.request(fn, i, ctx)
    provider = model.http.provider(request) if request is not None else None
    if request is None or (provider is not None and (provider.kind != "payment" or request.method != "GET")):
        return ""
    around = [fn, *(c.caller for c in (ctx.chain() if ctx else ()) if c.call >= 0)]
    called = [snake(model.program.name(f)).lstrip("_") for f in around]
    asking = list(takewhile(lambda name: not _TELLS.fullmatch(name), called))
    spoken_of = any(model.vocabulary.paying(f) for f in around)
    if _about_goods(model, ctx):
        return ""
    for one in request.each():
        host, _, path = one.url.partition("://")[2].partition("/") if "://" in one.url else ("", "", one.url)
        if (host and "{}" not in host and is_local(host)) or _ACCESS.search(snake(path)) or _ACCESS.search(called[0]):
            continue
        if one.method != "GET" and _WRITES_TO.fullmatch(snake(path.partition("?")[0].rstrip("/").rpartition("/")[2])):
            continue
        counts = one.method != "GET" and any(_COUNTS.search(snake(part)) for part in (path, host.partition(".")[0]))
        if counts or is_database(host, path) or any(_GOODS.fullmatch(snake(part)) for part in path.split("/")):
            continue
        asks = _says_outcome(path.partition("?")[0], one.method) or any(ASKS.match(name) for name in asking)
        if asks and (spoken_of or _ABOUT.search(one.url)):
            return model.program.body(fn).called(i)
    return ""


def _about_goods(model: "Model", ctx: Ctx | None) -> bool:
    """Whether who has a request sent names a method by which goods are ordered or sent on: ``call('trade.buy.placeorder', order)``."""
    for each in ctx.chain() if ctx else ():
        body = model.program.body(each.caller)
        told = (body.const(a) for _, a in body.call(each.call)[1]) if each.call >= 0 and body.op[each.call] == Op.CALL else ()
        texts = (const[1].strip(_QUOTES) for const in told if const is not None)
        if any(_GOODS.fullmatch(snake(part)) for text in texts for part in re.split(r"[./:]", text)):
            return True
    return False


def begins_payment(model: "Model", sending: "Sending") -> str:
    """The host of a system that no pack knows and that a request asks for a payment, for one of its callers where these say what it asks
    for; empty when it does not."""
    if sending.provider is not None or sending.request is None:
        return ""
    found = _begun(model, sending.request, sending.fn)
    if found or not sending.request.parametric:
        return found
    waiting = model.callers.above(sending.fn, None)[:_MOST_CALLERS]
    for ctx in waiting:  # those above come last
        request = model.http.request(sending.fn, sending.instr, ctx)
        if request is not None and (found := _begun(model, request, list(ctx.chain())[-1].caller)):
            return found
        further = request is not None and "{}" in request.url and len(waiting) < _MOST_CALLERS and len(list(ctx.chain())) < _MOST_HELPERS
        waiting += model.callers.above(sending.fn, ctx) if further else []
    return ""


def _begun(model: "Model", request: "Request", named: Fn) -> str:
    """The host that a request asks for a payment; ``named``: the function that says what is asked for."""
    if request.method not in ("POST", "PUT", "ANY"):
        return ""
    for one in request.each():
        host, _, path = one.url.partition("://")[2].partition("/")
        plain = path.partition("?")[0]
        if not host or "{}" in host or is_local(host) or is_example(host) or _ACCESS.search(snake(plain)) or _says_outcome(plain, "POST"):
            continue
        if _GIVES_BACK.search(snake(plain)) or is_database(host, plain):
            continue
        if _ABOUT.search(one.url) or (_BEGINS.match(snake(model.program.name(named))) and model.vocabulary.paying(named)):
            return host
    return ""


def _says_outcome(path: str, method: str) -> bool:
    """Whether a path asks what became of something: by a word for that, or because it names one thing and reads it."""
    parts = [snake(part) for part in path.split("/") if part]
    if any(_OUTCOME.fullmatch(part) for part in parts):
        return True
    reads = method == "GET" or (method == "ANY" and "{}" in parts[-1:])
    return reads and any(_THINGS.fullmatch(part) for part in parts)


def payment_call(model: "Model", fn: Fn, i: int, verbs: re.Pattern[str]) -> str:
    """The name of a call of such a library by one of these verbs; empty when it is none."""
    body = model.program.body(fn)
    callee = body.args(i)[0]
    if body.op[callee] != Op.FIELD or not verbs.match(snake(body.name(callee))) or model.recogniser.is_ours(fn, i, None):
        return ""
    if _OUT_OF_REQUEST.search(snake(body.name(callee))):
        return ""
    value = model.evaluator.value(fn, callee)
    if any(isinstance(p, Result) and model.recogniser.result_is("http", p) for p in pieces([value], _PIECES)):
        return ""  # what is done with an answer: `requests.get(…).json()["payment"].get("status")`
    spelt = [strip(n) for n in names(value) if not n.startswith(("?", "#", "."))]
    called = next((n for n in spelt if n.count(".") >= _PLAIN), "") or _of_service(body, callee)
    known = model.operations.at(fn, i, None) or model.recogniser.effect(fn, i)
    ours = known or any(model.recogniser.is_(kind, fn, i) for kind in _OF_OURS)
    if not called or ours or model.recogniser.of_framework(called, fn):
        return ""
    if _is_message(model, model.evaluator.value(fn, body.args(callee)[0])) or _REQUEST.fullmatch(snake(called.split(".")[-_PLAIN])):
        return ""
    speaks = _OF_PAYMENTS.search(snake(called.rpartition(".")[0].replace(".", "_"))) or model.vocabulary.paying(fn)
    return called if speaks else ""


def _of_service(body: Body, callee: int) -> str:
    """A method of what the shop keeps under a name: ``app('gateway')->verify()``. Empty when it is called on anything else."""
    holder = body.args(callee)[0]
    if body.op[holder] != Op.CALL or body.called(holder) not in _LOCATES:
        return ""
    given = body.call(holder)[1]
    const = body.const(given[0][1]) if len(given) == 1 else None
    return f"{const[1].strip(_QUOTES)}.{body.name(callee)}" if const is not None else ""


def asks_where_told(model: "Model", fn: Fn, i: int, ctx: Ctx | None, depth: int = 0) -> bool:
    """Whether the sender himself says which server is asked, or the server that he named does: that one answers whatever he likes."""
    request = model.http.request(fn, i, ctx)
    address = request.url_value if request is not None else None
    if address is None or depth > _FEW_ANSWERS:
        return False
    told = [part for part in _beginnings(address) if not isinstance(part, Const)]
    if any(s.kind in ("body", "raw", "query") for part in told for s, _ in model.requests.sources_in(part, _MANY_PIECES)):
        return True
    answers = (p for p in pieces(told, _MANY_PIECES, model.evaluator.made_of) if isinstance(p, Result) and p.instr >= 0)
    return any(asks_where_told(model, p.fn, p.instr, p.ctx, depth + 1) for p in answers)


def _beginnings(value: Value, depth: int = 0) -> Iterator[Value]:
    """What a text may begin with, however often more was put behind it: ``$url .= "?x=" . $x``."""
    for option in options(value):
        parts = option.parts() if isinstance(option, (Mix, Text)) and depth < _DEEPEST else ()
        if parts:
            yield from _beginnings(parts[0], depth + 1)
        else:
            yield option


def _is_message(model: "Model", value: Value) -> bool:
    """Whether a value is what the sender sent, parsed: what is read of it is his word."""
    return next(iter(model.requests.sources_in(value, _PIECES)), None) is not None


def foreign_verifier(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> bool:
    """Whether a call of code that is not here is named as one that verifies, and is given the signature that was sent, or all that was
    sent where its name says that a signature is among it: ``$signer->validateRedirect($_GET)``."""
    body = model.program.body(fn)
    if not VERIFIES.search(body.called(i)):
        return False
    callee = options(model.evaluator.value(fn, body.args(i)[0], ctx))
    if any(isinstance(o, Member) and of_row(model.evaluator.scope, o) is not None for o in callee):
        return False  # a method of the row that was fetched, whose body says what it proves
    for _, argument in body.call(i)[1]:
        spelt = snake(written(model.program, fn, argument).rpartition(".")[2])
        given = model.evaluator.value(fn, argument, ctx)
        whole = model.requests.source(given)
        if whole is not None and not whole.key and whole.kind in ("query", "body") and _says_signed(model, fn, i, callee):
            return True
        for source, _ in model.requests.sources_in(given, _PIECES):
            named = snake((source.key or "").rpartition(".")[2].strip("[]")) or spelt
            if source.kind != "session" and _SIGNED.search(named):
                return True
    return False


def _says_signed(model: "Model", fn: Fn, i: int, callee: Sequence[Value]) -> bool:
    """Whether a call says by its name, or by the class whose method it is, that it looks at a signature."""
    spelt = snake(model.program.body(fn).called(i))
    classes = (n.split(".")[-2] for o in callee for n in names(o) if "." in n.strip("."))
    return any(_OF_SIGNATURES.search(word) for word in (spelt, *map(snake, classes)))


def gives_truth(model: "Model", fn: Fn, i: int) -> bool:
    """Whether a call answers yes or no, by what is done with the answer: nothing of it is read, and it is not thrown away."""
    body, flow = model.program.body(fn), model.evaluator.defuse(fn)
    waiting, seen = list(flow.uses(i)), 0
    while waiting and seen < _PIECES:
        use, seen = waiting.pop(), seen + 1
        if body.op[use] == Op.AWAIT:
            waiting += flow.uses(use)
        elif body.op[use] == Op.STORE:
            waiting += [u for n in reads(body, flow, use) for u in flow.uses(n)]
        elif body.op[use] not in (Op.BRANCH, Op.UNARY, Op.BINARY, Op.CHOICE, Op.RETURN):
            return False
    return seen > 0
