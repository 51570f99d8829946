"""Shops of many sellers as they are often written: models whose files are called "modal", orders of the admin's, a route by which the page
says that it was paid, balances that are kept as rows, and what is paid out of them."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

_FILES = {
    "package.json": '{"dependencies": {"express": "4", "mongoose": "8", "stripe": "14"}}',
    "models/orderModal.js": """\
const { Schema, model } = require('mongoose');
const orderSchema = new Schema({ buyer: String, price: Number, paymentStatus: String, deliveryStatus: String });
module.exports = model('orders', orderSchema);
""",
    "models/adminOrderModal.js": """\
const { Schema, model } = require('mongoose');
const adminOrderSchema = new Schema({ orderId: String, sellerId: String, price: Number, paymentStatus: String, deliveryStatus: String });
module.exports = model('adminOrders', adminOrderSchema);
""",
    "models/sellerWalletModal.js": """\
const { Schema, model } = require('mongoose');
const walletSchema = new Schema({ sellerId: String, orderId: String, amount: Number });
module.exports = model('sellerWallets', walletSchema);
""",
    "models/withdrawModal.js": """\
const { Schema, model } = require('mongoose');
const withdrawSchema = new Schema({ sellerId: String, cents: Number, status: { type: String, default: 'pending' } });
module.exports = model('withdrawRequests', withdrawSchema);
""",
    "guards.js": """\
exports.signedIn = (req, res, next) => { if (!req.session.user) return res.status(401).end(); req.id = req.session.user.id; next(); };
exports.isAdmin = (req, res, next) => { if (req.session.role !== 'admin') return res.status(403).end(); next(); };
""",
    "app.js": """\
const express = require('express');
const { signedIn, isAdmin } = require('./guards');
const orders = require('./orders');
const app = express();
app.use(express.json());
app.put('/admin/orders/:orderId/status', signedIn, isAdmin, orders.setStatus);
app.post('/payment/create', signedIn, orders.createPayment);
app.get('/payment/confirm/:orderId', signedIn, orders.confirmPayment);
app.post('/admin/withdrawals/confirm', signedIn, isAdmin, orders.payOut);
app.listen(3000);
""",
}
_ORDERS = """\
const UserOrderModal = require('./models/orderModal');
const AdminOrder = require('./models/adminOrderModal');
const SellerWalletModal = require('./models/sellerWalletModal');
const WithdrawModal = require('./models/withdrawModal');
const stripe = require('stripe')(process.env.STRIPE_SECRET_KEY);

exports.createPayment = async (req, res) => {
  const order = await UserOrderModal.findById(req.body.orderId);
  const intent = await stripe.paymentIntents.create({ amount: Math.round(order.price * 100), currency: 'usd' });
  res.json({ secret: intent.client_secret });
};

exports.setStatus = async (req, res) => {
SET
  res.json({ message: 'updated' });
};

exports.confirmPayment = async (req, res) => {
CONFIRM
  res.json({ message: 'confirmed' });
};

