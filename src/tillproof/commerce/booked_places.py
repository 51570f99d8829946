"""Places that are booked by a record of their own, a seat, a room, an hour: looked for in what is booked already, and what keeps two
customers from the same one."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tillproof.commerce.asked_of_one import of_one_customer, of_one_row
from tillproof.commerce.conditions import Atom, flat
from tillproof.commerce.effects import Place
from tillproof.commerce.entities import entity, same
from tillproof.commerce.lexicon import snake
from tillproof.commerce.named_rows import NamedRows
from tillproof.commerce.touches import Touch
from tillproof.flow.facts import Condition, Either, Fact
from tillproof.flow.program import Fn
from tillproof.flow.values import FunctionV, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

BOOKED = re.compile(
    r"(\w+_)?(booking|reservation|appointment|ticket)(_?(seat|slot|item|detail))?|(booked|reserved)_?(seat|slot|room)"
    r"|(seat|slot|room|table|court)_?(booking|reservation)"
)
"""Tables in which a row books something."""
_STEM = re.compile(r"booking|booked|reserv|appointment|ticket", re.IGNORECASE)
_PLACE = re.compile(
    r"(\w+_)?(seat|room|slot|time_?slot|table|court|desk|bed|cabin|car|vehicle|property|apartment|appointment_?(time|date)"
    r"|start(_?(time|date|at))|check_?in(_?date)?)(_?(id|no|num(ber)?))?s?"
)
# What fills a database to begin with.
_FILLS = re.compile(r"seed|factory|factories|fixture|faker|import", re.IGNORECASE)
_IDS = re.compile(r"_(id|pk|fk)$")


@dataclass(frozen=True, slots=True)
class PlaceBooked:
    """A line that books a place. ``what``: which kind of place it is. ``field``: where the booking names it. ``looked``: where it was asked
    whether that is booked already. ``kept``: why nobody else gets it, or empty."""

    place: Place
    what: str
    field: str
    looked: Place
    kept: str


def booked_places(model: "Model", functions: Iterable[Fn]) -> Iterator[PlaceBooked]:
    """The first line by which each function books a place that it has looked for; of functions that name a table of bookings."""
    for fn in sorted(functions):
        body = model.program.body(fn)
        for i, op in enumerate(body.op):
            touch = model.records.touch(fn, i, None) if op == Op.CALL else None
            if touch is None or touch.kind != "create" or not BOOKED.fullmatch(touch.entity):
                continue
            if (found := _looked(model, touch)) is not None:
                yield found
                break


def _names_bookings(word: str) -> bool:
    """Whether a word is the name of a table of bookings."""
    return _STEM.search(word) is not None and BOOKED.fullmatch(entity(word)) is not None


BOOKINGS = NamedRows(_names_bookings, lambda file: _FILLS.search(file) is None)


def _looked(model: "Model", touch: Touch) -> PlaceBooked | None:
    """What a new booking is of, where it was asked whether that is booked already, and what makes the two one step."""
    places = {_IDS.sub("", snake(n)): n for n in _written(model, touch) if _PLACE.fullmatch(snake(n))}
    for fact in model.effects.held_at(Place(touch.fn, touch.instr, touch.ctx)) if places else ():
        for atom in flat(model.conditions.behind(fact)):
            read = model.states.existence(atom) or _read_by_asked(model, atom, places)
            if read is None or read.kind != "read" or not (same(read.entity, touch.entity) or BOOKED.fullmatch(read.entity)):
                continue
            if common := sorted(_asked(read) & places.keys()):
                place, looked = Place(touch.fn, touch.instr, None), Place(read.fn, read.instr, read.ctx)
                return PlaceBooked(place, common[0], places[common[0]], looked, _kept(model, touch, read, places))
    return _gone_through(model, touch, places) if places else None


def _gone_through(model: "Model", touch: Touch, places: dict[str, str]) -> PlaceBooked | None:
    """A new booking behind a condition on the bookings of the same show, day or the like, which were read and gone through in the code:
    ``taken = [s for b in bookings for s in b.seats]``."""
    body = model.program.body(touch.fn)
    written = {_IDS.sub("", snake(n)) for n in _written(model, touch)}
    for i in range(touch.instr):
        read = model.records.touch(touch.fn, i, None) if body.op[i] == Op.CALL else None
        if read is None or read.kind != "read" or not BOOKED.fullmatch(read.entity):
            continue
        if all(of_one_customer(n) or of_one_row(n) for n in _asked(read) & written):
            continue
        known = _made_of(model, touch.fn, i)
        asked = (
            c for held in model.effects.held_at(Place(touch.fn, touch.instr, touch.ctx)) if held.fn == touch.fn for c in _asks(held.fact)
        )
        if known and any(known & _words(model, touch.fn, c) for c in asked if c > i):
            what = next(iter(places))
            return PlaceBooked(
                Place(touch.fn, touch.instr, touch.ctx), what, places[what], Place(touch.fn, i, None), _kept(model, touch, read, places)
            )
    return None


def _asks(fact: Fact) -> list[int]:
    """The conditions in a fact."""
    if isinstance(fact, Condition):
        return [fact.instr]
    return [c.instr for c in fact.conditions] if isinstance(fact, Either) else []


def _made_of(model: "Model", fn: Fn, i: int) -> set[str]:
    """The variables that hold what a call gives, or are made of it."""
    body, known = model.program.body(fn), set[str]()
    for row, op in enumerate(body.op):
        if op == Op.STORE and row > i and (body.bare(body.args(row)[1]) == i or known & _words(model, fn, row)):
            known.add(body.name(row))
    return known


def _words(model: "Model", fn: Fn, i: int) -> set[str]:
    """The words of the lines on which an instruction stands."""
    body = model.program.body(fn)
    lines = (model.program.line_text(fn.file, n) for n in range(body.line[i], body.end_line[i] + 1))
    return {word for line in lines for word in re.findall(r"\w+", line)}


def _read_by_asked(model: "Model", atom: Atom, places: dict[str, str]) -> Touch | None:
    """The read of bookings of a function of ours that is asked whether a place is free, however it comes to its answer."""
    body, row = model.program.body(atom.fn), model.program.body(atom.fn).bare(atom.instr)
    if body.op[row] == Op.NAME:
        stores = model.evaluator.defuse(atom.fn).reaching(row, body.name(row)).stores
        row = body.bare(body.args(stores[0])[1]) if len(stores) == 1 and body.op[stores[0]] == Op.STORE else row
    callee = model.evaluator.value(atom.fn, body.args(row)[0], atom.ctx) if body.op[row] == Op.CALL else None
    asked = [o.fn for o in options(callee) if isinstance(o, FunctionV)] if callee is not None else []
    calls = ((fn, i) for fn in asked for i, op in enumerate(model.program.body(fn).op) if op == Op.CALL)
    for read in (model.records.touch(fn, i, None) for fn, i in calls):
        if read is not None and read.kind == "read" and BOOKED.fullmatch(read.entity) and _asked(read) & places.keys():
            return read
    return None


def _asked(read: Touch) -> set[str]:
    """By what bookings are looked for, as a booking names its place."""
    return {_IDS.sub("", snake(n).partition("__")[0]) for n in (*read.compared, *read.keys)}


def _written(model: "Model", touch: Touch) -> list[str]:
    """The fields of a new booking; of one that a form fills, those of its table."""
    if model.inherited.filled(touch.fn, touch.instr, touch.ctx) is None:
        return list(touch.fields)
    table = model.schema.table(touch.entity, touch.fn.file)
    return list(table.columns) if table is not None else []


def _kept(model: "Model", touch: Touch, read: Touch, places: dict[str, str]) -> str:
    """What keeps a second booking of the same place from being made in between; empty when nothing does."""
    if read.locked or model.regions.lock(Place(touch.fn, touch.instr, touch.ctx)) is not None:
        return "it is looked for and booked under a lock"
    if model.records.serial.refuses(Place(touch.fn, touch.instr, touch.ctx)):
        return "the transaction is refused when another has booked in between"
    refused = model.schema.unique(touch.entity, tuple(_written(model, touch)), touch.fn.file)
    apart = refused is not None and {_IDS.sub("", snake(c)) for c in refused.columns} & places.keys()
    return "the database refuses a second booking of the same" if apart else ""
