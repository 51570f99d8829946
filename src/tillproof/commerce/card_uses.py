"""Where our server takes hold of a payment card's own data: from a request, in a form or body that is bound to one, in a card object."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

from tillproof.commerce.entries import Entry
from tillproof.commerce.lexicon import CardPart, snake
from tillproof.commerce.names import written
from tillproof.flow.program import ClassId, Fn
from tillproof.flow.values import Instance, Param, Value, options, pattern
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op
from tillproof.source.kinds import words as words_of

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

UseKind: TypeAlias = Literal["request", "form", "object"]

_SENT = ("body", "query", "raw", "path")
_EXPIRY = words_of(
    "exp_month exp_year expmonth expyear expirymonth expiryyear expiry expiration expiry_month expiry_year expirationmonth expirationyear "
    "expiration_month expiration_year expiration_date expirationdate expiry_date expirydate exp_date expdate expire_month "
    "expire_year expiremonth expireyear exp valid_thru"
)
_REQUEST = re.compile(r"(?:^|\.)(?:req|request|_request|ctx\.request)\.(?:body|POST|form|data|json|values|payload|request|post|get_json)$")
_RULES = re.compile(
    r"(?:required|nullable|sometimes|bail|string|numeric|integer|digits|min|max|size|regex|credit_?card|luhn|ccn|cvc|ccd)\b[\w:,.|-]*"
)
_VALIDATORS = ("joi", "zod", "z", "yup", "v", "valibot", "@hapi/joi", "celebrate", "@sinclair/typebox", "type", "s", "t")
_MASK = re.compile(r"[Xx*]{2,}([/-]?[Xx*]+)?")
_TRANSLATES = re.compile(r"_|__|_[enx]|_nx|esc_(html|attr)(__|_e|_x)|u?gettext(_lazy)?|trans(late)?|\$?tc?|lang|formatMessage|get_string")
_UNPACKS = ("json_decode", "parse", "loads", "unserialize")
_PLAIN_TYPES = ("String", "Number", "Date", "Buffer")
_COLUMN_TYPES = ("DataTypes", "Sequelize", "Types", "DataType")
_FORBIDS = ("forbidden", "never")
"""By these a validator refuses a request in which a field stands at all: ``Joi.forbidden()``, ``z.never()``."""
_FIELD_VALIDATORS = ("body", "check", "checkbody")
# Elements of a form that Drupal renders with a name, so that what is typed there is sent to the site.
_TYPED_IN = ("textfield", "tel", "number", "password", "textarea", "creditfield", "select")


@dataclass(frozen=True, slots=True)
class CardUse:
    """Card data in our hands. ``kind``: read from a ``request``, a field of a ``form`` or body bound to one, part of a card ``object``
    that we make or ask. ``line`` is that of the read, or of the field's declaration. ``fn``: where, None for a declared field.
    ``cls``: the class that it belongs to."""

    kind: UseKind
    name: str
    part: CardPart
    file: str
    line: int
    fn: Fn | None
    instr: int
    cls: ClassId | None = None
    entry: Entry | None = None


class CardUses:
    """All such places in code that runs on our server, found once."""

    def __init__(self, model: "Model") -> None:
        self.model = model

    @cached_property
    def all(self) -> list[CardUse]:
        """In order of file and line, one per function and name."""
        found: dict[tuple[str, str, int, str], CardUse] = {}
        for file, functions in self.model.cards.files.items():
            if self.model.browser.runs(file):
                continue
            for fn in functions:
                for use in self._in(fn):
                    if use.kind == "request" and self.model.cards.is_told(fn, use.name):
                        continue
                    found.setdefault((use.kind, use.file, fn.number, use.name), use)
        for use in self._bound():
            found.setdefault((use.kind, use.file, use.line, use.name), use)
        packed = {snake(u.name) for u in found.values() if u.fn is not None and u.kind == "object" and self._is_unpacked(u.fn, u.instr)}
        uses = (u for u in found.values() if u.kind != "object" or snake(u.name) not in packed)
        return sorted(uses, key=lambda u: (u.file, u.line, u.name))

    def _is_unpacked(self, fn: Fn, i: int) -> bool:
        """Whether what is read is unpacked like a message, which no card number is: ``json_decode((string) $payment->getCcNumber())``."""
        body, uses = self.model.program.body(fn), self.model.evaluator.defuse(fn).uses(i)
        return any(
            (body.op[u] == Op.CAST and self._is_unpacked(fn, u))
            or (body.op[u] == Op.CALL and body.called(u) in _UNPACKS and body.args(u)[0] != i)
            for u in uses
        )

    # --- in a function

    def _in(self, fn: Fn) -> Iterator[CardUse]:
        body = self.model.program.body(fn)
        for i, op in enumerate(body.op):
            if op == Op.FIELD:
                yield from self._read(fn, i, body.name(i))
            elif op == Op.INDEX:
                const = body.const(body.args(i)[1])
                yield from self._read(fn, i, const[1] if const else self._computed(fn, body.args(i)[1]))
            elif op in (Op.CALL, Op.NEW):
                yield from self._called(fn, body, i)
            elif op == Op.RECORD:
                yield from self._record(fn, body, i)
            elif op == Op.SET_FIELD:
                yield from self._set(fn, body, i, body.name(i), body.args(i)[2])
            elif op == Op.SET_INDEX:
                yield from self._element(fn, body, i, *body.args(i)[1:3])
            elif op == Op.PARAM:
                yield from self._read(fn, i, body.params[body.args(i)[0]].name)

    def _computed(self, fn: Fn, key: int) -> str:
        """A key that is put together: a gateway's own id before the name of the field."""
        return pattern(self.model.evaluator.value(fn, key)) if self.model.program.body(fn).op[key] == Op.TEXT else ""

    def _use(self, kind: UseKind, fn: Fn, i: int, name: str, part: CardPart) -> CardUse:
        return CardUse(kind, name, part, fn.file, self.model.program.body(fn).line[i], fn, i, self.model.program.method_class(fn))

    def _read(self, fn: Fn, i: int, name: str) -> Iterator[CardUse]:
        part = self.model.cards.part(fn, name) if name else ""
        if part and (self._is_sent(self.model.evaluator.value(fn, i)) or self._is_spelt(fn, i)):
            yield self._use("request", fn, i, name, part)

    def _is_sent(self, value: Value) -> bool:
        return any(s.kind in _SENT for o in options(value) if (s := self.model.requests.source(o)) is not None)

    def _is_spelt(self, fn: Fn, i: int) -> bool:
        """Whether something is read from what every framework calls the request's body, where no route to the function is seen."""
        body = self.model.program.body(fn)
        base = body.args(i)[0] if body.op[i] in (Op.FIELD, Op.INDEX) else -1
        return base >= 0 and _REQUEST.search(written(self.model.program, fn, base)) is not None

    def _called(self, fn: Fn, body: Body, i: int) -> Iterator[CardUse]:
        callee, arguments = body.call(i)
        if body.op[callee] not in (Op.FIELD, Op.NAME):
            return
        word = body.name(callee).rpartition(".")[2]
        const = body.const(arguments[0][1]) if arguments else None
        part = self.model.cards.part(fn, const[1]) if const and const[0] == Kind.STRING else ""
        validates = word.lower() in _FIELD_VALIDATORS and body.op[callee] == Op.NAME
        if const and part and (validates or self._is_sent(self.model.evaluator.value(fn, i))):
            yield self._use("request", fn, i, const[1], part)
        field = word[3:].lstrip("_")
        if body.op[callee] != Op.FIELD:
            return
        if word.startswith("get") and not arguments and (got := self.model.words.card(field)):
            if not self.model.recogniser.is_ours(fn, i, None) and not self.model.cards.is_answered(fn, i):
                yield self._use("object", fn, i, field, got)
        elif word.startswith("set") and len(arguments) == 1:
            yield from self._set(fn, body, i, field, arguments[0][1])

    def _set(self, fn: Fn, body: Body, i: int, name: str, value: int) -> Iterator[CardUse]:
        """``$card->setCardNumber($number)``, ``creditCard.cardNumber = number``: a card object is filled."""
        part = self.model.words.card(name)
        if (
            part
            and not self._is_harmless(fn, value)
            and not _is_own(body, i)
            and not _is_masked(body, i)
            and not _copies(body, value, name)
        ):
            yield self._use("object", fn, i, name, part)

    def _is_harmless(self, fn: Fn, value: int) -> bool:
        body = self.model.program.body(fn)
        if body.const(value) is not None or self.model.cards.is_answered(fn, value) or _is_label(body, value):
            return True
        return _is_declaration(body, value) or not self.model.shown.of(fn, value).pieces

    def _record(self, fn: Fn, body: Body, i: int) -> Iterator[CardUse]:
        args = body.args(i)
        keys = {const[1]: v for k, v in zip(args[::2], args[1::2], strict=True) if (const := body.const(k))}
        plain = {k.lower().replace("-", "_") for k in keys}
        if any(k.lower() in _EXPIRY and (c := body.const(v)) and _MASK.fullmatch(c[1].strip("'\"")) for k, v in keys.items()):
            return
        for key, value in keys.items():
            part = self.model.words.card(key)
            if part and _is_element(body, value):
                yield self._use("form", fn, value, key, part)
                continue
            beside = self.model.words.beside_card(key) and (not _EXPIRY.isdisjoint(plain) or any(self.model.words.card(k) for k in keys))
            if (not part and not beside) or _is_forbidden(body, value):
                continue
            if self._is_rule(fn, body, value):
                yield self._use("request", fn, value if body.line[value] >= body.line[i] else i, key, part or "number")
            elif (
                self._is_card_object(plain) and not self._is_harmless(fn, value) and self._is_passed_on(fn, i) and self._is_given(fn, value)
            ):
                yield self._use("object", fn, value, key, part or "number")

    def _element(self, fn: Fn, body: Body, i: int, key: int, value: int) -> Iterator[CardUse]:
        """An element of a form that a platform renders of a record: ``$form['cvv'] = ['#type' => 'textfield']``."""
        named = body.const(key) if key >= 0 else None
        part = self.model.cards.part(fn, named[1]) if named is not None and value >= 0 and body.op[value] == Op.RECORD else ""
        if named is not None and part and _is_element(body, value):
            yield self._use("form", fn, i, named[1], part)

    def _is_given(self, fn: Fn, value: int) -> bool:
        """Whether anybody can hand over what a function passes on: one that is spoken of nowhere, of a client that was copied here whole,
        is given no card by anybody."""
        program, name = self.model.program, self.model.program.name(fn)
        handed = options(self.model.evaluator.value(fn, value))
        if not name or not all(isinstance(o, Param) and o.fn == fn for o in handed) or any(e.target.fn == fn for e in self.model.entries):
            return True
        word = re.compile(rb"\b" + name.encode() + rb"\b")
        return sum(len(word.findall(program.sources[file])) for file in program.mentioning(name)) > 1

    def _is_card_object(self, keys: set[str]) -> bool:
        return not _EXPIRY.isdisjoint(keys)

    def _is_passed_on(self, fn: Fn, i: int) -> bool:
        """Whether a record is handed to somebody and not only kept here as a list of names or rules."""
        return bool(self.model.evaluator.defuse(fn).uses(i))

    def _is_rule(self, fn: Fn, body: Body, value: int) -> bool:
        """Whether an entry of a record says what a field of the request must look like."""
        texts = [c[1] for v in ([value, *body.args(value)] if body.op[value] == Op.LIST else [value]) if v >= 0 and (c := body.const(v))]
        if texts and self.model.program.language(fn.file) == "php":
            return any(_RULES.fullmatch(text.strip("'\"")) for text in texts)
        if body.op[value] == Op.CALL and self.model.program.language(fn.file) == "javascript":
            root = value
            while body.op[root] in (Op.CALL, Op.FIELD):
                root = body.args(root)[0]
            return body.op[root] == Op.NAME and body.name(root).lower() in _VALIDATORS
        return False

    # --- bound to a request

    def _bound(self) -> Iterator[CardUse]:
        """Fields of classes that a framework fills from a request."""
        types = self.model.cards.types
        if not types:
            return
        seen: set[ClassId] = set()
        names = {self.model.program.cls(c).name for c in types} | self._holders(set(types))
        for entry in self.model.entries:
            for cls in self._bodies(entry, names):
                if cls not in seen:
                    seen.add(cls)
                    yield from (
                        CardUse("form", f.name, f.part, f.file, f.line, None, -1, f.cls, entry) for f in self.model.cards.fields_below(cls)
                    )
        for cls, fields in types.items():
            if cls not in seen and self._is_form(cls):
                yield from (CardUse("form", f.name, f.part, f.file, f.line, None, -1, f.cls) for f in fields)

    def _holders(self, types: set[ClassId]) -> set[str]:
        """Names of classes that a class with card data is a base or a field of."""
        out: set[str] = set()
        for cls in types:
            name = self.model.program.cls(cls).name
            out |= {self.model.program.cls(c).name for c in self.model.evaluator.scope.subclasses(cls)}
            for file in self.model.program.mentioning(name):
                out |= {c.name for c in self.model.program.indices[file].classes}
        return out

    def _bodies(self, entry: Entry, names: set[str]) -> Iterator[ClassId]:
        """Classes with card data of which a handler's parameters are."""
        fn = entry.target.fn
        body = self.model.program.body(fn)
        for param in body.params:
            if any(name in param.type for name in names):
                typed = self.model.evaluator.scope.typed(fn.file, param.type, (fn.file, 1))
                for option in options(typed) if typed is not None else ():
                    if isinstance(option, Instance) and self.model.cards.fields_below(option.cls):
                        yield option.cls

    def _is_form(self, cls: ClassId) -> bool:
        bases = self.model.evaluator.scope.foreign_bases(cls)
        language = self.model.program.language(cls.file)
        table = self.model.recogniser.shared[language, "forms"]
        return bool(table.find(bases))


