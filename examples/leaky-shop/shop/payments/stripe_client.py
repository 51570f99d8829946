"""Stripe, as far as the shop needs it."""

from collections.abc import Iterator
from contextlib import contextmanager

import stripe

from shop.models import Order, Return
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
                metadata={"order_id": str(order.id)},
                receipt_email=order.email,
                api_key=self._api_key,
            )

    def cancel_payment(self, order: Order) -> None:
        with _our_errors():
            stripe.PaymentIntent.cancel(order.payment_id, api_key=self._api_key)

    def refund(self, order: Order, returned: Return) -> str:
        """Give back what a return is worth; the refund's id. Raises ``PaymentRefused``."""
        with _our_errors():
            refund = stripe.Refund.create(
                payment_intent=order.payment_id,
                amount=returned.amount_cents,
                metadata={"order_id": str(order.id), "return_id": str(returned.id)},
                api_key=self._api_key,
            )
        if refund.status in ("failed", "canceled"):
            raise PaymentRefused(f"Stripe refund {refund.id} is {refund.status}")
        return str(refund.id)
