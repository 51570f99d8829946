"""Where requests leave for a system outside, and by which library: the provider's SDK or an HTTP client."""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from tillproof.commerce import raw_requests
from tillproof.commerce.by_method_name import chosen_method, chosen_names
from tillproof.commerce.carriers import carriers
from tillproof.commerce.lexicon import snake
from tillproof.commerce.names import Table, speaks_of, strip
from tillproof.commerce.pack_tables import LANGUAGES
from tillproof.commerce.recognise import GETS
from tillproof.commerce.sdk_defaults import LONGEST_DEFAULT, in_force
from tillproof.commerce.sent_request import Request, is_told
from tillproof.commerce.told_states import setting
from tillproof.flow.given_fields import given_fields
from tillproof.flow.program import Fn
from tillproof.flow.values import Choice, Ctx, Element, Instance, Member, Overlay, Param, Result, Value, leaves, names, options, pieces
from tillproof.ir.body import Body
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import HttpClient, Operation, Provider, SdkDefault

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_HOST = re.compile(r"(?:https?|ssl|tls)://([^/?#:]*)")
_INSIDE = re.compile(
    r"^(?:localhost|127\.|0\.0\.0\.0|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|\[|host\.docker\.internal$|[\w-]+$)"
    r"|\.(?:local|internal|localhost|svc|cluster\.local|test|example|invalid)$"
)
_OURS = re.compile(
    r"(?:^|[._])(?:app|base|site|self|own|my|frontend|front_end|server|home|public|host|store|shop|local)_?(?:url|uri|host|domain|origin)$",
    re.IGNORECASE,
)
_CONFIGURED = re.compile(r"url|uri|host|endpoint|domain|base", re.IGNORECASE)
# Addresses that somebody outside has registered with us, to be told of what happens here or to be asked what is theirs.
_REGISTERED = re.compile(
    r"(?:web_?hook|call_?back|notification|notify|postback|manifest|feed|remote|partner|supplier|vendor)_?(?:url|uri|endpoint|address)$",
    re.IGNORECASE,
)
# What the setting of an address says of it besides whose it is: ``STORE_API_BASE_URL``, ``paymentGatewayHost``.
_PLAIN = re.compile(
    r"(?:settings?|config(?:s|uration)?|process|environ|options?|params?|self|this|values?|secrets?|public|private|internal|external"
    r"|base|root|main|server|service|services|gateway|gateways|payments?|pay(?:ing)?|checkout|orders?|provider|merchant|store|shop|account"
    r"|api|apis|rest|graphql|http|https|url|urls|uri|host|hostname|endpoint|domain|address|path|prefix|port|link|site|backend|version"
    r"|live|prod|production|test|testing|sandbox|stage|staging|default|current|next|react|vite|nuxt|webhook|request|client|admin)"
)
_CLIENT = re.compile(r"(^|_)(client|api|connect(or|ion)?|sdk|rest)(_|$)")
_MAKERS = ("__construct", "__init__", "constructor")
# Where a library that gives up by itself is told not to.
_OFF = re.compile(rb"timeout['\"]?\s*(?:=>|=|:)\s*(?:None|0|false|null|Infinity|httpx\.Timeout\(None\))\s*[,)}\n]")
_LONGEST_CHAIN = 14
_SHORT = 4
_INITIALS = 2
_MOST_CALLERS = 24
_FEW_LEVELS = 2
# What developers run, or what is run once.
_TOOLS = re.compile(
    r"(?:^|/)(?:scripts?|bin|tools?|dev|testing|benchmarks?|codegen|installer|\.\w+|docs?|examples?|e2e\w*)/"
    r"|(?:^|/)packages/create[\w-]*/",  # an installer, `npm create …`; elsewhere it is what a route does: `api/create-order/`
    re.IGNORECASE,
)


@dataclass(slots=True)
class Sending:
    """A call that sends a request. ``provider``: the system, None when no pack knows it; ``certain`` unless the file's words alone say so.
    ``client``: the HTTP library, ``sdk``: what the SDK does by itself; one of them. ``made``: the call that made the client object, where
    it is seen. ``carried``: the request is an object that the client is handed. ``contexts``: callers' contexts in which the operation was
    recognised.
    """

    fn: Fn
    instr: int
    provider: Provider | None
    certain: bool
    operations: list[Operation] = field(default_factory=list)
    client: HttpClient | None = None
    sdk: SdkDefault | None = None
    request: Request | None = None
    made: tuple[Fn, int] | None = None
    carried: bool = False
    contexts: list[Ctx] = field(default_factory=list)


