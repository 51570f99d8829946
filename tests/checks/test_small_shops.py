"""How small shops and scripts that keep two systems alike are written: each way beside one that looks like it and is otherwise."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found
from tests.commerce.small_models import model_of

_ETSY = """\
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from app.signing import genuine
from app.store import db

router = APIRouter()


@router.post("/etsy/webhook")
async def etsy_webhook(request: Request):
    raw = await request.body()
    arrived = {"raw_body": raw.decode(), "headers": dict(request.headers), "status": "received"}
    kept = await db.etsy_notification_events.insert_one(arrived)
    ok, why = genuine(raw, request.headers.get("webhook-signature"))
    if not ok:
        await db.etsy_notification_events.update_one({"_id": kept.inserted_id}, {"$set": {"status": "refused", "reason": why}})
        END
    payload = await request.json()
    await db["orders"].update_one({"_id": payload["order_id"]}, {"$set": {"status": "paid"}})
    return {"ok": True}
"""
_SIGNING = """\
import base64
import hashlib
import hmac
import os


def genuine(raw, sent):
    secret = os.environ.get("ETSY_WEBHOOK_SECRET")
    if not secret:
        return False, "no secret"
    if not sent:
        return False, "no signature"
    made = base64.b64encode(hmac.new(secret.encode(), raw, hashlib.sha256).digest()).decode()
    LAST
"""
_STORE = "import motor.motor_asyncio\n\ndb = motor.motor_asyncio.AsyncIOMotorClient().shop\n"


@pytest.mark.parametrize(
    ("end", "last", "wrong"),
    [
        ('return JSONResponse({"ok": False}, status_code=401)', 'return hmac.compare_digest(made, sent), "mismatch"', False),
        ("pass", 'return hmac.compare_digest(made, sent), "mismatch"', True),
        ('return JSONResponse({"ok": False}, status_code=401)', 'return True, "not asked for yet"', True),
    ],
)
def test_one_of_two_answers_says_whether_the_message_is_genuine(tmp_path: Path, end: str, last: str, wrong: bool) -> None:
    files = {"app/hooks.py": _ETSY.replace("END", end), "app/signing.py": _SIGNING.replace("LAST", last), "app/store.py": _STORE}
    checks = ("payment/webhook-unverified", "payment/webhook-weak-verification")
    assert any(found(tmp_path / str(n), files, check) for n, check in enumerate(checks)) is wrong


_RAZORPAY = """\
const crypto = require('crypto');
const Product = require('../models/product');
const Order = require('../models/order');

exports.verify = async (req, res) => {
  const { razorpay_order_id, razorpay_payment_id, razorpay_signature, items } = req.body;
  const signed = `${razorpay_order_id}|${razorpay_payment_id}`;
  const made = crypto.createHmac('sha256', process.env.RAZORPAY_KEY_SECRET).update(signed).digest('hex');
  if (made !== razorpay_signature) return res.status(400).json({ success: false });
  FIRST
  for (const item of items) {
    const enough = { _id: item.product, stock: { $gte: item.qty } };
    const taken = await Product.findOneAndUpdate(enough, { $inc: { stock: -item.qty } }, { new: true });
    if (!taken) return res.status(400).json({ success: false });
  }
  await Order.create({ user: req.user.id, items, paymentId: razorpay_payment_id, status: 'paid' });
  res.json({ success: true });
};
"""
_ROUTES = """\
const express = require('express');
const orders = require('./controllers/orders');
const app = express();
app.use(express.json());
app.post('/orders/verify', orders.verify);
app.listen(3000);
"""
_SCHEMA = "const m = require('mongoose');\nmodule.exports = m.model('NAME', new m.Schema({ FIELDS }));\n"
_MONGOOSE = {
    "models/product.js": _SCHEMA.replace("NAME", "Product").replace("FIELDS", "stock: { type: Number, min: 0 }"),
    "models/order.js": _SCHEMA.replace("NAME", "Order").replace("FIELDS", "user: String, paymentId: String, status: String"),
}


@pytest.mark.parametrize(
    ("first", "wrong"), [("", True), ("if (await Order.exists({ paymentId: razorpay_payment_id })) return res.json({});", False)]
)
def test_that_there_is_enough_in_stock_says_nothing_of_a_second_time(tmp_path: Path, first: str, wrong: bool) -> None:
    files = {"server.js": _ROUTES, "controllers/orders.js": _RAZORPAY.replace("FIRST", first), **_MONGOOSE}
    assert bool(found(tmp_path, files, "idempotency/handler-not-idempotent")) is wrong


_CHOICES = """\
from django.db import models


