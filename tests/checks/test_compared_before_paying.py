"""Shops that compare stock when an order is made, and take it once that is paid; and shops of which one way to order takes none."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings


def _found(tmp_path: Path, shop: dict[str, str]) -> list[tuple[str, str]]:
    write(tmp_path, shop)
    found = review(tmp_path, Settings(use_cache=False, checks=("inventory/oversell-race",))).findings
    lines = {name: text.splitlines() for name, text in shop.items()}
    return [(f.title.partition(",")[0].partition(" before")[0], lines[f.file][f.start_line - 1].strip()[:40]) for f in found]


_MODELS = """\
const mongoose = require('mongoose');
exports.Product = mongoose.model('Product', new mongoose.Schema({ name: String, price: Number, stock: Number }));
exports.Order = mongoose.model('Order', new mongoose.Schema({ items: [{ product: String, qty: Number }], status: String }));
"""
_SERVER = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const { Product, Order } = require('./models');
const auth = require('./auth');
const app = express();
app.post('/checkout', auth, express.json(), async (req, res) => {
  const items = [];
  for (const item of req.body.items) {
    const product = await Product.findById(item.id);
    LOOK
    items.push({ product: product.id, qty: item.qty, price: product.price });
  }
  const order = await Order.create({ items, status: 'pending' });
  const session = await stripe.checkout.sessions.create({ mode: 'payment', line_items: lines(items), metadata: { order: order.id } });
  res.json({ url: session.url });
});
app.post('/webhook', express.raw({ type: 'application/json' }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.WEBHOOK_SECRET);
  if (event.type === 'checkout.session.completed') {
    const order = await Order.findOneAndUpdate({ _id: event.data.object.metadata.order, status: 'pending' }, { status: 'paid' });
    for (const item of order ? order.items : []) {
      TAKE
    }
  }
  res.json({ received: true });
});
"""
_LOOK = "if (product.stock < item.qty) return res.status(400).json({ message: 'sold out' });"
_TAKE = "await Product.updateOne({ _id: item.product }, { $inc: { stock: -item.qty } });"
_COMPARED = ("What is left is compared", "if (product.stock < item.qty) return res.")


@pytest.mark.parametrize(
    ("look", "take", "found"),
    [
        (_LOOK, _TAKE, True),
        (
            "const left = Math.max(0, Number(product.stock ?? 0));\n    if (left <= 0) return res.status(400).end();",
            "const row = await Product.findById(item.product); row.stock = Math.max(0, row.stock - item.qty); await row.save();",
            True,
        ),
        (
            _LOOK,
            (
                "const taken = await Product.updateOne({ _id: item.product, stock: { $gte: item.qty } }, { $inc: { stock: -item.qty } });\n"
                "      if (!taken.modifiedCount) await stripe.refunds.create({ payment_intent: event.data.object.payment_intent });"
            ),
            False,
        ),
        (
            (
                "const held = await Product.updateOne({ _id: item.id, stock: { $gte: item.qty } }, { $inc: { stock: -item.qty } });\n"
                "    if (!held.modifiedCount) return res.status(400).end();"
            ),
            "",
            False,
        ),
        ("if (item.qty < 1) return res.status(400).end();", _TAKE, False),
    ],
    ids=["taken-when-paid", "clipped-when-paid", "taken-or-refunded", "taken-with-the-order", "no-look"],
)
def test_what_is_compared_before_a_payment_is_kept_for_nobody(tmp_path: Path, look: str, take: str, found: bool) -> None:
    got = _found(tmp_path, {"server.js": _SERVER.replace("LOOK", look).replace("TAKE", take), "models.js": _MODELS, "auth.js": _AUTH})
    assert ("What is left is compared" in {title for title, _ in got}) == found, got


_OLD_HOOK = """\
const stripe = require('stripe')(process.env.STRIPE_KEY);
const { Product, Order } = require('./models');
async function stripeWebhook(req, res) {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.WEBHOOK_SECRET);
  const order = await Order.findOne({ _id: event.data.object.metadata.order, status: 'pending' });
  for (const item of order.items) {
    const taken = await Product.updateOne({ _id: item.product, stock: { $gte: item.qty } }, { $inc: { stock: -item.qty } });
    if (!taken.modifiedCount) return res.status(409).end();
  }
  order.status = 'paid';
  await order.save();
  res.end();
}
exports.handlers = { stripeWebhook };
"""


