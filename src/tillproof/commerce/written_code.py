"""Credentials in code: named values, arguments of a provider's client, keys of a digest, each valued through files."""

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.credentials import Credential, plain_name
from tillproof.commerce.hosts import is_local
from tillproof.commerce.lexicon import snake
from tillproof.commerce.names import strip
from tillproof.commerce.salted import digested
from tillproof.commerce.sent_credentials import SentCredentials
from tillproof.commerce.stand_ins import is_password, is_random, is_to_be_replaced
from tillproof.commerce.written_parts import Kept, Written, offsets, telling
from tillproof.flow.program import Fn
from tillproof.flow.slots import names_around, slots
from tillproof.flow.values import Const, External, Member, Result, Text, Value, constant, leaves, names, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op
from tillproof.knowledge.loader import Knowledge
from tillproof.knowledge.schema import Language, Provider, Verifier
from tillproof.source.files import SourceFile

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

# A telling name that gets a literal, or something of the settings; tried where one of the words stands.
_GIVEN = re.compile(
    rb"[\w-]{1,40}[\"'\])\s]{0,6}(?::[\w\s.|\[\]]{1,40})?(?:=>|=|:|,|\()\s{0,8}"
    rb"(?:[\"'`](?:[^\"'`\s]{6,}|[a-z]{4}(?: [a-z]{4}){3})[\"'`]|[^\n]{0,60}?(?:env|config|settings|option))",
    re.IGNORECASE,
)
_CONNECTION = re.compile(
    rb"[\"'`](?P<text>[a-z][a-z0-9+.-]{2,20}://[^\s:/\"'`]{1,80}:[^\s/@\"'`]{1,200}@[^\s\"'`]{1,300})[\"'`]", re.IGNORECASE
)
_COMMENTS = (b"#", b"//", b"*", b"/*")
_DIGESTS = (
    b"createhmac(", b"hmac.new(", b"hash_hmac(", b"jwt.sign(", b"jwt.verify(", b"jwt.encode(", b"jwt.decode(",
    b"jwt::encode(", b"jwt::decode(",
)  # fmt: skip
_KEYED = ("createhmac", "new", "digest", "hash_hmac")
_PROVES = b"auth=("  # a request, by a user's name and password
# Digests without a key, and what a file asks that makes one over what it was sent.
_UNKEYED = (b"md5(", b"sha1(", b"hash(")
_ASKING = (b"$_POST", b"$_REQUEST", b"$_GET", b"$request", b"->input", b"->request", b"php://input")
# Where such a call takes its key.
_KEY_PLACES = {"createhmac": 1, "new": 0, "digest": 0, "hash_hmac": 2, "sign": 1, "encode": 1, "verify": 1, "decode": 1}
# A long literal among the first arguments.
_LITERAL = re.compile(rb"[^()\n]{0,80}?[\"'][A-Za-z0-9_+/=-]{12,}[\"']")
# A literal like a key, and what a file speaks of that compares one with what a sender showed.
_RANDOM = re.compile(rb"[\"'`][A-Za-z0-9+/_-]{32,}={0,2}[\"'`]")
_SHOWN = re.compile(r"(\w+_)?(signature|token|secret|hmac|api_?key|auth_?key)")
_SHOWS = re.compile(
    rb"(?:signature|token|secret|hmac|key)\w{0,20}\s*[!=]==?|[!=]==?\s*[\w.$>-]{0,60}(?:signature|token|secret|hmac|key)", re.IGNORECASE
)
_SENDER = (b"webhook", b"callback", b"postback", b"ipn", b"notif")
_ALGORITHM = re.compile(r"(?:sha|md|hs|rs|es|ps)-?\d+(?:[-_/]\d+)?|utf-?8|hex|base64|ascii|latin1|binary|none", re.IGNORECASE)
_MOST_LEAVES = 40
_LONG = 32
_EQUALITY = ("==", "===", "!=", "!==")
_NO_COMMERCE = ("notification", "other", "identity", "analytics")


