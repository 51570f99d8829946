"""Whoever is only written to of a payment is not asked whether it was made."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_CHECK = "payment/fulfil-on-redirect"
_MESSENGER = """\
export async function SENDS(phone, body) {
  const answer = await fetch(`ADDRESS`, { method: 'POST', headers: { Authorization: process.env.TOKEN }, body: JSON.stringify(body) });
  return answer.json();
}
"""
_ROUTE = """\
import express from 'express';
import { SENDS } from '../MODULE';
import Razorpay from 'razorpay';
import Order from '../models/order';

const router = express.Router();
const gateway = new Razorpay({ key_id: process.env.KEY, key_secret: process.env.SECRET });

router.post('/payment', async (req, res) => {
  const order = await Order.findById(req.body.orderId);
  res.json(await gateway.orders.create({ amount: order.total, currency: 'INR' }));
});

async function verifyPayment(req, res) {
  const { razorpay_order_id, razorpay_payment_id } = req.body;
  const order = await Order.findOne({ razorpayOrderId: razorpay_order_id });
  const told = await SENDS(order.phone, { payment: razorpay_payment_id });
  if (told.status !== 'paid') return res.status(400).end();
  await Order.updateOne({ _id: order.id }, { paymentStatus: 'paid' });
  res.json({ ok: true });
}
router.post('/payment/verify', verifyPayment);
export default router;
"""
_CHAT = ("https://chat.example.org/v19.0/${phone}/messages", "callChat", "services/chat.js")
_GATEWAY = ("https://pay.example.org/v1/payments/${phone}/status", "askForPayment", "services/gateway.js")


@pytest.mark.parametrize(
    ("address", "sends", "module", "expected"),
    [
        (*_CHAT, "broken"),
        ("https://chat.example.org/hooks/payments", "sendPaymentAlert", "services/chat.js", "broken"),
        (*_GATEWAY, "held"),
        ("https://pay.example.org/v1/payments", "askForPayment", "services/gateway.js", "held"),
    ],
)
def test_a_chat_that_is_written_to_is_not_asked(tmp_path: Path, address: str, sends: str, module: str, expected: str) -> None:
    files = {
        module: _MESSENGER.replace("ADDRESS", address).replace("SENDS", sends),
        "routes/orders.js": _ROUTE.replace("SENDS", sends).replace("MODULE", module),
        "models/order.js": "import mongoose from 'mongoose';\n"
        "export default mongoose.model('Order', new mongoose.Schema({ phone: String, paymentStatus: String }));\n",
        "app.js": "import routes from './routes/orders';\nimport express from 'express';\nexpress().use(routes);\n",
    }
    assert {ruling for ruling, _, _ in ruled(tmp_path, _CHECK, files)} == {expected}
