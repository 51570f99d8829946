"""What a SQL statement says, in the terms that checks ask in."""

from dataclasses import dataclass
from typing import Literal

Verb = Literal[
    "select", "insert", "update", "delete", "merge", "create", "alter", "drop", "begin", "commit", "rollback", "lock", "set", "call",
    "other",
]  # fmt: skip
Conflict = Literal["", "ignore", "update", "replace"]


@dataclass(frozen=True, slots=True)
class Operand:
    """What stands at a place of a statement, as ``text``; at most one of the others is set.

    ``column``: it is this column. ``const``: the text of a literal (``null`` for NULL). ``hole``: the number of a hole. ``param``: the
    placeholder it is bound to, by its position among the statement's placeholders (from 0) or by its name.
    """

    text: str
    column: str = ""
    const: str | None = None
    hole: int | None = None
    param: int | str | None = None


@dataclass(frozen=True, slots=True)
class Write:
    """A column that is written. ``relative``: from what the row itself holds (``qty = qty - ?``), so that the database does it in one
    step; ``step`` is then ``+`` or ``-`` where it goes up or down by something, and ``by`` by what."""

    column: str
    value: Operand
    relative: bool = False
    step: str = ""
    by: Operand | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """One conjunct of a WHERE: a column, the operator (``=``, ``<>``, ``>=``, ``in``, ``is``, ``is not``, ``like``, ``between``, ``not in``
    …) and what it is compared with."""

    column: str
    operator: str
    value: Operand


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement.

    ``table``: what it writes to, or first reads from: the bare name, without schema, quotes or a prefix that is not known; empty when it
    is a hole altogether (then ``table_hole``). ``tables``: all that it names, sub-queries too.
    ``columns``: those that a SELECT lists (``*`` too) or an INSERT names. ``writes``: of the first row of an INSERT, of an UPDATE's SET.
    ``where``: conjuncts; ``whole`` says that they are all there is: no OR, no sub-query, no hole that could hold more.
    ``conflict``: what happens to a row whose key is there: ``ignore`` (INSERT IGNORE, ON CONFLICT DO NOTHING), ``update`` (ON CONFLICT DO
    UPDATE, ON DUPLICATE KEY UPDATE; then ``on_conflict`` are those writes), ``replace``; ``conflict_columns``: the key that it names.
    ``locks``: rows are locked for update; with ``skip_locked`` or ``nowait``.
    ``routine``: the trigger, function or procedure in whose body it stands, ``do`` for an anonymous block; empty outside.
    ``line``: lines from the start of the text to the statement, 0 for the first.
    ``parsed``: False when only the words of it could be read, not its grammar; then conditions may be missing.
    """

    verb: Verb
    table: str = ""
    table_hole: int | None = None
    tables: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    writes: tuple[Write, ...] = ()
    where: tuple[Condition, ...] = ()
    whole: bool = True
    conflict: Conflict = ""
    conflict_columns: tuple[str, ...] = ()
    on_conflict: tuple[Write, ...] = ()
    locks: bool = False
    skip_locked: bool = False
    nowait: bool = False
    returning: bool = False
    routine: str = ""
    line: int = 0
    parsed: bool = True

    def compares(self, column: str) -> tuple[Condition, ...]:
        """The conjuncts about a column."""
        return tuple(c for c in self.where if c.column.lower() == column.lower())