class ClientTable:
    """The calls of a language that build a provider's client."""

    def __init__(self, knowledge: Knowledge, language: Language) -> None:
        self.owners = {
            strip(name).lower(): p
            for p in sorted(knowledge.providers.values(), key=lambda p: (-len(p.id), p.id))
            for name in p.clients.get(language, ())
        }
        self.words = frozenset(name.rpartition(".")[2] for name in self.owners)
        self._calls: dict[str, set[bytes]] = {}
        for name, provider in self.owners.items():
            self._calls.setdefault(provider.id, set()).add(name.rpartition(".")[2].encode() + b"(")
        self._proofs = {
            p.id: {name.rpartition(".")[2].lower().encode() + b"(" for t in p.things() for name in _checks(t, language)}
            for p in knowledge.providers.values()
        }
        self.every = sorted({call for calls in self._calls.values() for call in calls})

    def calls(self, providers: Iterable[str]) -> set[bytes]:
        """How the calls that build a client of some providers begin, in lower case."""
        return {call for provider in providers for call in self._calls.get(provider, ())}

    def proofs(self, providers: Iterable[str]) -> set[bytes]:
        """How the calls that verify messages of some providers with a secret begin, in lower case."""
        return {call for provider in providers for call in self._proofs[provider]}


def _checks(thing: object, language: Language) -> tuple[str, ...]:
    return thing.calls.get(language, ()) if isinstance(thing, Verifier) and thing.secret is not None else ()


