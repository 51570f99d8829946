"""Rulings on what is left where it is counted from what was sold: ``inventory/oversell-race`` between the look and the new order."""

from tillproof.checks import remedies
from tillproof.checks.ruling import Ruling
from tillproof.checks.ways import anchor, called, lines, source, step, steps
from tillproof.commerce.counted_places import CountedPlace
from tillproof.commerce.model import Model


def of_counted(model: Model, counted: CountedPlace) -> Ruling:
    """The ruling on one place at which orders are made."""
    place = anchor(model, counted.effect)
    file, start, end = lines(model, place)
    ruling = Ruling("inventory/oversell-race", "held", "order-creation", file, start)
    ruling.evidence = [
        source(model, counted.entry, f"{called(model, counted.entry)}: customers order here"),
        step(model, counted.looked, "how much is left, which is counted from what was sold, is compared here"),
    ]
    if counted.kept is not None:
        ruling.evidence.append(step(model, counted.kept[0], counted.kept[1], "guard"))
        return ruling
    ruling.outcome, ruling.severity, ruling.confidence = "broken", "high", "likely"
    ruling.anchor = (file, start, end)
    ruling.title = "Two orders at once both find the last place free"
    touch = counted.effect.touch
    name = (touch.entity if touch is not None else "").replace("_", " ") or "order"
    in_list = touch is not None and (touch.kind == "write" or (touch.kind == "flush" and not touch.fields))
    name = f"entry in the {name}" if in_list else name
    ruling.message = (
        f"{called(model, counted.entry)} works out how much is left from what was sold, and makes the {name} that takes of it by a later "
        "statement, without a lock: of two customers who ask for the last one at once both are told that it is there, and both get it. "
        "A transaction alone does not keep them apart."
    )
    if in_list and (take := remedies.code(model, file, "take-stock")):
        ruling.remediation = (
            "Write it by one update that asks in its condition whether there is still room, and refuse when it changed nothing, as here "
            f"for stock: {take}."
        )
    lock = remedies.code(model, file, "lock") or "`SELECT … FOR UPDATE` on the row of what is sold"
    ruling.remediation = ruling.remediation or (
        f"Take a lock that every order of the same goods has to take, and count again under it, in the transaction that makes the {name}: "
        f"{lock}; `SELECT pg_advisory_xact_lock(:id)` in PostgreSQL does it without a row."
    )
    ruling.evidence += steps(model, counted.effect, f"only here the {name} is made")
    ruling.evidence.append(step(model, place, "nothing keeps another order out between the look and this", "missing"))
    return ruling
