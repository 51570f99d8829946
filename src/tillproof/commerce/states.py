"""What a condition asks of our records: the status of an order, whether a row is there, whether a write was the first.

``turned`` answers the question behind every deduplication and state guard: after the effects of an entry point have happened once, is the
condition still what it was?
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from tillproof.commerce.answered_rows import narrowed
from tillproof.commerce.bound_values import prepared_before
from tillproof.commerce.conditions import EQUAL, UNEQUAL, Atom
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.entities import entity, same
from tillproof.commerce.field_reads import FieldRead, FieldReads, is_predicate, says_how_many
from tillproof.commerce.firsts import first_only
from tillproof.commerce.items import ANSWERED, turns_what_it_asks
from tillproof.commerce.kept_lists import listed
from tillproof.commerce.lexicon import snake
from tillproof.commerce.row_claims import RowClaims
from tillproof.commerce.told_states import set_to
from tillproof.commerce.touches import THROWING, Touch, text_of
from tillproof.flow.program import Fn
from tillproof.flow.shape import shape
from tillproof.flow.values import (
    Const,
    Ctx,
    Element,
    Member,
    Missing,
    Mix,
    Overlay,
    Param,
    Record,
    Result,
    Seq,
    Value,
    names,
    options,
    pattern,
    pieces,
)
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_MAKES = ("create", "upsert")
_ORDER = ("<", ">", "<=", ">=")
_EMPTY = ("0", "null", "none", "undefined", "''", '""', "")
# States, in lower case, in which a payment has come to its end.
_SETTLED = re.compile(r"(?!un|not|part|pre)\w*(paid|settled|captured|completed?|succeeded|fulfilled|finished)")
_INWARD = 6
# Members by which a database's answer gives its rows, and calls that wait for several answers together.
_ROWS = ("rows", "data", "docs", "0")
_KEPT_COUNTS = ("num_rows", "rows_affected", "affected_rows")
_GATHERS = ("Promise.all", "Promise.allSettled", "asyncio.gather")
_NEGATIVE = ("isempty", "is_empty", "empty", "doesntexist")
_MOST_PIECES = 40
_OWN_KEY = "_id"  # no two documents of a collection of MongoDB share it
_MESSAGE_ID = re.compile(r"(\w+_)?(event|webhook|message|notification|delivery)_?(id|key)|event")


class Writes:
    """What the effects of an entry point write, by the records that they write."""

    def __init__(self, effects: Iterable[Effect]) -> None:
        self._touching = [(e, e.touch) for e in effects if e.touch is not None]
        self._about: dict[str, list[tuple[Effect, Touch]]] = {}

    @property
    def every(self) -> list[Effect]:
        """All effects that concern records."""
        return [e for e, _ in self._touching]

    def about(self, entity: str) -> list[tuple[Effect, Touch]]:
        """The writes of records that may be of an entity."""
        found = self._about.get(entity)
        if found is None:
            found = self._about[entity] = [(e, t) for e, t in self._touching if t.writes and same(t.entity, entity)]
        return found

    def at(self, fn: Fn, instr: int) -> list[Effect]:
        """What an instruction does to records."""
        return [e for e, _ in self._touching if (e.fn, e.instr) == (fn, instr)]


class States:
    """Reads conditions in terms of records."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self.program = model.program
        self.evaluator = model.evaluator
        self.records = model.records
        self.fields = FieldReads(model)
        self.reads, self.field = self.fields.reads, self.fields.field
        claims = RowClaims(model)
        self.claim, self.numbered = claims.of, claims.numbered

    # --- what is read

    def _held_against(self, atom: Atom, touch: Touch) -> bool:
        """Whether a record's field is compared with the very variable that is then written: ``if ($order->state === $new) return;``"""
        if atom.fn != touch.fn or touch.instr < 0 or self.program.body(touch.fn).op[touch.instr] not in (Op.CALL, Op.SET_FIELD):
            return False
        body = self.program.body(atom.fn)
        call = body.op[touch.instr] == Op.CALL
        given = [v for _, v in body.call(touch.instr)[1]] if call else body.args(touch.instr)[2:3]
        given += [v for i in given for v in _set_inside(self.program.body(touch.fn), i, touch.fields, 0)]
        compared = {v for side in body.args(atom.instr)[1:3] if (v := self._variable(atom.fn, side, atom.ctx))}
        return any((v := self._variable(touch.fn, i, touch.ctx)) is not None and v in compared for i in given)

    def _held_to_be(self, touch: Touch) -> str | None:
        """The word that a variable is known to be where a record's field is set to it: ``if told == "success": order.state = told``."""
        held = (a for h in self.model.effects.held_at(Place(touch.fn, touch.instr, touch.ctx)) for a in self.model.conditions.behind(h))
        return self.told_by(touch, [a for a in held if isinstance(a, Atom)])

    def told_by(self, touch: Touch, atoms: list[Atom]) -> str | None:
        """The one word that conditions say of the variable that a record's field is set to."""
        told = next((self.wanted(a) for a in atoms if self._says_same(a) and self._held_against(a, touch)), set())
        return next(iter(told)) if len(told) == 1 else None

    def _says_same(self, atom: Atom) -> bool:
        body = self.program.body(atom.fn)
        operator = body.text(body.args(atom.instr)[0]) if body.op[atom.instr] == Op.BINARY else ""
        return operator in (*EQUAL, *UNEQUAL) and atom.truth is (operator in EQUAL)

    def _variable(self, fn: Fn, i: int, ctx: Ctx | None) -> tuple[str, frozenset[int]] | None:
        """A variable that is read, converted or not, and where it may have been written."""
        body = self.program.body(fn)
        while i >= 0 and body.op[i] == Op.CAST:
            i = body.args(i)[1]
        if i < 0 or body.op[i] != Op.NAME:
            return None
        return body.name(i), frozenset(self.evaluator.defuse(fn, ctx).reaching(i, body.name(i)).stores)

    def existence(self, atom: Atom) -> Touch | None:
        """The read whose finding anything the condition asks about: ``if (existing)``, ``.exists()``, ``count > 0``."""
        body = self.program.body(atom.fn)
        op, args = body.op[atom.instr], body.args(atom.instr)
        for side in args[1:3] if op == Op.BINARY else [atom.instr]:
            touch = self._fetched(self.evaluator.value(atom.fn, side, atom.ctx)) or self._fetched_by_package(atom, side)
            if touch is not None or (touch := self._counted_by_handle(atom, side) or self._counted_by_object(atom, side)) is not None:
                return touch
        return None

    def _counted_by_handle(self, atom: Atom, i: int) -> Touch | None:
        """The statement of which a database's handle itself keeps how many rows it met, until the next one: ``$wpdb->num_rows``."""
        body = self.program.body(atom.fn)
        holder = body.args(i)[0] if body.op[i] == Op.FIELD and body.name(i) in _KEPT_COUNTS else -1
        if holder < 0 or body.op[holder] != Op.NAME:
            return None
        for call in (n for n in range(i - 1, -1, -1) if body.op[n] == Op.CALL):
            callee = body.args(call)[0]
            asked = body.args(callee)[0] if body.op[callee] == Op.FIELD else -1
            if asked >= 0 and body.op[asked] == Op.NAME and body.name(asked) == body.name(holder):
                touch = self.records.touch(atom.fn, call, atom.ctx)
                return touch if touch is not None and touch.kind != "flush" else None
        return None

    def _counted_by_object(self, atom: Atom, i: int) -> Touch | None:
        """The statement whose rows an object of ours counts that keeps it prepared: ``$this->db->rowCount()``."""
        body = self.program.body(atom.fn)
        if body.op[i] != Op.CALL or self.program.language(atom.fn.file) != "php" or not says_how_many(body.called(i)):
            return None
        place = prepared_before(self.model, atom.fn, i, atom.ctx)
        touch = self.records.touch(*place) if place is not None else None
        return touch if touch is not None and touch.kind != "flush" else None

    def _fetched_by_package(self, atom: Atom, i: int) -> Touch | None:
        """The read behind a record where its value is of a body in the repository: the database package's own, or a protocol's."""
        chain = self.records.chains.of(atom.fn, i, atom.ctx)
        last = chain.links[-1] if chain.links else None
        if last is not None and says_how_many(last.name) and len(chain.links) > 1:
            last = chain.links[-2]  # how many rows a statement has met
        if last is None or last.call < 0:
            return None
        touch = self.records.touch(last.fn, last.call, last.ctx)
        if touch is None or touch.kind == "flush":
            return None
        if touch.effect == "sql":
            return touch
        # Of a cache that only a protocol of ours declares the value says nothing either.
        return touch if touch.entity == "cache" or self.model.recogniser.imported(last.fn, last.call) else None

    def _fetched(self, value: Value) -> Touch | None:
        """The read behind a record, its number, or whether it is there; a field of it may have been set since. Of one alternative, where
        the others are none, or empty lists."""
        found = [one for o in options(value) for one in (options(o.base) if isinstance(o, Overlay) else (o,))]
        waiting = [(option, 0, option) for option in reversed(found)]
        while waiting:
            here, deep, option = waiting.pop()
            inner: Value | None = None
            if isinstance(here, Result) and here.instr >= 0:
                touch = self.records.touch(here.fn, here.instr, here.ctx)
                if touch is not None and touch.kind != "flush":
                    return narrowed(self.records, touch, option) if touch.kind == "read" and option is not here else touch
                gathered = any(name in _GATHERS for name in names(here.callee))
                if isinstance(here.callee, Member) and not gathered:
                    inner = here.callee.base
                elif gathered or not deep:  # `len(rows)`, `Promise.all(rows.map(…))`; but of `any(… for row in rows)` each is asked
                    given = next((v for _, v in self.evaluator.arguments(here)), None)
                    inner = given if gathered or not isinstance(given, Seq) else None
            elif isinstance(here, Seq) and (touch := self._made_of_rows(here)) is not None:
                return touch
            elif (isinstance(here, Member) and (says_how_many(here.name) or here.name in _ROWS)) or isinstance(here, Element):
                inner = here.base
            if inner is not None and deep < _INWARD:
                waiting += [(one, deep + 1, option) for one in reversed(options(inner))]
        return None

    def _made_of_rows(self, made: Seq) -> Touch | None:
        """The read whose rows a list is made of, one for one: ``rows.map(toDomain)``."""
        parts = pieces([made], _MOST_PIECES, self.evaluator.made_of)
        rows = (self._fetched(p.base) for p in parts if isinstance(p, Element) and p.key is None)
        return next((touch for touch in rows if touch is not None), None)

    # --- what becomes of it

    def turned(self, atom: Atom, done: Writes) -> list[Effect]:
        """The effects after which a condition is no longer what it was; none when it stays, or when that cannot be told."""
        if atom.truth is None:
            return self._turned_read(atom, done)
        out = {e: None for r in self.reads(atom) for e, t in done.about(r.entity) if self._after(atom, r, t) is (not atom.truth)}
        if not out and (first := first_only(self, atom)) is not None and first[1] == atom.truth:
            out = dict.fromkeys(done.at(first[0].fn, first[0].instr))
        if not out and (touch := self.existence(atom)) is not None and touch.kind == "read":
            there = self.exists_means(atom)
            if there is not None:
                out = {e: None for e, t in done.about(touch.entity) if self._exists_after(touch, t) is (there != atom.truth)}
        if not out:
            out = {e: None for sought in self._sought(atom) for e, t in done.about(sought.entity) if self._exists_after(sought, t)}
        if not out and self.exists_means(atom) is (not atom.truth):  # `if (!$cart->order)`, and then one is made
            held = (r.field for r in self.reads(atom) if r.field.endswith("s") or self.model.words.entity(r.field))
            kept = (e for field in held for e, t in done.about(entity(field)) if t.kind in _MAKES)
            out = dict.fromkeys(kept)
        return list(out) or list(dict.fromkeys(listed(self.model, atom, done.every)))

    def _sought(self, atom: Atom) -> Iterator[Touch]:
        """The records gone through of which none was the one that a condition compares with: ``if refund.id == refund_id: return``; by
        each kind that they may be of."""
        body = self.program.body(atom.fn)
        if body.op[atom.instr] != Op.BINARY:
            return
        operator, *sides = body.text(body.args(atom.instr)[0]), *body.args(atom.instr)[1:3]
        if operator not in (*EQUAL, *UNEQUAL) or atom.truth is (operator in EQUAL):
            return
        for side, other in (sides, sides[::-1]):
            for option in options(self.evaluator.value(atom.fn, side, atom.ctx)):
                field, rows = self._of_one(option)
                if rows is None:
                    continue
                keys = {**rows.keys, field: self.evaluator.value(atom.fn, other, atom.ctx)} if field else rows.keys
                compared = rows.compared | ({field} if field else set())
                for kind in dict.fromkeys((rows.entity, *(r.entity for r in self.field(atom.fn, side, atom.ctx)))):
                    if kind:
                        yield replace(rows, entity=kind, keys=keys, compared=compared)

    def _of_one(self, value: Value) -> tuple[str, Touch | None]:
        """The field of a record among several that a value is, or is got from, and the read of them."""
        field = ""
        for _ in range(_INWARD):
            if isinstance(value, Element) and value.key is None:
                return field, self.records.read_behind(value)
            if isinstance(value, Member):
                field, value = field or snake(value.name), value.base
            elif isinstance(value, Result) and isinstance(value.callee, Member):
                field, value = "", value.callee.base
            else:
                break
        return "", None

    def _turned_read(self, atom: Atom, done: Writes) -> list[Effect]:
        """A read that raises when nothing fits, by a field that an effect changes."""
        touch = self.records.touch(atom.fn, atom.instr, atom.ctx)
        if touch is not None and ((touch.kind == "create" and self.claim(touch) is not None) or turns_what_it_asks(touch)):
            return done.at(atom.fn, atom.instr)
        if touch is None or touch.kind != "read":
            return []
        body = self.program.body(atom.fn)
        name = body.name(body.args(atom.instr)[0]).rpartition(".")[2].lower()
        if name not in THROWING:
            return []
        return [e for e, t in done.about(touch.entity) if self._exists_after(touch, t) is False]

    def _after(self, atom: Atom, read: FieldRead, touch: Touch) -> bool | None:
        """The truth of a condition about a field of records after they are written; None when the write does not decide it."""
        columns = (read.field, f"{read.field}_id", read.field.removesuffix("_id"))  # `$payment->order` is there with its `order_id`
        name = next((n for c in columns for n in touch.fields if snake(n) == c), None)
        if name is None:
            if touch.effect == "order.paid" and self.model.words.has("status_fields", read.field):
                named_so = {w for w in self.wanted(atom) if self.model.words.has("paid_values", w)}  # whatever the platform calls it
                return self.compare(atom, {"processing", "completed", "paid"} | named_so, None)
            if (
                read.asked
                and is_predicate(read.field)
                and (touch.effect == "order.paid" or any(self.model.words.has("status_fields", n) for n in touch.fields))
            ):
                return not atom.truth if atom.truth is not None else None
            return None
        value = touch.fields[name]
        texts = {t for o in (options(value) if value is not None else ()) if (t := _kept(o)) is not None}
        if not isinstance(value, Const) and (told := self._held_to_be(touch)) is not None:
            texts = {told}
        return self.compare(atom, texts, value, touch)

    def compare(self, atom: Atom, texts: set[str], value: Value | None, touch: Touch | None = None) -> bool | None:
        """A condition on a field, once the field holds one of ``texts`` or ``value``."""
        body = self.program.body(atom.fn)
        op, args = body.op[atom.instr], body.args(atom.instr)
        if op == Op.BINARY:
            operator = body.text(args[0])
            wanted = self.wanted(atom)
            if operator in (*EQUAL, *UNEQUAL) and not wanted and touch is not None and self._held_against(atom, touch):
                return operator in EQUAL
            compared = (self.evaluator.value(atom.fn, a, atom.ctx) for a in args[1:3])
            if operator in (*EQUAL, *UNEQUAL) and value is not None and (asked := set_to(self.model, *compared) - {""}):
                kept = set_to(self.model, value)
                return None if "" in kept else bool(kept & asked) is (operator in EQUAL)
            if operator not in (*EQUAL, *UNEQUAL) or not wanted:
                return None
            if wanted & {"null", "none", "undefined"}:
                holds = not _set(value, texts)
            elif texts:
                holds = bool({t.lower() for t in texts} & (wanted | self.wanted(atom, coded=True)))
            elif any(self.model.words.has("status_fields", r.field) for r in self.reads(atom)):
                holds = self._arrives(atom, operator, wanted)  # a state machine moves it on
            else:
                return None
            return holds if operator in EQUAL else not holds
        if op == Op.CALL and self._is_kept_list(atom):
            return True if value is not None and not texts else None  # what was looked for is in it now
        if op == Op.CALL and not self._only_gets(atom):
            wanted = self.wanted(atom)
            if wanted:
                return bool({t.lower() for t in texts} & wanted) if texts else None
        return _set(value, texts) if value is not None or texts else None

    def _only_gets(self, atom: Atom) -> bool:
        """Whether a call gives the value of a field, which what it is given only names: ``get_post_meta($id, '_done', true)``."""
        return any((r.fn, r.instr) == (atom.fn, atom.instr) and not r.asked for r in self.reads(atom))

    def _arrives(self, atom: Atom, operator: str, wanted: set[str]) -> bool:
        """Whether a field that a state machine moves on holds one of the wanted states afterwards: it leaves the one that the way asks for,
        and arrives where the way asks that a payment has not come to yet."""
        required = atom.truth is (operator in EQUAL)
        return not required and all(_SETTLED.fullmatch(w) for w in wanted)

    def wanted(self, atom: Atom, coded: bool = False) -> set[str]:
        """The words that a condition compares a field with, in lower case; ``coded``: as they are stored, a code itself and not what it
        stands for."""
        body = self.program.body(atom.fn)
        op, args = body.op[atom.instr], body.args(atom.instr)
        sides = args[1:3] if op == Op.BINARY else [a for _, a in body.call(atom.instr)[1]] if op == Op.CALL else []
        if op == Op.CALL and self.fields.is_search(atom) and body.op[args[0]] == Op.FIELD:
            sides.append(body.args(args[0])[0])  # `['paid', 'shipped'].includes(order.status)`
        out: set[str] = set()
        for side in sides:
            for option in options(self.evaluator.value(atom.fn, side, atom.ctx)):
                items = (
                    option.items if isinstance(option, Seq) else [v for _, v in option.entries] if isinstance(option, Record) else [option]
                )
                for item in items:
                    for one in options(item):
                        if isinstance(one, Missing) or (isinstance(one, Const) and one.kind == Kind.NULL):
                            out.add("null")
                        elif isinstance(one, Const) or (isinstance(one, Member) and one.name[:1].isupper()) or not isinstance(one, Member):
                            text = _kept(one) if coded else text_of(one)
                            if text is not None:
                                out.add(text.lower())
        return out

    def excluded(self, atom: Atom) -> set[str]:
        """The words, in lower case, of which a condition says that a field holds none; empty when it says something else."""
        body = self.program.body(atom.fn)
        if body.op[atom.instr] == Op.BINARY:
            operator = body.text(body.args(atom.instr)[0])
            says_not = atom.truth is (operator not in EQUAL) and operator in (*EQUAL, *UNEQUAL)
        else:
            says_not = atom.truth is False
        return self.wanted(atom) if says_not else set()

    def required(self, atom: Atom) -> set[str]:
        """The words, in lower case, of which a condition says that a value is one; empty when it says something else."""
        body = self.program.body(atom.fn)
        among = body.op[atom.instr] == Op.CALL and atom.truth is True and self.fields.is_search(atom) and not self._is_kept_list(atom)
        return self.wanted(atom) if among or self._says_same(atom) else set()

    def _is_kept_list(self, atom: Atom) -> bool:
        """Whether a call asks for something in a list that a field keeps: ``in_array($refund_id, $order->get_meta('refunds'))``."""
        if not self.fields.is_search(atom):
            return False
        body = self.program.body(atom.fn)
        callee, arguments = body.call(atom.instr)
        sides = [v for _, v in arguments]
        sides = sides if body.op[callee] == Op.NAME else [*sides[:1], body.args(callee)[0]]
        sought, kept = ([r.entity for r in self.field(atom.fn, s, atom.ctx)] for s in sides[:2]) if len(sides) > 1 else ([], [])
        return bool(kept) and not any(same(kind, held) for kind in sought for held in kept)

    def exists_means(self, atom: Atom) -> bool | None:
        """The truth of a condition when what it asks about is there."""
        body = self.program.body(atom.fn)
        op, args = body.op[atom.instr], body.args(atom.instr)
        if op == Op.BINARY:
            operator, left, right = body.text(args[0]), *args[1:3]
            if any(body.op[side] in (Op.LIST, Op.RECORD) and not body.args(side) for side in (left, right)):
                return operator not in EQUAL  # `$items !== []`
            const = body.const(right) or body.const(left)
            if operator in ("in", "not in") and (body.const(left) or (0, ""))[1] in ANSWERED:
                return operator == "in"  # DynamoDB's answer has an item
            if const is None or const[1].lower() not in (*_EMPTY, "1"):
                return None
            if operator in (">", ">="):
                return True
            if operator in ("<", "<="):
                return False
            if const[1] == "1":
                return operator in EQUAL
            return operator not in EQUAL
        return not (op == Op.CALL and body.op[args[0]] == Op.FIELD and body.name(args[0]).lower() in _NEGATIVE)

    def _exists_after(self, read: Touch, write: Touch) -> bool | None:
        """Whether a read finds anything after a write of the same records; None when the write does not decide it."""
        if read.effect == "cache" and write.effect == "cache":
            alike = pattern(read.keys["key"]) == pattern(write.keys["key"])
            return (write.kind != "delete") if alike else None
        if write.kind in ("create", "upsert"):
            known = {snake(k) for k in (*write.fields, *(write.compared if write.kind == "upsert" else ()))}
            shared = any(snake(k) in known or self._kept_inside(write, k) for k in read.compared)
            return True if shared or not read.compared or not write.fields else None
        for name, value in write.fields.items():
            asked = next((v for k, v in read.keys.items() if snake(k) == snake(name)), None)
            if asked is None or value is None:
                continue
            left_out = isinstance(asked, Mix) and asked.op == "!="
            sought = asked.operands[0] if isinstance(asked, Mix) and left_out else asked
            if isinstance(sought, Seq) and (among := _among(sought, _kept(value))) is not None:
                return among is not left_out
            wanted = text_of(sought)
            told = self._held_to_be(write) if wanted is not None and not isinstance(value, Const) else None
            written = told or _kept(value)
            if wanted is not None and written is not None and (not left_out or wanted.lower() == written.lower()):
                return (wanted.lower() == written.lower()) is not left_out
            if wanted is None and written is None:
                return True  # looked for by what is then written: an id of the message
        return False if write.kind == "delete" else None

    def _kept_inside(self, write: Touch, path: str) -> bool:
        """Whether a document is written with what a path into it asks for: ``{ payment: { id } }``, looked for by ``payment.id``; one that
        is put in whole as somebody handed it over may hold it."""
        head, *inward = path.split(".")
        value = write.fields.get(head)
        if inward and value is not None and all(isinstance(o, (Param, Member, Element)) for o in options(value)):
            return True
        for key in inward:
            got = shape(self.evaluator, value) if value is not None else None
            value = {**got.may, **got.must}.get(key) if got is not None else None
        return bool(inward) and value is not None

    def looks_at_state(self, atom: Atom) -> bool:
        """Whether a condition asks for the state of an order, payment or the like."""
        words = self.model.words
        return any(words.entity(r.entity) and (words.says_state(r.field) or r.asked) for r in self.reads(atom))


