"""Orders that are paid by a word of whoever makes them: what he sends is taken over whole, or the way to pay that he names decides."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_TAKEN_OVER = """\
const express = require('express');
const mongoose = require('mongoose');
const Order = mongoose.model('Order', new mongoose.Schema({ items: [], total: Number, isPaid: { type: Boolean, default: false } }));
const paypal = require('@paypal/checkout-server-sdk');
const app = express();
app.use(express.json());
app.post('/orders', auth, async (req, res) => {
  MADE
  res.json(order);
});
"""


@pytest.mark.parametrize(
    ("made", "line"),
    [
        ("const order = new Order({ ...req.body, user: req.user.id }); await order.save();", 8),
        ("const data = req.body; const order = await new Order({ ...data, user: req.user.id }).save();", 8),
        ("const order = new Order(req.body); order.user = req.user.id; await order.save();", 8),
        ("const order = new Order({ ...req.body, user: req.user.id, isPaid: false }); await order.save();", 0),
        ("const { isPaid, ...rest } = req.body; const order = new Order({ ...rest, user: req.user.id }); await order.save();", 0),
        ("const order = new Order({ items: req.body.items, user: req.user.id }); await order.save();", 0),
    ],
)
def test_an_object_takes_over_the_body_with_what_says_that_it_is_paid(tmp_path: Path, made: str, line: int) -> None:
    files = {"app.js": _TAKEN_OVER.replace("MADE", made)}
    assert [f.start_line for f in found(tmp_path, files, "payment/fulfil-on-redirect")] == ([line] if line else [])


_CHOSEN_WAY = """\
const express = require('express');
const mongoose = require('mongoose');
const Razorpay = require('razorpay');
const razorpay = new Razorpay({ key_id: process.env.KEY, key_secret: process.env.SECRET });
const Order = mongoose.model('Order', new mongoose.Schema({ total: Number, paymentStatus: String }));
const app = express();
app.use(express.json());
app.post('/orders', auth, async (req, res) => {
  const { paymentMethod } = req.body;
  PROVEN
  const total = await priced(req.user);
  const [order] = await Order.create([{ total, paymentStatus: CHOICE, status: 'Processing' }], { session });
  res.json(order);
});
"""
_FETCHED = """if (paymentMethod !== 'COD') {
    const payment = await razorpay.payments.fetch(req.body.payment_id);
    if (payment.status !== 'captured') return res.status(400).end();
  }"""


@pytest.mark.parametrize(
    ("choice", "proven", "wrong"),
    [
        ("paymentMethod === 'COD' ? 'pending' : 'paid'", "", True),
        ("paymentMethod !== 'cash_on_delivery' ? 'paid' : 'pending'", "", True),
        ("paymentMethod === 'card' ? 'paid' : 'pending'", "", True),
        ("paymentMethod === 'COD' ? 'pending' : 'paid'", _FETCHED, False),
        ("paymentMethod === 'COD' ? 'pending' : 'awaiting_payment'", "", False),
    ],
)
def test_the_way_to_pay_that_is_named_pays_nothing(tmp_path: Path, choice: str, proven: str, wrong: bool) -> None:
    files = {"app.js": _CHOSEN_WAY.replace("CHOICE", choice).replace("PROVEN", proven)}
    assert bool(found(tmp_path, files, "payment/fulfil-on-redirect")) == wrong


_PHP_WAY = """\
<?php
use App\\Models\\Order;
use Illuminate\\Http\\Request;
use Illuminate\\Support\\Facades\\Route;
Route::post('/orders', [OrderController::class, 'store'])->middleware('auth');
class OrderController extends Controller {
    public function store(Request $request) {
        $status = $request->payment_method === 'cod' ? 'pending' : 'paid';
        $order = Order::create(['user_id' => auth()->id(), 'total' => Cart::total(), 'payment_status' => STATUS]);
        return response()->json($order);
    }
}
"""
_PYTHON_WAY = """\
from flask import Flask, request
from flask_sqlalchemy import SQLAlchemy
app = Flask(__name__)
db = SQLAlchemy(app)

class Order(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    total = db.Column(db.Numeric(10, 2))
    payment_status = db.Column(db.String(20))

@app.post("/orders")
def place():
    method = request.json["payment_method"]
    status = "pending"
    if method != "cod":
        status = "paid"
    order = Order(total=priced(), payment_status=STATUS)
    db.session.add(order)
    db.session.commit()
    return {}
"""


@pytest.mark.parametrize(("status", "wrong"), [("$status", True), ("'pending'", False)])
@pytest.mark.parametrize(("name", "text"), [("routes/web.php", _PHP_WAY), ("app.py", _PYTHON_WAY)])
def test_the_way_to_pay_pays_nothing_in_other_languages(tmp_path: Path, name: str, text: str, status: str, wrong: bool) -> None:
    told = status.lstrip("$") if name.endswith("py") else status
    assert bool(found(tmp_path, {name: text.replace("STATUS", told)}, "payment/fulfil-on-redirect")) == wrong


_APPROVED = """\
const express = require('express');
const { MercadoPagoConfig, Payment } = require('mercadopago');
const { Orders } = require('./db');
const app = express();
app.use(express.json());
app.post('/payment', async (req, res) => {
  PROVEN
  let order;
  if (ASKED) order = await Orders.findOne({ where: { status: 0, preferenceId: req.body.preference_id } });
  if (!order) return res.status(404).send('No order');
  await order.update({ status: STATE });
  res.send(order);
});
"""
_ORDERS = """\
const { Sequelize, DataTypes } = require('sequelize');
const sequelize = new Sequelize(process.env.DSN);
const Orders = sequelize.define('orders', { status: { type: DataTypes.INTEGER, defaultValue: 0 }, preferenceId: DataTypes.STRING });
module.exports = { Orders };
"""
_FETCH = """const payment = await new Payment(new MercadoPagoConfig({ accessToken: process.env.MP })).get({ id: req.body.payment_id });
  if (payment.status !== 'approved') return res.status(402).end();"""


@pytest.mark.parametrize(
    ("asked", "state", "proven", "wrong"),
    [
        ("req.body.status === 'approved'", "1", "", True),
        ("req.body?.status === 'success'", "'in_kitchen'", "", True),
        ("req.body.status === 'approved'", "1", _FETCH, False),
        ("req.body.status === 'rejected'", "'failed'", "", False),
        ("req.body.status === 'approved'", "'pending'", "", False),
        ("req.body.kind === 'pickup'", "1", "", False),
    ],
)
def test_a_word_that_is_sent_is_no_payment(tmp_path: Path, asked: str, state: str, proven: str, wrong: bool) -> None:
    text = _APPROVED.replace("ASKED", asked).replace("STATE", state).replace("PROVEN", proven)
    assert bool(found(tmp_path, {"app.js": text, "db.js": _ORDERS}, "payment/fulfil-on-redirect")) == wrong


def test_a_page_of_php_believes_the_address(tmp_path: Path) -> None:
    page = """<?php
if ($_GET['collection_status'] === 'approved') {
    $id = (int) $_GET['external_reference'];
    mysqli_query($db, "UPDATE orders SET status = 2 WHERE id = $id");
}
"""
    assert found(tmp_path, {"booked.php": page}, "payment/fulfil-on-redirect")
