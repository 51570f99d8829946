"""Stripe, as far as the shop needs it."""

from collections.abc import Iterator
from contextlib import contextmanager

import stripe

from shop.models import Order
from shop.payments.errors import PaymentRefused, PaymentUnavailable
from shop.settings import Settings

stripe.max_network_retries = 2
stripe.default_http_client = stripe.RequestsClient(timeout=10)


@contextmanager
def _our_errors() -> Iterator[None]:
    try:
        yield
    except (stripe.CardError, stripe.InvalidRequestError) as error:
        raise PaymentRefused(error.code or "refused") from error
    except stripe.StripeError as error:
        raise PaymentUnavailable("Stripe did not answer") from error


class StripeClient:
    """Speaks to one Stripe account."""

    def __init__(self, settings: Settings) -> None:
        self._api_key = settings.stripe_secret_key

    def create_payment(self, order: Order) -> stripe.PaymentIntent:
        """Ask for the order's total."""
        with _our_errors():
            return stripe.PaymentIntent.create(
                amount=order.total_cents,
                currency=order.currency.lower(),
                automatic_payment_methods={"enabled": True},
                capture_method="manual" if order.capture_later else "automatic",
                metadata={"order_id": str(order.id)},
                receipt_email=order.email,
                api_key=self._api_key,
            )

    def cancel_payment(self, order: Order) -> None:
        with _our_errors():
            stripe.PaymentIntent.cancel(order.payment_id, api_key=self._api_key)

    def capture(self, order: Order, amount_cents: int) -> stripe.PaymentIntent:
        """Take a part of what is authorised, or all of it; the rest is set free."""
        with _our_errors():
            return stripe.PaymentIntent.capture(order.payment_id, amount_to_capture=amount_cents, api_key=self._api_key)

    def charge_card(self, order: Order, number: str, exp_month: int, exp_year: int, cvc: str) -> stripe.PaymentIntent:
        """Pay an order with a card that was read out to us."""
        card = {"number": number, "exp_month": exp_month, "exp_year": exp_year, "cvc": cvc}
        with _our_errors():
            return stripe.PaymentIntent.confirm(
                order.payment_id,
                payment_method_data={"type": "card", "card": card},
                api_key=self._api_key,
                idempotency_key=f"order-{order.id}-phone",
            )

    def refund(self, order: Order, amount_cents: int) -> str:
        """Give money back; the refund's id. Raises ``PaymentRefused``."""
        with _our_errors():
            refund = stripe.Refund.create(
                payment_intent=order.payment_id,
                amount=amount_cents,
                metadata={"order_id": str(order.id)},
                api_key=self._api_key,
            )
        if refund.status in ("failed", "canceled"):
            raise PaymentRefused(f"Stripe refund {refund.id} is {refund.status}")
        return str(refund.id)
