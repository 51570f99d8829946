"""Where a key may come from, and where the finding stands: small shops, reviewed whole."""

from pathlib import Path

import pytest

from tillproof.review import review
from tillproof.settings import Settings

INTERCEPTOR = """\
import axios from 'axios';
export function paypal(orderId) {
  const client = axios.create({ baseURL: 'https://api-m.paypal.com' });
  client.interceptors.request.use((config) => {
    %s
    return config;
  });
  return client;
}
export async function open(order) {
  return paypal(order.id).post('/v2/checkout/orders', { intent: 'CAPTURE' });
}
"""

SESSION = """\
import requests

def refund(order):
    session = requests.Session()
    session.headers.update({%s})
    return session.post("https://api-m.paypal.com/v2/payments/captures/" + order.capture_id + "/refund", json={"amount": order.total})
"""

BUILDER = """\
from paypalcheckoutsdk.orders import OrdersCreateRequest

def create(client, order):
    request = OrdersCreateRequest()
    %s
    return client.execute(request)
"""

CURL = """\
<?php
function open_order($order) {
    $ch = curl_init('https://api-m.paypal.com/v2/checkout/orders');
    curl_setopt($ch, CURLOPT_POSTFIELDS, json_encode(['intent' => 'CAPTURE']));
    curl_setopt($ch, CURLOPT_HTTPHEADER, ['Content-Type: application/json'%s]);
    return curl_exec($ch);
}
"""

WRAPPER = """\
<?php
class Api {
    public static function request($body, $api = 'charges') {
        $headers = ['Authorization' => 'Bearer ' . get_option('stripe_secret')];
        if ('charges' === $api) {
            $headers['Idempotency-Key'] = $body['order'] . '-charge';
        }
        return wp_remote_post('https://api.stripe.com/v1/' . $api, ['method' => 'POST', 'headers' => $headers, 'body' => $body]);
    }
    public static function request_for_order($body, $api, $order) {
        return self::request($body, $api);
    }
}
class Gateway {
    public function charge($order) {
        return Api::request(['order' => $order->get_id()], 'charges');
    }
    public function intent($order) {
        return Api::request_for_order(
            ['amount' => $order->get_total()],
            'payment_intents',
            $order
        );
    }
    public function again($order, $intent) {
        $endpoint = false !== $intent ? "payment_intents/$intent->id" : 'payment_intents';
        return Api::request_for_order(['amount' => $order->get_total()], $endpoint, $order);
    }
}
"""


def rulings(folder: Path, name: str, code: str, check: str = "idempotency/missing-key") -> list[tuple[str, int]]:
    (folder / name).write_text(code, encoding="utf-8")
    report = review(folder, Settings(use_cache=False))
    return sorted((o.ruling, o.site.line) for o in report.obligations if o.check == check)


@pytest.mark.parametrize(
    ("name", "code", "key", "line"),
    [
        ("shop.js", INTERCEPTOR, "config.headers['PayPal-Request-Id'] = `order-${orderId}`;", 11),
        ("shop.py", SESSION, '"PayPal-Request-Id": f"refund-{order.id}"', 6),
        ("shop.py", BUILDER, 'request.headers["PayPal-Request-Id"] = f"order-{order.id}"', 4),
        ("shop.php", CURL, ", 'PayPal-Request-Id: order-' . $order->id", 6),
    ],
)
def test_a_key_counts_wherever_the_request_gets_it(tmp_path: Path, name: str, code: str, key: str, line: int) -> None:
    assert rulings(tmp_path, name, code % key) == [("held", line)]
    nothing = {"shop.js": "config.timeout = 10;", "shop.py": "", "shop.php": ""}[name]
    assert rulings(tmp_path, name, code % (nothing or ("pass" if code is BUILDER else ""))) == [("broken", line)]


def test_a_key_that_is_set_on_one_path_only_is_not_enough(tmp_path: Path) -> None:
    code = BUILDER % 'if order.vip:\n        request.headers["PayPal-Request-Id"] = f"order-{order.id}"'
    assert rulings(tmp_path, "shop.py", code) == [("broken", 4)]


def test_a_wrapper_that_keys_one_path_is_ruled_at_the_callers_that_choose_it(tmp_path: Path) -> None:
    assert rulings(tmp_path, "gateway.php", WRAPPER) == [("broken", 19), ("broken", 27), ("held", 16)]


def test_a_random_interceptor_key_is_unstable(tmp_path: Path) -> None:
    code = INTERCEPTOR % "config.headers['PayPal-Request-Id'] = crypto.randomUUID();"
    assert rulings(tmp_path, "shop.js", code, "idempotency/unstable-key") == [("broken", 11)]


@pytest.mark.parametrize(("version", "severity"), [("^12.4.0", "high"), ("13.x", "medium"), ("latest", "medium")])
def test_an_sdk_that_adds_a_random_key_by_itself_lowers_the_severity(tmp_path: Path, version: str, severity: str) -> None:
    (tmp_path / "package.json").write_text(f'{{"dependencies": {{"stripe": "{version}"}}}}', encoding="utf-8")
    code = """\
import Stripe from 'stripe';
const stripe = new Stripe(process.env.K);
export const pay = (order) => stripe.refunds.create({ charge: order.charge });
"""
    (tmp_path / "pay.js").write_text(code, encoding="utf-8")
    findings = [f for f in review(tmp_path, Settings(use_cache=False)).findings if f.check == "idempotency/missing-key"]
    assert [f.severity for f in findings] == [severity]


