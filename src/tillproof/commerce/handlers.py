"""The entry points that a provider, or a browser sent back by one, calls; and what is proven there before what happens."""

import re
from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

from tillproof.commerce.asked_paths import never_taken
from tillproof.commerce.browser_returns import BrowserReturns, folder_of, says_return
from tillproof.commerce.cloud_events import brought_by_bus
from tillproof.commerce.entries import Entry
from tillproof.commerce.entry_styles.hooks import reads_request
from tillproof.commerce.entry_styles.webhook_client import STYLE as WEBHOOK_CLIENT
from tillproof.commerce.event_names import event_names
from tillproof.commerce.handled import Handler, Walked
from tillproof.commerce.kept_failures import asked_for, kept_fields
from tillproof.commerce.lexicon import snake
from tillproof.commerce.names import speaks_of
from tillproof.commerce.proof import CONTINUES, Proven, SenderPolicy
from tillproof.commerce.reach import Closure
from tillproof.commerce.recognition import HOOK, called, caller, filed_under, is_unnamed, signs_of
from tillproof.commerce.registered import registered
from tillproof.commerce.told_addresses import ToldAddresses
from tillproof.commerce.unrouted import unrouted
from tillproof.flow.left_open import lent_to
from tillproof.flow.paths import MAX_CALLS, SHALLOWER, Walk
from tillproof.flow.program import ClassId, Fn
from tillproof.flow.proofs import NOTHING, Assumed, Happening, Outcome
from tillproof.flow.values import Const, FunctionV, Param, Result, Value, options
from tillproof.ir.ops import Kind, Op
from tillproof.knowledge.schema import Provider

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_DISPATCHED = 2
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
_OF_ADDRESS = ("Param", "Query", "Ip", "HostParam", "Session", "CurrentUser", "User")  # decorators of parameters
_WEBHOOK = re.compile(r"web_?-?hook", re.IGNORECASE)
_DIGESTS = re.compile(rb"hmac|signature", re.IGNORECASE)


class _Taken(NamedTuple):
    """A walk that was taken, what it was about, and what it found."""

    walked: Walked
    walk: Walk
    policy: SenderPolicy


