"""A sum of money as code comes by it: its unit, its kind of number, and what was done to it on the way."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from tillproof.commerce.lexicon import snake
from tillproof.flow.values import CONVERSIONS, Const, Element, External, Instance, Member, Mix, Param, Result, Value, constant
from tillproof.ir.ops import Kind

Number: TypeAlias = Literal["integer", "decimal", "float", "string", ""]
Unit: TypeAlias = Literal["minor", "major", "over", "under", ""]
Did: TypeAlias = Literal["up", "down", "cut", "round", "fix", "convert", "told", "float", "mark"]
_MOST = 12


@dataclass(frozen=True, slots=True)
class Step:
    """Something that is done to a sum, or that tells of it. ``exponent``: ten to which power scales it, None where that varies.
    ``loses``: what is cut may be a cent of the sum; None where that hangs on the kind of number, which is not known. ``fraction``: what is
    cut has one, of a major unit. ``of``: the kind of number that is cut, or that is told."""

    did: Did
    value: Value
    exponent: int | None = None
    loses: bool | None = False
    note: str = ""
    fraction: bool = False
    of: Number = ""


@dataclass(frozen=True, slots=True)
class Money:
    """A sum of money as it comes.

    ``unit``: ``over`` is a hundredth of the smallest unit and ``under`` a hundred of the major one: converted once too often.
    ``whole``: certainly without a fraction. ``inexact``: worked out in binary floats and not rounded since; None where the kind of number
    is not known. ``two``: two decimals were taken for granted, whatever the currency. ``sure``: the kind of number is declared.
    """

    number: Number = ""
    unit: Unit = ""
    whole: bool = False
    inexact: bool | None = False
    two: bool = False
    sure: bool = False
    steps: tuple[Step, ...] = ()

    def after(self, step: Step, **changes: object) -> "Money":
        """The same sum after one more step."""
        return replace(self, steps=(*self.steps, step), **changes)  # type: ignore[arg-type]


def converted_to(money: Money, unit: Unit) -> bool:
    """Whether a sum is in a unit because a step put it there, so that one more such step is one too many."""
    return money.unit == unit and any(s.did in ("up", "down", "convert") for s in money.steps)


COUNT = Money("integer", "", True)
"""A number that is no sum, or a sum of which nothing is known but that it is whole."""


def name_of(value: Value) -> str:
    """The name by which a value is read: a field, a parameter, a variable, the call that gives it."""
    if isinstance(value, (Member, Param)):
        return snake(value.name)
    if isinstance(value, External):
        return snake(value.name.rpartition(".")[2])
    if isinstance(value, Element):
        return snake(constant(value.key) or "") if value.key is not None else name_of(value.base)
    if isinstance(value, Result):
        return name_of(value.callee)
    if isinstance(value, Mix) and value.op in CONVERSIONS:
        return name_of(value.operands[0])
    if isinstance(value, Instance) and value.origin is not None:
        return name_of(value.origin)
    return ""


def as_float(money: Money) -> Money:
    return money if money.whole else replace(money, number="float")


def literal(value: Const) -> Money:
    """A number that is written down: whole, in whatever unit, or with a fraction, which only a major unit has."""
    text = value.text.strip("'\"").replace("_", "")
    if text.lstrip("-").isdigit():
        return Money("integer", "", True)
    try:
        float(text)
    except ValueError:
        return Money("string" if value.kind == Kind.STRING else "")
    number: Number = "string" if value.kind == Kind.STRING else "float"
    return Money(number, "major", False, False, True, True, (Step("told", value, note=f"`{text}` has decimals"),))


def written_down(value: Value) -> bool:
    """A factor that is a number of the code's own: ``1.2``, ``1 + MARKUP``. It is no sum, whatever its decimals."""
    return isinstance(value, Const) or (isinstance(value, Mix) and all(written_down(o) for o in value.operands))


def is_half(value: Value) -> bool:
    """Half of one: what is added before a number is cut, to round it."""
    return isinstance(value, Const) and value.text in ("0.5", ".5")


def has_fraction(value: Value) -> bool:
    """Whether a factor of the code's own has a fraction."""
    if isinstance(value, Mix):
        return any(has_fraction(o) for o in value.operands)
    return isinstance(value, Const) and not value.text.strip("'\"").removesuffix(".0").lstrip("-").isdigit()


def nothing(value: Value) -> bool:
    """Null, false and zero are no sums that are charged."""
    return isinstance(value, Const) and value.falsy


def together(parts: Iterable[Money], loose: bool) -> Money:
    """Sums that are added, or one that is worked with further, as one. ``loose``: the language takes every number for a float."""
    parts = [p for p in parts if p != COUNT]
    if len(parts) < 2:
        return parts[0] if parts else COUNT
    units = {p.unit for p in parts if p.unit}
    unit: Unit = units.pop() if len(units) == 1 else ""
    whole = all(p.whole for p in parts)
    numbers = {p.number for p in parts}
    number: Number = ""
    if whole:
        number = "integer"
    elif "decimal" in numbers and numbers <= {"decimal", "integer"}:
        number = "decimal"
    elif "float" in numbers or (loose and "decimal" not in numbers):
        number = "float"
    inexact = False if whole or number == "decimal" else True if number == "float" else None
    steps = tuple(dict.fromkeys(s for p in parts for s in p.steps))[:_MOST]
    sure = any(p.sure and p.number in ("float", "string") for p in parts)
    return Money(number, unit, whole, inexact, any(p.two for p in parts), sure, steps)


def once(found: Iterable[Money]) -> tuple[Money, ...]:
    return tuple(dict.fromkeys(found))[:_MOST]
