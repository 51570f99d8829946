"""What is kept in a document within a document: the payment of an order, by whose id the order is looked for and is the only one."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_APP = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const Order = require('./models');
const { totalOf } = require('./prices');
const app = express();
app.use(express.json());
app.post('/order/new', async (req, res) => {
  const { items, paymentInfo } = req.body;
  LOOK
  const intent = await stripe.paymentIntents.retrieve(paymentInfo.id);
  if (intent.status !== 'succeeded') return res.status(402).end();
  const total = await totalOf(items);
  if (intent.amount !== Math.round(total * 100)) return res.status(400).end();
  res.json(await Order.create({ items, KEPT, total, paidAt: Date.now() }));
});
"""
_MODEL = """\
const mongoose = require('mongoose');
const payment = { id: { type: String, required: true UNIQUE }, status: String };
const schema = new mongoose.Schema({ items: [], total: Number, paymentInfo: payment, paidAt: Date });
INDEX
module.exports = mongoose.model('Order', schema);
"""
_FIND = "const seen = await Order.findOne({ 'paymentInfo.id': paymentInfo.id });\n  if (seen) return res.status(409).end();"
_EXISTS = "if (await Order.exists({ 'paymentInfo.id': paymentInfo.id })) return res.status(409).end();"
_AS_SENT = "paymentInfo"
_WRITTEN = "paymentInfo: { id: paymentInfo.id, status: intent.status }"


def _shop(look: str, kept: str, unique: str = "", index: str = "") -> dict[str, str]:
    app, model = _APP.replace("LOOK", look).replace("KEPT", kept), _MODEL.replace("UNIQUE", unique).replace("INDEX", index)
    return {"package.json": "{}", "app.js": app, "models.js": model, "prices.js": "exports.totalOf = async (items) => items.length * 10;\n"}


@pytest.mark.parametrize("kept", [_AS_SENT, _WRITTEN])
@pytest.mark.parametrize("look", [_FIND, _EXISTS])
def test_a_payment_that_is_looked_for_inside_the_order_is_a_look_that_two_requests_pass(tmp_path: Path, look: str, kept: str) -> None:
    assert [r for r, _, line in ruled(tmp_path, "idempotency/dedup-race", _shop(look, kept)) if line == 9] == ["broken"]


@pytest.mark.parametrize("kept", [_AS_SENT, _WRITTEN])
@pytest.mark.parametrize("look", [_FIND, ""])
@pytest.mark.parametrize(("unique", "index"), [(", unique: true", ""), ("", "schema.index({ 'paymentInfo.id': 1 }, { unique: true });")])
def test_a_payment_that_is_unique_inside_the_order_makes_one_order(tmp_path: Path, look: str, kept: str, unique: str, index: str) -> None:
    shop = _shop(look, kept, unique, index)
    assert "broken" not in [r for r, _, _ in ruled(tmp_path / "race", "idempotency/dedup-race", shop)]
    assert [r for r, _, _ in ruled(tmp_path / "once", "idempotency/handler-not-idempotent", shop)] == ["held"]


def test_nothing_asks_for_the_payment_of_an_order(tmp_path: Path) -> None:
    assert [r for r, _, _ in ruled(tmp_path, "idempotency/handler-not-idempotent", _shop("", _AS_SENT))] == ["broken"]
