"""Systems outside that are waited for while an order is placed or paid: with stock held in a transaction, or with a customer waiting."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tillproof.commerce.begun import ends, open_by_itself, passed
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.entities import ORDER
from tillproof.commerce.entries import Entry
from tillproof.commerce.unrouted import standing_for
from tillproof.flow.program import TOP, Fn
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Provider

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_BEHIND = ("erp", "pim", "warehouse", "marketplace")
_SLOW = ("payment.", "refund.", "transfer.", "payout.", "checkout.", "subscription.", "order.", "catalog.", "shipment.", "tax.")
_PAYING = ("payment.create", "payment.confirm", "payment.capture", "checkout.create", "subscription.create")
_READS = (".retrieve", ".read", ".list", ".search")
_ORDER = re.compile(rf"(\w+_)?({ORDER})")
_ATOMIC_REQUESTS = re.compile(rb"ATOMIC_REQUESTS['\"\]]*\s*[:=]\s*True")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A call to a system outside that an entry point waits for. ``effect``: the call. ``stock``: the effect by which stock is written in
    the same transaction, which begins at ``transaction``; both None where only a customer waits."""

    entry: Entry
    effect: Effect
    provider: Provider
    stock: Effect | None
    transaction: Place | None


def inside(model: "Model", one: Waiting) -> Place:
    """The step by which the system is waited for in the function, or callback, that the transaction is around: it has to be moved out."""
    begun = one.transaction
    if begun is None:
        return one.effect.place
    body, way = model.program.body(begun.fn), one.effect.way
    if body.op[begun.instr] == Op.DECORATE:
        within = Fn(begun.fn.file, body.args(begun.instr)[1])
        return next((p for p in way if p.fn == within), one.effect.place)
    for n, place in enumerate(way):
        if (place.fn, place.instr) == (begun.fn, begun.instr) and n:
            return way[n - 1]  # what the function does that the call is handed
    return next((p for p in way if p.fn == begun.fn), one.effect.place)


def waiting(model: "Model") -> Iterator[Waiting]:
    """Every such call once, in order of the entry points: those inside a transaction that holds stock before those in an order's path."""
    seen: set[tuple[Fn, int]] = set()
    moved: set[tuple[Fn, int]] = set()
    for entry in (*model.entries, *_unreached(model)):
        if entry.role not in ("public", "customer", "platform"):
            continue
        effects = model.effects.of(entry.target)
        calls = [(e, p) for e in effects if (p := _outside(model, e)) is not None and not queued(model, e)]
        if not calls:
            continue
        stock = [e for e in effects if _holds_stock(model, e)]
        ordering = _orders(effects)
        for effect, provider in calls:
            locks = (
                stock
                if not _only_asks(effect)
                else [s for s in stock if effects.index(s) < effects.index(effect) or _locked_before(model, effect, s)]
            )
            held = next(((s, t) for s in locks if (t := transaction_of(model, effect, s)) is not None), None)
            if held is None and locks and (whole := of_request(model, entry)) is not None:
                held = locks[0], whole
            if held is not None:
                one = Waiting(entry, effect, provider, *held)
                seen.add((effect.fn, effect.instr))
                if (at := inside(model, one)[:2]) not in moved:  # services share the client by which they call
                    moved.add(at)
                    yield one
            elif ordering and provider.kind in _BEHIND and (effect.fn, effect.instr) not in seen:
                seen.add((effect.fn, effect.instr))
                yield Waiting(entry, effect, provider, None, None)


def _only_asks(effect: Effect) -> bool:
    """Whether a call asks for something and changes nothing: made before the stock is locked, it holds nobody up."""
    return effect.operation is not None and effect.kind.endswith(_READS) and not effect.operation.moves_money


def _locked_before(model: "Model", effect: Effect, stock: Effect) -> bool:
    """Whether the rows of the stock were read under a lock before a call of the same function."""
    reads = (model.records.touch(effect.fn, i, effect.ctx) for i in range(effect.instr) if model.program.body(effect.fn).op[i] == Op.CALL)
    entity = stock.touch.entity if stock.touch is not None else ""
    return effect.fn != stock.fn or any(r is not None and r.locked and r.entity == entity for r in reads)


def _unreached(model: "Model") -> Iterator[Entry]:
    """Functions that take stock and that nothing is seen to reach: whoever calls them waits for what is called beside."""
    functions = dict.fromkeys(t.place.fn for t in model.takings.all if any(True for _ in model.regions.in_transaction(t.place)))
    return (standing_for(model, fn) for fn in functions if fn.number != TOP and not model.entries_to(fn))


def provider_of(model: "Model", effect: Effect) -> Provider | None:
    """The system that an effect asks something of."""
    known = model.effects.known(effect.fn, effect.instr)
    return known.provider if known is not None else None


def _outside(model: "Model", effect: Effect) -> Provider | None:
    """The system outside that an effect waits for."""
    if effect.operation is None or not effect.kind.startswith(_SLOW):
        return None
    provider = provider_of(model, effect)
    if provider is None or (provider.kind == "platform" and model.http.request(effect.fn, effect.instr) is None):
        return None  # code inside a platform calls it without a wire
    return provider


def queued(model: "Model", effect: Effect) -> bool:
    """Whether a queue stands between an entry point and its effect."""
    recogniser = model.recogniser
    for place in effect.way:
        if model.program.body(place.fn).op[place.instr] != Op.CALL:
            continue
        got = recogniser.effect(place.fn, place.instr, place.ctx)
        if recogniser.is_("jobs", place.fn, place.instr, place.ctx) is not None or (got is not None and got[0].effect in ("job", "event")):
            return True
    return False


def _holds_stock(model: "Model", effect: Effect) -> bool:
    touch = effect.touch
    return touch is not None and touch.writes and any(model.stock_writes.is_stock(touch.entity, name) for name in touch.fields)


def _orders(effects: list[Effect]) -> bool:
    """Whether an order is made or paid behind an entry point."""
    return any(
        e.kind in _PAYING or (e.kind in ("create", "upsert") and e.touch is not None and _ORDER.fullmatch(e.touch.entity)) for e in effects
    )


def transaction_of(model: "Model", call: Effect, stock: Effect) -> Place | None:
    """The transaction in which a call and a write of stock both happen."""
    mine = _transactions(model, call)
    theirs = {(t.fn, t.instr) for t in _transactions(model, stock)}
    return next((t for t in mine if (t.fn, t.instr) in theirs), None)


def of_request(model: "Model", entry: Entry) -> Place | None:
    """Where the transaction begins that Django opens around a whole view, as its settings may tell it to."""
    if not entry.framework.startswith("django") or "non_atomic_requests" in model.vocabulary.tokens(Fn(entry.target.fn.file, -1)):
        return None
    sources, unit = model.program.sources, model.program.unit(entry.target.fn.file)
    told = (f for f in model.program.mentioning("ATOMIC_REQUESTS") if model.program.unit(f) == unit)
    return Place(entry.target.fn, 0, None) if any(_ATOMIC_REQUESTS.search(sources[f]) for f in told) else None


def _transactions(model: "Model", effect: Effect) -> list[Place]:
    """The transactions around an effect, on the way to it."""
    out = []
    for place in effect.way:
        begun = model.regions.transaction(place) or open_by_itself(model, place)
        if begun is not None and not _ended(model, begun, place):
            out.append(begun)
    return out


def _ended(model: "Model", begun: Place, place: Place) -> bool:
    """Whether a transaction that is begun by a call is over when a place is reached."""
    if begun.fn != place.fn:
        return False
    return any(i > begun.instr and ends(model, place.fn, i) for i in passed(model, place))
