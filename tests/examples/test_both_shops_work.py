"""Both examples are shops that work: what isn't planted is right in both."""

from datetime import timedelta

import pytest

from tests.examples.shops import STAFF, RunningShop


def test_pages_and_catalogue(either: RunningShop) -> None:
    page = either.get("/")
    assert "Blue mug" in page.text
    assert "https://js.stripe.com" in page.headers["Content-Security-Policy"]
    assert either.get("/static/shop.js").status_code == 200
    assert {product["sku"] for product in either.get("/products").json()} == {"CUP-NAME", "MUG-BLUE", "TEAPOT", "TRAY-OAK"}
    assert either.get("/products/NOTHING").status_code == 404


def test_card_payment_is_settled_by_the_signed_webhook(either: RunningShop) -> None:
    placed = either.order(quantity=2)
    assert placed.total_cents == 2 * 1450 + 490
    assert either.stripe.intents[placed.payment_id]["amount"] == placed.total_cents
    assert either.status(placed) == "pending"
    assert either.deliver_stripe(either.succeeded(placed)).status_code == 200
    assert either.status(placed) == "paid"


def test_paypal_payment_is_captured_on_return(either: RunningShop) -> None:
    placed = either.order("TEAPOT", 2, "paypal")
    assert either.paypal.orders[placed.payment_id]["amount"] == {"currency_code": "EUR", "value": "78.00"}
    page = either.get(f"/checkout/paypal/return?token={placed.payment_id}&order={placed.reference}")
    assert "Your payment has arrived" in page.text
    assert either.status(placed) == "paid"
    assert either.deliver_paypal(either.completed(placed), "genuine").status_code == 200
    assert either.status(placed) == "paid"


def test_paypal_webhook_settles_if_the_buyer_never_returns(either: RunningShop) -> None:
    placed = either.order(provider="paypal")
    event = either.completed(placed)
    assert either.deliver_paypal(event, "genuine").status_code == 200
    assert either.paypal.verified[0]["webhook_event"] == event
    assert either.status(placed) == "paid"


def test_coupon_and_free_shipping_come_from_the_server(either: RunningShop) -> None:
    item = {"product_id": 2, "quantity": 2, "unit_price_cents": 3900}
    answer = either.post("/checkout", {"email": "buyer@example.com", "items": [item], "coupon": "WELCOME10"})
    assert answer.json()["total_cents"] == 2 * 3510
    answer = either.post("/checkout", {"email": "buyer@example.com", "items": [{**item, "quantity": 1}], "coupon": "NO SUCH"})
    assert answer.json()["total_cents"] == 3900 + 490


def test_an_event_counts_once(either: RunningShop) -> None:
    event = {**either.succeeded(either.order()), "type": "payment_intent.canceled"}
    for _ in range(2):
        assert either.deliver_stripe(event).status_code == 200
    assert either.rows("SELECT event_id FROM processed_events") == [(event["id"],)]
    assert either.rows("SELECT payment_attempt, payment_id FROM orders") == [(2, None)]


def test_an_event_that_failed_is_taken_when_it_comes_again(either: RunningShop) -> None:
    placed = either.order()
    event = either.succeeded(placed, id="pi_of_nobody")
    assert either.deliver_stripe(event).status_code == 404
    assert either.rows("SELECT event_id FROM processed_events") == []
    event["data"]["object"]["id"] = placed.payment_id
    assert either.deliver_stripe(event).status_code == 200
    assert either.status(placed) == "paid"


@pytest.mark.parametrize("change", [{"amount_received": 1}, {"currency": "jpy"}])
def test_the_wrong_money_pays_nothing(either: RunningShop, change: dict[str, object]) -> None:
    placed = either.order()
    assert either.deliver_stripe(either.succeeded(placed, **change)).status_code == 200
    assert either.status(placed) == "pending"
    assert "instead of 1940 EUR" in str(either.attention(placed))


def test_stock_is_sold_once_and_comes_back(either: RunningShop) -> None:
    placed = either.order("TEAPOT", 5)
    assert either.check_out("TEAPOT").status_code == 409
    assert either.post(f"/admin/orders/{placed.id}/cancel", headers=STAFF).status_code == 200
    assert either.stripe.intents[placed.payment_id]["status"] == "canceled"
    assert either.check_out("TEAPOT", 5).status_code == 201