def test_what_is_taken_once_it_is_paid_is_kept_for_nobody_before(tmp_path: Path) -> None:
    server = _SERVER.replace("LOOK", _LOOK).replace("TAKE", _TAKE)
    got = _found(tmp_path, {"server.js": server, "models.js": _MODELS, "auth.js": _AUTH, "old.js": _OLD_HOOK})
    assert "What is left is compared" in {title for title, _ in got}, got


_AUTH = """\
const jwt = require('jsonwebtoken');
module.exports = (req, res, next) => { req.user = jwt.verify(req.headers.authorization, process.env.JWT); next(); };
"""

_DJANGO = {
    "shop/models.py": """\
from django.db import models
class Product(models.Model):
    name = models.CharField(max_length=99)
    price = models.DecimalField(max_digits=9, decimal_places=2)
    stock = models.PositiveIntegerField(default=0)
class Order(models.Model):
    user = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    status = models.CharField(max_length=20)
class OrderItem(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE)
    product = models.ForeignKey(Product, on_delete=models.CASCADE)
    quantity = models.PositiveIntegerField()
""",
    "shop/urls.py": """\
from django.urls import path
from . import views
urlpatterns = [path("place/", views.place), path("pay/", views.pay), path("hook/", views.hook)]
""",
    "shop/views.py": """\
import stripe
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from .models import Order, OrderItem, Product
from .cart import Cart
from .stock import check, reduce
@login_required
def place(request):
    cart = Cart(request)
    CHECK
    order = Order.objects.create(user=request.user, status="pending")
    for line in cart:
        OrderItem.objects.create(order=order, product=line["product"], quantity=line["quantity"])
    return JsonResponse({"order": order.id})
@login_required
def pay(request):
    order = Order.objects.get(pk=request.POST["order"], user=request.user)
    session = stripe.checkout.Session.create(mode="payment", line_items=lines(order), metadata={"order": order.pk})
    return JsonResponse({"url": session.url})
def hook(request):
    event = stripe.Webhook.construct_event(request.body, request.headers["Stripe-Signature"], SECRET)
    if event["type"] == "checkout.session.completed":
        order = Order.objects.get(pk=event["data"]["object"]["metadata"]["order"])
        if order.status == "pending":
            order.status = "paid"
            order.save()
            reduce(order)
    return HttpResponse(status=200)
""",
    "shop/stock.py": """\
from .models import Product
def check(cart):
    for line in cart:
        if line["quantity"] > line["product"].stock:
            raise ValueError("sold out")
def reduce(order):
    for item in order.orderitem_set.all():
        item.product.stock -= item.quantity
        item.product.save()
""",
    "shop/cart.py": """\
from .models import Product
class Cart:
    def __init__(self, request):
        self.cart = request.session.get("cart", {})
    def __iter__(self):
        for key, quantity in self.cart.items():
            yield {"product": Product.objects.get(pk=key), "quantity": quantity}
""",
}


@pytest.mark.parametrize(("check", "found"), [("check(cart)", True), ("pass", False)], ids=["compared", "not-compared"])
def test_it_may_be_compared_in_a_helper(tmp_path: Path, check: str, found: bool) -> None:
    got = _found(tmp_path, {**_DJANGO, "shop/views.py": _DJANGO["shop/views.py"].replace("CHECK", check)})
    assert (("What is left is compared", 'if line["quantity"] > line["product"].st') in got) == found, got


_FLASK = {
    "app.py": """\
from flask import Flask, jsonify, request
from flask_sqlalchemy import SQLAlchemy
app = Flask(__name__)
db = SQLAlchemy(app)
class Product(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    price = db.Column(db.Integer)
    stock = db.Column(db.Integer)
class Order(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    product_id = db.Column(db.Integer)
    quantity = db.Column(db.Integer)
    method = db.Column(db.String(20))
@app.post("/orders/card")
def by_card():
    data = request.json
    product = Product.query.filter_by(id=data["product_id"]).with_for_update().first()
    if product.stock < data["quantity"]:
        return jsonify(error="sold out"), 400
    product.stock -= data["quantity"]
    db.session.add(Order(product_id=product.id, quantity=data["quantity"], method="card"))
    db.session.commit()
    return jsonify(ok=True)
@app.post("/orders/cash")
def by_cash():
    data = request.json
    CASH
    db.session.add(Order(product_id=data["product_id"], quantity=data["quantity"], method="cash"))
    db.session.commit()
    return jsonify(ok=True)
""",
}
_LOCKED = """product = Product.query.filter_by(id=data["product_id"]).with_for_update().first()
    if product.stock < data["quantity"]:
        return jsonify(error="sold out"), 400
    product.stock -= data["quantity"]"""


