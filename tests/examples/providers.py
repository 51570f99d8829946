"""Providers and partners as far as the example shops see them, in memory. They keep their word on idempotency keys, as the real ones do."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import stripe

Answer = tuple[str, int, Mapping[str, str]]


class LocalStripe(stripe.HTTPClient):
    """Answers the SDK's requests. After ``lose_next_answer`` it acts on one request, but the answer is lost on its way back."""

    name = "local"

    def __init__(self) -> None:
        super().__init__()
        self.intents: dict[str, dict[str, Any]] = {}
        self.refunds: list[dict[str, Any]] = []
        self.lose_next_answer = False
        self._by_key: dict[str, dict[str, Any]] = {}

    def request(self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_: Any) -> Answer:
        path = urlsplit(url).path
        if method == "get":
            return json.dumps(self.intents[path.rsplit("/", 1)[-1]]), 200, {}
        key = (headers or {})["Idempotency-Key"]
        if key not in self._by_key:
            self._by_key[key] = self._act(path, {name: values[0] for name, values in parse_qs(post_data or "").items()})
        if self.lose_next_answer:
            self.lose_next_answer = False
            raise stripe.APIConnectionError("the line went dead")  # type: ignore[no-untyped-call]
        return json.dumps(self._by_key[key]), 200, {}

    def close(self) -> None:
        """Nothing is open."""

    def _act(self, path: str, form: dict[str, str]) -> dict[str, Any]:
        match path.split("/")[2:]:
            case ["payment_intents"]:
                intent_id = f"pi_{len(self.intents) + 1}"
                self.intents[intent_id] = {
                    "id": intent_id,
                    "object": "payment_intent",
                    "status": "requires_payment_method",
                    "amount": int(form["amount"]),
                    "currency": form["currency"],
                    "client_secret": f"{intent_id}_secret",
                }
                return self.intents[intent_id]
            case ["payment_intents", intent_id, "capture"]:
                self.intents[intent_id] |= {"status": "succeeded", "amount_received": int(form["amount_to_capture"])}
                return self.intents[intent_id]
            case ["payment_intents", intent_id, "confirm"]:
                self.intents[intent_id]["status"] = "succeeded"
                return self.intents[intent_id]
            case ["payment_intents", intent_id, "cancel"]:
                self.intents[intent_id]["status"] = "canceled"
                return self.intents[intent_id]
            case ["refunds"]:
                refund = {
                    "id": f"re_{len(self.refunds) + 1}",
                    "object": "refund",
                    "status": "succeeded",
                    "payment_intent": form["payment_intent"],
                    "amount": int(form["amount"]),
                }
                self.refunds.append(refund)
                return refund
        raise AssertionError(f"no such endpoint: {path}")


class LocalPayPal:
    """Answers the REST client's requests; use ``transport``. A webhook is genuine if its transmission signature is ``genuine``."""

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.refunds: list[dict[str, Any]] = []
        self.lose_next_answer = False
        self.verified: list[dict[str, Any]] = []
        self._by_request_id: dict[str, dict[str, Any]] = {}

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/v1/oauth2/token":
            return httpx.Response(200, json={"access_token": "local", "expires_in": 3600})
        if request.method == "GET":
            return httpx.Response(200, json=self.orders[path.rsplit("/", 1)[-1]])
        body = json.loads(request.content)
        request_id = request.headers.get("PayPal-Request-Id")
        answer = self._by_request_id.get(request_id) if request_id else None
        if answer is None:
            answer = self._act(path, body)
            if request_id:
                self._by_request_id[request_id] = answer
        if self.lose_next_answer:
            self.lose_next_answer = False
            return httpx.Response(401, json={"name": "LOST"})
        return httpx.Response(200, json=answer)

    def _act(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        match path.split("/")[2:]:
            case ["checkout", "orders"]:
                order_id = f"PP{len(self.orders) + 1}"
                self.orders[order_id] = {
                    "id": order_id,
                    "status": "PAYER_ACTION_REQUIRED",
                    "amount": body["purchase_units"][0]["amount"],
                    "links": [{"rel": "payer-action", "href": f"https://paypal.test/approve/{order_id}"}],
                }
                return self.orders[order_id]
            case ["checkout", "orders", order_id, "capture"]:
                order = self.orders[order_id]
                order["status"] = "COMPLETED"
                capture = {"id": f"CAP-{order_id}", "status": "COMPLETED", "amount": order["amount"]}
                return {"id": order_id, "status": "COMPLETED", "purchase_units": [{"payments": {"captures": [capture]}}]}
            case ["payments", "captures", capture_id, "refund"]:
                refund = {"id": f"REF{len(self.refunds) + 1}", "status": "COMPLETED", "capture": capture_id, "amount": body["amount"]}
                self.refunds.append(refund)
                return refund
            case ["notifications", "verify-webhook-signature"]:
                self.verified.append(body)
                return {"verification_status": "SUCCESS" if body["transmission_sig"] == "genuine" else "FAILURE"}
        raise AssertionError(f"no such endpoint: {path}")


class LocalMollie:
    """Answers for gift cards; use ``transport``. A payment is open until ``pay``."""

    def __init__(self) -> None:
        self.payments: dict[str, dict[str, Any]] = {}
        self._by_key: dict[str, str] = {}

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def pay(self, payment_id: str, **changes: Any) -> None:
        self.payments[payment_id] |= {"status": "paid", **changes}

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json=self.payments[request.url.path.rsplit("/", 1)[-1]])
        key = request.headers["Idempotency-Key"]
        if key not in self._by_key:
            payment_id = self._by_key[key] = f"tr_{len(self.payments) + 1}"
            self.payments[payment_id] = {
                **json.loads(request.content),
                "id": payment_id,
                "status": "open",
                "_links": {"checkout": {"href": f"https://mollie.test/pay/{payment_id}"}},
            }
        return httpx.Response(200, json=self.payments[self._by_key[key]])


class LocalPartners:
    """TaxJar, EasyPost and Odoo; ``requests`` are those that were answered."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, Any]] = []
        self.stock: list[dict[str, Any]] = []

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content) if request.content else None
        self.requests.append((request.url.path, asked))
        match request.url.path:
            case "/v2/taxes":
                return httpx.Response(200, json={"tax": {"amount_to_collect": 2.75}})
            case "/v2/shipments":
                return httpx.Response(200, json={"rates": [{"service": "Priority", "rate": "19.90"}, {"service": "Express", "rate": "42.00"}]})
            case "/jsonrpc":
                return httpx.Response(200, json={"result": self.stock})
        raise AssertionError(f"no such endpoint: {request.url}")


class LocalCache:
    """What the shops need of Redis, in a dictionary; how long things are kept is only noted."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.seconds: dict[str, int] = {}

    def get(self, name: str) -> str | None:
        return self.kept.get(name)

    def set(self, name: str, value: str, *, ex: int, nx: bool = False) -> bool | None:
        if nx and name in self.kept:
            return None
        self.kept[name], self.seconds[name] = value, ex
        return True

    def delete(self, name: str) -> None:
        self.kept.pop(name, None)
