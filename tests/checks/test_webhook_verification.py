"""What lets a message past its verification, and what does not, beyond the examples of the pages."""

from pathlib import Path

import pytest

from tests.checks.test_examples import review_of
from tillproof.checks.pages import Example

WEAK = "payment/webhook-weak-verification"
UNVERIFIED = "payment/webhook-unverified"

EXPRESS = """const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const Order = require('./order');
const app = express();
{before}
app.post('/webhook', {own}async (req, res) => {{
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.STRIPE_WEBHOOK_SECRET);
  if (event.type === 'checkout.session.completed') {{
    await Order.updateOne({{ _id: event.data.object.client_reference_id }}, {{ status: 'paid' }});
  }}
  res.json({{ ok: true }});
}});
"""
ORDER = "const mongoose = require('mongoose');\nmodule.exports = mongoose.model('Order', new mongoose.Schema({ status: String }));\n"

FLASK = """import os
import stripe
from flask import Flask, request
from models import Order, db

app = Flask(__name__)

@app.post("/webhook")
def webhook():
{head}
    if event["type"] == "payment_intent.succeeded":
        Order.query.filter_by(intent=event["data"]["object"]["id"]).update({{"status": "paid"}})
        db.session.commit()
    return ""
"""


def findings(tmp_path: Path, files: dict[str, str]) -> list[tuple[str, str, int, str]]:
    report = review_of(Example(title="", files=files, expect=[]), tmp_path, WEAK, UNVERIFIED)
    return [(f.check, f.file, f.start_line, f.severity) for f in report.findings if f.check in (WEAK, UNVERIFIED)]


@pytest.mark.parametrize(
    ("before", "own", "found"),
    [
        ("app.use(express.json());", "", True),
        ("app.use(express.json());", "express.raw({ type: '*/*' }), ", True),
        ("", "express.raw({ type: '*/*' }), ", False),
        ("app.use('/webhook', express.raw({ type: '*/*' }));\napp.use(express.json());", "", False),
        ("app.use(express.urlencoded({ extended: true }));", "express.raw({ type: '*/*' }), ", False),
        ("app.use(express.urlencoded({ extended: true }));\napp.use(express.json());", "express.raw({ type: '*/*' }), ", True),
    ],
)
def test_the_first_parser_on_a_route_decides(tmp_path: Path, before: str, own: str, found: bool) -> None:
    files = {"server.js": EXPRESS.format(before=before, own=own), "order.js": ORDER}
    assert [check for check, *_ in findings(tmp_path, files)] == ([WEAK] if found else [])


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (
            (
                '    secret = os.environ.get("SECRET")\n    sent = request.headers.get("Stripe-Signature")\n    event = request.json\n'
                "    if secret:\n        if sent:\n            event = stripe.Webhook.construct_event(request.data, sent, secret)"
            ),
            [(WEAK, "app.py", 14, "critical")],
        ),
        (
            (
                '    secret = os.environ.get("SECRET")\n    event = request.get_json()\n    if secret:\n'
                '        event = stripe.Webhook.construct_event(request.data, request.headers["Stripe-Signature"], secret)'
            ),
            [(WEAK, "app.py", 12, "high")],
        ),
        (
            (
                '    event = request.get_json()\n    if event["type"] == "ping":\n        return "pong"\n'
                '    event = stripe.Webhook.construct_event(request.data, request.headers["Stripe-Signature"], os.environ["SECRET"])'
            ),
            [],
        ),
    ],
)
def test_a_bypass_is_reported_once_at_its_branch(tmp_path: Path, head: str, expected: list[tuple[str, str, int, str]]) -> None:
    assert findings(tmp_path, {"app.py": FLASK.format(head=head)}) == expected


@pytest.mark.parametrize(
    ("unchecked", "severity"),
    [
        ('os.environ.get("REHEARSAL") or sent is None', "critical"),
        ('not (sent and os.environ.get("SECRET"))', "critical"),
        ('os.environ.get("REHEARSAL") and sent is None', "high"),
        ('os.environ.get("REHEARSAL") or stripe.api_key == "none"', "high"),
    ],
)
def test_who_decides_by_a_condition_that_a_variable_holds(tmp_path: Path, unchecked: str, severity: str) -> None:
    head = (
        f'    sent = request.headers.get("Stripe-Signature")\n    unchecked = {unchecked}\n'
        "    if unchecked:\n        event = request.json\n"
        '    else:\n        event = stripe.Webhook.construct_event(request.data, sent, os.environ["SECRET"])'
    )
    assert findings(tmp_path, {"app.py": FLASK.format(head=head)}) == [(WEAK, "app.py", 12, severity)]


