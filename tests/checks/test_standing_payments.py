"""What becomes of the payment when an order is cancelled: the money that was taken, or the page that can still be paid."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_CHECK = "order/cancel-order"

_ORDERS = """\
const stripe = require('stripe')(process.env.STRIPE_KEY);
const { Order, Product } = require('./models');

exports.place = async (user, lines) => {
  for (const line of lines) {
    const done = await Product.updateOne({ _id: line.product, stock: { $gte: line.quantity } }, { $inc: { stock: -line.quantity } });
    if (done.modifiedCount === 0) throw new Error('sold out');
  }
  return Order.create({ user, lines, status: 'pending' });
};

exports.pay = async (id) => {
  const order = await Order.findById(id);
  const intent = await stripe.paymentIntents.create({ amount: order.total, currency: 'eur' }, { idempotencyKey: `o-${id}` });
  await Order.updateOne({ _id: id }, { intent: intent.id });
  return intent.client_secret;
};

exports.cancel = async (id, user) => {
  const order = await Order.findOne({ _id: id, user });
  GUARD
  for (const line of order.lines) await Product.updateOne({ _id: line.product }, { $inc: { stock: line.quantity } });
  order.status = 'cancelled';
  await order.save();
  AFTER
};
"""
_MODELS = """\
const mongoose = require('mongoose');

const lines = [{ product: String, quantity: Number }];
exports.Product = mongoose.model('Product', new mongoose.Schema({ stock: Number }));
exports.Order = mongoose.model('Order', new mongoose.Schema({ user: String, status: String, total: Number, intent: String, lines }));
"""
_ROUTES = """\
const express = require('express');
const orders = require('./orders');

const router = express.Router();
router.post('/orders', async (req, res) => res.json(await orders.place(req.session.user, req.body.lines)));
router.post('/orders/:id/pay', async (req, res) => res.json(await orders.pay(req.params.id)));
router.post('/orders/:id/cancel', async (req, res) => res.json(await orders.cancel(req.params.id, req.session.user)));
module.exports = router;
"""
_BOTH = "if (!['pending', 'paid'].includes(order.status)) throw new Error('too late');"
_UNPAID = "if (order.status !== 'pending') throw new Error('too late');"
_NOT_PAID = "if (order.status === 'shipped' || order.status === 'paid') throw new Error('too late');"


@pytest.mark.parametrize(
    ("guard", "after", "title"),
    [
        (_BOTH, "", "its money stays"),
        (_BOTH, "await stripe.refunds.create({ payment_intent: order.intent }, { idempotencyKey: `c-${id}` });", ""),
        (_BOTH, "await Order.updateOne({ _id: id }, { refundStatus: 'requested' });", ""),
        (_UNPAID, "", "can still be paid"),
        (_NOT_PAID, "", "can still be paid"),
        (_UNPAID, "if (order.intent) await stripe.paymentIntents.cancel(order.intent);", ""),
    ],
)
def test_a_payment_goes_the_way_of_its_order(tmp_path: Path, guard: str, after: str, title: str) -> None:
    files = {"orders.js": _ORDERS.replace("GUARD", guard).replace("AFTER", after), "models.js": _MODELS, "routes.js": _ROUTES}
    titles = [f.title for f in found(tmp_path, files, _CHECK)]
    assert len(titles) == bool(title)
    assert all(title in t for t in titles)


def test_a_page_that_runs_out_by_itself_is_not_left_open(tmp_path: Path) -> None:
    session = (
        "stripe.checkout.sessions.create({ mode: 'payment', expires_at: soon(), line_items: order.priced }, { idempotencyKey: `o-${id}` })"
    )
    begun = "stripe.paymentIntents.create({ amount: order.total, currency: 'eur' }, { idempotencyKey: `o-${id}` })"
    orders = _ORDERS.replace(begun, session).replace("GUARD", _UNPAID).replace("AFTER", "")
    assert session in orders
    assert found(tmp_path, {"orders.js": orders, "models.js": _MODELS, "routes.js": _ROUTES}, _CHECK) == []