def _is_element(body: Body, record: int) -> bool:
    """Whether a record describes an element of a form in which a visitor types."""
    args = body.args(record) if body.op[record] == Op.RECORD else []
    for key, value in zip(args[::2], args[1::2], strict=True):
        told, kind = body.const(key) if key >= 0 else None, body.const(value)
        if told is not None and told[1] == "#type":
            return kind is not None and kind[1] in _TYPED_IN
    return False


def _is_forbidden(body: Body, value: int) -> bool:
    """Whether a rule is that a field must not be sent: ``Joi.any().forbidden()``, ``z.never().optional()``."""
    while body.op[value] in (Op.CALL, Op.FIELD):
        if body.op[value] == Op.CALL and body.called(value) in _FORBIDS:
            return True
        value = body.args(value)[0]
    return False


def _is_label(body: Body, value: int) -> bool:
    """Whether a text of ours is shown in the visitor's language: ``__('E.g.: 4111 1111 …', 'shop')``, ``t('card.number')``."""
    if body.op[value] != Op.CALL or body.op[body.args(value)[0]] not in (Op.NAME, Op.FIELD):
        return False
    given = [a for _, a in body.call(value)[1]]
    return _TRANSLATES.fullmatch(body.called(value)) is not None and bool(given) and body.const(given[0]) is not None