class State(models.IntegerChoices):
    pending = 1, "waiting"
    processing = 2, "paid, to be sent"
    shipped = 3, "on its way"
    cancelled = 5, "cancelled"


class Order(models.Model):
    status = models.IntegerField(choices=State.choices, default=State.pending.value)
    reference = models.CharField(max_length=40)
"""
_RETURN = """\
from django.shortcuts import redirect
from django.views import View

from shop.models import Order, State


class Cancel(View):
    def post(self, request, pk):
        order = Order.objects.get(pk=pk, user=request.user)
        GUARD
        order.status = State.cancelled.value
        order.save()
        return redirect("orders")
"""


@pytest.mark.parametrize(("guard", "wrong"), [("pass", True), ("assert order.status == State.pending.value", False)])
def test_a_state_is_called_as_the_list_of_states_calls_it(tmp_path: Path, guard: str, wrong: bool) -> None:
    urls = "from django.urls import path\nfrom shop.views import Cancel\nurlpatterns = [path('orders/<int:pk>/cancel', Cancel.as_view())]\n"
    files = {"manage.py": "", "shop/models.py": _CHOICES, "shop/views.py": _RETURN.replace("GUARD", guard), "shop/urls.py": urls}
    assert bool(found(tmp_path, files, "order/unguarded-transition")) is wrong


_ZARINPAL = """\
import requests
from django.conf import settings


def ask(amount, authority):
    sent = {"merchant_id": settings.MERCHANT, "amount": int(amount), "authority": authority}
    return requests.post("https://payment.zarinpal.com/pg/v4/payment/verify.json", json=sent, timeout=10).json()


def begin(order):
    sent = {"merchant_id": settings.MERCHANT, "amount": round(order.total), "callback_url": settings.BACK, "description": "order"}
    return requests.post("https://payment.zarinpal.com/pg/v4/payment/request.json", json=sent, timeout=10).json()
"""
_VERIFIED = """\
from django.http import HttpResponse

from shop.gateway import ask, begin
from shop.models import Order


def pay(request, pk):
    order = Order.objects.get(pk=pk)
    order.authority = begin(order)["data"]["authority"]
    order.save()
    return HttpResponse(order.authority)


def verified(request):
    order = Order.objects.get(authority=request.GET["Authority"])
    answer = ask(SUM, order.authority)
    if answer["data"]["code"] == 100:
        order.status = "paid"
        order.save()
    return HttpResponse(order.status)
"""
_TOTALS = """\
from django.db import models


class Order(models.Model):
    status = models.CharField(max_length=10, default="open")
    authority = models.CharField(max_length=40)
    total = models.DecimalField(max_digits=12, decimal_places=PLACES)
"""
_PATHS = """\
from django.urls import path
from shop import views
urlpatterns = [path("pay/<int:pk>", views.pay), path("callback", views.verified)]
"""


@pytest.mark.parametrize(("sum_", "wrong"), [("order.total", False), ('request.GET["amount"]', True)])
def test_who_is_told_the_sum_that_is_owed_confirms_no_other(tmp_path: Path, sum_: str, wrong: bool) -> None:
    models = _TOTALS.replace("PLACES", "0")
    views = _VERIFIED.replace("SUM", sum_)
    files = {"manage.py": "", "shop/gateway.py": _ZARINPAL, "shop/views.py": views, "shop/models.py": models, "shop/urls.py": _PATHS}
    assert bool(found(tmp_path, files, "payment/amount-not-reconciled")) is wrong


@pytest.mark.parametrize(
    ("places", "address", "wrong"),
    [
        ("0", "api.razorpay.com/v1/payment_links", False),
        ("2", "api.razorpay.com/v1/payment_links", True),
        ("2", "payment.zarinpal.com/pg/v4/payment/request.json", False),  # rials have no hundredths
    ],
)
def test_a_column_without_decimals_keeps_whole_units(tmp_path: Path, places: str, address: str, wrong: bool) -> None:
    models = _TOTALS.replace("PLACES", places)
    views = _VERIFIED.replace("SUM", "order.total")
    gateway = _ZARINPAL.replace("payment.zarinpal.com/pg/v4/payment/request.json", address)
    files = {"manage.py": "", "shop/gateway.py": gateway, "shop/views.py": views, "shop/models.py": models, "shop/urls.py": _PATHS}
    assert bool(found(tmp_path, files, "payment/amount-unit")) is wrong


_SYNC = """\
import asyncio
import logging

