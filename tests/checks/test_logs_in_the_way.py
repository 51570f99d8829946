"""``payment/webhook-weak-verification`` where a failure is written to a file that is a log: that is nothing done unproven."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_LOGGER = """\
const fs = require('fs');
const path = require('path');
const FILE = path.join(__dirname, 'app.log');
const write = (level, message) => { fs.appendFileSync(FILE, `${level} ${message}\\n`); };
module.exports = { error: (message) => write('error', message) };
"""
_APP = """\
const express = require('express');
const crypto = require('crypto');
const mongoose = require('mongoose');
const logger = require('./logger');
const Booking = mongoose.model('Booking', new mongoose.Schema({ status: String, refundId: String }));
const app = express();
app.post('/razorpay/webhook', express.raw({ type: '*/*' }), async (req, res, next) => {
  try {
    const secret = process.env.RAZORPAY_WEBHOOK_SECRET;
    ASKS
    const expected = crypto.createHmac('sha256', secret).update(req.body).digest();
    const given = Buffer.from(req.headers['x-razorpay-signature'] || '', 'hex');
    if (given.length !== expected.length || !crypto.timingSafeEqual(given, expected)) return res.sendStatus(400);
    CLOSES
    const event = JSON.parse(req.body);
    if (event.event === 'refund.processed') {
      await Booking.updateOne({ refundId: event.payload.refund.entity.id }, { status: 'refunded' });
    }
    res.json({ status: 'ok' });
  } catch (err) {
    logger.error(err.message);
    next(err);
  }
});
"""


@pytest.mark.parametrize(
    ("asks", "closes", "titles"),
    [
        ("if (!secret) return res.sendStatus(500);", "", []),
        ("if (secret) {", "}", ["Razorpay's verification can be skipped"]),
    ],
)
def test_a_line_in_a_log_is_no_act(tmp_path: Path, asks: str, closes: str, titles: list[str]) -> None:
    app = _APP.replace("ASKS", asks).replace("CLOSES", closes)
    told = found(tmp_path, {"package.json": "{}", "logger.js": _LOGGER, "app.js": app}, "payment/webhook-weak-verification")
    assert [f.title for f in told] == titles
