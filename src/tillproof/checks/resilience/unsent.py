"""Orders that are handed to a system outside when they are placed, paid or cancelled, and given up when that fails."""

from collections.abc import Iterator

from tillproof.checks.resilience.losses import Lost, lost
from tillproof.commerce.effects import Effect
from tillproof.commerce.entries import Entry
from tillproof.commerce.model import Model
from tillproof.commerce.sendings import Sending
from tillproof.knowledge.schema import Provider

_SYSTEMS = ("tax", "erp", "shipping", "warehouse", "platform", "marketplace")
_HANDED = ("order.write", "shipment.create")
_RECORDED = "tax.calculate"  # asked when nobody waits for a sum: what was sold is told for the tax return


def unsent(model: Model, entry: Entry) -> Iterator[tuple[Lost, Provider]]:
    """Where the failure of a call by which an order is handed over ends in a log or in nothing, and nothing makes the call again: neither
    the event that led to it, which comes once, nor a job, nor a person who is told. With the system that never hears of it."""
    heard = model.record_methods.hears(entry.target.fn)  # told once of each record
    if entry.role == "staff" or (entry.role == "internal" and not heard):
        return
    for effect in model.effects.of(entry.target):
        provider = _handed_to(model, entry, effect)
        sending = _sending(model, effect) if provider is not None else None
        if provider is None or sending is None or _in_run(model, effect):
            continue
        end = lost(model, effect, heard)
        if end is None or end.instr < 0 or model.failures.leaves_trace(end.fn, end.instr):
            continue
        if not model.failures.kept_in_answer(end.fn, end.instr) and model.recoveries.of(sending) is None:
            yield end, provider


def _handed_to(model: Model, entry: Entry, effect: Effect) -> Provider | None:
    """The system that an effect hands an order to."""
    handed = (*_HANDED, _RECORDED) if entry.role == "platform" else _HANDED
    known = model.effects.known(effect.fn, effect.instr) if effect.kind in handed else None
    return known.provider if known is not None and known.provider.kind in _SYSTEMS else None


def _sending(model: Model, effect: Effect) -> Sending | None:
    """The request that an effect sends; none for a platform's function, which runs in the same process."""
    sent = (s for place in effect.way for s in model.sendings.by_function.get(place.fn, ()) if s.instr == place.instr)
    return next(sent, None)


def _in_run(model: Model, effect: Effect) -> bool:
    """Whether it is one item of a run that goes through many, which is told of there."""
    places = {(s.effect.fn, s.effect.instr) for s in model.syncs.all}
    return (effect.fn, effect.instr) in places
