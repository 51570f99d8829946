"""Goods that are kept as a row for each piece, a licence key, a seat, an account: where one that is free is taken for a customer, and what
keeps two customers from the same one."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tillproof.commerce.booked_places import BOOKINGS, booked_places
from tillproof.commerce.conditions import flat
from tillproof.commerce.effects import Place
from tillproof.commerce.entities import same
from tillproof.commerce.lexicon import snake
from tillproof.commerce.named_rows import NamedRows, functions_naming
from tillproof.commerce.touches import Touch, text_of
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, Element, Mix, Overlay, Value, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_PIECES = re.compile(
    r"(\w+_)?((licen[cs]e|activation|serial|product|game|cd|steam|gift|digital|promo)_?(key|code)s?|(stock|inventory|goods|digital|warehouse)_?items?"
    r"|gift_?cards?|vouchers?|(game|digital|sold|premium)_?accounts?|seats?|time_?slots?|item_?(values?|data)|key_?pool|keys?)"
)
_STEM = re.compile(r"(key|code|card|voucher|account|seat|slot|item|value|data|pool)s?$", re.IGNORECASE)
_ANY_ITEM = re.compile(
    r"(?!(\w+_)?(cart|order|basket|line|wish_?list|invoice|purchase|menu|quote|list|saved|return|refund|bill)_?items?)(\w+_)?items?"
)
_BUYER = re.compile(
    r"(order|purchase|booking|sale|reservation|buyer|owner|customer|user|sold_to|assigned_to|reserved_by|bought_by|transaction)(_(id|fk|id_fk|pk))?"
)
_FREE = re.compile(r"(is_)?(available|free|active|unused|in_stock)")
_GONE = re.compile(r"(is_)?(sold|used|taken|assigned|redeemed|reserved|booked|issued|allocated|claimed|delivered|purchased)")
_STATES = re.compile(r"sold|reserved|booked|taken|assigned|used|issued|allocated|claimed|held|occupied|unavailable", re.IGNORECASE)
_FOR_SOMEBODY = re.compile(r"(.*_)?(reserves?|reservations?|bookings?|payments?|charges?|customers?|buyers?)(_.*)?")
_MOST_FILES = 40


@dataclass(frozen=True, slots=True)
class PieceTaken:
    """A line that takes a row as a piece. ``looked``: where it was found to be free. ``kept``: why nobody else finds it, or empty."""

    place: Place
    entity: str
    field: str
    looked: Place
    kept: str


class PiecesTaken:
    """Found once."""

    def __init__(self, model: "Model") -> None:
        self.model = model

    @cached_property
    def all(self) -> list[PieceTaken]:
        """One per function that takes, in order of file and place; what staff alone does is none."""
        out: list[PieceTaken] = []
        named, bookings = functions_naming(self.model, (NamedRows(_names_pieces, self._is_javascript), BOOKINGS))
        for fn in sorted(named | self._of_classes()):
            found = list(self._in(fn))
            if found and not self.model.staff_only(fn) and (self.model.takings.for_sale(fn) or self._for_customer(fn)):
                out.append(min(found, key=lambda t: bool(t.kept)))
        taken = {piece.place.fn for piece in out}
        booked = (b for b in booked_places(self.model, bookings) if b.place.fn not in taken and not self.model.staff_only(b.place.fn))
        out += [PieceTaken(b.place, b.what, b.field, b.looked, b.kept) for b in booked]
        return sorted(out, key=lambda piece: (piece.place.fn, piece.place.instr))

    def _for_customer(self, fn: Fn) -> bool:
        """Whether a function that speaks of no order speaks of a customer, or of paying: seats are reserved by themselves."""
        words = (*self.model.vocabulary.tokens(fn), self.model.program.qualified(fn))
        return any(_FOR_SOMEBODY.fullmatch(snake(word)) for word in words)

    def _of_classes(self) -> set[Fn]:
        """The functions that name a class of such rows."""
        program, found = self.model.program, set[Fn]()
        for index, file in ((i, f) for f, i in program.indices.items()):
            for cls in index.classes:
                if _PIECES.fullmatch(snake(cls.name)) or _ANY_ITEM.fullmatch(snake(cls.name)):
                    for other in program.mentioning(cls.name)[:_MOST_FILES]:
                        if program.language(other) == program.language(file):
                            found.update(program.functions_around(other, cls.name))
        return found

    def _is_javascript(self, file: str) -> bool:
        """Models that a call makes, and tables that a client has as members, are JavaScript's; elsewhere they are classes."""
        return self.model.program.language(file) == "javascript"

    def _in(self, fn: Fn) -> Iterator[PieceTaken]:
        body = self.model.program.body(fn)
        for i, op in enumerate(body.op):
            touch = self.model.records.touch(fn, i, None) if op in (Op.CALL, Op.SET_FIELD) else None
            if touch is None or touch.kind not in ("write", "delete"):
                continue
            taken = self._taken(touch)
            if taken is not None:
                yield taken

    def _taken(self, touch: Touch) -> PieceTaken | None:
        marks = [n for n, v in touch.fields.items() if v is not None and _marks(n, v)]
        read = self._read(touch.record) if touch.record is not None else None
        kind = touch.entity or (read.entity if read is not None else "")
        if not (_PIECES.fullmatch(kind) or (_ANY_ITEM.fullmatch(kind) and any(_BUYER.fullmatch(snake(n)) for n in marks))):
            return None
        if touch.kind == "delete":
            if read is None or read.kind != "read" or not read.keys or any(snake(k) in ("id", "pk", "_id") for k in read.keys):
                return None  # one that somebody names is done away with
            return self._judged(touch, kind, "", Place(read.fn, read.instr, read.ctx), read.locked)
        for name in marks if self.model.program.body(touch.fn).op[touch.instr] == Op.CALL else ():
            if name in touch.compared:
                return self._judged(touch, kind, name, Place(touch.fn, touch.instr, touch.ctx), True)
        if read is not None and read.kind == "read" and marks and any(self._chosen_free(read, n) for n in (*read.keys, *marks)):
            return self._judged(touch, kind, marks[0], Place(read.fn, read.instr, read.ctx), read.locked)
        for name in marks:
            if (look := self._look(touch, name)) is not None:
                return self._judged(touch, kind, name, look, read is not None and read.locked)
        for name in marks:
            if (rows := self._looked_through(touch, kind, name)) is not None:
                return self._judged(touch, kind, name, Place(rows.fn, rows.instr, rows.ctx), rows.locked)
        return None

    def _looked_through(self, touch: Touch, kind: str, name: str) -> Touch | None:
        """The read of rows that are gone through before, each asked whether it is free: ``seats.some((s) => s.status !== 'free')``."""
        program = self.model.program
        body, last = program.body(touch.fn), program.body(touch.fn).line[touch.instr]
        for i, op in enumerate(body.op[: touch.instr]):
            read = self.model.records.touch(touch.fn, i, None) if op == Op.CALL else None
            if read is None or read.kind != "read" or not same(read.entity, kind):
                continue
            within = [touch.fn, *(f for f in program.all_functions(touch.fn.file) if program.parent(f) == touch.fn)]
            bodies = (program.body(f) for f in within)
            if any(
                b.op[n] == Op.FIELD and b.name(n) == name and body.line[i] <= b.line[n] <= last for b in bodies for n in range(len(b.op))
            ):
                return read
        return None

    def _read(self, record: Value) -> Touch | None:
        """How a row was found, by itself or as one of several."""
        for option in options(record):
            here: Value = option
            while isinstance(here, (Element, Overlay, Mix)):  # one of those gone through, of the first few
                here = here.operands[0] if isinstance(here, Mix) else here.base
            found = self.model.records.read_behind(option) or self.model.records.read_behind(here)
            if found is not None:
                return found
        return None

    def _chosen_free(self, read: Touch, name: str) -> bool:
        """Whether rows are chosen by being free: ``is_sold=False``, ``order=None``, ``status='available'``."""
        value, word = read.keys.get(name), snake(name).removesuffix("__isnull")
        if value is None:  # compared with something that is no value: ``Key.order_id.is_(None)``
            return name in read.compared and name not in read.keys and _BUYER.fullmatch(word) is not None
        found = options(value)
        if _BUYER.fullmatch(word):
            return all(isinstance(o, Const) and (o.falsy or name.endswith("__isnull")) for o in found)
        if _GONE.fullmatch(word):
            return all(isinstance(o, Const) and o.falsy for o in found)
        texts = [text_of(o) or "" for o in found]
        return _FREE.fullmatch(word) is not None or (self.model.words.says_state(word) and not any(_STATES.fullmatch(t) for t in texts))

    def _look(self, touch: Touch, name: str) -> Place | None:
        """Where it is asked on the way whether a row is still free."""
        for fact in self.model.effects.held_at(Place(touch.fn, touch.instr, touch.ctx)):
            for atom in flat(self.model.conditions.behind(fact)):
                if any(r.field == name and same(r.entity, touch.entity) for r in self.model.states.reads(atom)):
                    return Place(atom.fn, atom.instr, atom.ctx)
        return None

    def _judged(self, touch: Touch, kind: str, field: str, looked: Place, locked: bool) -> PieceTaken:
        place = Place(touch.fn, touch.instr, touch.ctx)
        kept = "the row is chosen and taken in one step" if locked else ""
        if not kept and self.model.regions.lock(place) is not None:
            kept = "it is chosen and taken under a lock"
        if not kept and self.model.records.serial.refuses(place):
            kept = "the transaction is refused when another has changed the row in between"
        return PieceTaken(place, kind, field, looked, kept)


def _names_pieces(word: str) -> bool:
    """Whether a word is the name of a table of such rows; `key` alone is that of anything."""
    return _STEM.search(word) is not None and _PIECES.fullmatch(snake(word)) is not None and snake(word) not in ("key", "keys")


def _marks(name: str, value: Value) -> bool:
    """Whether a write says of a row that it is taken: by whom, by a flag, by a state."""
    word, found = snake(name), options(value)
    if _BUYER.fullmatch(word):
        return not any(isinstance(o, Const) for o in found)
    if _GONE.fullmatch(word):
        return any(isinstance(o, Const) and not o.falsy for o in found)
    if _FREE.fullmatch(word):
        return any(isinstance(o, Const) and o.falsy for o in found)
    return word in ("status", "state") and any(_STATES.fullmatch(text_of(o) or "") for o in found)
