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
