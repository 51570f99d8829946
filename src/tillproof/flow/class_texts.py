"""Classes that code names by what stands for them: ``Order::class``, and in PHP a text, ``$class = 'App\\\\Gateways\\\\' . $name``."""

import re
from typing import TYPE_CHECKING

from tillproof.flow.found_by_name import classes_named
from tillproof.flow.values import ClassV, Const, External, Text, Value, choice, class_named, constant, options
from tillproof.ir.ops import Kind

if TYPE_CHECKING:
    from tillproof.flow.evaluate import Evaluator

_MOST = 6
_CLASS = re.compile(r"(?:\w+\.)*[A-Z]\w+")


def class_told(ev: "Evaluator", value: Value, at: tuple[str, int]) -> Value | None:
    """The class that a value names where it is called, asked for a member or made, or one of several; None for every other value. A text
    without a namespace names one of ours: the case of an enumeration is a text, too."""
    if (named := class_named(value)) is not None:
        return named
    if not isinstance(value, (Const, Text)) or (isinstance(value, Const) and value.kind != Kind.STRING):
        return None
    if at[0] not in ev.program.indices or ev.program.language(at[0]) != "php":
        return None
    found = [_named(ev, text, at) for text in _spellings(value)]
    told: list[Value] = [one for one in found if one is not None]
    if told and len(told) == len(found):
        return choice(at, told)
    return classes_named(ev, value, at) if isinstance(value, Text) else None


def _spellings(value: Const | Text) -> list[str]:
    """What a text may be, where each part of it is one of a few that are written down; empty where one is not."""
    found = [""]
    for piece in value.pieces if isinstance(value, Text) else (value,):
        texts = [constant(o) for o in options(piece)]
        found = [f"{before}{text}" for before in found for text in texts if text is not None] if None not in texts else []
    return found[:_MOST]


def _named(ev: "Evaluator", text: str, at: tuple[str, int]) -> ClassV | External | None:
    name = text.strip("'\"").replace("\\\\", "\\").replace("\\", ".").lstrip(".")
    found = ev.scope.php_name(at[0], name, at) if _CLASS.fullmatch(name) else None
    return found if isinstance(found, ClassV) or (isinstance(found, External) and "." in name) else None
