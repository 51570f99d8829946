"""What the carrier tells us about parcels."""

import logging
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.models import Order, OrderStatus
from shop.partners.carrier import Cache
from shop.services import orders, stock

logger = logging.getLogger(__name__)

# EasyPost delivers again for some days.
REMEMBER_FOR = 7 * 24 * 3600


def apply(session: Session, cache: Cache, event: dict[str, Any]) -> Order | None:
    """Apply a carrier's event once; the order if it is delivered by it. Commits."""
    mark = f"carrier-event:{event['id']}"
    if not cache.set(mark, "1", nx=True, ex=REMEMBER_FOR):
        return None
    try:
        return _apply(session, event["result"])
    except Exception:
        cache.delete(mark)  # let the next delivery try again
        raise


def _apply(session: Session, tracker: dict[str, Any]) -> Order | None:
    order = session.scalar(select(Order).where(Order.tracking_code == tracker["tracking_code"]))
    if order is not None and tracker["status"] == "return_to_sender":
        _take_back(session, order)
    if order is None or tracker["status"] != "delivered":
        logger.info("parcel %s is %s", tracker["tracking_code"], tracker["status"])
        return None
    try:
        orders.move(session, order, OrderStatus.DELIVERED)
    except orders.InvalidTransition:
        logger.info("order %s is %s, not delivered", order.id, order.status)
        return None
    session.commit()
    logger.info("order %s delivered: %s %s, parcel %s", order.id, order.total_cents, order.currency, order.tracking_code)
    return order


def _take_back(session: Session, order: Order) -> None:
    """The parcel comes back: its goods may be sold again."""
    for line in order.lines:
        stock.put_back(session, line.product_id, line.quantity)
    session.commit()
    logger.info("order %s comes back, parcel %s", order.id, order.tracking_code)
