"""``pci/card-data-logged``: no card data, and no whole payment message or request, in logs, analytics and error reports."""

import re
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from typing import NamedTuple

from tillproof.checks.catalog import Check
from tillproof.checks.pci.whole import whole
from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.commerce.answered_refusals import tells_refusal
from tillproof.commerce.client_taps import sends_by, taps
from tillproof.commerce.every_request import brings_cards, run_for_every_request, written_by_tokens
from tillproof.commerce.lexicon import field_name, snake
from tillproof.commerce.logs import LogSite
from tillproof.commerce.model import Model
from tillproof.commerce.passed_logs import passed_on
from tillproof.commerce.payloads import INSTRUMENT, Payload
from tillproof.commerce.payment_places import PaymentPlace
from tillproof.commerce.redaction import redaction
from tillproof.commerce.request_fields import fields_of
from tillproof.commerce.shared_logs import families, written_at
from tillproof.commerce.shown import Piece
from tillproof.flow.program import Fn
from tillproof.flow.values import options
from tillproof.ir.ops import Op
from tillproof.source.kinds import is_seed

_MOST = 6
_FAMILY = 2
_BESIDE = frozenset(["query", "params", "headers", "cookies", "args", "GET", "query_params"])  # what is sent beside the body
# Calls that may write what a function was sent to a log, and what a function is called that hears of payments.
_LOGS = re.compile(r"print$|log|info$|debug$|warn|error$|write|append|file_put_contents$|dump$|^(trace|dir|table)$")
_HEARS = re.compile(r"(?<![a-z])(?:ipn|post_?back|payments?|gateway|paypal|stripe|mpesa|stk)(?![a-z])")
_HOOKS = re.compile(r"(?<![a-z])web_?hooks?(?![a-z])")
_OF_PAYMENTS = re.compile(rb"pay(?!load)|order(?!ing|ed|_?by)|invoice|charge|\bcards?\b|checkout|subscri|refund|transaction", re.IGNORECASE)
_PERSONAL = re.compile(
    r"(?<![a-z])(name|first_?name|last_?name|e?_?mail|phone|mobile|contact|address|user|customer|city|zip|shipping|billing)"
)
_PLACE = {"log": "the log", "report": "a service for errors or analytics", "journal": "the order's notes"}


@dataclass(frozen=True, slots=True)
class Leak:
    """What a logging call shows and should not: ``cards`` (names of card data), or a whole ``payload``."""

    site: LogSite
    piece: Piece
    cards: tuple[str, ...]
    payload: Payload | None


class Leaks(NamedTuple):
    """What one function shows whole."""

    fn: Fn
    leaks: list[Leak]
    place: PaymentPlace | None


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per function that logs and through which card or payment data passes."""
    places = model.payment_places
    speaking = {fn for functions in model.cards.files.values() for fn in functions}
    wholes: list[tuple[LogSite, Leaks]] = []
    for fn in sorted({*places, *speaking, *_typed(model), *_beside_form(model)}):
        if model.logs.is_wrapper(fn):
            continue
        sites = [s for s in model.logs.sites(fn) if s.kind == "report" or not model.browser.runs(fn.file)]
        if sites:
            yield from _rule(model, fn, sites, places.get(fn), wholes)
    for group in families(model, wholes):
        yield _shared(model, group)
    yield from _for_every_request(model, {*places, *speaking})
    handed = _handed(model, speaking)
    yield from (_ruling(model, fn, leaks, None) for fn, leaks in handed.items())
    yield from _by_name(model, {*places, *speaking, *handed, *run_for_every_request(model)})
    yield from _tapped(model, speaking)


def _handed(model: Model, speaking: Set[Fn]) -> dict[Fn, list[Leak]]:
    """What each function leaks that logs what it is handed and does more with it, as one that sends requests does, where a caller hands it
    card data: ``$this->send('charge', ['number' => $number])``."""
    found: dict[Fn, list[Leak]] = {}
    for fn in sorted(speaking):
        body = model.program.body(fn)
        for i, op in enumerate(body.op):
            for handed in passed_on(model, fn, i) if op == Op.CALL else ():
                if handed.site.kind != "report" and model.browser.runs(handed.site.fn.file):
                    continue
                for piece in model.shown.of(fn, handed.argument).pieces:
                    if cards := tuple(model.cards.in_piece(piece)):
                        found.setdefault(handed.site.fn, []).append(Leak(handed.site, piece, cards, None))
    return {fn: leaks for fn, leaks in found.items() if fn not in speaking}


def _tapped(model: Model, known: Set[Fn]) -> Iterator[Ruling]:
    """One ruling per function that logs the body of whatever a client sends, where card data is sent by it."""
    for fn, tap in {tap.site.fn: tap for tap in taps(model)}.items() if known else ():
        uses = [u for u in model.card_uses.all if u.kind in ("object", "request") and u.fn is not None and not model.browser.runs(u.file)]
        if cards := tuple(dict.fromkeys(u.name for u in uses if u.fn is not None and sends_by(model, u.fn, tap))):
            ruling = _ruling(model, fn, [Leak(tap.site, tap.piece, cards, None)], None)
            ruling.confidence = "likely"
            yield ruling


def _for_every_request(model: Model, known: Set[Fn]) -> Iterator[Ruling]:
    """One ruling per function that runs for every request and logs it whole, where a request of the same unit brings card data, or a
    provider's message."""
    brought: dict[str, dict[str, None]] = {}
    for use in model.card_uses.all:
        if use.kind == "request" and use.fn is not None:
            brought.setdefault(model.program.unit(use.fn.file), {})[use.name] = None
    heard = {model.program.unit(h.entry.target.fn.file) for h in model.handlers.all if h.kind != "redirect-return"}
    passing = brings_cards(model)
    for fn in sorted((run_for_every_request(model) | passing.keys()) - known) if brought or heard else ():
        unit = model.program.unit(fn.file)
        cards = tuple(passing.get(fn) or brought.get(unit) or ())
        if not (cards or unit in heard) or model.logs.is_wrapper(fn):
            continue
        shown = _shown(model, fn)
        if leaks := list(_whole_requests(model, shown, cards)):
            yield _ruling(model, fn, leaks, None)
    for site, told in written_by_tokens(model) if brought else ():
        cards = tuple(brought.get(model.program.unit(site.fn.file), ()))
        if cards and (leaks := list(_whole_requests(model, [(site, piece) for piece in told], cards))):
            yield _ruling(model, site.fn, leaks, None)


