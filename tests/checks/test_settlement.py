"""Who hears that a payment succeeded, beyond the examples of the pages."""

from pathlib import Path

import pytest

from tests.checks.test_examples import review_of
from tillproof.checks.pages import Example

CHECK = "payment/no-settlement-webhook"
SHOP = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const app = express();
app.post('/pay', async (req, res) => res.json(await stripe.MADE));
REST
"""
SESSION = "checkout.sessions.create({ mode: 'MODE', METHODS line_items: [{ price: 'p', quantity: 1 }], success_url: '/' })"
HOOK = """\
app.post('/webhook', express.raw({ type: '*/*' }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.SECRET);
  if (event.type === 'EVENT') { await require('./orders').settle(event.data.object); }
  res.json({});
});
"""


def rulings(tmp_path: Path, made: str, rest: str, **more: str) -> list[tuple[str, str]]:
    """Outcome and severity of the check's rulings."""
    files = {"server.js": SHOP.replace("MADE", made).replace("REST", rest), "orders.js": "exports.settle = async () => {};\n", **more}
    report = review_of(Example(title="", files=files, expect=[]), tmp_path, CHECK)
    found = {(f.file, f.start_line): f.severity for f in report.findings if f.check == CHECK}
    severity = next(iter(found.values()), "")
    return [(o.ruling, severity if o.ruling == "broken" else "") for o in report.obligations if o.check == CHECK]


INTENT = "paymentIntents.create({ amount: 100, currency: 'eur' })"


@pytest.mark.parametrize(
    ("made", "event", "expected"),
    [
        (INTENT, "payment_intent.succeeded", ("held", "")),
        (INTENT, "charge.succeeded", ("held", "")),
        (INTENT, "checkout.session.completed", ("broken", "high")),
        (INTENT, "payment_intent.payment_failed", ("broken", "high")),
        (SESSION.replace("MODE", "payment").replace("METHODS", ""), "checkout.session.completed", ("broken", "medium")),
        (SESSION.replace("MODE", "payment").replace("METHODS", ""), "payment_intent.succeeded", ("held", "")),
        (SESSION.replace("MODE", "subscription").replace("METHODS", ""), "checkout.session.completed", ("held", "")),
        (
            SESSION.replace("MODE", "payment").replace("METHODS", "payment_method_types: ['card'],"),
            "checkout.session.completed",
            ("held", ""),
        ),
        (
            SESSION.replace("MODE", "payment").replace("METHODS", "payment_method_types: ['card', 'sepa_debit'],"),
            "checkout.session.completed",
            ("broken", "medium"),
        ),
    ],
)
def test_the_event_must_settle_what_is_created(tmp_path: Path, made: str, event: str, expected: tuple[str, str]) -> None:
    assert rulings(tmp_path, made, HOOK.replace("EVENT", event)) == [expected]


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("", ("broken", "high")),
        ("app.post('/webhooks/:source', (req, res) => require('./orders').settle(req.body));", ("unknown", "")),
        ("app.post('/webhooks/incoming', (req, res) => require('./orders').note(req.body));", ("unknown", "")),
        ("app.post('/webhooks/incoming', (req, res) => res.end());", ("broken", "high")),
        ("app.post('/webhooks/shopify', (req, res) => res.end());", ("broken", "high")),
        ("app.post('/notifications', (req, res) => require('./orders').settle(req.body));", ("unknown", "")),
        ("app.get('/notifications', (req, res) => res.end()).post('/notifications', (req, res) => res.json({}));", ("broken", "high")),
    ],
)
def test_without_a_webhook_of_the_provider(tmp_path: Path, rest: str, expected: tuple[str, str]) -> None:
    assert rulings(tmp_path, INTENT, rest) == [expected]


def test_a_package_that_takes_webhooks_is_asked_about_where_it_is_used(tmp_path: Path) -> None:
    auth = {"auth.js": "import { stripe } from '@better-auth/stripe';\nexport const plugins = [stripe({})];\n"}
    assert rulings(tmp_path / "used", INTENT, "", **auth) == [("unknown", "")]
    declared = {"package.json": '{"dependencies": {"@better-auth/stripe": "1"}}'}
    assert rulings(tmp_path / "declared", INTENT, "", **declared) == [("broken", "high")]


def test_an_address_for_notifications_is_asked_about(tmp_path: Path) -> None:
    code = """\
import mercadopago
from fastapi import FastAPI

app = FastAPI()
sdk = mercadopago.SDK("token")


@app.post("/pay")
def pay():
    return sdk.preference().create({"items": [], "back_urls": {"success": "/done"}ADDRESS})
"""
    for address, expected in ((', "notification_url": "https://shop.example/process"', "unknown"), ("", "broken")):
        files = {"app.py": code.replace("ADDRESS", address)}
        report = review_of(Example(title="", files=files, expect=[]), tmp_path / expected, CHECK)
        assert [o.ruling for o in report.obligations if o.check == CHECK] == [expected]


HEARD = """\
<?php
/* Plugin Name: Connect */
namespace Shop;
class Connect {
    public function __construct() {
        add_action( 'woocommerce_api_ROUTE', array( $this, 'NAME' ) );
    }
    public function NAME() {
        $body = file_get_contents( 'php://input' );
        $mac  = hash_hmac( 'sha256', $body, get_option( 'connect_secret_key' ) );
        if ( ! hash_equals( $mac, $_SERVER['HTTP_X_SIGNATURE'] ?? '' ) ) {
            wp_die( 'no', 403 );
        }
        $told  = json_decode( $body, true );
        $order = wc_get_order( $told['reference'] );
        if ( $told['state'] === 'paid' ) {
            $order->payment_complete( $told['id'] );
        }
        wp_die( 'ok', 200 );
    }
    public function pay( $order ) {
        $stripe = new \\Stripe\\StripeClient( get_option( 'connect_secret_key' ) );
        $lines = [ [ 'price' => 'p', 'quantity' => 1 ] ];
        return $stripe->checkout->sessions->create( [ 'mode' => 'payment', 'success_url' => '/', 'line_items' => $lines ] );
    }
}
new Connect();
"""


@pytest.mark.parametrize(
    ("route", "name", "outcome"),
    [("sp_notif", "notification", "unknown"), ("connect_notif", "connect_notification", "broken")],
)
def test_a_hook_that_only_its_class_names_may_be_the_providers_own(tmp_path: Path, route: str, name: str, outcome: str) -> None:
    files = {"src/Connect.php": HEARD.replace("ROUTE", route).replace("NAME", name)}
    report = review_of(Example(title="", files=files, expect=[]), tmp_path, CHECK)
    assert [o.ruling for o in report.obligations if o.check == CHECK] == [outcome]


_READ = "app.get('/api/notifications/key', (q, r) => r.json({}));\napp.post('/api/notifications/subscribe', (q, r) => r.json(q.body));"


@pytest.mark.parametrize(
    ("routes", "outcome"),
    [(_READ, "broken"), ("app.post('/api/notifications', (q, r) => require('./orders').settle(q.body));", "unknown")],
    ids=["kept for people who read them", "taken from whoever sends them"],
)
def test_notifications_for_people_are_nobodys_messages(tmp_path: Path, routes: str, outcome: str) -> None:
    assert [o for o, _ in rulings(tmp_path, INTENT, routes)] == [outcome]
