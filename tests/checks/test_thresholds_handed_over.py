"""Sums that decide what shipping costs in a function that is handed them, whatever it calls them."""

from pathlib import Path

import pytest

from tests.checks.test_php_shops import broken

_CART = """\
const Coupon = require('./coupon');
const modules = require('./modules');
const shipping = require('./shipping');
async function totals(cart) {
  cart.subtotal = Object.values(cart.items).reduce((sum, one) => sum + one.price * one.qty, 0);
  const weight = Object.values(cart.items).reduce((sum, one) => sum + one.weight, 0);
  const coupon = await Coupon.findOne({ code: cart.code });
  cart.discount = coupon ? cart.subtotal * coupon.percent / 100 : 0;
  cart.shipping = CALL;
  cart.total = cart.subtotal - cart.discount + cart.shipping;
}
module.exports = { totals };
"""
_SHIPPING = """\
const { fee, freeFrom } = require('./rates.json');
exports.shippingFee = (amount) => (amount >= freeFrom ? 0 : fee);
"""


@pytest.mark.parametrize(
    ("call", "wrong"),
    [
        ("shipping.shippingFee(cart.subtotal)", True),
        ("modules.loaded[cart.country].shippingFee(cart.subtotal)", True),
        ("shipping.shippingFee(cart.subtotal - cart.discount)", False),
        ("shipping.shippingFee(weight)", False),
    ],
)
def test_who_calls_says_which_sum_is_compared(tmp_path: Path, call: str, wrong: bool) -> None:
    files = {
        "cart.js": _CART.replace("CALL", call),
        "shipping.js": _SHIPPING,
        "modules.js": "module.exports = { loaded: JSON.parse(process.env.MODULES) };\n",
        "coupon.js": "const mongoose = require('mongoose');\n"
        "module.exports = mongoose.model('Coupon', new mongoose.Schema({ code: String, percent: Number }));\n",
    }
    assert [line for _, line in broken(tmp_path, "tax-shipping/threshold-before-discount", files)] == ([9] if wrong else [])
