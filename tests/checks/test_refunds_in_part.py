"""A provider tells of every refund by one event, of a part too: what a webhook makes of it."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_CHECK = "order/refund-not-recorded"
_HOOK = """\
import express from 'express';
import Stripe from 'stripe';
import mongoose from 'mongoose';

const stripe = new Stripe(process.env.STRIPE_KEY);
const Order = mongoose.model('Order', new mongoose.Schema({ status: String, intent: String, total: Number, refundedCents: Number }));
const app = express();
app.post('/webhook', express.raw({ type: 'application/json' }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.WEBHOOK_SECRET);
  const told = event.data.object;
  switch (event.type) {
    case 'payment_intent.succeeded':
      await Order.updateOne({ intent: told.id, total: told.amount_received, status: 'open' }, { status: 'paid' });
      break;
    case 'charge.refunded':
      WRITTEN
      break;
  }
  res.json({ received: true });
});
"""
_ALL = "await Order.updateOne({ intent: told.payment_intent, status: 'paid' }, { status: 'refunded' });"


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        (_ALL, True),
        (f"const order = await Order.findOne({{ intent: told.payment_intent }}); if (order) {{ {_ALL} }}", True),
        ("console.log('refunded', told.id);", True),
        (f"if (told.refunded) {{ {_ALL} }}", False),
        (f"if (told.amount_refunded === told.amount) {{ {_ALL} }}", False),
        ("await Order.updateOne({ intent: told.payment_intent }, { $set: { refundedCents: told.amount_refunded } });", False),
        ("await Order.updateOne({ intent: told.payment_intent }, { status: 'refunded', refundedCents: told.amount_refunded });", False),
    ],
)
def test_a_part_that_goes_back_is_not_the_whole(tmp_path: Path, written: str, wrong: bool) -> None:
    assert bool(found(tmp_path, {"app.js": _HOOK.replace("WRITTEN", written)}, _CHECK)) is wrong