from app.shopify import Shopify
from app.store import db

log = logging.getLogger(__name__)


async def sync_stock(shop: Shopify):
    async def push(row):
        try:
            await shop.post("inventory_levels/set.json", {"available": row["quantity"], "inventory_item_id": row["item"], "location_id": 1})
            INSIDE
        except Exception as error:
            log.error("no stock for %s: %s", row["_id"], error)
        OUTSIDE

    rows = [row async for row in db["products"].find({"dirty": True})]
    await asyncio.gather(*[asyncio.create_task(push(row)) for row in rows])
"""
_SHOPIFY = """\
import os

import aiohttp


class Shopify:
    def __init__(self):
        self.base = f"https://{os.environ['SHOP']}.myshopify.com/admin/api/2024-01"

    async def post(self, path, payload):
        async with aiohttp.ClientSession() as session:
            async with session.post(f"{self.base}/{path}", json=payload) as answer:
                answer.raise_for_status()
                return await answer.json()
"""
_DONE = 'await db["products"].update_one({"_id": row["_id"]}, {"$set": {"dirty": False, "last_synced_hash": row["hash"]}})'


@pytest.mark.parametrize(("inside", "outside", "wrong"), [(_DONE, "", False), ("pass", _DONE, True)])
def test_what_is_marked_as_done_only_when_it_is_comes_again(tmp_path: Path, inside: str, outside: str, wrong: bool) -> None:
    sync = _SYNC.replace("INSIDE", inside).replace("OUTSIDE", outside)
    files = {"app/sync_stock.py": sync, "app/shopify.py": _SHOPIFY, "app/store.py": _STORE}
    assert bool(found(tmp_path, files, "inventory/sync-drops-failures")) is wrong


_FIELDS = """\
def fields_set(data):
    out = {}
    for key, value in data.items():
        out[f"channels.shopify.{key}"] = value
    return out
"""


def test_what_is_noted_of_an_item_under_names_made_up_on_the_way_is_no_second_item(tmp_path: Path) -> None:
    done = 'await db["products"].update_one({"_id": row["_id"]}, {"$set": fields_set({"last_synced_hash": row["hash"]})})'
    sync = (
        _SYNC.replace("INSIDE", done).replace("OUTSIDE", "").replace("from app.store", "from app.fields import fields_set\nfrom app.store")
    )
    files = {"app/sync_stock.py": sync, "app/shopify.py": _SHOPIFY, "app/store.py": _STORE, "app/fields.py": _FIELDS}
    assert not found(tmp_path, files, "inventory/sync-drops-failures")


@pytest.mark.parametrize(("line", "wrong"), [('if __name__ == "__main__":', False), ("if settings.TELLS:", True)])
def test_a_module_that_is_run_by_hand_prints_to_who_runs_it(tmp_path: Path, line: str, wrong: bool) -> None:
    gateway = f"{_ZARINPAL}\n\n{line}\n    print(ask(1000, 'A1'))\n"
    views = _VERIFIED.replace("SUM", "order.total")
    models = _TOTALS.replace("PLACES", "0")
    files = {"manage.py": "", "shop/gateway.py": gateway, "shop/views.py": views, "shop/models.py": models, "shop/urls.py": _PATHS}
    assert bool(found(tmp_path, files, "pci/card-data-logged")) is wrong


_SOLD = """\
from django.db import models


class Product(models.Model):
    stock = models.PositiveIntegerField(default=0)


class Order(models.Model):
    status = models.CharField(max_length=10, default="open")
    product = models.ForeignKey(Product, on_delete=models.CASCADE)
    quantity = models.PositiveIntegerField()
"""
_TAKES = """\
from django.db.models import F
from django.db.models.signals import post_save
from django.dispatch import receiver

from shop.models import Order


@receiver(post_save, sender=Order)
def take(sender, instance, **kwargs):
    if instance.status == "paid":
        instance.product.stock = F("stock") - instance.quantity
        instance.product.save()
"""
_ENDS = """\
from django.http import HttpResponse
from django.urls import path

from shop.models import Order


def end(request, pk):
    order = Order.objects.get(pk=pk)
    order.status = "STATE"
    order.save()
    return HttpResponse(order.status)


