"""What the providers' events mean for our orders."""

import logging
from typing import Any

import stripe
from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.models import Order, OrderStatus, ProcessedEvent, Provider
from shop.money import cents
from shop.services import orders

logger = logging.getLogger(__name__)


class UnknownPayment(Exception):
    """No order has this payment (yet). The provider will deliver again."""


def apply_stripe(session: Session, event: stripe.Event) -> Order | None:
    """Apply the event once; the order if it is paid by it. Commits. Raises ``UnknownPayment``."""
    if not _first_delivery(session, Provider.STRIPE, event.id, event.type):
        return None
    paid = None
    subject: Any = event.data.object
    match event.type:
        case "payment_intent.succeeded":
            order = _order(session, Provider.STRIPE, subject.id)
            paid = order if orders.settle(session, order, subject.amount_received, subject.currency) else None
        case "payment_intent.amount_capturable_updated":
            orders.authorize(session, _order(session, Provider.STRIPE, subject.id), subject.amount_capturable)
        case "payment_intent.canceled":
            orders.payment_failed(session, _order(session, Provider.STRIPE, subject.id))
        case "charge.succeeded":
            orders.note_card(_order(session, Provider.STRIPE, subject.payment_intent), subject)
        case _:
            logger.info("Stripe event %s of type %s needs nothing", event.id, event.type)
    session.commit()
    return paid


def apply_paypal(session: Session, event: dict[str, Any]) -> Order | None:
    """Apply the event once; the order if it is paid by it. Commits. Raises ``UnknownPayment``."""
    if not _first_delivery(session, Provider.PAYPAL, event["id"], event["event_type"]):
        return None
    paid = None
    subject = event["resource"]
    match event["event_type"]:
        case "PAYMENT.CAPTURE.COMPLETED":
            order = _order(session, Provider.PAYPAL, subject["supplementary_data"]["related_ids"]["order_id"])
            order.capture_id = subject["id"]
            amount = subject["amount"]
            paid = order if orders.settle(session, order, cents(amount["value"]), amount["currency_code"]) else None
        case "PAYMENT.CAPTURE.DENIED":
            order = _order(session, Provider.PAYPAL, subject["supplementary_data"]["related_ids"]["order_id"])
            order.status = OrderStatus.PENDING
        case other:
            logger.info("PayPal event %s of type %s needs nothing", event["id"], other)
    session.commit()
    return paid


def _first_delivery(session: Session, provider: Provider, event_id: str, event_type: str) -> bool:
    """Whether the event was not here before."""
    known = select(ProcessedEvent).where(ProcessedEvent.provider == provider, ProcessedEvent.event_id == event_id)
    if session.scalar(known) is not None:
        logger.info("%s event %s was here before", provider, event_id)
        return False
    session.add(ProcessedEvent(provider=provider, event_id=event_id, event_type=event_type))
    return True


def _order(session: Session, provider: Provider, payment_id: str) -> Order:
    order = orders.by_payment(session, provider, payment_id)
    if order is None:
        raise UnknownPayment(payment_id)
    return order
