"""What is kept or shown as it came: a provider's whole message, its whole answer, or the whole request that we send it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from tillproof.commerce.declared_serializers import serializer_of
from tillproof.commerce.lexicon import snake
from tillproof.commerce.names import written
from tillproof.commerce.requests import Source
from tillproof.flow.common_names import COMMON_METHODS
from tillproof.flow.program import Fn
from tillproof.flow.shape import shape
from tillproof.flow.values import (
    Choice,
    Const,
    Ctx,
    Element,
    External,
    Instance,
    Member,
    Overlay,
    Param,
    Record,
    Result,
    Seq,
    Text,
    Value,
    constant,
    options,
)
from tillproof.ir.ops import Kind, Op
from tillproof.knowledge.schema import Operation, Provider, Verifier
from tillproof.source.kinds import words as words_of

if TYPE_CHECKING:
    from tillproof.commerce.model import Model
    from tillproof.commerce.shown import Piece

PayloadKind: TypeAlias = Literal["message", "event", "answer", "request"]

_MOST_CONTEXTS = 8
_DEEPEST = 14
_NESTED = 2  # records and texts around something whole
_GETS = ("get", "pop")
# Members that hold the whole, or nearly, of what they are members of.
_WHOLES = words_of(
    "data body rawbody raw_body content contents text json payload object event params form raw raw_response response responsetext "
    "all toarray tojson to_dict to_dict_recursive resource notificationitems notification_items notificationrequestitem result "
    "model_dump dict getbody getcontent get_data getcontents getresult value getdata raw_data rawdata __dict__ attributes "
    "post request input getpost"
)
# What such operations answer holds the payer and the instrument, if only in part.
_TELLING = ("payment.", "refund.", "order.read")
_ADDRESSES = ("url", "originalurl", "nexturl", "href")
"""What names the page that was asked for: no message, though something may be asked for in it."""
_BODIES = ("body", "data", "json", "form_params", "form", "payload", "multipart", "query", "curlopt_postfields")
# A parameter of such a name may be handed something whole.
_TELLING_NAME = re.compile(
    r"(\w+_)?(payload|body|raw|data|event|request|response|result|resp|res|req|notification|message|msg|webhook|ipn|intent|charge"
    r"|payment|transaction"
    r"|params|report|input|post|details|info|object|obj|json|content|fields|args|resource|capture|refund|order_response|answer|callback)"
)
# Keys under which a message carries what it is about.
_NESTS = words_of(
    "data object payload body resource entity attributes notificationitems notification_items notificationrequestitem all raw"
)
# Of what a message tells, between what holds all of it and what is told: ``payload.payment.entity``.
_THINGS = words_of("payment payment_link payment_intent order charge refund transaction invoice subscription checkout dispute transfer")
# Objects of an event that are about the catalogue and nobody's payment.
_CATALOGUE = words_of("tax_rate product price plan coupon promotion_code shipping_rate item items line_items")
INSTRUMENT = re.compile(r"(\w+_)?(token|nonce|card|card_(number|token)|pan|cvv|cvc|security_code|iban|account_number)(_id)?")
"""A field that stands for the card or account that is paid with."""
_WRITERS = words_of("stringify dumps json_encode wp_json_encode print_r var_export serialize inspect http_build_query tostring implode")
# A library's class of such a name is made of a message: ``WebhookNotification(json.loads(body))``.
_MESSAGES = re.compile(r"(Webhook|Notification|Event|Callback)\w*$")
# What such a call gives is a text.
_TEXTS = words_of("text curl_exec file_get_contents gettextreport body getbody getcontents wp_remote_retrieve_body")
# What such a call gives are the fields of a record, with or without their names.
_FIELDS = ("items", "multi_items", "iteritems", "entries", "values")
_ORDERS = ("sorted", "list", "reversed", "tuple")
_FEW = 5
_REQUESTS = words_of("request params payload data body options args input fields attributes post_data charge_data")


@dataclass(frozen=True, slots=True)
class Payload:
    """Something whole. ``provider`` and ``operation``: of an answer or request, where known. ``at``: where it comes from."""

    kind: PayloadKind
    at: tuple[str, int]
    provider: Provider | None = None
    operation: Operation | None = None


class Payloads:
    """Answers by value; what was asked is kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._memo: dict[int, tuple[Value, Payload | None]] = {}
        self._sent: dict[Fn, list[tuple[Value, Provider, Operation, int]]] = {}

    def of(self, piece: "Piece") -> Payload | None:
        """The payload that a piece is, for some caller."""
        for value in self._values(piece):
            if (each := self._each_field(piece, value) or self._instrument(piece, value)) is not None:
                return each
            found = self._shown(piece, value)
            if found is not None and found.kind == "event" and piece.names and snake(piece.names[-1]) in _CATALOGUE:
                continue
            if found is not None and not self._is_handle(value):
                return found
        return None

    def _shown(self, piece: "Piece", value: Value) -> Payload | None:
        """What a value shows whole; put into a text as it is, only what is a text already does."""
        if not piece.flat:
            return self.of_value(value) or self._request(piece.fn, value)
        written = (option for option in options(value) if self._is_string(option))
        return next((p for o in written if (p := self.of_value(o) or self._request(piece.fn, o))), None)

    def _each_field(self, piece: "Piece", value: Value) -> Payload | None:
        """A message that is shown field by field: ``foreach ($_POST as $name => $value)``, ``for k, v in request.form.items()``."""
        program = self.model.program
        if program.body(piece.fn).op[piece.instr] == Op.KEY:
            return None
        for option in options(value):
            pair = isinstance(option, Element) and isinstance(option.key, Const) and option.key.text == "1"
            one = option.base if isinstance(option, Element) and pair else option
            if not isinstance(one, Element) or one.key is not None:
                continue
            source = self.model.requests.source(one)
            fields = isinstance(one.base, Result) and _named(one.base) in _FIELDS
            if source is None and fields and isinstance(one.base, Result):  # ``Object.entries(req.body)``
                source = next((self.model.requests.source(v) for _, v in self.model.evaluator.arguments(one.base)[:1]), None)
            if (fields or program.language(piece.fn.file) == "php") and source is not None and is_whole(_outer(source)):
                return Payload("message", source.at)
        return None

    def _instrument(self, piece: "Piece", value: Value) -> Payload | None:
        """A group of a form's fields that stands for what is paid with, as its file takes it apart: ``$_POST['gateway']``, of which
        ``['token']`` is read there. What is taken out of the group before it is shown does not count."""
        found = (self.model.requests.source(o) for o in options(value))
        source = next((s for s in found if s is not None and s.kind == "body" and s.key), None)
        if source is None:
            return None
        near = {fn: None for name in piece.names for fn in self.model.program.functions_around(piece.fn.file, name)}
        keys = {key for fn in (piece.fn, *near) for key in self._read_of(fn, piece.names)} - piece.without
        return Payload("message", source.at) if any(INSTRUMENT.fullmatch(snake(key)) for key in keys) else None

    def _read_of(self, fn: Fn, names: tuple[str, ...]) -> Iterator[str]:
        """The keys and fields that a function reads of variables of some names."""
        body = self.model.program.body(fn)
        for i, op in enumerate(body.op):
            held = body.args(i)[0] if op in (Op.INDEX, Op.FIELD) else -1
            if held < 0 or body.op[held] != Op.NAME or body.name(held) not in names:
                continue
            if op == Op.FIELD:
                yield body.name(i)
            elif (const := body.const(body.args(i)[1])) is not None:
                yield const[1]

    def fields_of(self, value: Value) -> list[Value]:
        """What a value is one of the fields of, with its name or without: ``for pair in sorted(params.items())``."""
        for _ in range(_FEW):
            if isinstance(value, Choice):
                return [found for o in value.options for found in self.fields_of(o)]
            if isinstance(value, Element):
                value = value.base
            elif isinstance(value, Result) and value.instr >= 0 and (word := _named(value)) in (*_FIELDS, *_ORDERS):
                given = self.model.evaluator.arguments(value)
                if word in _FIELDS:
                    return [given[0][1]] if given else [value.callee.base] if isinstance(value.callee, Member) else []
                value = given[0][1] if given else value.callee
            else:
                return []
        return []

    def _is_string(self, value: Value) -> bool:
        """Whether what is put into a text is one already: a body as sent, or what a call that writes out gives."""
        for option in options(value):
            source = self.model.requests.source(option)
            if isinstance(option, (Text, Const)) or (source is not None and source.kind == "raw" and not isinstance(option, Member)):
                return True
            if isinstance(option, Result) and option.instr >= 0:
                word = _named(option).lower()
                if word in _WRITERS or word in _TEXTS or self.model.recogniser.result_is("raw_parsers", option):
                    return True
            if isinstance(option, Member) and option.name.lower() in ("text", "rawbody", "raw_body", "responsetext", "raw_response"):
                return True
        return False

    def _is_handle(self, value: Value) -> bool:
        """Whether a value is only the handle of an answer, which shows its status and not its body."""
        for option in options(value):
            if isinstance(option, Result) and option.instr >= 0 and self.model.recogniser.is_("http", option.fn, option.instr, option.ctx):
                name = written(self.model.program, option.fn, self.model.program.body(option.fn).args(option.instr)[0])
                language = self.model.program.language(option.fn.file)
                if (
                    language == "python"
                    or name.rpartition(".")[2] == "fetch"
                    or (language == "php" and "wp_" not in name and "curl" not in name)
                ):
                    return True
        return False

    def _values(self, piece: "Piece") -> Iterator[Value]:
        """The value of a piece, and where it hangs on a parameter the values that callers give it."""
        value = self.model.shown.value(piece)
        yield value
        open_ = any(_is_parameter(o) or _is_own_field(o) for o in options(value))
        if not open_ or not any(_TELLING_NAME.fullmatch(snake(n)) for n in piece.names):
            return
        for ctx in self._contexts(piece.fn, piece.ctx):
            yield self.model.evaluator.value(piece.fn, piece.instr, ctx)
        given = [p for o in options(value) if not _is_field(o) and isinstance(p := _root(o), Param) and p.fn != piece.fn]
        for param in {(p.fn, p.number): p for p in given}.values():
            body = self.model.program.body(param.fn)  # what another method was given and kept in a field
            instr = next((i for i, op in enumerate(body.op) if op == Op.PARAM and body.args(i)[0] == param.number), -1)
            for ctx in self._contexts(param.fn, None) if instr >= 0 else ():
                yield self.model.evaluator.value(param.fn, instr, ctx)

    def _contexts(self, fn: Fn, ctx: Ctx | None) -> Iterator[Ctx]:
        """The calls through which a function is reached: from the handler that it belongs to, or from its callers."""
        place = self.model.payment_places.get(fn)
        if place is not None and place.handler is not None:
            yield from self.model.reach.ways(place.handler.entry.target, fn)
        elif self.model.program.name(fn).lower() not in COMMON_METHODS:
            above: list[Ctx] = self.model.callers.above(fn, ctx)[:_MOST_CONTEXTS]
            yield from above
            for one in above:
                yield from self.model.callers.above(fn, one)[:_MOST_CONTEXTS]

    def of_value(self, value: Value) -> Payload | None:
        """The payload that a value is."""
        known = self._memo.get(id(value))
        if known is not None:
            return known[1]
        found = next((p for whole, inside in self._wholes(value, 0, 0) if (p := self._one(whole, inside))), None)
        self._memo[id(value)] = (value, found)
        return found

    def _one(self, value: Value, inside: int) -> Payload | None:
        """``inside``: how many records or texts the value is part of; a request object in one is a means to read it by."""
        if self.model.requests.is_request(value):
            return Payload("message", value.at) if not inside else None
        if serializer_of(self.model.evaluator, value) is not None:
            return None  # the fields that its class names
        source = self.model.requests.source(value)
        if source is not None:
            address = isinstance(value, Member) and value.name.lower() in _ADDRESSES
            return Payload("message", source.at) if is_whole(source) and not address else None
        if isinstance(value, Result) and value.instr >= 0:
            if (dumped := self.model.recogniser.dumped(value)) is not None:
                return Payload("message", value.at, dumped)
            known = self.model.recogniser.verifier(value.fn, value.instr, value.ctx)
            if known is not None and isinstance(known.thing, Verifier) and known.thing.proves == "value":
                return Payload("event", value.at, known.provider)
            asked = self.model.operations.at(value.fn, value.instr, value.ctx)
            if asked is not None and isinstance(asked.thing, Operation) and _tells(asked.provider, asked.thing):
                return Payload("answer", value.at, asked.provider, asked.thing)
            if (stranger := self.model.strange_payments.get((value.fn, value.instr))) is not None and self._is_read(value):
                return Payload("answer", value.at, stranger)
        return None

    def _is_read(self, asked: Result) -> bool:
        """Whether a request reads: what a payment began with is an address to send the customer to."""
        request = self.model.http.request(asked.fn, asked.instr, asked.ctx)
        return request is not None and request.method == "GET"

    def _wholes(self, value: Value, depth: int, inside: int) -> Iterator[tuple[Value, int]]:
        """A value, and what it is the whole of: ``response`` for ``response.data`` and for ``json.loads(response.text)``."""
        if depth > _DEEPEST:
            return
        if isinstance(value, Choice):
            for option in value.options:
                yield from self._wholes(option, depth + 1, inside)
            return
        yield value, inside
        if (source := self.model.requests.source(value)) is not None and not is_whole(source):
            return  # a named piece of a request
        if isinstance(value, (Record, Seq, Text)):
            for part in value.parts() if inside < _NESTED else ():
                yield from self._wholes(part, depth + 1, inside + 1)
        else:
            for below in self._below(value):
                yield from self._wholes(below, depth + 1, inside)

    def _below(self, value: Value) -> list[Value]:
        if isinstance(value, Overlay):
            return [value.base, *(written for key, written, _ in value.writes if key == "**")]  # copied key by key
        if isinstance(value, Member):
            # What a payment object calls ``object`` is the name of its kind; an event's ``data.object`` is the payment.
            kind = value.name == "object" and not (isinstance(value.base, Member) and value.base.name == "data")
            return [value.base] if value.name.lower() in _WHOLES and not kind else []
        if isinstance(value, Element):  # by a name that is worked out it is one field: ``{name: event[name] for name in KEPT}``
            return [value.base] if value.key is None or isinstance(value.key, Const) else []
        if isinstance(value, Instance):
            return [value.origin] if value.origin is not None else []
        if isinstance(value, Result) and value.instr >= 0:
            if self.model.shown.hides(value.fn, value.instr):
                return []
            if isinstance(value.callee, Member) and value.callee.name in _GETS:  # `answer.get("data", [])`
                key = self.model.evaluator.argument(value, 0)
                if key is not None and (constant(key) or "").strip("'\"").lower() in _WHOLES:
                    return [value.callee.base]
            if isinstance(value.callee, Member) and value.callee.name.lower() in _WHOLES:
                named = any(isinstance(v, Const) and v.kind == Kind.STRING for _, v in self.model.evaluator.arguments(value))
                return [value.callee.base] if not named else []
            if self.model.recogniser.result_is("raw_parsers", value):
                return [v for _, v in self.model.evaluator.arguments(value)[:1]]
            if (
                isinstance(value.callee, External)
                and _MESSAGES.search(value.callee.name)
                and len(given := self.model.evaluator.arguments(value)) == 1
            ):
                return [given[0][1]]  # the message as an object of the library's
            if _named(value) == "apply_filters":
                return [v for _, v in self.model.evaluator.arguments(value)[1:2]]
            return self.model.requests.carried(value)
        return []

    # --- what we send

    def _request(self, fn: Fn, value: Value) -> Payload | None:
        """Whether a value is what the same function sends to a payment provider, or that written out, and perhaps read again."""
        for _ in range(_FEW):
            first = next(iter(options(value)), value)
            if not isinstance(first, Result) or first.instr < 0 or not self.model.recogniser.result_is("passthrough", first):
                break
            value = next((v for _, v in self.model.evaluator.arguments(first)), value)
        if isinstance(value, (Record, Param, Overlay, Choice, Instance)):
            for sent, provider, operation, line in self._sent_by(fn):
                if _same(sent, value):
                    return Payload("request", (fn.file, line), provider, operation)
        return None

    def _sent_by(self, fn: Fn) -> list[tuple[Value, Provider, Operation, int]]:
        """The bodies of the requests that a function sends to payment providers."""
        if fn not in self._sent:
            found: list[tuple[Value, Provider, Operation, int]] = []
            for provider, operation, instr in self._asked_in.get(fn, []):
                line = self.model.program.body(fn).line[instr]
                found += [(v, provider, operation, line) for v in self._bodies(fn, instr)]
            self._sent[fn] = found
        return self._sent[fn]

    @property
    def _asked_in(self) -> dict[Fn, list[tuple[Provider, Operation, int]]]:
        if not hasattr(self, "_asked"):
            self._asked: dict[Fn, list[tuple[Provider, Operation, int]]] = {}
            for site in self.model.operations.sites:
                row = (site.provider, site.operation, site.instr)
                if site.provider.kind == "payment" and site.operation.op.startswith(
                    ("payment.", "checkout.", "refund.", "transfer.", "payout.")
                ):
                    rows = self._asked.setdefault(site.fn, [])
                    if row not in rows:
                        rows.append(row)
        return self._asked

    def _bodies(self, fn: Fn, instr: int) -> list[Value]:
        request = self.model.http.request(fn, instr)
        given = request.arguments if request else (self.model.evaluator.value(fn, a) for _, a in self.model.program.body(fn).call(instr)[1])
        out: list[Value] = []
        for value in given:
            got = shape(self.model.evaluator, value)
            inner = [v for k, v in {**got.may, **got.must}.items() if k.lower() in _BODIES]
            whole = [value] if not request and (got.must or _is_named(value, _REQUESTS)) else []
            out += [b for v in inner or whole for b in (v, *self._below(v))]
        return out


