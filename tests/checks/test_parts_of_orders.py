"""A shop over Mongoose whose orders keep how they stand in a part of themselves, beside a raw body parser and staff who refund."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_SHOP = """\
import express from 'express';
import crypto from 'crypto';
import mongoose from 'mongoose';
import Razorpay from 'razorpay';

const rzp = new Razorpay({ key_id: process.env.RAZORPAY_KEY_ID, key_secret: process.env.RAZORPAY_KEY_SECRET });
const Order = mongoose.model('Order', new mongoose.Schema({
  items: [{ product: String, qty: Number }],
  payment: { status: { type: String, default: 'pending' }, orderId: String },
  delivery: { status: { type: String, default: 'processing' } },
}));
const Product = mongoose.model('Product', new mongoose.Schema({ name: String, countInStock: Number }));
const app = express();
app.post('/echo', express.raw({ type: 'application/json' }), (req, res) => res.send(req.body));
app.use(express.json());
ROUTE
"""
_PAID = """\
app.post('/verify', async (req, res) => {
  const { order_id, payment_id, signature } = req.body;
  const digest = crypto.createHmac('sha256', process.env.RAZORPAY_KEY_SECRET).update(order_id + '|' + payment_id).digest('hex');
  if (!crypto.timingSafeEqual(Buffer.from(digest), Buffer.from(signature))) return res.sendStatus(400);
  WRITTEN
  res.json({ ok: true });
});
"""
_STAFF = "const staff = (req, res, next) => (req.user?.isAdmin ? next() : res.sendStatus(403));\n"
_FOUND = "const order = await Order.findOne({ 'payment.orderId': order_id });"


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        (f"{_FOUND} order.payment = {{ status: 'paid', orderId: order_id }}; await order.save();", True),
        (f"{_FOUND} order.payment.status = 'paid'; await order.save();", True),
        ("await Order.updateOne({ 'payment.orderId': order_id }, { $set: { 'payment.status': 'paid' } });", True),
        ("await Order.updateOne({ 'payment.orderId': order_id }, { 'payment.status': 'paid' });", True),
        (f"{_FOUND} if (order.payment.status === 'pending') {{ order.payment = {{ status: 'paid' }}; await order.save(); }}", False),
        (f"{_FOUND} if (order.payment.status === 'pending') {{ order.payment.status = 'paid'; await order.save(); }}", False),
        (
            "await Order.updateOne({ 'payment.orderId': order_id, 'payment.status': 'pending' }, { $set: { 'payment.status': 'paid' } });",
            False,
        ),
    ],
)
def test_a_state_in_a_part_of_an_order_is_the_orders(tmp_path: Path, written: str, wrong: bool) -> None:
    shop = _SHOP.replace("ROUTE", _PAID.replace("WRITTEN", written))
    assert bool(found(tmp_path, {"app.js": shop}, "order/unguarded-transition")) is wrong


def test_an_order_named_by_the_client_is_paid_in_a_part_of_it(tmp_path: Path) -> None:
    chosen = "const order = await Order.findById(req.body.id); order.payment = { status: 'paid' }; await order.save();"
    own = f"{_FOUND} order.payment = {{ status: 'paid' }}; await order.save();"
    check = "payment/amount-not-reconciled"
    assert len(found(tmp_path / "a", {"app.js": _SHOP.replace("ROUTE", _PAID.replace("WRITTEN", chosen))}, check)) == 1
    begun = """\
app.post('/pay', async (req, res) => {
  const order = await Order.findById(req.body.id);
  const made = await rzp.orders.create({ amount: order.total, currency: 'INR', receipt: String(order._id) });
  order.payment.orderId = made.id;
  await order.save();
  res.json(made);
});
"""
    assert found(tmp_path / "b", {"app.js": _SHOP.replace("ROUTE", begun + _PAID.replace("WRITTEN", own))}, check) == []


@pytest.mark.parametrize(
    ("guard", "wrong"),
    [("", True), ("if (order.payment.status !== 'paid' || order.delivery.status !== 'sent') return res.end();", False)],
)
def test_how_far_a_delivery_has_come_is_a_state_of_the_order(tmp_path: Path, guard: str, wrong: bool) -> None:
    route = f"""\
{_STAFF}app.post('/orders/:id/delivered', staff, async (req, res) => {{
  const order = await Order.findById(req.params.id);
  {guard}
  order.delivery.status = 'delivered';
  await order.save();
  res.json(order);
}});
"""
    assert bool(found(tmp_path, {"app.js": _SHOP.replace("ROUTE", route)}, "order/unguarded-transition")) is wrong


@pytest.mark.parametrize("check", ["inventory/oversell-race", "inventory/non-atomic-write"])
@pytest.mark.parametrize("locked", [False, True])
def test_a_raw_parser_of_a_route_before_is_no_lock(tmp_path: Path, check: str, locked: bool) -> None:
    takes = """\
  const product = await Product.findById(req.body.product);
  if (product.countInStock < 1) return res.sendStatus(409);
  product.countInStock = product.countInStock - 1;
  await product.save();
"""
    around = (f"await redlock.using(['stock'], 5000, async () => {{\n{takes}\n}});") if locked else takes
    head = "import Redlock from 'redlock';\nconst redlock = new Redlock([]);\n" if locked else ""
    route = (
        f"app.post('/orders', async (req, res) => {{\n{around}  await Order.create({{ items: [] }});\n  res.json({{ ok: true }});\n}});\n"
    )
    assert bool(found(tmp_path, {"app.js": _SHOP.replace("ROUTE", head + route)}, check)) is not locked


_REFUND = """\
app.post('/admin/orders/:id/refund', staff, async (req, res) => {
  const order = await Order.findById(req.params.id);
  let failed = null;
  try {
    await rzp.payments.refund(order.payment.orderId);
  } catch (error) {
    console.error(error);
    TOLD
  }
  res.json({ ok: true, failed });
});
"""


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        ("", True),
        ("failed = error.message;", False),
        ("return res.json({ ok: false });", False),
        ("throw error;", False),
        ("alertStaff(order);", False),
    ],
)
def test_a_refund_that_fails_is_not_answered_as_done(tmp_path: Path, told: str, wrong: bool) -> None:
    shop = _SHOP.replace("ROUTE", _STAFF + _REFUND.replace("TOLD", told))
    assert bool(found(tmp_path, {"app.js": shop}, "resilience/swallowed-failure")) is wrong
