"""Returns and the money that goes back for them."""

import logging

from sqlalchemy import update
from sqlalchemy.orm import Session

from shop.models import Order, OrderLine, OrderStatus, Provider, Return, ReturnStatus
from shop.payments.errors import PaymentRefused
from shop.services import orders, stock
from shop.services.checkout import Gateways

logger = logging.getLogger(__name__)


REFUNDABLE = (OrderStatus.PARTLY_PAID, OrderStatus.PAID, OrderStatus.SHIPPED, OrderStatus.DELIVERED)


class NotReturnable(Exception):
    """More than was bought, or more than is left to refund, or an order that was never paid."""


def request(session: Session, order: Order, line_id: int, quantity: int, reason: str) -> Return:
    """A customer wants to send something back. Raises ``NotReturnable``."""
    if order.status not in REFUNDABLE:
        raise NotReturnable(f"order {order.id} is {order.status}")
    claimed = session.execute(
        update(OrderLine)
        .where(OrderLine.id == line_id, OrderLine.order_id == order.id, OrderLine.returned + quantity <= OrderLine.quantity)
        .values(returned=OrderLine.returned + quantity)
    )
    if claimed.rowcount != 1:
        raise NotReturnable(f"order {order.id} has no {quantity} pieces of line {line_id} left to return")
    line = session.get_one(OrderLine, line_id)
    returned = Return(line=line, quantity=quantity, amount_cents=line.unit_price_cents * quantity, reason=reason)
    session.add(returned)
    session.flush()
    return returned


def approve(session: Session, returned: Return, gateways: Gateways) -> None:
    """Refund a return, or finish a refund that broke off. Commits. Raises ``NotReturnable`` and the errors of ``payments.errors``."""
    order = returned.line.order
    _begin(session, order, returned)
    session.commit()
    gateway = gateways.stripe if order.provider is Provider.STRIPE else gateways.paypal
    try:
        refund_id = gateway.refund(order, returned.amount_cents)
    except PaymentRefused:
        _give_up(session, order, returned)
        session.commit()
        raise
    _finish(session, order, returned, refund_id)
    session.commit()


def credit(order: Order, amount_cents: int, reason: str, gateways: Gateways) -> str:
    """Give money back as a gesture; the refund's id. Raises the errors of ``payments.errors``."""
    gateway = gateways.stripe if order.provider is Provider.STRIPE else gateways.paypal
    refund_id = gateway.refund(order, amount_cents)
    logger.info("order %s: %s %s credited for %s, refund %s", order.id, amount_cents, order.currency, reason, refund_id)
    return refund_id


def _begin(session: Session, order: Order, returned: Return) -> None:
    """Book the refund before it is asked for: what is booked can't be refunded twice, whatever happens on the way."""
    begun = session.execute(
        update(Return).where(Return.id == returned.id, Return.status == ReturnStatus.REQUESTED).values(status=ReturnStatus.SENDING)
    )
    session.refresh(returned)
    if begun.rowcount != 1:
        if returned.status is ReturnStatus.SENDING:
            return
        raise NotReturnable(f"return {returned.id} is {returned.status}")
    _book(session, order, returned.amount_cents)


def _book(session: Session, order: Order, amount_cents: int) -> None:
    """Count money as given back, if so much of the order is left."""
    booked = session.execute(
        update(Order)
        .where(Order.id == order.id, Order.status.in_(REFUNDABLE), Order.captured_cents - Order.refunded_cents >= amount_cents)
        .values(refunded_cents=Order.refunded_cents + amount_cents)
    )
    if booked.rowcount != 1:
        raise NotReturnable(f"order {order.id} has less than {amount_cents} left to refund")


def _finish(session: Session, order: Order, returned: Return, refund_id: str) -> None:
    if not _leave_sending(session, returned, ReturnStatus.REFUNDED):
        return
    returned.provider_refund_id = refund_id
    stock.put_back(session, returned.line.product_id, returned.quantity)
    session.refresh(order)
    _close_when_empty(session, order)
    logger.info("order %s: %s %s refunded, refund %s", order.id, returned.amount_cents, order.currency, refund_id)


def _give_up(session: Session, order: Order, returned: Return) -> None:
    if not _leave_sending(session, returned, ReturnStatus.REFUSED):
        return
    session.execute(update(Order).where(Order.id == order.id).values(refunded_cents=Order.refunded_cents - returned.amount_cents))
    session.execute(update(OrderLine).where(OrderLine.id == returned.line_id).values(returned=OrderLine.returned - returned.quantity))
    logger.warning("order %s: refund of %s %s was refused", order.id, returned.amount_cents, order.currency)


def _leave_sending(session: Session, returned: Return, target: ReturnStatus) -> bool:
    """Whether it was us, and not a second click, that ended the refund."""
    left = session.execute(update(Return).where(Return.id == returned.id, Return.status == ReturnStatus.SENDING).values(status=target))
    return left.rowcount == 1


def _close_when_empty(session: Session, order: Order) -> None:
    if order.refunded_cents == order.captured_cents and order.status in REFUNDABLE:
        orders.move(session, order, OrderStatus.REFUNDED)
