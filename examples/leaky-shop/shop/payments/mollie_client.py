"""Mollie, by which gift cards are paid."""

import random
import time
from typing import Any

import httpx

from shop.models import GiftCard
from shop.money import decimal_string
from shop.partners.sending import TRIES, PartnerUnavailable, read
from shop.settings import Settings


class MollieClient:
    """Speaks to one Mollie account. ``http`` may be given by tests."""

    def __init__(self, settings: Settings, http: httpx.Client | None = None) -> None:
        self._base_url = settings.base_url
        self._http = http or httpx.Client(base_url="https://api.mollie.com", timeout=10)
        self._headers = {"Authorization": f"Bearer {settings.mollie_api_key}"}

    def create_payment(self, card: GiftCard) -> dict[str, Any]:
        """Ask for what a gift card is worth. The same card is the same payment, however often this is called."""
        return self._send(
            "POST",
            "/v2/payments",
            headers={**self._headers, "Idempotency-Key": f"gift-card-{card.id}"},
            json={
                "amount": {"currency": "EUR", "value": decimal_string(card.amount_cents, card.currency)},
                "description": f"Gift card {card.id}",
                "redirectUrl": f"{self._base_url}/gift-cards/thanks?code={card.code}",
                "metadata": {"gift_card_id": card.id},
            },
        )

    def payment(self, payment_id: str) -> dict[str, Any]:
        """What Mollie says about a payment."""
        return self._send("GET", f"/v2/payments/{payment_id}", headers=self._headers)

    def _send(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        for attempt in range(1, TRIES + 1):
            try:
                response = self._http.request(method, path, **request)
                response.raise_for_status()
            except httpx.HTTPError as error:
                if attempt == TRIES:
                    raise PartnerUnavailable("Mollie did not answer") from error
            else:
                break
            time.sleep(random.uniform(0, 0.25 * 2**attempt))
        return read(response)
