"""Each planted flaw can be used in the leaky shop, and can't in the sound one."""

from pathlib import Path

import pytest

from tests.examples.shops import STAFF, RunningShop, running

LONG_AGO = 1_600_000_000


def test_forged_stripe_event_is_refused_by_the_sound_shop(sound: RunningShop) -> None:
    placed = sound.order()
    event = sound.succeeded(placed)
    assert sound.post("/webhooks/stripe", event).status_code == 400
    assert sound.deliver_stripe(event, secret="guessed").status_code == 400
    assert sound.deliver_stripe(event, sent_at=LONG_AGO).status_code == 400
    assert sound.status(placed) == "pending"
    assert sound.deliver_stripe(event).status_code == 200
    assert sound.status(placed) == "paid"


def test_forged_stripe_event_pays_in_the_leaky_shop(leaky: RunningShop) -> None:
    placed = leaky.order()
    assert leaky.post("/webhooks/stripe", leaky.succeeded(placed)).status_code == 200
    assert leaky.status(placed) == "paid"


def test_sound_shop_trusts_no_event_while_the_stripe_secret_is_unset(tmp_path: Path) -> None:
    with running("sound-shop", tmp_path, STRIPE_WEBHOOK_SECRET="") as shop:
        placed = shop.order()
        assert shop.deliver_stripe(shop.succeeded(placed), secret="").status_code == 400
        assert shop.status(placed) == "pending"


@pytest.mark.parametrize(("name", "answer", "status"), [("sound-shop", 400, "pending"), ("leaky-shop", 200, "paid")])
@pytest.mark.parametrize("skipped_by", ["header left out", "setting unset"])
def test_paypal_verification_can_be_skipped_in_the_leaky_shop(tmp_path: Path, name: str, answer: int, status: str, skipped_by: str) -> None:
    environment = {"PAYPAL_WEBHOOK_ID": ""} if skipped_by == "setting unset" else {}
    with running(name, tmp_path, **environment) as shop:
        placed = shop.order(provider="paypal")
        signature = None if skipped_by == "header left out" else "forged"
        assert shop.deliver_paypal(shop.completed(placed), signature).status_code == answer
        assert shop.status(placed) == status
        assert shop.paypal.verified == []


def test_both_shops_refuse_a_wrong_paypal_signature(either: RunningShop) -> None:
    placed = either.order(provider="paypal")
    assert either.deliver_paypal(either.completed(placed), "forged").status_code == 400
    assert either.status(placed) == "pending"


def test_own_price_is_taken_by_the_leaky_shop_only(tmp_path: Path) -> None:
    for name, charged in (("sound-shop", 3900 + 490), ("leaky-shop", 1 + 490)):
        folder = tmp_path / name
        folder.mkdir()
        with running(name, folder) as shop:
            placed = shop.order("TEAPOT", unit_price_cents=1)
            assert placed.total_cents == charged
            assert shop.stripe.intents[placed.payment_id]["amount"] == charged


def test_success_page_pays_in_the_leaky_shop(leaky: RunningShop) -> None:
    placed = leaky.order()
    leaky.get(f"/checkout/success?order={placed.reference}")
    assert leaky.status(placed) == "pending"
    leaky.get(f"/checkout/success?order={placed.reference}&redirect_status=succeeded")
    assert leaky.status(placed) == "paid"


def test_success_page_only_shows_in_the_sound_shop(sound: RunningShop) -> None:
    placed = sound.order()
    page = sound.get(f"/checkout/success?order={placed.reference}&redirect_status=succeeded")
    assert "not complete yet (requires_payment_method)" in page.text
    sound.stripe.intents[placed.payment_id]["status"] = "succeeded"
    assert "has arrived" in sound.get(f"/checkout/success?order={placed.reference}").text
    assert sound.status(placed) == "pending"


