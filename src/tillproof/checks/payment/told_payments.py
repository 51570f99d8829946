"""``payment/fulfil-on-redirect`` where an order is made for a payment of which the browser alone speaks."""

from collections.abc import Iterator

from tillproof.checks.payment.unknown_gateways import asked_outside
from tillproof.checks.ruling import Evidence, Ruling
from tillproof.checks.ways import anchor, called, entry_line, lines, source, step, steps
from tillproof.commerce.effects import Place
from tillproof.commerce.model import Model
from tillproof.commerce.ordered_as_told import Ordered, ordered_as_told


def made_as_told(model: Model, seen: set[tuple[str, int]]) -> Iterator[Ruling]:
    """One ruling per line that makes such orders. ``seen``: the lines of which another finding tells."""
    for found in ordered_as_told(model):
        if asked_outside(model, found.entry) is not None:
            continue
        made = anchor(model, found.effect, None)
        at = lines(model, made)
        if at[:2] not in seen:
            seen.add(at[:2])
            yield _rule(model, found, made, at)


def _rule(model: Model, found: Ordered, place: Place, at: tuple[str, int, int]) -> Ruling:
    entry, touch = found.entry, found.effect.touch
    file, line = entry_line(model, entry)
    ruling = Ruling("payment/fulfil-on-redirect", "broken", "client-route", file, line, severity="critical", confidence="likely")
    if (doubt := model.counter.of(entry)) is not None:
        ruling.outcome, ruling.question = "unknown", Evidence(*doubt)
        return ruling
    name = touch.entity.replace("_", " ") if touch is not None else "order"
    providers = model.handlers.paying(model.program.unit(file))
    asked = providers[0].name if len(providers) == 1 else "the payment system"
    ruling.anchor = at
    ruling.title = f"The {name} is made for a payment that only the browser speaks of"
    ruling.message = (
        f"{called(model, entry)} makes the {name} and keeps in `{found.brought}` whatever payment the request names. Nobody asks {asked} "
        f"whether there is such a payment, and nothing else here ever says of the {name} whether it is paid: whoever calls this with a "
        "made-up id orders for nothing, and a customer whose browser closes early has paid and gets none."
    )
    ruling.remediation = (
        f"Make the {name} on the server before it is paid for, and take the payment for its own sum; or ask {asked} for the payment that "
        f"is named, with our own credentials, and compare its state, amount and currency before the {name} is made. Keep the id in a "
        "unique column."
    )
    ruling.evidence = [
        source(model, entry, f"{called(model, entry)}: called by {entry.role}"),
        step(model, place, "no confirmation from the provider before this", "missing"),
        *steps(model, found.effect, f"`{found.brought}` is kept as it is sent"),
    ]
    return ruling
