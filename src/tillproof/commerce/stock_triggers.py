"""Stock that the database takes by itself: triggers and routines that count it down."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tillproof.commerce import sql
from tillproof.commerce.entities import entity
from tillproof.commerce.sql.statement import Statement

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_REFUSES = re.compile(r"\b(raise\s+exception|signal\s+sqlstate|raise_application_error|throw)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class StockTrigger:
    """A statement in a routine of the database that takes stock. ``conditional``: only where enough is left, or from
    a row that the routine has locked; ``refuses``: the routine
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
    for text, file, line in model.routines.texts:
        found.update({t.routine: t for t in _in(model, text, file, line)})
    return sorted(found.values(), key=lambda t: (t.file, t.line))


def _in(model: "Model", text: str, file: str, line: int) -> list[StockTrigger]:
    out = []
    statements = sql.statements(text)
    locking = {s.routine for s in statements if s.locks}
    for statement in statements:
        if not statement.routine or statement.verb != "update":
            continue
        field = _taken(model, statement)
        if field:
            asked = statement.routine in locking or any(
                c.column.lower() == field.lower() and c.operator in (">", ">=") for c in statement.where
            )
            out.append(
                StockTrigger(
                    file, line + statement.line, statement.routine, entity(statement.table), field, asked, bool(_REFUSES.search(text))
                )
            )
    return out


def _taken(model: "Model", statement: Statement) -> str:
    """The stock column that a statement counts down. One that says how much is promised gives some back where it goes down."""
    kind = entity(statement.table)
    down = (w.column for w in statement.writes if w.relative and w.step == "-" and model.stock_writes.is_stock(kind, w.column))
    return next((c for c in down if not model.words.has("reserved_columns", c)), "")
