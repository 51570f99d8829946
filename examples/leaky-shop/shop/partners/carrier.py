"""EasyPost: what parcels to other countries cost."""

import time
from typing import Any, Protocol

import httpx

from shop.addresses import WAREHOUSE, Destination
from shop.money import cents
from shop.partners.sending import TRIES, PartnerUnavailable, read
from shop.settings import Settings


class Cache(Protocol):
    """What we need of Redis."""

    def set(self, name: str, value: str, *, ex: int, nx: bool = False) -> Any: ...
    def delete(self, name: str) -> Any: ...


class CarrierClient:
    """Asks with our account. ``http`` may be given by tests."""

    def __init__(self, settings: Settings, http: httpx.Client | None = None) -> None:
        self._http = http or httpx.Client(base_url="https://api.easypost.com", timeout=None)
        self._auth = (settings.easypost_api_key, "")

    def rates(self, destination: Destination, grams: int) -> dict[str, int]:
        """The price in cents of each service. Raises the errors of ``partners.sending``."""
        shipment = {
            "from_address": {"country": WAREHOUSE.country, "zip": WAREHOUSE.postal_code},
            "to_address": {"country": destination.country, "zip": destination.postal_code, "state": destination.state},
            "parcel": {"weight": f"{grams / 28.35:.1f}"},
        }
        for _ in range(TRIES):
            try:
                response = self._http.post("/v2/shipments", auth=self._auth, json={"shipment": shipment})
            except httpx.TransportError:
                time.sleep(1)
            else:
                return {rate["service"].lower(): cents(rate["rate"]) for rate in read(response)["rates"]}
        raise PartnerUnavailable("EasyPost did not answer")