urlpatterns = [path("end/<int:pk>", end)]
"""


@pytest.mark.parametrize(("state", "takes"), [("paid", True), ("cancelled", False)])
def test_who_hears_of_a_record_does_nothing_in_a_state_that_it_was_not_given(tmp_path: Path, state: str, takes: bool) -> None:
    files = {"manage.py": "", "shop/models.py": _SOLD, "shop/signals.py": _TAKES, "shop/views.py": _ENDS.replace("STATE", state)}
    model, _ = model_of(tmp_path, files)
    (entry,) = [e for e in model.entries if e.route]
    assert any(e.touch is not None and e.touch.entity == "product" for e in model.effects.of(entry.target)) is takes


_COUPON = """\
from shop.shipping import cost


def total(order, coupon):
    sum_ = sum(line.price * line.quantity for line in order.lines)
    TAKEN
    return sum_ + cost(sum_)
"""
_COST = """\
FREE_SHIPPING_THRESHOLD = 100


def cost(total_price):
    return 0 if total_price >= FREE_SHIPPING_THRESHOLD else 10


def invoice(order):
    return order.total_price - order.discount
"""


@pytest.mark.parametrize(("taken", "wrong"), [("sum_ -= coupon.discount", False), ("order.note = coupon.discount", True)])
def test_the_sum_that_decides_shipping_is_what_the_caller_made_of_it(tmp_path: Path, taken: str, wrong: bool) -> None:
    files = {"shop/totals.py": _COUPON.replace("TAKEN", taken), "shop/shipping.py": _COST}
    assert bool(found(tmp_path, files, "tax-shipping/threshold-before-discount")) is wrong


_SALE = """\
from app.store import db

LISTED = "product_master"


def number(value):
    try:
        return int(value)
    except ValueError:
        return 0


async def sold(sku, how_many):
    product = await db[LISTED].find_one({"_id": sku}, {"quantity": 1})
    left = max(0, number(product.get("quantity")) - how_many)
    await db[LISTED].update_one({"_id": sku}, WRITE)
