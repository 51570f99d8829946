"""Rulings on bookings that are made without a look at what is booked: ``inventory/oversell-race`` at the new booking."""

from tillproof.checks.ruling import Evidence, Ruling
from tillproof.checks.ways import anchor, called, lines, source, step, steps
from tillproof.commerce.blind_bookings import BlindBooking
from tillproof.commerce.model import Model


def of_blind(model: Model, one: BlindBooking) -> Ruling:
    """The ruling on one line that books."""
    place = anchor(model, one.effect)
    file, start, end = lines(model, place)
    kind = (one.effect.touch.entity if one.effect.touch is not None else "").replace("_", " ") or "booking"
    ruling = Ruling("inventory/oversell-race", "held", "order-creation", file, start)
    ruling.evidence = [source(model, one.entry, f"{called(model, one.entry)}: customers book here")]
    ruling.evidence += steps(model, one.effect, f"the {kind} of `{one.column}` is made")
    if one.refused is not None:
        note = "the database refuses a second booking of the same"
        ruling.evidence.append(Evidence(one.refused.file, one.refused.line, note, "guard"))
        return ruling
    if one.table is None:
        ruling.outcome = "unknown"
        ruling.question = Evidence(file, start, f"Does the database refuse a second {kind} with the same `{one.column}`?")
        return ruling
    ruling.outcome, ruling.severity, ruling.confidence = "broken", "high", "likely"
    ruling.anchor = (file, start, end)
    ruling.title = f"`{one.column}` of the {kind} is booked without asking whether it is taken"
    ruling.message = (
        f"{called(model, one.entry)} books the `{one.column}` that it is told, and neither asks which are booked already nor lets the "
        "database refuse it: the same place is sold to everybody who asks for it, and only one of those who paid can have it."
    )
    ruling.remediation = (
        f"Let the database refuse a second row for the same `{one.column}` (a unique constraint over it and what it belongs to, one row "
        "for each place), and answer that it is gone when the insert is refused; or look under a lock, in the transaction that books."
    )
    ruling.evidence.append(step(model, place, "nobody asks what is booked, and no constraint refuses it", "missing"))
    return ruling
