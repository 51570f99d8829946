"""Outbound connections whose TLS is missing or not checked, and requests to known systems that have it."""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

from tillproof.commerce.addresses import address_book
from tillproof.commerce.hosts import is_example, is_local
from tillproof.commerce.lexicon import snake
from tillproof.commerce.pack_tables import LANGUAGES
from tillproof.commerce.written_parts import offsets
from tillproof.flow.choosing import conditions_of, words_of
from tillproof.flow.program import TOP, Fn
from tillproof.flow.slots import names_around, slots
from tillproof.flow.values import Const, External, Member, Mix, Result, Text, Value, leaves, names, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Provider

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

Flaw = Literal["unverified", "plain", "everywhere", "none"]

_NO_HTTP = re.compile(
    r"(?:\w+_)?(?:db|database|databases|postgres|postgresql|pg|pool|mysql|mariadb|mssql|sqlserver|sequelize|knex|typeorm|mongo|mongodb|mongoose|"
    r"mongo_client|redis|ioredis|sentinel|memcached|rabbit|amqp|kafka|ldap|dialect_options|data_source|datasource|connection_string|"
    r"elasticsearch|opensearch|prisma|drizzle|neon|supabase|create_pool|create_connection)(?:_\w+)?"
)
# Calls whose ``verify`` is about something else.
_NO_TLS = ("jwt", "decode", "jws", "jose", "verify_signature")
_VERIFIES = re.compile(r"verif|insecure|ssl|self_?signed|cert", re.IGNORECASE)
_MAIL = re.compile(r"(?:\w+_)?(?:mail|mailer|smtp|imap|nodemailer|create_transport|transporter|phpmailer|swift)(?:_\w+)?")
_OWN_ADDRESS = re.compile(
    r"(?:admin|rest|home|site|network_admin|content|plugins|includes)_url|get_(?:site|home|rest)_url|(?:wp_)?(?:get_)?upload_dir|base_url"
    r"|app_url|url_for|localhost",
    re.IGNORECASE,
)
# Names of settings whose address is called, and of those by which the shop itself is.
_CALLED = re.compile(r"api|base|endpoint|host|server|service|gateway|wsdl|^\w+_ur[il]$")
_CALLING = re.compile(r"return|callback|redirect|notify|success|cancel|webhook|image|logo|site|shop|public|docs?")
_WHOLE_PROCESS = ("node_tls_reject_unauthorized", "_create_default_https_context", "pythonhttpsverify")
_COMMON = ("verify", "ssl", "insecure")  # words that stand for other things, too
_OFF = ("false", "0", "no", "none", "off")
_PLAIN = b"http://"
# An API is described, in OpenAPI's form: nothing is called.
_DESCRIBES = re.compile(rb"""^\s*\{?\s*["']?(?:openapi|swagger)["']?\s*:""", re.MULTILINE)
_HEAD = 2_000
_DEEPEST = 4
_LOCAL_FILTER = re.compile(r"(^|_)(local|loopback)_")


class Site(NamedTuple):
    """A connection. ``flaw``: ``none`` where it is sound, then ``guard`` says by what. ``provider``: whom it leads to, where that is known;
    ``to``: in words. ``mail``: to a mail server."""

    file: str
    line: int
    flaw: Flaw
    provider: Provider | None
    to: str
    what: str
    guard: tuple[str, int] | None = None
    mail: bool = False


