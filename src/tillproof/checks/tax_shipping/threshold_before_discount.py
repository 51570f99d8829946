"""``tax-shipping/threshold-before-discount``: what decides the price of shipping is the sum of the goods with discounts taken off."""

from collections.abc import Iterator

from tillproof.checks.catalog import Check
from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.checks.tax_shipping.thresholds import Threshold, thresholds
from tillproof.commerce.model import Model


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per threshold of which it shows whether discounts count."""
    said: set[tuple[str, int]] = set()
    for threshold in thresholds(model):
        ruling = _rule(model, threshold)
        if ruling is not None and (ruling.file, ruling.line) not in said:
            said.add((ruling.file, ruling.line))
            yield ruling


def _rule(model: Model, threshold: Threshold) -> Ruling | None:
    program = model.program
    body = program.body(threshold.fn)
    line = body.line[threshold.instr]
    ruling = Ruling("tax-shipping/threshold-before-discount", "held", "shipping-threshold", threshold.fn.file, line)
    if threshold.net:
        ruling.evidence.append(at(program, threshold.fn, threshold.instr, "the sum is the discounted one", "guard"))
        return ruling
    if threshold.off is None:
        return None  # nothing shows that the shop gives discounts off this sum
    ruling.outcome, ruling.severity, ruling.confidence = "broken", "medium", "likely"
    ruling.anchor = (threshold.fn.file, line, body.end_line[threshold.instr])
    ruling.title = "The threshold for shipping is compared with the sum before discounts"
    ruling.message = (
        f"`{threshold.name}` is the sum before discounts"
        + (f", though `{threshold.beside}` is kept too" if threshold.beside else ", of which a discount is taken off elsewhere")
        + ": an order that a coupon brings below the threshold is still shipped free (or at the lower rate), and the shop pays for it."
    )
    better = f"`{threshold.beside}`" if threshold.beside else "the sum after discounts"
    ruling.remediation = f"Compare {better} with the threshold, and work it out again whenever a coupon comes or goes."
    note = "the sum with discounts is kept here" if threshold.beside else "a discount is taken off this sum here"
    ruling.evidence = [
        Evidence(*threshold.off, note, "source"),
        at(program, threshold.fn, threshold.instr, "the sum without discounts decides", "sink"),
    ]
    return ruling


CHECK = Check(
    id="tax-shipping/threshold-before-discount",
    title="The threshold for shipping is compared with the discounted sum",
    severity="medium",
    rule=rule,
)
