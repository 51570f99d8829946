"""Matching call names of the packs against what the evaluator knows of a callee."""

import bisect
import re
from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Generic, TypeVar

from tillproof.flow.program import Fn, Program
from tillproof.ir.ops import Op

T = TypeVar("T")
_LITERAL = re.compile(r"^(.*?)\((.*)\)$")


_SHORT = 3


def speaks_of(text: str, word: str, short: int = _SHORT) -> bool:
    """Whether a text in lower case names a word, which begins or ends where no letter stands beside it, so that ``onlinepayment`` names no
    ``linepay``; one of at most ``short`` letters stands alone, so that ``bootstrap`` and ``checkoutapi`` name no ``tap``."""
    if len(word) > short:
        return word in text and re.search(rf"(?<![a-z]){re.escape(word)}|{re.escape(word)}(?![a-z])", text) is not None
    return re.search(rf"(?<![a-z]){re.escape(word)}(?![a-z])", text) is not None


class Table(Generic[T]):
    """Call names of one language with what they stand for, found by their last word; what says more of the chain comes first."""

    def __init__(self) -> None:
        self._by_last: dict[str, list[tuple[str, str, T]]] = defaultdict(list)
        self._stems: set[str] = set()

    def add(self, names: Iterable[str], thing: T) -> None:
        for name in names:
            literal = _LITERAL.match(name)
            call, text = (literal[1], literal[2]) if literal else (name, "")
            if call.endswith("*"):
                self._stems.add(call.rpartition(".")[2][:-1])
            same = self._by_last[call.rpartition(".")[2].lower()]
            bisect.insort(same, (call, text, thing), key=lambda entry: -entry[0].count("."))

    def __bool__(self) -> bool:
        return bool(self._by_last)

    def words(self) -> AbstractSet[str]:
        """The last words of all names, in lower case."""
        return self._by_last.keys()

    def may_know(self, word: str) -> bool:
        """Whether some name may end in a word."""
        return word.lower() in self._by_last or (bool(self._stems) and self._stemmed(word) != word)

    def _stemmed(self, word: str) -> str:
        """A name that is made of a known one and of what it is asked by, ``findOneByReference``, as the tables hold it: ``findOneBy*``."""
        stem = next((s for s in self._stems if word.startswith(s) and word[len(s) :][:1].isupper()), "")
        return stem + "*" if stem else word

    def find(self, names: Iterable[str]) -> list[tuple[T, str, str, str]]:
        """(thing, pattern, name that matched, text that the first argument must be) for every entry that fits one of the names."""
        out: list[tuple[T, str, str, str]] = []
        for name in names:
            plain = strip(name)
            if self._stems:
                plain = plain[: plain.rfind(".") + 1] + self._stemmed(plain.rpartition(".")[2])
            for call, text, thing in self._by_last.get(plain.rpartition(".")[2].lower(), ()):
                if fits(call, plain):
                    out.append((thing, call, name, text))
        return out


def strip(name: str) -> str:
    """A name without the marks of calls and elements."""
    return name.replace("()", "").replace("[]", "")


def fits(pattern: str, plain: str) -> bool:
    """Whether a call name of a pack fits a dotted name without marks."""
    pattern, plain = pattern.lower(), plain.lower()
    if pattern.startswith("."):
        if ".*." in pattern:
            head, _, tail = pattern.partition(".*.")
            return f"{head}." in plain and plain.endswith(f".{tail}")
        return plain.endswith(pattern) or plain.lstrip("?#$") == pattern[1:]
    if ".*." in pattern:
        head, _, tail = pattern.partition(".*.")
        return plain.startswith(head + ".") and plain.endswith("." + tail)
    return plain == pattern


def root(name: str, pattern: str) -> str:
    """What stands before a leading-dot pattern in the name that it matched; empty when the pattern is the whole."""
    words = pattern.count(".")
    parts = re.split(r"\.(?![^(]*\))", name)
    return ".".join(parts[:-words]) if len(parts) > words else ""


def of_an_element(name: str, pattern: str) -> bool:
    """Whether a name fits a leading-dot pattern only across an element: ``for event in body["events"]: event.get(…)`` asks one entry of
    a list for something, and is no ``client.events.get(…)``."""
    words = re.split(r"\.(?![^(]*\))", name)[-pattern.count(".") :]
    return pattern.startswith(".") and any("[]" in word for word in words[:-1])


def written(program: Program, fn: Fn, i: int) -> str:
    """A callee as its source spells it: ``this.em.flush``. ``?`` for what is no plain chain."""
    body = program.body(fn)
    parts: list[str] = []
    while i >= 0:
        op = body.op[i]
        if op == Op.FIELD:
            parts.append(body.name(i))
            i = body.args(i)[0]
        elif op == Op.NAME:
            parts.append(body.name(i))
            break
        elif op in (Op.CALL, Op.AWAIT, Op.INDEX, Op.NEW, Op.CAST):
            i = body.args(i)[0 if op != Op.CAST else 1]
        else:
            parts.append("?")
            break
    return ".".join(reversed(parts))
