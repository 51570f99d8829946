"""The fields of our records that a condition looks at, through variables, getters and functions of ours."""

import re
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.conditions import Atom
from tillproof.commerce.entities import entity
from tillproof.commerce.lexicon import snake
from tillproof.commerce.nested_states import within
from tillproof.commerce.parts import Parts
from tillproof.commerce.plain_metas import meta_at
from tillproof.commerce.single_columns import single_column
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import (
    ClassV,
    Const,
    Ctx,
    FunctionV,
    Instance,
    Member,
    Missing,
    Record,
    Result,
    Value,
    before_writes,
    constant,
    options,
)
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Operation

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_CONTAINS = ("in_array", "includes", "has", "contains", "array_key_exists")
# How a state is spelt, not which it is: `order.status.lower()`, `strtolower($order->status)`.
_SPELLING = (
    "lower", "upper", "casefold", "strip", "trim", "capitalize", "title", "replace", "to_lower_case", "to_upper_case", "strtolower",
    "strtoupper", "str", "string", "to_string",
)  # fmt: skip
# Methods, without underscores, that give the value of the one column that a statement lists, and those that are told the column.
_BY_NAME = ("getattr", "rgar", "data_get")  # functions that are told the name of a member
# What a state that is an object is called: ``$order->getState()->getId()``, ``$order->get('state')->value``.
_OF_STATE = ("get_id", "get_name", "get_code", "get_value", "get_string", "get_label", "get_technical_name", "value")
_OF_ENUM = ("from", "try_from")  # `Status::from($order->status)`
# Members and methods that say how many there are, or whether any; without underscores.
_COUNTS = (
    "length", "count", "size", "rowcount", "affected", "affectedrows", "rowsaffected", "modifiedcount", "matchedcount", "deletedcount",
    "nmodified", "upsertedcount", "upsertedid", "numaffectedrows", "numupdatedrows", "numdeletedrows", "wasrecentlycreated", "exists",
    "isempty", "isnotempty", "empty", "doesntexist", "numrows", "getnumrows",
)  # fmt: skip
# What a record keeps under names that others choose, and the getter of one of them: `getCustomFields()['k']`, `getCustomFieldsValue('k')`.
_BAG = re.compile(
    r"(meta|attribute|field|data|additional_(information|data)|custom_(field|attribute)s?|extra|extension_attribute)(_value|_by_name)?"
)
_WHOLE_BAG = re.compile(r"get_(meta_?data|additional_(information|data)|custom_(field|attribute)s|extra|attributes|details)")
# What a message of the provider is held in: its fields are no records of ours.
_MESSAGES = ("event", "payload", "resource", "notification", "message", "body", "webhook", "ipn")


_QUOTES = "'\""


class FieldRead(NamedTuple):
    """A field of a record that a condition looks at. ``parts``: how the record was read. ``asked``: a method answers, by its name."""

    entity: str
    field: str
    parts: Parts
    fn: Fn
    instr: int
    ctx: Ctx | None
    asked: bool = False


