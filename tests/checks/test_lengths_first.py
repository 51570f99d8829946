"""``payment/webhook-weak-verification``: that two digests are as long as each other is asked before they are compared."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_APP = """\
const express = require('express');
const { createHmac, timingSafeEqual } = require('crypto');
const mongoose = require('mongoose');
const Order = mongoose.model('Order', new mongoose.Schema({ status: String, bill: String }));
const app = express();
const same = (a, b) => {
  if (typeof a !== 'string' || typeof b !== 'string' || a.length !== b.length) return false;
  return COMPARED;
};
app.post('/razorpay/webhook', express.raw({ type: '*/*' }), async (req, res) => {
  const expected = createHmac('sha256', process.env.RAZORPAY_HOOK).update(req.body).digest('hex');
  if (!same(expected, req.headers['x-razorpay-signature'])) return res.sendStatus(400);
  await Order.updateOne({ bill: JSON.parse(req.body).payload.payment.entity.id, status: 'pending' }, { status: 'paid' });
  res.sendStatus(200);
});
"""


@pytest.mark.parametrize(("compared", "lines"), [("timingSafeEqual(Buffer.from(a), Buffer.from(b))", []), ("a === b", [8])])
def test_lengths_are_no_digests(tmp_path: Path, compared: str, lines: list[int]) -> None:
    app = _APP.replace("COMPARED", compared)
    told = found(tmp_path, {"package.json": "{}", "app.js": app}, "payment/webhook-weak-verification")
    assert [f.start_line for f in told if f.severity == "low"] == lines


@pytest.mark.parametrize(("compared", "wrong"), [("a === b", False), ("a.length === b.length", True), ("Boolean(a) && Boolean(b)", True)])
def test_what_two_things_given_have_to_be(tmp_path: Path, compared: str, wrong: bool) -> None:
    app = _APP.replace("COMPARED", compared)
    assert bool(found(tmp_path, {"package.json": "{}", "app.js": app}, "payment/webhook-unverified")) is wrong
