"""Taking money that was only authorised: goods that are made to order are paid when they are ready."""

import logging

from sqlalchemy import update
from sqlalchemy.orm import Session

from shop.models import Order, OrderStatus
from shop.services import orders
from shop.services.checkout import Gateways

logger = logging.getLogger(__name__)


class NotCapturable(Exception):
    """Nothing is authorised, or less than is asked for, or it was taken already."""


def capture(session: Session, order: Order, amount_cents: int, gateways: Gateways) -> None:
    """Take what can be delivered, once; the rest is set free. May be repeated after an error. Commits."""
    claimed = session.execute(
        update(Order)
        .where(
            Order.id == order.id,
            Order.status == OrderStatus.AUTHORIZED,
            Order.captured_cents.in_((0, amount_cents)),
            Order.authorized_cents >= amount_cents,
        )
        .values(captured_cents=amount_cents)
    )
    if claimed.rowcount != 1:
        raise NotCapturable(f"order {order.id} is {order.status}, {order.authorized_cents} are authorised")
    session.commit()
    intent = gateways.stripe.capture(order, amount_cents)
    whole = intent.amount_received == order.total_cents
    orders.move(session, order, OrderStatus.PAID if whole else OrderStatus.PARTLY_PAID)
    session.commit()
    logger.info("order %s: %s of %s %s captured", order.id, intent.amount_received, order.total_cents, order.currency)
