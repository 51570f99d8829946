"""A new order that takes over the request's body whole is paid when its sender says so."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found
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


_SPREAD_LAST = """\
const express = require('express');
const mongoose = require('mongoose');
const Order = mongoose.model('Order', new mongoose.Schema({ user: String, SUMS, address: String, isPaid: Boolean }));
const app = express();
app.post('/orders', auth, express.json(), async (req, res) => {
  const lines = await pricedLines(req.user);
  const order = await Order.create({ GIVEN });
  res.json(order);
});
"""
_LINES = "products: [{ product: { title: String, price: Number }, quantity: Number }]"


@pytest.mark.parametrize(
    ("sums", "given", "keys"),
    [
        (_LINES, "user: req.user.id, products: lines, ...req.body", ["products.product.price"]),
        (_LINES, "...req.body, user: req.user.id, products: lines", []),
        ("total: Number", "user: req.user.id, total: sum(lines), isPaid: false, ...req.body", ["total"]),
        ("total: Number", "...req.body, total: sum(lines), isPaid: false", []),
        (f"total: Number, {_LINES}", "...req.body, total: sum(lines)", []),
    ],
)
def test_a_body_that_is_spread_last_has_the_last_word(tmp_path: Path, sums: str, given: str, keys: list[str]) -> None:
    files = {"app.js": _SPREAD_LAST.replace("SUMS", sums).replace("GIVEN", given)}
    flaws = found(tmp_path, files, "payment/client-amount")
    assert [key for key in keys if any(f"`{key}`" in f.message for f in flaws)] == keys
    assert len(flaws) == len(keys)