@pytest.mark.parametrize("provider", ["stripe", "paypal"])
@pytest.mark.parametrize(("name", "payments"), [("sound-shop", 1), ("leaky-shop", 2)])
def test_a_repeated_payment_is_a_second_one_in_the_leaky_shop(tmp_path: Path, name: str, payments: int, provider: str) -> None:
    with running(name, tmp_path) as shop:
        placed = shop.order(provider=provider)
        assert shop.post(f"/checkout/pay?order={placed.reference}").status_code == 200
        assert len(shop.stripe.intents) + len(shop.paypal.orders) == payments


@pytest.mark.parametrize("provider", ["stripe", "paypal"])
@pytest.mark.parametrize(("name", "refunds"), [("sound-shop", 1), ("leaky-shop", 2)])
def test_a_refund_whose_answer_was_lost_is_paid_twice_by_the_leaky_shop(tmp_path: Path, name: str, refunds: int, provider: str) -> None:
    with running(name, tmp_path) as shop:
        placed = shop.paid_order(provider=provider)
        returned = shop.post("/returns", {"order": placed.reference, "line_id": 1, "quantity": 1}).json()
        shop.stripe.lose_next_answer = shop.paypal.lose_next_answer = True
        assert shop.post(f"/admin/returns/{returned['id']}/approve", headers=STAFF).status_code == 503
        assert shop.post(f"/admin/returns/{returned['id']}/approve", headers=STAFF).json() == {"status": "refunded"}
        assert len(shop.stripe.refunds) + len(shop.paypal.refunds) == refunds


def test_sound_shop_pays_a_new_attempt_after_a_cancelled_one(sound: RunningShop) -> None:
    placed = sound.order()
    cancelled = {**sound.succeeded(placed), "type": "payment_intent.canceled"}
    assert sound.deliver_stripe(cancelled).status_code == 200
    assert sound.post(f"/checkout/pay?order={placed.reference}").status_code == 200
    assert len(sound.stripe.intents) == 2


@pytest.mark.parametrize(("name", "total"), [("sound-shop", 1450 + 1990 + 275), ("leaky-shop", 1450 + 275)])
def test_postage_is_named_by_the_customer_of_the_leaky_shop(tmp_path: Path, name: str, total: int) -> None:
    with running(name, tmp_path) as shop:
        assert shop.order_abroad(shipping_cents=0).json()["total_cents"] == total


@pytest.mark.parametrize(("name", "asked"), [("sound-shop", 1), ("leaky-shop", 2)])
def test_rates_are_kept_by_the_sound_shop(tmp_path: Path, name: str, asked: int) -> None:
    with running(name, tmp_path) as shop:
        shop.order_abroad()
        shop.order_abroad()
        assert [path for path, _ in shop.partners.requests].count("/v2/shipments") == asked
        taxed = next(body for path, body in shop.partners.requests if path == "/v2/taxes")
        assert ("line_items" in taxed and "from_zip" in taxed) == (name == "sound-shop")


@pytest.mark.parametrize(("name", "total"), [("sound-shop", 5922 + 490), ("leaky-shop", 5922)])
def test_shipping_is_free_before_the_discount_in_the_leaky_shop(tmp_path: Path, name: str, total: int) -> None:
    with running(name, tmp_path) as shop:
        shop.client.patch("/admin/products/3", json={"price_cents": 2680}, headers=STAFF)
        items = [{"product_id": n, "quantity": 1, "unit_price_cents": cents} for n, cents in ((2, 3900), (3, 2680))]
        answer = shop.post("/checkout", {"email": "buyer@example.com", "items": items, "coupon": "WELCOME10"})
        assert answer.json()["total_cents"] == total


@pytest.mark.parametrize(("name", "stock"), [("sound-shop", 5), ("leaky-shop", 0)])
def test_a_customer_who_cancels_gives_the_goods_back_to_the_sound_shop(tmp_path: Path, name: str, stock: int) -> None:
    with running(name, tmp_path) as shop:
        placed = shop.order("TEAPOT", 5)
        assert shop.post(f"/checkout/cancel?order={placed.reference}").json() == {"status": "cancelled"}
        assert shop.rows("SELECT stock FROM products WHERE sku = 'TEAPOT'") == [(stock,)]
        assert shop.stripe.intents[placed.payment_id]["status"] == "canceled"


