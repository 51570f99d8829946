"""The life of an order."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from shop import pricing
from shop.addresses import Destination
from shop.models import Order, OrderLine, OrderStatus, Provider
from shop.security import new_reference
from shop.services import stock
from shop.settings import CURRENCY

logger = logging.getLogger(__name__)

TRANSITIONS: dict[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.PENDING: frozenset({OrderStatus.AUTHORIZED, OrderStatus.PAID, OrderStatus.CANCELLED}),
    OrderStatus.AUTHORIZED: frozenset({OrderStatus.PARTLY_PAID, OrderStatus.PAID, OrderStatus.CANCELLED}),
    OrderStatus.PARTLY_PAID: frozenset({OrderStatus.SHIPPED, OrderStatus.REFUNDED}),
    OrderStatus.PAID: frozenset({OrderStatus.SHIPPED, OrderStatus.REFUNDED}),
    OrderStatus.SHIPPED: frozenset({OrderStatus.DELIVERED, OrderStatus.REFUNDED}),
    OrderStatus.DELIVERED: frozenset({OrderStatus.REFUNDED}),
    OrderStatus.REFUNDED: frozenset(),
    OrderStatus.CANCELLED: frozenset(),
}


class InvalidTransition(Exception):
    """The order is not in a state from which it may go there."""


def place(session: Session, email: str, destination: Destination, quote: pricing.Quote, provider: Provider) -> Order:
    """A new order with its stock reserved. Raises ``stock.OutOfStock``."""
    order = Order(
        reference=new_reference(),
        email=email,
        currency=CURRENCY,
        country=destination.country,
        postal_code=destination.postal_code,
        shipping_cents=quote.shipping_cents,
        tax_cents=quote.tax_cents,
        total_cents=quote.total_cents,
        provider=provider,
        capture_later=provider is Provider.STRIPE and any(line.made_to_order for line in quote.lines),
        lines=[
            OrderLine(product_id=line.product_id, quantity=line.quantity, unit_price_cents=line.unit_price_cents) for line in quote.lines
        ],
    )
    # Always in the same sequence, so that two carts with the same products can't wait for each other.
    with session.begin_nested():
        for line in sorted(quote.lines, key=lambda line: line.product_id):
            stock.reserve(session, line.product_id, line.quantity)
        session.add(order)
    return order


def by_reference(session: Session, reference: str) -> Order | None:
    return session.scalar(select(Order).where(Order.reference == reference))


def by_payment(session: Session, provider: Provider, payment_id: str) -> Order | None:
    return session.scalar(select(Order).where(Order.provider == provider, Order.payment_id == payment_id))


def by_capture(session: Session, capture_id: str) -> Order | None:
    return session.scalar(select(Order).where(Order.capture_id == capture_id))


def move(session: Session, order: Order, target: OrderStatus) -> None:
    """Change the status if the table allows it from the one that the order has in the database now. Raises ``InvalidTransition``."""
    sources = [status for status, targets in TRANSITIONS.items() if target in targets]
    moved = session.execute(update(Order).where(Order.id == order.id, Order.status.in_(sources)).values(status=target))
    session.refresh(order)
    if moved.rowcount != 1:
        raise InvalidTransition(f"order {order.id}: {order.status} → {target}")


def settle(session: Session, order: Order, amount_cents: int, currency: str) -> bool:
    """The provider says that this much was paid. Whether the order is paid by it now, and was not before."""
    if order.status is OrderStatus.PARTLY_PAID and amount_cents == order.captured_cents:
        return False  # what we took ourselves
    if (amount_cents, currency.upper()) != (order.total_cents, order.currency):
        _call_for_attention(session, order, f"paid {amount_cents} {currency.upper()} instead of {order.total_cents} {order.currency}")
        return False
    try:
        move(session, order, OrderStatus.PAID)
    except InvalidTransition:
        if order.status is OrderStatus.CANCELLED:
            _call_for_attention(session, order, "paid after it was cancelled: refund it")
        return False
    session.execute(update(Order).where(Order.id == order.id).values(captured_cents=amount_cents))
    logger.info("order %s paid: %s %s, payment %s", order.id, amount_cents, order.currency, order.payment_id)
    return True


def authorize(session: Session, order: Order, amount_cents: int) -> None:
    """The provider holds this much for us."""
    authorized = session.execute(
        update(Order)
        .where(Order.id == order.id, Order.status == OrderStatus.PENDING, Order.total_cents >= amount_cents)
        .values(status=OrderStatus.AUTHORIZED, authorized_cents=amount_cents)
    )
    if authorized.rowcount == 1:
        logger.info("order %s authorised: %s %s, payment %s", order.id, amount_cents, order.currency, order.payment_id)


def note_card(order: Order, charge: Any) -> None:
    """What the customer will know the payment by on a statement."""
    card = charge.payment_method_details.get("card")
    if card is not None:
        order.card_brand, order.card_last4 = card["brand"], card["last4"]


def payment_failed(session: Session, order: Order) -> None:
    """The attempt is over without money; the next one is a new payment, with a new key."""
    session.execute(
        update(Order)
        .where(Order.id == order.id, Order.status == OrderStatus.PENDING, Order.payment_id == order.payment_id)
        .values(payment_attempt=Order.payment_attempt + 1, payment_id=None)
    )
    session.refresh(order)


def cancel(session: Session, order: Order) -> None:
    """Cancel an order that is not paid and put its goods back. Raises ``InvalidTransition``."""
    move(session, order, OrderStatus.CANCELLED)
    for line in order.lines:
        stock.put_back(session, line.product_id, line.quantity)


def forgotten(session: Session, before: datetime) -> Sequence[Order]:
    """Orders that nobody paid and that still hold stock."""
    return session.scalars(select(Order).where(Order.status == OrderStatus.PENDING, Order.created_at < before)).all()


def _call_for_attention(session: Session, order: Order, why: str) -> None:
    logger.error("order %s needs a person: %s (payment %s)", order.id, why, order.payment_id)
    session.execute(update(Order).where(Order.id == order.id).values(attention=why))
