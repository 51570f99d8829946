"""What is left is worked out of what was sold already, ``capacity - booked``, ``quantity_available``, and an order, a booking or a ticket
that takes of it is only made afterwards: no column is counted down, the new row itself is what takes, or the list that grows."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tillproof.commerce.capacity_looks import CapacityLooks, Look
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.entities import same
from tillproof.commerce.entries import Entry
from tillproof.commerce.judged_rows import judging
from tillproof.commerce.unstocked import makes_order
from tillproof.flow.program import Fn
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_BOOKS = re.compile(
    r"(\w+_)?(booking|reservation|registration|attendee|participant|enrol(l)?ment|rsvp|ticket|event_user|ticket_purchase)(_(item|detail|line))?"
)
_MAKES = ("create", "upsert", "flush")
_GROWS = ("push", "append", "add", "unshift", "addToSet")
_ITSELF = ("_id", "id", "pk")
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
    """One per place at which customers' orders are made behind such a look. Where stock is counted down somewhere, only a count of the
    very rows that are made is one: what else is left there is that stock."""
    looks = CapacityLooks(model)
    plain = not model.takings.all and not model.takings.triggers
    takes = {fn for t in model.takings.all for fn in (t.place.fn, t.write.place.fn)}
    seen: set[tuple[Fn, int]] = set()
    for entry in model.entries:
        if entry.role not in ("public", "customer") or any(h.entry is entry for h in model.handlers.all):
            continue
        effects = model.effects.of(entry.target)
        if not any(e.kind in (*_MAKES, "write") for e in effects):
            continue
        near = [fn for fn, depth in model.handlers.closure(entry).functions.items() if depth <= _NEAR]
        if not takes.isdisjoint(near):
            continue
        found = _counted(model, looks, effects, near, plain)
        if found is not None and (found[0].fn, found[0].instr) not in seen:
            effect, looked = found
            seen.add((effect.fn, effect.instr))
            yield CountedPlace(entry, effect, looked.place, _kept(model, effect))


def _counted(model: "Model", looks: CapacityLooks, effects: list[Effect], near: list[Fn], plain: bool) -> tuple[Effect, Look] | None:
    """What takes of what is left, and the look before it."""
    made = next((e for e in effects if _takes_place(e) and (e.certain or _is_filled(model, e))), None)
    judges = list(judging(model, made)) if made is not None else []
    for look in (look for fn in (*near, *judges) for look in looks.of(fn)):
        taking = _row_made(look, effects) or _grown(model, look, effects, near)
        if taking is None and plain and made is not None:
            taking = made
        if taking is not None:
            return taking, look
    return None


def _row_made(look: Look, effects: list[Effect]) -> Effect | None:
    """The new row of the kind that was counted."""
    made = (e for e in effects if e.kind in _MAKES and e.touch is not None and (e.kind != "flush" or e.touch.fields))
    return next((e for e in made if e.touch is not None and any(same(e.touch.entity, kind) for kind in look.counted.rows)), None)


def _grown(model: "Model", look: Look, effects: list[Effect], near: list[Fn]) -> Effect | None:
    """The write of a document whose list was counted and becomes longer: ``event.attendees.push(user)``, ``$push: { attendees }``; none
    that asks for more than the document itself, as ``$expr`` does."""
    for effect in effects:
        touch = effect.touch
        if touch is None or touch.kind not in ("write", "flush"):
            continue
        told = look.counted.lists & {name.partition(".")[0] for name in touch.fields} and touch.compared <= set(_ITSELF)
        body = model.program.body(effect.fn)
        before = range(effect.instr if touch.kind == "flush" and effect.fn in near else 0)
        if told or any(body.op[i] == Op.CALL and _lengthens(body, i, look.counted.lists) for i in before):
            return effect
    return None


def _lengthens(body: Body, i: int, lists: frozenset[str]) -> bool:
    """Whether a call puts something into one of the lists."""
    callee = body.args(i)[0]
    if body.op[callee] != Op.FIELD or body.name(callee) not in _GROWS:
        return False
    held = body.args(callee)[0]
    return body.op[held] == Op.FIELD and body.name(held) in lists


def _is_filled(model: "Model", effect: Effect) -> bool:
    """Whether a row is kept by a framework's own means, of what a serializer or form was sent."""
    return model.inherited.filled(effect.fn, effect.instr, effect.ctx) is not None


def _takes_place(effect: Effect) -> bool:
    touch = effect.touch
    return makes_order(effect) or (touch is not None and touch.kind == "create" and _BOOKS.fullmatch(touch.entity) is not None)


def _kept(model: "Model", effect: Effect) -> tuple[Place, str] | None:
    """What keeps another order from being made between the look and this one."""
    for place in effect.way:
        if (lock := model.regions.lock(place)) is not None:
            return lock, "another order waits here until this one is made"
    if model.records.serial.refuses(effect.place):
        return effect.place, "the transaction is refused when another order was made in between"
    return None