def test_a_body_that_is_sealed_elsewhere_hides_a_key_that_is_a_field_of_it(tmp_path: Path) -> None:
    code = """\
<?php
use Illuminate\\Support\\Facades\\Http;
function start($order, $sealer) {
    $body = %s;
    return Http::withBody($body, 'text/plain')->post('https://api.payglocal.in/gl/v1/payments/initiate/paycollect');
}
"""
    assert rulings(tmp_path, "pay.php", code % "$sealer->seal(['merchantTxnId' => $order->number])") == [("held", 5)]
    assert rulings(tmp_path, "pay.php", code % "$sealer->seal($order)") == [("unknown", 5)]
    assert rulings(tmp_path, "pay.php", code % "['amount' => $order->total]") == [("broken", 5)]


def test_a_code_that_is_made_here_is_given_away_again(tmp_path: Path) -> None:
    """What is created under a code of its own is worth money to whoever gets it; a code that the customer sent is none."""
    found = {}
    for name, code in (("made", "draw()"), ("sent", "session.metadata.voucher")):
        files = {
            "server.js": f"""\
const app = require('express')();
const stripe = require('stripe')(process.env.STRIPE_SECRET_KEY);
const {{ randomBytes }} = require('crypto');
const {{ PrismaClient }} = require('@prisma/client');
const prisma = new PrismaClient();
const draw = () => `GIFT-${{randomBytes(6).toString('hex')}}`;
app.post('/hook', require('express').raw({{ type: '*/*' }}), async (req, res) => {{
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.STRIPE_WEBHOOK_SECRET);
  const session = event.data.object;
  await prisma.present.create({{ data: {{ recipient: session.metadata.recipient, giftCardCode: {code} }} }});
  res.end();
}});
""",
        }
        (tmp_path / name).mkdir()
        for file, text in files.items():
            (tmp_path / name / file).write_text(text)
        report = review(tmp_path / name, Settings(use_cache=False, checks=("idempotency/handler-not-idempotent",)))
        found[name] = [f.severity for f in report.findings]
    assert found == {"made": ["critical"], "sent": ["high"]}


GRANTS = """\
const express = require('express');
const mongoose = require('mongoose');
const stripe = require('stripe')(process.env.STRIPE_SECRET_KEY);
const app = express();
const Grant = mongoose.model('Grant', new mongoose.Schema({ userId: String, plan: String }));
const Plan = mongoose.model('Plan', new mongoose.Schema({ code: String, kind: String }));

async function plansOf(userId) {
  const rows = await Grant.find({ userId });
  %s
}

app.post('/webhook', express.raw({ type: 'application/json' }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.WEBHOOK_SECRET);
  if (event.type === 'invoice.paid') {
    const userId = event.data.object.customer;
    %s
    const existing = plans.find((plan) => plan.kind === 'storage');
    if (!existing) {
      await Grant.create({ userId, plan: 'storage' });
    }
  }
  res.sendStatus(200);
});
"""
_GRANTED = "const plans = await plansOf(userId);"
_GUARDED = "let plans; try { plans = await plansOf(userId); } catch (error) { if (error.code !== 'none') throw error; plans = []; }"


@pytest.mark.parametrize(
    ("rows", "plans", "ruling"),
    [
        ("return rows;", _GRANTED, "held"),
        ("return rows;", _GUARDED, "held"),
        ("return rows.map((row) => ({ ...row, kind: row.plan }));", _GRANTED, "held"),
        ("return await Promise.all(rows.map(async ({ plan }) => Plan.findOne({ code: plan })));", _GUARDED, "held"),
        ("return await Promise.all(['storage', 'mail'].map(async (code) => Plan.findOne({ code })));", _GRANTED, "broken"),
    ],
)
def test_rows_that_are_gone_through_were_asked_for(tmp_path: Path, rows: str, plans: str, ruling: str) -> None:
    (tmp_path / "app.js").write_text(GRANTS % (rows, plans), encoding="utf-8")
    report = review(tmp_path, Settings(use_cache=False, checks=("idempotency/handler-not-idempotent",)))
    assert [o.ruling for o in report.obligations] == [ruling]


REFERENCES = """\
import secrets
from datetime import datetime

import requests
from fastapi import APIRouter, Depends
from sqlalchemy import Column, Integer, String
from sqlalchemy.orm import Session, declarative_base

Base = declarative_base()
router = APIRouter()


class Transaction(Base):
    __tablename__ = "transactions"
    id = Column(Integer, primary_key=True)
    reference = Column(String, unique=True)
    amount = Column(Integer)


def new_reference():
    return f"TXN-{datetime.utcnow().strftime('%Y%m%d%H%M%S')}-{secrets.token_hex(4)}"


class Paystack:
    def begin(self, amount, reference):
        body = {"amount": amount, "email": "a@example.com", "reference": reference}
        headers = {"Authorization": f"Bearer {KEY}"}
        return requests.post("https://api.paystack.co/transaction/initialize", json=body, headers=headers, timeout=5).json()


@router.post("/deposit")
def deposit(amount: int, db: Session = Depends(get_db)):
    reference = new_reference()
    STORED
    return Paystack().begin(amount, reference)
"""


@pytest.mark.parametrize(
    ("stored", "ruling"),
    [
        ("db.add(Transaction(reference=reference, amount=amount)); db.commit()", "held"),
        ("db.add(Transaction(amount=amount)); db.commit()", "broken"),
        ("print(reference)", "broken"),
    ],
)
def test_a_reference_of_a_helper_that_is_stored_before_the_call_is_as_old_as_its_record(tmp_path: Path, stored: str, ruling: str) -> None:
    code = REFERENCES.replace("STORED", stored)
    assert [r for r, _ in rulings(tmp_path, "app.py", code, "idempotency/unstable-key")] == [ruling]
