"""Texts whose holes are filled by a format: ``"…/{}/…".format(x)``, ``"…/%s/…" % (x, y)``, ``"…/%s" % x`` and
``sprintf('…/%s/…', $x)`` say what ``f"…/{x}/…"`` says."""

import re
from collections.abc import Callable
from typing import TypeGuard

from tillproof.flow.values import Const, Place, Seq, Text, Value
from tillproof.ir.ops import Kind

# A hole that says how a number is to be written is more than a hole.
_BRACES = re.compile(r"\{(\w*)\}")
_PERCENT = re.compile(r"%[sdi]")
_MORE = re.compile(r"%")
_NUMBERED = re.compile(r"%(?:(\d+)\$)?[sdiu]")
_OTHERS = re.compile(r"\{\{|\}\}|\{[^}]*[^}\w]|%%|%[^sdi]")


def by_braces(base: Value, arguments: list[tuple[str, Value]], at: Place) -> Text | None:
    """What ``base.format(…)`` gives; None when the format or what it is given is not known."""
    if not _is_text(base) or any(k.startswith("*") for k, _ in arguments):
        return None
    named = {k: v for k, v in arguments if k}
    positional = [v for k, v in arguments if not k]
    return _filled(base, _BRACES, lambda n, key: named.get(key) or _at(positional, int(key) if key.isdigit() else n if not key else -1), at)


def by_percent(pieces: tuple[Value, ...], at: Place) -> Text | None:
    """What a format and a tuple give, or one value for its only hole; None when they are something else."""
    base, given = pieces
    items = given.items if isinstance(given, Seq) else (given,)
    if not _is_text(base) or len(_PERCENT.findall(base.text)) != len(items):
        return None
    return _filled(base, _PERCENT, lambda n, _: items[n], at)


def by_sprintf(base: Value, given: list[Value], at: Place) -> Text | None:
    """What PHP's ``sprintf`` gives; None when the format is not known, or is one of a single number: how that is written is what counts."""
    if not _is_text(base) or _NUMBERED.fullmatch(base.text) or _MORE.search(_NUMBERED.sub("", base.text)):
        return None
    return _filled(base, _NUMBERED, lambda n, key: _at(given, int(key) - 1 if key else n), at)


def _is_text(value: Value) -> TypeGuard[Const]:
    return isinstance(value, Const) and value.kind == Kind.STRING


def _at(values: list[Value], number: int) -> Value | None:
    return values[number] if 0 <= number < len(values) else None


def _filled(base: Const, hole: re.Pattern[str], given: Callable[[int, str], Value | None], at: Place) -> Text | None:
    pieces: list[Value] = []
    end = 0
    for n, match in enumerate(hole.finditer(base.text)):
        value = given(n, match[1] or "" if match.re.groups else "")
        if value is None:
            return None
        if match.start() > end:
            pieces.append(Const(base.at, Kind.STRING, base.text[end : match.start()]))
        pieces.append(value)
        end = match.end()
    if not end or (hole is not _NUMBERED and _OTHERS.search(hole.sub("", base.text))):
        return None
    if end < len(base.text):
        pieces.append(Const(base.at, Kind.STRING, base.text[end:]))
    return Text(at, tuple(pieces))
