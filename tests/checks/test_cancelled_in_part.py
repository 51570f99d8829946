"""Cancellations that put the goods back in some of an order's states only; a currency that is asked for elsewhere."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_SERVICE = """\
const { Order, Product } = require('./models');

exports.place = async (user, lines) => {
  for (const line of lines) {
    const done = await Product.updateOne({ _id: line.product, stock: { $gte: line.quantity } }, { $inc: { stock: -line.quantity } });
    if (done.modifiedCount === 0) throw new Error('sold out');
  }
  return Order.create({ user, lines, status: 'pending' });
};

const putBack = async (order) => {
  for (const line of order.lines) await Product.updateOne({ _id: line.product }, { $inc: { stock: line.quantity } });
};

exports.cancel = async (id, user) => {
  const order = await Order.findOne({ _id: id, user });
  if (!['pending', 'paid'].includes(order.status)) throw new Error('too late');
  RELEASED
  order.status = 'cancelled';
  await order.save();
};
"""
_MODELS = """\
const mongoose = require('mongoose');

exports.Product = mongoose.model('Product', new mongoose.Schema({ stock: Number }));
const lines = [{ product: String, quantity: Number }];
exports.Order = mongoose.model('Order', new mongoose.Schema({ user: String, status: String, lines }));
"""
_ROUTES = """\
const express = require('express');
const orders = require('./orders');

const router = express.Router();
router.post('/orders', async (req, res) => res.json(await orders.place(req.session.user, req.body.lines)));
router.post('/orders/:id/cancel', async (req, res) => res.json(await orders.cancel(req.params.id, req.session.user)));
module.exports = router;
"""


@pytest.mark.parametrize(
    ("released", "wrong"),
    [
        ("if (order.status === 'paid') await putBack(order);", True),
        ("switch (order.status) { case 'paid': await putBack(order); break; }", True),
        ("await putBack(order);", False),
        ("if (order.status === 'paid' || order.status === 'pending') await putBack(order);", False),
        ("switch (order.status) { case 'paid': await putBack(order); break; case 'pending': await putBack(order); break; }", False),
    ],
)
def test_goods_come_back_from_every_state_in_which_they_were_taken(tmp_path: Path, released: str, wrong: bool) -> None:
    files = {"orders.js": _SERVICE.replace("RELEASED", released), "models.js": _MODELS, "routes.js": _ROUTES}
    assert bool(found(tmp_path, files, "order/cancel-order")) is wrong


_LARAVEL = """\
<?php

namespace App\\Http\\Controllers;

use App\\Models\\Order;
use Illuminate\\Http\\Request;
use Illuminate\\Support\\Facades\\DB;

class OrderController extends Controller
{
    public function confirm(Order $order)
    {
        $this->authorize('confirm', $order);
        abort_unless($order->status === 'pending', 409);
        DB::transaction(function () use ($order) {
            foreach ($order->items as $item) {
                $item->product->decrement('stock', $item->quantity);
            }
            $order->update(['status' => 'processing']);
        });
    }

    public function cancel(Request $request, Order $order)
    {
        abort_unless($order->user_id === $request->user()->id, 403);
        if (!in_array($order->status, ['pending', 'processing'])) {
            return back();
        }
        DB::transaction(function () use ($order) {
            if ($order->status ASKED) {
                foreach ($order->items as $item) {
                    $item->product->increment('stock', $item->quantity);
                }
            }
            $order->update(['status' => 'cancelled']);
        });
    }
}
"""
_HEAD = "<?php\nnamespace App\\Models;\nuse Illuminate\\Database\\Eloquent\\Model;\n"
_ELOQUENT = {
    "app/Models/Order.php": _HEAD + "class Order extends Model { public function items() { return $this->hasMany(Item::class); } }\n",
    "app/Models/Item.php": _HEAD + "class Item extends Model { public function product() { return $this->belongsTo(Product::class); } }\n",
    "app/Models/Product.php": _HEAD + "class Product extends Model { protected $fillable = ['stock']; }\n",
    "routes/web.php": """\
<?php
use App\\Http\\Controllers\\OrderController;
use Illuminate\\Support\\Facades\\Route;

Route::post('orders/{order}/confirm', [OrderController::class, 'confirm'])->middleware('auth');
Route::post('orders/{order}/cancel', [OrderController::class, 'cancel'])->middleware('auth');
""",
}


@pytest.mark.parametrize(("asked", "wrong"), [("=== 'processing'", False), ("!== 'pending'", False), ("=== 'pending'", True)])
def test_a_state_in_which_nothing_was_taken_yet_gives_nothing_back(tmp_path: Path, asked: str, wrong: bool) -> None:
    files = {**_ELOQUENT, "app/Http/Controllers/OrderController.php": _LARAVEL.replace("ASKED", asked)}
    assert bool(found(tmp_path, files, "order/cancel-order")) is wrong


_PAYS = """\
const stripe = require('stripe')(process.env.STRIPE_KEY);
const { Order } = require('./models');

exports.pay = async (req, res) => {
  const order = await Order.findById(req.params.id);
  ASKED
  const made = await stripe.paymentIntents.create({ amount: order.totalCents, currency: 'eur' }, { idempotencyKey: `o-${order.id}` });
  res.json({ secret: made.client_secret });
};
"""
_PRICED = """\
const mongoose = require('mongoose');

exports.Order = mongoose.model('Order', new mongoose.Schema({
  totalCents: { type: Number, required: true },
  currency: { type: String, required: true },
}));
"""
_PAY_ROUTE = "const express = require('express');\nconst app = express();\napp.post('/orders/:id/pay', require('./pay').pay);\n"


@pytest.mark.parametrize(("asked", "wrong"), [("", True), ("if (order.currency !== 'eur') return res.status(409).end();", False)])
def test_a_currency_that_is_asked_for_is_no_guess(tmp_path: Path, asked: str, wrong: bool) -> None:
    files = {"pay.js": _PAYS.replace("ASKED", asked), "models.js": _PRICED, "app.js": _PAY_ROUTE}
    assert bool(found(tmp_path, files, "payment/missing-currency")) is wrong
