"""Factors that turn one unit of money into another: a hundred, ten to the power of a currency's decimals, a table of factors."""

from typing import NamedTuple

from tillproof.commerce.lexicon import Words
from tillproof.commerce.money import name_of
from tillproof.commerce.sums import Sums
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.values import Choice, Const, Element, Missing, Mix, Record, Result, Unknown, Value

_NEAR = 4
_SUMS = ("gives", "fixes", "minor", "major")
_POWERS = {"10": 1, "100": 2, "1000": 3, "1e1": 1, "1e2": 2, "1e3": 3, "10000": 4}


class Scale(NamedTuple):
    """Ten to a power. ``exponent``: None where it varies with something. ``down``: to a negative power."""

    exponent: int | None
    down: bool = False


class Scales:
    """Knows such factors by their value, or by a name that speaks of a currency's decimals."""

    def __init__(self, evaluator: Evaluator, sums: Sums, words: Words) -> None:
        self.evaluator = evaluator
        self.sums = sums
        self.words = words

    def of(self, value: Value, depth: int = 0) -> Scale | None:
        """The power of ten by which a factor scales; None when it is no such factor."""
        if isinstance(value, Const):
            power = _POWERS.get(value.text.strip("'\"").removeprefix("-").removesuffix(".0").removesuffix(".").replace("_", "").lower())
            return None if power is None or power == 1 else Scale(power)
        if isinstance(value, Mix) and value.op == "-" and len(value.operands) == 1:
            return self.of(value.operands[0], depth + 1) if isinstance(value.operands[0], Const) else None  # `$card->balance * -100`
        if isinstance(value, Choice):
            return self._one_of(value, depth)
        if isinstance(value, Mix) and value.op == "**":
            return self._power(value.operands[0], value.operands[1])
        if isinstance(value, Result) and value.instr >= 0 and depth < _NEAR:
            told = self.sums.known(value)
            arguments = [v for _, v in self.evaluator.arguments(value)] if told is not None else []
            if told is not None and told.does == "power" and len(arguments) > 1:
                return self._power(arguments[0], arguments[1])
            if told is not None and told.does == "keeps" and arguments:
                return self.of(arguments[0], depth + 1)
            if told is not None and told.does in _SUMS:
                return None  # a sum, whatever it is called: ``wc_format_decimal``
        if isinstance(value, Element) and isinstance(value.base, Record):
            powers = [_POWERS.get(e.text) for _, e in value.base.entries if isinstance(e, Const)]
            return Scale(None) if powers and len(powers) == len(value.base.entries) else None
        return Scale(None) if self.words.has("decimals_fields", name_of(value)) else None

    def _one_of(self, value: Choice, depth: int) -> Scale | None:
        """Several factors: the one that they all are, or one that varies."""
        told = [o for o in value.options if not isinstance(o, (Unknown, Missing))]
        found = [self.of(o, depth + 1) for o in told]
        if not any(found) or any(f is None and not _one(o) for f, o in zip(found, told, strict=True)):
            return None
        return found[0] if len(set(found)) == 1 else Scale(None)

    def _power(self, base: Value, exponent: Value) -> Scale | None:
        """Ten to a power."""
        if isinstance(base, Result) and base.instr >= 0:
            base = self.evaluator.argument(base, 0) or base
        if not isinstance(base, Const) or base.text.strip("'\"").removesuffix(".0") != "10":
            return None
        down = isinstance(exponent, Mix) and exponent.op == "-" and len(exponent.operands) == 1
        if down and isinstance(exponent, Mix):
            exponent = exponent.operands[0]
        return Scale(int(exponent.text) if isinstance(exponent, Const) and exponent.text.isdigit() else None, down)


def _one(value: Value) -> bool:
    return isinstance(value, Const) and value.text.removesuffix(".0") in ("1", "10")
