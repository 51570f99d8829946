"""Rulings on carts that become orders: ``idempotency/dedup-race`` between two requests of the same customer."""

from collections.abc import Iterator
from functools import partial

from tillproof.checks import remedies
from tillproof.checks.idempotency.deliveries import kept_once
from tillproof.checks.ruling import Evidence, Ruling
from tillproof.checks.ways import called, entry_line, lines, source, step, steps
from tillproof.commerce.cart_orders import CartOrder, CartOrders
from tillproof.commerce.model import Model

_LOCK = "`SELECT … FOR UPDATE`"


def carts(model: Model) -> Iterator[Ruling]:
    """One ruling per line that makes an order of a cart."""
    kept = partial(kept_once, model)
    for one in CartOrders(model, kept).all:
        yield _rule(model, one)


def _rule(model: Model, one: CartOrder) -> Ruling:
    entry = one.entry
    file, line = entry_line(model, entry)
    ruling = Ruling("idempotency/dedup-race", "held", "client-route", file, line)
    ruling.evidence = [source(model, entry, f"{called(model, entry)}: the customer may send it twice at once")]
    if one.kept:
        ruling.evidence.append(step(model, one.made.place, one.kept, "guard"))
        return ruling
    ruling.outcome, ruling.severity, ruling.confidence = "broken", "medium", "likely"
    ruling.anchor = lines(model, one.made.place)
    ruling.title = "Two requests at once make two orders of the same cart"
    ruling.message = (
        f"{called(model, entry)} reads the cart, makes an order of it and empties it by a later statement. A double click, or a request "
        "that the browser repeats, finds the cart still full: both make an order, and its goods are taken, and may be paid, twice. "
        "Nothing makes the look and the emptying one step."
    )
    lock = remedies.code(model, one.made.fn.file, "lock") or _LOCK
    ruling.remediation = (
        f"Read the cart under a lock, in the transaction that makes the order and empties it: {lock}. Or take the cart first, by one "
        "update or deletion that only the first request finds something for, and go on only when it did; or give the order the cart's id, "
        "unique."
    )
    file, start, _ = lines(model, one.emptied.place)
    ruling.evidence.append(Evidence(file, start, "only here the cart is emptied, whatever is in it by then", "missing"))
    ruling.evidence += steps(model, one.made, "an order is made of the cart")
    return ruling
