"""A column of whole numbers that the code divides by a hundred for every currency counts hundredths, and a currency without has none."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_FILES = {
    "package.json": '{"dependencies": {"stripe": "14", "sequelize": "6", "express": "4"}}',
    "models/order.js": """\
const { DataTypes } = require('sequelize');
const sequelize = require('./db');
module.exports = sequelize.define('Order', {
  total: { type: DataTypes.INTEGER },
  currency: { type: DataTypes.STRING(3) },
});
""",
    "pay.js": """\
const stripe = require('stripe')(process.env.STRIPE_KEY);
const Order = require('./models/order');
exports.pay = async (req, res) => {
  const order = await Order.findByPk(req.params.id);
  const intent = await stripe.paymentIntents.create(
    { amount: order.total, currency: order.currency, metadata: { order: order.id } },
    { idempotencyKey: `order-${order.id}` },
  );
  res.json({ secret: intent.client_secret });
};
""",
    "app.js": "const app = require('express')();\napp.post('/orders/:id/pay', require('./pay').pay);\n",
}
_SHOWN = "exports.shown = (order) => `${(order.total / 100).toFixed(2)} ${order.currency}`;\n"
_BY_CURRENCY = """\
const decimals = { JPY: 0, EUR: 2 };
exports.shown = (order) => (decimals[order.currency] === 0 ? order.total : (order.total / 100).toFixed(2)) + order.currency;
"""


@pytest.mark.parametrize(
    ("pay", "mail", "wrong"),
    [
        ("currency: order.currency", _SHOWN, True),
        ("currency: order.currency", _BY_CURRENCY, False),
        ("currency: order.currency", "exports.shown = (order) => order.total * 2;\n", False),
        ("currency: 'eur'", _SHOWN, False),
    ],
)
def test_hundredths_of_a_currency_that_varies(tmp_path: Path, pay: str, mail: str, wrong: bool) -> None:
    files = {**_FILES, "mail.js": mail, "pay.js": _FILES["pay.js"].replace("currency: order.currency", pay, 1)}
    found = ruled(tmp_path, "payment/amount-unit", files)
    assert (("broken", "pay.js", 6) in found) == wrong
    assert bool([r for r, _, _ in found if r == "broken"]) == wrong
