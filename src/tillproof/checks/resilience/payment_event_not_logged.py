"""``resilience/payment-event-not-logged``: every payment event leaves a line that says which order, which payment and how much."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tillproof.checks.catalog import Check
from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.checks.ways import entry_line, handler_place
from tillproof.commerce.entries import Entry
from tillproof.commerce.handled import Handler
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.names import written
from tillproof.commerce.ordered_as_told import ordered_as_told
from tillproof.commerce.shown import Piece
from tillproof.flow.program import Fn
from tillproof.flow.proofs import Happening
from tillproof.flow.values import FunctionV, options
from tillproof.ir.ops import Kind, Op
from tillproof.source.kinds import words as words_of

_NEAR = 6
_OWN = 2
_MOST = 8
_HELD = re.compile(
    r"(\w+_)?(order|payment|invoice|booking|reservation|cart|basket|checkout|subscription|intent|payment_intent|charge|session"
    r"|transaction|txn|trx|tran|capture|refund|sale|purchase"
    r"|donation|enrollment|registration|psp|merchant|mihpay|gid|licen[cs]e|membership|quote)_?(id|ids|no|num|number|ref|reference|code"
    r"|uuid|key|token|increment_id)?"
    r"|(\w+_)?(reference|merchant_reference|psp_reference|client_reference_id|custom|txnid|orderid|paymentid|pid|uuid)"
)
_EVENT = re.compile(
    r"(\w+_)?(event|notification|webhook|message|delivery|ipn_track)_?id|psp_?reference|txn_id|transaction_id|mihpayid"
    r"|razorpay_payment_id|event_id"
)
_IDS = words_of("id _id uuid number reference increment_id code pk key get_id order_number")
_OUTCOME = re.compile(r"(\w+_)?(status|state|type|event_?code|success|succeeded|outcome|result|event|topic|resource_type)")
_SAYS = re.compile(
    r"paid|success|succe|complet|fail|refund|captur|cancel|declin|receiv|approv|confirm|processed|settled|expired|authoriz", re.IGNORECASE
)
_JOURNALS = re.compile(
    r"(\w+_)?(log|logs|event|events|audit|history|histories|activity|activities|transaction|transactions|webhook|ipn|notification"
    r"|journal|ledger|timeline)(_\w+)?"
)
_MAILER = re.compile(r"e_?mail|sms|newsletter", re.IGNORECASE)
_NAMED = {
    "reference": "the order or payment",
    "event": "the provider's event or payment id",
    "amount": "the amount",
    "currency": "the currency",
    "outcome": "the outcome",
}
_OF_PAYMENTS = ("payment", "platform", "marketplace")
_TOLD = ("order.write", "order.note", "refund.record")
_OWED = ("reference", "event", "amount", "currency", "outcome")


@dataclass(slots=True)
class Told:
    """What is noted of an event: ``said`` by fact, with the place; ``noted``: every place with how much it says (negative)."""

    said: dict[str, Evidence] = field(default_factory=dict)
    noted: list[tuple[int, Evidence]] = field(default_factory=list)
    queued: Evidence | None = None

    def note(self, facts: set[str], where: Evidence) -> None:
        self.noted.append((-len(facts), where))
        for fact in facts:
            self.said.setdefault(fact, where)

    @property
    def lines(self) -> list[Evidence]:
        """The places that note anything, those that say most first."""
        return list(dict.fromkeys(where for _, where in sorted(self.noted, key=lambda n: n[0])))


class Heard(NamedTuple):
    """An entry point that hears of payments. ``acts``: what it does about them; ``name``: who tells of them."""

    entry: Entry
    functions: Mapping[Fn, int]
    acts: Sequence[Happening]
    name: str
    place: tuple[str, int]


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per handler of payment events, and per route by which the browser has something marked as paid; a page that marks nothing
    handles none."""
    seen: set[tuple[str, ...]] = set()
    for handler in model.handlers.all:
        if handler.kind == "redirect-return" and not (handler.walked.acts and _may_pay(model, handler)):
            continue
        if handler.provider.kind not in _OF_PAYMENTS:
            continue  # a carrier's event is about a parcel
        heard = Heard(handler.entry, handler.closure.functions, handler.walked.acts, handler.provider.name, handler_place(model, handler))
        told = _told(model, heard)
        if handler.provider.kind != "payment" and told.queued is None and not _concerns_payments(model, handler):
            continue  # a shop that is gone, data that somebody asks for
        acts = sorted({f"{act.fn.file}:{act.instr}" for act in handler.walked.acts})
        shared = (handler.provider.id, *(f"{e.file}:{e.line}" for e in told.lines), *acts)
        if told.lines and shared in seen:
            continue  # several routes to the same code
        seen.add(shared)
        yield _rule(model, heard, told)
    for heard in _by_browser(model):
        yield _rule(model, heard, _told(model, heard))


