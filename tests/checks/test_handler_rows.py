"""What the report says of handlers: how far the sender is proven, and for which of the orders in hand."""

from pathlib import Path

import pytest

from tests.checks.test_examples import review_of
from tillproof.checks.pages import Example
from tillproof.review import review
from tillproof.settings import Settings

CONFIRM = """\
const express = require('express');
const crypto = require('crypto');
const Razorpay = require('razorpay');
const Order = require('mongoose').model('Order');
const client = new Razorpay({ key_id: process.env.KEY, key_secret: process.env.SECRET });
const app = express();
app.use(express.json());
app.post('/pay', async (req, res) => res.json(await client.orders.create({ amount: 100, currency: 'INR' })));
app.post('/payment/verify', async (req, res) => {
  const { razorpay_order_id, razorpay_payment_id, razorpay_signature } = req.body;
  const order = await FOUND;
  const expected = crypto.createHmac('sha256', process.env.SECRET).update(`${SIGNED}|${razorpay_payment_id}`).digest('hex');
  if (expected !== razorpay_signature) return res.status(400).end();
  order.status = 'paid';
  await order.save();
  res.json({});
});
"""


def verified(tmp_path: Path, files: dict[str, str]) -> dict[str, str]:
    report = review_of(Example(title="", files=files, expect=[]), tmp_path, "payment/webhook-unverified")
    return {handler.file + ":" + str(handler.line): handler.verified for handler in report.handlers}


@pytest.mark.parametrize(
    ("found", "signed", "expected"),
    [
        ("Order.findById(req.body.orderId)", "razorpay_order_id", "weak"),
        ("Order.findOne({ razorpay: razorpay_order_id })", "razorpay_order_id", "yes"),
        ("Order.findById(req.body.orderId)", "order.razorpay", "yes"),
    ],
)
def test_a_genuine_signature_is_bound_to_the_order(tmp_path: Path, found: str, signed: str, expected: str) -> None:
    files = {"server.js": CONFIRM.replace("FOUND", found).replace("SIGNED", signed)}
    assert verified(tmp_path, files) == {"server.js:9": expected}


TOKEN = """\
<?php
namespace App\\Http;
use Firebase\\JWT\\JWT;
use Firebase\\JWT\\Key;
use App\\Models\\Order;
class Callback {
  public function take($request) {
    $claims = $this->claims($request);
    try { $this->settle($claims); } catch (\\Throwable $e) { report($e); }
    return redirect('/thanks?ref=' . ($claims['ref'] ?? ''));
  }
  private function claims($request) {
    $token = $request->input('x-gl-token');
    if (! $token) { return []; }
    return $this->open($token) ?? [];
  }
  private function open($token) {
    try { return (array) JWT::decode($token, new Key(config('payglocal.key'), 'RS256')); } catch (\\Exception $e) { return null; }
  }
  private function settle(array $claims) {
    $id = $claims['merchantTxnId'] ?? null;
    if (! $id) { return; }
    $order = Order::find($id);
    $order->status = 'paid';
    $order->save();
  }
}
"""
ROUTES = "<?php\nuse Illuminate\\Support\\Facades\\Route;\nRoute::post('/payglocal/callback', 'App\\Http\\Callback@take');\n"


def test_what_a_verifier_gives_in_case_of_failure_holds_nothing_of_the_message(tmp_path: Path) -> None:
    files = {"artisan": "", "composer.json": '{"require": {"x/payglocal": "1"}}', "app/Http/Callback.php": TOKEN, "routes/web.php": ROUTES}
    assert verified(tmp_path, files) == {"app/Http/Callback.php:7": "yes"}


RETURN = """\
import { pool, select, update } from './db';
export default async (request, response) => {
  const order = await select().from('order').where('uuid', '=', request.params.order_id).and(SECOND).load(pool);
  if (order) { await update('cart').given({ status: 1 }).where('cart_id', '=', order.cart_id).execute(pool); }
  response.redirect(302, '/checkout');
};
"""
PAYPAL = "export const start = () => fetch('https://api-m.paypal.com/v2/checkout/orders', { method: 'POST', body: '{}' });\n"