class CodeReader:
    """Reads one analysed file. ``spoken_of``: providers that it uses or names."""

    def __init__(self, model: "Model", file: SourceFile, spoken_of: tuple[str, ...], clients: ClientTable) -> None:
        self._model = model
        self._program = model.program
        self._credentials = model.credentials
        self._file = file
        self._clients = clients
        self._commerce = tuple(p for p in spoken_of if model.knowledge.providers[p].kind not in _NO_COMMERCE)
        self._spoken_of = spoken_of
        self._opening = frozenset(name for p in self._commerce for name in model.knowledge.providers[p].opens)
        self._sent = SentCredentials(model, file, spoken_of, self._only)
        self.kept: list[Kept] = []

    def written(self) -> Iterator[Written]:
        """The credentials in the file, and on the way those that it reads from the settings."""
        source = self._program.sources[self._file.path]
        lower = source.lower()
        places = [at for at in telling(lower) if _GIVEN.match(source, at)]
        places += [
            at for call in self._clients.calls(self._spoken_of) for at in offsets(lower, call) if _LITERAL.match(source, at + len(call))
        ]
        places += [at for name in self._opening for at in offsets(lower, name.encode()) if _GIVEN.match(source, at)]
        places += [at for call in (*_DIGESTS, _PROVES, *self._clients.proofs(self._spoken_of)) for at in offsets(lower, call)]
        if any(word in source for word in _ASKING):
            places += [at for call in _UNKEYED for at in offsets(lower, call)]
        if any(word in lower for word in _SENDER) and (b"signature" in lower or b"token" in lower or b"secret" in lower):
            places += [match.start() for match in _SHOWS.finditer(source)] if _RANDOM.search(source) else []
        for fn in self._program.functions_at(self._file.path, places):
            yield from self._in_function(fn)
        yield from self._in_addresses(source)
        yield from self._sent.written()

    def _in_addresses(self, source: bytes) -> Iterator[Written]:
        """``mongoose.connect('mongodb+srv://shop:…@cluster0.example.net')``: the address of a database with its password."""
        for match in _CONNECTION.finditer(source) if b"@" in source else ():
            credential = self._credentials.of((), match["text"].decode("utf-8", "replace"))
            begins = source[source.rfind(b"\n", 0, match.start()) + 1 : match.start()].lstrip()
            if credential is not None and not is_local(credential.host) and not begins.startswith(_COMMENTS):
                line = source.count(b"\n", 0, match.start()) + 1
                yield Written(self._file, line, credential, ("database_url",), (self._file.path, line))

    def _in_function(self, fn: Fn) -> Iterator[Written]:
        body = self._program.body(fn)
        defuse = self._model.evaluator.defuse(fn)
        for slot in slots(body):
            cls, _, name = slot.name.rpartition(".")  # a field of a class is written with it: ``Gateway.secretKey``
            if (self._credentials.is_secret_name(name) or snake(name) in self._opening) and body.op[slot.value] not in (
                Op.FUNCTION,
                Op.PARAM,
            ):
                around = names_around(body, defuse, slot.value)
                named = (name, *(n for n in (*around, cls) if n and n not in (name, slot.name)))
                line = body.line[slot.holder] if body.op[slot.holder] != Op.RECORD else body.line[slot.value]
                yield from self._valued(fn, slot.value, named, line, self._beside(body, slot.holder))
        for i, op in enumerate(body.op):
            if op in (Op.CALL, Op.NEW):
                yield from self._given_to_client(fn, i)
                yield from self._shown_to_server(fn, i)
                yield from self._digest_key(fn, i)
                yield from self._proof_key(fn, i)
                yield from self._digest_salt(fn, i)
            elif op == Op.BINARY and body.text(body.args(i)[0]) in _EQUALITY:
                yield from self._compared(fn, i)

    def _beside(self, body: Body, holder: int) -> tuple[str, ...]:
        """Whose known credentials stand in the same record, if it is one; else whom the file speaks of."""
        if body.op[holder] == Op.RECORD:
            for value in body.args(holder)[1::2]:
                const = body.const(value)
                made = self._credentials.makes.of(const[1].strip("'\""), self._commerce) if const else None
                if made is not None:
                    return (made.providers[0].id,)
        return self._commerce

    def _valued(self, fn: Fn, i: int, named: tuple[str, ...], line: int, beside: tuple[str, ...] = ()) -> Iterator[Written]:
        value = self._model.evaluator.value(fn, i)
        for leaf in (*leaves(value, _MOST_LEAVES), *self._declared(value)):
            text = _text(leaf)
            if text is None:
                continue
            credential = self._credentials.of(named, text, beside or self._commerce)
            if credential is None and leaf.at[0] == self._file.path:
                credential = self._sent.named(named, text, leaf.at[1])
            if credential is not None and leaf.at[0] in self._program.files:
                yield Written(self._program.files[leaf.at[0]], leaf.at[1], credential, named, (fn.file, line))
        read = self._read_from_settings(value)
        owner = self._credentials.owners.of(named) or self._only
        if read is not None and owner is not None and not self._model.words.has("database_fields", snake(named[0])):
            self.kept.append(Kept(fn.file, line, owner, plain_name(snake(named[0]), owner), *read))

    def _declared(self, value: Value) -> Iterator[Value]:
        """What a module of settings keeps under the name that is asked for, or takes where the environment has nothing:
        ``config("MERCHANT_ID", default="…")``."""
        declared = self._model.evaluator.scope.settings.declared
        for kept in (v for o in options(value) for one in declared(o) for v in options(one)):
            yield from leaves(kept, _MOST_LEAVES)
            if isinstance(kept, Result) and kept.instr >= 0:
                given = self._model.evaluator.arguments(kept)
                yield from (v for n, (key, v) in enumerate(given) if key == "default" or (n == 1 and not key))

    @property
    def _only(self) -> Provider | None:
        """The one system of commerce that the file speaks of."""
        return self._model.knowledge.providers[self._commerce[0]] if len(self._commerce) == 1 else None

    def _compared(self, fn: Fn, i: int) -> Iterator[Written]:
        """``if (data.token !== '0c1f…')``: what a sender has to show is written down."""
        body, evaluator = self._program.body(fn), self._model.evaluator
        sides = body.args(i)[1:3]
        for shown, kept in (sides, sides[::-1]):
            name = snake(body.name(shown).rpartition(".")[2]) if body.op[shown] in (Op.NAME, Op.FIELD) else ""
            if not _SHOWN.fullmatch(name) or _text(evaluator.value(fn, shown)) is not None:
                continue
            for leaf in leaves(evaluator.value(fn, kept), _MOST_LEAVES):
                text = _text(leaf)
                if text is not None and len(text) >= _LONG and is_random(text) and leaf.at[0] in self._program.files:
                    credential = Credential("signing", "unknown", None, name, text)
                    yield Written(self._program.files[leaf.at[0]], leaf.at[1], credential, (name,), (fn.file, body.line[i]))

    def _given_to_client(self, fn: Fn, i: int) -> Iterator[Written]:
        """``new Taxjar('…')``, ``razorpay.Client(auth=(id, '…'))``: what a provider's client is made with."""
        body = self._program.body(fn)
        callee, arguments = body.call(i)
        if not arguments or body.op[callee] not in (Op.NAME, Op.FIELD):
            return
        if body.name(callee).rpartition(".")[2].lower() not in self._clients.words:
            return
        called = [strip(n).lower() for n in self._model.recogniser.callee_names(fn, i, None)]
        provider = next((self._clients.owners[n] for n in called if n in self._clients.owners), None)
        if provider is None:
            return
        for key, argument in arguments:
            if key in ("", "auth"):
                for part in self._parts(fn, argument):
                    yield from self._valued(fn, part, ("key", provider.id), body.line[i])

    def _shown_to_server(self, fn: Fn, i: int) -> Iterator[Written]:
        """``requests.post(url, auth=(id, '…'))``: what a request proves itself with."""
        pairs = [a for key, a in self._program.body(fn).call(i)[1] if key == "auth"]
        if pairs and self._only is not None and self._model.recogniser.is_("http", fn, i):
            for part in self._parts(fn, pairs[0]):
                yield from self._valued(fn, part, ("secret_key", self._only.id), self._program.body(fn).line[i])

    def _parts(self, fn: Fn, i: int) -> list[int]:
        """An argument, or the last element of a pair of user name and password."""
        body = self._program.body(fn)
        if body.op[i] == Op.LIST and body.args(i):
            return [body.args(i)[-1]]
        return [i] if body.op[i] not in (Op.RECORD, Op.FUNCTION) else []

    def _digest_key(self, fn: Fn, i: int) -> Iterator[Written]:
        """The literal that a signature is made or checked with, random or not: whoever reads it can sign."""
        recogniser = self._model.recogniser
        if not (recogniser.is_("macs", fn, i) or recogniser.is_("verifies", fn, i)):
            return
        body = self._program.body(fn)
        callee, arguments = body.call(i)
        place = _KEY_PLACES.get(body.name(callee).rpartition(".")[2].lower(), -1) if body.op[callee] in (Op.NAME, Op.FIELD) else -1
        for _, argument in arguments[place : place + 1] if place >= 0 else ():
            for option in options(self._model.evaluator.value(fn, argument)):
                text = constant(option) if isinstance(option, (Const, Text)) else None
                if (
                    text
                    and not _ALGORITHM.fullmatch(text)
                    and (is_random(text) or is_password(text))
                    and option.at[0] in self._program.files
                ):
                    credential = self._credentials.of(("webhook_secret",), text, self._commerce) or self._credentials.of(
                        ("jwt_secret",), text
                    )
                    if credential is not None:
                        yield Written(self._program.files[option.at[0]], option.at[1], credential, ("secret",), (fn.file, body.line[i]))

    def _proof_key(self, fn: Fn, i: int) -> Iterator[Written]:
        """The literal, however easily it is guessed, with which a provider's messages are verified: ``validateWebhookSignature(body, sign,
        '12345678')``, or a keyed digest in a file that speaks of one provider."""
        body, verifier = self._program.body(fn), self._model.recogniser.verifier(fn, i)
        thing, called = verifier.thing if verifier is not None else None, body.called(i).lower()
        owner, place = self._only, _KEY_PLACES.get(called, -1) if called in _KEYED else -1
        if verifier is not None and isinstance(thing, Verifier) and thing.secret is not None:
            owner, place = verifier.provider, thing.secret
        elif place < 0 or not self._model.recogniser.is_("macs", fn, i):
            return
        given = [v for key, v in body.call(i)[1] if not key]
        found = options(self._model.evaluator.value(fn, given[place])) if 0 <= place < len(given) else ()
        found = tuple(plain for o in found for plain in options(_as_text(self._model, o)))
        texts = [(o, (constant(o) or "").strip("'\"") if isinstance(o, Const) else None) for o in found]
        if owner is None or not texts or any(t is None or is_to_be_replaced(t) or _ALGORITHM.fullmatch(t) for _, t in texts):
            return
        for option, text in texts:
            if text is not None and option.at[0] in self._program.files:
                credential = Credential("secret", "unknown", owner, f"{owner.name} webhook secret", text)
                yield Written(self._program.files[option.at[0]], option.at[1], credential, ("webhook_secret",), (fn.file, body.line[i]))

    def _digest_salt(self, fn: Fn, i: int) -> Iterator[Written]:
        """``md5($_POST['order'] . $_POST['sum'] . 'q7Zk…')``: what only the shop and its payment system know, written down in what proves a
        message."""
        body = self._program.body(fn)
        if f"{body.called(i).lower()}(".encode() not in _UNKEYED:
            return
        made = self._model.evaluator.value(fn, i)
        inside = digested(self._model, made) if isinstance(made, Result) and made.instr >= 0 else []
        kept = [(p, t) for p in inside if (t := _text(p)) is not None and is_random(t) and not _ALGORITHM.fullmatch(t)]
        if not kept or not any(self._model.requests.source(piece) is not None for piece in inside):
            return  # asked last: what is sent is only known when every way in is
        for piece, text in kept:
            if piece.at[0] not in self._program.files:
                continue
            found = self._credentials.of(("webhook_secret",), text, self._commerce) or self._credentials.of(("jwt_secret",), text)
            if found is not None:
                yield Written(self._program.files[piece.at[0]], piece.at[1], found, ("secret",), (fn.file, body.line[i]))

    def _read_from_settings(self, value: Value) -> tuple[tuple[str, int], str] | None:
        """The first place in a value that reads a setting, and the setting's name as far as it is known."""
        for leaf in (value, *leaves(value, _MOST_LEAVES)):
            for option in options(leaf):
                if isinstance(option, (Result, External, Member)) and self._model.recogniser.result_is("config", option):
                    return option.at, next(iter(names(option)), "the settings")
                if isinstance(option, (External, Member)) and _is_setting(option):
                    return option.at, next(iter(names(option)), "the settings")
        return None


def _as_text(model: "Model", value: Value) -> Value:
    """The text of which the bytes are that a key is handed over as: ``SECRET.encode()``, ``Buffer.from(secret)``."""
    if not isinstance(value, Result) or value.instr < 0:
        return value
    called = model.program.body(value.fn).called(value.instr).lower()
    if called == "encode" and isinstance(value.callee, Member) and not isinstance(value.callee.base, Result):
        return value.callee.base
    return (model.evaluator.argument(value, 0) or value) if called in ("bytes", "from", "bytearray", "encode") else value


def _is_setting(value: Value) -> bool:
    return any(
        n.startswith(("process.env.", "import.meta.env.", "os.environ", "settings.", "django.conf.settings.", "$_ENV"))
        for n in names(value)
    )


def _text(value: Value) -> str | None:
    return value.text.strip("'\"") if isinstance(value, Const) and value.kind == Kind.STRING else None