def _by_browser(model: Model) -> Iterator[Heard]:
    """The routes by which a customer's browser has an order marked as paid, or made for a payment that it names, though nothing of the
    provider's is read there."""
    known = {entry_line(model, h.entry) for h in model.handlers.all}
    of_browser = [(found.entry, found.paid) for found in model.browser_paid.all if found.paid and _takes_payments(model, found.entry)]
    for entry, paid in (*of_browser, *((told.entry, ()) for told in ordered_as_told(model))):
        place = entry_line(model, entry)
        if place not in known and model.program.function(entry.target.fn) is not None:
            known.add(place)
            yield Heard(entry, model.handlers.closure(entry).functions, paid, "The browser", place)


def _takes_payments(model: Model, entry: Entry) -> bool:
    return bool(model.handlers.paying(model.program.unit(entry.target.fn.file)))


def _concerns_payments(model: Model, handler: Handler) -> bool:
    """Whether what is done about a platform's message speaks of sums, or changes how something stands."""
    if any(model.vocabulary.money(fn) for fn in handler.closure.functions):
        return True
    return bool(model.transitions.of(handler.entry.target)) or any(e.kind in _TOLD for e in model.effects.of(handler.entry.target))


def _may_pay(model: Model, handler: Handler) -> bool:
    """Whether a page to which the browser comes back may mark something as paid."""
    if model.browser_paid.may_pay(handler.entry):
        return True
    states = [text for t in model.transitions.of(handler.entry.target) for text in t.to]
    return any(model.words.has(kind, text) for kind in ("paid_values", "fulfil_values") for text in states)


def _rule(model: Model, heard: Heard, told: Told) -> Ruling:
    file, line = heard.place
    ruling = Ruling("resilience/payment-event-not-logged", "held", "handler", file, line)
    if "reference" in told.said and "amount" in told.said:
        seen = {(e.file, e.line): e for e in (told.said[f] for f in _OWED if f in told.said)}
        seen.update({(e.file, e.line): e for e in told.lines if (e.file, e.line) not in seen})
        ruling.evidence = [Evidence(e.file, e.line, e.note, "guard") for e in list(seen.values())[:_MOST]]
        return ruling
    if told.queued is not None:
        ruling.outcome = "unknown"
        ruling.question = Evidence(
            told.queued.file,
            told.queued.line,
            "Does what is queued here log order, provider event, amount, currency and outcome when it runs?",
        )
        return ruling
    _break(heard, ruling, told)
    acts = sorted(heard.acts, key=lambda act: act.kind.rstrip("?") not in ("order.paid", "fulfil", "paid"))
    ruling.evidence += [at(model.program, act.fn, act.instr, "what is done here ought to be told in that line", "sink") for act in acts[:1]]
    return ruling


def _told(model: Model, heard: Heard) -> Told:
    told = Told()
    for fn, depth in heard.functions.items():
        if depth > _NEAR or model.browser.runs(fn.file) or model.logs.is_wrapper(fn):
            continue
        for site in model.logs.sites(fn):
            # What is only said when something broke says nothing of the events that went through.
            facts = {f for a in site.arguments for f in _facts(model, fn, a)} if not _is_failure(model, fn, site.instr) else set()
            if facts or depth < _OWN or fn.file in model.operations.telling_files:
                told.note(facts, at(model.program, fn, site.instr, f"noted by `{site.through}`", "missing"))
        _records(model, fn, told, works=any(act.kind.startswith("record.write") for act in heard.acts))
    return told


def _is_failure(model: Model, fn: Fn, i: int) -> bool:
    """Whether an instruction is reached only when an exception was caught."""
    body, defuse = model.program.body(fn), model.evaluator.defuse(fn)
    return any(op == Op.CAUGHT and defuse.passes(i, n) for n, op in enumerate(body.op))


def _facts(model: Model, fn: Fn, argument: int) -> set[str]:
    """What an argument of a logging call says of an event."""
    found: set[str] = set()
    for piece in model.shown.of(fn, argument).pieces:
        found |= _of_piece(model, piece)
    if any(_SAYS.search(text) for text in _texts(model, fn, argument)):
        found.add("outcome")
    return found


