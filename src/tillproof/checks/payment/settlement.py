"""What no-settlement-webhook asks: who creates payments, what tells that they are paid, and who hears it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple

from tillproof.checks.payment.unknown_gateways import asked_outside
from tillproof.checks.ways import named_after, told_at
from tillproof.commerce.begun import ends
from tillproof.commerce.browser_paid import Transitions
from tillproof.commerce.chats import in_chat, pressed_for
from tillproof.commerce.effects import Effect
from tillproof.commerce.entities import ORDERS
from tillproof.commerce.entries import Entry
from tillproof.commerce.handled import Handler
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.only_noted import only_notes
from tillproof.commerce.operations import STARTS, OperationSite
from tillproof.commerce.pack_effects import digests
from tillproof.commerce.recognition import HOOK
from tillproof.flow.outside import squashed_name
from tillproof.flow.program import Fn
from tillproof.flow.shape import Shape, shape
from tillproof.flow.values import Choice, ClassV, Const, Record, Seq, Value, constant, options
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Operation, Provider

_GENERIC = re.compile(r"web_?hooks?|(^|[/_-])ipn|notif(y|ication)", re.IGNORECASE)
_NOTIFIES = re.compile(r".*?notif(y|ication)[^/]*", re.IGNORECASE)
_ADDRESS = re.compile(r"(notif\w*|web_?hook|ipn|server_?callback)(_?callback)?_?ur[li]", re.IGNORECASE)
_COMES_BACK = re.compile(r"refund|disput|chargeback|payout|transfer", re.IGNORECASE)
_PIECES = 60
_SAYS_ENOUGH = 10  # letters of an event's name, of several words
_BODIES = ("body", "json", "data", "form_params", "params")


@dataclass(slots=True)
class Integration:
    """One provider in one deployable unit: the calls that create payments, and the browser routes after which they count as paid."""

    provider: Provider
    unit: str
    creates: list[OperationSite] = field(default_factory=list)
    returns: list[Transitions] = field(default_factory=list)

    @property
    def operations(self) -> list[Operation]:
        """What is created, each once."""
        return list({id(s.operation): s.operation for s in self.creates}.values())


class Heard(NamedTuple):
    """A handler that hears what is created, the events that it asks for, and what it leaves out of those that tell of a success: nothing,
    all that tell of one operation, those that come late, or all messages about payments: then ``events`` are the kinds that it asks for."""

    handler: Handler
    events: frozenset[str]
    missing: Literal["", "settling", "late", "kind"]
    operation: Operation | None = None


def integrations(model: Model) -> list[Integration]:
    """Every integration that takes payments, in order of unit and provider."""
    found: dict[tuple[str, str], Integration] = {}

    def of(provider: Provider, file: str) -> Integration:
        unit = model.program.unit(file)
        return found.setdefault((unit, provider.id), Integration(provider, unit))

    for site in model.operations.sites:
        if site.provider.kind == "payment" and site.operation.op in STARTS:
            of(site.provider, site.fn.file).creates.append(site)
    for paid in model.browser_paid.all:
        provider = model.browser_paid.provider(paid)
        owed = paid.policy.proofs or not all(h.proven for h in paid.paid)  # cash on delivery is nothing that a provider tells of
        if provider is not None and owed:
            of(provider, paid.entry.target.fn.file).returns.append(paid)
    return [found[key] for key in sorted(found)]


# --- webhooks


def handlers_of(model: Model, integration: Integration) -> list[Handler]:
    """The webhook and IPN handlers that hear of an integration: those of its own unit; where it has none, those of units that create
    nothing themselves, since they are there for others."""
    mine = [h for h in model.handlers.all if h.kind != "redirect-return" and _hears_of(model, h, integration.provider)]
    near = [h for h in mine if model.program.unit(h.entry.target.fn.file) == integration.unit]
    if near:
        return near
    creating = {model.program.unit(s.fn.file) for s in model.operations.sites if s.provider is integration.provider}
    return [h for h in mine if model.program.unit(h.entry.target.fn.file) not in creating]


def _hears_of(model: Model, handler: Handler, provider: Provider) -> bool:
    """Whether a handler takes a provider's messages: its own, or those of several at one address (``/callbacks/{provider}``), among which
    it asks for events that no other has."""
    return handler.provider.id == provider.id or bool(model.handlers.events.own.get(provider.id, frozenset()) & handler.closure.compared)


def heard(model: Model, integration: Integration, handlers: list[Handler]) -> Heard:
    """What the handlers hear, and what passes them by."""
    provider = integration.provider
    events = {e for h in handlers for e in _events(h, provider)}
    events |= {e for h in handlers for e in _events_in_names(model, h, provider)} if events else set()
    handler = max(handlers, key=lambda h: len(_events(h, provider)))
    asked = frozenset(events)
    if (others := other_kinds(handlers, provider)) and integration.operations:
        dispatching = next(h for h in handlers if others & h.closure.compared)
        return Heard(dispatching, others, "kind", integration.operations[0])
    if not asked or handler.kind == "ipn" or _asks_for_itself(handler):
        return Heard(handler, asked, "")
    for operation in integration.operations:
        mine = [s for s in integration.creates if s.operation is operation]
        answered = operation.at_once or (bool(mine) and all(_without_him(model, s) for s in mine))
        if not asked & settling(integration.provider, operation) and not answered:
            return Heard(handler, asked, "settling", operation)
    for site in integration.creates:
        if site.operation.late and not asked & set(site.operation.late) and _may_settle_late(model, site):
            return Heard(handler, asked, "late", site.operation)
    return Heard(handler, asked, "")


def other_kinds(handlers: list[Handler], provider: Provider) -> frozenset[str]:
    """What the messages are about that handlers take, where payments are not among it: ``if (event.resource_type === 'mandates')``."""
    inbounds = [inbound for inbound in provider.inbound if inbound.kinds]
    asked = {k for h in handlers for inbound in inbounds for k in h.closure.compared & set(inbound.kinds)}
    return frozenset() if any(asked & set(inbound.settling_kinds) for inbound in inbounds) else frozenset(asked)


def _asks_for_itself(handler: Handler) -> bool:
    """Whether the message only names a payment, and the handler asks the provider what became of it: by a method that says so, perhaps."""
    return handler.inbound.proof == "refetch" and any(p.refetch for p in handler.walked.proofs)


def _events(handler: Handler, provider: Provider) -> frozenset[str]:
    """The provider's events that a handler asks for, anywhere on its way."""
    inbounds = [inbound for inbound in provider.inbound if inbound.kind != "redirect-return"]
    known = {e for inbound in inbounds for e in inbound.events}
    telling = frozenset(t for t in handler.closure.texts if t in known and ("." in t or len(t) > 8))
    # a word like `paid` is an event only where it is compared, beside others of the same provider
    return telling | (handler.closure.compared & known if telling else frozenset())


