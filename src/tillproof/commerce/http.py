"""Requests sent by raw HTTP: method, address, headers and body, and which provider's operation they are."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from tillproof.commerce.by_method_name import chosen_method, sends_by_name
from tillproof.commerce.clients import Clients
from tillproof.commerce.joined_addresses import joined
from tillproof.commerce.lent_senders import spread
from tillproof.commerce.lexicon import snake
from tillproof.commerce.names import Table, written
from tillproof.commerce.pack_tables import LANGUAGES
from tillproof.commerce.prepared import handed_over, prepared
from tillproof.commerce.recognise import Recogniser
from tillproof.commerce.rest_names import rest_names
from tillproof.commerce.sent_request import Request, is_told, split
from tillproof.commerce.spoken_operations import says
from tillproof.flow.program import Fn
from tillproof.flow.shape import Shape, shape
from tillproof.flow.values import (
    Choice,
    ClassV,
    Const,
    Ctx,
    External,
    Instance,
    Member,
    Mix,
    Param,
    Record,
    Result,
    Text,
    Value,
    constant,
    leaves,
    names,
    options,
    pattern,
)
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Operation, Provider, Verifier

_VERBS = {"get", "post", "put", "patch", "delete", "head"}
_URL_KEYS = ("url", "uri", "baseurl", "path", "wsdl")
_OWN_SERVER = {"fetch", "axios", "ky"}
_BASES = ("baseurl", "base_url", "base_uri", "prefixurl")
_HOSTS = ("hostname", "host")
_HOST = re.compile(r"[\w-]+(\.[\w-]+)+")
_TELLING = {*_URL_KEYS, *_BASES, *_HOSTS, "method", "verb"}
_LONG = 3
"""How many segments of a path that are written down make it one provider's own."""
_MOST_ADDRESSES = 6
_MOST_TRIMS = 3
_TRIMS = ("strip", "rstrip", "trim", "rtrim", "trimEnd")


