"""EasyPost: what parcels to other countries cost."""

import json
from typing import Any, Protocol

import httpx

from shop.addresses import WAREHOUSE, Destination
from shop.money import cents
from shop.partners.sending import send
from shop.settings import Settings

KEEP_RATES_FOR = 15 * 60


class Cache(Protocol):
    """What we need of Redis."""

    def get(self, name: str) -> Any: ...
    def set(self, name: str, value: str, *, ex: int, nx: bool = False) -> Any: ...
    def delete(self, name: str) -> Any: ...


class CarrierClient:
    """Asks with our account. ``http`` may be given by tests."""

    def __init__(self, settings: Settings, cache: Cache, http: httpx.Client | None = None) -> None:
        self._http = http or httpx.Client(base_url="https://api.easypost.com", timeout=8)
        self._auth = (settings.easypost_api_key, "")
        self._cache = cache

    def rates(self, destination: Destination, grams: int) -> dict[str, int]:
        """The price in cents of each service. Raises the errors of ``partners.sending``."""
        key = f"rates:{destination.country}:{destination.postal_code}:{grams}"
        kept = self._cache.get(key)
        if kept is not None:
            rates: dict[str, int] = json.loads(kept)
            return rates
        rates = self._ask(destination, grams)
        self._cache.set(key, json.dumps(rates), ex=KEEP_RATES_FOR)
        return rates

    def _ask(self, destination: Destination, grams: int) -> dict[str, int]:
        shipment = {
            "from_address": {"country": WAREHOUSE.country, "zip": WAREHOUSE.postal_code},
            "to_address": {"country": destination.country, "zip": destination.postal_code, "state": destination.state},
            "parcel": {"weight": f"{grams / 28.35:.1f}"},
        }
        answer = send(self._http, "POST", "/v2/shipments", auth=self._auth, json={"shipment": shipment})
        return {rate["service"].lower(): cents(rate["rate"]) for rate in answer["rates"]}