class Handlers:
    """All handlers of a program."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._returns = BrowserReturns(model)
        self._closures: dict[int, Closure] = {}
        self.events = event_names(model.knowledge)
        self._payment_units: dict[str, list[Provider]] = {}
        self._by_dispatch: set[int] = set()
        self._naming: dict[str, bool] = {}
        self._supposed: tuple[Handler, _Taken] | None = None

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
                    if provider.kind == "payment" and self._is_loaded(provider, file)
                )  # fmt: skip
            self._payment_units[unit] = [self.model.knowledge.providers[name] for name, _ in asked.most_common()]
        return self._payment_units[unit]

    def _is_loaded(self, provider: Provider, file: str) -> bool:
        """Whether a file has the provider's script in a page: code of a server that only has its name, in a list of ways to pay, does not
        say so unless its address stands there, too, or it is named after it."""
        if not self.model.recogniser.usage.names(provider, file):
            return False
        name = provider.id.partition("-")[0].partition(".")[0]
        if name in file.lower():
            return True
        if self.model.program.language(file) == "javascript":
            word, own = name.encode(), name.capitalize().encode()  # not where a page only says so to people: "powered by Stripe"
            ends = rb"%b((?-i:[A-Z0-9_])|\(|\??\.\w|-\w|\s*[:=]\s)" % word
            spoken = rb"[@/._-]%b|(?-i:\w%b)|%b|[\"'`]%b[\"'`]" % (word, own, ends, word)
            return re.search(spoken, self.model.program.sources[file], re.IGNORECASE) is not None
        address = re.compile(rb"//[\w.-]*" + name.encode(), re.IGNORECASE)
        return self.model.recogniser.usage.imports(provider, file) or address.search(self.model.program.sources[file]) is not None

    @cached_property
    def all(self) -> list[Handler]:
        """Every handler, in order of file and line; an entry point is one handler at most, and a method that several classes inherit one
        for each of them: what it proves and does is theirs."""
        out: list[Handler] = []
        taken: set[tuple[Fn, ClassId | None]] = set()
        spoken_of = bool(self.model.operations.candidates()) or self._named_in_paths() or self._named_by_events()
        others = (*registered(self.model), *unrouted(self.model)) if spoken_of else ()
        for entry in (*self.model.entries, *others):
            own = entry.role == "internal" and entry.role_because is None
            key = entry.target.fn, lent_to(self.model.program, entry.target)
            if entry.style == "told" and key not in taken:
                taken.add(key)
                out.append(self._told(entry))
                continue
            if own or key in taken or not self._promising(entry) or self._only_chooses(entry):
                continue
            handler = self._handed_on(entry) if entry.role == "staff" else self._known(entry) if spoken_of else None
            handler = handler or self._strange(entry) or self._return_named(entry)
            if handler is not None:
                handler.admits = handler.admits or brought_by_bus(self.model, entry) or _proven_by_package(entry)
                taken.add(key)
                if not handler.walked.proofs and not handler.walked.happenings:
                    handler.walked = self.walk(entry, self.events.of.get(handler.provider.id, frozenset()))
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
    def of_customers(self) -> list[Entry]:
        """The ways in of strangers and customers by which no system tells of anything."""
        handling = {h.entry.target.fn for h in self.all}
        return [e for e in self.model.entries if e.role in ("public", "customer") and e.target.fn not in handling]

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
        name = f"{entry.route or ''} {called(self.model, entry)} {folder_of(entry)}"
        if (
            HOOK.search(name)
            or entry.style == WEBHOOK_CLIENT
            or filed_under(self.model, entry)
            or any(says_return(part) for part in (*name.split(), snake(called(self.model, entry))))
            or self.model.strangers.reads_signature(entry)
            or self.told.of(entry)
            or self.model.connected.of(entry) is not None
        ):
            return True
        telling = self.model.operations.telling_files
        near = [entry.target.fn, *self.model.reach.callees(entry.target.fn)]
        if any(map(self.model.strangers.makes_digest, near)):
            return True
        if any(fn.file in telling for fn in near) or any(f.file in telling for fn in near[1:] for f in self.model.reach.callees(fn)):
            return True
        return is_unnamed(entry) and any(self._names_event(fn.file) for fn in near)

    def _names_event(self, file: str) -> bool:
        """Whether a file has the name of an event that payment providers alone have."""
        if file not in self._naming:
            self._naming[file] = self.events.spelt.search(self.model.program.sources[file]) is not None
        return self._naming[file]

    def _named_by_events(self) -> bool:
        """Whether code that makes digests asks for events by the names that a payment provider gives them, and says nowhere whose they are:
        the account's settings at the provider are all that tie the two."""
        sources = self.model.program.sources
        return any(_DIGESTS.search(sources[file]) and self._names_event(file) for file in self.model.program.indices)

    def _named_in_paths(self) -> bool:
        """Whether a payment provider is named by a file's path alone, ``api/webhooks/paypal/route.ts``, or it or a carrier by what a
        function is called: ``shiprocket_webhook``."""
        named = [p for p in self.model.knowledge.providers.values() if p.kind in ("payment", "shipping")]
        paying = [p.id for p in named if p.kind == "payment"]
        if any(HOOK.search(file) and name in file.lower() for file in self.model.program.indices for name in paying):
            return True
        hooks = [name.lower() for name in self.model.program.functions_by_name if "hook" in name.lower()]
        return any(speaks_of(name, p.id.partition("-")[0]) for name in hooks for p in named)

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
        """A provider's webhook, or where it sends the browser. What calls itself a webhook is rather one of a system that no pack knows."""
        found = self._webhook(entry)
        if found is None and (entry.style == WEBHOOK_CLIENT or _WEBHOOK.search(f"{entry.route or ''} {called(self.model, entry)}")):
            found = self._strange(entry)
        return found or (self._return(entry) if entry.style != WEBHOOK_CLIENT else None)

    def _strange(self, entry: Entry) -> Handler | None:
        """A message of a payment system that no pack knows, or of a carrier."""
        told = self.model.strangers.told(entry)
        if told is None:
            return self.model.carriers.handler(entry) or self.model.goods_messages.handler(entry)
        return self._by_one_field(entry) or Handler(entry, told.provider, told.inbound, told.kind, self.closure(entry), told.why)

    def _by_one_field(self, entry: Entry) -> Handler | None:
        """Where a shop is paid by one system alone, one field of its messages beside the number of the order is enough to know it by."""
        closure, paying = self.closure(entry), self.paying(self.model.program.unit(entry.target.fn.file))
        near = (fn for fn, depth in closure.functions.items() if depth <= 1)
        read = frozenset[str]().union(*(self.model.vocabulary.tokens(fn) for fn in near)) if len(paying) == 1 else frozenset[str]()
        for inbound in paying[0].inbound if len(paying) == 1 else ():
            field = next((f for f in inbound.fields if f in read and "_" in f), None)
            if inbound.kind != "redirect-return" and field is not None and not read.isdisjoint(inbound.binds):
                kind: Literal["webhook", "ipn"] = "ipn" if inbound.kind == "ipn" else "webhook"
                why = f"it reads {field}, and the shop is paid through {paying[0].name} alone"
                return Handler(entry, paying[0], inbound, kind, closure, why)
        return None

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
        found.walked = self.walk(entry, self.events.of.get(provider.id, frozenset()))
        return found

    def _handed_on(self, entry: Entry) -> Handler | None:
        """A route for staff to which a provider's messages are handed on; not one by which they have a stored message done again."""
        asked = entry.role_because and HOOK.search(entry.route or "") and self._may_bring_message(entry)
        found = self._webhook_in(entry, self.closure(entry)) if asked else None
        if found is None or found.kind == "ipn" or len(self.events.own[found.provider.id] & found.closure.compared) < _DISPATCHED:
            return None
        found.admits = entry.role_because
        return found

    def _may_bring_message(self, entry: Entry) -> bool:
        """Whether a handler that is given pieces of the request is given more of it than parts of its address."""
        pieces = [name.rpartition(".")[2] for p in self.model.program.body(entry.target.fn).params for name, _ in p.decorators]
        return not pieces or any(piece not in _OF_ADDRESS for piece in pieces)

    @cached_property
    def working(self) -> frozenset[Fn]:
        """The functions that work off the jobs which webhooks plan: what fails there is tried again by the queue alone."""
        planned = (e for h in self.all if h.kind != "redirect-return" for e in self.model.effects.of(h.entry.target) if e.kind == "job")
        return frozenset(run.target.fn for e in planned for run in self.model.handovers.targets(e.fn, e.instr, e.ctx))

    @cached_property
    def told(self) -> ToldAddresses:
        """The addresses of ours that providers are told."""
        return ToldAddresses(self.model)

    def _webhook_in(self, entry: Entry, closure: Closure) -> Handler | None:
        found = caller(self.model, signs_of(self.model, entry, closure))
        if found is None:
            return None
        provider, inbound, why = found
        if {t.use for t in self.told.of(entry) if t.provider == provider.id} == {"browser"}:
            return None  # it sends the browser there with the fields of its messages
        return Handler(entry, provider, inbound, "ipn" if inbound.kind == "ipn" else "webhook", closure, why)

    def _return(self, entry: Entry) -> Handler | None:
        if entry.role in ("platform", "staff"):
            return None
        verifying = {k.provider.id: k.provider for _, _, k in self.closure(entry).verifiers if k.provider.kind == "payment"}
        asked = {p.id: p for p in self.paying(self.model.program.unit(entry.target.fn.file))}
        paying = list({**asked, **verifying}.values())
        return self._returns.of(entry, self.closure(entry), paying) if paying else None

    def _return_named(self, entry: Entry) -> Handler | None:
        """Where the browser comes back from a system that only its address names, or from whichever of many a file of its own is about."""
        owner = self.model.program.owner(entry.target.fn) if entry.route is None else None
        shown = owner is not None and self.model.wiring.evaluator.scope.shows_page(owner)  # a part of a page calls it, by a name of ours
        if entry.role in ("platform", "staff", "internal") or entry.style == WEBHOOK_CLIENT or shown:
            return None
        system = self.model.strangers.returned_from(entry)
        return self._returns.of(entry, self.closure(entry), [system]) if system is not None else None

    def signs_what_is_paid(self, unit: str) -> bool:
        """Whether a unit takes payments by a provider whose signature over what the browser brings back is made for paid ones alone."""
        return any(b.signs == "paid" for p in self.paying(unit) for b in p.inbound)

    # --- walking

    def walk(self, entry: Entry, events: frozenset[str]) -> Walked:
        """Walk from the guards to the end of the handler; deeper when nothing is met on the way."""
        walked, _ = self._walk(entry, events, MAX_CALLS)
        return walked if walked.proofs or walked.happenings else self._walk(entry, events, MAX_CALLS + 4)[0]

    def supposing(self, handler: Handler, assumed: Assumed) -> Walked:
        """What the walk would find if some edges and calls proved the sender."""
        events = self.events.of.get(handler.provider.id, frozenset())
        if self._supposed is None or self._supposed[0] is not handler:
            self._supposed = (handler, self._walk_to(handler.entry, events, handler.walked.deepest, NOTHING))
        return self._walk_to(handler.entry, events, handler.walked.deepest, assumed, self._supposed[1]).walked

    def _walk(self, entry: Entry, events: frozenset[str], deepest: int) -> tuple[Walked, list[Fn]]:
        """A walk of some depth; a shallower one where that stops before it is through, as long as no proof is lost by it."""
        found = self._walk_to(entry, events, deepest, NOTHING)
        for shallower in SHALLOWER if deepest <= MAX_CALLS else ():
            if not found.walk.cut:
                break
            nearer = self._walk_to(entry, events, shallower, NOTHING)
            if {(p.fn, p.instr) for p in found.walked.proofs} - {(p.fn, p.instr) for p in nearer.walked.proofs}:
                break
            found = nearer
        return found.walked, found.walk.visited()

    def _walk_to(self, entry: Entry, events: frozenset[str], deepest: int, assumed: Assumed, like: _Taken | None = None) -> _Taken:
        """A walk of some depth; ``like`` is one of the same entry under other assumptions."""
        policy = like.policy if like is not None else SenderPolicy(self.model, events)
        known = like.walk if like is not None else None
        walk = Walk(self.model.program, self.model.evaluator, policy, deepest, self._at_route(entry, assumed), known)
        proven = False
        for guard in entry.chain:
            proven = proven or self._guard_proves(walk, policy, guard)
        summary = walk.run(entry.target.fn, self.model.evaluator.entry_context(entry.target), proven)
        proofs = list(policy.proofs.values())
        kept = kept_fields(self.model, proofs)
        happenings = [
            h if h.proven or not asked_for(self.model, kept, h) else h._replace(proven=True)
            for h in summary.happenings
            if h.kind != CONTINUES
        ]
        return _Taken(Walked(_once(happenings), proofs, deepest), walk, policy)

    def _at_route(self, entry: Entry, assumed: Assumed) -> Assumed:
        """What is assumed, and that what stands before a handler does not go the ways that it goes for other routes."""
        action = _action(self.model.program.name(entry.target.fn)) if entry.style == "class" else ""
        if not (entry.route or action):
            return assumed
        guards = {fn for guard in entry.chain for fn in self.model.reach.functions_of(guard)}
        elsewhere = (never_taken(self.model.program, fn, entry.route or "", action) for fn in sorted(guards))
        return Assumed(assumed.edges.union(*elsewhere), assumed.calls)

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
        ends = [o for o in summary.outcomes if o.value is not None and not _is_answer(fn, o.value)]
        if ends and all(isinstance(o.value, Const) and o.value.kind == Kind.NULL for o in ends):
            return all(o.proven for o in ends)  # it stops a request by raising alone
        if _answers_instead(ends):
            return True
        going_on = [o for o in ends if o.value is not None and not self.model.recogniser.result_is("answers", o.value)]
        # a guard answers yes or no, or with an error in the place of no; a hook answers the request instead, or returns nothing
        if len(going_on) == len(ends) or not any(isinstance(o.value, Const) and o.value.kind == Kind.NULL for o in going_on):
            going_on = [o for o in going_on if o.truth is not False]
        return bool(going_on) and all(o.proven for o in going_on)