class Transport:
    """Finds the sites of a tree."""

    def __init__(self, model: "Model") -> None:
        self._model = model
        self._program = model.program
        self._options = {str(lang): _Options(model, lang) for lang in LANGUAGES}

    def sites(self) -> list[Site]:
        """All sites in order of file and line, one for each line and flaw."""
        found: dict[tuple[str, int, bool], Site] = {}
        for site in (*self._unverified(), *self._in_settings(), *self._plain_addresses(), *self._plain_requests(), *self._sound()):
            found.setdefault((site.file, site.line, site.flaw == "none"), site)
        broken = {(site.file, site.line) for site in found.values() if site.flaw != "none"}
        return [found[key] for key in sorted(found) if not (key[2] and key[:2] in broken)]

    @cached_property
    def _analysed(self) -> list[str]:
        files = (f for f in self._model.texts.files if f.role in ("source", "config", "template"))
        return [f.path for f in files if f.path in self._program.indices]

    # --- verification turned off

    def _unverified(self) -> Iterator[Site]:
        for file in self._analysed:
            known = self._options[self._program.language(file)]
            lower = self._program.sources[file].lower()
            places = [at for sign in known.signs for at in offsets(lower, sign)]
            for fn in self._program.functions_at(file, places):
                yield from self._in_function(fn, known)

    def _in_function(self, fn: Fn, known: "_Options") -> Iterator[Site]:
        body = self._program.body(fn)
        for slot in slots(body):
            wanted = known.values.get(slot.name.rpartition(".")[2].lower())
            if wanted is not None and not (slot.name == "allow_self_signed" and self._checks_peer(body, slot.holder)):
                yield from self._ruled(fn, body, slot.name, slot.value, self._is_off(fn, slot.value, wanted))
        for i, op in enumerate(body.op):
            if op != Op.CALL or body.op[body.args(i)[0]] != Op.FIELD:
                continue
            name, given = body.name(body.args(i)[0]), body.call(i)[1]
            if name in known.calls:
                yield from self._ruled(fn, body, name, i, True)
            elif (wanted := known.values.get(name.lower())) is not None and len(given) == 1 and name.lower() not in _COMMON:
                off = self._is_off(fn, given[0][1], wanted)  # a client that is told by a method: ``Request::verifyPeer(false)``
                yield from self._ruled(fn, body, name, i, off) if off is not None else ()

    def _checks_peer(self, body: Body, holder: int) -> bool:
        """Whether the same options say that the peer is verified: then a certificate signed by itself has to be a known one."""
        args = body.args(holder) if body.op[holder] == Op.RECORD else []
        pairs = [(body.const(k), body.const(v)) for k, v in zip(args[::2], args[1::2], strict=True)]
        return any(k is not None and v is not None and k[1] == "verify_peer" and v[1].lower() == "true" for k, v in pairs)

    def _is_off(self, fn: Fn, i: int, wanted: frozenset[str]) -> bool | None:
        """Whether an option is certainly turned off (True), or certainly on (False); None when something decides that is not seen."""
        found: set[bool] = set()
        for option in options(self._model.evaluator.value(fn, i)):
            if isinstance(option, Const):
                found.add(option.text.strip("'\"").lower() in wanted)
            elif isinstance(option, (External, Member)):
                found.add(names(option)[0].rpartition(".")[2].lower() in wanted if names(option) else False)
            else:
                return None
        return found.pop() if len(found) == 1 else None

    def _ruled(self, fn: Fn, body: Body, name: str, i: int, off: bool | None) -> Iterator[Site]:
        around = [snake(n) for n in names_around(body, self._model.evaluator.defuse(fn), i)]
        if any(_NO_HTTP.fullmatch(n) or n in _NO_TLS for n in around) or (
            around[1:2] == ["ssl"] and self._program.language(fn.file) == "javascript"
        ):
            return  # a connection to a store of our own
        mail = any(_MAIL.fullmatch(n) for n in (*around, *map(snake, re.split(r"[/.]", fn.file))))
        target = self._target(fn, body, i)
        if target.local or _says_local(body, i):
            return
        line = body.line[i]
        if off is None:
            if self._asks_environment(body, i):
                yield Site(fn.file, line, "none", target.provider, target.to, f"`{name}` hangs on the environment", (fn.file, line), mail)
            return
        allows = "allow" in name.lower() or "insecure" in name.lower()
        what = f"`{name}` is turned {'on' if allows else 'off'}" if off else f"`{name}`"
        if not off:
            at = (fn.file, line)
            yield Site(fn.file, line, "none", target.provider, target.to, f"{what} is on", at, mail)
            return
        for condition in conditions_of(body, self._model.evaluator.defuse(fn), i):
            if any(_VERIFIES.search(word) for word in words_of(body, condition.instr)):
                return  # as whoever calls wants it: that place is looked at
            if self._asks_environment(body, condition.instr):
                guard = (fn.file, body.line[condition.instr])
                yield Site(fn.file, line, "none", target.provider, target.to, f"{what} where the condition has it so", guard, mail)
                return
        everywhere = name.lower().endswith(_WHOLE_PROCESS)
        yield Site(fn.file, line, "everywhere" if everywhere else "unverified", target.provider, target.to, what, None, mail)

    def _asks_environment(self, body: Body, i: int) -> bool:
        return any(self._model.words.has("environment_words", word) for word in words_of(body, i) if len(word) < 60)

    def _target(self, fn: Fn, body: Body, i: int) -> "_Target":
        """Where the request goes that an option is for: the call it is given to, else the requests of the function, else what the file
        speaks of."""
        defuse = self._model.evaluator.defuse(fn)
        here, calls = i, []
        for _ in range(8):
            user = next(iter(defuse.uses(here)), None)
            if user is None:
                break
            if body.op[user] in (Op.CALL, Op.NEW):
                calls.append(user)
            here = user
        calls += [n for n, op in enumerate(body.op) if op == Op.CALL and n not in calls and self._model.recogniser.is_("http", fn, n)]
        for call in calls:
            request = self._model.http.request(fn, call) if body.op[call] == Op.CALL else None
            if request is None:
                continue
            if request.url_value is not None and self._is_own(request.url_value):
                return _Target(None, "", True)
            host = re.match(r"https?://([^/{}?#]+)", request.url)
            if host and (is_local(host[1]) or is_example(host[1])):
                return _Target(None, "", True)
            provider = self._model.http.provider(request) or next((p for p, _ in self._model.http.match(fn, request)), None)
            if provider is not None or host is not None:
                return _Target(provider, provider.name if provider else host[1] if host else "", False)
        said = " ".join(self._model.vocabulary.tokens(fn)).lower()
        spoken_of = [self._model.knowledge.providers[p] for p in self._model.recogniser.usage.of(fn.file) if fn.number == TOP or p in said]
        commerce = [p for p in spoken_of if p.kind not in ("other", "identity", "analytics", "notification", "platform")]
        return _Target(commerce[0], commerce[0].name, False) if len(commerce) == 1 else _Target(None, "the systems it talks to", False)

    def _is_own(self, address: Value, depth: int = 0) -> bool:
        """Whether an address begins with one of our own: ``esc_url_raw(admin_url('…'))``, ``$uploads['baseurl'] . '/' . $name``."""
        for option in options(address):
            if any(_OWN_ADDRESS.search(part) for found in names(option) for part in found.split(".")):
                return True
            if depth > _DEEPEST:
                continue
            if isinstance(option, (Text, Mix)):
                begins = option.parts()[:1]
            elif isinstance(option, Result) and option.instr >= 0 and isinstance(option.callee, External):
                begins = tuple(v for _, v in self._model.evaluator.arguments(option))  # what is done to an address: escaped, filtered
            else:
                continue
            if any(self._is_own(part, depth + 1) for part in begins):
                return True
        return False

    def _in_settings(self) -> Iterator[Site]:
        wanted = {name: values for known in self._options.values() for name, values in known.values.items()}
        for file in self._model.texts.files:
            if file.role != "config" or self._model.texts.environment(file) not in ("production", "any"):
                continue
            lower = self._model.texts.text(file.path).lower()
            if not any(name.encode() in lower for name in _WHOLE_PROCESS):
                continue
            for entry in self._model.texts.entries(file):
                name = entry.key.rpartition(".")[2].lower()
                if name in _WHOLE_PROCESS and entry.value.strip().lower() in wanted.get(name, ()):
                    yield Site(file.path, entry.line, "everywhere", None, "every system", f"`{entry.key.rpartition('.')[2]}` is turned off")

    # --- plain HTTP

    def _plain_addresses(self) -> Iterator[Site]:
        book = address_book(self._model.knowledge)
        for file in self._model.texts.files:
            index = self._program.indices.get(file.path)
            if file.role not in ("source", "config", "template") or (index is not None and not index.words):
                continue
            if self._model.texts.environment(file) not in ("production", "any"):
                continue
            data = self._model.texts.text(file.path) if index is not None or file.role in ("config", "template") else b""
            if _PLAIN not in data or _DESCRIBES.search(data, 0, _HEAD):
                continue
            for address in book.find(data, index.words if index else None, unquoted=file.role == "config"):
                if data[max(0, address.offset - len(_PLAIN)) : address.offset] == _PLAIN:
                    line = data.count(b"\n", 0, address.offset) + 1
                    what = f"http://{address.host}" + (" is loaded into a page" if address.use == "page" else "")
                    yield Site(file.path, line, "plain", address.provider, address.provider.name, what)
            if file.role == "config":
                yield from self._plain_settings(file.path)

    def _plain_settings(self, path: str) -> Iterator[Site]:
        """Addresses of a system in the settings, by the name of the setting: ``NETSUITE_URL=http://…``."""
        for entry in self._model.texts.entries(self._program.files[path]):
            parts = [p for p in reversed(entry.key.split(".")) if p]
            match = re.match(r"http://([^\s/]+)", entry.value)
            if match and parts and not (is_local(match[1]) or is_example(match[1])):
                provider = self._model.credentials.owners.of(parts)
                name = snake(parts[0])
                if provider is not None and _CALLED.search(name) and not _CALLING.search(name):
                    yield Site(path, entry.line, "plain", provider, provider.name, f"http://{match[1]}")

    def _plain_requests(self) -> Iterator[Site]:
        """Requests to other hosts that begin with ``http://``."""
        for file in self._analysed:
            source = self._program.sources[file]
            if _PLAIN not in source:
                continue
            words = self._model.recogniser.shared[self._program.language(file), "http"].words()
            for fn in self._program.functions_calling(file, words):
                body = self._program.body(fn)
                for i, op in enumerate(body.op):
                    request = self._model.http.request(fn, i) if op == Op.CALL else None
                    for one in request.each() if request is not None else ():
                        match = re.match(r"http://([^/{}?#\s]+)", one.url)
                        if match and not (is_local(match[1]) or is_example(match[1])):
                            at = _literal(one.url_value, match[0]) or (fn.file, body.line[i])
                            yield Site(*at, "plain", self._model.http.provider(one), match[1], f"http://{match[1]}")

    # --- what is sound

    def _sound(self) -> Iterator[Site]:
        for provider, fn, i in self._model.operations.outbound:
            request = self._model.http.request(fn, i)
            if request is not None and request.url.startswith("https://") and request.url_value is not None:
                line = self._program.body(fn).line[i]
                guard = _literal(request.url_value, "https://") or (fn.file, line)
                yield Site(fn.file, line, "none", provider, provider.name, f"the address is https ({request.url[:80]})", guard)
        for site in self._model.operations.sites:  # a helper sends what its callers say
            url = site.request.url if site.request is not None and site.ctx is not None else ""
            if url.startswith("https://") and site.ctx is not None:
                place = (site.ctx.caller.file, self._program.body(site.ctx.caller).line[site.ctx.call])
                yield Site(*place, "none", site.provider, site.provider.name, f"the address is https ({url[:80]})", place)