def test_forgotten_orders_give_their_stock_back(either: RunningShop, monkeypatch: pytest.MonkeyPatch) -> None:
    placed = either.order("TEAPOT", 5)
    assert either.post("/admin/orders/expire", headers=STAFF).json() == {"cancelled": 0}
    monkeypatch.setattr("shop.routes.admin.KEEP_UNPAID_FOR", timedelta(hours=-1))
    assert either.post("/admin/orders/expire", headers=STAFF).json() == {"cancelled": 1}
    assert either.status(placed) == "cancelled"
    assert either.check_out("TEAPOT", 5).status_code == 201


def test_money_for_a_cancelled_order_calls_for_a_person(either: RunningShop) -> None:
    placed = either.order()
    either.post(f"/admin/orders/{placed.id}/cancel", headers=STAFF)
    assert either.deliver_stripe(either.succeeded(placed)).status_code == 200
    assert either.status(placed) == "cancelled"
    assert "refund it" in str(either.attention(placed))


def test_only_what_the_transition_table_allows(either: RunningShop) -> None:
    placed = either.order()
    either.deliver_stripe(either.succeeded(placed))
    assert either.post(f"/admin/orders/{placed.id}/ship", headers=STAFF).status_code == 200
    assert either.post(f"/admin/orders/{placed.id}/cancel", headers=STAFF).status_code == 409
    assert either.deliver_stripe(either.succeeded(placed)).status_code == 200
    assert either.status(placed) == "shipped"


@pytest.mark.parametrize("provider", ["stripe", "paypal"])
def test_a_return_is_refunded_within_what_was_paid(either: RunningShop, provider: str) -> None:
    placed = either.paid_order("TEAPOT", 5, provider)
    wanted = {"order": placed.reference, "line_id": 1, "quantity": 3}
    returned = either.post("/returns", wanted).json()
    assert returned["amount_cents"] == 3 * 3900
    assert either.post("/returns", wanted).status_code == 409
    assert either.post(f"/admin/returns/{returned['id']}/approve", headers=STAFF).json() == {"status": "refunded"}
    assert either.post(f"/admin/returns/{returned['id']}/approve", headers=STAFF).status_code == 409
    assert len(either.stripe.refunds + either.paypal.refunds) == 1
    assert either.check_out("TEAPOT", 3).status_code == 201
    assert either.status(placed) == "paid"
    rest = either.post("/returns", {**wanted, "quantity": 2}).json()
    either.post(f"/admin/returns/{rest['id']}/approve", headers=STAFF)
    assert either.status(placed) == "refunded"


def test_nobody_but_staff_gets_into_the_admin_area(either: RunningShop) -> None:
    assert either.get("/admin/orders").status_code in {401, 403}
    assert either.get("/admin/orders", {"Authorization": "Bearer guess"}).status_code == 403


def test_goods_that_leave_the_country_cost_postage_and_tax(either: RunningShop) -> None:
    assert either.order_abroad().json()["total_cents"] == 1450 + 1990 + 275
    assert either.order_abroad(service="by balloon").status_code == 422
    cart = {"email": "buyer@example.com", "items": [{"product_id": 1, "quantity": 1, "unit_price_cents": 1450}]}
    assert either.post("/checkout/rates", cart).json() == {"priority": 1990, "express": 4200}


def test_a_gift_card_is_filled_when_it_is_paid(either: RunningShop) -> None:
    code, payment_id = either.gift_card()
    either.post_bytes("/webhooks/mollie", f"id={payment_id}", {})
    assert "not paid yet" in either.get(f"/gift-cards/thanks?code={code}").text
    either.mollie.pay(payment_id)
    either.post_bytes("/webhooks/mollie", f"id={payment_id}", {})
    assert "is worth EUR 50.00" in either.get(f"/gift-cards/thanks?code={code}").text


def test_what_is_made_to_order_is_captured_when_it_is_ready(either: RunningShop) -> None:
    placed = either.authorized_order()
    answer = either.post(f"/admin/orders/{placed.id}/capture", {"amount_cents": placed.total_cents}, STAFF)
    assert answer.json()["status"] == "paid"
    assert either.stripe.intents[placed.payment_id]["amount_received"] == placed.total_cents


def test_stock_is_taken_over_from_the_erp(either: RunningShop) -> None:
    either.partners.stock = [{"default_code": "TEAPOT", "qty_available": 7}]
    assert either.post("/admin/stock/sync", headers=STAFF).json()["updated"] == 1
    assert either.rows("SELECT stock FROM products WHERE sku = 'TEAPOT'") == [(7,)]


def test_only_the_carrier_tells_of_parcels(either: RunningShop) -> None:
    assert either.deliver_carrier(either.parcel("EZ1", "delivered"), secret="guessed").status_code == 400
    assert either.deliver_carrier(either.parcel("EZ1", "delivered")).status_code == 200