def _events_in_names(model: Model, handler: Handler, provider: Provider) -> set[str]:
    """The events that functions and classes on a handler's way are named after: ``CheckoutSessionCompletedHandler``."""
    known = {e: squashed_name(e) for inbound in provider.inbound for e in inbound.events}
    named = [squashed_name(model.program.qualified(fn)) for fn in handler.closure.functions]
    return {e for e, squashed in known.items() if len(squashed) > _SAYS_ENOUGH and any(squashed in name for name in named)}


class Jobs:
    """What the jobs of a program touch; found when it is first asked for."""

    def __init__(self, model: Model) -> None:
        self._model = model

    @cached_property
    def records(self) -> frozenset[str]:
        """The kinds of records that calls on the way of any job touch."""
        model = self._model
        jobs: list[Value] = [e.target for e in model.entries if e.role == "internal"]
        functions = model.reach.of(jobs).functions if jobs else ()
        calls = ((fn, i) for fn in functions for i, op in enumerate(model.program.body(fn).op) if op == Op.CALL)
        return frozenset(touch.entity for fn, i in calls if (touch := model.records.touch(fn, i, None)) is not None)


def idle(model: Model, handler: Handler, jobs: Jobs) -> bool:
    """Whether a handler does nothing with what it hears: it answers, logs perhaps, or keeps the message in a table that no job reads. No
    other effect lies behind it, and nobody else is handed the message."""
    effects = [e for e in model.effects.of(handler.entry.target) if e.operation is None or e.operation.op != "payment.retrieve"]
    notes = {(e.fn, e.instr): e.touch for e in effects if e.touch is not None and only_notes(model, e.fn, e.instr, e.ctx)}
    ended = {(e.fn, e.instr) for e in effects if ends(model, e.fn, e.instr)} if notes else set()
    done = {(e.fn, e.instr) for e in effects if e.touch is None or e.touch.kind != "read"}
    if (done | {(h.fn, h.instr) for h in handler.walked.acts}) - notes.keys() - ended:
        return False
    if any(touch.entity in jobs.records for touch in notes.values()):
        return False  # a job works off what was kept
    own = model.reach.of([handler.entry.target])
    known = notes.keys() | {(fn, site.instr) for fn in own.functions for site in model.logs.sites(fn)}
    return not any((fn, i) not in known and _hands_on(model, fn, i) and not _is_made(model, fn, i) for fn, i, _ in own.unresolved)


