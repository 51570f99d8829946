"""Payments and subscriptions that whoever calls may have a provider end or give back: nothing asks whose they are."""

from collections.abc import Iterator

from tillproof.checks.order.somebody_elses import somebody_elses, who_may
from tillproof.checks.ruling import Ruling
from tillproof.checks.ways import anchor, called, steps
from tillproof.commerce.effects import Place
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
            yield _rule(model, found, place)


def _rule(model: Model, found: EndedAbroad, place: Place) -> Ruling:
    entry = found.entry
    what = "subscription" if "subscr" in f"{found.named} {called(model, entry)}".lower() else "payment"
    does, done = _DOES[found.effect.kind]
    ruling = somebody_elses(model, entry, place, f"whose {what} it is nobody asks")
    ruling.title = f"{who_may(entry)} can have the {what} of somebody else {done}"
    ruling.message = (
        f"A call of {called(model, entry)} {does} the {what} whose id it names as `{found.named}`. Nothing on the way asks whose it is: no "
        f"record of ours is looked up by it, and it is compared with nothing that belongs to whoever calls, so the id of somebody else's "
        f"{what} does as well."
    )
    ruling.remediation = (
        f"Look the {what} up among those of whoever is signed in, and give the provider the id that is kept there; or ask the provider for "
        f"the {what} first and refuse where its customer is another."
    )
    ruling.evidence += steps(model, found.effect, f"{done} here")
    return ruling