@pytest.mark.parametrize(("name", "balance"), [("sound-shop", 5000), ("leaky-shop", 15000)])
def test_a_gift_card_grows_with_every_look_at_it_in_the_leaky_shop(tmp_path: Path, name: str, balance: int) -> None:
    with running(name, tmp_path) as shop:
        code, payment_id = shop.gift_card()
        shop.mollie.pay(payment_id)
        for _ in range(3):
            shop.post_bytes("/webhooks/mollie", f"id={payment_id}", {})
            shop.get(f"/gift-cards/thanks?code={code}")
        assert shop.balance() == balance


def test_a_gift_card_is_filled_with_what_was_paid_for_it_in_the_sound_shop(sound: RunningShop) -> None:
    _, payment_id = sound.gift_card()
    sound.mollie.pay(payment_id, amount={"currency": "EUR", "value": "0.50"})
    assert sound.post_bytes("/webhooks/mollie", f"id={payment_id}", {}).status_code == 200
    assert sound.balance() == 0
    assert sound.post_bytes("/webhooks/mollie", "nothing=1", {}).status_code == 400


@pytest.mark.parametrize(("name", "status"), [("sound-shop", "delivered"), ("leaky-shop", "shipped")])
def test_an_order_is_delivered_when_the_carrier_says_so_in_the_sound_shop(tmp_path: Path, name: str, status: str) -> None:
    with running(name, tmp_path) as shop:
        placed = shop.paid_order()
        shop.post(f"/admin/orders/{placed.id}/ship", {"tracking_code": "EZ1"}, STAFF)
        event = shop.parcel("EZ1", "delivered")
        for _ in range(2):
            assert shop.deliver_carrier(event).status_code == 200
        assert shop.status(placed) == status
        assert (shop.cache.seconds[f"carrier-event:{event['id']}"] >= 24 * 3600) == (name == "sound-shop")


@pytest.mark.parametrize(("name", "answer"), [("sound-shop", 409), ("leaky-shop", 200)])
def test_an_unpaid_order_is_shipped_by_the_leaky_shop(tmp_path: Path, name: str, answer: int) -> None:
    with running(name, tmp_path) as shop:
        assert shop.post(f"/admin/orders/{shop.order().id}/ship", headers=STAFF).status_code == answer


@pytest.mark.parametrize(("name", "status"), [("sound-shop", "partly_paid"), ("leaky-shop", "paid")])
def test_a_part_that_is_captured_pays_the_whole_in_the_leaky_shop(tmp_path: Path, name: str, status: str) -> None:
    with running(name, tmp_path) as shop:
        placed = shop.authorized_order()
        assert shop.post(f"/admin/orders/{placed.id}/capture", {"amount_cents": 1000}, STAFF).status_code == 200
        assert shop.status(placed) == status


def test_the_sound_shop_captures_no_more_than_is_held_and_only_once(sound: RunningShop) -> None:
    placed = sound.authorized_order()
    capture = f"/admin/orders/{placed.id}/capture"
    assert sound.post(capture, {"amount_cents": placed.total_cents + 1}, STAFF).status_code == 409
    assert sound.post(capture, {"amount_cents": 1000}, STAFF).status_code == 200
    assert sound.post(capture, {"amount_cents": 1000}, STAFF).status_code == 409
    assert sound.deliver_stripe(sound.succeeded(placed, amount_received=1000)).status_code == 200
    assert sound.status(placed) == "partly_paid"
    assert sound.attention(placed) is None


def test_credits_of_the_sound_shop_end_at_what_was_paid(sound: RunningShop) -> None:
    placed = sound.paid_order()
    credit = f"/admin/orders/{placed.id}/credit"
    assert sound.post(credit, {"amount_cents": 500, "reason": "late"}, STAFF).status_code == 201
    assert sound.post(credit, {"amount_cents": placed.total_cents - 499, "reason": "late"}, STAFF).status_code == 409
    assert sound.rows("SELECT refunded_cents FROM orders") == [(500,)]
    assert [refund["amount"] for refund in sound.stripe.refunds] == [500]