def _library(language: str, name: str) -> str:
    """What is imported, or called without an import, for a call name to mean that library."""
    name = name.partition("(")[0]
    if language == "javascript":
        return "/".join(name.split("/")[:2]).partition(".")[0] if name.startswith("@") else name.partition(".")[0]
    name = name.partition(".*")[0] if ".*" in name else name.rpartition(".")[0] or name
    if language == "python":
        name = ".".join(part for part in name.split(".") if part.islower())
    return name


def _may_wait_for_ever(client: HttpClient) -> bool:
    return any(d.timeout == 0 or (d.timeout or 0) > LONGEST_DEFAULT for d in client.defaults)


def run_by_hand(file: str) -> bool:
    """Whether a file is a tool that a developer runs, and breaks off when it hangs."""
    return _TOOLS.search(file) is not None


def _is_made(value: Value) -> bool:
    """Whether a call stands at the root of a chain."""
    here: Value | None = value
    for _ in range(_LONGEST_CHAIN):
        if isinstance(here, (Member, Overlay)):
            here = here.base
    return isinstance(here, (Result, Choice))


def _called_name(body: Body, call: int) -> str:
    callee = body.args(call)[0]
    return body.name(callee) if body.op[callee] in (Op.NAME, Op.FIELD) else ""


class Sendings:
    """All of them, found once; those of browsers are left out."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self.browser = model.browser
        self.clients: dict[str, Table[HttpClient]] = {lang: Table() for lang in LANGUAGES}
        self._makers: dict[str, Table[HttpClient]] = {lang: Table() for lang in LANGUAGES}
        self._unbounded: dict[str, Table[HttpClient]] = {lang: Table() for lang in LANGUAGES}
        self._modules: dict[str, set[str]] = {lang: set() for lang in LANGUAGES}
        self._libraries: dict[str, set[str]] = {lang: set() for lang in LANGUAGES}
        for framework in model.knowledge.frameworks.values():
            for client in framework.http_clients:
                self.clients[framework.language].add(client.calls, client)
                self._makers[framework.language].add(client.makes, client)
                self._libraries[framework.language] |= {_library(framework.language, c) for c in (*client.calls, *client.makes)}
                if _may_wait_for_ever(client):
                    lang = framework.language
                    self._unbounded[lang].add(client.calls, client)
                    self._modules[lang] |= {_library(lang, c) for c in (*client.calls, *client.makes)}

    @cached_property
    def by_function(self) -> dict[Fn, list[Sending]]:
        found: dict[Fn, list[Sending]] = {}
        for sending in self.all:
            found.setdefault(sending.fn, []).append(sending)
        return found

    @cached_property
    def all(self) -> list[Sending]:
        """In order of file and place."""
        found: dict[tuple[Fn, int], Sending] = {}
        for site in self.model.operations.sites:
            if self._inside_platform(site.provider, site.request, site.fn):
                continue
            one = found.setdefault((site.fn, site.instr), Sending(site.fn, site.instr, site.provider, site.certain, request=site.request))
            if site.operation not in one.operations:
                one.operations.append(site.operation)
            if site.ctx is not None:
                one.contexts.append(site.ctx)
        for provider, fn, i in self.model.operations.outbound:
            request = self.model.http.request(fn, i)
            if request is not None and (fn, i) not in found:
                found[fn, i] = Sending(fn, i, provider, True, request=request)
        for provider, fn, i in raw_requests.find(self.model):
            found.setdefault((fn, i), Sending(fn, i, provider, True))
        for one in (*self._elsewhere(found), *self._unused_clients({self._maker_of(s) for s in found.values()})):
            found[one.fn, one.instr] = one
        kept = [self._by(one) for one in found.values() if not self.browser.runs(one.fn.file)]
        return sorted((k for k in kept if k is not None), key=lambda s: (s.fn.file, self.model.program.body(s.fn).line[s.instr], s.instr))

    @cached_property
    def strange(self) -> list[Sending]:
        """The requests to systems that no pack knows, by any library: by those, too, that give up by themselves."""
        known = {(s.fn, s.instr): s for s in self.all}
        bounded = [one for one in self._elsewhere(known, waiting=False) if one.provider is None and not self.browser.runs(one.fn.file)]
        found = [*(s for s in self.all if s.provider is None), *bounded]
        return sorted(found, key=lambda s: (s.fn.file, self.model.program.body(s.fn).line[s.instr], s.instr))

    def _inside_platform(self, provider: Provider, request: Request | None, fn: Fn) -> bool:
        """Code inside a platform calls its functions without any wire."""
        return provider.kind == "platform" and request is None and not in_force(self.model, fn.file, provider.defaults)

    # --- by which library

    def _by(self, one: Sending) -> Sending | None:
        """The sending with the library that does it; None when it only makes what another call sends, or nothing is known."""
        program = self.model.program
        callee = program.body(one.fn).args(one.instr)[0]
        value = self.model.evaluator.value(one.fn, callee)
        by_sdk = one.request is None or self.model.recogniser.below(one.fn, one.instr, None)
        if by_sdk and one.provider is not None:
            known = in_force(self.model, one.fn.file, one.provider.defaults)
            one.sdk = self._fitting(value, known)
            one.made = one.made or self._maker(value)
            if one.made is None and (carrier := self._maker_of_carrier(one)) is not None:
                one.made, one.carried = carrier, True
            if one.sdk is None and one.made is not None:  # an RPC library's object, which sends what is called on it
                one.client = self._made_by(*one.made)
            return one if one.sdk is not None or one.client is not None else None
        known_by = (self.client_of(one.fn, one.instr, ctx) for ctx in (None, *one.contexts))
        one.client = next((c for c in known_by if c is not None), None)
        one.made = self._maker(value)
        if one.client is None:
            one.client, one.made = self._made_by(one.fn, one.instr), (one.fn, one.instr)
        return one if one.client is not None else None

    def client_of(self, fn: Fn, i: int, ctx: Ctx | None = None) -> HttpClient | None:
        """The library whose call this is."""
        table = self.clients[self.model.program.language(fn.file)]
        recogniser = self.model.recogniser
        for client, _, _, text in table.find((*recogniser.callee_names(fn, i, ctx), *chosen_names(recogniser, fn, i, ctx))):
            if not text or self.model.recogniser.is_("http", fn, i, ctx):
                return client
        return None

    def _made_by(self, fn: Fn, i: int) -> HttpClient | None:
        """The library of whose client objects this call makes one."""
        table = self._makers[self.model.program.language(fn.file)]
        return next((client for client, *_ in table.find(self.model.recogniser.callee_names(fn, i, None))), None)

    def _waits_for_ever(self, fn: Fn, i: int) -> bool:
        client = self.client_of(fn, i) or self._made_by(fn, i)
        return client is not None and _may_wait_for_ever(client)

    def _fitting(self, callee: Value, known: list[SdkDefault]) -> SdkDefault | None:
        """The default of the package that a callee belongs to; of the only one, else of the most careful."""
        said = {n.replace("()", "").lower() for n in names(callee)}
        for default in known:
            roots = [m.lower() for m in (default.package, *default.modules)]
            if any(n == r or n.startswith((r + ".", r + "/")) for n in said for r in roots):
                return default
        return max(known, key=lambda d: (d.timeout is None, d.timeout or 0, d.retries or 0)) if known else None

    def _maker(self, callee: Value) -> tuple[Fn, int] | None:
        """The call at the root of a chain on a client object, also of one that is only made where none is handed over: ``$client ?: new
        Client()``."""
        here: Value | None = callee
        found: tuple[Fn, int] | None = None
        for _ in range(_LONGEST_CHAIN):
            if isinstance(here, Choice):
                here = next((o for o in options(here) if isinstance(o, (Member, Result, Overlay)) and _is_made(o)), None)
            elif isinstance(here, Overlay):
                here = here.base
            elif isinstance(here, Result):
                if here.instr >= 0:
                    found = here.fn, here.instr
                here = here.callee
            elif isinstance(here, (Member, Element)):
                here = here.base
            else:
                break
        return found

    def _maker_of_carrier(self, one: Sending) -> tuple[Fn, int] | None:
        """The call that made the client which a request object is handed to."""
        return next((made for value in carriers(self.model, one.fn, one.instr) if (made := self._maker(value)) is not None), None)

    def called_on(self, one: Sending) -> list[int]:
        """The calls on an object that is made to be called as if the system were here, ``client.service.Refund(…)``, in the function that
        makes it."""
        if self._made_by(one.fn, one.instr) is None:
            return []
        body, value = self.model.program.body(one.fn), self.model.evaluator.value
        calls = (i for i, op in enumerate(body.op) if op == Op.CALL and i != one.instr and body.op[body.args(i)[0]] == Op.FIELD)
        return [i for i in calls if self._maker(value(one.fn, body.args(i)[0])) == (one.fn, one.instr)]

    def _maker_of(self, one: Sending) -> tuple[Fn, int] | None:
        body = self.model.program.body(one.fn)
        return self._maker(self.model.evaluator.value(one.fn, body.args(one.instr)[0]))

    def _unused_clients(self, seen: "set[tuple[Fn, int] | None]") -> Iterator[Sending]:
        """Clients of an SDK that waits for ever, or longer than anybody would, made for calls that no pack names."""
        program = self.model.program
        for provider in self.model.knowledge.providers.values():
            waiting = {d.language for d in provider.defaults if d.timeout == 0 or (d.timeout or 0) > LONGEST_DEFAULT}
            for language in sorted(waiting):
                packages = {p.lower() for p in provider.packages.get(language, ())}
                for file, index in program.indices.items():
                    own = program.language(file) == language
                    names_ = {i.local for i in index.imports if _packages(i.module, language) & packages} if own else ()
                    for name in sorted(names_):
                        for fn in program.functions_calling_name(file, name):
                            for i in self._calls_of(fn, name):
                                if (fn, i) not in seen and self._makes_client(provider, language, fn, i):
                                    yield Sending(fn, i, provider, True, made=(fn, i))

    def _calls_of(self, fn: Fn, name: str) -> list[int]:
        body = self.model.program.body(fn)
        return [i for i, op in enumerate(body.op) if op in (Op.CALL, Op.NEW) and _called_name(body, i) == name]

    def _makes_client(self, provider: Provider, language: str, fn: Fn, i: int) -> bool:
        makers = {c.lower() for c in provider.clients.get(language, ())}  # type: ignore[call-overload]
        known = self.model.recogniser.callee_names(fn, i, None)
        return any(strip(n).lower() in makers for n in known)

    # --- requests to systems that no operation of a pack is asked of

    def _elsewhere(self, known: dict[tuple[Fn, int], Sending], waiting: bool = True) -> Iterator[Sending]:
        """By libraries that may wait for ever, or by all others."""
        program, recogniser = self.model.program, self.model.recogniser
        for file in program.indices:
            language = program.language(file)
            endless = waiting and _OFF.search(program.sources[file]) is None
            tables, libraries = (self._unbounded, self._modules) if endless else (self.clients, self._libraries)
            words = tables[language].words() | self._makers[language].words() | ({GETS} if language == "python" else set())
            if run_by_hand(file) or not self._speaks_of_client(file, language, libraries[language]) or self.browser.runs(file):
                continue
            mine = {i.local.lower() for i in program.indices[file].imports if i.module in libraries[language]}
            for fn in program.functions_calling(file, words | mine):
                body = program.body(fn)
                for i, op in enumerate(body.op):
                    if op not in (Op.CALL, Op.NEW) or (fn, i) in known or not self._may_send(fn, i, words | mine):
                        continue
                    if recogniser.is_ours(fn, i, None) or (endless and not self._waits_for_ever(fn, i)):
                        continue
                    one = self._unknown(fn, i)
                    if one is not None:
                        yield one

    def _may_send(self, fn: Fn, i: int, words: AbstractSet[str]) -> bool:
        body = self.model.program.body(fn)
        callee = body.args(i)[0]
        if body.op[callee] not in (Op.NAME, Op.FIELD):
            return chosen_method(self.model.recogniser, fn, i) >= 0
        return body.name(callee).rpartition(".")[2].lower() in words or chosen_method(self.model.recogniser, fn, i) >= 0

    def _speaks_of_client(self, file: str, language: str, modules: set[str]) -> bool:
        """Whether a file imports one of these HTTP libraries, or calls a function of one that needs no import."""
        for item in self.model.program.indices[file].imports:
            module = item.module.removeprefix("node:")
            if module in modules or f"{module}.{item.name}" in modules or module.partition(".")[0] in modules:
                return True
        source = self.model.program.sources[file]
        if language == "javascript":
            return "fetch" in modules and b"fetch(" in source
        if language == "php" and any(m.replace(".", "\\").encode() in source for m in modules if "." in m):
            return True  # `new \GuzzleHttp\Client()`, with no `use` before it
        return language == "php" and any(m.partition("_")[0].encode() + b"_" in source for m in modules if "_" in m)

    def _unknown(self, fn: Fn, i: int) -> Sending | None:
        """A request to a host that no pack knows, or that only the configuration knows; None when it stays inside."""
        request = self.model.http.request(fn, i)
        if request is None:
            return None
        return self._outside(fn, i, request) or (self._by_callers(fn, i) if request.parametric else None)

    def _by_callers(self, fn: Fn, i: int) -> Sending | None:
        """A request of a helper whose callers say where it goes, or theirs where they hand on what they are given."""
        found: Sending | None = None
        waiting = self.model.callers.above(fn, None)[:_MOST_CALLERS]
        for ctx in waiting:
            request = self.model.http.request(fn, i, ctx)
            one = self._outside(fn, i, request) if request is not None else None
            if one is None or request is None:
                onward = request is not None and request.parametric and ctx.depth < _FEW_LEVELS
                waiting += self.model.callers.above(fn, ctx)[: _MOST_CALLERS - len(waiting)] if onward else []
                continue
            found = found or one
            found.contexts.append(ctx)
            found.provider, found.certain = (one.provider, True) if one.provider is not None else (found.provider, found.certain)
            for _, thing in self.model.http.match(fn, request) if one.provider is not None else ():
                if isinstance(thing, Operation) and thing not in found.operations:
                    found.operations.append(thing)
        return found

    def _outside(self, fn: Fn, i: int, request: Request) -> Sending | None:
        """A request whose address is that of a system outside."""
        told = self._told_by_file(fn.file)
        for one in request.each():
            host = _HOST.match(one.url)
            if host and (not host[1] or is_told(host[1])):
                if host[1] and not _INSIDE.search(host[1]):
                    return Sending(fn, i, self.model.http.provider(one), True, request=request)
            elif host or (told is not None and "/" in one.url) or self._configured(request) or self._registered(fn, i) or self._asked(one):
                if self._ours(fn, request):
                    continue
                by_file = None if told and self._is_anothers(one, told) else told
                return Sending(fn, i, by_file or self._named_by_setting(one), False, request=request)
        return None

    def _told_by_file(self, file: str) -> Provider | None:
        """The one provider that a file's own name or words name; not the platform in whose process a plugin runs, which it need not ask."""
        words = self.model.program.indices[file].words
        hosted = any(f.hosts_plugins for f in self.model.wiring.active.of(file))
        known = [p for p in self.model.knowledge.providers.values() if not (hosted and p.kind == "platform")]
        name = snake(file.rpartition("/")[2])
        for found in (
            [p for p in known if speaks_of(name, p.id, _SHORT)],
            [p for p in known if any(speaks_of(w.lower(), p.id, _SHORT) for w in words)],
            [p for p in known if self.model.recogniser.mentions(p, file)],
        ):
            if found:
                return found[0] if len(found) == 1 else None
        return None

    def _configured(self, request: Request) -> bool:
        """Whether an address begins with a configured one, or with one that the object which sends it was made with."""
        if request.url_value is None:
            return False
        if any(self._is_made_with(part) for part in pieces([request.url_value], 40)):
            return True
        if all(self.model.recogniser.result_is("config", one) for one in options(request.url_value)):
            return True  # all of it is a setting, whatever that is called
        return any(_CONFIGURED.search(text) for text in self._settings(request))

    def _settings(self, request: Request) -> list[str]:
        """Names of the settings that an address is read from: ``process.env.PAY_URL``, ``config("PAY_URL")``, ``settings.PAY["url"]``."""
        if request.url_value is None:
            return []
        told = [
            text
            for leaf in leaves(request.url_value, 40)
            for text in (*names(leaf), *(n for n in names(request.url_value) if n.startswith(names(leaf))))
            if self.model.recogniser.result_is("config", leaf) or text.isupper() or "settings" in text
        ]
        return told + [name for part in pieces([request.url_value], 40) if (name := setting(self.model, part))]

    def _named_by_setting(self, request: Request) -> Provider | None:
        """The one provider that the setting of an address is named after."""
        told = [snake(text.rpartition(".")[2].strip("#?")) for text in self._settings(request)]
        known = self.model.knowledge.providers.values()
        found = [p for p in known if any(own.lower() in text.split("_") for text in told for own in (p.id, *p.names))]
        return found[0] if len(found) == 1 else None

    def _is_made_with(self, value: Value) -> bool:
        """Whether a value is the address that a client is made with, or told, ``__construct($apiUrl, $secret)``: somebody else's, or the
        class would ask for none."""
        if isinstance(value, Member) and isinstance(value.base, Instance):
            declared = given_fields(self.model.evaluator.scope, value.base.cls)
            return value.name in declared and self._names_another(value.name)
        if not isinstance(value, Param) or not self._names_another(value.name):
            return False
        name = snake(self.model.program.qualified(value.fn).rpartition(".")[0])
        return self.model.program.name(value.fn) in _MAKERS or _CLIENT.search(name) is not None

    @staticmethod
    def _names_another(name: str) -> bool:
        """Whether what an object is made with is by its name the address of somebody else."""
        return _CONFIGURED.search(name) is not None and _OURS.search(name.replace("base", "")) is None

    def _is_anothers(self, request: Request, told: Provider) -> bool:
        """Whether the setting that an address begins with is named after a system that is not the one its file speaks of."""
        if request.url_value is None:
            return False
        settings = [
            snake(text.rpartition(".")[2].strip("#?"))
            for leaf in leaves(request.url_value, 40)
            for text in names(leaf)
            if _CONFIGURED.search(text.rpartition(".")[2])
        ]
        if any(own.lower() in setting for setting in settings for own in (told.id, *told.names)):
            return False
        return any(len(w) > _SHORT and not _PLAIN.fullmatch(w) for setting in settings for w in setting.split("_"))

    def _registered(self, fn: Fn, i: int) -> bool:
        """Whether an address is one that is kept with a record, for what happens here to be told to it."""
        body = self.model.program.body(fn)
        given = [value for _, value in body.call(i)[1][:1]]
        return any(body.op[v] in (Op.FIELD, Op.NAME) and _REGISTERED.search(body.name(v)) for v in given)

    def _asked(self, request: Request) -> bool:
        """Whether whoever sends us a request says where this one goes."""
        return request.url_value is not None and bool(self.model.requests.sources_in(request.url_value, 40))

    def _ours(self, fn: Fn, request: Request) -> bool:
        """Whether an address is our own shop's."""
        if request.url_value is None:
            return False
        texts = [n for leaf in leaves(request.url_value, 40) for n in names(leaf) if not isinstance(leaf, (Param, Instance))]
        return any(_OURS.search(t.replace("()", "")) and not (_is_of_a_system(t) or _is_of_the_file(t, fn.file)) for t in texts)


def _packages(module: str, language: str) -> set[str]:
    """By what names a module is of a package: ``twilio.rest`` is of ``twilio``."""
    own = module.lower()
    return {own, own.partition(".")[0]} if language == "python" else {own}


def _is_of_the_file(setting: str, file: str) -> bool:
    """Whether a setting is named after the system that its file is named after, too: ``ACME_BASE_URL`` in ``AcmeService.js``."""
    spoken = snake(file.rpartition("/")[2].partition(".")[0]).split("_")
    said = snake(setting.rpartition(".")[2].strip("#?")).split("_")
    return any(w in spoken and len(w) > _INITIALS and not _PLAIN.fullmatch(w) and not _OURS.search(f"{w}_url") for w in said)


def _is_of_a_system(setting: str) -> bool:
    """Whether a setting stands in a group of settings that is named after somebody: ``settings.ACME_PAY.BASE_URL``."""
    holder = setting.rpartition(".")[0].rpartition(".")[2]
    return holder.isupper() and any(not _PLAIN.fullmatch(word) for word in holder.lower().split("_") if len(word) > _INITIALS)
