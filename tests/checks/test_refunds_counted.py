"""Partial refunds that an order adds up: what was given back already bounds the next one, and is written down with it."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_APP = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const { Order } = require('./models');
const { staff } = require('./auth');
const app = express();
app.post('/orders/:id/refund', staff, async (req, res) => {
  const order = await Order.findById(req.params.id);
  if (req.body.amount > BOUND) return res.status(400).end();
  await stripe.refunds.create({ payment_intent: order.paymentIntent, amount: Math.round(req.body.amount * 100) });
  WRITE
  await order.save();
  res.json(order);
});
"""
_MODELS = """\
const mongoose = require('mongoose');
exports.Order = mongoose.model('Order', new mongoose.Schema({ paymentIntent: String, total: Number, refunded: Number, status: String }));
"""
_AUTH = """\
const jwt = require('jsonwebtoken');
exports.staff = (req, res, next) => {
  try { req.user = jwt.verify(req.headers.authorization, process.env.JWT); } catch { return res.status(401).end(); }
  if (req.user.role !== 'admin') return res.status(403).end();
  next();
};
"""
_STATE = "order.status = 'refunded';"
_SUM = "order.refunded += req.body.amount; order.status = order.refunded >= order.total ? 'refunded' : 'partially_refunded';"


@pytest.mark.parametrize(
    ("check", "bound", "write", "ruling"),
    [
        ("order/refund-not-recorded", "order.total - order.refunded", _SUM, "held"),
        ("order/refund-not-recorded", "order.total", _STATE, "broken"),
        ("order/unguarded-transition", "order.total - order.refunded", _SUM, "held"),
        ("order/unguarded-transition", "order.total", _STATE, "broken"),
    ],
)
def test_what_was_given_back_is_added_up(tmp_path: Path, check: str, bound: str, write: str, ruling: str) -> None:
    app = _APP.replace("BOUND", bound).replace("WRITE", write)
    files = {"package.json": '{"dependencies": {"express": "4", "stripe": "14", "mongoose": "8"}}', "app.js": app}
    files |= {"models.js": _MODELS, "auth.js": _AUTH}
    assert {found for found, _, _ in ruled(tmp_path, check, files)} == {ruling}
