"""The entry points that a provider, or a browser sent back by one, calls; and what is proven there before what happens."""

import posixpath
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from tillproof.commerce.entries import Entry
from tillproof.commerce.entry_styles.hooks import reads_request
from tillproof.commerce.lexicon import snake
from tillproof.commerce.operations import STARTS
from tillproof.commerce.proof import CONTINUES, POSSIBLE, Proven, SenderPolicy
from tillproof.commerce.reach import Closure
from tillproof.commerce.recognition import HOOK, called, caller, signs_of
from tillproof.commerce.registered import registered
from tillproof.commerce.request_fields import fields_of
from tillproof.commerce.unrouted import unrouted
from tillproof.flow.paths import MAX_CALLS, SHALLOWER, Walk
from tillproof.flow.program import Fn
from tillproof.flow.proofs import NOTHING, Assumed, Happening
from tillproof.flow.values import FunctionV, Value, options
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Inbound, Provider

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_RETURN = re.compile(
    r"(^|[/_-])(success(ful)?|succeeded|return(ed|_?url)?|cancel(l?ed)?|complete|completed|results?|thank[-_]?(you|s)|callback|redirect"
    r"|confirmation|confirm|verify[-_]?intent|payment[-_]?status|session[-_]?status|checkout[-_]?session|capture|verify([-_]?payment)?"
    r"|next|pay)($|[/_.?{<:-])",
    re.IGNORECASE,
)
_BACK = re.compile(
    r"(^|[/_-])(success(ful)?|succeeded|return(ed|_?url)?|cancel(l?ed)?|results?|thank[-_]?(you|s)|redirect|order[-_]?confirmation"
    r"|payments?[-_/]?(verify|confirm|complete|status|callback)|pay)($|[/_.?{<:-])",
    re.IGNORECASE,
)
_PAY = re.compile(r"(?<=[/_-])pay(?=$|[/_.?{<:-])")
_ACCOUNT = re.compile(
    r"auth|login|log-in|logout|passw|e-?mail|account|sso|team|reset|regist|sign|document|withdraw|subscri|return-?request", re.IGNORECASE
)
_CHECKOUT = re.compile(
    r"pay|checkout|order|purchase|donat|ticket|book|cart|basket|invoice|billing|shop|store|stripe|gateway", re.IGNORECASE
)
_CANCELS = re.compile(r"cancel[\w-]*/?(orders?|bookings?)|(orders?|bookings?)/([^/]+/)?cancel", re.IGNORECASE)
"""A customer takes his own order back, or staff looks through those that were."""
_SEVERAL = 3
_NEAR = 3
_DISPATCHED = 2
_TELLING = 12
_ANY_HEADER = {
    "x",
    "http",
    "id",
    "auth",
    "api",
    "key",
    "token",
    "type",
    "time",
    "request",
    "event",
    "topic",
    "date",
    "authorization",
    "url",
}
# Names that shops have for things of their own, too.
_ANY_FIELD = {"session_id", "sessionid", "payment_id", "transaction_code", "order_token", "checkout_token", "reference"}
_OF_ADDRESS = ("Param", "Query", "Ip", "HostParam", "Session", "CurrentUser", "User")  # decorators of parameters
_NO_PAYMENT = ("Customer", "Subscription", "Invoice", "SetupIntent", "Event")


@dataclass(slots=True)
class Walked:
    """What a walk from an entry point found. ``proven_first``: a guard before the handler proves the sender. ``deepest``: how many calls
    deep it went."""

    happenings: list[Happening]
    proofs: list[Proven]
    proven_first: bool
    deepest: int = MAX_CALLS

    @property
    def acts(self) -> list[Happening]:
        """What changes something: not the mere question which event it is."""
        return [h for h in self.happenings if h.kind not in ("dispatch", CONTINUES)]

    @property
    def unproven(self) -> list[Happening]:
        """What happens before or beside the proof. Where there is a proof, an effect that is only possible does not count against it
        unless the message was already asked what it is."""
        found = [h for h in self.happenings if not h.proven and h.kind != CONTINUES]
        if self.proofs and not any(h.kind == "dispatch" for h in found):
            found = [h for h in found if not h.kind.endswith(POSSIBLE)]
        return found


