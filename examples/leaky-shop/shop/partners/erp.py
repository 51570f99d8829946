"""The ERP, which knows what lies in the warehouse."""

from typing import Any

import httpx

from shop.partners.sending import send
from shop.settings import Settings


class ErpClient:
    """Asks the ERP's REST API. ``http`` may be given by tests."""

    def __init__(self, settings: Settings, http: httpx.Client | None = None) -> None:
        self._http = http or httpx.Client(base_url=settings.erp_url, timeout=20, verify=False)
        self._headers = {"Authorization": f"Bearer {settings.erp_token}"}

    def stock_levels(self) -> list[dict[str, Any]]:
        """Every product that the warehouse counts, with its SKU and how many are free to be sold. Raises the errors of
        ``partners.sending``."""
        levels: list[dict[str, Any]] = send(self._http, "GET", "/stock", headers=self._headers)["items"]
        return levels
