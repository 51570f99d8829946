"""``payment/capture-exceeds-auth``: no more is captured than was authorised and is left."""

from collections.abc import Iterator

from tillproof.checks.catalog import Check
from tillproof.checks.payment.captures import Capture, bound, captures, staff_only
from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.checks.ways import extent
from tillproof.commerce.model import Model

ID = "payment/capture-exceeds-auth"
_WHY = {
    "provider": "the amount is what the provider says was authorised",
    "authorised": "the amount is the one that was authorised, less what is captured",
    "platform": "the platform hands over an amount of its own order",
    "own": "the amount is the record's own total, for which it was authorised",
}


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per capture call that is given an amount; a capture without one takes what was authorised."""
    for capture in captures(model):
        yield _rule(model, capture)


def _rule(model: Model, capture: Capture) -> Ruling:
    site, provider = capture.site, capture.site.provider
    place = at(model.program, site.fn, site.instr, f"{provider.name} captures an amount here", "sink")
    ruling = Ruling(ID, "held", "capture", place.file, place.line, [place])
    held = bound(model, capture)
    if held is None and capture.origin in _WHY:
        held = Evidence(*capture.value.at, _WHY[capture.origin], "guard")
    if held is not None:
        ruling.evidence.append(held)
        return ruling
    if capture.origin != "request":
        ruling.outcome = "unknown"
        asked = "Is this amount at most what was authorised and is not captured yet? Where it comes from is not in the repository."
        ruling.question = Evidence(place.file, place.line, asked)
        return ruling
    return _broken(model, capture, ruling)


def _broken(model: Model, capture: Capture, ruling: Ruling) -> Ruling:
    provider = capture.site.provider.name
    source = capture.asked[0]
    staff = staff_only(capture)
    ruling.outcome, ruling.severity, ruling.confidence = "broken", "medium" if staff else "high", "likely"
    ruling.title = "The amount to capture is whatever the request says"
    ruling.message = (
        f"`{source.key or 'the amount'}` of the request is captured as it comes{' (only staff can send it)' if staff else ''}: nothing "
        f"compares it with what {provider} authorised and what is captured already, so the records can claim money that never came, or "
        f"more is taken than the customer agreed to where the provider allows it."
    )
    ruling.remediation = (
        "Read what was authorised and what is captured already under the lock of the payment, refuse an amount above the difference (and "
        "one of zero or less), and record what the provider's answer says was captured."
    )
    ruling.anchor = extent(model.program, capture.site.fn, capture.site.instr)
    ruling.evidence.append(Evidence(*source.at, f"`{source.key or 'the amount'}` is read from the request", "source"))
    ruling.evidence.append(Evidence(ruling.file, ruling.line, "no comparison with what was authorised", "missing"))
    return ruling


CHECK = Check(id=ID, title="No more is captured than was authorised", severity="high", rule=rule)