def _is_made(model: Model, fn: Fn, i: int) -> bool:
    """Whether a call makes an object of a class of ours, which does nothing by itself."""
    return any(isinstance(o, ClassV) for o in options(model.evaluator.value(fn, model.program.body(fn).args(i)[0])))


def by_browser(model: Model, integration: Integration) -> bool:
    """Whether a route by which the browser comes back writes a record, or one that begins the payment an order: where none does, there is
    no order that could stay unserved."""
    back = (h.entry for h in model.handlers.all if h.kind == "redirect-return" and h.provider.id == integration.provider.id)
    mine = (e for e in back if model.program.unit(e.target.fn.file) == integration.unit)
    effects = (effect for entry in (*mine, *(paid.entry for paid in integration.returns)) for effect in model.effects.of(entry.target))
    if any(effect.touch is not None and effect.touch.writes for effect in effects):
        return True
    begin = (entry for site in integration.creates for entry in model.entries_to(site.fn))
    return any(_of_order(effect) for entry in begin for effect in model.effects.of(entry.target))


def _of_order(effect: Effect) -> bool:
    """Whether an effect writes an order."""
    return effect.touch is not None and effect.touch.writes and ORDERS.fullmatch(snake(effect.touch.entity).removesuffix("s")) is not None


def _hands_on(model: Model, fn: Fn, i: int) -> bool:
    """Whether code of others is handed a piece of the message, other than to answer, to read it or to prove who sent it."""
    recogniser = model.recogniser
    if digests(recogniser, fn, i) or any(recogniser.is_(kind, fn, i) for kind in ("answers", "macs", "compares", "verifies")):
        return False
    if model.requests.is_cleaner(recogniser.callee_names(fn, i, None), model.program.language(fn.file)):
        return False
    given = (model.evaluator.value(fn, a) for _, a in model.program.body(fn).call(i)[1])
    return any(model.requests.sources_in(v, _PIECES) for v in given)


def settling(provider: Provider, operation: Operation) -> set[str]:
    """The events that tell that what an operation creates is paid."""
    return set(operation.settles) or {e for inbound in provider.inbound for e in inbound.settles}


def spoken_of(model: Model, unit: str, events: Iterable[str]) -> str | None:
    """A file of the unit that holds one of the events, wherever it may be asked for."""
    for event in sorted(events):
        for file in model.program.mentioning(event) if len(event) > 8 else ():
            if model.program.unit(file) == unit:
                return file
    return None