"""


@pytest.mark.parametrize(("write", "wrong"), [('{"$set": {"quantity": left}}', True), ('{"$inc": {"quantity": -how_many}}', False)])
def test_a_document_is_read_by_a_name_and_counted_down_in_the_program(tmp_path: Path, write: str, wrong: bool) -> None:
    files = {"app/sale.py": _SALE.replace("WRITE", write), "app/store.py": _STORE}
    assert bool(found(tmp_path, files, "inventory/non-atomic-write")) is wrong


_PAGE = """\
<?php
session_start();
include "db.php";
function send($conn) {
    $id = $_GET["orderid"];
    $conn->query("UPDATE `orders` SET `order_status` = 2 WHERE `orderid` = $id");
}
GUARD
if (isset($_GET["sent"])) { send($conn); }
"""
_CONNECTED = "<?php $conn = new mysqli('localhost', 'shop', getenv('DB_PASSWORD'), 'shop');"


@pytest.mark.parametrize(
    ("guard", "wrong"), [("", True), ("if (!isset($_SESSION['admin'])) { header('Location: login.php'); exit; }", False)]
)
def test_anybody_may_say_that_an_order_is_on_its_way(tmp_path: Path, guard: str, wrong: bool) -> None:
    files = {"order_status.php": _PAGE.replace("GUARD", guard), "db.php": _CONNECTED}
    assert bool(found(tmp_path, files, "order/unguarded-transition")) is wrong


_PLACED = """\
<?php
session_start();
include "db.php";
function place($conn, $user, $total, $payment) {
    $stmt = $conn->prepare("INSERT INTO orders (user_id, total, order_status, razorpay_payment_id) VALUES (?, ?, ?, ?)");
    $state = 0;
    $stmt->bind_param("idis", $user, $total, $state, $payment);
    $stmt->execute();
}
PROOF
place($conn, $_SESSION["id"], $_SESSION["total"], $_POST["razorpay_payment_id"]);
"""
_BEGUN = """\
<?php
$ch = curl_init("https://api.razorpay.com/v1/orders");
curl_setopt($ch, CURLOPT_POSTFIELDS, json_encode(["amount" => 50000, "currency" => "INR"]));
curl_setopt($ch, CURLOPT_USERPWD, getenv("RAZORPAY_KEY") . ":" . getenv("RAZORPAY_SECRET"));
curl_setopt($ch, CURLOPT_TIMEOUT, 10);
echo curl_exec($ch);
"""
_PROOF = """\
$signed = $_POST["razorpay_order_id"] . "|" . $_POST["razorpay_payment_id"];
if (!hash_equals(hash_hmac("sha256", $signed, getenv("RAZORPAY_SECRET")), $_POST["razorpay_signature"])) { exit("no"); }
"""


@pytest.mark.parametrize(("proof", "wrong"), [("", True), (_PROOF, False)])
def test_what_is_bound_to_a_statement_is_the_number_of_a_payment(tmp_path: Path, proof: str, wrong: bool) -> None:
    files = {"place.php": _PLACED.replace("PROOF", proof), "db.php": _CONNECTED, "begin.php": _BEGUN}
    assert bool(found(tmp_path, files, "payment/fulfil-on-redirect")) is wrong


_STATEMENTS = """\
<?php
include "db.php";
$id = $_POST["order_id"];
FIRST
"""
_WAYS = {
    "by method": '$s = $conn->prepare("UPDATE orders SET status = ? WHERE id = ?"); $s->bind_param("si", $_POST["s"], $id); $s->execute();',
    "by function": '$s = mysqli_prepare($conn, "UPDATE orders SET status = ? WHERE id = ?"); '
    'mysqli_stmt_bind_param($s, "si", $_POST["s"], $id); mysqli_stmt_execute($s);',
    "by place": '$s = $pdo->prepare("UPDATE orders SET status = ? WHERE id = ?"); '
    '$s->bindValue(1, $_POST["s"]); $s->bindValue(2, $id); $s->execute();',
    "by name": '$s = $pdo->prepare("UPDATE orders SET status = :s WHERE id = :id"); '
    '$s->bindParam(":id", $id); $s->bindParam(":s", $_POST["s"]); $s->execute();',
}


@pytest.mark.parametrize("way", _WAYS)
def test_who_names_the_state_that_is_bound_sets_it(tmp_path: Path, way: str) -> None:
    files = {"state.php": _STATEMENTS.replace("FIRST", _WAYS[way]), "db.php": _CONNECTED + " $pdo = new PDO('mysql:host=x');"}
    assert found(tmp_path, files, "order/unguarded-transition")


_CANCEL = """\
const express = require('express');
const Order = require('./models/order');
const Wallet = require('./models/wallet');
const { signedIn } = require('./auth');
const app = express();
app.use(express.json());
app.post('/cancel/:id', signedIn, async (req, res) => {
  const order = await FOUND;
  if (!order || order.status !== 'paid') return res.status(400).json({ message: 'Cannot be cancelled by user' });
  await Wallet.updateOne({ userId: order.userId }, { $inc: { balance: order.total } });
  order.status = 'cancelled';
  await order.save();
  res.json({ ok: true });
});
app.post('/wallet', signedIn, async (req, res) => {
  const wallet = await Wallet.findOne({ userId: req.user.id });
  wallet.balance += Number(SUM);
  await wallet.save();
  res.json(wallet);
});
app.listen(3000);
"""
_AUTH = """\
const jwt = require('jsonwebtoken');
exports.signedIn = (req, res, next) => {
  req.user = jwt.verify(req.headers.authorization, process.env.JWT_SECRET);
  next();
};
"""
_KEPT = {
    "models/order.js": _SCHEMA.replace("NAME", "Order").replace("FIELDS", "userId: String, total: Number, status: String"),
    "models/wallet.js": _SCHEMA.replace("NAME", "Wallet").replace("FIELDS", "userId: String, balance: Number"),
    "pay.js": "const stripe = require('stripe')(process.env.KEY);\n"
    "exports.pay = (order) => stripe.paymentIntents.create({ amount: order.total, currency: 'usd' }, { idempotencyKey: order.id });\n",
}


@pytest.mark.parametrize(
    ("read", "wrong"), [("Order.findById(req.params.id)", True), ("Order.findOne({ _id: req.params.id, userId: req.user.id })", False)]
)
def test_whose_wallet_is_credited_does_not_ask_whose_the_order_is(tmp_path: Path, read: str, wrong: bool) -> None:
    files = {"server.js": _CANCEL.replace("FOUND", read).replace("SUM", "10"), "auth.js": _AUTH, **_KEPT}
    assert bool(found(tmp_path, files, "order/unguarded-transition")) is wrong


@pytest.mark.parametrize(("sum_", "wrong"), [("req.body.amount", True), ("process.env.WELCOME_GIFT", False)])
def test_nobody_raises_his_own_balance(tmp_path: Path, sum_: str, wrong: bool) -> None:
    files = {"server.js": _CANCEL.replace("FOUND", "Order.findById(req.params.id)").replace("SUM", sum_), "auth.js": _AUTH, **_KEPT}
    assert bool(found(tmp_path, files, "payment/fulfil-on-redirect")) is wrong


def test_what_one_customer_gives_another_raises_nothing(tmp_path: Path) -> None:
    given = "req.body.amount);\n  const giver = await Wallet.findOne({ userId: req.body.from });\n  giver.balance -= Number(req.body.amount"
    files = {"server.js": _CANCEL.replace("FOUND", "Order.findById(req.params.id)").replace("SUM", given), "auth.js": _AUTH, **_KEPT}
    assert not found(tmp_path, files, "payment/fulfil-on-redirect")


_GATEWAY = """\
<?php
namespace App\\Services;