class Requests:
    """Recognises raw HTTP requests and matches them to the packs' REST names and hosts."""

    def __init__(self, recogniser: Recogniser, in_browser: Callable[[str], bool]) -> None:
        self.recogniser = recogniser
        self._in_browser = in_browser
        self.evaluator = recogniser.evaluator
        self.program = recogniser.program
        self.clients = Clients(recogniser.program, recogniser.evaluator)
        self._memo: dict[tuple[Fn, int, int], Request | None] = {}
        self._of_path: dict[str, frozenset[str]] = {}
        self._said: dict[tuple[str, str], bool] = {}
        self._rest = rest_names(recogniser.knowledge)
        providers = recogniser.knowledge.providers.values()
        self._saying = [(p, verifier) for p in providers for verifier in p.verifiers if verifier.says]
        self._addressed: dict[str, Table[int]] = {lang: Table() for lang in LANGUAGES}
        self._keeping: dict[str, Table[tuple[str, ...]]] = {lang: Table() for lang in LANGUAGES}
        for framework in recogniser.knowledge.frameworks.values():
            for client in framework.http_clients:
                if client.kept_as:
                    self._keeping[framework.language].add(client.calls, client.kept_as)
                for maker, place in client.address_at.items():
                    self._addressed[framework.language].add((maker,), place)

    def request(self, fn: Fn, i: int, ctx: Ctx | None = None) -> Request | None:
        """The request that a CALL sends, or None."""
        key = (fn, i, id(ctx))
        if key not in self._memo:
            sends = self.recogniser.is_("http", fn, i, ctx) or sends_by_name(self.recogniser, fn, i, ctx)
            self._memo[key] = self._request(fn, i, ctx) if sends else self._below(fn, i, ctx)
        return self._memo[key]

    def _below(self, fn: Fn, i: int, ctx: Ctx | None) -> Request | None:
        """The request of a provider's client object, to a path below the one that its API begins with: ``wcapi.put("products/7", …)``."""
        body = self.program.body(fn)
        if body.op[i] != Op.CALL:
            return None
        callee, raw = body.call(i)
        verb = body.called(i).lower().removesuffix("async") if body.op[callee] == Op.FIELD and raw else ""
        base = self.recogniser.below(fn, i, ctx) if verb in _VERBS else ""
        if not base:
            return None
        path = self.evaluator.value(fn, raw[0][1], ctx)
        texts = [f"{base}/{text.strip('/')}" for text in _addresses(path, self._written_beside)]
        open_ = any(isinstance(x, Param) for x in leaves(path))
        return Request(
            verb.upper(), texts[0], path, lambda: tuple(self.evaluator.value(fn, v, ctx) for _, v in raw), open_, tuple(texts[1:])
        )

    def _request(self, fn: Fn, i: int, ctx: Ctx | None) -> Request | None:
        body = self.program.body(fn)
        callee, raw = body.call(i)
        arguments = spread([(k, self._telling(fn, v, ctx)) for k, v in raw])
        by_name = chosen_method(self.recogniser, fn, i)
        chosen = self.evaluator.value(fn, by_name, ctx) if by_name >= 0 else None
        word = (self._sender(fn, i, ctx) if chosen is None else constant(chosen) or "").lower()
        if word in ("curl_exec", "curl_init"):
            return self._curl(fn, i, ctx, word)
        options = self._options(arguments)
        method = self._method(word, arguments, options)
        if (lasting := self._lasting(fn, callee, ctx)) is not None:
            return Request(
                "POST", pattern(lasting), lasting, lambda: tuple(v for _, v in arguments), any(_handed(x) for x in leaves(lasting))
            )
        ready = handed_over(self.evaluator, self.program, fn, i, ctx)
        url = self._url(word, arguments, options) if ready is None else None
        told: tuple[Value, ...] = ()
        if url is None and (ready := ready or prepared(self.evaluator, self.program, fn, i, ctx)) is not None:
            url, method, told = ready
        if url is None:
            return None
        texts = tuple(_addresses(url, self._written_beside))
        if word in _OWN_SERVER and texts[0].startswith("/") and body.op[callee] == Op.NAME:
            return None  # a page asking its own server
        if not all(text.startswith("http") for text in texts):
            base, kept = _base([options, *(shape(self.evaluator, c) for c in self._client(fn, callee, ctx))])
            texts = tuple(dict.fromkeys(_onto(base, text) for text in texts))
            url = url if kept is None else Text(url.at, (kept, url))
            if any(text.startswith("http") for text in texts):  # ``if (!str_starts_with($url, 'http')) $url = self::host() . $url``
                texts = tuple(text for text in texts if text.startswith(("http", "{}")))

        def given() -> tuple[Value, ...]:
            return (*(self.evaluator.value(fn, v, ctx) for _, v in raw), *told, *self._client(fn, callee, ctx))

        open_ = any(_handed(x) for part in (url, chosen) if part is not None for x in leaves(part))
        return Request(method, texts[0], url, given, open_, texts[1:])

    def _sender(self, fn: Fn, i: int, ctx: Ctx | None) -> str:
        """The name of what is called; where that is kept by a name of its own, ``send = requests.post``, the name that it has there."""
        body = self.program.body(fn)
        callee = body.args(i)[0]
        if body.op[callee] == Op.FIELD or not self.recogniser.keeps_senders(fn.file):
            return body.called(i)
        meant = {name.rpartition(".")[2] for name in names(self.evaluator.value(fn, callee, ctx))}
        return "" if len(meant) > 1 else next(iter(meant), "")

    def _written_beside(self, value: Value) -> Value | None:
        """The address that a setting has where nobody sets it: ``env('PAY_URL', 'https://…')``, with or without its last slash."""
        for _ in range(_MOST_TRIMS):
            if not isinstance(value, Result) or value.instr < 0:
                return None
            given = [v for _, v in self.evaluator.arguments(value)]
            if self.recogniser.result_is("config", value):
                return next((v for v in given[1:2] if "://" in (constant(v) or "")), None)
            trims = isinstance(value.callee, (Member, External)) and value.callee.name.rpartition(".")[2] in _TRIMS
            inner = value.callee.base if isinstance(value.callee, Member) else next(iter(given), None)
            if not trims or inner is None:
                return None
            value = inner
        return None

    def _client(self, fn: Fn, callee: int, ctx: Ctx | None) -> list[Value]:
        """What the object that sends the request was given before."""
        body = self.program.body(fn)
        if body.op[callee] not in (Op.NAME, Op.FIELD):
            return []
        itself = self.clients.given(self.evaluator.value(fn, callee, ctx))  # a client that is called itself, or one whose method is
        above = body.args(callee)[0] if body.op[callee] == Op.FIELD else -1
        return itself if itself or above < 0 else self.clients.given(self.evaluator.value(fn, above, ctx))

    def _lasting(self, fn: Fn, callee: int, ctx: Ctx | None) -> Value | None:
        """The address that a client was made with to send all there: ``new GraphQLClient(url).request(document)``."""
        body = self.program.body(fn)
        table = self._addressed[self.program.language(fn.file)]
        if body.op[callee] != Op.FIELD or not table.words():
            return None
        for made in options(self.evaluator.value(fn, body.args(callee)[0], ctx)):
            if isinstance(made, Result) and made.instr >= 0 and (hit := next(iter(table.find(names(made.callee))), None)) is not None:
                given = [v for k, v in self.evaluator.arguments(made) if not k]
                return given[hit[0]] if hit[0] < len(given) else None
        return None

    def read_off(self, fn: Fn, i: int, ctx: Ctx | None) -> list[int]:
        """Where a request's answer is read off the object that sent it: ``$curl->get($url); … $curl->getBody()``."""
        body = self.program.body(fn)
        callee = body.args(i)[0] if body.op[i] == Op.CALL else -1
        table = self._keeping[self.program.language(fn.file)]
        if callee < 0 or body.op[callee] != Op.FIELD or not table.may_know(body.name(callee)):
            return []
        members = {name for kept, *_ in table.find(names(self.evaluator.value(fn, callee, ctx))) for name in kept}
        client = written(self.program, fn, body.args(callee)[0])
        read = [
            n
            for n in range(i + 1, len(body.op) if members else 0)
            if body.op[n] == Op.FIELD and body.name(n) in members and written(self.program, fn, body.args(n)[0]) == client
        ]
        called = {body.args(n)[0]: n for n in range(i + 1, len(body.op) if read else 0) if body.op[n] == Op.CALL}
        return [called.get(n, n) for n in read]

    def _telling(self, fn: Fn, i: int, ctx: Ctx | None) -> Value:
        """The value of an argument; of a literal record only what says where the request goes."""
        body = self.program.body(fn)
        if body.op[i] != Op.RECORD:
            return joined(self.evaluator, self.evaluator.value(fn, i, ctx))
        entries: list[tuple[str | None, Value]] = []
        for k, v in zip(body.args(i)[::2], body.args(i)[1::2], strict=True):
            const = body.const(k)
            if k < 0 or (const and const[1].lower() in _TELLING):
                entries.append((const[1] if const else None, joined(self.evaluator, self.evaluator.value(fn, v, ctx))))
        return Record((fn.file, body.line[i]), tuple(entries))

    def _options(self, arguments: list[tuple[str, Value]]) -> Shape:
        out = Shape()
        for key, value in arguments:
            if key and key not in ("*", "**"):
                out.must[key] = value
            else:
                got = shape(self.evaluator, value)
                out.must.update(got.must)
                out.may.update(got.may)
        return out

    def _method(self, word: str, arguments: list[tuple[str, Value]], options: Shape) -> str:
        for key in ("method", "verb"):
            found = options.must.get(key) or options.may.get(key)
            if found is not None:
                text = constant(found)
                return text.upper() if text else "ANY"
        if word in ("file_get_contents", "fopen"):
            return self._of_stream(arguments[1:])
        for verb in _VERBS:
            if verb in word.split("_") or word == verb + "async":
                return verb.upper()
        if word == "request" and arguments and isinstance(arguments[0][1], Const) and arguments[0][1].text.lower() in _VERBS:
            return arguments[0][1].text.upper()
        if word == "request" and len(arguments) > 1:
            return "ANY"
        return "GET" if word in ("fetch", "urlopen", "download_url") else "ANY"

    def _of_stream(self, arguments: list[tuple[str, Value]]) -> str:
        """The method that a stream of PHP is told by its context: ``stream_context_create(['http' => ['method' => 'POST']])``."""
        for made in (o for _, value in arguments for o in options(value)):
            given = self.evaluator.arguments(made) if isinstance(made, Result) and made.instr >= 0 else []
            for _, told in given[:1]:
                http = shape(self.evaluator, told).must.get("http")
                method = shape(self.evaluator, http).must.get("method") if http is not None else None
                if method is not None:
                    return (constant(method) or "ANY").upper()
        return "GET"

    def _url(self, word: str, arguments: list[tuple[str, Value]], options: Shape) -> Value | None:
        positional = [v for k, v in arguments if k == ""]
        for value in positional[:2]:
            text = pattern(value)
            if "/" in text or text.startswith("http"):
                return value
        for key, value in {**options.may, **options.must}.items():
            if key.lower() in _URL_KEYS and key.lower() != "baseurl":
                return value
        handed = next((v for k, v in arguments if k == "*"), None)  # `requests.request(method, *args)`
        if word == "request" and len(positional) + (handed is not None) > 1:
            return positional[1] if len(positional) > 1 else handed
        return positional[0] if positional else handed

    def _curl(self, fn: Fn, i: int, ctx: Ctx | None, word: str) -> Request | None:
        """cURL: the options set on a handle; once, at curl_exec, or at curl_init when nothing is executed here."""
        settings = list(self.curl_settings(fn, i, ctx))
        url: Value | None = None
        method = "GET"
        for option, value in settings:
            if option == "CURLOPT_URL":
                url = value
            elif option in ("CURLOPT_POST", "CURLOPT_POSTFIELDS") and method == "GET":
                method = "POST"
            elif option == "CURLOPT_CUSTOMREQUEST":
                method = (constant(value) or "ANY").upper()
        if url is None or (word == "curl_init" and self._executes(fn)):
            return None
        texts = tuple(_addresses(url, self._written_beside))
        open_ = any(isinstance(x, Param) for x in leaves(url))
        return Request(method, texts[0], url, lambda: tuple(v for _, v in settings), open_, texts[1:])

    def curl_settings(self, fn: Fn, i: int, ctx: Ctx | None) -> Iterator[tuple[str, Value]]:
        """(option, value) of every cURL option that is set on the handle of a call, its address first given to ``curl_init`` too; those of
        all handles of the function where it is not known which handle that is. A handle that another function of ours has made, a
        constructor or a helper, has what was set on it there."""
        mine = self._handles(fn, i, ctx)
        for made in sorted({(h.fn, h.instr): h for h in mine.values() if h is not None and h.fn != fn}.items()):
            yield from self._set_on(made[0][0], made[1].ctx, {made[0]: None})
        yield from self._set_on(fn, ctx, mine)

    def _set_on(self, fn: Fn, ctx: Ctx | None, mine: Mapping[tuple[Fn, int], Result | None]) -> Iterator[tuple[str, Value]]:
        """What one function sets on a handle."""
        body = self.program.body(fn)
        live = self.evaluator.defuse(fn, ctx)
        for n, op in enumerate(body.op):
            name = body.name(body.args(n)[0]) if op == Op.CALL and body.op[body.args(n)[0]] == Op.NAME else ""
            if name not in ("curl_init", "curl_setopt", "curl_setopt_array") or live.block_of[n] in live.dead:
                continue  # `if ($method === 'POST')`, called to get
            if mine and (theirs := self._handles(fn, n, ctx)) and mine.keys().isdisjoint(theirs):
                continue
            values = [self.evaluator.value(fn, v, ctx) for _, v in body.call(n)[1]]
            if name == "curl_init" and values:
                yield "CURLOPT_URL", values[0]
            elif name == "curl_setopt" and len(values) == 3:
                yield getattr(values[1], "name", "").rpartition(".")[2], values[2]
            elif name == "curl_setopt_array" and len(values) == 2:
                got = shape(self.evaluator, values[1])
                yield from ((key.rpartition(".")[2], value) for key, value in {**got.may, **got.must}.items())

    def _handles(self, fn: Fn, i: int, ctx: Ctx | None) -> dict[tuple[Fn, int], Result | None]:
        """The calls of ``curl_init`` that may have made the handle of a call; empty when another maker is possible."""
        body = self.program.body(fn)
        arguments = body.call(i)[1]
        if body.called(i) == "curl_init":
            return {(fn, i): None}
        if not arguments:
            return {}
        found = options(self.evaluator.value(fn, arguments[0][1], ctx))
        made = {(o.fn, o.instr): o for o in found if isinstance(o, Result) and o.instr >= 0 and names(o.callee)[:1] == ("curl_init",)}
        return {**made} if len(made) == len(found) else {}

    def _executes(self, fn: Fn) -> bool:
        body = self.program.body(fn)
        calls = (body.args(n)[0] for n, op in enumerate(body.op) if op == Op.CALL)
        return any(body.op[callee] == Op.NAME and body.name(callee) == "curl_exec" for callee in calls)

    def match(self, fn: Fn, request: Request, ctx: Ctx | None = None) -> list[tuple[Provider, Operation | Verifier]]:
        """Provider operations and verifiers that a request may be. Another's host rules one out; an unknown host needs the use of the
        provider where the request is sent, or where a helper is told to send it."""
        host, path = split(request.url)
        inside = request.stays_inside
        calls = [c for c in (ctx.chain() if ctx is not None else ()) if c.call >= 0]
        files = {fn.file, *(c.caller.file for c in calls), *(c.this.cls.file for c in calls if isinstance(c.this, (ClassV, Instance)))}
        out = []
        for provider, thing in self._rest.of(request.method, path):
            if is_told(host):
                if not _is_of(host, provider):
                    continue
            elif (
                inside
                or not any(self._speaks_to(provider, thing, f) for f in files)
                or any(self._is_of_another(provider, f) for f in files)
            ):
                continue
            if isinstance(thing, Operation) and thing.says and not says(self.evaluator, request.arguments, thing.says):
                continue
            out.append((provider, thing))
        out += [worded for worded in self._worded(request, files) if worded not in out]
        out.sort(key=lambda m: (not (isinstance(m[1], Operation) and m[1].says), -max(len(r) for r in m[1].rest)))
        return out

    def _worded(self, request: Request, files: Iterable[str]) -> list[tuple[Provider, Verifier]]:
        """The verifiers that a request is by what it says, where code does not tell which host is asked: ``f"{settings.PAYPAL_URL}?cmd=
        _notify-validate&…"``."""
        if is_told(split(request.url)[0]):
            return []
        out = []
        for provider, verifier in self._saying:
            words = [w for w in verifier.says if any(w.encode() in self.program.sources[f] for f in files)]
            if any(w in request.url or self._is_said(request, w) for w in words):
                out.append((provider, verifier))
        return out

    @staticmethod
    def _is_said(request: Request, word: str) -> bool:
        return any(word in leaf.text for given in request.arguments for leaf in leaves(given) if isinstance(leaf, Const))

    def serves_all(self, request: Request) -> bool:
        """Whether an address is one for all operations of a provider, of which the message says which is meant."""
        return any(isinstance(t, Operation) and t.says for _, t in self._rest.of(request.method, split(request.url)[1]))

    def _speaks_to(self, provider: Provider, thing: Operation | Verifier, file: str) -> bool:
        """Whether a file uses a provider, or only says its name where the path is long enough to be nobody else's: ``${env.PAYPAL_URL}/v2/
        checkout/orders``, ``https://${shop}/admin/api/2025-01/products.json`` beside ``X-Shopify-Access-Token``. A page that uses one asks
        its own server under such names: ``${API_URL}/orders``."""
        if self.recogniser.uses(provider, file) and not self._in_browser(file):
            return True
        if not any(sum(segment not in ("", "{}") for segment in path.split("/")[1:]) >= _LONG for path in thing.rest):
            return False
        if (provider.id, file) not in self._said:
            source = self.program.sources[file].lower()
            told = (provider.id, *(word for word in provider.words if word.startswith("x-")))
            self._said[provider.id, file] = any(word.encode() in source for word in told)
        return self._said[provider.id, file]

    def _is_of_another(self, provider: Provider, file: str) -> bool:
        """Whether the path of a file says that it is one provider's code, as that of an SDK which is kept in the tree does, and does not
        speak of this one: both may have ``/subscriptions``."""
        if file not in self._of_path:
            parts = {snake(part) for part in re.split(r"[/.]", file)}
            payments = (p for p in self.recogniser.knowledge.providers.values() if p.kind == "payment")
            self._of_path[file] = frozenset(p.id for p in payments if p.id in parts)
        return bool(self._of_path[file]) and provider.id not in self._of_path[file] and not self.recogniser.mentions(provider, file)

    def foreign(self, request: Request) -> bool:
        """Whether a request certainly goes to a host that no pack knows."""
        host, _ = split(request.url)
        return is_told(host) and self.provider(request) is None

    def provider(self, request: Request) -> Provider | None:
        """The provider whose host a request goes to."""
        host, _ = split(request.url)
        if not is_told(host):
            return None
        return next((p for p in self.recogniser.knowledge.providers.values() if _is_of(host, p)), None)