def _may_settle_late(model: Model, site: OperationSite) -> bool:
    """Whether what is created may be paid by a method that succeeds days later: no list of methods rules that out."""
    operation, keys = site.operation, _keys(model, site)
    every = {**keys.may, **keys.must}
    if any(k in every and constant(every[k]) in (v, None) for k, v in zip(operation.unless[::2], operation.unless[1::2], strict=True)):
        return False
    if operation.methods in every:
        methods = _texts(every[operation.methods])
        return bool(set(methods) & set(operation.delayed))
    return not keys.open


def _keys(model: Model, site: OperationSite) -> Shape:
    """The keys that a call sends, whether in a record, by keyword or in the body of a request."""
    out = Shape()
    if site.request is not None:
        given = [("", v) for v in site.request.arguments]
    else:
        given = [(k, model.evaluator.value(site.fn, v, site.ctx)) for k, v in model.program.body(site.fn).call(site.instr)[1]]
    waiting = [Record(v.at, ((k, v),)) if k.isidentifier() else v for k, v in given]
    while waiting:
        got = shape(model.evaluator, waiting.pop())
        out.must.update(got.must)
        out.may.update(got.may)
        out.open += [v for v in got.open if not isinstance(v, Const)]
        waiting += [v for k, v in {**got.may, **got.must}.items() if k in _BODIES]
    return out


def _texts(value: Value) -> list[str]:
    """The constant texts of a list."""
    if isinstance(value, Choice):
        return [t for o in value.options for t in _texts(o)]
    items = value.items if isinstance(value, Seq) else (value,)
    return [i.text for i in items if isinstance(i, Const)]


def heard_at(handler: Handler, events: Iterable[str]) -> list[tuple[Fn, int]]:
    """Where a handler asks for one of the events, a line for each event."""
    wanted = set(events)
    return sorted(place for text, place in handler.closure.texts.items() if text in wanted)


def dispatch(handler: Handler, provider: Provider, events: Iterable[str]) -> tuple[Fn, int]:
    """Where a handler asks which event it is: at one of ``events``, or at the first of the provider's that it asks for; its own first line
    otherwise."""
    for wanted in (set(events), set(_events(handler, provider))):
        places = sorted(place for text, place in handler.closure.texts.items() if text in wanted)
        if places:
            return places[0]
    return handler.entry.target.fn, 0


def reads_status(model: Model, handler: Handler) -> bool:
    """Whether a handler looks at what the session says of the payment itself."""
    return any({"payment_status", "paymentStatus"} & model.vocabulary.tokens(fn) for fn in handler.closure.functions)


# --- without webhooks


def poll(model: Model, integration: Integration) -> tuple[Fn, int] | None:
    """Where a job, a command or a scheduled hook asks the provider what became of a payment; a button that the buyer has to press for it
    is none."""
    pressed = pressed_for(model, integration.provider.id)
    for entry in model.entries:
        if entry.role != "internal" or (pressed is not None and in_chat(model, entry)):
            continue
        for fn, i, known in model.handlers.closure(entry).operations:
            asks = isinstance(known.thing, Operation) and known.thing.confirms and known.thing.op == "payment.retrieve"
            if asks and known.provider.id == integration.provider.id:
                return fn, i
        if model.strangers.knows(integration.provider) and model.program.unit(entry.target.fn.file) == integration.unit:
            outside = asked_outside(model, entry)
            if outside is not None:
                return outside[:2]
    return None


def receiver(model: Model, integration: Integration) -> str | None:
    """A package of others that takes the provider's messages by itself, where the code speaks of it: being installed is not enough."""
    known = sorted({p.lower() for names in integration.provider.receivers.values() for p in names})
    own = {index.namespace.lower() for index in model.program.indices.values() if index.namespace}
    packages = [p for p in known if not any(n == p or n.startswith(p + ".") for n in own)]
    for index in model.program.indices.values():
        for item in index.imports:
            for name in (item.module.lower(), item.name.lower()):
                found = next((p for p in packages if name == p or name.startswith((p + ".", p + "/"))), None)
                if found:
                    return found
    return next((p for p in packages if "/" not in p and "." not in p and "-" not in p and model.program.mentioning(p)), None)


