"""A value of the code as the text of a SQL statement: what is not known becomes a numbered hole, ``__h0__``.

A hole reads as a word, so it may stand for a table, a part of a name, a value or a whole clause, and the statement around it can still be
parsed. Constants are put in. Texts that are formatted, prepared or tagged (``%``, ``format``, ``sprintf``, ``$wpdb->prepare``,
``text(…)``, ``sql`…` ``) are taken apart. What is bound to a placeholder stays a placeholder.
"""

import re
from typing import NamedTuple

from tillproof.flow.evaluate import Evaluator
from tillproof.flow.values import Choice, Const, Member, Mix, Overlay, Result, Seq, Text, Value, names, options
from tillproof.ir.ops import Kind

# The statement is their first argument, whatever else they are given; as tags of a template they hold all of it.
_CARRIERS = {
    "text", "raw", "sql", "prepare", "literal", "unsafe", "trim", "dedent", "strtr", "$queryraw", "$executeraw", "$queryrawunsafe",
    "$executerawunsafe", "queryraw", "executeraw", "composed", "identity", "rawsql", "expression",
    "postgres", "neon", "tx",
}  # fmt: skip
_FORMATS = {"sprintf", "vsprintf"}
_SLOT = re.compile(r"%%|%(?:\(\w+\)|\d+\$)?[sdfi]")
_BRACES = re.compile(r"\{\w*\}")
_PLACEHOLDER = re.compile(r"\?|\$\d|(?<![:\w]):[a-z]", re.IGNORECASE)
_HOLE = re.compile(r"__h(\d+)__")
# A text that ends so is gone on with; it is no format that is filled.
_GOES_ON = re.compile(
    r"(?:[=<>(,+*/'\"`._-]|\b(?:from|into|update|table|join|and|or|where|set|by|limit|in|values|select|like))\s*$", re.IGNORECASE
)
_MAX_HOLES = 60
_MAX_ALTERNATIVES = 6


class Filled(NamedTuple):
    """A statement's text, and the value behind each hole."""

    text: str
    holes: tuple[Value, ...]


def hole_numbers(text: str) -> list[int]:
    """Numbers of the holes in a text."""
    return [int(n) for n in _HOLE.findall(text)]


def without_holes(text: str) -> str:
    """A name without the unknown parts: ``__h0__orders`` is ``orders``."""
    return _HOLE.sub("", text)


def filled(value: Value, evaluator: Evaluator | None = None) -> list[Filled]:
    """The texts that a value may be, a few at most; empty when nothing of it is known. Calls that carry a statement are looked into only
    when an evaluator is given."""
    out: list[Filled] = []
    for option in options(value)[:_MAX_ALTERNATIVES]:
        maker = _Maker(evaluator)
        text = maker.text(option, 0)
        if without_holes(text).strip():
            out.append(Filled(text, tuple(maker.holes)))
    return out


def _is_format(text: str) -> bool:
    return any(m[0] != "%%" for m in _SLOT.finditer(text)) and not _GOES_ON.search(text)


class _Maker:
    def __init__(self, evaluator: Evaluator | None) -> None:
        self.evaluator = evaluator
        self.holes: list[Value] = []

    def hole(self, value: Value) -> str:
        self.holes.append(value)
        return f"__h{len(self.holes) - 1}__"

    def text(self, value: Value, depth: int) -> str:
        if isinstance(value, Const) and value.name and value.kind == Kind.NUMBER:
            return self.hole(value)  # the constant's name says more than its number
        if isinstance(value, Const):
            return "" if value.kind == Kind.NULL else value.text
        if depth > 8 or len(self.holes) > _MAX_HOLES:
            return self.hole(value)
        if isinstance(value, Text):
            return self.pieces(value, depth)
        if isinstance(value, Mix) and value.op in ("+", ".", "||"):
            return "".join(self.text(p, depth + 1) for p in value.operands)
        if isinstance(value, Overlay):
            return self.text(value.base, depth + 1)
        if isinstance(value, Choice) and all(isinstance(o, Const) and o.kind == Kind.STRING for o in value.options):
            return self.text(value.options[0], depth + 1)
        if isinstance(value, Result) and value.instr >= 0:
            return self.called(value, depth)
        return self.hole(value)

    def pieces(self, value: Text, depth: int) -> str:
        first, *rest = value.pieces or (None,)
        if isinstance(first, Const) and len(rest) == 1 and _is_format(first.text) and not isinstance(rest[0], Const):  # Python's ``%``
            given = rest[0].items if isinstance(rest[0], Seq) else (rest[0],)
            return self.formatted(first.text, list(given), value)
        return "".join(self.text(p, depth + 1) for p in value.pieces)

    def called(self, value: Result, depth: int) -> str:
        name = (names(value.callee) or ("?",))[0].replace("()", "")
        last = name.rpartition(".")[2].lstrip("?#").lower()
        if last == "format" and isinstance(value.callee, Member):
            return self.formatted(self.text(value.callee.base, depth + 1), self._arguments(value), value, _BRACES)
        if last not in _CARRIERS and last not in _FORMATS:
            return self.hole(value)
        arguments = self._arguments(value)
        if not arguments:
            return self.hole(value)
        first = arguments[0]
        if last in _FORMATS:
            return self.formatted(self.text(first, depth + 1), arguments[1:], value)
        if isinstance(first, Const) and not _PLACEHOLDER.search(first.text) and all(isinstance(a, Const) for a in arguments[::2]):
            return "".join(self.text(a, depth + 1) if n % 2 == 0 else self.hole(a) for n, a in enumerate(arguments))
        return self.text(first, depth + 1)

    def formatted(self, text: str, given: list[Value], whole: Value, slot: "re.Pattern[str]" = _SLOT) -> str:
        """A format with its slots filled in order; ``whole`` stands for those that nothing is given for."""

        def fill(match: "re.Match[str]") -> str:
            if match[0] == "%%":
                return "%"
            return self.text(given.pop(0), 6) if given else self.hole(whole)

        return slot.sub(fill, text)

    def _arguments(self, value: Result) -> list[Value]:
        return [v for k, v in self.evaluator.arguments(value) if k == ""] if self.evaluator is not None else []
