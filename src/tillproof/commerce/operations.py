"""Where the code asks a provider to do something: by SDK, by raw HTTP, directly or through a wrapper of its own."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from tillproof.commerce.http import Requests
from tillproof.commerce.lent_senders import lent_senders
from tillproof.commerce.names import written
from tillproof.commerce.recognise import CLIENT, Known, Recogniser
from tillproof.commerce.sent_request import Request
from tillproof.commerce.spoken_operations import is_open
from tillproof.flow.callers import Callers
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx, External, Param, options
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Operation, Provider, Verifier

STARTS = ("payment.create", "checkout.create", "subscription.create")
"""Operations with which a payment begins."""
_LEVELS = 3
_MOST = 300
_INTEGRATED = ("payment", "tax", "shipping")
_FEW = 60
_HANDED = 3  # words of a call on a class of an SDK that is handed over
_MOST_HANDED = 12
_SHARE = 0.08
_WORDPRESS = tuple(f"wp_{safe}remote_{verb}" for safe in ("", "safe_") for verb in ("get", "post", "request"))
# Of a helper that sends any request: the libraries that its file names, and what it calls.
_LIBRARIES = ("httpx", "requests", "aiohttp", "axios", "got", "undici", "fetch", "GuzzleHttp", "curl_exec", *_WORDPRESS)
_SENDING = frozenset(["request", "fetch", "axios", "got", "curl_exec", *_WORDPRESS])


@dataclass(frozen=True, slots=True)
class OperationSite:
    """A call that does ``operation``. ``ctx`` is the caller's context where the operation depends on it. ``request`` when by raw HTTP."""

    provider: Provider
    operation: Operation
    fn: Fn
    instr: int
    ctx: Ctx | None
    certain: bool
    request: Request | None

    @property
    def asked(self) -> tuple[Fn, int] | None:
        """The outermost call of ours on which it hangs what is done; None where the call itself says it."""
        calls = [c for c in self.ctx.chain() if c.call >= 0] if self.ctx is not None else []
        return (calls[-1].caller, calls[-1].call) if calls else None