class _Target(NamedTuple):
    provider: Provider | None
    to: str
    local: bool


def _says_local(body: Body, i: int) -> bool:
    """Whether a filter is asked that is for requests of a site to itself by its name: ``apply_filters('https_local_ssl_verify', …)``."""
    if body.op[i] != Op.CALL or not (given := body.call(i)[1]):
        return False
    named = body.const(given[0][1])
    return named is not None and _LOCAL_FILTER.search(named[1]) is not None


class _Options:
    """The options of a language that turn verification off: by name the values that do, and the calls that do."""

    def __init__(self, model: "Model", language: str) -> None:
        values: dict[str, set[str]] = {}
        calls: set[str] = set()
        for framework in model.knowledge.frameworks.values():
            for entry in framework.insecure if framework.language == language else ():
                name, equals, value = entry.partition("=")
                if equals:
                    plain = value.rpartition(".")[2].lower()
                    values.setdefault(name.rpartition(".")[2].lower(), set()).update(_OFF if plain in _OFF else (plain, "1"))
                else:
                    calls.add(name.rpartition(".")[2])
        self.values = {name: frozenset(found) for name, found in values.items()}
        self.calls = frozenset(calls)
        self.signs = tuple(sorted(_signs(self.values, calls)))


def _signs(values: Iterable[str], calls: Iterable[str]) -> Iterator[bytes]:
    """Texts in lower case of which one stands wherever an option may be set. A common word counts with its value only."""
    for name in values:
        if name == "verify":
            yield from (b"verify=", b".verify =", b"'verify'", b'"verify"')
        elif name in _COMMON:
            yield from (f"{name}{between}{value}".encode() for between in ("=", " = ", ": ") for value in ("false", "true"))
        else:
            yield name.encode()
    yield from (call.lower().encode() for call in calls)


def _literal(value: Value | None, text: str) -> tuple[str, int] | None:
    """Where the literal stands in which a value holds a text: what has to be changed."""
    for leaf in leaves(value) if value is not None else ():
        if isinstance(leaf, Const) and text in leaf.text:
            return leaf.at
    return None