def _by_name(model: Model, known: Set[Fn]) -> Iterator[Ruling]:
    """One ruling per function that is named after payments or webhooks and logs a request whole, one that came where no route is seen to
    lead to it, or one that it sends."""
    program = model.program
    for file in program.indices:
        if model.browser.runs(file) or is_seed(file):
            continue
        logging = [at for name, offsets in program.called(file).items() if _LOGS.search(name) for at in offsets]
        for fn in sorted(set(program.functions_at(file, logging)) - known):
            if not _speaks_of_payments(model, fn) or model.logs.is_wrapper(fn):
                continue
            leaks = [
                *_whole_requests(model, _shown(model, fn), ()),
                *(leak for site in model.logs.sites(fn) for leak in _sent(model, site)),
            ]
            if leaks:
                ruling = _ruling(model, fn, leaks, None)
                ruling.confidence = "likely"
                yield ruling


def _speaks_of_payments(model: Model, fn: Fn) -> bool:
    """Whether a function's own name, its class's or the line that it begins on says that it hears of payments; or of a webhook, in a file
    that speaks of some: others have webhooks as well."""
    function = model.program.function(fn)
    source = model.program.sources[fn.file]
    at = function.start if function is not None else 0
    begins = source[source.rfind(b"\n", 0, at) + 1 : source.find(b"\n", at)].decode("utf-8", "replace") if function is not None else fn.file
    folder = fn.file.rpartition("/")[0].rpartition("/")[2]
    said = [snake(text.replace("/", "_")) for text in (model.program.qualified(fn), begins, folder)]
    if any(_HEARS.search(text) for text in said):
        return True
    return any(_HOOKS.search(text) for text in said) and _OF_PAYMENTS.search(source) is not None


def _shown(model: Model, fn: Fn) -> list[tuple[LogSite, Piece]]:
    """What a function shows in its logs, piece by piece."""
    return [(site, piece) for site in model.logs.sites(fn) for a in site.arguments for piece in model.shown.of(fn, a).pieces]


def _whole_requests(model: Model, shown: Iterable[tuple[LogSite, Piece]], cards: tuple[str, ...]) -> Iterator[Leak]:
    """Of what is shown, whole requests or their bodies."""
    for site, piece in shown:
        payload = model.payloads.of(piece)
        if payload is not None and payload.kind == "message" and _BESIDE.isdisjoint(piece.names):
            yield Leak(site, piece, cards, payload)


def _typed(model: Model) -> Iterator[Fn]:
    """Functions that name a class with card fields: an object of it may be logged whole."""
    for cls in model.cards.types:
        name = model.program.cls(cls).name
        for file in model.program.mentioning(name):
            yield from model.program.functions_around(file, name)


def _beside_form(model: Model) -> Iterator[Fn]:
    """The methods of a class that builds a form with card fields, which is given what was typed there."""
    for cls in {u.cls for u in model.card_uses.all if u.kind == "form" and u.fn is not None and u.cls is not None}:
        yield from model.program.methods(cls).values()


