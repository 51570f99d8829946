"""What is declared of a sum of money: the type of a parameter or column, the method of a record that works it out, a provider's answer."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tillproof.commerce.accessors import told_by_accessor
from tillproof.commerce.entities import entity
from tillproof.commerce.lexicon import snake
from tillproof.commerce.relations import other_end, related
from tillproof.commerce.schema.tables import Column
from tillproof.commerce.sums import Sums
from tillproof.flow.members import static_member
from tillproof.flow.program import ClassId
from tillproof.flow.properties import is_property
from tillproof.flow.values import (
    Choice,
    ClassV,
    Const,
    Element,
    External,
    FunctionV,
    Instance,
    Member,
    Mix,
    Overlay,
    Param,
    Result,
    Seq,
    Unknown,
    Value,
    constant,
    names,
    options,
)  # fmt: skip
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Operation, Provider, Sum

if TYPE_CHECKING:
    from tillproof.commerce.model import Model
    from tillproof.commerce.money import Number, Unit

_NO_PLACES = re.compile(r"""(?:decimal_places|scale|places)["']?\s*(?:=>|[=:])\s*0\b|\(\s*(?:["'`]\w+["'`]\s*,\s*)?\d+\s*,\s*0\s*\)""")
# A field of a class of PHP (or a parameter of its constructor that becomes one), and what gives it.
_OF_PHP = r"(?:private|protected|public|readonly|var)\s+\??(int|float)\s+\${0}\b|function\s+get_?{1}\(\)\s*:\s*\??(int|float)\b"
_CASTS = re.compile(r"(?:\$casts\s*=|function\s+casts\s*\(\)[^{]*\{\s*return)\s*(\[[^\]]*\])")
_CAST_TO: "dict[str, tuple[Number, Unit]]" = {
    "float": ("float", "major"), "double": ("float", "major"), "real": ("float", "major"), "decimal": ("string", "major"),
    "int": ("integer", ""), "integer": ("integer", ""),
}  # fmt: skip
_DEEPEST = 12
_BETWEEN = "pivot"
_COLUMNS = ("Column", "mapped_column", "Field")
_CHOOSES = ("filter", "find", "slice", "sort", "at", "first", "last", "reverse", "where", "pop", "shift")
_OWN_DATA = ("metadata", "meta_data", "notes", "custom", "custom_id", "client_reference_id")
_TYPES: "dict[str, tuple[Number, Unit]]" = {
    "int": ("integer", ""), "integer": ("integer", ""), "float": ("float", ""), "double": ("float", ""), "Decimal": ("decimal", "major"),
    "decimal.Decimal": ("decimal", "major"), "bigint": ("integer", ""),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """How a sum is declared. ``what``: the type, as the code names it. ``value``: what declares it, where that is a value."""

    number: "Number"
    unit: "Unit"
    what: str
    value: Value | None


class Declared:
    """Looks for declarations behind values."""

    def __init__(self, model: "Model", sums: Sums) -> None:
        self.model = model
        self.program = model.program
        self.evaluator = model.evaluator
        self.sums = sums
        self.chains = model.records.chains
        self._records: dict[int, tuple[Value, ClassId | None]] = {}

    def kind(self, value: Value) -> Kind | None:
        """The declared type of a parameter or of a record's field."""
        if isinstance(value, Instance) and value.origin is not None:
            return self.kind(value.origin)
        if isinstance(value, Param):
            text = self.program.body(value.fn).params[value.number].type.strip("?\\ ")
            found = _TYPES.get(text)
            return Kind(*found, text, None) if found else None
        if isinstance(value, Member):
            record = self.record(value.base)
            if record is not None and (cast := self._cast(record, value.name)) is not None:
                return cast
            stored = self._stored(value, record)
            if stored is None and record is not None:
                return self._annotated(record, value.name) or self._enforced(record, value.name)
            return stored
        return self._column(value)

    def operand(self, value: Mix | Result) -> Kind | None:
        """The declared type of a parameter that an operation works with: ``def cents(amount: Decimal): return amount * 100``."""
        body = self.program.body(value.fn)
        if value.instr < 0 or value.instr >= len(body.op):
            return None
        used = body.args(value.instr)[1:] if isinstance(value, Mix) else [v for _, v in body.call(value.instr)[1]]
        types = {p.name: p.type.strip("?\\ ") for p in body.params if p.type}
        found = (types.get(body.name(i)) for i in used if i >= 0 and body.op[i] == Op.NAME)
        text = next((t for t in found if t in _TYPES), None)
        return Kind(*_TYPES[text], text, None) if text else None

    def only_whole(self, value: Value) -> bool:
        """Whether all columns of a deployable unit that have the name of a field hold whole numbers: ``price``, of products and orders."""
        name = value.name if isinstance(value, Member) else ""
        unit = self.program.unit(value.at[0])
        tables = (t for t in self.model.schema.mentioning([name]) if t.unit == unit) if name else ()
        found = [column for t in tables if (column := t.column(name)) is not None]
        kinds = [self._kind_of(column, value.at[0]) for column in found]
        return bool(kinds) and all(kind is not None and kind.number == "integer" for kind in kinds)

    def _stored(self, value: Member, record: ClassId | None) -> Kind | None:
        """The column that a field is kept in, by what the record is or is called."""
        if record is not None:
            field = static_member(self.evaluator.scope, ClassV(value.at, record), value.name, value.at)
            declared = next((k for o in options(field) if (k := self._column(o))), None)
            if declared is not None:
                return declared
        schema, near = self.model.schema, value.at[0]
        column = schema.column(record, value.name, near) if record is not None else None
        if column is None:
            touch = self.model.records.read_behind(value.base)
            name = touch.entity if touch is not None else self._called(value.base)
            column = schema.column(name, value.name, near) if name else None
        if column is None and isinstance(value.base, Member) and value.base.name == _BETWEEN:
            column = self._between(value.name, near)
        return self._kind_of(column, near) if column is not None else None

    def _between(self, name: str, near: str) -> Column | None:
        """The column of Laravel's table between two others, ``$product->pivot->price``: the one table of the unit that has such a column
        and no model of its own."""
        unit = self.program.unit(near)
        tables = (t for t in self.model.schema.mentioning([name]) if t.unit == unit and t.model is None)
        found = [column for t in tables if (column := t.column(name)) is not None]
        return found[0] if len(found) == 1 else None

    def _kind_of(self, column: Column, near: str) -> Kind | None:
        """What a column's type says of a sum. A document's number may be any; a decimal comes as a text everywhere but in Python."""
        if column.kind == "integer" and column.type.strip().lower() == "number":
            return None
        found: tuple[Number, Unit] | None = {
            "integer": ("integer", ""),
            "float": ("float", "major"),
            "decimal": ("decimal" if self.program.language(near) == "python" else "string", "major"),
        }.get(column.kind)  # type: ignore[assignment]
        if column.kind == "decimal" and self._keeps_no_places(column):
            found = "integer", ""
        at = Unknown((column.file, column.line), "a column")
        return Kind(*found, column.type or column.kind, at) if found is not None else None

    def _keeps_no_places(self, column: Column) -> bool:
        """Whether a column of decimals keeps no digit behind the point, by what stands where it is declared."""
        known = column.file in self.program.sources
        lines = range(column.line, column.end_line + 1) if known else ()
        return any(_NO_PLACES.search(text) for text in (column.type, *(self.program.line_text(column.file, n) for n in lines)))

    def _called(self, value: Value) -> str:
        """What a record is called where it is read."""
        if isinstance(value, (Member, Param)):
            return value.name
        if isinstance(value, (Element, Overlay)):
            return self._called(value.base)
        if isinstance(value, Instance) and value.origin is not None:
            return self._called(value.origin)
        return _last(value) if isinstance(value, Result) else ""

    def _enforced(self, record: ClassId, name: str) -> Kind | None:
        """What the decorators of a field of a class let through: ``@IsInt() amount: number``."""
        text = self.program.class_text(record).decode("utf-8", "replace")
        found = re.search(rf"((?:@\w+\([^@;]*?\)\s*)+)(?:(?:public|private|protected|readonly)\s+)*{re.escape(name)}\s*[?!]?\s*:", text)
        whole = found is not None and re.search(r"@IsInt\(|@IsInteger\(|Type\(\(\) => BigInt", found[1])
        return Kind("integer", "", "an integer that is enforced", None) if whole else None

    def _annotated(self, record: ClassId, name: str) -> Kind | None:
        """The type that a class of Python annotates a field with, ``amount: float = Field(gt=0)``, and one of PHP declares it with, or
        what gives it: ``private ?int $price``, ``getPrice(): ?int``."""
        language = self.program.language(record.file)
        if language not in ("python", "php"):
            return None
        text = self.program.class_text(record).decode("utf-8", "replace")
        if language == "php":
            of_php = _OF_PHP.format(re.escape(name), re.escape(snake(name).replace("_", "")))
            declared = next((g for m in re.finditer(of_php, text, re.IGNORECASE) for g in m.groups() if g), None)
            return Kind(*_TYPES[declared.lower()], declared.lower(), None) if declared else None
        found = re.search(rf"^[ \t]+{re.escape(name)}[ \t]*:[ \t]*(float|int|Decimal|decimal\.Decimal)\b(?!\s*\|)", text, re.MULTILINE)
        return Kind(*_TYPES[found[1]], found[1], None) if found else None

    def _cast(self, record: ClassId, name: str) -> Kind | None:
        """What a model of Laravel's makes of a column when it is read, whatever the database keeps: ``protected $casts = ['total' =>
        'float']``. See https://laravel.com/docs/eloquent-mutators#attribute-casting."""
        if self.program.language(record.file) != "php":
            return None
        text = self.program.class_text(record).decode("utf-8", "replace")
        block = _CASTS.search(text)
        found = re.search(rf"""['"]{re.escape(name)}['"]\s*=>\s*['"](\w+)(?::\d+)?['"]""", block[1]) if block is not None else None
        kind = _CAST_TO.get(found[1].lower()) if found is not None else None
        return Kind(*kind, f"cast to {found[1].lower()}", None) if found is not None and kind is not None else None

    def _column(self, field: Value) -> Kind | None:
        """A column by what declares it: ``FloatField()``, ``Column(Numeric(10, 2))``."""
        if not isinstance(field, Result) or field.instr < 0:
            return None
        told = self.sums.known(field)
        if told is None and _last(field) in _COLUMNS:
            for _, argument in self.evaluator.arguments(field):
                told = told or self.sums.known(argument)
        if told is None or told.does != "gives":
            return None
        if told.number == "decimal" and self._is_whole(field):
            return Kind("integer", "", f"{_last(field)} without decimals", field)
        return Kind(told.number, _unit(told), _last(field), field)

    def _is_whole(self, field: Result) -> bool:
        """Whether a column keeps no decimals, as those of shops do that sell in yen or rials: ``DecimalField(decimal_places=0)``."""
        given = self.evaluator.arguments(field)
        places = next((v for k, v in given if k in ("decimal_places", "scale")), None)
        inner = [v for k, v in given if k == ""]
        if places is None and len(inner) == 2 and isinstance(inner[0], Const):
            places = inner[1]  # `Numeric(12, 0)`
        nested = [o for o in inner if isinstance(o, Result) and o.instr >= 0 and _last(field) in _COLUMNS]
        return constant(places) == "0" if places is not None else any(self._is_whole(o) for o in nested)

    # --- records

    def returned(self, value: Result) -> Value | None:
        """What a method of a stored record returns, where the call does not show of which class the record is."""
        if not isinstance(value.callee, Member):
            return None
        record = self.record(value.callee.base)
        method = self.evaluator.scope.method(record, value.callee.name) if record is not None else None
        if method is not None and record is not None:
            target = FunctionV(value.at, method, None, Instance(value.at, record, None, value.callee.base))
            return self.evaluator.returned(target, value.fn, value.instr, value.ctx)
        named = self.evaluator.scope.by_name(value.callee, self.program.language(value.fn.file))
        if len(named) > 1:
            named = [f for f in named if self._is_named(value.callee.base, f)]
        return self.evaluator.returned(named[0], value.fn, value.instr, value.ctx) if len(named) == 1 else None

    def told_by_property(self, value: Member) -> Value | None:
        """What a property of a stored record works out: ``product.price_in_cents``, declared with ``@property``."""
        record = self.record(value.base)
        if record is None:
            return None
        method = self.evaluator.scope.method(record, value.name)
        if method is not None and is_property(self.evaluator.scope, method):
            target = FunctionV(value.at, method, None, Instance(value.at, record, None, value.base))
            found: Value | None = self.evaluator.returned(target, method, 0, None)
        else:
            found = told_by_accessor(self.evaluator, record, value)
        return None if isinstance(found, Unknown) else found

    def _is_named(self, receiver: Value, method: FunctionV) -> bool:
        """Whether the object that a method is called on is named as its class is."""
        owner = self.program.owner(method.fn)
        name = receiver.name if isinstance(receiver, (Member, Param)) else ""
        return owner is not None and bool(name) and entity(name) == entity(self.program.cls(owner).name)

    def record(self, value: Value, depth: int = 0) -> ClassId | None:
        """The class of ours whose record a value is, or whose records it holds."""
        found = self._records.get(id(value))
        if found is None:
            self._records[id(value)] = (value, None)
            found = self._records[id(value)] = (value, self._record(value, depth) if depth < _DEEPEST else None)
        return found[1]

    def _record(self, value: Value, depth: int) -> ClassId | None:
        if isinstance(value, Choice):
            return next((c for o in value.options if (c := self.record(o, depth + 1))), None)
        if isinstance(value, Instance):
            return value.cls
        if isinstance(value, (Element, Overlay)):
            return self.record(value.base, depth + 1)
        if isinstance(value, Seq) and value.items:
            return self.record(value.items[0], depth + 1)
        if isinstance(value, Param) and isinstance(value.type, ClassV):
            return value.type.cls
        if isinstance(value, Member):
            holder = self.record(value.base, depth + 1)
            if holder is None:
                return None
            return related(self.evaluator, holder, value.name)
        if isinstance(value, Result) and value.instr >= 0:
            return other_end(self.evaluator, value) or self._fetched(value, depth)
        return None

    def _fetched(self, value: Result, depth: int) -> ClassId | None:
        """The class that a chain begins with, or that one of its calls is given: ``Order.objects.get()``, ``session.get(Order, id)``."""
        chain = self.chains.of(value.fn, value.instr, value.ctx)
        for option in options(self.evaluator.value(chain.fn, chain.root, chain.ctx)):
            if isinstance(option, ClassV):
                return option.cls
        for link in chain.calls():
            for _, argument in self.chains.arguments(link):
                if isinstance(argument, ClassV):
                    return argument.cls
        return self.record(value.callee.base, depth + 1) if isinstance(value.callee, Member) else None

    # --- providers

    def typed_by(self, value: Value) -> Provider | None:
        """The provider whose type a field's object is declared to be: ``intent: stripe.PaymentIntent``."""
        base = value.base if isinstance(value, Member) else None
        if not isinstance(base, Param) or not isinstance(base.type, External):
            return None
        root = base.type.name.lower()
        language = self.program.language(base.fn.file)
        for provider in self.model.knowledge.providers.values():
            for package in provider.packages.get(language, ()):  # type: ignore[call-overload]
                if provider.kind == "payment" and (
                    root == package.lower() or root.startswith((package.lower() + ".", package.lower() + "/"))
                ):
                    return provider
        return None

    def provider(self, value: Value) -> Provider | None:
        """The provider whose answer, or whose message, a sum is read from; not what we gave it to keep."""
        here = value
        for _ in range(_DEEPEST):
            if isinstance(here, Member):
                if here.name in _OWN_DATA:
                    return None
                here = here.base
            elif isinstance(here, (Element, Overlay)):
                if isinstance(here, Element) and isinstance(here.key, Const) and here.key.text.strip("'\"") in _OWN_DATA:
                    return None
                here = here.base
            elif isinstance(here, Choice):
                here = here.options[0]
            elif (some := _some_of(here)) is not None and self.model.operations.at(some[1].fn, some[1].instr, some[1].ctx) is None:
                here = some[0]
            else:
                break
        if here is value or not isinstance(here, Result) or here.instr < 0:
            return None
        known = self.model.operations.at(here.fn, here.instr, here.ctx)
        if known is None or (isinstance(known.thing, Operation) and known.thing.op.startswith(("customer", "catalog", "order"))):
            return None
        return known.provider


def _some_of(value: Value) -> tuple[Value, Result] | None:
    """What elements are chosen from, and by which call: ``payments.items.filter(isOpen)``."""
    if isinstance(value, Result) and value.instr >= 0 and isinstance(value.callee, Member) and value.callee.name in _CHOOSES:
        return value.callee.base, value
    return None


def _last(value: Result) -> str:
    found = names(value.callee)
    return found[0].rpartition(".")[2].replace("()", "") if found else ""


def _unit(told: Sum) -> "Unit":
    return "minor" if told.unit == "hundredths" else told.unit
