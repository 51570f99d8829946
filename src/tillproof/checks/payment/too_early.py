"""Orders that count as paid by a message that says no more than that a payment was begun."""

import re

from tillproof.checks.ruling import Ruling
from tillproof.checks.ways import called, entry_line, lines, source, step, steps
from tillproof.commerce.conditions import Atom
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.handled import Handler
from tillproof.commerce.model import Model

_BEGUN = re.compile(
    r"(payment|payment_?intent|checkout(\.session|\.order)?|charge|transaction|invoice|payment\.(capture|sale)|paymentrequest)"
    r"[._:](created|initiated|opened|pending|processing|requires_action|requires_payment_method)",
    re.IGNORECASE,
)


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
    found = next(((place, e, event) for place, e in paid if (event := begun_by(model, handler, e))), None)
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