def _handed(value: Value) -> bool:
    """Whether a value is a parameter, or the object that one of a declared type holds: ``send(request: Request)``."""
    return isinstance(value, Param) or (isinstance(value, Instance) and value.origin is not None)


def _base(shapes: list[Shape]) -> tuple[str, Value | None]:
    """What the addresses of a client begin with, as a pattern, and the value that says so, which may be a setting."""
    told = [(k.lower(), pattern(v), v) for s in shapes for k, v in {**s.may, **s.must}.items()]
    hosts = ((f"https://{text}", None) for key, text, _ in told if key in _HOSTS and _HOST.fullmatch(text))
    found = next(((text, value) for key, text, value in told if key in _BASES), None)
    return found if found is not None and found[0] else next(hosts, ("", None))


def _onto(base: str, text: str) -> str:
    return base.rstrip("/") + "/" + text.lstrip("/") if base and not text.startswith("http") else text


def _addresses(value: Value, default: Callable[[Value], Value | None]) -> list[str]:
    """All that an address may be, as patterns; ``{}`` alone only when nothing better is known. ``default``: what is written beside a
    setting."""
    found = [text for text in _alternatives(value, default) if text != "{}"]
    return found[:_MOST_ADDRESSES] or ["{}"]


def _alternatives(value: Value, default: Callable[[Value], Value | None]) -> list[str]:
    value = default(value) or value
    if isinstance(value, Choice):
        return list(dict.fromkeys(text for option in value.options for text in _alternatives(option, default)))[:_MOST_ADDRESSES]
    if isinstance(value, Text) or (isinstance(value, Mix) and value.op == "+"):
        texts = [""]
        for number, piece in enumerate(value.parts()):
            tails = _alternatives(piece, default)
            texts = [head + tail for head in texts for tail in (_configured(tails) if number == 0 else tails)][:_MOST_ADDRESSES]
        return texts
    return [pattern(value)]


def _configured(beginnings: list[str]) -> list[str]:
    """What an address begins with where it is set at all: ``process.env.PAY_URL || ''`` is nobody's own server, but one that is not set."""
    return [b for b in beginnings if b] if "{}" in beginnings else beginnings


def _is_of(host: str, provider: Provider) -> bool:
    return any(host == h or host.endswith("." + h) for h in (*provider.hosts, *provider.sandbox_hosts))