@dataclass(slots=True)
class Handler:
    """One handler: its entry point, the provider, and the kind of message. ``admits``: the place (file, line, what) that lets nobody else
    call it: signed-in staff, as which a platform's own servers hand on what the provider told them, or a package that proves the sender."""

    entry: Entry
    provider: Provider
    inbound: Inbound
    kind: Literal["webhook", "ipn", "redirect-return"]
    closure: Closure
    evidence: str
    walked: Walked = field(default_factory=lambda: Walked([], [], False))
    admits: tuple[str, int, str] | None = None


def _starts(closure: Closure, within: int) -> bool:
    """Whether a payment is begun so many calls away at the most."""
    return any(getattr(k.thing, "op", "") in STARTS for fn, _, k in closure.operations if closure.functions.get(fn, 9) <= within)


def _segments(route: str) -> list[str]:
    """The words of a route; what stands for a value is none."""
    return [s for s in route.strip("/").split("/") if s and s[0] not in "{<:["]


class Handlers:
    """All handlers of a program."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._closures: dict[int, Closure] = {}
        self._events = {p.id: frozenset(e for inbound in p.inbound for e in inbound.events) for p in model.knowledge.providers.values()}
        self._payment_units: dict[str, list[Provider]] = {}
        self._by_dispatch: set[int] = set()

    def closure(self, entry: Entry) -> Closure:
        """What an entry point reaches, guards included."""
        key = id(entry)
        if key not in self._closures:
            self._closures[key] = self.model.reach.of([*entry.chain, entry.target])
        return self._closures[key]

    def paying(self, unit: str) -> list[Provider]:
        """The payment providers that a unit talks to; those of the whole tree when it is one deployment of small units."""
        if unit not in self._payment_units:
            asked = Counter(
                provider.id for provider, fn, _ in self.model.operations.outbound
                if provider.kind == "payment" and (self.model.program.unit(fn.file) == unit or unit == ".")
            )  # fmt: skip
            if not asked:  # no call of ours: the provider's own script in a page
                asked = Counter(
                    provider.id for file in self.model.operations.candidates() if self.model.program.unit(file) == unit
                    for provider in self.model.knowledge.providers.values()
                    if provider.kind == "payment" and self.model.recogniser.usage.names(provider, file)
                )  # fmt: skip
            self._payment_units[unit] = [self.model.knowledge.providers[name] for name, _ in asked.most_common()]
        return self._payment_units[unit]

    @cached_property
    def all(self) -> list[Handler]:
        """Every handler, in order of file and line; an entry point is one handler at most."""
        out: list[Handler] = []
        taken: set[Fn] = set()
        spoken_of = bool(self.model.operations.candidates()) or self._named_in_paths()
        others = (*registered(self.model), *unrouted(self.model)) if spoken_of else ()
        for entry in (*self.model.entries, *others):
            own = entry.role == "internal" and entry.role_because is None
            if entry.style == "told" and entry.target.fn not in taken:
                taken.add(entry.target.fn)
                out.append(self._told(entry))
                continue
            if own or entry.target.fn in taken or not self._promising(entry) or self._only_chooses(entry):
                continue
            handler = self._handed_on(entry) if entry.role == "staff" else self._known(entry) if spoken_of else None
            handler = handler or self._strange(entry)
            if handler is not None:
                taken.add(entry.target.fn)
                if not handler.walked.proofs and not handler.walked.happenings:
                    handler.walked = self.walk(entry, self._events.get(handler.provider.id, frozenset()))
                out.append(handler)
        return [h for h in out if not self._told_of(h.entry)]

    def _only_chooses(self, entry: Entry) -> bool:
        """Whether an entry point hands its request to whichever provider's class it chooses: each of those is a handler of its own."""
        dispatching = self.model.gateways.dispatching
        return bool(dispatching) and any(fn in dispatching for fn in (entry.target.fn, *self.model.reach.callees(entry.target.fn)))

    @cached_property
    def entries(self) -> list[Entry]:
        """Every way into the code: the entry points, and the handlers that no route is seen to lead to."""
        routed = {entry.target.fn for entry in self.model.entries}
        return [*self.model.entries, *(h.entry for h in self.all if h.entry.target.fn not in routed)]

    @cached_property
    def answering(self) -> dict[Fn, dict[str, tuple[str, ...]]]:
        """The methods by whose answer a platform knows what a message means, with the keys and values on which it acts."""
        acts = {f.id: r.acts for f in self.model.knowledge.frameworks.values() for r in f.routes if r.acts}
        return {e.target.fn: acts[e.framework] for e in self.model.entries if e.style == "class" and e.framework in acts}

    @cached_property
    def proving_headers(self) -> frozenset[str]:
        """The headers that carry the proofs of payment providers and shop platforms."""
        inbound = (b for p in self.model.knowledge.providers.values() if p.kind in ("payment", "platform") for b in p.inbound)
        return frozenset(h for b in inbound for h in b.headers)

    @cached_property
    def handing_words(self) -> frozenset[str]:
        """The methods of platforms to which a controller hands what a provider has sent it."""
        inbound = (b for p in self.model.knowledge.providers.values() for b in p.inbound)
        return frozenset(w for b in inbound for words in b.hands.values() for w in words)

    @cached_property
    def notified(self) -> list[tuple[frozenset[str], frozenset[str]]]:
        """By payment provider, the names of the fields of its instant notifications, and those among them that no other provider has."""
        told = [b for p in self.model.knowledge.providers.values() if p.kind == "payment" for b in p.inbound if b.kind == "ipn"]
        owners = Counter(f for b in told for f in set(b.fields))
        return [(frozenset(f for f in b.fields if "_" in f), frozenset(f for f in b.fields if owners[f] == 1 and "_" in f)) for b in told]

    @cached_property
    def proving_words(self) -> frozenset[str]:
        """The words, in lower case, of which one stands in every function that names such a header or calls a verifier."""
        verifiers = (v for p in self.model.knowledge.providers.values() for v in p.verifiers)
        calls = {c.rpartition(".")[2].lower() for v in verifiers for names in v.calls.values() for c in names}
        headers = {word for h in self.proving_headers for word in h.split("-")} - _ANY_HEADER
        return frozenset(
            calls
            | headers
            | {h.replace("-", "_") for h in self.proving_headers}
            | {f"http_{h.replace('-', '_')}" for h in self.proving_headers}
        )

    def _told_of(self, entry: Entry) -> bool:
        """Whether a hook is only told of what another entry point was sent: by a call of ours, or by the platform, which has checked it."""
        if entry.style not in ("hook", "class") or entry.methods != ("NONE",) or entry.role != "platform":
            return False
        fn = entry.target.fn
        php = self.model.program.language(fn.file) == "php"
        return fn in self.model.listeners.told or (php and not reads_request(self.model.wiring, fn))

    def _promising(self, entry: Entry) -> bool:
        """A quick look: does its name say so, or does anything near it speak of a provider?"""
        name = f"{entry.route or ''} {self.model.program.name(entry.target.fn)} {_folder(entry)}"
        if HOOK.search(name) or any(_RETURN.search(part) for part in name.split()):
            return True
        telling = self.model.operations.telling_files
        near = [entry.target.fn, *self.model.reach.callees(entry.target.fn)]
        return any(fn.file in telling for fn in near) or any(f.file in telling for fn in near[1:] for f in self.model.reach.callees(fn))

    def _named_in_paths(self) -> bool:
        """Whether a payment provider is named by a file's path alone: ``api/webhooks/paypal/route.ts``."""
        named = [p.id for p in self.model.knowledge.providers.values() if p.kind == "payment"]
        return any(HOOK.search(file) and name in file.lower() for file in self.model.program.indices for name in named)

    def dispatched(self, handler: Handler) -> list[Fn]:
        """The verifying functions that a handler reaches only by a dispatch at run time, such as a method looked up by its name."""
        if id(handler.entry) not in self._by_dispatch:
            return []
        found = dict.fromkeys(p.fn for p in handler.walked.proofs if not p.refetch)
        return [self._outermost(fn) for fn in found]

    def _outermost(self, fn: Fn) -> Fn:
        """The function around a verifying helper that takes the request itself."""
        for above, _, _ in self.model.callers.of(fn):
            if any(p.name in ("request", "req") for p in self.model.program.body(above).params):
                return above
        return fn

    # --- kinds

    def _known(self, entry: Entry) -> Handler | None:
        return self._webhook(entry) or self._return(entry)

    def _strange(self, entry: Entry) -> Handler | None:
        """A message of a payment system that no pack knows."""
        told = self.model.strangers.told(entry)
        return Handler(entry, told.provider, told.inbound, told.kind, self.closure(entry), told.why) if told is not None else None

    def _webhook(self, entry: Entry) -> Handler | None:
        found = self._webhook_in(entry, self.closure(entry))
        if found is None and HOOK.search((entry.route or "") + " " + called(self.model, entry)):
            # dispatch that depends on what is handed over (a method by name) is seen by a walk only
            walked, visited = self._walk(entry, self.model.reach.event_names, MAX_CALLS + 4)
            found = self._webhook_in(entry, self.model.reach.around(visited))
            if found is not None:
                found.walked = walked
                self._by_dispatch.add(id(entry))
        return found

    def _told(self, entry: Entry) -> Handler:
        """A function that is told of messages by what has verified them: a package, or another function of ours."""
        provider = self.model.knowledge.providers[entry.framework]
        inbound = next((b for b in provider.inbound if b.tells), provider.inbound[0])
        kind: Literal["webhook", "ipn"] = "ipn" if inbound.kind == "ipn" else "webhook"
        found = Handler(entry, provider, inbound, kind, self.closure(entry), "it is told of its messages by what takes them")
        found.admits = (*entry.place, f"it is told by what takes {provider.name}'s messages, which proves them or owes it")
        found.walked = self.walk(entry, self._events.get(provider.id, frozenset()))
        return found

    def _handed_on(self, entry: Entry) -> Handler | None:
        """A route for staff to which a provider's messages are handed on; not one by which they have a stored message done again."""
        asked = entry.role_because and HOOK.search(entry.route or "") and self._may_bring_message(entry)
        found = self._webhook_in(entry, self.closure(entry)) if asked else None
        if found is None or found.kind == "ipn" or len(self.own_events(found.provider) & found.closure.compared) < _DISPATCHED:
            return None
        found.admits = entry.role_because
        return found

    def _may_bring_message(self, entry: Entry) -> bool:
        """Whether a handler that is given pieces of the request is given more of it than parts of its address."""
        pieces = [name.rpartition(".")[2] for p in self.model.program.body(entry.target.fn).params for name, _ in p.decorators]
        return not pieces or any(piece not in _OF_ADDRESS for piece in pieces)

    def own_events(self, provider: Provider) -> frozenset[str]:
        """The events by whose names alone a provider is known: no other has them."""
        return frozenset(e for e in self._events[provider.id] if self._event_owners[e] == 1 and len(e) > _TELLING)

    @cached_property
    def named_events(self) -> dict[str, frozenset[str]]:
        """The events of payment providers by whose names functions may be registered, since no shop calls its own events so; and whose
        they are."""
        paying = [p.id for p in self.model.knowledge.providers.values() if p.kind == "payment"]
        told = {e for name in paying for e in self._events[name] if len(e) >= _TELLING and not e.isalpha()}
        return {e: frozenset(name for name in paying if e in self._events[name]) for e in sorted(told, key=lambda e: (-len(e), e))}

    @cached_property
    def _event_owners(self) -> Counter[str]:
        return Counter(e for events in self._events.values() for e in events)

    def _webhook_in(self, entry: Entry, closure: Closure) -> Handler | None:
        found = caller(self.model, signs_of(self.model, entry, closure))
        if found is None:
            return None
        provider, inbound, why = found
        return Handler(entry, provider, inbound, "ipn" if inbound.kind == "ipn" else "webhook", closure, why)

    def _are_sent(self, entry: Entry, fields: list[str]) -> bool:
        """Whether several fields are read of the request, and not only names of what is stored."""
        sent = {part for key in fields_of(self.model, entry) for name in [key.rpartition(".")[2]] for part in (name, snake(name))}
        return len(sent.intersection(fields)) > 1

    def _return(self, entry: Entry) -> Handler | None:
        """A page or call by which the browser comes back from paying."""
        paying = self.paying(self.model.program.unit(entry.target.fn.file))
        if not paying or entry.role in ("platform", "staff"):
            return None
        closure = self.closure(entry)
        own = self.model.gateways.provider(entry) if entry.style == "gateway" and self.model.effects.acts(entry.target.fn) else None
        if own is not None and not _starts(closure, _NEAR):
            inbound = next((b for b in own.inbound if b.kind == "redirect-return"), Inbound(kind="redirect-return", proof="none"))
            return Handler(entry, own, inbound, "redirect-return", closure, "the class is the provider's")
        near = {t for t, (fn, _) in closure.texts.items() if closure.functions.get(fn, 9) <= 2}
        near |= {p.name for p in self.model.program.body(entry.target.fn).params}
        near |= {snake(name) for name in near if name.isidentifier()}  # the page may send the fields on in its own spelling
        if _starts(closure, 2) and not any(getattr(k.thing, "op", "") == "payment.retrieve" for _, _, k in closure.operations):
            return None  # the way to the provider, not back from it
        asked = [k for fn, _, k in closure.operations if closure.functions.get(fn, 9) <= 4 and getattr(k.thing, "confirms", False)]
        route = entry.route or entry.target.fn.file
        name = self.model.program.name(entry.target.fn)
        says = bool(_RETURN.search(route) or _RETURN.search(name))
        for provider in paying:
            for inbound in provider.inbound:
                if inbound.kind != "redirect-return":
                    continue
                fields = [f for f in inbound.fields if f in near and len(f) > 6]
                mine = [k for k in asked if k.provider.id == provider.id]
                signed = inbound.signs == "paid" and (says or len(fields) > 1) and self._makes_mac(closure)
                confirming = any(
                    getattr(k.thing, "op", "") == "payment.retrieve" and getattr(k.thing, "resource", "") not in _NO_PAYMENT for k in mine
                )
                if not mine and not _BACK.search(route):
                    fields = [f for f in fields if f not in _ANY_FIELD]
                if (
                    (fields and (says or mine or "GET" in entry.methods or self._are_sent(entry, fields)))
                    or (says and mine)
                    or confirming
                    or signed
                ):
                    why = f"it reads {fields[0]}" if fields else "it asks the provider" if mine else "it works out a signature"
                    return Handler(entry, provider, inbound, "redirect-return", closure, why)
        if (
            (_BACK.search(route) or _BACK.search(_folder(entry)))
            and "hook" not in route.lower()
            and not _ACCOUNT.search(route)
            and not (_CANCELS.search(route) and self._named(paying, route, entry) is None)
            and entry.role != "staff"
            and (_CHECKOUT.search(route + entry.target.fn.file) or all(_BACK.search(f"/{s}") for s in _segments(route)))
            and not _starts(closure, 4)
            and (len(paying) < _SEVERAL or self._named(paying, route, entry))
            and ({"GET", "ANY"} & set(entry.methods) or self._back_by(entry, route))
            and not self._leads_there(entry, route)
        ):
            provider = self._named(paying, route, entry) or paying[0]
            inbound = next((b for b in provider.inbound if b.kind == "redirect-return"), Inbound(kind="redirect-return", proof="none"))
            return Handler(entry, provider, inbound, "redirect-return", closure, "its route says so")
        return None

    def signs_what_is_paid(self, unit: str) -> bool:
        """Whether a unit takes payments by a provider whose signature over what the browser brings back is made for paid ones alone."""
        return any(b.signs == "paid" for p in self.paying(unit) for b in p.inbound)

    def _makes_mac(self, closure: Closure) -> bool:
        recogniser = self.model.recogniser
        asked = ((fn, i) for fn, i, name in closure.unresolved if closure.functions[fn] <= _NEAR and recogniser.may_be("macs", fn, name))
        return any(recogniser.is_("macs", fn, i) for fn, i in asked)

    def _back_by(self, entry: Entry, route: str) -> bool:
        """Whether the browser may say by a request other than a page's that it has paid: `PUT /orders/1/pay`, but no `POST /pay`, which is
        the way there, unless it marks the order."""
        if "pay" not in route:
            return False
        return _segments(route)[-1:] != ["pay"] or bool({"PUT", "PATCH"} & set(entry.methods)) or self.model.strangers.is_marked(entry)

    def _leads_there(self, entry: Entry, route: str) -> bool:
        """Whether a page is the way to the payment: its address says that somebody pays, it is brought nothing back and marks nothing."""
        said = _PAY.sub("", route)
        return said != route and not _BACK.search(said) and not fields_of(self.model, entry) and not self.model.strangers.is_marked(entry)

    def _named(self, paying: list[Provider], route: str, entry: Entry) -> Provider | None:
        text = (route + entry.target.fn.file).lower()
        return next((p for p in paying if p.id in text), None)

    # --- walking

    def walk(self, entry: Entry, events: frozenset[str]) -> Walked:
        """Walk from the guards to the end of the handler; deeper when nothing is met on the way."""
        walked, _ = self._walk(entry, events, MAX_CALLS)
        return walked if walked.proofs or walked.happenings else self._walk(entry, events, MAX_CALLS + 4)[0]

    def supposing(self, handler: Handler, assumed: Assumed) -> Walked:
        """What the walk would find if some edges and calls proved the sender."""
        events = self._events.get(handler.provider.id, frozenset())
        return self._walk_to(handler.entry, events, handler.walked.deepest, assumed)[0]

    def _walk(self, entry: Entry, events: frozenset[str], deepest: int) -> tuple[Walked, list[Fn]]:
        """A walk of some depth; a shallower one where that stops before it is through, as long as no proof is lost by it."""
        found = self._walk_to(entry, events, deepest, NOTHING)
        for shallower in SHALLOWER if deepest <= MAX_CALLS else ():
            nearer = self._walk_to(entry, events, shallower, NOTHING) if found[2] else found
            if not found[2] or {(p.fn, p.instr) for p in found[0].proofs} - {(p.fn, p.instr) for p in nearer[0].proofs}:
                break
            found = nearer
        return found[:2]

    def _walk_to(self, entry: Entry, events: frozenset[str], deepest: int, assumed: Assumed) -> tuple[Walked, list[Fn], bool]:
        """A walk of some depth, the functions it went through, and whether it had to stop before it was through."""
        policy = SenderPolicy(self.model, events)
        walk = Walk(self.model.program, self.model.evaluator, policy, deepest, assumed)
        proven = False
        for guard in entry.chain:
            proven = proven or self._guard_proves(walk, policy, guard)
        summary = walk.run(entry.target.fn, self.model.evaluator.entry_context(entry.target), proven)
        happenings = [h for h in summary.happenings if h.kind != CONTINUES]
        return Walked(_once(happenings), list(policy.proofs.values()), proven, deepest), walk.visited(), walk.cut

    def _wrapping(self, callee: Value) -> Proven | None:
        """The proof that a wrapper of outside makes before it calls the handler, at the call that makes it."""
        file, line = callee.at
        if file not in self.model.program.indices or isinstance(callee, FunctionV):
            return None
        known = self.model.recogniser.wraps(callee, self.model.program.language(file))
        if known is None:
            return None
        for fn in self.model.program.functions_calling_name(file, getattr(callee, "name", "")):
            body = self.model.program.body(fn)
            for i, op in enumerate(body.op):
                if op == Op.CALL and body.line[body.args(i)[0]] == line and body.called(i) == getattr(callee, "name", ""):
                    return Proven(fn, i, None, f"{known.provider.name}'s verification ({known.name.replace('()', '')})", "throws")
        return None

    def _guard_proves(self, walk: Walk, policy: SenderPolicy, guard: Value) -> bool:
        """Whether a middleware, guard, dependency or decorator lets only proven requests pass."""
        for option in options(guard):
            if (wrapped := self._wrapping(option)) is not None:
                policy.proofs.setdefault((wrapped.fn, wrapped.instr), wrapped)
                return True
            for fn in self.model.reach.functions_of(option):
                ctx = self.model.evaluator.entry_context(option) if isinstance(option, FunctionV) else None
                if self._function_proves(walk, fn, ctx, 0):
                    return True
        return False

    def _function_proves(self, walk: Walk, fn: Fn, ctx: object, depth: int) -> bool:
        summary = walk.run(fn, ctx)  # type: ignore[arg-type]
        passes = [h for h in summary.happenings if h.kind == CONTINUES]
        if passes:
            return all(h.proven for h in passes)
        inner = [o for outcome in summary.outcomes if outcome.value is not None for o in options(outcome.value) if isinstance(o, FunctionV)]
        if inner and depth < 3:
            return any(self._function_proves(walk, o.fn, None, depth + 1) for o in inner)
        ends = [o for o in summary.outcomes if o.value is not None]
        going_on = [o for o in ends if o.value is None or not self.model.recogniser.result_is("answers", o.value)]
        if len(going_on) == len(ends):  # a guard that answers yes or no; a hook answers the request instead, or returns nothing
            going_on = [o for o in ends if o.truth is not False]
        return bool(going_on) and all(o.proven for o in going_on)


def _folder(entry: Entry) -> str:
    """The folder that gives a route its name, where routes follow from where files lie."""
    return snake(posixpath.basename(posixpath.dirname(entry.target.fn.file))) if entry.style in ("beside", "file") else ""


def _once(happenings: list[Happening]) -> list[Happening]:
    """One happening per place, the unproven one first."""
    kept: dict[tuple[Fn, int], Happening] = {}
    for h in happenings:
        known = kept.get((h.fn, h.instr))
        if known is None or (known.proven and not h.proven):
            kept[h.fn, h.instr] = h
    return list(kept.values())