@pytest.mark.parametrize(("second", "expected"), [("'paypal_id', '=', request.query.token", "yes"), ("'status', '=', 'pending'", "no")])
def test_two_pieces_of_the_request_that_must_belong_together(tmp_path: Path, second: str, expected: str) -> None:
    folder = "modules/pay/pages/paypalCancel"
    files = {
        f"{folder}/index.ts": RETURN.replace("SECOND", second),
        f"{folder}/route.json": '{"methods": ["GET"], "path": "/paypal/stopped/:order_id"}',
        f"{folder}/db.ts": "export const pool = 1;\nexport const select = query;\nexport const update = query;\n",
        "modules/pay/start.ts": PAYPAL,
        "server.ts": "import express from 'express';\nexport const app = express();\n",
    }
    assert verified(tmp_path, files) == {f"{folder}/index.ts:2": expected}


WEBHOOK = """\
import stripe
from flask import Flask, request
from models import Event, Order, Wallet, db
app = Flask(__name__)
@app.post("/webhooks/stripe")
def webhook():
    event = stripe.Webhook.construct_event(request.get_data(), request.headers["Stripe-Signature"], "secret")
    order = ORDER
    BODY
    db.session.commit()
    return "", 200
"""
MODELS = """\
from flask_sqlalchemy import SQLAlchemy
db = SQLAlchemy()
class Order(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    status = db.Column(db.String(20))
class Wallet(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    balance = db.Column(db.Integer)
"""
READ = "Order.query.filter_by(id=event.data.object.metadata.order).first()"
CREDIT = "wallet = Wallet.query.get(1); wallet.balance = wallet.balance + event.data.object.amount"


@pytest.mark.parametrize(
    ("order", "body", "expected"),
    [
        (READ, CREDIT, "no"),
        (READ, f"if order.status != 'paid':\n        order.status = 'paid'; {CREDIT}", "racy"),
        (
            READ.replace(".first", ".with_for_update().first"),
            f"if order.status != 'paid':\n        order.status = 'paid'; {CREDIT}",
            "state-guard",
        ),
        (READ, "order.status = 'paid'", "state-guard"),
        (READ, "print(order)", "unknown"),
    ],
)
def test_the_row_says_what_a_second_delivery_meets(tmp_path: Path, order: str, body: str, expected: str) -> None:
    code = WEBHOOK.replace("ORDER", order).replace("BODY", body)
    report = review_of(Example(title="", files={"app.py": code, "models.py": MODELS}, expect=[]), tmp_path, "payment/webhook-unverified")
    assert [handler.dedup for handler in report.handlers] == [expected]


LOGGED = """\
const express = require('express');
const crypto = require('crypto');
const { Product } = require('./models');
const app = express();
app.use(GUARD);
app.use('/hooks', express.raw({ type: '*/*' }));
app.use(express.json());
app.post('/products', async (req, res) => res.json(await Product.create({ title: req.body.title })));
app.post('/hooks', async (req, res) => {
  const sum = crypto.createHmac('sha256', process.env.SHOPIFY_WEBHOOK_SECRET).update(req.body).digest('base64');
  if (sum !== req.get('x-shopify-hmac-sha256')) return res.status(401).end();
  await Product.update(JSON.parse(req.body), { where: { topic: req.get('x-shopify-topic') } });
  res.json({});
});
"""


@pytest.mark.parametrize(
    ("guard", "expected"),
    [
        ("(req, res, next) => { if (res.statusCode >= 400) console.log(req.path, req.get('x-shopify-topic')); next(); }", {"server.js:9"}),
        ("(req, res, next) => (req.get('x-shopify-topic') ? next() : res.status(403).end())", {"server.js:8", "server.js:9"}),
    ],
)
def test_what_runs_before_every_route_tells_nothing_of_one_unless_it_turns_senders_away(
    tmp_path: Path, guard: str, expected: set[str]
) -> None:
    models = (
        "const { Sequelize } = require('sequelize');\nconst db = new Sequelize('shop');\nexports.Product = db.define('products', {});\n"
    )
    files = {
        "server.js": LOGGED.replace("GUARD", guard),
        "models.js": models,
        "package.json": '{"dependencies": {"@shopify/shopify-api": "9"}}',
    }
    assert set(verified(tmp_path, files)) == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [("Order.findById(req.body.order)", "weak"), ("Order.findOne({ razorpay: orderId })", "yes")],
)
def test_what_the_provider_signed_may_come_under_names_of_the_page_s_own(tmp_path: Path, found: str, expected: str) -> None:
    page = (
        CONFIRM.replace("{ razorpay_order_id, razorpay_payment_id, razorpay_signature }", "{ orderId, paymentId, signature }")
        .replace("/payment/verify", "/order/verify-payment")
        .replace("SIGNED", "orderId")
        .replace("razorpay_payment_id", "paymentId")
        .replace("razorpay_signature", "signature")
    )
    report = review_of(
        Example(title="", files={"server.js": page.replace("FOUND", found)}, expect=[]), tmp_path, "payment/fulfil-on-redirect"
    )
    assert {h.line: h.verified for h in report.handlers} == {9: expected}
    assert not report.findings