class Gateway
{
    public function pay($order)
    {
        $ch = curl_init();
        curl_setopt($ch, CURLOPT_URL, config('gateway.urls.pay'));
        curl_setopt($ch, CURLOPT_POSTFIELDS, json_encode(['amount' => $order->total, 'order_id' => $order->id]));
        BOUND
        return json_decode(curl_exec($ch));
    }
}
"""
_SETTINGS = "<?php\nreturn ['urls' => ['pay' => 'https://api.idpay.ir/v1.1/payment']];\n"


@pytest.mark.parametrize(("bound", "wrong"), [("", True), ("curl_setopt($ch, CURLOPT_TIMEOUT, 10);", False)])
def test_the_address_of_a_gateway_is_kept_among_the_settings(tmp_path: Path, bound: str, wrong: bool) -> None:
    files = {"artisan": "", "app/Services/Gateway.php": _GATEWAY.replace("BOUND", bound), "config/gateway.php": _SETTINGS}
    assert bool(found(tmp_path, files, "resilience/no-timeout")) is wrong


_GOODS_KEPT = """\
<?php
session_start();
include 'db.php';
if (!isset($_SESSION['admin'])) { header('Location: login.php'); exit; }
$kept = $conn->prepare('UPDATE products SET name = ?, stock = ? WHERE id = ?');
$kept->bind_param('sii', $_POST['name'], $_POST['stock'], $_POST['id']);
$kept->execute();
"""
_ORDERED = """\
<?php
session_start();
include 'db.php';
foreach ($_SESSION['cart'] as $line) {
    $made = $conn->prepare('INSERT INTO orders (user_id, product_id, quantity, address) VALUES (?, ?, ?, ?)');
    $made->bind_param('iiis', $_SESSION['user'], $line['product'], $line['quantity'], $_POST['address']);
    $made->execute();
TAKEN
}
"""
_COUNTED = """\
    $taken = $conn->prepare('UPDATE products SET stock = stock - ? WHERE id = ?');
    $taken->bind_param('ii', $line['quantity'], $line['product']);
    $taken->execute();"""


@pytest.mark.parametrize(("taken", "title"), [("", "Orders are taken without taking any stock"), (_COUNTED, "Stock is taken without")])
def test_stock_that_only_statements_tell_of_is_kept_all_the_same(tmp_path: Path, taken: str, title: str) -> None:
    files = {"db.php": "<?php $conn = new mysqli('db', 'shop', getenv('PW'), 'shop');\n", "admin/product.php": _GOODS_KEPT}
    (one,) = found(tmp_path, {**files, "order.php": _ORDERED.replace("TAKEN", taken)}, "inventory/oversell-race")
    assert one.title.startswith(title)


_REDUCER = """\
import { createSlice } from 'KIT';
export const shelf = createSlice({ name: 'shelf', initialState: { products: [] }, reducers: {
  add: (state, action) => {
    const product = state.products.find((p) => p.id === action.payload.id);
    product.quantity += action.payload.quantity;
  },
} });
"""


@pytest.mark.parametrize(("kit", "wrong"), [("@reduxjs/toolkit", False), ("./records", True)])
def test_a_field_that_a_page_sets_is_what_it_shows(tmp_path: Path, kit: str, wrong: bool) -> None:
    assert bool(found(tmp_path, {"lib/shelf.js": _REDUCER.replace("KIT", kit)}, "inventory/non-atomic-write")) is wrong
