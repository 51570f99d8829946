"""Payments and subscriptions that whoever calls may have a provider end or give back: nothing asks whose they are."""

from collections.abc import Iterator

from tillproof.checks.ruling import Ruling
from tillproof.checks.ways import anchor, called, entry_line, lines, source, step, steps
from tillproof.commerce.ended_abroad import EndedAbroad, ended_abroad
from tillproof.commerce.model import Model
from tillproof.flow.program import Fn

_DOES = {"payment.cancel": ("cancels", "cancelled"), "refund.create": ("pays back", "paid back")}


def ends_abroad(model: Model) -> Iterator[Ruling]:
    """One ruling per line that has a provider end or give back what nothing but the request chooses."""
    seen: set[tuple[Fn, int]] = set()
    for found in ended_abroad(model):
        place = anchor(model, found.effect, None)
        if (place.fn, place.instr) not in seen:
            seen.add((place.fn, place.instr))
            yield _rule(model, found)


def _rule(model: Model, found: EndedAbroad) -> Ruling:
    entry, place = found.entry, anchor(model, found.effect, None)
    what = "subscription" if "subscr" in f"{found.named} {called(model, entry)}".lower() else "payment"
    does, done = _DOES[found.effect.kind]
    who = "Anybody" if entry.role == "public" else "Every customer who is signed in"
    file, line = entry_line(model, entry)
    ruling = Ruling("order/unguarded-transition", "broken", entry.role, file, line)
    ruling.severity, ruling.confidence, ruling.anchor = "high", "likely", lines(model, place)
    ruling.title = f"{who} can have the {what} of somebody else {done}"
    ruling.message = (
        f"A call of {called(model, entry)} {does} the {what} whose id it names as `{found.named}`. Nothing on the way asks whose it is: no "
        f"record of ours is looked up by it, and it is compared with nothing that belongs to whoever calls, so the id of somebody else's "
        f"{what} does as well."
    )
    ruling.remediation = (
        f"Look the {what} up among those of whoever is signed in, and give the provider the id that is kept there; or ask the provider for "
        f"the {what} first and refuse where its customer is another."
    )
    ruling.evidence = [source(model, entry, f"{called(model, entry)}: called by {entry.role}")]
    ruling.evidence.append(step(model, place, f"whose {what} it is nobody asks", "missing"))
    ruling.evidence += steps(model, found.effect, f"{done} here")
    return ruling
