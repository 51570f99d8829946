"""Orders that whoever calls may delete: a row that is gone was ended as well, from whatever state it was in."""

import re
from collections.abc import Iterator

from tillproof.checks.order.somebody_elses import somebody_elses, who_may
from tillproof.checks.ruling import Ruling
from tillproof.checks.ways import anchor, called, steps
from tillproof.commerce.effects import Place
from tillproof.commerce.entities import ORDER
from tillproof.commerce.entries import Entry
from tillproof.commerce.model import Model
from tillproof.commerce.transitions import Transition
from tillproof.flow.program import Fn

# An order's lines, notes and addresses go with it or are edited; only what says that somebody bought, or paid, is meant.
_WHOLE = re.compile(rf"(\w+_)?({ORDER}|payment|invoice|transaction)")


def deleted_orders(model: Model) -> Iterator[Ruling]:
    """One ruling per line that deletes an order which nothing but the request chooses, behind a route of customers or of everybody."""
    seen: set[tuple[Fn, int]] = set()
    for entry in model.handlers.of_customers:
        if model.counter.of(entry) is not None:
            continue
        for transition in model.transitions.deletions(entry.target):
            if transition.guards or _WHOLE.fullmatch(transition.touch.entity) is None or not model.ownership.unasked(entry, transition):
                continue
            place = anchor(model, transition.effect, None)
            if (place.fn, place.instr) not in seen:
                seen.add((place.fn, place.instr))
                yield _rule(model, entry, place, transition)
            break  # what is deleted with it is no second flaw


def _rule(model: Model, entry: Entry, place: Place, transition: Transition) -> Ruling:
    name = transition.touch.entity.replace("_", " ")
    ruling = somebody_elses(model, entry, place, f"neither the owner nor the state of the {name} is asked for")
    ruling.title = f"{who_may(entry)} can delete the {name} of somebody else"
    ruling.message = (
        f"A call of {called(model, entry)} deletes the {name} that it names. Nothing on the way asks whose it is or what state it is in, "
        "so one that is paid or sent is gone as well, and nobody knows any more what is owed for the money."
    )
    ruling.remediation = (
        f"Look the {name} up by its id and by who is signed in, or let only staff call this; and delete nothing that was ever paid: set "
        "it to a state of its own instead."
    )
    ruling.evidence += steps(model, transition.effect, "deleted here")
    return ruling
