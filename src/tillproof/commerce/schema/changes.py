"""What one declaration or one step of a migration says about a table, and how steps add up to tables."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from tillproof.commerce.schema.tables import Check, Column, Table, Unique, column_key, key
from tillproof.flow.program import ClassId

Action = Literal["declare", "create", "alter", "drop", "rename"]


@dataclass(slots=True)
class Change:
    """One step. ``declare`` is a model, which says how the table is meant to be now; the others are migrations, which add up in order.

    ``columns`` are added, or take the place of those of the same name. ``dropped``: columns; ``released``: constraints, by name or by the
    columns that they are about. ``to``: the new name. ``names``: further names of the entity.
    """

    action: Action
    table: str
    file: str
    line: int
    source: str
    columns: list[Column] = field(default_factory=list)
    uniques: list[Unique] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    renamed: list[tuple[str, str]] = field(default_factory=list)
    released: list[str] = field(default_factory=list)
    to: str = ""
    names: list[str] = field(default_factory=list)
    model: ClassId | None = None
    documents: bool = False
    open: bool = False


class History:
    """Adds changes up, in the order in which they are given: first the models, then the migrations."""

    def __init__(self, unit: Callable[[str], str]) -> None:
        self.unit = unit
        self.declared: list[Table] = []
        self.migrated: dict[tuple[str, str], Table] = {}

    def add(self, change: Change) -> None:
        if change.action == "declare":
            self.declared.append(_table(change, self.unit(change.file)))
            return
        place = self._place(change)
        if change.action == "drop":
            self.migrated.pop(place, None)
        elif change.action == "rename":
            table = self.migrated.pop(place, None)
            if table is not None:
                table.name = change.to
                table.names.add(key(change.to))
                self.migrated[place[0], key(change.to)] = table
        elif place in self.migrated:
            _apply(self.migrated[place], change)
        else:
            table = self.migrated[place] = _table(change, self.unit(change.file))
            table.open = table.open or change.action == "alter"  # what it was before is not told here

    def _place(self, change: Change) -> tuple[str, str]:
        """Which table a change is about: that of its own unit, else the only one of that name (a package that alters another's table)."""
        own = (self.unit(change.file), key(change.table))
        if own in self.migrated or change.action == "create":
            return own
        elsewhere = [place for place in self.migrated if place[1] == own[1]]
        return elsewhere[0] if len(elsewhere) == 1 else own

    def tables(self) -> list[Table]:
        """Models, joined with what migrations made of their tables, and the tables that no model declares."""
        left = dict(self.migrated)
        for table in self.declared:
            own = (table.unit, key(table.name))
            elsewhere = [place for place in left if place[1] == own[1]]
            place = own if own in left else elsewhere[0] if len(elsewhere) == 1 else None
            if place is not None:
                _join(table, left.pop(place))
        return [*self.declared, *left.values()]


def _table(change: Change, unit: str) -> Table:
    entity = change.names[0] if change.action == "declare" and change.names else change.table
    table = Table(change.table, change.file, change.line, unit, change.source, entity, change.documents, change.model)
    _apply(table, change)
    return table


def _apply(table: Table, change: Change) -> None:
    table.names.update(n for n in (key(change.table), *map(key, change.names)) if n)
    table.model = table.model or change.model
    table.open = table.open or change.open
    for column in change.columns:
        table.columns[column_key(column.name)] = replace(column, checks=list(column.checks))
    for old, new in change.renamed:
        moved = table.columns.pop(column_key(old), None)
        if moved is not None:
            table.columns[column_key(new)] = replace(moved, name=new)
    for name in change.dropped:
        table.columns.pop(column_key(name), None)
    _release(table, change.released)
    table.uniques += change.uniques
    table.checks += change.checks


def _release(table: Table, released: list[str]) -> None:
    """Constraints that are dropped, by their name, or by the columns as ``a,b``."""
    for name in released:
        wanted = name.lower()
        table.uniques = [u for u in table.uniques if wanted not in (u.name.lower(), ",".join(u.columns).lower())]
        table.checks = [c for c in table.checks if wanted != c.name.lower()]
        for column in table.columns.values():
            column.checks = [c for c in column.checks if wanted != c.name.lower()]
            if wanted == column.name.lower():
                column.unique = False


def _join(table: Table, made: Table) -> None:
    """A model and the table that migrations made: the model says what there is; what the database enforces is added. A model without
    columns only names its table."""
    if not table.columns:
        table.name, table.source, table.open = made.name, made.source, made.open
    for name, column in made.columns.items():
        own = table.columns.setdefault(name, column)
        if own is column:
            continue
        if column.unsigned and not own.unsigned:
            own.checks.append(Check(f"{own.name} >= 0", column.file, column.line))
        own.unique = own.unique or column.unique
        own.primary = own.primary or column.primary
        own.generated = own.generated or column.generated
        own.checks += column.checks
        own.nullable = column.nullable if own.nullable is None else own.nullable
        own.default = column.default if own.default is None else own.default
        if own.kind == "other":
            own.kind, own.type = column.kind, own.type or column.type
    table.uniques += made.uniques
    table.checks += made.checks
    table.names |= made.names
