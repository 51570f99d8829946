"""PayPal's REST API, as far as the shop needs it."""

import json
import logging
import random
import time
import uuid
from collections.abc import Mapping
from typing import Any

import httpx

from shop.models import Order
from shop.money import decimal_string
from shop.payments.errors import PaymentRefused, PaymentUnavailable
from shop.settings import Settings

logger = logging.getLogger(__name__)

TRIES = 3
SIGNED_HEADERS = {
    "auth_algo": "paypal-auth-algo",
    "cert_url": "paypal-cert-url",
    "transmission_id": "paypal-transmission-id",
    "transmission_sig": "paypal-transmission-sig",
    "transmission_time": "paypal-transmission-time",
}


class PayPalClient:
    """Speaks to one PayPal account. ``http`` may be given by tests."""

    def __init__(self, settings: Settings, http: httpx.Client | None = None) -> None:
        self._settings = settings
        self._http = http or httpx.Client(base_url=settings.paypal_api_base, timeout=10)
        self._token = ""
        self._token_expires = 0.0

    def create_order(self, order: Order) -> dict[str, Any]:
        return self._send(
            "POST",
            "/v2/checkout/orders",
            headers={"PayPal-Request-Id": str(uuid.uuid4())},
            json={
                "intent": "CAPTURE",
                "purchase_units": [
                    {
                        "custom_id": str(order.id),
                        "amount": {"currency_code": order.currency, "value": decimal_string(order.total_cents, order.currency)},
                    }
                ],
                "payment_source": {
                    "paypal": {
                        "experience_context": {
                            "user_action": "PAY_NOW",
                            "return_url": f"{self._settings.base_url}/checkout/paypal/return?order={order.reference}",
                            "cancel_url": f"{self._settings.base_url}/",
                        }
                    }
                },
            },
        )

    def capture(self, approved: str) -> dict[str, Any]:
        """Take the money that the buyer approved; the capture, with its id, status and amount."""
        answer = self._send("POST", f"/v2/checkout/orders/{approved}/capture", json={})
        capture: dict[str, Any] = answer["purchase_units"][0]["payments"]["captures"][0]
        return capture

    def refund(self, order: Order, amount_cents: int) -> str:
        """Give money back; the refund's id. Raises ``PaymentRefused``."""
        refund = self._send(
            "POST",
            f"/v2/payments/captures/{order.capture_id}/refund",
            json={"amount": {"currency_code": order.currency, "value": decimal_string(amount_cents, order.currency)}},
        )
        if refund["status"] in ("FAILED", "CANCELLED"):
            raise PaymentRefused(f"PayPal refund {refund['id']} is {refund['status']}")
        return str(refund["id"])

    def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether PayPal says that it sent this. ``body`` must be valid JSON, byte for byte as it came."""
        proof = {field: headers.get(header) for field, header in SIGNED_HEADERS.items()}
        # The signature covers the bytes as sent, so they are put in as they are: parsing and dumping could change them.
        head = json.dumps({**proof, "webhook_id": self._settings.paypal_webhook_id})
        content = head[:-1].encode() + b', "webhook_event": ' + body + b"}"
        answer = self._send("POST", "/v1/notifications/verify-webhook-signature", content=content, repeatable=True)
        return bool(answer.get("verification_status") == "SUCCESS")

    def _send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = False,
        json: dict[str, Any] | None = None,
        content: bytes | None = None,
    ) -> dict[str, Any]:
        """One request, repeated after a transient failure if a repeat is harmless."""
        headers = {"Authorization": f"Bearer {self._access_token()}", "Content-Type": "application/json", **(headers or {})}
        tries = TRIES if repeatable else 1
        for attempt in range(1, tries + 1):
            try:
                response = self._http.request(method, path, headers=headers, json=json, content=content)
            except httpx.TransportError as error:
                if attempt == tries:
                    raise PaymentUnavailable("PayPal did not answer") from error
            else:
                if response.status_code < 500:
                    break
                if attempt == tries:
                    raise PaymentUnavailable(f"PayPal answered {response.status_code}")
            time.sleep(random.uniform(0, 0.5 * 2**attempt))
        if response.status_code in (401, 429):
            raise PaymentUnavailable(f"PayPal answered {response.status_code}")
        if response.is_error:
            raise PaymentRefused(response.json().get("name", "refused"))
        answer: dict[str, Any] = response.json()
        return answer

    def _access_token(self) -> str:
        if time.monotonic() >= self._token_expires:
            credentials = (self._settings.paypal_client_id, self._settings.paypal_client_secret)
            try:
                response = self._http.post("/v1/oauth2/token", auth=credentials, data={"grant_type": "client_credentials"})
                response.raise_for_status()
            except httpx.HTTPError as error:
                raise PaymentUnavailable("PayPal gave no access token") from error
            access_token, lasts = response.json()["access_token"], response.json()["expires_in"]
            self._token, self._token_expires = access_token, time.monotonic() + lasts - 60
            logger.info("PayPal token %s is good for %s s", access_token, lasts)
        return self._token
