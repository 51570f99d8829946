"""Rows of which the database lets only the first one in: whoever makes another one for the same message or payment is refused."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from tillproof.commerce.items import ITEMS
from tillproof.commerce.lexicon import snake
from tillproof.commerce.payment_ids import PAYMENT_ID
from tillproof.commerce.record_names import DOCUMENTS
from tillproof.commerce.schema.tables import Unique
from tillproof.commerce.touches import Touch
from tillproof.flow.shape import shape
from tillproof.flow.values import (
    CONVERSIONS,
    Const,
    Element,
    External,
    Member,
    Missing,
    Mix,
    Param,
    Result,
    Text,
    Unknown,
    Value,
    names,
    options,
    pieces,
)
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_MOST_PIECES = 40
_CONVERTED = 3
_CONVERTS = frozenset(
    ["Number", "String", "BigInt", "parseInt", "parseFloat", "int", "str", "float", "intval", "strval", "trim", "uuid.UUID"]
)
_OWN_KEY = "_id"  # no two documents of a collection of MongoDB share it
_HOLDER = re.compile(r"_(info|result|details?|data|record)(?=\.)")
_MESSAGE_ID = re.compile(r"(\w+_)?(event|webhook|message|notification|delivery)_?(id|key)|event")
# What moves money beside the payment itself, by the id that it has at whoever moves it.
_MOVED_ID = re.compile(r"(\w+_)?(refund|dispute|chargeback|payout|transfer|reversal)_?(id|ref|reference|token)")


class RowClaims:
    """Reads constraints in terms of what a row is given."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self.program = model.program
        self.records = model.records

    def of(self, touch: Touch) -> Unique | None:
        """The constraint by which only the first of several creations of a row goes through: it is unique by the id of a message, of a
        payment or of what else moves money, or by nothing but what the message says, which it says again."""
        if (own := self._own_key(touch)) is not None:
            return own
        touch = self._with_inner(touch)
        given = tuple(name for name, value in touch.fields.items() if value is None or not all(_is_none(o) for o in options(value)))
        constraint = self.model.schema.unique(touch.entity, given, touch.fn.file)
        if constraint is None or constraint.where:
            return None
        told = [snake(c) for c in constraint.columns]
        if any(self.numbered(touch, c) for c in told):
            return None  # it is another one each time, whatever it is called
        said = [_HOLDER.sub("", c).replace(".", "_") for c in told]  # ``payment_info.id``
        if any(PAYMENT_ID.fullmatch(c) or _MESSAGE_ID.fullmatch(c) for c in said) or any(self._told_id(touch, c) for c in told):
            return constraint
        if (constraint.primary or any(_MOVED_ID.fullmatch(c) for c in told)) and all(self._read_off(touch, c) for c in told):
            return constraint
        return constraint if all(self._handed_over(touch, c) for c in told) else None

    def _with_inner(self, touch: Touch) -> Touch:
        """A creation with what it puts into the documents within its document, by the paths that may be unique: ``payment.id``."""
        table = self.model.schema.table(touch.entity, touch.fn.file) if touch.kind == "create" and touch.entity else None
        if table is None or not table.documents:
            return touch
        paths = [c.name for c in table.columns.values() if c.unique] + [c for u in table.uniques for c in u.columns]
        within = {p: v for p in paths if "." in p and p not in touch.fields and (v := self._at_path(touch, p)) is not None}
        return replace(touch, fields={**touch.fields, **within}) if within else touch

    def _at_path(self, touch: Touch, path: str) -> Value | None:
        """What a creation puts where a path leads to; of what is put in whole as it was handed over, the member of it."""
        head, *inward = path.split(".")
        value = touch.fields.get(head)
        for name in inward:
            if value is None:
                return None
            if all(isinstance(o, (Param, Member, Element)) for o in options(value)):
                value = Member(value.at, value, name)
            else:
                got = shape(self.model.evaluator, value)
                value = {**got.may, **got.must}.get(name)
        return value

    def _own_key(self, touch: Touch) -> Unique | None:
        """That of a document store by the documents' own key, which nobody declares: ``create({ _id: event.id })`` of MongoDB,
        ``doc(event.id).create(…)`` of Firestore."""
        body = self.program.body(touch.fn)
        if touch.kind != "create" or touch.instr < 0 or body.op[touch.instr] != Op.CALL:
            return None
        own = Unique((_OWN_KEY,), touch.fn.file, body.line[touch.instr], primary=True)
        if touch.effect == ITEMS:  # it must not be there yet
            kept = [name for name in touch.fields if name in touch.compared]
            return own if any(self._read_off(touch, snake(n)) or self._handed_over(touch, snake(n)) for n in kept) else None
        if _OWN_KEY in touch.fields:
            return own if self._read_off(touch, _OWN_KEY) else None
        document = self.records.chains.of(touch.fn, touch.instr, touch.ctx).links[-2:-1]
        if not document or document[0].call < 0 or document[0].name not in DOCUMENTS or body.called(touch.instr) != "create":
            return None
        key = [v for _, v in self.records.chains.arguments(document[0])[-1:]]
        return own if key and all(isinstance(o, (Member, Element)) for o in options(key[0])) else None

    def _handed_over(self, touch: Touch, column: str) -> bool:
        """Whether a column is given what was handed over, as it is or converted: nothing that is made, counted or looked up anew."""
        value = next((v for n, v in touch.fields.items() if snake(n) == column), None)
        waiting, seen, told = [value] if value is not None else [], 0, False
        while waiting and seen < _MOST_PIECES:
            here = waiting.pop()
            seen += 1
            if isinstance(here, Unknown):
                return False
            if isinstance(here, Result):
                verified = here.instr >= 0 and self.model.operations.verifier_at(here.fn, here.instr) is not None
                if not verified and not self.model.requests.cleans(here):
                    return False
                told = told or verified
                waiting += [] if verified else self.model.evaluator.made_of(here)
            elif not isinstance(here, External):
                told = told or isinstance(here, Param)
                waiting += here.parts()
        return told

    def numbered(self, touch: Touch, column: str) -> bool:
        """Whether what a column is given is made here of nothing that comes with the message: a clock, a counter, something random."""
        value = next((v for n, v in touch.fields.items() if snake(n) == column), None)
        made = list(self._unconverted(value)) if value is not None else []
        if any(self._random(o) for o in made):
            return True
        if value is None or not any(isinstance(o, (Result, Mix, Text)) for o in made):
            return False
        return not any(self._comes(p) for p in pieces([value], _MOST_PIECES, self._made_of))

    def _random(self, value: Value) -> bool:
        """Whether a value is read off something random: ``uuid.uuid4().hex``."""
        while isinstance(value, (Member, Element)):
            value = value.base
        return isinstance(value, Result) and value.instr >= 0 and self.model.recogniser.result_is("random", value)

    def _comes(self, value: Value) -> bool:
        """Whether a piece may come with a message: what is handed over, read from a record or told by another system."""
        if isinstance(value, Result):
            asked = value.instr >= 0 and self.model.recogniser.result_is("http", value)
            return asked or not isinstance(value.callee, (External, Member)) or self.records.read_behind(value) is not None
        return isinstance(value, (Param, Unknown))

    def _made_of(self, value: Value) -> list[Value]:
        """What a value is made of; of a call what it is handed and made on."""
        if not isinstance(value, Result) or value.instr < 0:
            return list(value.parts())
        on = [value.callee.base] if isinstance(value.callee, Member) else []
        return on + [v for _, v in self.model.evaluator.arguments(value)]

    def _told_id(self, touch: Touch, column: str) -> bool:
        """Whether a column keeps the id that the record has at somebody else's, which is told and not made here."""
        return re.fullmatch(rf"\w+_{re.escape(touch.entity)}_?id", column) is not None and self._read_off(touch, column)

    def _read_off(self, touch: Touch, column: str) -> bool:
        """Whether what a column is given is read off something that is handed over, and not made here."""
        value = next((v for n, v in touch.fields.items() if snake(n) == column), None)
        return value is not None and all(isinstance(o, (Member, Element)) for o in self._unconverted(value))

    def _unconverted(self, value: Value, depth: int = 0) -> Iterator[Value]:
        """A value before it was made a number or a text: ``Number(ipn.transactionNo)``, ``str(event["id"])``, ``(string) $id``."""
        for option in options(value):
            given: list[Value] = []
            if isinstance(option, Mix) and option.op in CONVERSIONS:
                given = [option.operands[0]]
            elif isinstance(option, Result) and option.instr >= 0 and _CONVERTS.intersection(names(option.callee)):
                given = [v for _, v in self.model.evaluator.arguments(option)[:1]]
            if given and depth < _CONVERTED:
                yield from self._unconverted(given[0], depth + 1)
            else:
                yield option


def _is_none(value: Value) -> bool:
    """Whether a column is left empty: of rows without a value a table takes any number."""
    return isinstance(value, Missing) or (isinstance(value, Const) and value.kind == Kind.NULL)
