"""TaxJar: what customers abroad owe their state. Prices at home hold the tax already."""

from collections.abc import Sequence
from typing import Any, Protocol

import httpx

from shop.addresses import WAREHOUSE, Destination
from shop.money import cents, decimal_string
from shop.partners.sending import send
from shop.settings import CURRENCY, Settings


class TaxedLine(Protocol):
    product_id: int
    quantity: int
    unit_price_cents: int
    tax_code: str


class TaxClient:
    """Asks with our account. ``http`` may be given by tests."""

    def __init__(self, settings: Settings, http: httpx.Client | None = None) -> None:
        self._http = http or httpx.Client(base_url="https://api.taxjar.com", timeout=5)
        self._headers = {"Authorization": f"Bearer {settings.taxjar_api_key}"}

    def tax_cents(self, destination: Destination, lines: Sequence[TaxedLine], shipping_cents: int) -> int:
        """The tax on an order. Raises the errors of ``partners.sending``."""
        answer = send(
            self._http,
            "POST",
            "/v2/taxes",
            headers=self._headers,
            json={
                "from_country": WAREHOUSE.country,
                "from_zip": WAREHOUSE.postal_code,
                "to_country": destination.country,
                "to_zip": destination.postal_code,
                "to_state": destination.state,
                "shipping": decimal_string(shipping_cents, CURRENCY),
                "line_items": [_item(line) for line in lines],
            },
        )
        return cents(answer["tax"]["amount_to_collect"])


def _item(line: TaxedLine) -> dict[str, Any]:
    return {
        "id": str(line.product_id),
        "quantity": line.quantity,
        "unit_price": decimal_string(line.unit_price_cents, CURRENCY),
        "product_tax_code": line.tax_code,
    }
