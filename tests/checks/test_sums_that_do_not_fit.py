"""Messages of payments whose sum or currency is not the order's: dropped without a word, or told to somebody."""

from pathlib import Path

import pytest

from tests.checks.test_resilience import reviewed, rulings

_PYTHON = """import stripe
from flask import Flask, request, current_app
from models import db, Order
app = Flask(__name__)

@app.post("/webhook")
def webhook():
    event = stripe.Webhook.construct_event(request.data, request.headers["Stripe-Signature"], SECRET)
    if event["type"] == "payment_intent.succeeded":
        intent = event["data"]["object"]
        order = Order.query.filter_by(intent=intent["id"]).with_for_update().one()
        if order.status == "pending" and intent["amount_received"] == order.total_cents:
            order.status = "paid"
            db.session.commit()
        {otherwise}
    return "", 200
"""
_MODELS = """from flask_sqlalchemy import SQLAlchemy
db = SQLAlchemy()
class Order(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    status = db.Column(db.String(20))
    intent = db.Column(db.String(80), unique=True)
    total_cents = db.Column(db.Integer)
"""
_JS = """const express = require('express');
const stripe = require('stripe')(process.env.KEY);
const Order = require('./order');
const app = express();
app.post('/webhook', express.raw({ type: '*/*' }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.SECRET);
  const intent = event.data.object;
  if (event.type === 'payment_intent.succeeded') {
    const order = await Order.findOne({ intent: intent.id });
    if (intent.amount_received !== order.totalCents || intent.currency !== order.currency) { OTHERWISE return res.sendStatus(200); }
    await Order.updateOne({ _id: order._id, status: 'pending' }, { status: 'paid' });
  }
  res.json({ received: true });
});
"""
_ORDER = """const mongoose = require('mongoose');
module.exports = mongoose.model('Order', new mongoose.Schema({
  status: String, intent: { type: String, unique: true }, totalCents: Number, currency: String }));
"""
_PHP = """<?php
use Illuminate\\Support\\Facades\\Route;
use Illuminate\\Support\\Facades\\Log;
use Illuminate\\Http\\Request;
use App\\Models\\Order;
Route::post('/webhook', function (Request $request) {
    $event = \\Stripe\\Webhook::constructEvent($request->getContent(), $request->header('Stripe-Signature'), config('pay.secret'));
    if ($event->type === 'payment_intent.succeeded') {
        $intent = $event->data->object;
        $order = Order::where('intent', $intent->id)->firstOrFail();
        if ($intent->amount_received == $order->total_cents) {
            Order::where('id', $order->id)->where('status', 'pending')->update(['status' => 'paid']);
        }
        OTHERWISE
    }
    return response()->json([]);
});
"""
_MODEL = "<?php\nnamespace App\\Models;\nclass Order extends \\Illuminate\\Database\\Eloquent\\Model { protected $guarded = []; }\n"


@pytest.mark.parametrize(
    ("otherwise", "ruling"),
    [
        ("", "broken"),
        ('else: current_app.logger.error("does not fit: %s", intent["id"])', "held"),
        ("else: raise ValueError(intent)", "held"),
    ],
)
def test_a_sum_that_does_not_fit_in_python(tmp_path: Path, otherwise: str, ruling: str) -> None:
    files = {"app.py": _PYTHON.format(otherwise=otherwise), "models.py": _MODELS}
    assert rulings(reviewed(tmp_path, files, "swallowed-failure")) == [ruling]


@pytest.mark.parametrize(
    ("otherwise", "ruling"),
    [("", "broken"), ("console.error('does not fit', intent.id);", "held"), ("return res.sendStatus(409);", "held")],
)
def test_a_sum_that_does_not_fit_in_javascript(tmp_path: Path, otherwise: str, ruling: str) -> None:
    files = {"app.js": _JS.replace("OTHERWISE", otherwise), "order.js": _ORDER}
    assert rulings(reviewed(tmp_path, files, "swallowed-failure")) == [ruling]


@pytest.mark.parametrize(
    ("otherwise", "ruling"),
    [
        ("", "broken"),
        ("else { Log::critical('does not fit', ['order' => $order->id]); }", "held"),
        ("else { $order->update(['status' => 'review']); }", "held"),
    ],
)
def test_a_sum_that_does_not_fit_in_php(tmp_path: Path, otherwise: str, ruling: str) -> None:
    files = {"routes/api.php": _PHP.replace("OTHERWISE", otherwise), "app/Models/Order.php": _MODEL}
    assert rulings(reviewed(tmp_path, files, "swallowed-failure")) == [ruling]
