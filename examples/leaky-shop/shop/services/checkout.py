"""From an order to a payment at its provider."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from shop.models import Order, Provider
from shop.payments.errors import PaymentRefused
from shop.payments.paypal_client import PayPalClient
from shop.payments.stripe_client import StripeClient
from shop.services import orders


@dataclass(frozen=True)
class Gateways:
    stripe: StripeClient
    paypal: PayPalClient


@dataclass(frozen=True)
class PaymentStart:
    """What the browser needs to let the customer pay: a secret for Stripe's form, or PayPal's page."""

    client_secret: str | None = None
    approve_url: str | None = None


def start_payment(session: Session, order: Order, gateways: Gateways) -> PaymentStart:
    """Create the payment. Commits. Raises the errors of ``payments.errors``."""
    if order.provider is Provider.STRIPE:
        intent = gateways.stripe.create_payment(order)
        order.payment_id = intent.id
        session.commit()
        return PaymentStart(client_secret=intent.client_secret)
    paypal_order = gateways.paypal.create_order(order)
    order.payment_id = paypal_order["id"]
    session.commit()
    return PaymentStart(approve_url=_approval_link(paypal_order))


def capture_paypal(session: Session, order: Order, approved: str, gateways: Gateways) -> bool:
    """Take the money that the buyer approved; whether the order is paid now. Commits."""
    capture = gateways.paypal.capture(approved)
    order.capture_id = capture["id"]
    session.flush()
    # A pending capture (an e-cheque, a review) is settled by the webhook that follows it.
    paid = capture["status"] == "COMPLETED" and orders.mark_paid(session, order)
    session.commit()
    return paid


def cancel(session: Session, order: Order, gateways: Gateways) -> None:
    """Give the goods back, then the payment up. If that turns out to be made already, its webhook calls for attention.

    Commits. Raises ``orders.InvalidTransition``.
    """
    orders.cancel(session, order)
    session.commit()
    give_up_payment(order, gateways)


def give_up_payment(order: Order, gateways: Gateways) -> None:
    if order.provider is Provider.STRIPE and order.payment_id is not None:
        with suppress(PaymentRefused):
            gateways.stripe.cancel_payment(order)


def _approval_link(paypal_order: dict[str, Any]) -> str | None:
    return next((link["href"] for link in paypal_order["links"] if link["rel"] in ("payer-action", "approve")), None)
