"""What is left is worked out of what was sold already, ``capacity - booked``, ``quantity_available``, and an order, a booking or a ticket
that takes of it is only made afterwards: no column is counted down, the new row itself is what takes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tillproof.commerce.asked_of_one import of_one_customer
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.entries import Entry
from tillproof.commerce.judged_rows import judging
from tillproof.commerce.lexicon import snake
from tillproof.commerce.stock_looks import BELOW
from tillproof.commerce.touches import Touch
from tillproof.commerce.unstocked import makes_order
from tillproof.flow.program import Fn
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_WHAT = r"(quantity|qty|quantities|seats?|places?|spots?|tickets?|slots?|capacity|capacities|units|stock|inventory|rooms?|beds?|spaces?)"
_LEFT = re.compile(
    rf"(\w+_)?{_WHAT}_(available|left|remaining|free)|(\w+_)?(available|remaining|left|free)_{_WHAT}|(number|count|qty|num)_(available|remaining|left)"
    r"|(available|remaining)_(number|count|qty|num)"
)
_WHO = r"(attendee|participant|guest|member|student|player|person|people|pax)s?"
_BOOKED = r"(booking|reservation|registration|ticket|enrol(l)?ment|rsvp|order|portion)s?"
_WHOLE = re.compile(
    r"(\w+_)?capacity|(\w+_)?(max|total|maximum)_?(number_of_)?"
    rf"(capacity|{_WHO}|{_BOOKED}|seats?|places?|spots?|spaces?|slots?|rooms?|units?|occupancy)(_\w+)?"
    rf"|(\w+_)?(seat|place|spot|slot|capacity|{_WHO}|{_BOOKED})_?(limit|quota|max|maximum)|quota"
)
_TAKEN = re.compile(
    r"(\w+_)?(booked|sold|reserved|registered|enrolled|taken|occupied)(_\w+)?"
    rf"|(\w+_)?({_WHO}|{_BOOKED})_?(count|total|number|size|length|sold)"
    rf"|(current|active|existing|confirmed|num(ber)?_(of_)?|total)_?({_WHO}|{_BOOKED})"
)
_THOSE = re.compile(rf"(\w+_)?({_WHO}|{_BOOKED})")
_COUNTS = re.compile(r"count(_documents|_all_results)?|length|len|size|sizeof|num_rows|row_?count")
_SUMS = re.compile(r"sum|aggregate|total|fetch_?(column|one|val|row)|scalar|first|get_?var|find_?first|group_?by")
_COUNTED_BY = "_count"  # under which Prisma gives how many of a relation there are
_BOOKS = re.compile(
    r"(\w+_)?(booking|reservation|registration|attendee|participant|enrol(l)?ment|rsvp|ticket|event_user|ticket_purchase)(_(item|detail|line))?"
)
_DEEPEST = 3
_NEAR = 6


@dataclass(frozen=True, slots=True)
class CountedPlace:
    """``effect``: by which the order is made, ``looked``: where what is left is compared. ``kept``: the lock, or whatever else, under
    which both are one step, with what it is; None where nothing is."""

    entry: Entry
    effect: Effect
    looked: Place
    kept: tuple[Place, str] | None


def counted_places(model: "Model") -> Iterator[CountedPlace]:
    """One per place at which customers' orders are made behind such a look; none where stock is counted down somewhere."""
    if model.takings.all or model.takings.triggers:
        return
    seen: set[tuple[Fn, int]] = set()
    for entry in model.entries:
        if entry.role not in ("public", "customer"):
            continue
        made = next((e for e in model.effects.of(entry.target) if _takes_place(e) and (e.certain or _is_filled(model, e))), None)
        if made is None or (made.fn, made.instr) in seen or any(h.entry is entry for h in model.handlers.all):
            continue
        near = [fn for fn, depth in model.handlers.closure(entry).functions.items() if depth <= _NEAR]
        near += judging(model, made)
        looked = next((found for fn in near if (found := _looks(model, fn)) is not None), None)
        if looked is not None:
            seen.add((made.fn, made.instr))
            yield CountedPlace(entry, made, looked, _kept(model, made))


def _is_filled(model: "Model", effect: Effect) -> bool:
    """Whether a row is kept by a framework's own means, of what a serializer or form was sent."""
    return model.inherited.filled(effect.fn, effect.instr, effect.ctx) is not None


def _takes_place(effect: Effect) -> bool:
    touch = effect.touch
    return makes_order(effect) or (touch is not None and touch.kind == "create" and _BOOKS.fullmatch(touch.entity) is not None)


def _looks(model: "Model", fn: Fn) -> Place | None:
    """Where a function compares something with how much is left."""
    body = model.program.body(fn)
    for i, op in enumerate(body.op):
        if op != Op.BINARY or body.text(body.args(i)[0]) not in BELOW:
            continue
        one, other = body.args(i)[1:3]
        for side, against in ((one, other), (other, one)):
            if body.op[against] == Op.CONST:
                continue  # `available < 1` says that all is gone, and nothing of how much is asked for
            if _is_left(model, fn, side, 0) or (_says(model, fn, side, _WHOLE) and _is_taken(model, fn, against, 0)):
                return Place(fn, i, None)
    return None


