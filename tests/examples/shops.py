"""Starting one of the example shops inside the test, with providers that answer locally."""

import hashlib
import hmac
import importlib
import inspect
import itertools
import json
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe
from fastapi.testclient import TestClient
from httpx2 import Response

from tests.examples.providers import LocalCache, LocalMollie, LocalPartners, LocalPayPal, LocalStripe

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
    "MOLLIE_API_KEY": "mollie key of the test",
    "EASYPOST_WEBHOOK_SECRET": WEBHOOK_SECRET,
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
    mollie: LocalMollie
    partners: LocalPartners
    cache: LocalCache
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

    def order_abroad(self, **changes: Any) -> Response:
        """Order a mug from France."""
        known = self.get("/products/MUG-BLUE").json()
        item = {"product_id": known["id"], "quantity": 1, "unit_price_cents": known["price_cents"]}
        address = {"country": "FR", "postal_code": "75011"}
        return self.post("/checkout", {"email": "buyer@example.com", "items": [item], "address": address, **changes})

    def gift_card(self) -> tuple[str, str]:
        """Order a gift card; its code and Mollie's id of the payment."""
        answer = self.post("/gift-cards", {"email": "buyer@example.com", "amount_cents": 5000})
        assert answer.status_code == 201, answer.text
        [(code, payment_id)] = self.rows("SELECT code, payment_id FROM gift_cards")
        assert answer.json() == {"pay_at": f"https://mollie.test/pay/{payment_id}"}
        return code, payment_id

    def balance(self) -> int:
        """What is on the only gift card."""
        [(cents,)] = self.rows("SELECT balance_cents FROM gift_cards")
        return int(cents)

    def authorized_order(self) -> Placed:
        """An order of what is made to order, the money for it held by Stripe."""
        placed = self.order("CUP-NAME")
        event = {**self.succeeded(placed, amount_capturable=placed.total_cents), "type": "payment_intent.amount_capturable_updated"}
        assert self.deliver_stripe(event).status_code == 200
        assert self.status(placed) == "authorized"
        return placed

    def paid_order(self, product: str = "MUG-BLUE", quantity: int = 1, provider: str = "stripe") -> Placed:
        placed = self.order(product, quantity, provider)
        if provider == "stripe":
            answer = self.deliver_stripe(self.succeeded(placed))
        else:
            answer = self.get(f"/checkout/paypal/return?token={placed.payment_id}&order={placed.reference}")
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

    def deliver_carrier(self, event: dict[str, Any], secret: str = WEBHOOK_SECRET) -> Response:
        """An event with the digest that EasyPost would make with this secret."""
        body = json.dumps(event)
        digest = hmac.new(secret.encode(), body.encode(), hashlib.sha256).hexdigest()
        return self.post_bytes("/webhooks/carrier", body, {"X-Hmac-Signature": f"hmac-sha256-hex={digest}"})

    def parcel(self, tracking_code: str, status: str) -> dict[str, Any]:
        """EasyPost's event for a parcel."""
        return {"id": f"evt_{next(self._events)}", "description": "tracker.updated", "result": {"tracking_code": tracking_code, "status": status}}

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
        local_stripe, local_paypal, local_mollie = LocalStripe(), LocalPayPal(), LocalMollie()
        partners, cache = LocalPartners(), LocalCache()
        patch.setattr(stripe, "default_http_client", local_stripe)
        engine = importlib.import_module("shop.db").engine
        try:
            with (
                httpx.Client(base_url="https://paypal.test", transport=local_paypal.transport) as paypal,
                httpx.Client(base_url="https://mollie.test", transport=local_mollie.transport) as mollie,
                httpx.Client(base_url="https://partners.test", transport=partners.transport) as others,
                TestClient(app) as client,
            ):
                _answer_locally(app, paypal, mollie, others, cache)
                yield RunningShop(client, folder / "shop.db", local_stripe, local_paypal, local_mollie, partners, cache)
        finally:
            engine.dispose()
            for module in [module for module in sys.modules if module.partition(".")[0] == "shop"]:
                del sys.modules[module]


def _answer_locally(app: Any, paypal: httpx.Client, mollie: httpx.Client, others: httpx.Client, cache: LocalCache) -> None:
    def part(module: str, name: str) -> Any:
        return getattr(importlib.import_module(f"shop.{module}"), name)

    settings = part("settings", "get_settings")()
    carrier = part("partners.carrier", "CarrierClient")
    kept = {"cache": cache} if "cache" in inspect.signature(carrier).parameters else {}  # the leaky shop keeps no rates
    stand_ins = {
        "get_gateways": part("services.checkout", "Gateways")(
            part("payments.stripe_client", "StripeClient")(settings), part("payments.paypal_client", "PayPalClient")(settings, paypal)
        ),
        "get_mollie": part("payments.mollie_client", "MollieClient")(settings, mollie),
        "get_partners": part("pricing", "Partners")(
            part("partners.tax", "TaxClient")(settings, others), carrier(settings, http=others, **kept)
        ),
        "get_erp": part("partners.erp", "ErpClient")(settings, others),
        "get_cache": cache,
    }
    for name, stand_in in stand_ins.items():
        app.dependency_overrides[part("dependencies", name)] = _giving(stand_in)


def _giving(value: Any) -> Callable[[], Any]:
    return lambda: value