def _set_inside(body: Body, i: int, fields: Collection[str], depth: int) -> Iterator[int]:
    """What records that a call is handed have under the names of fields: ``update({ where, data: { unitPrice: price } })``."""
    if body.op[i] != Op.RECORD or depth > _INWARD:
        return
    for key, value in zip(body.args(i)[0::2], body.args(i)[1::2], strict=False):
        said = body.const(key) if key >= 0 else None
        if said is not None and said[1] in fields:
            yield value
        yield from _set_inside(body, value, fields, depth + 1)


def _set(value: Value | None, texts: set[str]) -> bool:
    """Whether a field that was written holds something."""
    found = options(value) if value is not None else ()
    if found and all(isinstance(o, Missing) or (isinstance(o, Const) and o.falsy) for o in found):
        return False
    return not (texts and all(t.lower() in (*_EMPTY, "false") for t in texts)) or isinstance(value, Mix)


def _among(listed: Seq, written: str | None) -> bool | None:
    """Whether what is written is among what a list names: ``whereIn('status', ['pending', 'open'])``; None when that is not known."""
    texts = [_kept(item) for item in listed.items]
    known = [t.lower() for t in texts if t is not None]
    return written.lower() in known if written is not None and known and len(known) == len(texts) else None


def _kept(value: Value) -> str | None:
    """What a field holds once it is set to a value: a code itself, not the word that it stands for."""
    return value.text if isinstance(value, Const) and value.kind == Kind.STRING else text_of(value)
