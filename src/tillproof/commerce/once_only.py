"""What staff or customers set off that must happen once only, because an order, a return or a refund says that it is still to be done:
goods go back to the shelf or off it, money back to the buyer or onto his balance, the order itself to the ERP. Two requests at once, a
double click, both read that it is."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tillproof.commerce.conditions import Atom
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.entries import Entry
from tillproof.commerce.given import values_at
from tillproof.commerce.lexicon import snake
from tillproof.commerce.orders_elsewhere import makes_another
from tillproof.commerce.repeats import Guard, Repeat
from tillproof.flow.program import Fn
from tillproof.flow.values import Const
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_PAID_FOR = ("refund.create", "transfer.create", "payout.create", "shipment.create")
_OF_ORDER = re.compile(r"(\w+_)?(return|refund|cancellation|claim|exchange|withdraw(al)?)(_?(request|item|line))?")
_PAYOUT = re.compile(r"(\w+_)?(pay_?out|disbursement|remittance)s?")
_ROLES = ("public", "customer", "staff", "platform")


@dataclass(frozen=True, slots=True)
class Once:
    """Something that ``entry`` does once. ``repeat``: it, with all guards that keep it from happening a second time; ``look``: the one that
    reads the state. ``kept``: why two at once do not both pass, or empty."""

    entry: Entry
    repeat: Repeat
    look: Guard
    kept: str


class OnceOnly:
    """Found once. ``kept``: why the provider or the database keeps something from happening twice, or empty. ``told``: the handlers of
    messages, of which the same is asked elsewhere."""

    def __init__(self, model: "Model", kept: Callable[[Repeat], str], told: frozenset[Fn] = frozenset()) -> None:
        self.model = model
        self._kept = kept
        self._told = told

    @cached_property
    def all(self) -> list[Once]:
        """One per function that looks whether something is still to be done, whichever ways lead to it; the gravest that it keeps."""
        found: dict[Fn, Once] = {}
        for entry in self.model.entries:
            if entry.role not in _ROLES or entry.target.fn in self._told:
                continue
            for once in self._of(entry):
                known = found.get(once.look.atom.fn)
                if known is None or _gravity(once) < _gravity(known):
                    found[once.look.atom.fn] = once
        return list(found.values())

    def _of(self, entry: Entry) -> Iterator[Once]:
        repeats = self.model.repeats
        for effect in self.model.effects.of(entry.target):
            meant = effect.kind in _PAID_FOR or self._charges(effect) or self._moves_goods(effect) or self._counts(effect)
            meant = meant or self._pays_out(effect)
            meant = meant and entry.role != "platform"
            harm = "goods" if makes_another(self.model, effect) else repeats.harm(effect) if meant else None
            if not effect.certain or harm is None:
                continue
            guards = repeats.guards(effect, entry.target)
            asking = (g for g in guards if self._reads_state(g.atom) or self._chooses_rows(g) or self._reads_mark(g, effect))
            looks = [g for g in asking if not self._is_claim(g) and _in_one_place(g, effect)]
            if not looks:
                continue
            nearest = [g for g in looks if g.atom.fn == looks[0].atom.fn]
            look = next((g for g in looks if g.atomic), max(nearest, key=lambda g: g.atom.instr))
            repeat = Repeat(effect, harm, guards)
            kept = next((g.atomic for g in guards if g.atomic), "") or self._kept(repeat) or self.refused(look)
            if not kept and self._pays_out(effect) and any(self._is_asked_about(e) for e in look.by):
                continue  # how many rows were marked may take the payout back
            yield Once(entry, repeat, look, kept)

    def _charges(self, effect: Effect) -> bool:
        """Whether the customer is charged by the call itself: no page of the provider's stands between it and his money."""
        operation = effect.operation
        if operation is None or operation.op != "payment.create":
            return False
        sites = self.model.operations.sites_at(effect.fn, effect.instr)
        confirmed = (v for s in sites for v in values_at(self.model, s, "confirm", effect.ctx))
        return operation.at_once or any(isinstance(v, Const) and not v.falsy for v in confirmed)

    def _moves_goods(self, effect: Effect) -> bool:
        """Whether goods go back to where they were taken from, or are taken there."""
        taken = self.model.stock_writes.write(effect.touch) if effect.touch is not None else None
        return taken is not None and taken.how != "set"

    def _counts(self, effect: Effect) -> bool:
        """Whether something is added to a sum of money or points that somebody has."""
        touch = effect.touch
        return touch is not None and touch.kind == "write" and bool(touch.relative) and self.model.repeats.harm(effect) == "money"

    def _pays_out(self, effect: Effect) -> bool:
        """Whether a row says that somebody is to be paid a sum: what is owed to him is put together, and marked as paid beside it."""
        touch = effect.touch
        made = touch is not None and touch.kind == "create" and _PAYOUT.fullmatch(snake(touch.entity)) is not None
        return made and touch is not None and any(self.model.words.money(name) for name in touch.fields)

    def _is_asked_about(self, effect: Effect) -> bool:
        """Whether anybody looks at what a write answers."""
        body, uses = self.model.program.body(effect.fn), self.model.evaluator.defuse(effect.fn).uses
        found = [u for use in uses(effect.instr) for u in (uses(use) if body.op[use] == Op.AWAIT else [use])]
        return bool(found)

    def _reads_mark(self, guard: Guard, effect: Effect) -> bool:
        """Whether a condition asks for what is written on a record once the thing is done: ``order.points_claimed``, ``order.label_url``.
        How much there is of what is moved says nothing of that."""
        moved = {snake(name) for name in (effect.touch.fields if effect.touch is not None else ())}
        read = {snake(r.field) for r in self.model.states.reads(guard.atom)} - moved
        written = (e.touch for e in guard.by if e.touch is not None and e.touch.kind == "write")
        return any(read & {snake(name) for name in touch.fields.keys() - touch.relative} for touch in written)

    def _reads_state(self, atom: Atom) -> bool:
        """Whether a condition asks for the state of an order, a payment, or of what an order has of its own: a return."""
        states, says = self.model.states, self.model.words.says_state
        return states.looks_at_state(atom) or any(_OF_ORDER.fullmatch(r.entity) and says(r.field) for r in states.reads(atom))

    def _chooses_rows(self, guard: Guard) -> bool:
        """Whether a condition asks for rows that are chosen by what the entry sets on them afterwards, those of a seller that are not paid
        out yet; or whether there is one that the entry makes afterwards: ``if Refund.objects.filter(order=order).exists()``."""
        sought = self.model.states.existence(guard.atom)
        if sought is None or sought.kind != "read":
            return False
        done = [e.touch for e in guard.by if e.touch is not None]
        if guard.atom.truth is not None and any(touch.kind == "create" and touch.entity == sought.entity for touch in done):
            return True
        return any(touch.kind == "write" and not touch.fields.keys().isdisjoint(sought.keys) for touch in done)

    def _is_claim(self, guard: Guard) -> bool:
        """Whether a guard is a call that has returned, and reads nothing that could be old, as ``Order.objects.get(paid=False)`` does."""
        return guard.atom.truth is None and not self._chooses_rows(guard)

    def refused(self, look: Guard) -> str:
        """Why the database refuses what was decided on a state that another has changed since."""
        for effect in look.by:
            if effect.touch is None:
                continue
            table = self.model.schema.table(effect.touch.entity, effect.fn.file)
            if table is not None and table.version is not None:
                return "the write is refused when the row has changed since it was read"
            looked = Place(look.atom.fn, look.atom.instr, look.atom.ctx)
            documents = table is not None and table.documents
            if self.model.records.serial.runs(effect.fn, effect.ctx) or self.model.records.serial.refuses(looked, documents):
                return "the transaction is refused when another has changed the row in between"
        return ""


def _in_one_place(look: Guard, effect: Effect) -> bool:
    """Whether the function that looks is the one that does the thing and changes the state, by itself or by what it calls: what a shared
    question is asked for before something else is another matter."""
    fn = look.atom.fn
    return any(p.fn == fn for p in effect.way) and any(p.fn == fn for by in look.by for p in by.way)


def _gravity(once: Once) -> tuple[bool, bool]:
    """What is told first: what nothing keeps from happening twice, and of that the money."""
    return bool(once.kept), once.repeat.harm != "money"
