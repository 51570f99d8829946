"""What the carrier tells us about parcels."""

import logging
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.models import Order
from shop.partners.carrier import Cache
from shop.services import stock

logger = logging.getLogger(__name__)

REMEMBER_FOR = 3600


def apply(session: Session, cache: Cache, event: dict[str, Any]) -> None:
    """Apply a carrier's event once. Commits."""
    mark = f"carrier-event:{event['id']}"
    if not cache.set(mark, "1", nx=True, ex=REMEMBER_FOR):
        return
    try:
        _apply(session, event["result"])
    except Exception:
        cache.delete(mark)  # let the next delivery try again
        raise


def _apply(session: Session, tracker: dict[str, Any]) -> None:
    order = session.scalar(select(Order).where(Order.tracking_code == tracker["tracking_code"]))
    if order is None:
        return
    if tracker["status"] == "return_to_sender":
        _take_back(session, order)
    order.parcel_status = tracker["status"]
    session.commit()
    logger.info("order %s: parcel %s is %s", order.id, order.tracking_code, order.parcel_status)


def _take_back(session: Session, order: Order) -> None:
    """The parcel comes back: its goods may be sold again."""
    for line in order.lines:
        stock.put_back(session, line.product_id, line.quantity)
    session.commit()
    logger.info("order %s comes back, parcel %s", order.id, order.tracking_code)
