"""In which unit, and as what kind of number, a sum of money comes: the question ``units(v)``.

The answer is read from what is done to the sum on its way (``* 100``, ``int()``, ``toFixed(2)``, a money library), from what declares it
(a column's type, a getter of the platform, a provider's answer) and, last, from its name.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from tillproof.commerce.declared import Declared
from tillproof.commerce.lexicon import snake
from tillproof.commerce.money import (
    COUNT,
    Money,
    Number,
    Step,
    Unit,
    as_float,
    converted_to,
    has_fraction,
    is_half,
    literal,
    name_of,
    nothing,
    once,
    together,
    written_down,
)
from tillproof.commerce.scales import Scale, Scales
from tillproof.commerce.stripped import stripped, without_point
from tillproof.commerce.sums import Sums, decimals_of
from tillproof.flow.shape import gathers, shape
from tillproof.flow.values import (
    CONVERSIONS,
    Choice,
    Const,
    Element,
    External,
    FunctionV,
    Instance,
    Member,
    Missing,
    Mix,
    Overlay,
    Result,
    Seq,
    Text,
    Unknown,
    Value,
    constant,
    options,
    pieces,
)  # fmt: skip
from tillproof.ir.ops import Kind, Op
from tillproof.knowledge.schema import Sum as Told

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_BASIS = 4  # the exponent of ten thousand
_DEEPEST = 40
_PIECES = 40
# What a number of minor units in one major one is called, where it is kept as a setting.
# A multiplier of something else, a rate or a region, is one of a price.
_SCALING = re.compile(
    r"((currency|amount|money|cents?|minor|major|units?|sub|decimals?|smallest|gateway|payments?|provider|default|base|stripe|zero|digits?)_)*"
    r"(multiple|multiplier|factor|scale|precision)|(\w+_)?(minor_units?|sub_?units?|(cents|units)_per_\w+|unit_scale)"
)
_MARKED = re.compile(r"(^|:)[^{}.]*,(\.\d+)?[fd]?['\"}]*$")
_NOT_FINITE = ("~", "|", ">>", ">>>")
_ADDING = ("+", "-", "%")


class Units:
    """Answers by value; what was asked is kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self.program = model.program
        self.evaluator = model.evaluator
        self.sums = Sums(model.program, model.requests.active)
        self.scales = Scales(model.evaluator, self.sums, model.words)
        self.declared = Declared(model, self.sums)
        self._memo: dict[int, tuple[Value, tuple[Money, ...]]] = {}
        self._asked: set[tuple[str, str]] = set()  # what of the session is being found out

    def of(self, value: Value) -> tuple[Money, ...]:
        """What a value may be as a sum of money: one answer for each way in which it may come about."""
        return self._of(value, 0)

    def _of(self, value: Value, depth: int) -> tuple[Money, ...]:
        found = self._memo.get(id(value))
        if found is None:
            if depth > _DEEPEST:
                return (Money(),)
            self._memo[id(value)] = (value, (Money(),))  # while it is being found out
            found = self._memo[id(value)] = (value, once(self._look(value, depth)))
        return found[1]

    def _look(self, value: Value, depth: int) -> Iterable[Money]:
        if isinstance(value, Choice):
            told = [o for o in value.options if not isinstance(o, (Unknown, Missing)) and not nothing(o)]
            return [m for o in told for m in self._of(o, depth + 1)] or [Money()]
        if isinstance(value, Const):
            return [literal(value)]
        if isinstance(value, Text):
            return self._text(value, depth)
        if isinstance(value, Mix):
            return self._mix(value, depth)
        if isinstance(value, Overlay):
            return self._of(value.base, depth + 1)
        if isinstance(value, Instance) and value.origin is not None:
            return self._of(value.origin, depth + 1)
        if isinstance(value, Result) and value.instr >= 0:
            return self._result(value, depth)
        if isinstance(value, Member) and (inner := self.declared.told_by_property(value)) is not None:
            return self._of(inner, depth + 1)
        if (
            isinstance(value, Member)
            and gathers(value.base)
            and (put := shape(self.evaluator, value.base).must.get(value.name)) is not None
        ):
            return self._of(put, depth + 1)  # of a copy: `dict(data)["amount"]`
        return self._kept(value, depth) or [self._leaf(value)]

    def _kept(self, value: Value, depth: int) -> list[Money]:
        """A sum that the session was given before; what is added to what stood there is more than one sum."""
        source = self.model.requests.source(value) if isinstance(value, (Member, Element, Result)) else None
        if source is None or source.kind != "session" or not source.key:
            return []
        place = (source.key, self.program.unit(value.at[0]))
        if place in self._asked:
            return [Money()]
        self._asked.add(place)
        kept = [v for v in self.model.sessions.kept(source.key, value.at[0]) if not nothing(v) and not isinstance(v, (Unknown, Missing))]
        found = [m for v in kept for m in self._of(v, depth + 1)]
        self._asked.discard(place)
        return found

    # --- arithmetic

    def _mix(self, value: Mix, depth: int) -> Iterable[Money]:
        if value.op in CONVERSIONS:
            return [self._converted(m, value) for m in self._of(value.operands[0], depth + 1)]
        if value.op in _NOT_FINITE and (len(value.operands) == 1 or isinstance(value.operands[-1], Const)):
            return [self._cut(m, value) for m in self._of(value.operands[0], depth + 1)]
        if len(value.operands) == 1:
            if value.op not in ("-", "+"):
                return [Money()]
            return [as_float(m) if value.op == "+" else m for m in self._of(value.operands[0], depth + 1)]
        left, right = value.operands[0], value.operands[-1]
        if value.op == "%" and isinstance(left, Const) and left.kind == Kind.STRING:
            return [self._fixed(m, value, decimals_of(left.text)) for m in self._of(right, depth + 1)]
        if self._share(value):
            return [Money("decimal" if self._language(value) == "python" else "float")]
        if value.op == "*":
            return self._times(value, left, right, depth)
        if value.op in ("/", "//"):
            divided = self._over(value, left, right, depth)
            return [self._cut(m, value) for m in divided] if value.op == "//" else divided
        if value.op == "+" and is_half(right):
            return self._of(left, depth + 1)
        if value.op in _ADDING:
            parts = [self._joined(o, depth) for o in value.operands if not nothing(o)]
            # what a loop adds to nothing is added again and again
            return [self._together(value, parts * 2 if value.op == "+" and len(parts) == 1 else parts)]
        return [Money()]

    def _converted(self, money: Money, value: Mix) -> Money:
        if value.op == "(int)":
            return self._cut(money, value)
        if value.op == "(float)":
            return as_float(money)
        return replace(money, number="string", inexact=self._many(value.operands[0]))

    def _many(self, value: Value) -> bool:
        """Whether a sum that PHP writes as it is, with fourteen digits so that a float's error is gone, may have more decimals than its
        currency: a share of it is taken, or a part."""
        return isinstance(value, Mix) and (value.op == "/" or (value.op == "*" and any(map(has_fraction, value.operands))))

    def _times(self, value: Value, left: Value, right: Value, depth: int) -> Iterable[Money]:
        for factor, sum_ in ((right, left), (left, right)):
            scale = self.scales.of(factor)
            if scale is not None and self.scales.of(sum_) is None:
                turned = self._down if scale.down else self._up
                return [turned(self._decoded(self._typed(m, value), sum_), value, scale.exponent) for m in self._of(sum_, depth + 1)]
        if self._share(left) or written_down(left) or self._hundredth(left, right):
            left, right = right, left
        one = self._joined(left, depth)
        by = COUNT if self._share(right) or written_down(right) or self._hundredth(right, left) else self._joined(right, depth)
        made = self._together(value, [one, by])
        if has_fraction(right) or (made.number == "float" and not made.whole):
            number, inexact = self._computed(replace(made, whole=False), value)
            if number in ("integer", "") and has_fraction(right) and isinstance(right, Const):
                number, inexact = "float", True  # Python multiplies no Decimal by it, and elsewhere every number is one
            made = replace(made, whole=False, number=number, inexact=inexact)
        if any(_SCALING.fullmatch(name_of(o)) for o in (left, right)):
            return [replace(made, unit="", inexact=None, two=False)]  # by how much is said elsewhere, per currency perhaps
        return [replace(made, unit=one.unit or by.unit, two=one.two or (by.two and not one.unit))]

    def _typed(self, money: Money, value: Value) -> Money:
        """What the declared type of a parameter says of a sum that is worked with, where nothing else does."""
        kind = self.declared.operand(value) if money.number == "" and isinstance(value, (Mix, Result)) else None
        if kind is None:
            return money
        whole = kind.number == "integer"
        return replace(money, number=kind.number, unit=money.unit or kind.unit, whole=whole, inexact=False, sure=True)

    def _decoded(self, money: Money, value: Value) -> Money:
        """Python makes a float of a number with a fraction that comes in JSON, and a text cannot be multiplied to a sum: so a piece of a
        request that is worked with as it came is one. Elsewhere it is a whole number where all that the shop stores under its name are."""
        if money.number or money.whole:
            return money
        source = self.model.requests.source(value)
        sent = source is not None and source.key is not None and source.kind in ("body", "raw")
        if self._language(value) == "python":
            return as_float(money) if sent else money
        return replace(money, number="integer", whole=True) if sent and self.declared.only_whole(value) else money

    def _up(self, money: Money, value: Value, exponent: int | None) -> Money:
        unit: Unit = {"minor": "over", "under": "major"}.get(money.unit, "minor")  # type: ignore[assignment]
        number, inexact = self._computed(money, value)
        step = Step("up", value, exponent)
        if any(s.fraction for s in money.steps):  # `int(price) * 100`: the cents are gone before they are counted
            money = replace(money, steps=tuple(replace(s, loses=True if s.of else None) if s.fraction else s for s in money.steps))
        return money.after(step, unit=unit, number=number, inexact=inexact, two=exponent is not None)

    def _over(self, value: Value, left: Value, right: Value, depth: int) -> Iterable[Money]:
        scale = self.scales.of(right)
        if scale is None or self._percentage(left) or _in_basis_points(left, scale):
            made = self._joined(left, depth)
            number, _ = self._computed(replace(made, whole=False), value)
            if number == "integer" and isinstance(value, Mix) and value.op == "/" and not _has_decimal(value):
                number = "float"
            return [replace(made, number=number, whole=False, inexact=None if number == "" else number == "float")]
        return [self._down(self._typed(m, value), value, scale.exponent) for m in self._of(left, depth + 1)]

    def _down(self, money: Money, value: Value, exponent: int | None) -> Money:
        unit: Unit = {"major": "under", "over": "minor"}.get(money.unit, "major")  # type: ignore[assignment]
        number, _ = self._computed(replace(money, whole=False), value)
        if number == "integer" and isinstance(value, Mix) and value.op == "/" and not _has_decimal(value):
            number = "float"
        # an integer divided by a power of ten is the nearest float to the right decimal
        inexact = money.inexact if not (money.whole or money.unit == "minor") else False
        step = Step("down", value, exponent)
        return money.after(step, unit=unit, number=number, whole=False, inexact=inexact, two=exponent is not None)

    def _computed(self, money: Money, value: Value) -> tuple[Number, bool | None]:
        """The kind of number that a product of the sum is, and whether it is inexact."""
        if money.whole:
            return money.number or "integer", False
        if money.number in ("decimal", "integer"):
            return money.number, money.inexact if money.number == "decimal" else False
        loose = self._language(value) != "python"  # every number is a float here, texts of digits are turned into one
        if money.number == "float" or loose:
            return "float", True
        return "", None

    def _percentage(self, value: Value) -> bool:
        """A product of a sum and a share, of which a hundredth is taken: ``price * taxRate / 100``."""
        return isinstance(value, Mix) and value.op == "*" and any(self._share(o) for o in value.operands)

    def _share(self, value: Value) -> bool:
        """A share of a sum, not a sum: by its name, or worked out from one: ``1 + taxRate / 100``."""
        if isinstance(value, Mix) and len(value.operands) == 2:
            shares = [self._share(o) for o in value.operands]
            return any(shares) and all(s or written_down(o) for s, o in zip(shares, value.operands, strict=True))
        name = self._field_of(value) or name_of(value)
        return self.model.words.has("rate_fields", name) and not self.model.words.has("minor_fields", name)

    def _field_of(self, value: Value) -> str:
        """The name of the field of a model that a value declares: what a method of the model reads of its own object."""
        if not isinstance(value, Result) or value.instr < 0:
            return ""
        body = self.program.body(value.fn)
        stores = (use for use in self.evaluator.defuse(value.fn).uses(value.instr) if body.op[use] == Op.STORE)
        told = self.sums.known(value)
        return next((snake(body.name(use).rpartition(".")[2]) for use in stores), "") if told is not None and told.does == "gives" else ""

    def _hundredth(self, value: Value, sum_: Value) -> bool:
        """A hundredth by which a sum of money is multiplied is a share of it, whatever it is called: ``price * (discount / 100)``."""
        if not isinstance(value, Mix) or value.op != "/" or len(value.operands) != 2 or self.scales.of(value.operands[1]) is None:
            return False
        words, divided = self.model.words, name_of(value.operands[0])
        return words.money(name_of(sum_)) and (words.has("discount_fields", divided) or not words.money(divided))

    def _joined(self, value: Value, depth: int) -> Money:
        """A value's answers as one, where it is worked with further."""
        return self._together(value, self._of(value, depth + 1))

    def _together(self, value: Value, parts: Iterable[Money]) -> Money:
        return together(parts, loose=self._language(value) != "python")

    # --- what calls do

    def _result(self, value: Result, depth: int) -> Iterable[Money]:
        told = self.sums.known(value)
        if told is None:
            inner = self.declared.returned(value)
            if inner is not None:
                return self._of(inner, depth + 1)
            return [self._leaf(value)]
        if told.does == "gives":
            return [self._given(told, value)]
        arguments = [v for k, v in self.evaluator.arguments(value) if k != "**"]
        if told.sum is not None:
            subject, others = (arguments[told.sum] if told.sum < len(arguments) else None), arguments[:]
            others = arguments[told.sum + 1 :]
        else:
            subject, others = (value.callee.base if isinstance(value.callee, Member) else None), arguments
        if subject is None:
            return [Money()]
        if told.does == "times" and others:
            return [self._as(m, told) for m in self._times(value, subject, others[0], depth)]
        if told.does == "over" and others:
            return [self._as(m, told) for m in self._over(value, subject, others[0], depth)]
        if told.does == "adds":
            return [self._added(value, subject, others, depth)]
        return [self._done(told, m, value, arguments) for m in self._of(subject, depth + 1)]

    def _as(self, money: Money, told: Told) -> Money:
        """In the kind of number of a decimal library: nothing is lost there."""
        if told.number == "integer":
            return replace(money, number="integer", whole=True)
        return replace(money, number=told.number, inexact=False) if told.number else money

    def _done(self, told: Told, money: Money, value: Result, arguments: list[Value]) -> Money:
        if told.does == "cuts":
            return self._cut(money, value)
        if told.does == "strips":
            first = told.places or 0
            searched, put = (arguments[n] if n < len(arguments) else None for n in (first, first + 1))
            return stripped(money, value, searched, put)
        if told.does == "rounds":
            return money.after(Step("round", value), number=told.number or money.number, whole=True, inexact=False)
        if self._marks(told, arguments):
            money = money.after(Step("mark", value))
        if told.does == "fixes":
            decimals = self._decimals(told, value, arguments)
            fixed = replace(self._fixed(money, value, decimals), number=told.number or money.number)
            point = arguments[told.point] if decimals and told.point is not None and told.point < len(arguments) else None
            return without_point(fixed, value) if isinstance(point, Const) and not point.text.strip("'\"") else fixed
        if told.does == "minor":
            unit: Unit = "over" if converted_to(money, "minor") else "minor"
            return money.after(Step("convert", value), unit=unit, number=told.number or "integer", whole=True, inexact=False, two=False)
        if told.does == "major":
            unit = "under" if converted_to(money, "major") else "major"
            return money.after(Step("convert", value), unit=unit, number=told.number or money.number, whole=False, two=False)
        if told.number == "float":
            return as_float(money)
        if told.number == "decimal" and money.number in ("float", "") and money.inexact is False:
            # a decimal made of a float has the float's error, one of a text has none
            inexact = {"float": True, "": None if self._language(value) == "python" else False}[money.number]
            return replace(money, number="decimal", inexact=inexact)
        if told.number == "string" and self._language(value) == "php" and told.sum is not None:
            return replace(money, number="string", inexact=self._many(arguments[told.sum]))
        return replace(money, number=told.number or money.number)

    def _marks(self, told: Told, arguments: list[Value]) -> bool:
        """Whether a call writes a mark between thousands: it always does, or the argument that says which is left out or says one, or the
        pattern asks for it: ``f"{total:,.2f}"``."""
        if told.marks is None:
            text = constant(arguments[told.places]) if told.places is not None and 0 <= told.places < len(arguments) else None
            return told.number == "string" and text is not None and _MARKED.search(text) is not None
        given = arguments[told.marks] if 0 <= told.marks < len(arguments) else None
        return given is None or (isinstance(given, Const) and given.text.strip("'\"") != "")

    def _decimals(self, told: Told, value: Result, arguments: list[Value]) -> int | None:
        """How many decimals a call leaves; None when that varies."""
        if told.places == -1:
            text = constant(value.callee.base) if isinstance(value.callee, Member) else None
            return decimals_of(text) if text else None
        if told.places is None or told.places >= len(arguments):
            return told.decimals
        given = arguments[told.places]
        if isinstance(given, Const) and given.kind == Kind.NUMBER:
            return int(given.text) if given.text.isdigit() else None
        if isinstance(given, Result) and given.instr >= 0:
            given = self.evaluator.argument(given, 0) or given
        text = constant(given)
        return decimals_of(text) if text is not None else None

    def _fixed(self, money: Money, value: Value, decimals: int | None) -> Money:
        step = Step("fix", value, decimals)
        if decimals == 0:
            parted = money.unit in ("", "major") and not money.whole
            return money.after(replace(step, fraction=parted, of=money.number), whole=True, inexact=False)
        unit: Unit = money.unit or ("major" if decimals else "")
        return money.after(step, whole=False, inexact=False, unit=unit, two=money.two or decimals is not None)

    def _cut(self, money: Money, value: Value) -> Money:
        if self._half_more(value):  # `floor(price * 100 + 0.5)`
            return money.after(Step("round", value), number="integer", whole=True, inexact=False)
        if money.steps and money.steps[-1].did == "down" and (money.unit == "under" or money.number == "decimal"):
            return Money()  # ``total // 1000``: how many thousands it comes to is no sum
        scaled = any(s.did in ("up", "convert") for s in money.steps)
        loses = money.inexact if scaled and not money.whole else False
        parted = money.unit == "major" and money.number in ("decimal", "float", "string")
        fraction = parted and not scaled and not money.whole and name_of(value) != "ceil"
        of: Number = "" if scaled or money.whole or name_of(value) == "ceil" else money.number
        return money.after(Step("cut", value, loses=loses, fraction=fraction, of=of), number="integer", whole=True, inexact=False)

    def _half_more(self, value: Value) -> bool:
        """Whether half of the smallest unit is added to what is cut: that rounds it."""
        inner = value.operands[0] if isinstance(value, Mix) else self.evaluator.argument(value, 0) if isinstance(value, Result) else None
        while isinstance(inner, Result) and inner.instr >= 0 and (told := self.sums.known(inner)) is not None and told.does == "cuts":
            inner = self.evaluator.argument(inner, 0)
        return isinstance(inner, Mix) and inner.op == "+" and is_half(inner.operands[-1])

    def _added(self, value: Result, subject: Value, others: list[Value], depth: int) -> Money:
        """Elements, or what a callback makes of each, added up."""
        callback = next((o for v in (*others, subject) for o in options(v) if isinstance(o, FunctionV)), None)
        if callback is not None:
            returned = self.evaluator.returned(callback, value.fn, value.instr, value.ctx, callback=True)
            return self._together(value, [self._joined(returned, depth)] * 2)  # of more than one element
        field = constant(others[0]) if len(others) == 1 else None
        if field and isinstance(value.callee, Member):
            return self._together(value, [self._joined(Member(value.at, value.callee.base, field.strip("'\"")), depth)] * 2)
        parts = subject.items if isinstance(subject, Seq) else (subject,)
        return self._together(value, [self._joined(p, depth) for p in (*parts, *others) if not isinstance(p, FunctionV)])

    def _text(self, value: Text, depth: int) -> Iterable[Money]:
        """A text of one piece is that piece, written out; ``"%.2f" % x`` is a pattern and what is put into it; two noughts behind a whole
        number make it a hundredfold: ``round($price) . '00'``."""
        head, last = value.pieces[0], value.pieces[-1]
        if len(value.pieces) == 2 and isinstance(last, Const) and last.text.strip("'\"") == "00":
            return [self._up(m, value, 2) if m.whole else Money("string") for m in self._of(head, depth + 1)]
        if len(value.pieces) == 1:
            return [replace(m, number="string") for m in self._of(last, depth + 1)]
        if len(value.pieces) == 2 and isinstance(head, Const) and head.text.startswith("%"):
            return [replace(self._fixed(m, value, decimals_of(head.text)), number="string") for m in self._of(last, depth + 1)]
        return [Money("string")]

    # --- what tells of a sum

    def _given(self, told: Told, value: Value) -> Money:
        unit: Unit = "minor" if told.unit == "hundredths" else told.unit
        if not unit and self.model.words.has("minor_fields", self._field_of(value)):
            unit = "minor"
        whole = told.number == "integer" or told.unit in ("minor", "hundredths")
        return Money(told.number, unit, whole, False, told.unit == "hundredths", True, (Step("told", value, note=told.note),))

    def _leaf(self, value: Value) -> Money:
        told = self.sums.known(value)
        if told is not None and told.does == "gives":
            return self._given(told, value)
        provider = self.declared.provider(value)
        if provider is not None and provider.money in ("minor", "decimal-string", "decimal"):
            minor = provider.money == "minor"
            note = f"{provider.name} answers in {'the smallest unit' if minor else 'decimals'}"
            return Money(
                "integer" if minor else "string",
                "minor" if minor else "major",
                minor,
                False,
                False,
                True,
                (Step("told", value, note=note),),
            )
        name = name_of(value)
        minor = self.model.words.has("minor_fields", name)
        kind = self.declared.kind(value)
        if not minor and kind is None and self.model.words.has("quantity_fields", name):
            return COUNT
        number: Number = kind.number if kind is not None else ""
        unit: Unit = "minor" if minor else kind.unit if kind is not None else ""
        note = f"`{name}` is declared as {kind.what}" if kind is not None else f"`{name}` says so by its name" if minor else ""
        told_by = kind.value if kind is not None and kind.value is not None else value
        steps = (Step("told", told_by, note=note, of=number),) if note else ()
        return Money(number, unit, minor or number == "integer", False, False, kind is not None, steps)

    def _language(self, value: Value) -> str:
        file = value.at[0]
        return self.program.language(file) if file in self.program.indices else ""


def _in_basis_points(value: Value, scale: Scale) -> bool:
    """Whether a product is divided by ten thousand, to which no currency goes: ``amount * share / 10000``."""
    return scale.exponent == _BASIS and isinstance(value, Mix) and value.op == "*"


def _has_decimal(value: Mix) -> bool:
    """Whether exact decimals are made among what a sum is worked out of: ``Decimal(rate) * amount / 100``."""
    made = (p for p in pieces(value.operands, _PIECES) if isinstance(p, Result) and p.instr >= 0)
    return any(isinstance(p.callee, External) and p.callee.name.rpartition(".")[2] == "Decimal" for p in made)