SIGNED = """\
<?php
class Signature {{
  public function verify($body, $sent, $secret) {{
    $expected = hash_hmac('sha256', $body, $secret);
    $same = hash_equals($expected, $sent);
    if ({condition}) {{ throw new Exception('forged'); }}
  }}
}}
"""
HOOK = """\
<?php
add_action('woocommerce_api_razorpay_webhook', function () {
  $body = file_get_contents('php://input');
  $check = new Signature();
  $check->verify($body, $_SERVER['HTTP_X_RAZORPAY_SIGNATURE'], get_option('secret'));
  $event = json_decode($body, true);
  if ($event['event'] === 'payment.captured') { wc_get_order($event['order'])->payment_complete(); }
});
"""


@pytest.mark.parametrize(("condition", "found"), [("$same === false", []), ("!$same", []), ("$same === true", ["critical"])])
def test_what_a_comparison_answered_is_no_comparison_of_digests(tmp_path: Path, condition: str, found: list[str]) -> None:
    files = {"signature.php": SIGNED.format(condition=condition), "hook.php": HOOK}
    assert [severity for *_, severity in findings(tmp_path, files)] == found


BY_NAME = """\
<?php
class Ledger { public function bookIncoming($event) { wc_get_order($event['order'])->payment_complete(); } }
"""
LOOSE = """\
<?php
class Hook {
  public $ledger;
  public function run() {
    $event = json_decode(file_get_contents('php://input'), true);
    if (!isset($_SERVER['HTTP_X_RAZORPAY_SIGNATURE'])) { wp_die(); }
    $this->ledger->bookIncoming($event);
  }
}
add_action('woocommerce_api_razorpay_webhook', [new Hook(), 'run']);
"""


def test_a_way_through_a_call_known_by_its_name_alone_is_a_question(tmp_path: Path) -> None:
    example = Example(title="", files={"ledger.php": BY_NAME, "hook.php": LOOSE}, expect=[])
    report = review_of(example, tmp_path, UNVERIFIED)
    assert [(o.ruling, o.because.line if o.because else 0) for o in report.obligations if o.check == UNVERIFIED] == [("unknown", 7)]


LISTENER = """\
<?php
add_action('init', function () {
  if (($_GET['listener'] ?? '') === 'ipn') { do_action('shop_verify_ipn', $_POST); }
});
add_action('shop_verify_ipn', 'shop_take_ipn');
function shop_take_ipn($data) {
  $answer = wp_remote_post(apply_filters('shop_ipn_address', 'https://ipnpb.paypal.com/cgi-bin/webscr'), ['body' => $data]);
  if ({condition}) { return; }
  do_action('shop_paypal_' . $data['txn_type'], $data);
}
add_action('shop_paypal_web_accept', function ($data) {
  if ($data['payment_status'] === 'Completed') { wc_get_order($data['custom'])->payment_complete($data['txn_id']); }
});
"""


@pytest.mark.parametrize(
    ("condition", "found"),
    [("strtoupper(trim(wp_remote_retrieve_body($answer))) !== 'VERIFIED'", []), ("is_wp_error($answer)", ["critical"])],
)
def test_hooks_that_our_own_code_sets_off_belong_to_the_request(tmp_path: Path, condition: str, found: list[str]) -> None:
    assert [severity for *_, severity in findings(tmp_path, {"plugin.php": LISTENER.replace("{condition}", condition)})] == found


LOOSE_HOOK = """\
import type { Webhook } from 'framework/server';
import { stripe } from './stripe';
import { orders } from './orders';
export const stripeWebhook: Webhook = async (request, response) => {
  const event = VERIFIED;
  if (event.type === 'payment_intent.succeeded') { await orders.update({ where: { intent: event.data.object.id }, data: { paid: true } }); }
  return response.json({ ok: true, by: request.headers['stripe-signature'] });
};
"""
STRIPE = "import Stripe from 'stripe';\nexport const stripe = new Stripe(process.env.STRIPE_KEY);\n"


