"""Where how much is left is worked out of what is taken already, and compared: ``bookings.count() >= event.capacity``, or told as the most
that a rule lets through: ``'max:' . $event->seats_left``."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tillproof.commerce.asked_of_one import of_one_customer
from tillproof.commerce.ceilings import ceilings
from tillproof.commerce.effects import Place
from tillproof.commerce.lexicon import snake
from tillproof.commerce.stock_looks import BELOW
from tillproof.commerce.touches import Touch
from tillproof.flow.members import accessor
from tillproof.flow.program import Fn
from tillproof.flow.values import FunctionV, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_WHAT = r"(quantity|qty|quantities|seats?|places?|spots?|tickets?|slots?|capacity|capacities|units|stock|inventory|rooms?|beds?|spaces?)"
_LEFT = re.compile(
    rf"(\w+_)?{_WHAT}_(available|left|remaining|free)|(\w+_)?(available|remaining|left|free)_{_WHAT}|(number|count|qty|num)_(available|remaining|left)"
    r"|(available|remaining)_(number|count|qty|num)"
)
_AMOUNT = re.compile(rf"(\w+_)?{_WHAT}")
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
_WORKED_OUT = re.compile(r"(count|sum)(_distinct|_all|_raw)?|num_rows")
_SELECTS = re.compile(r"select(_raw|_one)?|aggregate|annotate|values|query|with_entities|add_?select|get_raw_(one|many)")
_IN_SQL = re.compile(r"\b(count|sum)\s*\(", re.IGNORECASE)
_COUNTED_BY = "_count"  # under which Prisma gives how many of a relation there are
_SMALLEST = "min"
_DEEPEST = 5
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Counted:
    """What is taken already: ``rows``, the kinds of rows that are counted, ``lists``, the members of a document whose length it is. Both
    are empty where only its name says so."""

    rows: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()

    def __or__(self, other: "Counted") -> "Counted":
        return Counted(self.rows | other.rows, self.lists | other.lists)


@dataclass(frozen=True, slots=True)
class Look:
    """A comparison of how much is left; ``counted``: of what that is worked out."""

    place: Place
    counted: Counted


class CapacityLooks:
    """Looks by function; kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._looks: dict[Fn, list[Look]] = {}

    def of(self, fn: Fn) -> list[Look]:
        """The lines on which a function compares something with how much is left, or has it compared by a rule."""
        if fn not in self._looks:
            self._looks[fn] = list(self._of(fn))
        return self._looks[fn]

    def _of(self, fn: Fn) -> Iterator[Look]:
        body = self.model.program.body(fn)
        for i, op in enumerate(body.op):
            if op != Op.BINARY or body.text(body.args(i)[0]) not in BELOW:
                continue
            one, other = body.args(i)[1:3]
            for side, against in ((one, other), (other, one)):
                counted = self._left(fn, side, 0)
                if body.op[against] == Op.CONST and (counted is None or not (counted.rows or counted.lists)):
                    continue  # `available < 1` says that all is gone, and nothing of how much is asked for
                if counted is None and (taken := self._taken(fn, against, 0)) is not None and self._is_whole(fn, side, taken):
                    counted = taken
                if counted is not None:
                    yield Look(Place(fn, i, None), counted)
                    break
        for _, _, limits in ceilings(body):
            yield from (Look(Place(fn, i, None), counted) for i in limits if (counted := self._left(fn, i, 0)) is not None)

    def _left(self, fn: Fn, i: int, depth: int) -> Counted | None:
        """What a value that is how much is left is worked out of: it is called so, or is the difference of all there is and what is
        taken, here or in a function of ours that gives it; None of any other."""
        body = self.model.program.body(fn)
        i = body.bare(i)
        if body.op[i] == Op.BINARY and body.text(body.args(i)[0]) == "-":
            one, other = body.args(i)[1:3]
            taken = self._taken(fn, other, depth)
            return taken if taken is not None and (self._is_whole(fn, one, taken) or self._is_amount(fn, one, taken)) else None
        if body.op[i] == Op.CALL and body.op[body.args(i)[0]] == Op.NAME and body.called(i) == _SMALLEST:
            parts = [c for _, given in body.call(i)[1] if (c := self._left(fn, given, depth)) is not None]
            return next((c for c in parts if c.rows or c.lists), parts[0] if parts else None)
        made = self._made(fn, i) if depth < _DEEPEST else None
        if made is not None and (found := self._left(fn, made, depth + 1)) is not None:
            return found
        named = self._says(fn, i, _LEFT)
        if depth < _DEEPEST:
            worked = (self._left(f, r, depth + 1) for f in self._giving(fn, i) for r in self._results(f))
            if (found := next((w for w in worked if w is not None and (w.rows or w.lists)), None)) is not None:
                return found
        return Counted() if named else None

    def _taken(self, fn: Fn, i: int, depth: int) -> Counted | None:
        """What is counted in a value that is, or holds, how much of something is taken already; None of any other."""
        body = self.model.program.body(fn)
        found = self._count(fn, i) or self._stated(fn, i, 0)
        if found is not None or depth >= _DEEPEST:
            return found or (Counted() if self._says(fn, i, _TAKEN) else None)
        parts: list[int] = []
        if body.op[i] == Op.BINARY and body.text(body.args(i)[0]) == "+":
            parts = list(body.args(i)[1:3])
        elif body.op[i] == Op.CHOICE:  # `booked or 0`
            parts = list(body.args(i)[1:])
        elif body.op[i] in (Op.INDEX, Op.AWAIT):
            parts = [body.args(i)[0]]
        elif body.op[i] == Op.CAST:
            parts = [body.args(i)[-1]]
        elif (made := self._made(fn, i)) is not None:
            parts = [made]
        inner = [c for part in parts if (c := self._taken(fn, part, depth + 1)) is not None]
        given = (self._taken(f, r, depth + 1) for f in self._giving(fn, i) for r in self._results(f)) if not inner else ()
        inner += [c for c in given if c is not None and (c.rows or c.lists)][:1]
        if inner:
            return next((c for c in inner if c.rows or c.lists), inner[0])
        return Counted() if self._says(fn, i, _TAKEN) else None

    def _count(self, fn: Fn, i: int) -> Counted | None:
        """Of what a value is the number, of all customers: ``Booking.objects.filter(event=event).count()``, ``event.attendees.length``,
        ``event._count.tickets``, ``len(bookings)``."""
        body = self.model.program.body(fn)
        i = body.bare(i)
        if body.op[i] == Op.FIELD:
            held, name = body.args(i)[0], snake(body.name(i))
            if body.op[held] == Op.FIELD and body.name(held) == _COUNTED_BY:
                return Counted() if _THOSE.fullmatch(name) else None
            return self._those(fn, held) if _COUNTS.fullmatch(name) else None
        if body.op[i] != Op.CALL or body.op[body.args(i)[0]] not in (Op.NAME, Op.FIELD):
            return None
        callee, given = body.call(i)
        name = snake(body.called(i))
        if body.op[callee] == Op.NAME:
            return self._those(fn, given[0][1]) if _COUNTS.fullmatch(name) and len(given) == 1 else None
        if _COUNTS.fullmatch(name):
            return _of_all(self.model.records.touch(fn, i, None)) or self._those(fn, body.args(callee)[0])
        if not _SUMS.fullmatch(name):
            return None
        before = body.bare(body.args(callee)[0])
        return _of_all(self.model.records.touch(fn, i, None)) or _of_all(self.model.records.touch(fn, before, None))

    def _stated(self, fn: Fn, i: int, depth: int) -> Counted | None:
        """Of what a value is the number that a statement works out: ``(await db.select({ n: count() }).from(signups))[0].n``."""
        body = self.model.program.body(fn)
        i = body.bare(i)
        if body.op[i] in (Op.FIELD, Op.INDEX):
            return self._stated(fn, body.args(i)[0], depth)
        if (made := self._made(fn, i)) is not None:
            return self._stated(fn, made, depth + 1) if depth < _DEEPEST else None
        links = []
        while body.op[i] == Op.CALL and body.op[body.args(i)[0]] == Op.FIELD:
            links.append(i)
            i = body.bare(body.args(body.args(i)[0])[0])
        if not any(_SELECTS.fullmatch(snake(body.called(n))) and self._works_out(fn, n) for n in links):
            return None
        return next((c for n in links if (c := _of_all(self.model.records.touch(fn, n, None))) is not None), None)

    def _works_out(self, fn: Fn, i: int) -> bool:
        """Whether what a call is given counts or adds up: ``select({ n: count() })``, ``func.sum(Booking.seats)``, ``COUNT(*)``."""
        body = self.model.program.body(fn)
        for here in range(body.args(i)[0] + 1, i):  # its arguments stand between its name and the call
            if (
                body.op[here] == Op.CALL
                and body.op[body.args(here)[0]] in (Op.NAME, Op.FIELD)
                and _WORKED_OUT.fullmatch(snake(body.called(here)))
            ):
                return True
            if (const := body.const(here)) is not None and _IN_SQL.search(const[1]):
                return True
        return False

    def _those(self, fn: Fn, i: int) -> Counted | None:
        """What a list of bookings, orders or people is of, by how it was read or by its name."""
        body = self.model.program.body(fn)
        i = body.bare(i)
        made = body.bare(m) if (m := self._made(fn, i)) is not None else i
        read = self.model.records.touch(fn, made, None) if body.op[made] == Op.CALL else None
        if read is not None:
            return _of_all(read)
        if body.op[i] == Op.FIELD and self._says(fn, i, _THOSE):
            return Counted(lists=frozenset([body.name(i)]))
        return Counted() if self._says(fn, i, _THOSE) else None

    def _is_whole(self, fn: Fn, i: int, taken: Counted) -> bool:
        """Whether a value is how much there is of what is taken: ``event.capacity``, ``workshop.max_signups``."""
        if self._says(fn, i, _WHOLE):
            return True
        kinds = "|".join(re.escape(kind) for kind in sorted(taken.rows) if kind)
        own = rf"(\w+_)?(max|total|maximum)_?(number_of_)?({kinds})s?|({kinds})s?_?(limit|quota|max|maximum)"
        return bool(kinds) and self._says(fn, i, re.compile(own))

    def _is_amount(self, fn: Fn, i: int, taken: Counted) -> bool:
        """Whether a value from which the number of rows is taken away says how many there are: ``tickets_available - sold``."""
        return bool(taken.rows or taken.lists) and (self._says(fn, i, _AMOUNT) or self._says(fn, i, _LEFT))

    def _made(self, fn: Fn, i: int) -> int | None:
        """What a variable was set to, where that is one thing."""
        body = self.model.program.body(fn)
        stores = self.model.evaluator.defuse(fn).reaching(i, body.name(i)).stores if body.op[i] == Op.NAME else []
        return body.args(stores[0])[1] if len(stores) == 1 and body.op[stores[0]] == Op.STORE else None

    def _giving(self, fn: Fn, i: int) -> list[Fn]:
        """The functions of ours that give a value: those that are called, or the only ones that a member may be a property or accessor
        of."""
        program, body = self.model.program, self.model.program.body(fn)
        i = body.bare(i)
        if body.op[i] == Op.CALL:
            called = [o.fn for o in options(self.model.evaluator.value(fn, body.args(i)[0])) if isinstance(o, FunctionV)]
            if called or body.op[body.args(i)[0]] != Op.FIELD:
                return called
            named = program.functions_by_name.get(body.called(i), [])
        elif body.op[i] == Op.FIELD:
            words = body.name(i)
            named = [*program.functions_by_name.get(words, ()), *program.functions_by_name.get(accessor(snake(words)), ())]
        else:
            return []
        alike = [f for f in named if program.language(f.file) == program.language(fn.file) and program.method_class(f) is not None]
        return alike if len(alike) <= _MOST_NAMED else []

    def _results(self, fn: Fn) -> list[int]:
        body = self.model.program.body(fn)
        return [body.args(i)[0] for i, op in enumerate(body.op) if op == Op.RETURN and body.args(i)[0] >= 0]

    def _says(self, fn: Fn, i: int, what: re.Pattern[str]) -> bool:
        body = self.model.program.body(fn)
        op = body.op[i]
        if op == Op.CALL and body.op[body.args(i)[0]] in (Op.NAME, Op.FIELD):
            return what.fullmatch(snake(body.called(i)).removeprefix("get_")) is not None
        if op == Op.INDEX:
            const = body.const(body.args(i)[1])
            return const is not None and what.fullmatch(snake(const[1])) is not None
        return op in (Op.NAME, Op.FIELD) and what.fullmatch(snake(body.name(i).rpartition(".")[2]).strip("$")) is not None


def _of_all(read: Touch | None) -> Counted | None:
    """Rows that are read whoever made them: those of one customer bound what he himself may have."""
    if read is None or read.kind != "read" or any(of_one_customer(k) for k in (*read.compared, *read.keys)):
        return None
    return Counted(rows=frozenset([read.entity])) if read.entity else None
