"""TaxJar: what customers abroad owe their state. Prices at home hold the tax already."""

import httpx

from shop.addresses import Destination
from shop.money import cents, decimal_string
from shop.partners.sending import PartnerUnavailable, read
from shop.settings import CURRENCY, Settings


class TaxClient:
    """Asks with our account. ``http`` may be given by tests."""

    def __init__(self, settings: Settings, http: httpx.Client | None = None) -> None:
        self._http = http or httpx.Client(base_url="https://api.taxjar.com", timeout=5)
        self._headers = {"Authorization": f"Bearer {settings.taxjar_api_key}"}

    def tax_cents(self, destination: Destination, shipping_cents: int) -> int:
        """The tax on an order. Raises the errors of ``partners.sending``."""
        try:
            response = self._http.post(
                "/v2/taxes",
                headers=self._headers,
                json={
                    "to_country": destination.country,
                    "to_zip": destination.postal_code,
                    "to_state": destination.state,
                    "shipping": decimal_string(shipping_cents, CURRENCY),
                },
            )
        except httpx.TransportError as error:
            raise PartnerUnavailable("TaxJar did not answer") from error
        answer = read(response)
        return cents(answer["tax"]["amount_to_collect"])
