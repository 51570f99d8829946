"""Bookings of a certain place, a seat, a room, an hour, that are made without anybody asking whether it is booked already."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tillproof.commerce.asked_of_one import of_one_customer, of_one_row
from tillproof.commerce.booked_places import BOOKED
from tillproof.commerce.effects import Effect
from tillproof.commerce.entries import Entry
from tillproof.commerce.judged_rows import judging
from tillproof.commerce.lexicon import snake
from tillproof.commerce.schema.tables import Table, Unique
from tillproof.flow.program import Fn
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_ID = r"(_?(id|no|num(ber)?|code|label))?"
# What only one customer can have: by itself, or in a list of which each can be had once.
_OWN = re.compile(rf"(\w+_)?(seat|table|court|room|bed|cabin|desk|berth|pitch){_ID}|(time_?)?slot{_ID}|appointment_?(time|slot|date_?time)")
_LIST = re.compile(rf"(\w+_)?(seat|slot){_ID}s|seats_\w+")
_TICKETS = re.compile(r"tickets?")  # a list of them names the places
# What only one customer can have at a time, with the column that says when.
_LENT = re.compile(rf"(car|vehicle|property|apartment|villa|doctor|barber|stylist|therapist|tutor|trainer|listing|equipment){_ID}")
_WHEN = re.compile(r"(start|from|check_?in|pick_?up|begin)(_?(date|time|at|date_?time))?|(date_?)?time|slot|scheduled?_?(at|for|time)")
_ASKS = re.compile(
    r"(.*_)?(availab\w*|is_free|free_\w+|overlap\w*|conflict\w*|clash\w*|collision|occupied|taken|vacan\w*|capacity|remaining|quota|unique\w*"
    r"|exclude|locks?|locked|locking|already_\w+|is_booked|booked_(?!date|at\b|by\b|on\b|for\b)\w+|double_?book\w*|sold_out|full|reserved)(_.*)?"
)
_PIECE = re.compile(
    r"(\w+_)?(seat|slot|room|table|court|bed|availability|schedule|show_?time|showing|inventory|stock|calendar|hold|lock)s?"
)
_HELD = re.compile(r"(\w+_)?(seat|slot|ticket|booking|room)s?_?(lock|hold|held|reserv)\w*|(lock|hold|reserve)_(seat|slot|ticket|room)s?")
_IDS = re.compile(r"_(id|pk|fk)$")
_NEAR = 6


@dataclass(frozen=True, slots=True)
class BlindBooking:
    """``effect``: by which the booking is made; ``column``: where it names its place. ``refused``: the constraint by which the database
    refuses a second one of the same. ``table``: as it is declared, where it is."""

    entry: Entry
    effect: Effect
    column: str
    table: Table | None
    refused: Unique | None


def blind_bookings(model: "Model") -> Iterator[BlindBooking]:
    """One per line by which customers book, on whose way nobody reads what is booked, nor takes the place itself."""
    seen: set[tuple[Fn, int]] = set()
    for entry in model.entries:
        handled = any(h.entry is entry for h in model.handlers.all)
        if entry.role not in ("public", "customer") and not handled:
            continue
        effects = model.effects.of(entry.target)
        made = next((e for e in effects if e.touch is not None and e.touch.kind == "create" and BOOKED.fullmatch(e.touch.entity)), None)
        if made is None or made.touch is None or (made.fn, made.instr) in seen:
            continue
        table = model.schema.table(made.touch.entity, made.fn.file)
        column = _place(model, made, table)
        if not column or (handled and _held_before(model)):
            continue
        near = [*(fn for fn, depth in model.handlers.closure(entry).functions.items() if depth <= _NEAR), *judging(model, made)]
        if any(_takes(e) for e in effects) or any(_looks(model, fn) for fn in dict.fromkeys(near)):
            continue
        seen.add((made.fn, made.instr))
        yield BlindBooking(entry, made, column, table, _refused(table, column))


def _place(model: "Model", made: Effect, table: Table | None) -> str:
    """The column by which a new booking names a place that nobody else can have; empty where it names none."""
    touch = made.touch
    if touch is None:
        return ""
    names = dict.fromkeys(touch.fields)
    if table is not None and model.inherited.filled(made.fn, made.instr, made.ctx) is not None:
        names.update(dict.fromkeys(table.columns))
    for name in names:
        plain, column = snake(name), table.column(name) if table is not None else None
        counted = column is not None and column.kind in ("integer", "decimal", "float") and _LIST.fullmatch(plain) is not None
        listed = column is not None and (column.kind == "json" or "[" in column.type or "array" in column.type.lower())
        if not counted and (_OWN.fullmatch(plain) or _LIST.fullmatch(plain) or (listed and _TICKETS.fullmatch(plain))):
            return name
    lent = next((n for n in names if _LENT.fullmatch(snake(n))), "")
    return lent if any(_WHEN.fullmatch(snake(n)) for n in names) else ""


def _takes(effect: Effect) -> bool:
    """Whether the place itself is marked on the way, in a row of its own."""
    touch = effect.touch
    return touch is not None and touch.writes and touch.kind != "create" and _PIECE.fullmatch(touch.entity) is not None


def _looks(model: "Model", fn: Fn) -> bool:
    """Whether a function reads what others have booked, or speaks of what is free."""
    if any(_ASKS.fullmatch(snake(word)) for word in model.vocabulary.tokens(fn)):
        return True
    body = model.program.body(fn)
    for i, op in enumerate(body.op):
        read = model.records.touch(fn, i, None) if op == Op.CALL else None
        if read is not None and read.kind == "read" and BOOKED.fullmatch(read.entity):
            chosen = {snake(n) for n in (*read.compared, *read.keys)}
            if not chosen or not all(of_one_customer(n) or of_one_row(n) for n in chosen):
                return True
    return False


def _held_before(model: "Model") -> bool:
    """Whether places are kept for somebody before he has paid, so that what is told of a payment need not ask again."""
    words = model.program.words.beginning("")
    return any(_HELD.fullmatch(snake(word)) for word in words) or bool(model.pieces_taken.all)


def _refused(table: Table | None, column: str) -> Unique | None:
    """The constraint that keeps two bookings from the same place; one over a list of places compares whole lists."""
    declared = table.column(column) if table is not None else None
    if table is None or declared is None or (declared.kind == "json" and not table.documents):
        return None
    own = [Unique((declared.name,), declared.file, declared.line)] if declared.unique else []
    name = _IDS.sub("", snake(column))
    return next((u for u in (*own, *table.uniques) if not u.primary and name in {_IDS.sub("", snake(c)) for c in u.columns}), None)