class Operations:
    """All operation sites of a program, found once."""

    def __init__(self, recogniser: Recogniser, requests: Requests, callers: Callers) -> None:
        self.recogniser = recogniser
        self.requests = requests
        self.callers = callers
        self.program = recogniser.program
        self.outbound: list[tuple[Provider, Fn, int]] = []
        self.sites: list[OperationSite] = []
        self._find()

    @cached_property
    def telling_files(self) -> frozenset[str]:
        """The files of ``candidates``."""
        return frozenset(self.candidates())

    def candidates(self) -> list[str]:
        """Files that hold a word of a provider's pack. A word that stands everywhere tells nothing, unless it is the name of a system that
        money, tax or parcels go through: then this is an integration of that system, and every file may ask it for something."""
        seen = Counter(word for index in self.program.indices.values() for word in index.words)
        named = {p.id for p in self.recogniser.knowledge.providers.values() if p.kind in _INTEGRATED}
        few = max(_FEW, len(self.program.indices) * _SHARE)
        telling = {word for word, count in seen.items() if count <= few or word in named}
        speaking = {path for path, index in self.program.indices.items() if not telling.isdisjoint(index.words)}
        speaking.update(self._addressed)
        return [path for path in self.program.indices if path in speaking]

    @cached_property
    def _addressed(self) -> list[str]:
        """The files that ask for a provider's address by the name of a setting: only where it is written does it say whose it is."""
        hosts = [h for p in self.recogniser.knowledge.providers.values() for h in (*p.hosts, *p.sandbox_hosts)]
        return self.recogniser.evaluator.scope.settings.asking(lambda address: any(host in address for host in hosts))

    def _find(self) -> None:
        for file in self.candidates():
            asking = self.recogniser.asking_words(language := self.program.language(file)) | self.recogniser.sending_names(file)
            if language == "javascript":
                asking |= {name for name in self.program.called(file) if CLIENT.fullmatch(name)}
            kept = self.recogniser.keeps_senders(file) or self.recogniser.chooses_classes(file)
            for fn in self.program.all_functions(file) if kept else self.program.functions_calling(file, asking):
                body = self.program.body(fn)
                for i, op in enumerate(body.op):
                    if op in (Op.CALL, Op.NEW):
                        self._look(fn, i)
        for fn in self._shared():
            body = self.program.body(fn)
            for i, op in enumerate(body.op):
                if op == Op.CALL and (request := self.requests.request(fn, i)) is not None and request.parametric:
                    self._ask(fn, i, request)

    def _shared(self) -> Iterator[Fn]:
        """Functions that send whatever request they are told to, in files that speak of no provider: a helper that adds retries."""
        files = dict.fromkeys(f for library in _LIBRARIES for f in self.program.mentioning(library))
        for file in sorted(files.keys() - self.telling_files):
            yield from (fn for fn in self.program.functions_calling(file, _SENDING) if self.program.body(fn).params)

    def _look(self, fn: Fn, i: int) -> None:
        known = self.recogniser.operation(fn, i)
        asked = self._told(fn, i, known) or [(known, None)] if known is not None else self._handed(fn, i) or self._named_in_text(fn, i)
        if not asked:
            self._given(fn, i)
        for one, ctx in asked:
            if isinstance(one.thing, Operation):
                self.sites.append(OperationSite(one.provider, one.thing, fn, i, ctx, one.certain, None))
        if asked:
            self.outbound.append((asked[0][0].provider, fn, i))
            return
        request = self.requests.request(fn, i)
        if request is not None:
            self._ask(fn, i, request)
            return
        for inner, n, ctx in lent_senders(self.recogniser, self.callers, fn, i):
            lent = self.requests.request(inner, n, ctx)
            for sent in lent.each() if lent is not None else ():
                self._match(inner, n, ctx, sent)

    def _handed(self, fn: Fn, i: int) -> list[tuple[Known, Ctx | None]]:
        """What a call does whose SDK, or class of it, is handed over: ``client.Charge.create(…)``, ``cls.resource.create(…)``."""
        body = self.program.body(fn)
        parts = written(self.program, fn, body.args(i)[0]).split(".")
        if len(parts) != _HANDED or parts[0] not in {p.name for p in body.params} or not self._of_an_sdk(fn, i, parts[1]):
            return []
        found = [(self.recogniser.operation(fn, i, ctx), ctx) for ctx in self.callers.above(fn, None)[:_MOST_HANDED]]
        return [(known, ctx) for known, ctx in found if known is not None and known.certain]

    def _told(self, fn: Fn, i: int, known: Known) -> list[tuple[Known, Ctx | None]]:
        """What a call does that hands on what its callers say, where one call serves all operations: ``def gql(query): execute(query)``."""
        if not known.provider.is_told or (isinstance(known.thing, Operation) and known.thing.says):
            return []
        given = [self.recogniser.evaluator.value(fn, v) for _, v in self.program.body(fn).call(i)[1]]
        if not is_open(self.recogniser.evaluator, given):
            return []
        level, found = self.callers.above(fn, None), list[tuple[Known, Ctx | None]]()
        for _ in range(_LEVELS):
            onward: list[Ctx] = []
            for ctx in level[:_MOST]:
                here = self.recogniser.operation(fn, i, ctx)
                if here is not None and isinstance(here.thing, Operation) and here.thing.says:
                    found.append((here, ctx))
                else:
                    onward += self.callers.above(fn, ctx)
            level = onward
        return found

    def _named_in_text(self, fn: Fn, i: int) -> list[tuple[Known, Ctx | None]]:
        """What a call does whose class and method its callers name: ``call_user_func_array([$class, $method], $args)``."""
        body = self.program.body(fn)
        callee = body.args(i)[0]
        if self.program.language(fn.file) != "php" or body.op[callee] != Op.INDEX or not body.params:
            return []
        found: list[tuple[Known, Ctx | None]] = []
        level: list[Ctx] = self.callers.above(fn, None)
        for _ in range(_LEVELS):
            onward: list[Ctx] = []
            for ctx in level[:_MOST]:
                known = self.recogniser.operation(fn, i, ctx)
                if known is not None:
                    found.append((known, ctx))
                elif isinstance(self.recogniser.evaluator.value(fn, body.args(callee)[1], ctx), Param):
                    onward += self.callers.above(fn, ctx)
            level = onward
        return found

    def _given(self, fn: Fn, i: int) -> None:
        """What a call does that is handed a method of an SDK, to call it with what else it is given: ``retry(Charge.create, amount=…)``."""
        body = self.program.body(fn)
        _, arguments = body.call(i)
        handed = [v for _, v in arguments if body.op[v] == Op.FIELD and body.name(v).lower() in self._asked]
        for method in handed if self.program.language(fn.file) == "python" else ():
            known = self.recogniser.named(fn, method)
            if known is None or not isinstance(known.thing, Operation):
                continue
            self.sites.append(OperationSite(known.provider, known.thing, fn, i, None, known.certain, None))
            self.outbound.append((known.provider, fn, i))

    @cached_property
    def _asked(self) -> frozenset[str]:
        return frozenset(self.recogniser.asking_words("python"))

    def _of_an_sdk(self, fn: Fn, i: int, resource: str) -> bool:
        """Whether a call is made on a class of an SDK: by its name, or because one stands there unless a subclass says otherwise."""
        if resource in self._resources:
            return True
        body = self.program.body(fn)
        base = self.recogniser.evaluator.value(fn, body.args(body.args(i)[0])[0])
        return any(isinstance(o, External) and o.name.partition(".")[0] in self._packages for o in options(base))

    @cached_property
    def _resources(self) -> frozenset[str]:
        """The classes of SDKs on which operations are asked for: ``PaymentIntent`` of ``stripe.PaymentIntent.create``."""
        things = [t for p in self.recogniser.knowledge.providers.values() for t in p.things()]
        names = [name.split(".") for thing in things for name in thing.calls.get("python", ())]
        return frozenset(parts[-2] for parts in names if len(parts) >= _HANDED and parts[0] and parts[-2][:1].isupper())

    @cached_property
    def _packages(self) -> frozenset[str]:
        return frozenset(n for p in self.recogniser.knowledge.providers.values() for n in p.packages.get("python", ()))

    def _ask(self, fn: Fn, i: int, request: Request) -> None:
        """A request by raw HTTP, in the contexts that say what it asks for."""
        seen: set[tuple[Fn, int, str, str]] = set()
        for ctx, specific in self._specific(fn, i, request):
            live = self.recogniser.evaluator.defuse(fn, ctx) if ctx is not None else None
            if live is not None and live.block_of[i] in live.dead:
                continue  # sent by another of the function's arms: ``if ('POST' === $method)``
            top = list(ctx.chain())[-1] if ctx else None
            for one in specific.each():
                key = (top.caller if top else fn, top.call if top else i, one.method, one.url)
                if key not in seen:
                    seen.add(key)
                    self._match(fn, i, ctx, one)

    def _specific(self, fn: Fn, i: int, request: Request) -> list[tuple[Ctx | None, Request]]:
        """The request in the contexts that settle where it goes: as many calls up as the operation hangs on a parameter, and no more."""
        done: list[tuple[Ctx | None, Request]] = []
        level: list[tuple[Ctx | None, Request]] = [(None, request)]
        for _ in range(_LEVELS):
            onward: list[tuple[Ctx | None, Request]] = []
            for ctx, here in level:
                above = self.callers.above(fn, ctx) if self._is_open(fn, here) else []
                if not above:
                    done.append((ctx, here))
                onward += [(c, self.requests.request(fn, i, c) or here) for c in above]
            level = onward[:_MOST]
        return done + level

    def _is_open(self, fn: Fn, request: Request) -> bool:
        """Whether the callers decide which operation of a provider this is, if any."""
        if self.requests.foreign(request):
            return False
        if self.requests.serves_all(request) and is_open(self.recogniser.evaluator, request.arguments):
            return True
        if len(request.paths) > 1 and self._is_inherited(fn):
            return True
        return request.parametric and (request.method == "ANY" or not self.requests.match(fn, request))

    def _is_inherited(self, fn: Fn) -> bool:
        """Whether a method is one that other classes inherit: which of several things it asks for may hang on whose object it is."""
        owner = self.program.owner(fn)
        return owner is not None and bool(self.recogniser.evaluator.scope.subclasses(owner))

    def _match(self, fn: Fn, i: int, ctx: Ctx | None, request: Request) -> None:
        matches = self.requests.match(fn, request, ctx)
        operation = next(((p, t) for p, t in matches if isinstance(t, Operation)), None)
        if operation is not None:
            if not self._in_a_library(fn, ctx):
                self.sites.append(OperationSite(operation[0], operation[1], fn, i, ctx, True, request))
            self.outbound.append((operation[0], fn, i))
            return
        provider = matches[0][0] if matches else self.requests.provider(request)
        if provider is not None:
            self.outbound.append((provider, fn, i))

    def _in_a_library(self, fn: Fn, ctx: Ctx | None) -> bool:
        """Whether a request is sent from within a copy of a provider's library: the operation stands where that is asked."""
        program, scope = self.program, self.recogniser.evaluator.scope
        on_way = {fn, *(link.caller for link in ctx.chain())} if ctx is not None else {fn}
        owners = [cls for one in on_way if program.language(one.file) == "php" and (cls := program.owner(one)) is not None]
        return any(scope.modules.is_carried(below) for cls in owners for below in (cls, *scope.subclasses(cls)))

    @cached_property
    def _sites_by_place(self) -> dict[tuple[Fn, int], list[OperationSite]]:
        found: dict[tuple[Fn, int], list[OperationSite]] = {}
        for site in self.sites:
            found.setdefault((site.fn, site.instr), []).append(site)
        return found

    def sites_at(self, fn: Fn, i: int) -> list[OperationSite]:
        """The sites that a call is, one for every operation that it may be."""
        return self._sites_by_place.get((fn, i), [])

    def at(self, fn: Fn, i: int, ctx: Ctx | None = None) -> Known | None:
        """The operation or verifier that a call is, by SDK or raw HTTP, in a context."""
        known = self.recogniser.known(fn, i, ctx)
        if known:
            return known[0]
        request = self.requests.request(fn, i, ctx)
        for one in request.each() if request is not None else ():
            for provider, thing in self.requests.match(fn, one, ctx):
                return Known(provider, thing, True, f"{one.method} {one.url}")
        return None

    def verifier_at(self, fn: Fn, i: int, ctx: Ctx | None = None) -> Known | None:
        """The verifier that a call is, if it is one."""
        known = self.recogniser.verifier(fn, i, ctx)
        if known:
            return known
        request = self.requests.request(fn, i, ctx)
        for one in request.each() if request is not None else ():
            for provider, thing in self.requests.match(fn, one, ctx):
                if isinstance(thing, Verifier):
                    return Known(provider, thing, True, f"{one.method} {one.url}")
        return None
