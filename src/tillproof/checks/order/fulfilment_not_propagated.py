"""``order/fulfilment-not-propagated``: what a carrier says of a shipment reaches the order and the customer."""

from collections.abc import Iterator

from tillproof.checks.catalog import Check
from tillproof.checks.ruling import Evidence, Ruling
from tillproof.checks.ways import called, entry_line, lines, source, step, steps
from tillproof.commerce.model import Model
from tillproof.commerce.shipping_news import ShippingNews


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per handler of messages about shipments."""
    for news in model.shipments.all:
        yield _rule(model, news)


def _rule(model: Model, news: ShippingNews) -> Ruling:
    entry = news.entry
    file, line = entry_line(model, entry)
    name = called(model, entry)
    ruling = Ruling("order/fulfilment-not-propagated", "held", "webhook", file, line, severity="medium", confidence="likely")
    ruling.evidence = [source(model, entry, f"{name}: {news.sender} tells how a shipment fares")]
    ruling.evidence += [step(model, e.place, "the order or shipment is written", "guard") for e in news.recorded[:1]]
    ruling.evidence += [step(model, e.place, "the customer is told", "guard") for e in news.told[:1]]
    if news.recorded and (news.told or news.named is not None):
        return ruling
    if news.handed:
        ruling.outcome = "unknown"
        place = news.handed[0].place
        at = model.program.body(place.fn).line[place.instr]
        what = "Does it tell the customer" if news.recorded else "Does it write the shipment's state to the order and tell the customer"
        ruling.question = Evidence(place.fn.file, at, f"The message is handed on here. {what}?")
        return ruling
    ruling.outcome = "broken"
    if not news.recorded:
        ruling.title = "What the carrier says of a shipment never reaches the order"
        ruling.message = (
            f"{name} takes messages about shipments, and nothing behind it writes to an order or shipment: the shop goes on showing it "
            "as not sent, support and refunds decide on that, and the customer hears nothing."
        )
        ruling.remediation = (
            "Find the order by the tracking number, set its fulfilment status (only forwards, since messages come in any order), and tell "
            "the customer by mail when it is sent and when it is delivered."
        )
        ruling.evidence.append(Evidence(file, line, "no order or shipment is written from here", "missing"))
        return ruling
    place = news.recorded[0].place
    ruling.anchor = lines(model, place)
    ruling.title = "The customer is not told that the order was sent or delivered"
    ruling.message = (
        f"{name} writes the shipment's state down and tells nobody: no mail, message or event follows. Customers who do not know that "
        "their parcel is on its way ask, cancel or charge back."
    )
    ruling.remediation = (
        "Tell the customer after the state was written, once for each state (a mail job with the order's id and the state)."
    )
    ruling.evidence.append(step(model, place, "nothing after this tells the customer", "missing"))
    ruling.evidence += steps(model, news.recorded[0], "written here")
    return ruling


CHECK = Check(id="order/fulfilment-not-propagated", title="News of a shipment reaches order and customer", severity="medium", rule=rule)