def _is_declaration(body: Body, value: int) -> bool:
    """Whether a model says what a column is: ``cardNumber: String``, ``number: { type: DataTypes.STRING, … }``."""
    if body.op[value] == Op.RECORD:
        args = body.args(value)
        return any(
            (const := body.const(k)) and const[1] == "type" and _is_declaration(body, v) for k, v in zip(args[::2], args[1::2], strict=True)
        )
    if body.op[value] == Op.CALL:
        return _is_declaration(body, body.args(value)[0])
    holder = body.args(value)[0] if body.op[value] == Op.FIELD else -1
    if holder >= 0 and body.op[holder] in (Op.NAME, Op.FIELD):
        return body.name(holder).rpartition(".")[2] in _COLUMN_TYPES
    return body.op[value] == Op.NAME and body.name(value) in _PLAIN_TYPES


def _is_masked(body: Body, i: int) -> bool:
    """Whether the card that is filled here has a masked date, ``XXXX``: then it is one that was paid with before, by its last digits, as
    it is named for a refund."""
    target = _target(body, i)
    name = body.name(target) if body.op[target] == Op.NAME else ""
    for n, op in enumerate(body.op):
        if op == Op.SET_FIELD:
            field, given = body.name(n), body.args(n)[2]
        elif op == Op.CALL and body.op[body.args(n)[0]] == Op.FIELD and body.called(n).startswith("set") and len(body.call(n)[1]) == 1:
            field, given = body.called(n)[3:].lstrip("_"), body.call(n)[1][0][1]
        else:
            continue
        const = body.const(given)
        masked = const is not None and field.lower() in _EXPIRY and _MASK.fullmatch(const[1].strip("'\""))
        if name and masked and body.op[_target(body, n)] == Op.NAME and body.name(_target(body, n)) == name:
            return True
    return False


def _target(body: Body, i: int) -> int:
    """The object of which a field is set."""
    return body.args(i)[0] if body.op[i] == Op.SET_FIELD else body.args(body.args(i)[0])[0]


def _copies(body: Body, value: int, name: str) -> bool:
    """Whether an object writes itself out, ``$out->cardNumber = $this->cardNumber``: who fills it is who has the card."""
    if body.op[value] != Op.FIELD or snake(body.name(value)) != snake(name):
        return False
    holder = body.args(value)[0]
    return body.is_self(holder)


def _is_own(body: Body, i: int) -> bool:
    """Whether an object sets a field of itself: what fills it is seen where it is filled."""
    return body.is_self(_target(body, i))
