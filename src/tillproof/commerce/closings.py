"""Where an order or payment is ended because it was not paid when somebody looked: the payment may come in between the look and the write,
and is written over."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tillproof.commerce.conditions import Atom
from tillproof.commerce.effects import Effect
from tillproof.commerce.entities import same
from tillproof.commerce.entries import Entry
from tillproof.commerce.free_changes import CHOSEN, GONE_THROUGH
from tillproof.commerce.lexicon import snake
from tillproof.commerce.once_only import OnceOnly
from tillproof.commerce.repeats import Guard
from tillproof.commerce.touches import Touch
from tillproof.commerce.transitions import Transition
from tillproof.flow.facts import Passed
from tillproof.flow.values import External, Member, Result, Value, options
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Operation

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

# Flags of an order that nobody will pay any more.
_ENDED = re.compile(r"(is_|was_)?(closed|expired|aborted|cancell?ed|voided)(_(at|on|date|time))?")
_CHOOSES = re.compile(r"filter(_by)?|exclude|(or_|and_)?where(_\w+)?|query|eq|in|match|lte?|gte?|is")
_STATE = re.compile(r"(order_|payment_)?(status|state)|is_\w+|can_\w+|has_status")
_SETTLE = ("payment.cancel", "payment.retrieve")
_PAYMENT = re.compile(r"(\w+_)?(payment|transaction)")
# What a browser tells us of a payment that came to nothing. That a customer changes his mind is another matter.
_FAILED = re.compile(r"(\w+_)?(fail(ed|ure)?|abort(ed)?|declined|error|rejected)")


@dataclass(frozen=True, slots=True)
class Closing:
    """``transition``: what ends the order; ``look``: the condition that finds it unpaid. ``kept``: why a payment in between is not written
    over, or empty. ``gives_back``: goods that go back on the shelf behind the same look. ``read``: the statement that fetched the row that
    is looked at, where the look itself is none."""

    entry: Entry
    transition: Transition
    look: Atom
    kept: str
    gives_back: Effect | None
    read: Touch | None = None


class Closings:
    """Found once. ``once``: tells of what the database refuses."""

    def __init__(self, model: "Model", once: OnceOnly) -> None:
        self.model = model
        self._once = once

    @cached_property
    def all(self) -> list[Closing]:
        """One for each look, of messages, of returning browsers and of jobs."""
        found: dict[tuple[object, int], Closing] = {}
        handlers = {h.entry.target.fn for h in self.model.handlers.all}
        for entry in self.model.handlers.entries:
            handler = entry.target.fn in handlers
            if not handler and entry.role not in ("internal", "public", "customer"):
                continue
            for transition in self.model.transitions.of(entry.target):
                told = handler or entry.role == "internal" or all(_FAILED.fullmatch(snake(t)) for t in transition.to)
                if told and (closing := self._closing(entry, transition)) is not None:
                    found.setdefault((closing.look.fn, closing.look.instr), closing)
        return list(found.values())

    def _closing(self, entry: Entry, transition: Transition) -> Closing | None:
        looks = [a for a in transition.guards if self._looks(a, transition)]
        if not looks or transition.held not in ("", CHOSEN, GONE_THROUGH) or not transition.effect.certain:
            return None
        if not self._ends(transition) or not self._is_paid(transition):
            return None
        look = max(looks, key=lambda a: (self._asks_paid(a), a.fn == transition.effect.way[0].fn, a.instr))
        kept = self._kept(transition, look)
        return Closing(entry, transition, look, kept, self._given_back(entry, look), None if kept else self._read(look))

    def _read(self, look: Atom) -> Touch | None:
        """The statement that fetched the row whose state a condition asks for."""
        for read in self.model.states.reads(look):
            body = self.model.program.body(read.fn)
            if body.op[read.instr] == Op.FIELD:
                row = self.model.records.read_behind(self.model.evaluator.value(read.fn, body.args(read.instr)[0], read.ctx))
                if row is not None and row.kind == "read":
                    return row
        return None

    def _asks_paid(self, atom: Atom) -> bool:
        """Whether a condition asks whether the record was paid, or tells a paid state apart."""
        states, has = self.model.states, self.model.words.has
        return any(has("paid_fields", r.field) for r in states.reads(atom)) or any(has("paid_values", w) for w in states.excluded(atom))

    def _looks(self, atom: Atom, transition: Transition) -> bool:
        """Whether a condition asks for the state of the record, or a call has looked for rows by it. What a provider's answer calls the
        state of something of its own, ``fraud_status``, is none of the record's."""
        if atom.truth is not None:
            own, words = snake(transition.field), self.model.words
            reads = [r for r in self.model.states.reads(atom) if words.entity(r.entity)]
            if any(r.asked or words.has("paid_fields", r.field) or words.has("state_fields", r.field) for r in reads):
                return True
            return any(r.field == own or _STATE.fullmatch(r.field) for r in reads)
        read = self.model.records.touch(atom.fn, atom.instr, atom.ctx)
        return read is not None and read.kind == "read"

    def _kept(self, transition: Transition, look: Atom) -> str:
        """Why a payment that comes in after the look is not written over."""
        atomic = (kept for a in transition.guards if (kept := self.model.repeats.atomic(a, transition.effect)))
        kept = next(atomic, "") or self._once.refused(Guard(look, (transition.effect,), ""))
        if not kept and self._asks_itself(transition.touch):
            return "the write itself asks for the state"
        return kept or self._settled_before(transition.effect)

    def _asks_itself(self, touch: Touch) -> bool:
        """Whether the statement that writes asks for the state of the row, and not only the one that read it before."""
        if not any(self.model.words.says_state(k) for k in touch.compared):
            return False
        body = self.model.program.body(touch.fn)
        callee = body.args(touch.instr)[0] if body.op[touch.instr] == Op.CALL else -1
        if callee < 0 or body.op[callee] != Op.FIELD:
            return callee >= 0
        rows = options(self.model.evaluator.value(touch.fn, body.args(callee)[0], touch.ctx))
        read = [self.model.records.read_behind(o) for o in rows if not _is_query(o)]
        return not any(r is not None and r.kind == "read" for r in read)

    def _settled_before(self, effect: Effect) -> str:
        """Whether the provider was asked before, or told that nobody is to pay any more."""
        for held in self.model.effects.held(effect):
            known = self.model.operations.at(held.fn, held.fact.instr, held.ctx) if isinstance(held.fact, Passed) else None
            if known is not None and isinstance(known.thing, Operation) and known.thing.op in _SETTLE:
                return f"{known.provider.name} is asked first"
        return ""

    def _ends(self, transition: Transition) -> bool:
        """Whether the record is at an end afterwards."""
        dead = self.model.words.has
        if _ENDED.fullmatch(snake(transition.field)) and transition.to == (snake(transition.field),):
            return True
        return bool(transition.to) and all(dead("dead_values", t) for t in transition.to)

    def _is_paid(self, transition: Transition) -> bool:
        """Whether something says of the same kind of record that it was paid; of a payment, that its order was."""
        entity = transition.touch.entity
        return any(_PAYMENT.fullmatch(entity) or same(name, entity) for name in self._paid)

    @cached_property
    def _paid(self) -> list[str]:
        return list(dict.fromkeys(self._payments()))

    def _payments(self) -> Iterator[str]:
        """The kinds of records of which any entry point says that they were paid. A payment that is confirmed or complete was paid."""
        has = self.model.words.has
        for entry in self.model.handlers.entries:
            for t in self.model.transitions.of(entry.target):
                done = _PAYMENT.fullmatch(t.touch.entity) and any(has("fulfil_values", to) for to in t.to)
                if done or any(has("paid_values", to) for to in t.to) or (has("paid_fields", t.field) and t.to == (snake(t.field),)):
                    yield t.touch.entity

    def _given_back(self, entry: Entry, look: Atom) -> Effect | None:
        """The first write by which goods go back behind the look."""
        for effect in self.model.effects.of(entry.target):
            taken = self.model.stock_writes.write(effect.touch) if effect.touch is not None else None
            if taken is not None and taken.how != "set" and taken.down is False and any(p.fn == look.fn for p in effect.way):
                return effect
        return None


def _is_query(value: Value) -> bool:
    """Whether a value only says which rows are meant: ``Order.objects.filter(…)``."""
    callee = value.callee if isinstance(value, Result) else None
    return isinstance(callee, (Member, External)) and _CHOOSES.fullmatch(snake(callee.name.rpartition(".")[2])) is not None