def _is_left(model: "Model", fn: Fn, i: int, depth: int) -> bool:
    """Whether a value is how much is left: it is called so, or is the difference of all there is and what is taken."""
    body = model.program.body(fn)
    if _says(model, fn, i, _LEFT):
        return True
    if body.op[i] == Op.BINARY and body.text(body.args(i)[0]) == "-":
        one, other = body.args(i)[1:3]
        return _says(model, fn, one, _WHOLE) and _is_taken(model, fn, other, depth)
    made = _made(model, fn, i) if depth < _DEEPEST else None
    return made is not None and _is_left(model, fn, made, depth + 1)


def _is_taken(model: "Model", fn: Fn, i: int, depth: int) -> bool:
    """Whether a value is, or holds, how much of something is taken already."""
    body = model.program.body(fn)
    if _says(model, fn, i, _TAKEN) or _is_count(model, fn, i):
        return True
    if depth >= _DEEPEST:
        return False
    if body.op[i] == Op.BINARY and body.text(body.args(i)[0]) == "+":
        return any(_is_taken(model, fn, side, depth + 1) for side in body.args(i)[1:3])
    if body.op[i] == Op.CHOICE:  # `booked or 0`
        return any(_is_taken(model, fn, side, depth + 1) for side in body.args(i)[1:])
    if body.op[i] == Op.INDEX:
        return _is_taken(model, fn, body.args(i)[0], depth + 1)
    if body.op[i] in (Op.AWAIT, Op.CAST):
        return _is_taken(model, fn, body.args(i)[-1 if body.op[i] == Op.CAST else 0], depth + 1)
    made = _made(model, fn, i)
    return made is not None and _is_taken(model, fn, made, depth + 1)


def _is_count(model: "Model", fn: Fn, i: int) -> bool:
    """Whether a value is how many bookings, orders or people there are of all customers: ``Booking.objects.filter(event=event).count()``,
    ``event.attendees.length``, ``event._count.tickets``, ``len(bookings)``."""
    body = model.program.body(fn)
    i = body.bare(i)
    if body.op[i] == Op.FIELD:
        held, name = body.args(i)[0], snake(body.name(i))
        if body.op[held] == Op.FIELD and body.name(held) == _COUNTED_BY:
            return _THOSE.fullmatch(name) is not None
        return _COUNTS.fullmatch(name) is not None and _are_those(model, fn, held)
    if body.op[i] != Op.CALL or body.op[body.args(i)[0]] not in (Op.NAME, Op.FIELD):
        return False
    callee, given = body.call(i)
    name = snake(body.called(i))
    if body.op[callee] == Op.NAME:
        return _COUNTS.fullmatch(name) is not None and len(given) == 1 and _are_those(model, fn, given[0][1])
    if _COUNTS.fullmatch(name):
        return _of_all(model.records.touch(fn, i, None)) or _are_those(model, fn, body.args(callee)[0])
    return _SUMS.fullmatch(name) is not None and (
        _of_all(model.records.touch(fn, i, None)) or _of_all(model.records.touch(fn, body.bare(body.args(callee)[0]), None))
    )


def _are_those(model: "Model", fn: Fn, i: int) -> bool:
    """Whether a value is a list of bookings, orders or people, by its name or by how it was read."""
    body = model.program.body(fn)
    i = body.bare(i)
    if body.op[i] == Op.CALL:
        read = model.records.touch(fn, i, None)
        return _of_all(read) if read is not None else _says(model, fn, i, _THOSE)
    made = _made(model, fn, i)
    made = body.bare(made) if made is not None else None
    read = model.records.touch(fn, made, None) if made is not None and body.op[made] == Op.CALL else None
    return _of_all(read) if read is not None else _says(model, fn, i, _THOSE)


def _of_all(read: Touch | None) -> bool:
    """Whether bookings or the like are read whoever made them: those of one customer bound what he himself may have."""
    return (
        read is not None
        and read.kind == "read"
        and _THOSE.fullmatch(read.entity) is not None
        and not any(of_one_customer(k) for k in (*read.compared, *read.keys))
    )


def _made(model: "Model", fn: Fn, i: int) -> int | None:
    """What a variable was set to, where that is one thing."""
    body = model.program.body(fn)
    stores = model.evaluator.defuse(fn).reaching(i, body.name(i)).stores if body.op[i] == Op.NAME else []
    return body.args(stores[0])[1] if len(stores) == 1 and body.op[stores[0]] == Op.STORE else None


def _says(model: "Model", fn: Fn, i: int, what: re.Pattern[str]) -> bool:
    body = model.program.body(fn)
    op = body.op[i]
    if op == Op.CALL and body.op[body.args(i)[0]] in (Op.NAME, Op.FIELD):
        return what.fullmatch(snake(body.called(i)).removeprefix("get_")) is not None
    if op == Op.INDEX:
        const = body.const(body.args(i)[1])
        return const is not None and what.fullmatch(snake(const[1])) is not None
    return op in (Op.NAME, Op.FIELD) and what.fullmatch(snake(body.name(i).rpartition(".")[2]).strip("$")) is not None


def _kept(model: "Model", effect: Effect) -> tuple[Place, str] | None:
    """What keeps another order from being made between the look and this one."""
    for place in effect.way:
        if (lock := model.regions.lock(place)) is not None:
            return lock, "another order waits here until this one is made"
    if model.records.serial.refuses(effect.place):
        return effect.place, "the transaction is refused when another order was made in between"
    return None