def test_a_sign_in_that_reads_its_own_session_id_comes_back_from_no_payment(tmp_path: Path) -> None:
    code = """\
import stripe
from flask import Flask, redirect, request

app = Flask(__name__)


@app.post("/pay")
def pay():
    return redirect(stripe.checkout.Session.create(mode="payment", line_items=[{"price": "p", "quantity": 1}]).url)


@app.get("/sso/callback")
def back():
    kept = request.cookies.get("session_id")
    return kept or "nobody"
"""
    (tmp_path / "app.py").write_text(code, encoding="utf-8")
    assert review(tmp_path, Settings(use_cache=False)).handlers == []


NAMED = """\
const express = require('express');
const crypto = require('crypto');
const Order = require('mongoose').model('Order');
const app = express();
app.use(express.json({ verify: (req, res, buf) => { req.rawBody = buf; } }));
app.post('/api/payment/webhook', async (req, res) => {
  const made = crypto.createHmac('sha256', process.env.HOOK_SECRET).update(req.rawBody).digest('hex');
  if (made !== req.headers['x-omise-signature']) return res.status(401).end();
  const charge = req.body.data;
  switch (req.body.key) {
    case 'charge.complete': await Order.updateOne({ charge: charge.id }, { $set: { status: 'paid' } }); break;
    case 'charge.failed': case 'charge.pending': case 'charge.expired':
      await Order.updateOne({ charge: charge.id }, { $set: { status: 'open' } });
  }
  res.json({});
});
"""


def test_a_header_that_bears_a_name_says_whose_message_it_is(tmp_path: Path) -> None:
    example = Example(title="", files={"server.js": NAMED}, expect=[])
    report = review_of(example, tmp_path, "payment/webhook-unverified")
    assert [(h.provider, h.verified) for h in report.handlers] == [("omise", "yes")]


_CONTROLLER = """\
const Razorpay = require('razorpay');
const crypto = require('crypto');
const Order = require('mongoose').model('Order');
class Payments {
  async verify(req, res) {
    const { razorpay_order_id, razorpay_payment_id, razorpay_signature } = req.body;
    const mine = crypto.createHmac('sha256', process.env.SECRET).update(`${razorpay_order_id}|${razorpay_payment_id}`).digest('hex');
    if (mine !== razorpay_signature) return res.status(400).end();
    await Order.updateOne({ razorpay: razorpay_order_id }, { status: 'paid' });
    res.json({});
  }
}
module.exports = new Payments();
"""


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        ("payments.verify", "payments.js:5"),
        ("(req, res) => payments.verify(req, res)", "payments.js:5"),
        ("(req, res, next) => payments.verify(req, res).catch(next)", "payments.js:5"),
        ("async (req, res) => { await payments.verify(req, res); }", "payments.js:5"),
        ("(req, res) => { if (!req.user) return res.status(401).end(); payments.verify(req, res); }", "server.js:4"),
        ("(req, res) => payments.verify({ body: req.body.payment }, res)", "server.js:4"),
    ],
)
def test_a_route_that_only_calls_the_controller_is_an_address_of_it(tmp_path: Path, handler: str, expected: str) -> None:
    server = "const express = require('express');\nconst payments = require('./payments');\nconst app = express();\n"
    files = {"server.js": f"{server}app.post('/payment/verify', {handler});\n", "payments.js": _CONTROLLER}
    assert ("server.js:4" in verified(tmp_path, files)) is (expected == "server.js:4")
    assert expected in verified(tmp_path, files)