exports.payOut = async (req, res) => {
PAY_OUT
  res.json({ message: 'transferred' });
};
"""
_CREDIT = """\
  const parts = await AdminOrder.find({ orderId: req.params.orderId });
  for (const part of parts) {
    await SellerWalletModal.create({ sellerId: part.sellerId, orderId: part.orderId, amount: part.price });
  }"""
_TRANSFER = """\
  await stripe.transfers.create({ amount: request.cents, currency: 'usd', destination: req.body.account });"""


def _found(root: Path, check: str, body: dict[str, str]) -> list[int]:
    text = _ORDERS
    for place in ("SET", "CONFIRM", "PAY_OUT"):
        text = text.replace(f"\n{place}\n", f"\n{body.get(place, '')}\n")
    write(root, _FILES | {"orders.js": text})
    return [f.start_line for f in review(root, Settings(checks=(check,), use_cache=False)).findings]


@pytest.mark.parametrize("rows", ["UserOrderModal", "AdminOrder"])
def test_a_state_that_staff_send_is_one_of_an_order_whatever_its_model_is_called(tmp_path: Path, rows: str) -> None:
    line = f"  await {rows}.findByIdAndUpdate(req.params.orderId, {{ deliveryStatus: req.body.status }});"
    assert _found(tmp_path, "order/unguarded-transition", {"SET": line})


@pytest.mark.parametrize("rows", ["UserOrderModal", "AdminOrder"])
def test_it_is_asked_for_before(tmp_path: Path, rows: str) -> None:
    lines = f"""\
  const order = await {rows}.findById(req.params.orderId);
  if (order.deliveryStatus !== 'pending' || order.paymentStatus !== 'paid') return res.status(409).end();
  await {rows}.findByIdAndUpdate(req.params.orderId, {{ deliveryStatus: req.body.status }});"""
    assert _found(tmp_path, "order/unguarded-transition", {"SET": lines}) == []


@pytest.mark.parametrize(
    "paid",
    [
        "  await UserOrderModal.findByIdAndUpdate(req.params.orderId, { paymentStatus: 'paid' });",
        """\
  const order = await UserOrderModal.findByIdAndUpdate(req.params.orderId, { paymentStatus: 'paid' });
  const parts_ = await AdminOrder.updateMany({ orderId: req.params.orderId }, { paymentStatus: 'paid' });
  if (!order || !parts_) return res.status(404).end();""",
    ],
    ids=["nothing is asked", "that the order is there says nothing of a first time"],
)
def test_each_call_of_a_page_credits_the_seller_again(tmp_path: Path, paid: str) -> None:
    assert _found(tmp_path, "idempotency/handler-not-idempotent", {"CONFIRM": f"{paid}\n{_CREDIT}"})


@pytest.mark.parametrize(
    "paid",
    [
        """\
  const met = await UserOrderModal.updateOne({ _id: req.params.orderId, paymentStatus: 'unpaid' }, { paymentStatus: 'paid' });
  if (met.modifiedCount !== 1) return res.status(409).end();""",
        """\
  const order = await UserOrderModal.findById(req.params.orderId);
  if (order.paymentStatus === 'paid') return res.status(409).end();
  await UserOrderModal.findByIdAndUpdate(req.params.orderId, { paymentStatus: 'paid' });""",
    ],
    ids=["a conditional update", "the state is looked at"],
)
def test_a_second_call_stops_where_the_order_is_paid(tmp_path: Path, paid: str) -> None:
    assert _found(tmp_path, "idempotency/handler-not-idempotent", {"CONFIRM": f"{paid}\n{_CREDIT}"}) == []


def test_a_page_that_only_sets_the_same_state_again_does_no_harm(tmp_path: Path) -> None:
    line = "  await UserOrderModal.findByIdAndUpdate(req.params.orderId, { paymentStatus: 'paid' });"
    assert _found(tmp_path, "idempotency/handler-not-idempotent", {"CONFIRM": line}) == []


def test_a_request_to_withdraw_is_paid_out_by_two_at_once(tmp_path: Path) -> None:
    lines = f"""\
  const request = await WithdrawModal.findOne({{ _id: req.body.requestId }});
  if (request.status === 'success') return res.status(400).end();
{_TRANSFER}
  await WithdrawModal.findByIdAndUpdate(req.body.requestId, {{ status: 'success' }});"""
    assert _found(tmp_path, "idempotency/dedup-race", {"PAY_OUT": lines})


def test_who_changes_the_state_first_pays_it_out_alone(tmp_path: Path) -> None:
    lines = f"""\
  const request = await WithdrawModal.findOneAndUpdate({{ _id: req.body.requestId, status: 'pending' }}, {{ status: 'success' }});
  if (!request) return res.status(409).end();
{_TRANSFER}"""
    assert _found(tmp_path, "idempotency/dedup-race", {"PAY_OUT": lines}) == []


_TIMER = """\
  const order = await UserOrderModal.create({ buyer: req.id, price: 10, paymentStatus: 'unpaid', deliveryStatus: 'pending' });
  await AdminOrder.insertMany([{ orderId: order._id, sellerId: 's1', paymentStatus: 'unpaid', deliveryStatus: 'pending' }]);
  setTimeout(() => expire(order._id), 1000 * 60 * 3);
"""
_EXPIRE = """
const expire = async (id) => {
  BODY
};
"""
_UNPAID = "const order = await UserOrderModal.findById(id);\n  if (order.paymentStatus !== 'unpaid') return;"


@pytest.mark.parametrize(
    ("body", "broken"),
    [
        ("await AdminOrder.updateMany({ orderId: id }, { deliveryStatus: 'cancelled' });", True),
        ("await UserOrderModal.findByIdAndUpdate(id, { deliveryStatus: 'cancelled' });", True),
        (f"{_UNPAID}\n  await UserOrderModal.findByIdAndUpdate(id, {{ deliveryStatus: 'cancelled' }});", False),
        ("await AdminOrder.updateMany({ orderId: id, paymentStatus: 'unpaid' }, { deliveryStatus: 'cancelled' });", False),
    ],
)
def test_a_timer_calls_off_what_may_be_paid_by_then(tmp_path: Path, body: str, broken: bool) -> None:
    text = _ORDERS.replace("SET\n", _TIMER).replace("CONFIRM\n", "").replace("PAY_OUT\n", "")
    write(tmp_path, _FILES | {"orders.js": text + _EXPIRE.replace("BODY", body)})
    found = review(tmp_path, Settings(checks=("order/unguarded-transition",), use_cache=False)).findings
    assert bool(found) is broken
