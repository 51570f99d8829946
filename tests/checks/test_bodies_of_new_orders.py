"""A new order that takes over the request's body whole is paid when its sender says so."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_FILES = {
    "package.json": '{"dependencies": {"express": "4", "mongoose": "8", "stripe": "14"}}',
    "order.js": """\
const mongoose = require('mongoose');
const schema = new mongoose.Schema({ user: String, items: [{ sku: String, price: Number }], address: String, FLAG });
module.exports = mongoose.model('Order', schema);
""",
    "orders.js": """\
const Order = require('./order');
exports.onDelivery = async (req, res) => {
  const items = await cartOf(req.user.id);
  const order = await Order.create({ BODY });
  res.json(order);
};
""",
    "app.js": """\
const app = require('express')();
const { auth } = require('./auth');
app.post('/orders/cash', auth, require('./orders').onDelivery);
""",
    "auth.js": "exports.auth = (req, res, next) => (req.user ? next() : res.status(401).end());\n",
    "pay.js": """\
const stripe = require('stripe')(process.env.STRIPE_KEY);
exports.pay = (order) => stripe.paymentIntents.create({ amount: order.total, currency: 'eur' });
""",
}
_FLAG = "isPaid: { type: Boolean, default: false }"


@pytest.mark.parametrize(
    ("flag", "body", "found"),
    [
        (_FLAG, "user: req.user.id, items, ...req.body", True),
        (_FLAG, "...req.body, user: req.user.id, items", True),
        (_FLAG, "...req.body, user: req.user.id, items, isPaid: false", False),
        (_FLAG, "user: req.user.id, items, address: req.body.address", False),
        ("note: String", "user: req.user.id, items, ...req.body", False),
    ],
)
def test_who_sends_that_he_has_paid_has_paid(tmp_path: Path, flag: str, body: str, found: bool) -> None:
    files = {**_FILES, "order.js": _FILES["order.js"].replace("FLAG", flag), "orders.js": _FILES["orders.js"].replace("BODY", body)}
    broken = [(file, line) for r, file, line in ruled(tmp_path, "payment/fulfil-on-redirect", files) if r == "broken"]
    assert broken == ([("orders.js", 4)] if found else [])
