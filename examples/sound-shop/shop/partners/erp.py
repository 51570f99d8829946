"""Odoo, the ERP, which knows what lies in the warehouse."""

from typing import Any

import httpx

from shop.partners.sending import send
from shop.settings import Settings


class ErpClient:
    """Calls Odoo's JSON-RPC. ``http`` may be given by tests."""

    def __init__(self, settings: Settings, http: httpx.Client | None = None) -> None:
        self._http = http or httpx.Client(base_url=settings.odoo_url, timeout=20)
        self._login = (settings.odoo_database, settings.odoo_user_id, settings.odoo_api_key)

    def stock_levels(self) -> list[dict[str, Any]]:
        """Every product that the warehouse counts. Raises the errors of ``partners.sending``."""
        levels: list[dict[str, Any]] = self._execute("product.product", "search_read", [[]], {"fields": ["default_code", "qty_available"]})
        return levels

    def _execute(self, model: str, method: str, positional: list[Any], named: dict[str, Any]) -> Any:
        call = {"service": "object", "method": "execute_kw", "args": [*self._login, model, method, positional, named]}
        return send(self._http, "POST", "/jsonrpc", json={"jsonrpc": "2.0", "method": "call", "params": call})["result"]
