"""Functions that the database keeps: what a call of one by its name does to records."""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from tillproof.commerce import sql
from tillproof.commerce.record_statements import of_routine
from tillproof.commerce.sql.statement import Statement
from tillproof.commerce.touches import Touch
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx, constant
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_ROUTINE = re.compile(rb"create\s+(?:or\s+replace\s+)?(?:definer\s*=\s*\S+\s+)?(?:trigger|function|procedure)\b")
"""In lower case."""


class Routines:
    """Found once, and only where somebody asks."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self.called: set[tuple[Fn, int]] = set()
        """The calls that were found to run a routine of the repository."""

    @cached_property
    def texts(self) -> list[tuple[str, str, int]]:
        """The texts that declare routines, each with its file and the line on which it begins, in order of file."""
        found = []
        for file, source in self.model.program.sources.items():
            for fn in self.model.program.functions_at(file, (m.start() for m in _ROUTINE.finditer(source.lower()))):
                found += [(text, file, line) for text, line in _literals(self.model, fn)]
        for one in self.model.program.files.values():
            if one.language == "sql" and one.role in ("source", "migration", "config"):
                raw = self.model.texts.text(one.path)
                if _ROUTINE.search(raw.lower()):
                    found.append((raw.decode("utf-8", "replace"), one.path, 1))
        return found

    @cached_property
    def _declared(self) -> dict[str, list[Statement]]:
        """The statements of each routine; of several definitions the last one, in order of file."""
        out: dict[str, list[Statement]] = {}
        for text, _, _ in sorted(self.texts, key=lambda t: (t[1], t[2])):
            here: dict[str, list[Statement]] = {}
            for statement in sql.statements(text):
                if statement.routine:
                    here.setdefault(statement.routine.lower(), []).append(statement)
            out.update(here)
        return out

    def touch(self, fn: Fn, i: int, ctx: Ctx | None) -> Touch | None:
        """What a call that names a routine and hands over its parameters does; None where the repository does not say."""
        given = self.model.program.body(fn).call(i)[1]
        values = [self.model.evaluator.value(fn, v, ctx) for _, v in given]
        name = (constant(values[0]) or "").rpartition(".")[2].lower() if values else ""
        statements = self._declared.get(name, [])
        if not statements:
            return None
        self.called.add((fn, i))
        telling = min(statements, key=_rank)
        locked = any(s.locks for s in statements)
        return of_routine(self.model, telling, locked, values[1:2], fn, i, ctx)


def _rank(statement: Statement) -> int:
    """Which of a routine's statements says most: the row that is taken only once keeps the others from running twice; then what is counted
    up or down, what is made, what is written."""
    if statement.verb == "insert":
        return 0 if statement.conflict else 2
    if statement.verb == "update":
        return 1 if any(w.relative for w in statement.writes) else 3
    return 4 if statement.verb in ("delete", "merge") else 5 if statement.verb == "select" and statement.table else 6


def _literals(model: "Model", fn: Fn) -> Iterator[tuple[str, int]]:
    """The literals of a function that make a routine, with the line on which they begin."""
    body = model.program.body(fn)
    for i, op in enumerate(body.op):
        if op == Op.CONST and _ROUTINE.search(body.name(i).lower().encode()):
            text = body.name(i)
            yield text.strip("\"'`") if text[:1] in "\"'`" else text, body.line[i]
