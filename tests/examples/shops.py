"""Starting one of the example shops inside the test, with providers that answer locally."""

import importlib
import itertools
import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe
from fastapi.testclient import TestClient
from httpx2 import Response

from tests.examples.providers import LocalPayPal, LocalStripe

EXAMPLES = Path(__file__).parents[2] / "examples"
WEBHOOK_SECRET = "signing secret of the test"
STAFF = {"Authorization": "Bearer staff token of the test"}
ENVIRONMENT = {
    "STRIPE_SECRET_KEY": "stripe key of the test",
    "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
    "PAYPAL_API_BASE": "https://paypal.test",
    "PAYPAL_CLIENT_ID": "client",
    "PAYPAL_CLIENT_SECRET": "client secret of the test",
    "PAYPAL_WEBHOOK_ID": "webhook of the test",
    "STAFF_TOKEN": "staff token of the test",
    "SMTP_HOST": "",
}
PAYPAL_HEADERS = {
    "PayPal-Auth-Algo": "SHA256withRSA",
    "PayPal-Cert-Url": "https://paypal.test/cert",
    "PayPal-Transmission-Id": "t-1",
    "PayPal-Transmission-Time": "2026-01-01T00:00:00Z",
}


@dataclass
class Placed:
    """An order as its customer knows it, with the ids that the shop and the provider gave it."""

    id: int
    reference: str
    total_cents: int
    payment_id: str


@dataclass
class RunningShop:
    client: TestClient
    database: Path
    stripe: LocalStripe
    paypal: LocalPayPal
    _events: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def check_out(self, product: str = "MUG-BLUE", quantity: int = 1, provider: str = "stripe", **item: int) -> Response:
        """Order one product as the storefront's script does: the sound shop has no use for the price, the leaky one asks for it."""
        known = self.get(f"/products/{product}").json()
        chosen = {"product_id": known["id"], "quantity": quantity, "unit_price_cents": known["price_cents"], **item}
        return self.post("/checkout", {"email": "buyer@example.com", "items": [chosen], "provider": provider})

    def order(self, product: str = "MUG-BLUE", quantity: int = 1, provider: str = "stripe", **item: int) -> Placed:
        answer = self.check_out(product, quantity, provider, **item)
        assert answer.status_code == 201, answer.text
        reference = answer.json()["reference"]
        [(order_id, payment_id)] = self.rows("SELECT id, payment_id FROM orders WHERE reference = ?", reference)
        return Placed(order_id, reference, answer.json()["total_cents"], payment_id)

    def paid_order(self, product: str = "MUG-BLUE", quantity: int = 1, provider: str = "stripe") -> Placed:
        placed = self.order(product, quantity, provider)
        if provider == "stripe":
            answer = self.deliver_stripe(self.succeeded(placed))
        else:
            answer = self.get(f"/checkout/paypal/return?token={placed.payment_id}")
        assert answer.status_code == 200, answer.text
        assert self.status(placed) == "paid"
        return placed

    def status(self, placed: Placed) -> str:
        return str(self._listed(placed)["status"])

    def attention(self, placed: Placed) -> str | None:
        return self._listed(placed)["attention"]  # type: ignore[no-any-return]

    def succeeded(self, placed: Placed, **changes: Any) -> dict[str, Any]:
        """Stripe's event for the payment of an order."""
        intent = {
            "id": placed.payment_id,
            "object": "payment_intent",
            "amount_received": placed.total_cents,
            "currency": "eur",
            "status": "succeeded",
        }
        return {
            "id": f"evt_{next(self._events)}",
            "object": "event",
            "type": "payment_intent.succeeded",
            "data": {"object": {**intent, **changes}},
        }

    def completed(self, placed: Placed) -> dict[str, Any]:
        """PayPal's event for the payment of an order."""
        resource = {
            "id": f"CAP-{placed.payment_id}",
            "amount": {"value": f"{placed.total_cents // 100}.{placed.total_cents % 100:02d}", "currency_code": "EUR"},
            "supplementary_data": {"related_ids": {"order_id": placed.payment_id}},
        }
        return {"id": f"WH-{next(self._events)}", "event_type": "PAYMENT.CAPTURE.COMPLETED", "resource": resource}

    def deliver_stripe(self, event: dict[str, Any], secret: str = WEBHOOK_SECRET, sent_at: int | None = None) -> Response:
        """An event with the signature that Stripe would make with this secret."""
        body = json.dumps(event)
        signature = stripe.WebhookSignature.generate_signature_header(body, secret, sent_at)
        return self.post_bytes("/webhooks/stripe", body, {"Stripe-Signature": signature})

    def deliver_paypal(self, event: dict[str, Any], signature: str | None) -> Response:
        proof = {} if signature is None else {"PayPal-Transmission-Sig": signature}
        return self.post_bytes("/webhooks/paypal", json.dumps(event), {**PAYPAL_HEADERS, **proof})

    def get(self, path: str, headers: dict[str, str] | None = None) -> Response:
        return self.client.get(path, headers=headers)

    def post(self, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Response:
        return self.client.post(path, json=body, headers=headers)

    def post_bytes(self, path: str, body: str, headers: dict[str, str]) -> Response:
        return self.client.post(path, content=body.encode(), headers={"Content-Type": "application/json", **headers})

    def rows(self, query: str, *values: Any) -> list[Any]:
        connection = sqlite3.connect(self.database)
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()

    def _listed(self, placed: Placed) -> dict[str, Any]:
        listed: list[dict[str, Any]] = self.get("/admin/orders", STAFF).json()
        return next(order for order in listed if order["id"] == placed.id)


@contextmanager
def running(name: str, folder: Path, **environment: str) -> Iterator[RunningShop]:
    """Start an example with an empty database. Both are a package ``shop``, so each is imported afresh and forgotten afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in {**ENVIRONMENT, "DATABASE_URL": f"sqlite:///{folder / 'shop.db'}", **environment}.items():
            patch.setenv(variable, value)
        patch.syspath_prepend(EXAMPLES / name)
        patch.setattr(sys, "dont_write_bytecode", True)
        app = importlib.import_module("shop.main").app
        local_stripe, local_paypal = LocalStripe(), LocalPayPal()
        patch.setattr(stripe, "default_http_client", local_stripe)
        engine = importlib.import_module("shop.db").engine
        try:
            with httpx.Client(base_url="https://paypal.test", transport=local_paypal.transport) as http, TestClient(app) as client:
                _answer_locally(app, http)
                yield RunningShop(client, folder / "shop.db", local_stripe, local_paypal)
        finally:
            engine.dispose()
            for module in [module for module in sys.modules if module.partition(".")[0] == "shop"]:
                del sys.modules[module]


def _answer_locally(app: Any, http: httpx.Client) -> None:
    settings = importlib.import_module("shop.settings").get_settings()
    gateways = importlib.import_module("shop.services.checkout").Gateways(
        importlib.import_module("shop.payments.stripe_client").StripeClient(settings),
        importlib.import_module("shop.payments.paypal_client").PayPalClient(settings, http),
    )
    app.dependency_overrides[importlib.import_module("shop.dependencies").get_gateways] = lambda: gateways
