"""Tables and columns as the reviewed code declares them, whatever declares them: a model class, a migration, a SQL file."""

import re
from dataclasses import dataclass, field
from typing import Literal

from tillproof.commerce.lexicon import snake
from tillproof.commerce.schema.bounds import keeps_non_negative
from tillproof.flow.program import ClassId
from tillproof.flow.values import Place

ColumnKind = Literal["integer", "decimal", "float", "string", "boolean", "time", "json", "binary", "enum", "reference", "other"]
NUMBERS: tuple[ColumnKind, ...] = ("integer", "decimal", "float")
_PLURALS = (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh"), ("statuses", "status"))


@dataclass(slots=True)
class Check:
    """A CHECK of the database, or what an ORM writes as one. ``text``: as SQL, as far as it can be said."""

    text: str
    file: str
    line: int
    name: str = ""


@dataclass(slots=True)
class Unique:
    """Columns that no two rows may share: a unique constraint or index, a primary key. ``where``: only for rows that meet this."""

    columns: tuple[str, ...]
    file: str
    line: int
    name: str = ""
    where: str = ""
    primary: bool = False


@dataclass(slots=True)
class Column:
    """A column, or a field of a document.

    ``type``: as written; ``kind``: what it comes to. ``unsigned``: the declaration itself keeps it from falling below zero.
    ``nullable``, ``default``: None when nothing is said. ``minimum``: a lower bound that only the application checks (a validator).
    ``version``: the ORM compares it before it writes (optimistic locking). ``checks``: constraints written at the column.
    ``generated``: the database works it out from other columns. ``attribute``: what code calls it, where that is not its name.
    """

    name: str
    file: str
    line: int
    end_line: int
    type: str = ""
    kind: ColumnKind = "other"
    unsigned: bool = False
    nullable: bool | None = None
    default: str | None = None
    unique: bool = False
    primary: bool = False
    version: bool = False
    generated: bool = False
    minimum: str | None = None
    attribute: str = ""
    checks: list[Check] = field(default_factory=list)

    @property
    def numeric(self) -> bool:
        return self.kind in NUMBERS


@dataclass(slots=True)
class Table:
    """A table or a collection of documents.

    ``entity``: what a row of it is, by the model where there is one (a table's name may carry a prefix).
    ``names``: by which code speaks of it, as ``key`` writes them: table, model class, variables. ``model``: the class that declares it.
    ``source``: what declares it first (``django``, ``laravel``, ``sql`` …). ``documents``: a document store, which knows no constraints
    but validators and unique indexes. ``open``: columns may be missing, because a part of the declaration could not be read.
    """

    name: str
    file: str
    line: int
    unit: str
    source: str
    entity: str = ""
    documents: bool = False
    model: ClassId | None = None
    names: set[str] = field(default_factory=set)
    columns: dict[str, Column] = field(default_factory=dict)
    uniques: list[Unique] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    open: bool = False

    def column(self, name: str) -> Column | None:
        """A column by its name in any case or style; a field of a nested document by its last part, when only one ends so."""
        wanted = column_key(name)
        found = self.columns.get(wanted) or next((c for c in self.columns.values() if column_key(c.attribute) == wanted), None)
        if found is None and "." not in name:
            ends = [c for k, c in self.columns.items() if k.endswith("." + wanted)]
            found = ends[0] if len(ends) == 1 else None
        return found or self.columns.get(wanted + "id") or self._reference(wanted)

    def _reference(self, wanted: str) -> Column | None:
        """``order_id`` is how the database calls what the model declares as ``order``."""
        column = self.columns.get(wanted.removesuffix("id"))
        return column if column is not None and column.kind == "reference" else None

    def unique(self, columns: "tuple[str, ...] | list[str] | set[str]") -> Unique | None:
        """The constraint by which no two rows share these columns: one over them or over some of them."""
        wanted = {_bare(c) for c in columns}
        declared = [*self.uniques, *(_own(c) for c in self.columns.values() if c.unique or c.primary)]
        fits = [u for u in declared if u.columns and {_bare(c) for c in u.columns} <= wanted]
        return min(fits, key=lambda u: (bool(u.where), -len(u.columns))) if fits else None

    def non_negative(self, name: str, unsigned: bool = True) -> Place | None:
        """The line by which the database refuses a value below zero in a column; None when nothing does. ``unsigned``: whether an unsigned
        type counts."""
        column = self.column(name)
        if column is None:
            return None
        if column.unsigned and unsigned:
            return column.file, column.line
        names = [n for n in (column.name, column.attribute) if n]
        for check in (*column.checks, *self.checks):
            if any(keeps_non_negative(check.text, n, lambda other: self._bounded(other, column)) for n in names):
                return check.file, check.line
        return None

    def _bounded(self, other: str, asking: Column) -> bool:
        """Whether a column that the asking one is compared with is kept from falling below zero by itself."""
        column = self.column(other)
        return (
            column is not None
            and column is not asking
            and (column.unsigned or any(keeps_non_negative(c.text, column.name) for c in (*column.checks, *self.checks)))
        )

    @property
    def version(self) -> Column | None:
        """The column of optimistic locking."""
        return next((c for c in self.columns.values() if c.version), None)


def _own(column: Column) -> Unique:
    return Unique((column.name,), column.file, column.line, primary=column.primary)


def _bare(name: str) -> str:
    """``order``, ``order_id`` and ``orderId`` are the same column."""
    found = column_key(name)
    return found.removesuffix("id") if len(found) > 2 else found


def column_key(name: str) -> str:
    """``stockOnHand``, ``stock_on_hand`` and ``STOCK_ON_HAND`` are the same column."""
    return snake(name).replace("_", "")


def key(name: str) -> str:
    """An entity's name in the form in which names are compared: ``StockItem``, ``stock_items`` and ``"shop"."stock_item"`` are the same."""
    last = re.split(r"[.\\/]", name.strip("\"'`[] "))[-1].strip("\"'`[] ")
    return singular(snake(last)).replace("_", "")


def singular(word: str) -> str:
    for plural, one in _PLURALS:
        if word.endswith(plural) and len(word) > len(plural) + 1:
            return word[: -len(plural)] + one
    return word[:-1] if word.endswith("s") and len(word) > 3 and not word.endswith(("ss", "us", "is")) else word
