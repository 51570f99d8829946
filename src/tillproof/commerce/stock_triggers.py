"""Stock that the database takes by itself: triggers and routines that count it down."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tillproof.commerce import sql
from tillproof.commerce.entities import entity
from tillproof.commerce.sql.statement import Statement
from tillproof.flow.program import Fn
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_ROUTINE = re.compile(rb"create\s+(?:or\s+replace\s+)?(?:definer\s*=\s*\S+\s+)?(?:trigger|function|procedure)\b")
"""In lower case."""
_REFUSES = re.compile(r"\b(raise\s+exception|signal\s+sqlstate|raise_application_error|throw)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class StockTrigger:
    """A statement in a routine of the database that takes stock. ``conditional``: only where enough is left; ``refuses``: the routine
    raises when there is not."""

    file: str
    line: int
    routine: str
    entity: str
    field: str
    conditional: bool
    refuses: bool


def stock_triggers(model: "Model") -> list[StockTrigger]:
    """All of them; of several definitions of a routine the last one, in order of file."""
    found: dict[str, StockTrigger] = {}
    for file, source in model.program.sources.items():
        for fn in model.program.functions_at(file, (m.start() for m in _ROUTINE.finditer(source.lower()))):
            for text, line in _texts(model, fn):
                found.update({t.routine: t for t in _in(model, text, file, line)})
    for one in model.program.files.values():
        if one.language == "sql" and one.role in ("source", "migration", "config"):
            raw = model.texts.text(one.path)
            if _ROUTINE.search(raw.lower()):
                found.update({t.routine: t for t in _in(model, raw.decode("utf-8", "replace"), one.path, 1)})
    return sorted(found.values(), key=lambda t: (t.file, t.line))


def _texts(model: "Model", fn: Fn) -> list[tuple[str, int]]:
    """The literals of a function that make a routine, with the line on which they begin."""
    body = model.program.body(fn)
    said = ((body.name(i), body.line[i]) for i, op in enumerate(body.op) if op == Op.CONST)
    return [(text, line) for text, line in said if _ROUTINE.search(text.lower().encode())]


def _in(model: "Model", text: str, file: str, line: int) -> list[StockTrigger]:
    text = text.strip("\"'`") if text[:1] in "\"'`" else text
    out = []
    for statement in sql.statements(text):
        if not statement.routine or statement.verb != "update":
            continue
        field = _taken(model, statement)
        if field:
            asked = any(c.column.lower() == field.lower() and c.operator in (">", ">=") for c in statement.where)
            out.append(
                StockTrigger(
                    file, line + statement.line, statement.routine, entity(statement.table), field, asked, bool(_REFUSES.search(text))
                )
            )
    return out


def _taken(model: "Model", statement: Statement) -> str:
    """The stock column that a statement counts down."""
    return next(
        (
            w.column
            for w in statement.writes
            if w.relative and w.step == "-" and model.stock_writes.is_stock(entity(statement.table), w.column)
        ),
        "",
    )