def notified(model: Model, integration: Integration) -> tuple[Fn, int] | None:
    """A creating call that tells the provider where to send its message: somebody is there to take it."""
    for site in integration.creates:
        keys = _keys(model, site)
        if any(_ADDRESS.fullmatch(k) for k in (*keys.must, *keys.may)):
            return site.fn, site.instr
    return None


def unnamed_hook(model: Model, integration: Integration) -> Entry | None:
    """A webhook route of the unit of which it is not seen whose it is, or only by how its class or folder is called; or one that names this
    system, while the proof that it leads to is another's: ``/webhooks/klarna`` of a shop whose handlers share a service."""
    for handler in model.handlers.all:
        entry, name = handler.entry, handler.provider.id
        ours = model.program.unit(entry.target.fn.file) == integration.unit and handler.kind != "redirect-return"
        told = f"{entry.route or ''} {model.program.name(entry.target.fn)}".lower()
        if ours and model.strangers.knows(handler.provider) and name not in told:
            return entry
        last = (entry.route or "").rstrip("/").rpartition("/")[2]
        named = model.credentials.owners.of_name(last) if name != integration.provider.id else None
        if ours and named is not None and named.id == integration.provider.id:
            return entry
    taken = {h.entry.target.fn for h in model.handlers.all}
    for entry in model.entries:
        told = f"{entry.route or ''} {model.program.qualified(entry.target.fn)}"
        if (
            entry.target.fn not in taken
            and entry.role in ("public", "platform")
            and model.program.unit(entry.target.fn.file) == integration.unit
            and (entry.methods != ("NONE",) or entry.style != "hook")
            and HOOK.search(told)
            and _GENERIC.search(told)
            and not _of_another(model, integration, told + entry.target.fn.file)
            and not _of_readers(model, entry)
            and _takes_something(model, entry)
        ):
            return entry
    return None


def _takes_something(model: Model, entry: Entry) -> bool:
    """Whether a way in is one that a system may send to, and does something there, or would if it were written: no piece of a page that its
    own page calls (a list of notifications), and no function that neither does anything nor is given anything."""
    fn = entry.target.fn
    cls, body = model.program.method_class(fn), model.program.body(fn)
    return not (cls is not None and model.exposed.shows_page(cls)) and (bool(body.params) or any(op in (Op.CALL, Op.NEW) for op in body.op))


def is_empty(model: Model, entry: Entry) -> bool:
    """Whether a webhook route does nothing but answer and log perhaps, as one that is still to be written: whose it is does not matter."""
    fn = entry.target.fn
    if not model.program.body(fn).params or "hook" not in (entry.route or "").lower():
        return False
    logs = {site.instr for site in model.logs.sites(fn)}
    doing = (i for i, op in enumerate(model.program.body(fn).op) if op in (Op.CALL, Op.NEW, Op.SET_FIELD) and i not in logs)
    return all(model.recogniser.is_("answers", fn, i) is not None for i in doing)


def _of_readers(model: Model, entry: Entry) -> bool:
    """Whether an address keeps notifications for the people who read them: it and those below it list, add and clear them, by different
    handlers (``GET /notifications``, ``GET /notifications/key``, ``POST /notifications/subscribe``)."""
    told = _NOTIFIES.match(entry.route or "")
    if told is None or re.search(r"hook|ipn", entry.route or "", re.IGNORECASE):
        return False
    beside = [e for e in model.entries if (e.route or "").startswith(told[0]) and e.target.fn.file == entry.target.fn.file]
    return len({e.target.fn for e in beside}) > 1 and any("GET" in e.methods for e in beside)