def test_credits_of_the_leaky_shop_have_no_end_and_lose_a_cent(leaky: RunningShop) -> None:
    placed = leaky.paid_order()
    for _ in range(2):
        assert leaky.post(f"/admin/orders/{placed.id}/credit", {"amount": 19.99, "reason": "late"}, STAFF).status_code == 201
    assert [refund["amount"] for refund in leaky.stripe.refunds] == [1998, 1998]
    assert leaky.rows("SELECT refunded_cents FROM orders") == [(0,)]


@pytest.mark.parametrize("name", ["sound-shop", "leaky-shop"])
def test_what_the_erp_says_in_vain_is_put_aside_by_the_sound_shop(tmp_path: Path, name: str) -> None:
    with running(name, tmp_path) as shop:
        shop.partners.stock = [
            {"default_code": "NO-SUCH", "qty_available": 1},
            {"default_code": "TEAPOT", "qty_available": "a few"},
            {"default_code": "MUG-BLUE", "qty_available": 3},
        ]
        report = shop.post("/admin/stock/sync", headers=STAFF).json()
        assert shop.rows("SELECT stock FROM products WHERE sku = 'MUG-BLUE'") == [(3,)]
        if name == "sound-shop":
            assert report == {"updated": 1, "failed": ["NO-SUCH", "TEAPOT"]}
            assert shop.rows("SELECT sku FROM sync_failures") == [("NO-SUCH",), ("TEAPOT",)]
        else:
            assert report == {"updated": 2}


def test_the_leaky_shop_keeps_the_card_of_somebody_on_the_telephone(leaky: RunningShop) -> None:
    card = {"card_number": "4242 4242 4242 4242", "exp_month": 12, "exp_year": 2030, "cvc": "123"}
    order = {"email": "buyer@example.com", "items": [{"product_id": 1, "quantity": 1, "unit_price_cents": 1450}], **card}
    assert leaky.post("/admin/phone-orders", order, STAFF).status_code == 201
    assert leaky.rows("SELECT card_number FROM phone_cards") == [("4242 4242 4242 4242",)]


def test_the_sound_shop_asks_somebody_on_the_telephone_for_no_card(sound: RunningShop) -> None:
    order = {"email": "buyer@example.com", "items": [{"product_id": 1, "quantity": 1}]}
    assert sound.post("/admin/phone-orders", order, STAFF).json()["total_cents"] == 1450 + 490


def test_refunds_made_at_the_provider_are_recorded(sound: RunningShop) -> None:
    placed = sound.paid_order()
    charge = {"id": "ch_1", "object": "charge", "payment_intent": placed.payment_id, "amount_refunded": 500}
    event = {**sound.succeeded(placed), "type": "charge.refunded", "data": {"object": charge}}
    assert sound.deliver_stripe(event).status_code == 200
    assert sound.rows("SELECT refunded_cents FROM orders") == [(500,)]
    returned = sound.post("/returns", {"order": placed.reference, "line_id": 1, "quantity": 1}).json()
    # 1450 are asked for, and 1940 - 500 are left.
    assert sound.post(f"/admin/returns/{returned['id']}/approve", headers=STAFF).status_code == 409
    assert sound.stripe.refunds == []
    by_paypal = sound.paid_order(provider="paypal")
    resource = {
        "links": [{"rel": "up", "href": f"https://paypal.test/v2/payments/captures/CAP-{by_paypal.payment_id}"}],
        "seller_payable_breakdown": {"total_refunded_amount": {"value": "19.40", "currency_code": "EUR"}},
    }
    event = {"id": "WH-refund", "event_type": "PAYMENT.CAPTURE.REFUNDED", "resource": resource}
    assert sound.deliver_paypal(event, "genuine").status_code == 200
    assert sound.status(by_paypal) == "refunded"