@pytest.mark.parametrize(
    ("verified", "found"),
    [
        ("stripe.webhooks.constructEvent(request.body, request.headers['stripe-signature'], process.env.SECRET)", []),
        ("JSON.parse(request.body)", ["critical"]),
    ],
)
def test_a_handler_to_which_no_route_is_seen_is_known_by_what_it_does(tmp_path: Path, verified: str, found: list[str]) -> None:
    files = {"src/webhook.ts": LOOSE_HOOK.replace("VERIFIED", verified), "src/stripe.ts": STRIPE}
    assert [severity for *_, severity in findings(tmp_path, files)] == found


_INSISTS = """<?php
namespace App\\Http\\Controllers;
use App\\Models\\Order;
use Illuminate\\Http\\Request;
class StripeWebhookController
{
    public function __invoke(Request $request)
    {
        PROOF
        abort_unless($known, 403);
        Order::where('intent', $request->input('data.object.id'))->update(['status' => 'paid']);
    }
}
"""
_ROUTE = """<?php
use App\\Http\\Controllers\\StripeWebhookController;
use Illuminate\\Support\\Facades\\Route;
Route::post('/webhooks/stripe', StripeWebhookController::class);
"""
_PAID = "<?php\nnamespace App\\Models;\nuse Illuminate\\Database\\Eloquent\\Model;\nclass Order extends Model {}\n"
_DIGEST = "hash_equals(hash_hmac('sha256', $request->getContent(), config('services.stripe.secret')), $request->header('Stripe-Signature'))"


@pytest.mark.parametrize(
    ("proof", "found"),
    [
        ("$known = Order::where('intent', $request->input('data.object.id'))->exists();", [UNVERIFIED]),
        (f"$known = {_DIGEST};", []),
    ],
)
def test_what_is_insisted_on_in_the_block_that_makes_it(tmp_path: Path, proof: str, found: list[str]) -> None:
    files = {
        "app/Http/Controllers/StripeWebhookController.php": _INSISTS.replace("PROOF", proof),
        "app/Models/Order.php": _PAID,
        "routes/api.php": _ROUTE,
    }
    assert [f[0] for f in findings(tmp_path, files)] == found


_FRAPPE_HOOK = """import base64
import hashlib
import hmac
import json

import frappe

from erp_sync.journal import note


@frappe.whitelist(allow_guest=True)
def shopify_order():
    signature = frappe.get_request_header("X-Shopify-Hmac-Sha256")
    secret = frappe.get_doc("Shopify Setting").get_password("shared_secret")
    made = base64.b64encode(hmac.new(secret.encode(), frappe.request.data, hashlib.sha256).digest())
    if not hmac.compare_digest(made, signature.encode()):
        note(status="Error", request_data=frappe.request.data)
        END
    payload = json.loads(frappe.request.data)
    frappe.get_doc({"doctype": "Sales Order", "shopify_id": payload["id"], "status": "Paid"}).insert()
"""
_FRAPPE_LOG = """import frappe


def note(**what):
    row = frappe.get_doc({"doctype": "Integration Log", "integration": "Shopify"})
    row.insert(ignore_permissions=True)
    row.status = what["status"]
    row.request_data = what["request_data"]
    row.save(ignore_permissions=True)
"""


@pytest.mark.parametrize(("end", "found"), [('frappe.throw("Unverified")', []), ("pass", [WEAK])])
def test_a_line_in_a_log_about_what_was_refused_is_no_act(tmp_path: Path, end: str, found: list[str]) -> None:
    files = {"erp_sync/hooks_shopify.py": _FRAPPE_HOOK.replace("END", end), "erp_sync/journal.py": _FRAPPE_LOG}
    assert [f[0] for f in findings(tmp_path, files)] == found


ROUTES = """const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const Settings = require('./order');
const app = express();
app.{verb}('/api/stripe/{path}', async (req, res) => {{
  const endpoint = await stripe.webhookEndpoints.{call}(req.params.shop);
  await Settings.updateOne({{ shop: req.params.shop }}, {{ status: endpoint.status }});
  res.json({{ ok: true }});
}});
"""


@pytest.mark.parametrize(
    ("verb", "path", "call", "found"),
    [
        ("post", "webhook/register/:shop", "create", False),
        ("delete", "webhook/:shop", "del", False),
        ("post", "rebuild-webhook/:shop", "create", False),
        ("post", "webhook/:shop", "retrieve", True),
    ],
)
def test_having_a_webhook_registered_is_not_being_called_by_it(tmp_path: Path, verb: str, path: str, call: str, found: bool) -> None:
    files = {"server.js": ROUTES.format(verb=verb, path=path, call=call), "order.js": ORDER}
    assert bool(findings(tmp_path, files)) is found
