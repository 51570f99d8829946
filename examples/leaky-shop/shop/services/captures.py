"""Taking money that was only authorised: goods that are made to order are paid when they are ready."""

import logging

from sqlalchemy.orm import Session

from shop.models import Order, OrderStatus
from shop.services import orders
from shop.services.checkout import Gateways

logger = logging.getLogger(__name__)


def capture(session: Session, order: Order, amount_cents: int, gateways: Gateways) -> None:
    """Take what can be delivered; the rest is set free. Commits."""
    gateways.stripe.capture(order, amount_cents)
    orders.move(session, order, OrderStatus.PAID)
    session.commit()
    logger.info("order %s: %s %s captured", order.id, amount_cents, order.currency)
