"""Ends of an order that the shop keeps in a field of their own, ``closed``, ``cancelled_at``, ``refund_status``, and that nobody asks for
where the order is paid or sent: what is asked there reads other fields, which such an end leaves as they were."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from tillproof.checks.order.left_open import LeftOpen
from tillproof.commerce.conditions import Atom, flat
from tillproof.commerce.effects import Held, Place
from tillproof.commerce.entities import same
from tillproof.commerce.field_reads import is_predicate
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.other_rows import is_of_another
from tillproof.commerce.touches import Touch, text_of
from tillproof.commerce.transitions import Transition
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, Value, options
from tillproof.ir.ops import Kind, Op

_MARK = re.compile(r"(?:is_|was_|has_been_)?(?P<end>\w+?)(?:_(?:at|on|date|time))?")
_CALLED_OFF = re.compile(r"cancell?ed|void(ed)?|expired|abandoned|annull?ed|annule|cancelad[oa]|anulad[oa]|storniert")
_GIVEN_BACK = re.compile(r"refunded|charged?_?back|reembolsad[oa]|erstattet|rembourse")
_CLOSED = "closed"
_ENDS = re.compile(rf"{_CALLED_OFF.pattern}|{_GIVEN_BACK.pattern}|{_CLOSED}")
_OF_REFUND = re.compile(r"(\w+_)?refund(ed)?_?(status|state)")
_GONE = re.compile(r"(is_)?(shipped|sent|dispatched|delivered|fulfill?ed|completed?|confirmed)(_(at|on|date|time))?")
_SPEAKS = re.compile(r"cancell?ed|void(ed)?|expired|abandon|closed|refund|anulad|cancelad|annul|storniert", re.IGNORECASE)


class End(NamedTuple):
    """A place where a record is ended, the field that says so from then on, and what is known of the record there."""

    kind: str
    field: str
    state: str
    place: Place
    written: frozenset[str]
    asked: tuple[Atom, ...]
    touch: Touch


class OtherEnds:
    """Looks for them once somebody asks."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._all: list[End] | None = None

    def left_open(self, transition: Transition) -> LeftOpen | None:
        """The end that what is asked on the way to a change does not see; None where none is written in a field of its own, where the way
        reads that field, or where such a record is refused for what else is true of it."""
        over = self._barred(transition)
        if over is None or not transition.guards or transition.held or transition.sent:
            return None
        atoms = [a for held in self.model.effects.held(transition.effect) for a in flat(self.model.conditions.behind(held))]
        read = self._read(transition.touch, atoms)
        if read is None or any(_ENDS.fullmatch(one) for one in read):
            return None  # whoever looks at one end has thought of them
        for end in self._ends():
            if not self._of_one_table(end, transition.touch):
                continue
            if over.fullmatch(end.state) and not self._seen(end, transition, atoms, read):
                last = transition.guards[-1]
                return LeftOpen((end.state,), end.place, self._refused(transition), Place(last.fn, last.instr, last.ctx))
        return None

    def _of_one_table(self, end: End, touch: Touch) -> bool:
        """Whether what is ended is of the kind that is changed, and not of another product in the same repository."""
        file, program, schema = end.place.fn.file, self.model.program, self.model.schema
        if not same(end.kind, touch.entity) or program.unit(file) != program.unit(touch.fn.file):
            return False
        one, other = schema.nearest(end.kind, file), schema.nearest(touch.entity, touch.fn.file)
        return one is None or other is None or one is other

    def _barred(self, transition: Transition) -> re.Pattern[str] | None:
        """The ends after which a record must not be changed so."""
        words, field = self.model.words, snake(transition.field)
        to = {snake(t) for t in transition.to}
        if words.has("paid_fields", field) or all(words.has("paid_values", t) for t in to):
            return re.compile(rf"{_CALLED_OFF.pattern}|{_CLOSED}")
        if _GONE.fullmatch(field) or (words.has("status_fields", field) and all(_GONE.fullmatch(t) for t in to)):
            return _ENDS
        return None

    def _read(self, touch: Touch, atoms: list[Atom]) -> frozenset[str] | None:
        """The fields of the record that are looked at on the way; None when something is asked of which nobody knows what it looks at."""
        found = {axis(k) for k in touch.compared}
        for atom in atoms:
            there = self.model.states.existence(atom)
            if there is not None and same(there.entity, touch.entity) and not is_of_another(self.model, there, touch):
                found |= {axis(k) for k in there.compared}
            for read in self.model.states.reads(atom):
                if not same(read.entity, touch.entity) and not same(read.entity.removesuffix("_status"), touch.entity):
                    continue
                unknown = is_predicate(read.field) and not self.model.words.says_state(read.field) and not _SPEAKS.search(read.field)
                if unknown and not self._is_flag(touch, read.field):
                    return None
                found.add(axis(read.field))
        return frozenset(found)

    def _is_flag(self, touch: Touch, field: str) -> bool:
        """Whether a question that a record is asked by a name of its own is one of its columns, ``order.isAssigned``, and no method."""
        table = self.model.schema.table(touch.entity, touch.fn.file)
        column = table.column(field) if table is not None else None
        return column is not None and column.kind == "boolean"

    def _seen(self, end: End, transition: Transition, atoms: list[Atom], read: frozenset[str]) -> bool:
        """Whether a change stops at a record that was ended so: its field is looked at, the end changes what is looked at, or it is made
        only of records of which that is not so."""
        own = axis(transition.field)
        states = self.model.states
        known = all(states.reads(a) or ((row := states.existence(a)) is not None and row.compared) for a in transition.guards)
        if known and own not in read and axis(end.field) == own:  # nobody asks for the field that both of them write
            beside = end.written - {own}
        elif axis(end.field) in read or end.field == snake(transition.field) or own in end.written:
            return True
        else:
            beside = end.written
        if beside & read:
            return True
        chosen = {said[0]: said for said in self._chosen(end.touch)}
        compared = {axis(k) for k in end.touch.compared if self.model.words.says_state(k)}
        if compared & {axis(k) for k in transition.touch.compared} or (compared - chosen.keys()) & read:
            return True
        before = [*chosen.values(), *(p for atom in end.asked for p in self._said(atom, end.kind))]
        return any(self._differ(one, other) for atom in atoms for one in self._said(atom, end.kind) for other in before)

    def _said(self, atom: Atom, kind: str) -> Iterator[tuple[str, bool | None, frozenset[str], frozenset[str]]]:
        """What a condition says of a field: whether it holds anything, which words it is one of, and which it is not."""
        states = self.model.states
        if atom.truth is None:
            return
        there = states.exists_means(atom)
        wanted, left_out = frozenset(states.required(atom)), frozenset(states.excluded(atom))
        for read in states.reads(atom):
            if same(read.entity, kind):
                yield axis(read.field), None if there is None or wanted or left_out else there is atom.truth, wanted, left_out

    @staticmethod
    def _chosen(touch: Touch) -> Iterator[tuple[str, bool | None, frozenset[str], frozenset[str]]]:
        """What is so of the rows that a write chooses: ``where: { paidAt: null, status: 'pending' }``."""
        for key, value in touch.keys.items():
            if isinstance(value, Const):
                word = text_of(value) or ""
                flag = False if value.falsy else True if value.kind == Kind.BOOL else None
                yield axis(key), flag, frozenset() if flag is not None else frozenset({word.lower()}), frozenset()

    @staticmethod
    def _differ(
        one: tuple[str, bool | None, frozenset[str], frozenset[str]], other: tuple[str, bool | None, frozenset[str], frozenset[str]]
    ) -> bool:
        """Whether two things that are said of a field cannot both be so."""
        if one[0] != other[0]:
            return False
        if one[1] is not None and other[1] is not None:
            return one[1] is not other[1]
        apart = bool(one[2] and other[2]) and not one[2] & other[2]
        return apart or bool(one[2] and one[2] <= other[3]) or bool(other[2] and other[2] <= one[3])

    def _refused(self, transition: Transition) -> tuple[str, ...]:
        said = (s for atom in transition.guards for s in self._said(atom, transition.touch.entity))
        return tuple(dict.fromkeys(word for axis, there, _, left_out in said for word in (left_out or ((axis,) if there is False else ()))))

    # --- where records are ended

    def _ends(self) -> list[End]:
        if self._all is None:
            program = self.model.program
            fns = (Fn(file, n) for file, index in program.indices.items() for n in range(-1, len(index.functions)))
            self._all = [end for fn in fns if self._speaks(fn) for end in self._in(fn)]
        return self._all

    def _speaks(self, fn: Fn) -> bool:
        vocabulary = self.model.vocabulary
        return vocabulary.order(fn) and any(_SPEAKS.search(t) for t in vocabulary.tokens(fn))

    def _in(self, fn: Fn) -> Iterator[End]:
        body = self.model.program.body(fn)
        touches = (self.model.records.touch(fn, i, None) for i, op in enumerate(body.op) if op in (Op.SET_FIELD, Op.CALL))
        found = [t for t in touches if t is not None and t.kind == "write" and self.model.words.entity(t.entity)]
        for touch in found:
            for name, value in touch.fields.items():
                state = self._state(snake(name), value) if value is not None else ""
                if not state:
                    continue
                asked = tuple(self._known(fn, touch.instr, 0))
                if state != _CLOSED or self._unpaid(touch, asked):
                    beside = frozenset(axis(n) for t in found if same(t.entity, touch.entity) for n in t.fields)
                    yield End(touch.entity, snake(name), state, Place(fn, touch.instr, None), beside, asked, touch)

    def _state(self, field: str, value: Value) -> str:
        """The end that a field says is reached once it is set to a value."""
        if any(isinstance(o, Const) and o.falsy for o in options(value)):
            return ""
        words = {snake(t) for o in options(value) if (t := text_of(o)) is not None}
        if self.model.words.has("status_fields", field):
            if len(words) != 1:
                return ""
            word = next(iter(words))
            if _OF_REFUND.fullmatch(field) and self.model.words.has("paid_values", word):
                return "refunded"
            return word if _CALLED_OFF.fullmatch(word) or _GIVEN_BACK.fullmatch(word) else ""
        marked = _MARK.fullmatch(field)
        state = marked["end"] if marked is not None else ""
        return state if state == _CLOSED or _CALLED_OFF.fullmatch(state) or _GIVEN_BACK.fullmatch(state) else ""

    def _known(self, fn: Fn, i: int, depth: int) -> Iterator[Atom]:
        """The conditions that hold where something is done, also around the functions that it is written in."""
        for held in self.model.effects.held_at(Place(fn, i, None)):
            yield from flat(self.model.conditions.behind(Held(held.fact, fn, None)))
        parent = self.model.program.parent(fn)
        if parent is not None and depth < 3:
            body = self.model.program.body(parent)
            for at, op in enumerate(body.op):
                if op == Op.FUNCTION and body.args(at)[0] == fn.number:
                    yield from self._known(parent, at, depth + 1)

    def _unpaid(self, touch: Touch, asked: tuple[Atom, ...]) -> bool:
        """Whether only a record that nobody has paid is ended: what is "closed" may as well be done with."""
        words = self.model.words
        if any(words.has("paid_fields", k) or words.has("status_fields", k) for k in touch.compared):
            return True
        said = (s for atom in asked for s in self._said(atom, touch.entity))
        return any(there is False and words.has("paid_fields", axis) for axis, there, _, _ in said)


def axis(field: str) -> str:
    """What a field tells of, however it is kept: ``is_paid``, ``paid_at`` and ``paid`` are one."""
    marked = _MARK.fullmatch(snake(field).rpartition(".")[2].lstrip("_"))
    return marked["end"] if marked is not None else snake(field)