def _of_another(model: Model, integration: Integration, told: str) -> bool:
    """Whether a route names some other system."""
    text = told.lower()
    others = (p.id for p in model.knowledge.providers.values() if p.id != integration.provider.id)
    return integration.provider.id not in text and any(o in text for o in others)


def at_once(model: Model, integration: Integration) -> bool:
    """Whether money moves while the server waits: by the creating call itself, or by a capture that the shopper's request makes."""
    creates = integration.creates
    return bool(creates and all(s.operation.at_once or _confirmed(model, s) for s in creates)) or captured(model, integration) is not None


def captured(model: Model, integration: Integration) -> tuple[Fn, int] | None:
    """Where a request of the shopper's captures the payment and gets the outcome in the answer."""
    for site in sorted(model.operations.sites, key=lambda s: s.operation.op != "payment.capture"):
        captures = site.operation.op in ("payment.capture", "payment.confirm") and site.operation.confirms
        mine = site.provider is integration.provider and model.program.unit(site.fn.file) == integration.unit
        if captures and mine and any(e.role in ("public", "customer", "platform") for e in model.entries_to(site.fn)):
            return site.fn, site.instr
    return None


def _confirmed(model: Model, site: OperationSite) -> bool:
    """Whether a creating call confirms at the same time: ``confirm: true``."""
    confirm = _keys(model, site).must.get("confirm")
    return confirm is not None and (constant(confirm) or "").lower() == "true"


def _without_him(model: Model, site: OperationSite) -> bool:
    """Whether a saved card is charged while the customer is away, ``off_session``: the answer is the outcome, no browser finishes it."""
    away = _keys(model, site).must.get("off_session")
    return _confirmed(model, site) and away is not None and (constant(away) or "").lower() == "true"


def has_routes(model: Model, integration: Integration) -> bool:
    """Whether any way into the unit is seen: where none is, nothing can be said of what it hears."""
    return any(
        e.role in ("public", "customer", "platform", "staff") and model.program.unit(e.target.fn.file) == integration.unit
        for e in model.entries
    )


def paid_first(model: Model, integration: Integration) -> tuple[Fn, int] | None:
    """Where the first of the browser's routes writes that the order is paid; of those that ask the provider, or that bear its name, where
    there is one."""

    def rank(found: Transitions) -> tuple[bool, bool, bool]:
        named = named_after(found.entry, integration.provider)
        return not found.policy.proofs, not named, all((h.fn, h.instr) in found.policy.topped for h in found.paid)

    for found in sorted(integration.returns, key=rank):
        set_there = [h for h in found.paid if model.program.body(h.fn).op[h.instr] == Op.SET_FIELD]
        written = [h for h in found.paid if (touch := model.records.touch(h.fn, h.instr, h.ctx)) is not None and touch.writes]
        return told_at(model, next(iter(set_there or written or found.paid)))
    return None


def come_back(model: Model, integration: Integration) -> tuple[Fn, int] | None:
    """Where an order is first written behind a page to which the browser comes back from the provider: as paid, if that says so. A page
    that stands in a file of another provider's is that one's."""
    paying = [s for s in model.operations.sites if s.provider.kind == "payment" and model.program.unit(s.fn.file) == integration.unit]
    mine = {s.fn.file for s in paying if s.provider is integration.provider}
    others = {s.fn.file for s in paying} - mine
    back = [h.entry for h in model.handlers.all if h.kind == "redirect-return" and h.provider.id == integration.provider.id]
    for entry in sorted(back, key=lambda e: e.target.fn.file not in mine):
        file = entry.target.fn.file
        if model.program.unit(file) == integration.unit and file not in others:
            for effect in model.effects.of(entry.target):
                if _of_order(effect):
                    return effect.fn, effect.instr
    return None


def only_of_what_comes_back(events: frozenset[str]) -> bool:
    """Whether a handler hears of nothing but refunds, disputes and payouts: it is no place at which payments are heard of."""
    return bool(events) and all(_COMES_BACK.search(event) for event in events)