def _of_piece(model: Model, piece: Piece) -> set[str]:
    if model.payloads.of(piece) is not None:
        return set(_OWED)
    found: set[str] = set()
    spelt = [snake(part) for part in written(model.program, piece.fn, piece.instr).split(".")]
    for name in piece.names:
        found |= _of_name(model, snake(name))
    if spelt[-1] in _IDS and len(spelt) > 1:
        owner = (
            spelt[-2] if spelt[-2] not in ("object", "data", "resource", "this", "self") else (spelt[-3] if len(spelt) > 2 else "payment")
        )
        found.add("event" if owner in ("event", "webhook", "notification", "evt") else "reference")
    return found


def _of_name(model: Model, name: str) -> set[str]:
    found: set[str] = set()
    if _EVENT.fullmatch(name):
        found.add("event")
    if _HELD.fullmatch(name):
        found.add("reference")
    if model.words.has("currency_fields", name):
        found.add("currency")
    elif model.words.money(name):
        found.add("amount")
    if _OUTCOME.fullmatch(name):
        found.add("outcome")
    return found


def _texts(model: Model, fn: Fn, i: int, depth: int = 0) -> Iterator[str]:
    body = model.program.body(fn)
    const = body.const(i)
    if const and const[0] == Kind.STRING:
        yield const[1]
    elif depth < 3 and body.op[i] in (Op.TEXT, Op.BINARY, Op.LIST, Op.RECORD):
        for a in body.args(i)[1:] if body.op[i] == Op.BINARY else body.args(i):
            if a >= 0:
                yield from _texts(model, fn, a, depth + 1)


def _records(model: Model, fn: Fn, told: Told, *, works: bool) -> None:
    """A row of a table of events or transactions is a note too; what is queued is noted, if at all, by whoever takes it. ``works``: the
    work is done here, and other programs are only told of it."""
    body = model.program.body(fn)
    for i, op in enumerate(body.op):
        if op != Op.CALL:
            continue
        touch = model.records.touch(fn, i, None)
        if touch is not None and touch.kind in ("create", "upsert") and _JOURNALS.fullmatch(touch.entity):
            pieces = [p for _, a in body.call(i)[1] for p in model.shown.of(fn, a).pieces]
            facts = {f for name in touch.fields for f in _of_name(model, snake(name))} | {f for p in pieces for f in _of_piece(model, p)}
            facts.add("outcome")
            told.note(facts, at(model.program, fn, i, f"kept as a record of `{touch.entity}`", "missing"))
        effect = model.recogniser.effect(fn, i)
        if effect is not None and effect[0].effect == "job" and effect[1] and told.queued is None and not _hands_ours(model, fn, i):
            if model.failures.mails(fn, i) or _MAILER.search(model.program.name(fn)) or (works and effect[0].abroad):
                continue  # what is mailed says nothing of the event
            told.queued = at(model.program, fn, i, "queued here")


def _hands_ours(model: Model, fn: Fn, i: int) -> bool:
    """Whether what is queued is a function of ours that is handed over itself: what it logs is read like what is called."""
    values = (model.evaluator.value(fn, a) for _, a in model.program.body(fn).call(i)[1])
    return any(isinstance(o, FunctionV) for v in values for o in options(v))


def _break(heard: Heard, ruling: Ruling, told: Told) -> None:
    file, line = heard.place
    lacking = [_NAMED[f] for f in _OWED if f not in told.said]
    ruling.outcome, ruling.severity, ruling.confidence = "broken", "low", "likely"
    ruling.evidence = [Evidence(file, line, f"{heard.name} tells of payments here", "source")]
    ruling.evidence += [Evidence(e.file, e.line, f"{e.note}, without {_list(lacking)}", "missing") for e in told.lines[:_MOST]]
    ruling.anchor = (file, line, line)
    ruling.title = "A payment event leaves no trace that can be followed"
    what = f"What is logged here lacks {_list(lacking)}" if told.lines else "Nothing is logged of what arrives here"
    ruling.message = (
        f"{what}. When a customer says that he paid and the order is open, or two deliveries disagree, nobody can tell from the logs "
        f"which event came, for which "
        "order, over how much, and what was made of it."
    )
    ruling.remediation = (
        "Log one line per event, when its outcome is known: order id, the provider's event and payment id, amount, currency, outcome; "
        "no card or address data."
    )


def _list(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


CHECK = Check(id="resilience/payment-event-not-logged", title="Every payment event is logged", severity="low", rule=rule)
