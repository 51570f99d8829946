"""Rulings on orders for which stock is compared and not kept: ``inventory/oversell-race`` between the order and its payment."""

from tillproof.checks.ruling import Evidence, Ruling
from tillproof.checks.ways import called, extent, source, step
from tillproof.commerce.compared_before_paying import ComparedOnly
from tillproof.commerce.model import Model


def of_compared(model: Model, one: ComparedOnly) -> Ruling:
    """The ruling on one comparison that keeps nothing, or on an order that is made with none."""
    fn, i, _ = one.looked or one.begun.place
    body = model.program.body(fn)
    ruling = Ruling("inventory/oversell-race", "broken", "order-creation", fn.file, body.line[i], severity="high", confidence="likely")
    ruling.anchor = extent(model.program, fn, i)
    ruling.title = (
        "What is left is compared before the payment, and kept for nobody"
        if one.looked is not None
        else "Nobody asks whether the goods are there before they are paid for"
    )
    field, route = one.taking.write.field, called(model, one.entry)
    ruling.message = (
        f"{route} makes an order and lets the customer pay for it without looking at what is left (`{field}`); it is taken only once the "
        "payment is told of, and nothing is reserved until then. The last piece is sold to everybody who asks for it, and all of them pay "
        "for it."
        if one.looked is None
        else f"{route} compares what is left (`{field}`) and lets the customer pay, but nothing is reserved: it is taken only once the "
        "payment is told of. Until then whoever asks for the last piece is told that it is there, and all of them pay for it."
    )
    ruling.remediation = (
        "Reserve the goods when the order is made, in the transaction that makes it and only where enough is left, and give them back when "
        "the payment fails or does not come in time; or take them by a conditional update once it is paid, and refund whoever gets none."
    )
    ruling.evidence = [
        source(model, one.entry, f"{called(model, one.entry)}: customers order here"),
        *([step(model, one.looked, "what is left is compared here")] if one.looked is not None else []),
        step(model, one.begun.place, "the order, or its payment, is begun"),
        step(model, one.taking.place, "only here, behind the payment, is it taken", "sink"),
        Evidence(fn.file, body.line[i], "nothing is reserved for the order", "missing"),
    ]
    return ruling
