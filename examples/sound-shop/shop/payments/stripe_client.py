"""Stripe, as far as the shop needs it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

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
    """Speaks to one Stripe account. Every request that moves money carries a key that its retry will carry too."""

    def __init__(self, settings: Settings) -> None:
        self._api_key = settings.stripe_secret_key
        self._webhook_secret = settings.stripe_webhook_secret

    def create_payment(self, order: Order) -> stripe.PaymentIntent:
        """Ask for the order's total. The same attempt at the same order is the same payment, however often this is called."""
        with _our_errors():
            return stripe.PaymentIntent.create(
                amount=order.total_cents,
                currency=order.currency.lower(),
                automatic_payment_methods={"enabled": True},
                capture_method="manual" if order.capture_later else "automatic",
                metadata={"order_id": str(order.id)},
                receipt_email=order.email,
                **self._once(f"order-{order.id}-attempt-{order.payment_attempt}"),
            )

    def payment(self, payment_id: str) -> stripe.PaymentIntent:
        with _our_errors():
            return stripe.PaymentIntent.retrieve(payment_id, api_key=self._api_key)

    def cancel_payment(self, order: Order) -> None:
        with _our_errors():
            stripe.PaymentIntent.cancel(order.payment_id, **self._once(f"order-{order.id}-attempt-{order.payment_attempt}-cancel"))

    def capture(self, order: Order, amount_cents: int) -> stripe.PaymentIntent:
        """Take a part of what is authorised, or all of it; the rest is set free."""
        with _our_errors():
            return stripe.PaymentIntent.capture(
                order.payment_id,
                amount_to_capture=amount_cents,
                **self._once(f"order-{order.id}-attempt-{order.payment_attempt}-capture"),
            )

    def refund(self, order: Order, amount_cents: int, key: str) -> str:
        """Give money back; the refund's id. The same key is the same refund. Raises ``PaymentRefused``."""
        with _our_errors():
            refund = stripe.Refund.create(
                payment_intent=order.payment_id,
                amount=amount_cents,
                metadata={"order_id": str(order.id)},
                **self._once(key),
            )
        if refund.status in ("failed", "canceled"):
            raise PaymentRefused(f"Stripe refund {refund.id} is {refund.status}")
        return str(refund.id)

    def read_event(self, payload: bytes, signature: str) -> stripe.Event:
        """The event in a webhook's body, once its signature is proven. Raises ``stripe.SignatureVerificationError`` or ``ValueError``."""
        if not self._webhook_secret:
            raise ValueError("STRIPE_WEBHOOK_SECRET is not set: no event can be trusted")
        return stripe.Webhook.construct_event(payload, signature, self._webhook_secret)

    def _once(self, idempotency_key: str) -> dict[str, Any]:
        return {"api_key": self._api_key, "idempotency_key": idempotency_key}