@pytest.mark.parametrize(("cash", "found"), [("pass", True), (_LOCKED, False)], ids=["one-way-takes-none", "both-take"])
def test_each_way_to_order_takes_what_it_sells(tmp_path: Path, cash: str, found: bool) -> None:
    got = _found(tmp_path, {"app.py": _FLASK["app.py"].replace("CASH", cash)})
    assert bool(got) == found, got


def test_what_fills_the_cart_may_take_for_the_order(tmp_path: Path) -> None:
    code = (
        _FLASK["app.py"]
        .replace('"/orders/card"', '"/cart/add"')
        .replace('    db.session.add(Order(product_id=product.id, quantity=data["quantity"], method="card"))\n', "")
    )
    asked = code.replace("CASH", "pass")
    assert len(_found(tmp_path / "bare", {"app.py": asked})) == 1
    kept = code.replace("    data = request.json\n    CASH", "    data = CartLine.query.filter_by(user_id=session['user']).first()")
    assert _found(tmp_path / "cart", {"app.py": kept}) == []


_LARAVEL = {
    "composer.json": '{"require": {"laravel/framework": "^11.0", "midtrans/midtrans-php": "^2.5"}}',
    "routes/api.php": """\
<?php
use App\\Http\\Controllers\\CheckoutController;
use App\\Http\\Controllers\\CallbackController;
use Illuminate\\Support\\Facades\\Route;
Route::middleware('auth:sanctum')->post('/checkout', [CheckoutController::class, 'store']);
Route::post('/midtrans/callback', [CallbackController::class, 'handle']);
""",
    "app/Models/Product.php": """\
<?php
namespace App\\Models;
use Illuminate\\Database\\Eloquent\\Model;
class Product extends Model { protected $fillable = ['name', 'stock', 'price']; }
""",
    "app/Models/OrderItem.php": """\
<?php
namespace App\\Models;
use Illuminate\\Database\\Eloquent\\Model;
class OrderItem extends Model { public function product() { return $this->belongsTo(Product::class); } }
""",
    "app/Models/Order.php": """\
<?php
namespace App\\Models;
use Illuminate\\Database\\Eloquent\\Model;
class Order extends Model { public function items() { return $this->hasMany(OrderItem::class); } }
""",
    "app/Models/User.php": """\
<?php
namespace App\\Models;
use Illuminate\\Foundation\\Auth\\User as Authenticatable;
class User extends Authenticatable { public function orders() { return $this->hasMany(Order::class); } }
""",
    "app/Http/Controllers/CheckoutController.php": """\
<?php
namespace App\\Http\\Controllers;
use Illuminate\\Http\\Request;
use Midtrans\\Snap;
class CheckoutController extends Controller
{
    public function store(Request $request)
    {
        $order = auth()->user()->orders()->create(['total' => $request->total, 'status' => 'pending']);
        foreach ($request->items as $item) {
            LOOK
            $order->items()->create(['product_id' => $item['id'], 'quantity' => $item['quantity']]);
        }
        return Snap::getSnapToken(['transaction_details' => ['order_id' => $order->id, 'gross_amount' => $order->total]]);
    }
}
""",
    "app/Http/Controllers/CallbackController.php": """\
<?php
namespace App\\Http\\Controllers;
use App\\Models\\Order;
use Illuminate\\Http\\Request;
class CallbackController extends Controller
{
    public function handle(Request $request)
    {
        $expected = hash('sha512', $request->order_id . $request->status_code . $request->gross_amount . config('midtrans.server_key'));
        abort_unless(hash_equals($expected, $request->signature_key), 403);
        $order = Order::lockForUpdate()->findOrFail($request->order_id);
        if ($request->transaction_status === 'settlement' && $order->status === 'pending') {
            $order->update(['status' => 'paid']);
            foreach ($order->items as $item) {
                $item->product->decrement('stock', $item->quantity);
            }
        }
    }
}
""",
}
_RESERVED = (
    "abort_unless(Product::where('id', $item['id'])->where('stock', '>=', $item['quantity'])->decrement('stock', $item['quantity']), 409);"
)


@pytest.mark.parametrize(("look", "found"), [("", True), (f"{_RESERVED}", False)])
def test_an_order_that_is_made_without_any_look_is_paid_for_in_vain(tmp_path: Path, look: str, found: bool) -> None:
    name = "app/Http/Controllers/CheckoutController.php"
    shop = {**_LARAVEL, name: _LARAVEL[name].replace("LOOK", look).replace("use Midtrans", "use App\\Models\\Product;\nuse Midtrans", 1)}
    told = ("Nobody asks whether the goods are there", "$order = auth()->user()->orders()->creat")
    assert (told in _found(tmp_path, shop)) is found