def _outer(source: Source) -> Source:
    """What an element is one of."""
    return replace(source, key=source.key.replace("[]", "")) if source.key else source


def is_whole(source: Source) -> bool:
    """Whether a piece of a request is all of its body, or all that it is about."""
    if source.kind not in ("body", "raw", "query"):
        return False
    parts = source.key.lower().replace("[]", ".").split(".") if source.key else []
    nests = [*parts[:1], *parts[-1:], *(part for part in parts[1:-1] if part not in _THINGS)]
    return not (parts and not parts[0]) and all(part in ("", *_NESTS) for part in nests)


def _named(value: Result) -> str:
    return getattr(value.callee, "name", "").rpartition(".")[2]


def _is_named(value: Value, words: frozenset[str]) -> bool:
    return isinstance(value, Param) and snake(value.name) in words


def _tells(provider: Provider, operation: Operation) -> bool:
    return provider.kind == "payment" and operation.op.startswith(_TELLING) and not operation.names_nobody


def _is_field(value: Value) -> bool:
    """Whether a value is one named field of something: the id of an event is not the event."""
    return isinstance(value, Member) and value.name.lower() not in _WHOLES


def _root(value: Value) -> Value:
    while isinstance(value, (Member, Element, Overlay)):
        value = value.base
    return value


def _is_own_field(value: Value) -> bool:
    """Whether a value is a field of the object whose method reads it, which whoever has made that may have given it: ``self.payload``."""
    return isinstance(value, Member) and isinstance(value.base, Instance) and value.base.made is None


def _is_parameter(value: Value) -> bool:
    root = _root(value)
    return isinstance(root, Param) or (isinstance(root, Instance) and root.origin is not None)


def _same(one: Value, other: Value) -> bool:
    """Whether two values are the same thing, whatever was written into it since."""
    left, right = ({id(b) for o in options(v) for b in _bases(o)} for v in (one, other))
    if not left.isdisjoint(right):
        return True
    return any(
        isinstance(a, Param) and isinstance(b, Param) and (a.fn, a.number) == (b.fn, b.number)
        for a in _params(one) for b in _params(other)
    )  # fmt: skip


def _bases(value: Value) -> Iterator[Value]:
    while isinstance(value, Overlay):
        yield value
        value = value.base
    yield from options(value)


def _params(value: Value) -> list[Value]:
    return [b for o in options(value) for b in _bases(o)]
