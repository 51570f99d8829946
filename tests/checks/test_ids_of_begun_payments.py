"""Routes that begin a payment for an order and fail to note its id there: whoever confirms the payment finds no order."""

from pathlib import Path

import pytest

from tests.checks.test_resilience import reviewed

_JS = """const express = require('express');
const Razorpay = require('razorpay');
const { createClient } = require('@supabase/supabase-js');
const razorpay = new Razorpay({ key_id: process.env.KEY, key_secret: process.env.SECRET });
const supabase = createClient(process.env.URL, process.env.SERVICE_KEY);
const app = express();
app.post('/checkout', async (req, res) => {
  const { data: order } = await supabase.from('orders').insert({ user_id: req.body.user }).select().single().throwOnError();
  const begun = await razorpay.orders.create({ amount: order.total, currency: 'INR', receipt: order.id });
  const { error } = await supabase.from('orders').update({ razorpay_order_id: begun.id }).eq('id', order.id);
  if (error) { FAILED }
  res.json({ id: begun.id });
});
app.post('/webhook', express.raw({ type: '*/*' }), async (req, res) => {
  if (!Razorpay.validateWebhookSignature(req.body, req.headers['x-razorpay-signature'], process.env.HOOK)) return res.sendStatus(400);
  const payment = JSON.parse(req.body).payload.payment.entity;
  await supabase.from('orders').update({ status: 'paid' }).eq(FOUND).throwOnError();
  res.json({});
});
"""
_PYTHON = """import razorpay
from flask import Flask, request, jsonify
from models import db, Order
client = razorpay.Client(auth=(KEY, SECRET))
app = Flask(__name__)

@app.post("/checkout")
def checkout():
    order = Order(user_id=request.json["user"], status="pending")
    db.session.add(order)
    db.session.commit()
    begun = client.order.create({"amount": order.total, "currency": "INR", "receipt": str(order.id)})
    try:
        Order.query.filter_by(id=order.id).update({"razorpay_order_id": begun["id"]})
        db.session.commit()
    except Exception as error:
        FAILED
    return jsonify(id=begun["id"])

@app.post("/webhook")
def webhook():
    client.utility.verify_webhook_signature(request.data.decode(), request.headers["X-Razorpay-Signature"], HOOK)
    payment = request.json["payload"]["payment"]["entity"]
    Order.query.filter_by(FOUND, status="pending").update({"status": "paid"})
    db.session.commit()
    return "", 200
"""
_MODELS = """from flask_sqlalchemy import SQLAlchemy
db = SQLAlchemy()
class Order(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    user_id = db.Column(db.Integer)
    status = db.Column(db.String(20))
    total = db.Column(db.Integer)
    razorpay_order_id = db.Column(db.String(80), unique=True)
"""


def _lines(folder: Path, files: dict[str, str]) -> list[int]:
    report = reviewed(folder, files, "swallowed-failure")
    return [f.start_line for f in report.findings if "begun" in f.title]


@pytest.mark.parametrize(
    ("failed", "found", "lines"),
    [
        ("console.error(error);", "'razorpay_order_id', payment.order_id", [11]),
        ("return res.status(500).json({ error });", "'razorpay_order_id', payment.order_id", []),
        ("console.error(error);", "'id', payment.notes.order", []),
    ],
)
def test_in_javascript(tmp_path: Path, failed: str, found: str, lines: list[int]) -> None:
    assert _lines(tmp_path, {"app.js": _JS.replace("FAILED", failed).replace("FOUND", found)}) == lines


@pytest.mark.parametrize(
    ("failed", "found", "lines"),
    [
        ("app.logger.error(error)", 'razorpay_order_id=payment["order_id"]', [16]),
        ("raise", 'razorpay_order_id=payment["order_id"]', []),
        ("app.logger.error(error)", 'id=payment["notes"]["order"]', []),
    ],
)
def test_in_python(tmp_path: Path, failed: str, found: str, lines: list[int]) -> None:
    files = {"app.py": _PYTHON.replace("FAILED", failed).replace("FOUND", found), "models.py": _MODELS}
    assert _lines(tmp_path, files) == lines
