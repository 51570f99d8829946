"""JavaScript shops that bring what a framework gives others: their own statements, registers of failures and calls of their own functions."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

WEAK = "payment/webhook-weak-verification"

_HOOK = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_SECRET_KEY);
const Order = require('./models/order');
const { keepFailure } = require('./lib/failures');
const app = express();
app.post('/hooks/stripe', express.raw({ type: '*/*' }), async (req, res) => {
  try {
    const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.HOOK_SECRET);
    if (event.type === 'checkout.session.completed') {
      await Order.updateOne({ sessionId: event.data.object.id }, { status: 'paid' });
    }
    return res.sendStatus(200);
  } catch (err) {
    await keepFailure(req.body, err);
    return res.status(500).send('error');
  }
});
app.listen(3000);
"""
_MODEL = "const mongoose = require('mongoose');\nmodule.exports = mongoose.model('NAME', new mongoose.Schema({ sessionId: String, status: String }));\n"


@pytest.mark.parametrize(
    ("kept", "wrong"),
    [
        ("await Failure.create({ body: body.toString(), why: err.message });", False),
        ("const sent = JSON.parse(body);\n  await Order.create({ sessionId: sent.data.object.id, status: 'paid' });", True),
    ],
)
def test_a_register_of_failures_serves_nobody_by_a_forged_message(tmp_path: Path, kept: str, wrong: bool) -> None:
    files = {
        "server.js": _HOOK,
        "lib/failures.js": "const Failure = require('../models/failure');\nconst Order = require('../models/order');\n"
        f"exports.keepFailure = async (body, err) => {{\n  {kept}\n}};\n",
        "models/order.js": _MODEL.replace("NAME", "Order"),
        "models/failure.js": _MODEL.replace("NAME", "HookFailure"),
    }
    assert bool(found(tmp_path, files, WEAK)) == wrong