def _typed_here(model: Model, piece: Piece) -> list[str]:
    """Card data that is typed into a form of the same class, where a piece is all that was sent with it, or the group of its fields."""
    cls = model.program.method_class(piece.fn)
    names = [u.name for u in model.card_uses.all if u.kind == "form" and u.fn is not None and u.cls == cls] if cls is not None else []
    sources = (model.requests.source(o) for o in options(model.shown.value(piece))) if names and not piece.flat else ()
    sent = next((s for s in sources if s is not None and s.kind == "body"), None)
    if sent is None or not (sent.key is None or _is_group(model, piece.fn, sent.key)):
        return []
    return [n for n in names if n not in piece.without]


def _is_group(model: Model, fn: Fn, key: str) -> bool:
    """Whether a field of what was sent has fields of its own that a function reads."""
    body = model.program.body(fn)
    below = (model.requests.source(model.evaluator.value(fn, i)) for i, op in enumerate(body.op) if op == Op.INDEX)
    return any(s is not None and s.key is not None and s.key.startswith(f"{key}.") for s in below)


def _rule(
    model: Model, fn: Fn, sites: list[LogSite], place: PaymentPlace | None, wholes: list[tuple[LogSite, "Leaks"]]
) -> Iterator[Ruling]:
    leaks = [leak for site in sites for leak in _leaks(model, site, place)]
    cards = [leak for leak in leaks if leak.cards]
    if cards:
        yield _ruling(model, fn, cards, place)
    if whole_ones := [leak for leak in leaks if leak.payload and not leak.cards]:
        wholes.append((whole_ones[0].site, Leaks(fn, whole_ones, place)))
    if not leaks:
        first = sites[0]
        ruling = Ruling("pci/card-data-logged", "held", "log", fn.file, model.program.body(fn).line[first.instr])
        ruling.evidence.append(at(model.program, fn, first.instr, _harmless(model, first), "guard"))
        yield ruling


def _sent(model: Model, site: LogSite) -> Iterator[Leak]:
    """The body of a request that a function that has to do with payments logs as it sends it."""
    sent = model.sent_bodies.logged(site)
    if sent is not None and (sent.provider is None or sent.provider.kind == "payment"):
        line = model.program.body(site.fn).line[sent.instr]
        yield Leak(site, Piece(site.fn, site.arguments[0], None, ()), (), Payload("request", (site.fn.file, line), sent.provider))


def _leaks(model: Model, site: LogSite, place: PaymentPlace | None) -> Iterator[Leak]:
    if place is not None:
        yield from _sent(model, site)
    for argument in site.arguments:
        for piece in model.shown.of(site.fn, argument).pieces:
            cards = tuple(model.cards.in_piece(piece) or _typed_here(model, piece))
            payload = model.payloads.of(piece) if place is not None or model.cards.speaks(site.fn) else None
            if payload is not None and not cards:
                cards = tuple(n for n in _card_keys(model, site.fn, payload) if n not in piece.without)
            if not cards and payload is not None and place is not None and _is_plain_form(model, site.fn, place, payload):
                continue
            if not cards and payload is not None and tells_refusal(model, site.fn, site.instr, payload):
                continue
            if cards or (payload is not None and place is not None):
                yield Leak(site, piece, cards, payload)


def _names_nobody(model: Model, place: PaymentPlace, payload: Payload) -> bool:
    """Whether what is logged whole is a return from the payment page that tells ids, a signature and what went wrong, and nothing of the
    customer: the page adds nothing of that either, as far as it is read."""
    handler = place.handler
    if handler is None or payload.kind != "message" or not handler.inbound.names_nobody:
        return False
    return not any(_PERSONAL.search(snake(key)) for key in fields_of(model, handler.entry))


def _is_plain_form(model: Model, fn: Fn, place: PaymentPlace, payload: Payload) -> bool:
    """Whether what is logged whole is what a page of ours sends, and tells nobody's name, address or card as far as it is read: what a
    record of ours is looked up by is its id."""
    entries = model.entries_to(fn)
    if place.handler is not None or payload.kind != "message" or not entries:
        return False
    for entry in entries:
        target = entry.target.fn
        calls = (i for i, op in enumerate(model.program.body(target).op) if op == Op.CALL)
        touches = (t for i in calls if (t := model.records.touch(target, i, None)) is not None)
        sought = {s.key for t in touches for v in t.keys.values() if (s := model.requests.source(v)) is not None}
        told = [key for key in fields_of(model, entry) if key not in sought]
        if not told or any(_tells_of_buyer(model, key) for key in told):
            return False
    return True


def _tells_of_buyer(model: Model, key: str) -> bool:
    """Whether a field is about who buys, or about what he pays with."""
    last = snake(field_name(key))
    return bool(_PERSONAL.search(snake(key)) or INSTRUMENT.fullmatch(last) or model.words.card(key))