class FieldReads:
    """Reads instructions in terms of records; kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self.program = model.program
        self.evaluator = model.evaluator
        self.records = model.records
        self._reads: dict[tuple[Fn, int, int], list[FieldRead]] = {}

    def reads(self, atom: Atom) -> list[FieldRead]:
        """The fields of records that a condition looks at."""
        body = self.program.body(atom.fn)
        op, args = body.op[atom.instr], body.args(atom.instr)
        sides = self._compared(atom, *args[1:3]) if op == Op.BINARY else [atom.instr]
        if op == Op.CALL:
            callee, arguments = body.call(atom.instr)
            sides = [atom.instr, *([a for _, a in arguments])] if self.is_search(atom) else [atom.instr]
            sides += [body.args(callee)[0]] if self.is_search(atom) and body.op[callee] == Op.FIELD else []
        return [r for side in sides for r in self.field(atom.fn, side, atom.ctx)]

    def _compared(self, atom: Atom, *sides: int) -> list[int]:
        """The sides of a comparison that may be of a record. ``PaymentStatus.PAID`` is of the one whose state it is held against; where
        that is what was sent, or a state that is known itself, the comparison asks which state is to be written."""
        values = [self.evaluator.value(atom.fn, side, atom.ctx) for side in sides]
        known = [all(isinstance(o, Const) for o in options(value)) for value in values]
        if all(known):
            return []
        sent = any(self.model.requests.source(o) is not None for value in values for o in options(value))
        return [side for side, is_known in zip(sides, known, strict=True) if not (sent and is_known)]

    def field(self, fn: Fn, i: int, ctx: Ctx | None, depth: int = 0) -> list[FieldRead]:
        """The field of a record that an instruction reads, through variables and getters."""
        key = (fn, i, id(ctx))
        if key not in self._reads:
            self._reads[key] = []
            self._reads[key] = self._field(fn, i, ctx, depth)
        return self._reads[key]

    def _field(self, fn: Fn, i: int, ctx: Ctx | None, depth: int) -> list[FieldRead]:
        if depth > 6 or i < 0:
            return []
        body = self.program.body(fn)
        op, args = body.op[i], body.args(i)
        if op in (Op.AWAIT, Op.SPREAD):
            return self.field(fn, args[0], ctx, depth + 1)
        if op in (Op.CAST, Op.STORE):
            return self.field(fn, args[1], ctx, depth + 1)
        if op == Op.CHOICE:
            return [r for a in args[1:] for r in self.field(fn, a, ctx, depth + 1)]
        if op == Op.FIELD:
            return self._of_state(fn, body.name(i), args[0], ctx) or self._member(fn, i, args[0], body.name(i), ctx)
        if op == Op.INDEX:
            const = body.const(args[1])
            key = const[1] if const is not None else constant(self.evaluator.value(fn, args[1], ctx)) or ""
            if const is None and not key.isdigit():  # what a table says of it: `NEXT[order.status]`
                return self.field(fn, args[1], ctx, depth + 1)
            if (owner := self._bag_of(fn, args[0])) >= 0:
                return self._member(fn, i, owner, f"meta:{key.strip(_QUOTES)}", ctx)
            return self._member(fn, i, args[0], key.strip(_QUOTES), ctx)  # `row[STATUS_AT]`
        if op == Op.CALL:
            return self._getter(fn, i, ctx)
        if op == Op.NAME and (fn.number != TOP or self.program.language(fn.file) == "php"):  # a page is run as it stands
            reach = self.evaluator.defuse(fn, ctx).reaching(i, body.name(i))
            return [r for s in reach.stores[:4] for r in self.field(fn, body.args(s)[1], ctx, depth + 1)]
        if op == Op.PARAM:
            given = self.records.chains.argument(fn, args[0], ctx)
            return self.field(*given, depth + 1) if given else []
        return []

    def _bag_of(self, fn: Fn, i: int) -> int:
        """The record of which a getter gives all that it keeps under names that others choose: ``$order->getCustomFields()``; or -1."""
        body = self.program.body(fn)
        got = body.op[i] == Op.CALL and not body.call(i)[1] and _WHOLE_BAG.fullmatch(snake(body.called(i))) is not None
        return body.args(body.args(i)[0])[0] if got and body.op[body.args(i)[0]] == Op.FIELD else -1

    def _member(self, fn: Fn, i: int, base: int, name: str, ctx: Ctx | None) -> list[FieldRead]:
        if says_how_many(name):
            return []
        if name.isdigit():
            name = self.records.column(fn, base, int(name), ctx) or name
        kind, parts = self.records.holder(fn, base, ctx)
        value = self.evaluator.value(fn, base, ctx)
        if kind in _MESSAGES and self.records.read_behind(value) is None:
            return []
        if kind and (self._answered(value) or self._sent(value) or self._sent(self.evaluator.value(fn, i, ctx))):
            return []
        field = snake(name).lstrip("_")
        if (own := within(self.records, fn, base, name, ctx)) is not None:
            kind, field, parts = own
        return [FieldRead(kind, field, parts, fn, i, ctx)] if kind and not self._made_here(fn, base, ctx) else []

    def _of_state(self, fn: Fn, name: str, base: int, ctx: Ctx | None) -> list[FieldRead]:
        """The state of a record of which it is asked what it is called."""
        if snake(name) not in _OF_STATE or self.program.body(fn).op[base] != Op.CALL:
            return []
        return [r for r in self.field(fn, base, ctx) if self.model.words.has("status_fields", r.field)]

    def _answered(self, value: Value) -> bool:
        """Whether something is what a provider answered: its payment may be called as ours is, and is none of our records."""
        found = [o for o in options(value) if not (isinstance(o, Missing) or (isinstance(o, Const) and o.falsy))]
        return bool(found) and all(
            isinstance(o, Result)
            and o.instr >= 0
            and (known := self.model.operations.at(o.fn, o.instr, o.ctx)) is not None
            and isinstance(known.thing, Operation)
            for o in found
        )

    def _sent(self, value: Value) -> bool:
        """Whether something is a part of what was sent: an order or payment in a message tells what the message says, not what we know."""
        sources = [self.model.requests.source(o) for o in options(value)]
        return all(s is not None and s.kind in ("body", "raw", "query") for s in sources) and self.records.read_behind(value) is None

    def _made_here(self, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        """Whether a record is one that this very run has created, or an object that is written out here: what it says was not so
        before."""
        value = self.evaluator.value(fn, i, ctx)
        plain = [before_writes(o) for o in options(value)]
        if plain and all(isinstance(o, Record) and all(key is not None for key, _ in o.entries) for o in plain):
            return True
        found = [self.records.read_behind(o) for o in options(value)]
        return bool(found) and all(t is not None and t.kind == "create" for t in found)

    def _getter(self, fn: Fn, i: int, ctx: Ctx | None) -> list[FieldRead]:
        """``order.getStatus()``, ``$order->get_status('edit')``, ``$order->has_status([…])``, ``$order->get_meta('_key')``"""
        body = self.program.body(fn)
        callee, arguments = body.call(i)
        if body.op[callee] == Op.NAME and body.name(callee) in _BY_NAME and len(arguments) > 1:
            named = body.const(arguments[1][1])
            return self._member(fn, i, arguments[0][1], named[1].strip("'\""), ctx) if named is not None else []
        kept = meta_at(self.model, fn, i, ctx)
        if kept is not None and kept[0].reads:
            meta, kept_as, given = kept
            keys = {"id": given[meta.of]} if meta.of >= 0 else {}
            return [FieldRead(meta.entity, kept_as, Parts(keys=keys, compared=set(keys)), fn, i, ctx)]
        if body.op[callee] != Op.FIELD:
            spelt = len(arguments) == 1 and body.op[callee] == Op.NAME
            spelt = spelt and (snake(body.name(callee)) in _SPELLING or self._is_class(fn, callee))
            return self.field(fn, arguments[0][1], ctx) if spelt else []
        name = snake(body.name(callee))
        if name in _OF_ENUM and len(arguments) == 1 and self._is_class(fn, body.args(callee)[0]):
            return self.field(fn, arguments[0][1], ctx)
        spelt = name in _SPELLING and not self.model.recogniser.is_ours(fn, i, ctx)
        if spelt or (not arguments and self._of_state(fn, name, body.args(callee)[0], ctx)):
            return self.field(fn, body.args(callee)[0], ctx)
        if (one := self._one_value(fn, i, ctx)) is not None:
            return [one]
        if self.model.recogniser.is_ours(fn, i, ctx):
            ours = self.evaluator.value(fn, i, ctx)
            found = [r for o in options(ours)[:4] for r in self.of_value(o)]
            return found or (self._asked_of_object(fn, i, ctx) if is_predicate(name) else self._kept_by_object(fn, i, ctx))
        plain = name.removeprefix("get_").removeprefix("has_").removeprefix("is_") or name
        if _BAG.fullmatch(plain) and arguments:
            key = constant(self.evaluator.value(fn, arguments[0][1], ctx))
            return self._member(fn, i, body.args(callee)[0], f"meta:{key}", ctx) if key else []
        words = self.model.words
        if words.has("status_fields", plain) or words.has("paid_fields", plain) or words.has("paid_fields", name) or is_predicate(name):
            found = self._member(fn, i, body.args(callee)[0], plain if words.has("status_fields", plain) else name, ctx)
            return [r._replace(asked=True) for r in found]
        if not arguments and plain != name:
            return self._member(fn, i, body.args(callee)[0], plain, ctx)
        if name == "get" and 0 < len(arguments) <= 2:
            return self._got(fn, body.args(callee)[0], arguments[0][1], ctx)
        return []

    def _got(self, fn: Fn, base: int, key: int, ctx: Ctx | None) -> list[FieldRead]:
        """``NEXT.get(order.status, [])``; Drupal's ``$order->get('state')``."""
        const = self.program.body(fn).const(key)
        if const is None:
            return self.field(fn, key, ctx)
        return self._member(fn, key, base, const[1], ctx) if self.model.words.has("status_fields", const[1]) else []

    def _one_value(self, fn: Fn, i: int, ctx: Ctx | None) -> FieldRead | None:
        """The column of which a call gives the value alone: ``->fetchColumn()`` of ``SELECT total …``, ``->value('total')``."""
        column = single_column(self.model, fn, i, ctx)
        kind, parts = self.records.holder(fn, i, ctx) if column else ("", Parts())
        return FieldRead(kind, snake(column), parts, fn, i, ctx) if kind else None

    def _is_class(self, fn: Fn, i: int) -> bool:
        """Whether a value is a class of ours: an enumeration that is given a state as it is kept, ``Status(order.status)``."""
        return all(isinstance(o, ClassV) for o in options(self.evaluator.value(fn, i)))

    def _asked_of_object(self, fn: Fn, i: int, ctx: Ctx | None) -> list[FieldRead]:
        """``order.canBeShipped()``: an object of ours that stands for a record is asked for its state."""
        body = self.program.body(fn)
        callee = body.args(i)[0]
        owner = self.evaluator.value(fn, body.args(callee)[0], ctx)
        kinds = {entity(self.program.cls(o.cls).name) for o in options(owner) if isinstance(o, Instance)}
        return [
            FieldRead(k, snake(body.name(callee)), Parts(), fn, i, ctx, asked=True) for k in sorted(kinds) if self.model.words.entity(k)
        ]

    def _kept_by_object(self, fn: Fn, i: int, ctx: Ctx | None) -> list[FieldRead]:
        """``order.getStatus()``: a getter that gives back a field of an object of ours that stands for a record."""
        out: dict[tuple[str, str], FieldRead] = {}
        for option in options(self.evaluator.value(fn, self.program.body(fn).args(i)[0], ctx)):
            if not isinstance(option, FunctionV) or not isinstance(option.this, Instance):
                continue
            body = self.program.body(option.fn)
            given = [body.args(r)[0] for r, op in enumerate(body.op) if op == Op.RETURN and body.args(r)[0] >= 0]
            kind = entity(self.program.cls(option.this.cls).name)
            if len(given) == 1 and body.op[given[0]] == Op.FIELD and self.model.words.entity(kind):
                holder, name = body.args(given[0])[0], snake(body.name(given[0])).lstrip("_")
                if body.is_self(holder):
                    out[kind, name] = FieldRead(kind, name, Parts(), fn, i, ctx)
        return list(out.values())

    def of_value(self, value: Value) -> list[FieldRead]:
        """The field that a value was read from, or what a getter was asked for."""
        if isinstance(value, Result) and value.instr >= 0 and not self.model.recogniser.is_ours(value.fn, value.instr, value.ctx):
            return self.field(value.fn, value.instr, value.ctx)
        return self._of_member(value) if isinstance(value, Member) else []

    def _of_member(self, value: Member) -> list[FieldRead]:
        touch = self.records.read_behind(value.base)
        if touch is None or not touch.entity:
            return []
        parts = Parts(keys=touch.keys, compared=set(touch.compared), locked=touch.locked)
        return [FieldRead(touch.entity, snake(value.name), parts, touch.fn, touch.instr, touch.ctx)]

    def is_search(self, atom: Atom) -> bool:
        """Whether a call looks for something among others: ``in_array($status, […])``, ``KNOWN.has(id)``."""
        body = self.program.body(atom.fn)
        callee = body.args(atom.instr)[0]
        return body.op[callee] in (Op.NAME, Op.FIELD) and body.name(callee).rpartition(".")[2] in _CONTAINS


def says_how_many(name: str) -> bool:
    """Whether a member or method of an answer says how many rows there are, or whether any: ``modifiedCount``, ``rowcount``."""
    return snake(name).replace("_", "") in _COUNTS


def is_predicate(name: str) -> bool:
    """Whether a name asks about the state of what it stands on: ``can_invoice``, ``needs_payment``, ``is_refundable``."""
    plain = snake(name)
    return plain.startswith(("can_", "needs_", "should_", "may_", "allows_")) or (
        plain.startswith(("is_", "has_"))
        and plain.endswith(
            ("able", "ed", "paid", "complete", "open", "closed", "pending", "active", "status", "review", "invoices", "invoice")
        )
    )
