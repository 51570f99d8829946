"""Orders that count as paid by a message that says no more than that a payment was begun."""

import re

from tillproof.checks.ruling import Ruling
from tillproof.checks.ways import called, entry_line, lines, source, step, steps
from tillproof.commerce.conditions import Atom
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.handled import Handler
from tillproof.commerce.model import Model
from tillproof.commerce.touches import text_of
from tillproof.flow.values import options

_BEGUN = re.compile(
    r"(payment|payment_?intent|checkout(\.session|\.order)?|charge|transaction|invoice|payment\.(capture|sale)|paymentrequest)"
    r"[._:](created|initiated|opened|pending|processing|requires_action|requires_payment_method)",
    re.IGNORECASE,
)

_STEPS = re.compile(r"[._:]")


def begun_by(model: Model, handler: Handler, effect: Effect) -> str:
    """The type of message by which alone an effect is reached, where it says that a payment was begun and not that it was made; else
    empty."""
    if handler.provider.kind != "payment":
        return ""
    known = {event.lower() for inbound in handler.provider.inbound for event in inbound.events}
    settling = {event.lower() for inbound in handler.provider.inbound for event in inbound.settles}
    for held in model.effects.held(effect):
        for atom in (a for a in model.conditions.behind(held) if isinstance(a, Atom)):
            said = sorted(model.states.required(atom))
            if said and all(t.lower() in known - settling and _BEGUN.fullmatch(t) for t in said):
                return said[0]
    return ""


def too_early(model: Model, handler: Handler, paid: list[tuple[Place, Effect]]) -> Ruling | None:
    """The ruling where an order is paid as soon as its payment is begun."""
    begun = ((place, e, begun_by(model, handler, e)) for place, e in paid)
    found = next(((place, e, event) for place, e, event in begun if event and not _as_told(e, event)), None)
    if found is None:
        return None
    place, effect, event = found
    file, line = entry_line(model, handler.entry)
    ruling = Ruling("payment/amount-not-reconciled", "broken", handler.kind, file, line)
    ruling.evidence = [source(model, handler.entry, f"{called(model, handler.entry)} hears that a payment was begun")]
    ruling.severity, ruling.confidence = "critical", "certain"
    ruling.anchor = lines(model, place)
    ruling.title = f"The order counts as paid by {event}, before anything is paid"
    ruling.message = (
        f"{called(model, handler.entry)} marks the order as paid when {handler.provider.name} tells of `{event}`. That is sent when a "
        "payment is begun or still open, whether or not it is ever made: whoever reaches the payment page gets the order for nothing."
    )
    settles = handler.inbound.settles[:2]
    instead = f"`{'` or `'.join(settles)}`" if settles else "the message that says that the payment was made"
    ruling.remediation = f"Mark the order as paid by {instead} alone, and let `{event}` change nothing (mind a missing `break`)."
    ruling.evidence.append(step(model, place, f"reached by `{event}`, which says nothing of money", "missing"))
    ruling.evidence += steps(model, effect, "paid from here on")
    return ruling


def _as_told(effect: Effect, event: str) -> bool:
    """Whether the record is put into the very state that the message tells of: ``PROCESSING`` on ``payment_intent.processing``."""
    told = _STEPS.split(event.lower())[-1]
    values = effect.touch.fields.values() if effect.touch is not None else ()
    return any((text_of(o) or "").lower() == told for v in values if v is not None for o in options(v))