def _card_keys(model: Model, fn: Fn, payload: Payload) -> list[str]:
    """Card data that the same function reads from the request that is logged whole."""
    if payload.kind != "message":
        return []
    return [u.name for u in model.card_uses.all if u.fn == fn and u.kind == "request"]


def _harmless(model: Model, site: LogSite) -> str:
    names = [n for a in site.arguments for p in model.shown.of(site.fn, a).pieces for n in p.names[:1]]
    return f"what is logged is {', '.join(dict.fromkeys(names))}" if names else "what is logged is a fixed text"


def _ruling(model: Model, fn: Fn, leaks: list[Leak], place: PaymentPlace | None) -> Ruling:
    program = model.program
    first = leaks[0]
    line = program.body(fn).line[first.site.instr]
    ruling = Ruling("pci/card-data-logged", "broken", "log", fn.file, line)
    guard = redaction(model, first.site, model.words.card)
    if guard is not None:
        ruling.outcome = "held"
        ruling.evidence.append(Evidence(guard.file, guard.line, guard.note, "guard"))
        return ruling
    if first.piece.fn != fn and first.payload is None:
        ruling.evidence.append(at(program, first.piece.fn, first.piece.instr, "card data is handed on from here", "source"))
    if first.payload is not None:
        ruling.evidence.append(Evidence(*first.payload.at, f"{whole(first.payload, place)[0]} comes from here", "source"))
    sinks = {leak.site.instr: leak for leak in reversed(leaks)}
    ruling.evidence += [
        at(program, fn, leak.site.instr, f"goes to {_PLACE[leak.site.kind]} through `{leak.site.through}`", "sink")
        for leak in list(sinks.values())[::-1][:_MOST]
    ]
    ruling.anchor = (fn.file, line, program.body(fn).end_line[first.site.instr])
    if first.cards:
        _tell_card(ruling, first)
    elif first.payload is not None:
        _tell_whole(ruling, first, first.payload, place)
        if place is not None and all(leak.payload and _names_nobody(model, place, leak.payload) for leak in leaks):
            ruling.severity = "low"
            ruling.message = (
                "It holds the payment's id and the signature over it, by which a return can be shown again, and whatever else the sender "
                "put in; everyone who can read logs reads it."
            )
    return ruling


def _shared(model: Model, group: list[Leaks]) -> Ruling:
    """The ruling on what several classes log whole in the same way, where their logger writes it."""
    first = group[0]
    ruling = _ruling(model, first.fn, first.leaks, first.place)
    wrapper = first.leaks[0].site.wrapper
    written = written_at(model, wrapper) if wrapper is not None else None
    if ruling.outcome != "broken" or written is None:
        return ruling
    ruling.evidence += [at(model.program, one.fn, one.leaks[0].site.instr, "and from here", "source") for one in group[1:_MOST]]
    ruling.evidence.append(at(model.program, *written, "the logger writes it here", "sink"))
    if len(group) < _FAMILY:
        return ruling
    line = model.program.body(written[0]).line[written[1]]
    ruling.anchor = (written[0].file, line, line)
    return ruling


def _tell_card(ruling: Ruling, leak: Leak) -> None:
    names = ", ".join(f"`{n}`" for n in dict.fromkeys(leak.cards))
    ruling.severity, ruling.confidence = "critical", "certain" if leak.payload is None else "likely"
    ruling.title = (
        "Card data is written to the log" if leak.site.kind != "report" else "Card data is sent to a service for errors or analytics"
    )
    ruling.message = (
        f"{names} of a payment card goes to {_PLACE[leak.site.kind]} in clear. Logs are copied, kept for years and read by many; a card "
        f"number there is a breach that "
        "has to be reported, and a security code may not be kept even for a moment after authorisation (PCI DSS 4.0.1, 3.3.1)."
    )
    ruling.remediation = "Log the order, the provider's payment id and at most the last four digits; purge what was written until now."


def _tell_whole(ruling: Ruling, leak: Leak, payload: Payload, place: PaymentPlace | None) -> None:
    ruling.severity, ruling.confidence = "medium", "certain" if payload.kind == "message" else "likely"
    what, holds = whole(payload, place)
    ruling.title = f"{what[0].upper()}{what[1:]} is written to {_PLACE[leak.site.kind]}"
    ruling.message = (
        f"It holds {holds}, none of which a log needs, and everyone who can read logs reads it; what a provider adds to "
        "it tomorrow is logged too."
    )
    ruling.remediation = (
        "Log named fields only: event or payment id, order, amount, currency, status. Where the whole is needed to find a fault, let "
        "the provider's dashboard keep it."
    )


CHECK = Check(id="pci/card-data-logged", title="No card data and no whole payment message in logs", severity="critical", rule=rule)
