"""Stock that is taken and committed before a payment is begun: what gives it back when the provider cannot be reached or refuses."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.entries import Entry
from tillproof.commerce.held_open import of_request, provider_of, queued, transaction_of
from tillproof.flow.program import Fn
from tillproof.knowledge.schema import Provider

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_BEGINS = ("payment.create", "checkout.create")


@dataclass(frozen=True, slots=True)
class Unmade:
    """A payment that is begun behind an entry point after stock was taken for good. ``caught``: the handler that a failure runs into, if it
    goes no further. ``kept``: where the stock is given back: ``here`` behind the call, by a ``job``, or by something ``else`` that somebody
    has to set off; None when nothing gives any back."""

    entry: Entry
    taken: Effect
    begun: Effect
    provider: Provider
    caught: Place | None
    kept: Place | None
    how: Literal["here", "job", "else", ""]


def unmade(model: "Model") -> Iterator[Unmade]:
    """Every such call once, in order of the entry points."""
    takes = {(t.write.place.fn, t.write.place.instr) for t in model.takings.all if not t.write.promised}
    seen: set[tuple[Fn, int]] = set()
    for entry in model.entries if takes else ():
        if entry.role not in ("public", "customer"):
            continue
        effects = model.effects.of(entry.target)
        for n, begun in enumerate(effects):
            provider = provider_of(model, begun) if begun.kind in _BEGINS and (begun.fn, begun.instr) not in seen else None
            taken = next((e for e in effects[:n] if (e.fn, e.instr) in takes and model.repeats.together(e, begun)), None)
            if provider is None or taken is None or queued(model, begun) or transaction_of(model, begun, taken) is not None:
                continue
            if of_request(model, entry) is not None:
                continue
            seen.add((begun.fn, begun.instr))
            kept, how = _kept(model, entry, effects, begun, taken)
            yield Unmade(entry, taken, begun, provider, _caught(model, begun), kept, how)


def _caught(model: "Model", begun: Effect) -> Place | None:
    """The first handler that keeps a failure of the call from going further."""
    return next((Place(p.fn, catch.caught, p.ctx) for _, p, catch in model.failures.on_the_way(begun.way)), None)


def _kept(
    model: "Model", entry: Entry, effects: list[Effect], begun: Effect, taken: Effect
) -> tuple[Place | None, Literal["here", "job", "else", ""]]:
    """What gives stock back: behind the call itself, or wherever else an order is given up."""
    after = effects[effects.index(begun) + 1 :]
    here = next((e.place for e in after if model.cancellations.puts_back(e) and model.repeats.together(e, begun)), None)
    here = here or model.cancellations.released_by_name(entry)
    if here is not None:
        return here, "here"
    other: Place | None = None
    for one in model.handlers.entries:
        back = next((e.place for e in model.effects.of(one.target) if model.cancellations.puts_back(e)), None)
        back = back or (model.cancellations.released_by_name(one) if one.role == "internal" else None)
        if back is not None and one.role == "internal":
            return back, "job"
        other = other or back
    other = other or (_begun_again(model, entry) if _is_placed(model, effects, begun, taken) else None)
    return (other, "else") if other is not None else (None, "")


def _is_placed(model: "Model", effects: list[Effect], begun: Effect, taken: Effect) -> bool:
    """Whether the order is stored when its payment is begun: one that is not there cannot be paid by another try. What was taken may be
    called like one: a ticket."""
    goods = taken.touch.entity if taken.touch is not None else ""
    stored = (e for e in effects[: effects.index(begun)] if e.kind in ("create", "upsert", "flush") and model.repeats.together(e, begun))
    return any(e.touch is not None and e.touch.entity != goods and model.words.entity(e.touch.entity) for e in stored)


def _begun_again(model: "Model", entry: Entry) -> Place | None:
    """Where a customer begins the payment of an order that is there already."""
    for one in model.entries:
        if one.target.fn == entry.target.fn or one.role not in ("public", "customer"):
            continue
        effects = model.effects.of(one.target)
        begun = next((e for e in effects if e.kind in _BEGINS), None)
        reads = any(e.touch is not None and e.touch.kind == "write" and model.words.entity(e.touch.entity) for e in effects)
        if begun is not None and reads:
            return begun.place
    return None
