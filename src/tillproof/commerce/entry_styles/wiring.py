"""What every declaration style works with, and what it yields."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from tillproof.commerce.entry_styles.active import Active, Dependencies
from tillproof.commerce.names import fits, strip
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import TOP, ClassId, Fn, Program
from tillproof.flow.values import FunctionV, Instance, Place, Value, names
from tillproof.ir.ops import Op
from tillproof.knowledge.loader import Knowledge
from tillproof.knowledge.schema import Role


@dataclass(slots=True)
class Declared:
    """A way in as a style finds it; who may take it is found out later. ``rows``: decorator instructions that declare the route."""

    target: FunctionV
    route: str | None
    methods: tuple[str, ...]
    framework: str
    style: str
    place: Place
    chain: tuple[Value, ...] = ()
    least: Role = "public"
    note: str = ""
    certain: bool = True
    rows: frozenset[tuple[Fn, int]] = field(default_factory=frozenset)
    hands: str = ""


class Wiring:
    """Program, evaluator and packs, with the small questions that all styles ask."""

    def __init__(self, program: Program, evaluator: Evaluator, knowledge: Knowledge, root: Path | None, needed: Dependencies) -> None:
        self.program = program
        self.evaluator = evaluator
        self.knowledge = knowledge
        self.root = root
        self.active = Active(program, knowledge, needed)
        self._decorations: dict[Fn, list[tuple[int, int, int]]] = {}

    def text(self, path: str) -> bytes | None:
        """A data file of the reviewed tree, or None when it cannot be read."""
        if self.root is None:
            return None
        try:
            return (self.root / path).read_bytes()
        except OSError:
            return None

    def decorations(self, around: Fn) -> list[tuple[int, int, int]]:
        """(instruction, 0 for a function or 1 for a class, its number) of the decorators applied in a body, those of fields left out."""
        if around not in self._decorations:
            body = self.program.body(around)
            rows = [(i, *body.args(i)[:2]) for i, op in enumerate(body.op) if op == Op.DECORATE]
            self._decorations[around] = [row for row in rows if row[1] < 2]  # type: ignore[misc]
        return self._decorations[around]

    def decorated(self, around: Fn, i: int) -> Value:
        """The decorator that a DECORATE instruction applies."""
        return self.evaluator.value(around, self.program.body(around).args(i)[2])

    def around(self, fn: Fn) -> Fn:
        """The body in which a function's decorators stand."""
        return self.program.parent(fn) or Fn(fn.file, TOP)

    def handler(self, fn: Fn, place: Place) -> FunctionV:
        """A function as its framework calls it: a method on an object of its class."""
        owner = self.program.owner(fn)
        return FunctionV(place, fn, None, Instance(place, owner) if owner else None)

    def method(self, cls: ClassId, name: str, place: Place) -> FunctionV | None:
        """A method of a class or its bases, on an object of that class."""
        fn = self.evaluator.scope.method(cls, name)
        return FunctionV(place, fn, None, Instance(place, cls)) if fn else None

    def place(self, fn: Fn) -> Place:
        """Where a function begins."""
        function = self.program.function(fn)
        return (fn.file, function.line if function else 1)


def plain_names(value: Value) -> tuple[str, ...]:
    """Dotted names of a value without the marks of calls."""
    return tuple(strip(n) for n in names(value))


def named(value: Value, patterns: Iterable[str]) -> bool:
    """Whether a value bears one of the names."""
    found = plain_names(value)
    return any(fits(p, n) for p in patterns for n in found)


@lru_cache(maxsize=256)
def path_expression(text: str) -> re.Pattern[str]:
    """A pattern of paths, with ``**``, for a path that begins with a slash."""
    escaped = re.escape(text).replace(r"\*\*/", "(?:.*/)?").replace(r"\*\*", ".*").replace(r"\*", "[^/]*")
    return re.compile(("/" if not text.startswith("**/") else ".*/") + escaped.removeprefix("(?:.*/)?") + r"\Z")


def join(*pieces: str) -> str:
    """Pieces of a path with single slashes between them, beginning with one."""
    out = ""
    for piece in (p.strip() for p in pieces):
        if piece not in ("", "/"):
            out = out.rstrip("/") + "/" + piece.lstrip("/^")
    return out or "/"