def _action(method: str) -> str:
    """What a controller's method is called as an action: ``actionPayNow`` is ``pay-now``, a method without such a mark itself."""
    bare = method.removeprefix("action")
    return snake(bare).replace("_", "-") if bare != method and bare[:1].isupper() else method


def _proven_by_package(entry: Entry) -> tuple[str, int, str] | None:
    """Whether a package proves the sender before it has our job run, since its settings name nothing of ours that does."""
    if entry.style != WEBHOOK_CLIENT or entry.chain:
        return None
    return *entry.place, "the package compares a keyed digest of the body with the header before it runs the job"


def _answers_instead(ends: list[Outcome]) -> bool:
    """Whether a hook returns nothing once the proof is made, and else what some call gives, which can only be the answer to the request:
    ``return service('response')->setStatusCode(400);``."""
    nothing = [o for o in ends if isinstance(o.value, Const) and o.value.kind == Kind.NULL]
    others = [o for o in ends if o not in nothing]
    return bool(nothing and others) and all(o.proven for o in nothing) and all(isinstance(o.value, Result) and not o.proven for o in others)


def _is_answer(fn: Fn, value: Value) -> bool:
    """Whether a guard returns the answer that it was handed: Fastify's ``return reply`` says that it has been sent."""
    return isinstance(value, Param) and value.fn == fn and value.number == 1 and value.name in ("reply", "res", "response")


def _once(happenings: list[Happening]) -> list[Happening]:
    """One happening per place, the unproven one first."""
    kept: dict[tuple[Fn, int], Happening] = {}
    for h in happenings:
        known = kept.get((h.fn, h.instr))
        if known is None or (known.proven and not h.proven):
            kept[h.fn, h.instr] = h
    return list(kept.values())
