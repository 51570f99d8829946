"""Sums from whose text signs are taken out: the point of ``19.99`` leaves cents, and the comma of ``1,999.00`` was none of the number's."""

import re
from dataclasses import replace

from tillproof.commerce.money import Money, Step
from tillproof.flow.values import Const, Record, Seq, Value

_ALL_BUT = re.compile(r"\\D|\[\^(\\d|0-9)(?P<kept>[^\]]*)\]")


def stripped(money: Money, value: Value, searched: Value | None, put: Value | None) -> Money:
    """A sum after what is ``searched`` for was replaced in its text."""
    signs = _signs(searched)
    if signs is None or not isinstance(put, Const) or put.text.strip("'\"`") != "":
        return replace(money, number="string")
    if "," in signs:
        money = replace(money, steps=tuple(s for s in money.steps if s.did != "mark"))
    return without_point(money, value) if "." in signs else replace(money, number="string")


def without_point(money: Money, value: Value) -> Money:
    """A sum that was written with decimals, without the point before them: of 19.99 it leaves 1999."""
    fixed = next((s for s in reversed(money.steps) if s.did == "fix"), None)
    if fixed is None or not fixed.exponent or money.unit not in ("", "major"):
        return Money("string")
    return money.after(Step("up", value, fixed.exponent), unit="minor", number="string", whole=True, inexact=False, two=True)


def _signs(searched: Value | None) -> str | None:
    """Which of the point and the comma are searched for; None where that is not known."""
    if isinstance(searched, (Seq, Record)):
        items = searched.items if isinstance(searched, Seq) else [v for _, v in searched.entries]
        found = [_signs(item) for item in items]
        return None if None in found else "".join(s or "" for s in found)
    if not isinstance(searched, Const):
        return None
    text = searched.text.strip("'\"`")
    others = _ALL_BUT.search(text)
    if others is not None:
        return "".join(sign for sign in ".," if sign not in (others["kept"] or ""))
    return "".join(sign for sign in ".," if sign in text)
