"""Orders that the browser has marked as paid: whether a line tells which, and over how much."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_APP = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const { Order } = require('./models');
const app = express();
app.use(express.json());
app.post('/intents', async (req, res) => {
  const intent = await stripe.paymentIntents.create({ amount: 500, currency: 'eur' }, { idempotencyKey: req.body.cart });
  res.json({ secret: intent.client_secret });
});
app.post('/orders', async (req, res) => {
  const order = await Order.create({ cart: req.body.cart, total: 500, status: 'paid' });
  LOG
  res.json({ id: order.id });
});
"""
_MODELS = """\
const mongoose = require('mongoose');
exports.Order = mongoose.model('Order', new mongoose.Schema({ cart: String, total: Number, status: String }));
"""


@pytest.mark.parametrize(
    ("log", "wrong"),
    [("", True), ("console.log('paid');", True), ("console.log('paid', order.id, order.total, 'eur');", False)],
)
def test_a_route_that_the_browser_calls(tmp_path: Path, log: str, wrong: bool) -> None:
    files = {"app.js": _APP.replace("LOG", log), "models.js": _MODELS, "package.json": "{}"}
    assert [f.start_line for f in found(tmp_path, files, "resilience/payment-event-not-logged")] == ([10] if wrong else [])
