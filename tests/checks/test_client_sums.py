"""Sums that the client sets by a way round: kept in the session from page to page, or by a count that nothing bounds."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_CHECK = "payment/client-amount"
_CART = """\
<?php
session_start();
$_SESSION['cart'][$_POST['id']] = ['qty' => 1, 'price' => PRICE];
$total = 0;
foreach ($_SESSION['cart'] as $id => $row) { $total += $row['qty'] * $row['price']; }
$_SESSION['total'] = $total;
"""
_ORDER = """\
<?php
session_start();
$db = new PDO(getenv('DSN'));
$stmt = $db->prepare("INSERT INTO orders (user_id, total, status) VALUES (?, ?, 'pending')");
$stmt->execute([$_SESSION['user'], $_SESSION['total']]);
"""


@pytest.mark.parametrize(("price", "wrong"), [("$_POST['price']", True), ("price_of($_POST['id'])", False)])
def test_a_total_is_made_of_what_an_earlier_page_kept(tmp_path: Path, price: str, wrong: bool) -> None:
    files = {"cart.php": _CART.replace("PRICE", price), "order.php": _ORDER}
    assert [f.file for f in found(tmp_path, files, _CHECK)] == (["order.php"] if wrong else [])


_SHOP = """\
const express = require('express');
const mongoose = require('mongoose');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const Product = mongoose.model('Product', new mongoose.Schema({ name: String, price: Number }));
const Order = mongoose.model('Order', new mongoose.Schema({ items: [], total: Number }));
const app = express();
app.use(express.json());
app.post('/orders', async (req, res) => {
  const { items, total } = req.body;
  let sum = 0;
  for (const item of items) {
    const product = await Product.findById(item.id);
    BOUND
    sum += product.price * item.qty;
  }
  if (Math.abs(sum - total) > 1) return res.status(400).json({ message: 'the price has changed' });
  res.json(await Order.create({ items, total: sum }));
});
app.post('/pay', async (req, res) => {
  const order = await Order.findById(req.body.id);
  res.json(await stripe.paymentIntents.create({ amount: order.total, currency: 'eur' }));
});
"""


@pytest.mark.parametrize(
    ("bound", "wrong"),
    [
        ("", True),
        ("if (product.price * item.qty < 1) console.warn('odd');", True),
        ("if (item.qty < 1) return res.sendStatus(400);", False),
        ("if (!Number.isInteger(item.qty) || item.qty <= 0) return res.sendStatus(400);", False),
        ("item.qty = Math.max(1, item.qty);", False),
    ],
)
def test_a_sum_within_reach_of_the_clients_own_bounds_no_count(tmp_path: Path, bound: str, wrong: bool) -> None:
    assert bool(found(tmp_path, {"app.js": _SHOP.replace("BOUND", bound)}, _CHECK)) is wrong


_LIVES = """\
const express = require('express');
const { createClient } = require('@supabase/supabase-js');
const db = createClient(process.env.SUPABASE_URL, process.env.SUPABASE_SERVICE_ROLE_KEY);
const app = express();
app.use(express.json());
app.post('/orders', async (req, res) => {
  const { data, error } = await db.from('orders').insert({ amount: 100, FIELDS }).select().single();
  if (error) return res.sendStatus(500);
  res.json(data);
});
"""


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ("customer_state: req.body.state, customer_city: req.body.city", False),
        ("customerState: req.body.state, customerZip: req.body.zip", False),
        ("payment_status: req.body.status, customer_city: req.body.city", True),
    ],
)
def test_where_a_customer_lives_is_no_state_of_his_order(tmp_path: Path, fields: str, wrong: bool) -> None:
    assert bool(found(tmp_path, {"app.js": _LIVES.replace("FIELDS", fields)}, "payment/fulfil-on-redirect")) is wrong


_CART_OF_CLASSES = """\
<?php
namespace App;
class Line {
    public int $quantity;
    public function __construct(int $quantity) { $this->quantity = BOUND; }
    public static function from(array $data): self { return new self($data['quantity'] ?? 1); }
}
"""
_CART_ROUTES = """\
<?php
namespace App\\Http\\Controllers;
use App\\Line;
use Illuminate\\Http\\Request;
class CartController extends Controller {
    public function add(Request $request) { $this->keep(Line::from($request->all())); }
    private function keep(Line $line) {
        $item = auth()->user()->cart->items()->firstOrNew(['product_id' => request('product')]);
        $item->quantity += $line->quantity;
        $item->save();
    }
    public function pay() {
        $total = 0;
        foreach (auth()->user()->cart->items as $item) { $total += $item->product->price * $item->quantity; }
        return \\Stripe\\PaymentIntent::create(['amount' => (int) round($total * 100), 'currency' => 'eur']);
    }
}
"""


@pytest.mark.parametrize(("bound", "wrong"), [("max(1, $quantity)", False), ("$quantity", True)])
def test_a_floor_holds_wherever_the_figure_gets_it(tmp_path: Path, bound: str, wrong: bool) -> None:
    files = {
        "composer.json": '{"require": {"laravel/framework": "^11"}, "autoload": {"psr-4": {"App\\\\": "app/"}}}',
        "routes/web.php": "<?php\nuse App\\Http\\Controllers\\CartController;\n"
        "Route::post('/cart', [CartController::class, 'add']);\nRoute::post('/pay', [CartController::class, 'pay']);\n",
        "app/Line.php": _CART_OF_CLASSES.replace("BOUND", bound),
        "app/Http/Controllers/CartController.php": _CART_ROUTES,
        "app/Models/CartItem.php": "<?php\nnamespace App\\Models;\nclass CartItem extends \\Illuminate\\Database\\Eloquent\\Model {}\n",
    }
    assert bool(found(tmp_path, files, _CHECK)) is wrong


_FRACTIONS = """\
const express = require('express');
const mongoose = require('mongoose');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const Product = mongoose.model('Product', new mongoose.Schema({ name: String, cents: Number }));
const app = express();
app.use(express.json());
app.post('/pay', async (req, res) => {
  let total = 0;
  for (const item of req.body.items) {
    BOUND
    const product = await Product.findById(item.id);
    total += product.cents * item.quantity;
  }
  res.json(await stripe.paymentIntents.create({ amount: Math.round(total), currency: 'eur' }));
});
"""


@pytest.mark.parametrize(
    ("bound", "wrong"),
    [
        ("if (typeof item.quantity !== 'number' || item.quantity <= 0) return res.status(400).end();", True),
        ("if (isNaN(item.quantity) || item.quantity <= 0) return res.status(400).end();", True),
        ("if (!Number.isInteger(item.quantity) || item.quantity <= 0) return res.status(400).end();", False),
        ("if (typeof item.quantity !== 'number' || item.quantity < 1) return res.status(400).end();", False),
        (
            "item.quantity = parseInt(item.quantity, 10); if (isNaN(item.quantity) || item.quantity <= 0) return res.status(400).end();",
            False,
        ),
    ],
    ids=["a number", "not none", "whole", "one at least", "made whole"],
)
def test_what_may_be_any_number_may_be_a_part_of_one(tmp_path: Path, bound: str, wrong: bool) -> None:
    findings = found(tmp_path, {"server.js": _FRACTIONS.replace("BOUND", bound)}, _CHECK)
    assert [f.start_line for f in findings] == ([10] if wrong else [])


_SERVED = """\
import { createClient } from "https://esm.sh/@supabase/supabase-js@2";
const db = createClient(Deno.env.get("URL")!, Deno.env.get("KEY")!);
async function verify(body: string, signature: string) {
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(Deno.env.get("RAZORPAY_WEBHOOK_SECRET")!),
    { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const made = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(body));
  return Array.from(new Uint8Array(made)).map((b) => b.toString(16).padStart(2, "0")).join("") === signature;
}
Deno.serve(async (req) => {
  const body = await req.text();
  if (!(await verify(body, req.headers.get("x-razorpay-signature")!))) return new Response("no", { status: 401 });
  const event = JSON.parse(body);
  if (event.event === "payment_link.paid") await paid(db, event.payload.payment_link.entity);
  return new Response("ok");
});
async function paid(db: any, link: any) {
  await db.from("payments").insert({ amount: link.amount_paid / 100, status: "paid", link_id: link.id });
}
"""


def test_what_a_message_says_was_paid_is_no_price(tmp_path: Path) -> None:
    assert not found(tmp_path, {"supabase/functions/razorpay-webhook/index.ts": _SERVED}, _CHECK)


_COURIER = """\
<?php
namespace App\\Http\\Controllers;
use App\\Models\\Order;
use Illuminate\\Http\\Request;
class OrderController {
  public function save($request) {
    return Order::create(['status' => 'created', 'shipping_cost' => COST, 'grand_total' => Cart::total() + COST]);
  }
  public function checkout(Request $request) {
    return DB::transaction(function () use ($request) { return $this->save($request); });
  }
}
"""
_COURIER_ROUTE = "<?php\nuse App\\Http\\Controllers\\OrderController;\nRoute::post('/checkout', [OrderController::class, 'checkout']);\n"


@pytest.mark.parametrize(
    ("cost", "wrong"),
    [
        ("$request['shippingcost']", True),
        ("$request->deliveryfee", True),
        ("(float) $request->input('ongkir')", True),
        ("Courier::price($request->input('service'))", False),
        ("config('shop.shipping')", False),
    ],
)
def test_the_client_says_what_shipping_costs_by_whatever_name(tmp_path: Path, cost: str, wrong: bool) -> None:
    files = {"app/Http/Controllers/OrderController.php": _COURIER.replace("COST", cost), "routes/web.php": _COURIER_ROUTE}
    told = found(tmp_path, files | {"composer.json": '{"require": {"laravel/framework": "^10"}}'}, "tax-shipping/client-tax")
    assert [f.start_line for f in told] == ([7] if wrong else [])


_AMOUNTS = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const { Entries, Payments } = require('./db');
const app = express();
app.use(express.json());
app.post('/pay', async (req, res) => res.json(await stripe.paymentIntents.create({ amount: await priced(req.user), currency: 'eur' })));
app.post('/entries', async (req, res) => {
  await Entries.bulkCreate(req.body.entries.map((one) => ({ recipeId: one.recipe, amount: one.amountBESIDE })));
  res.json({});
});
"""


@pytest.mark.parametrize(("beside", "wrong"), [(", unit: one.unit", False), ("", True)])
def test_an_amount_in_some_unit_is_no_sum(tmp_path: Path, beside: str, wrong: bool) -> None:
    assert bool(found(tmp_path, {"app.js": _AMOUNTS.replace("BESIDE", beside)}, _CHECK)) == wrong


_CLIENT = """\
import os
import requests
from flask import Flask, request
app = Flask(__name__)

def _post(path, payload):
    answer = requests.post("https://api-m.paypal.com" + path, json=payload, headers={"Authorization": token()}, timeout=20)
    answer.raise_for_status()
    return answer.json()

@app.post("/create-order")
def create():
    data = request.get_json()
    body = {
        "intent": "CAPTURE",
        "purchase_units": [{"amount": {"currency_code": "USD", "value": data["total"]}}],
    }
    return _post("/v2/checkout/orders", body)
"""


def test_a_sum_stands_where_it_is_put_in_and_not_in_the_client_that_sends_anything(tmp_path: Path) -> None:
    (flaw,) = found(tmp_path, {"app.py": _CLIENT}, _CHECK)
    assert flaw.start_line == 16


_PRISMA = """\
model Order {
  id    String @id
  user  String
  SUM
  lines OrderLine[]
}
model OrderLine {
  id        String  @id
  order     Order   @relation(fields: [orderId], references: [id])
  orderId   String
  productId String
  unitPrice Decimal
  quantity  Int
}
"""
_ACTION = """\
'use server';
import { prisma } from '../lib/prisma';
export const createOrder = async (lines, user) => {
  const products = await prisma.product.findMany({ where: { id: { in: lines.map((line) => line.id) } } });
  const byId = new Map(products.map((product) => [product.id, product]));
  const total = sumOf(products);
  return prisma.order.create({
    data: { user, OWN lines: { HOW: PUT } },
  });
};
"""


@pytest.mark.parametrize(
    ("price", "own", "wrong"), [("line.price", "", True), ("byId.get(line.id).price", "", False), ("line.price", "total Decimal", False)]
)
@pytest.mark.parametrize("how", ["create", "createMany"])
def test_an_order_costs_what_the_lines_made_with_it_say(tmp_path: Path, price: str, own: str, wrong: bool, how: str) -> None:
    rows = f"lines.map((line) => ({{ productId: line.id, unitPrice: {price}, quantity: Math.max(1, parseInt(line.quantity)) }}))"
    put = rows if how == "create" else f"{{ data: {rows} }}"
    action = _ACTION.replace("OWN", "total," if own else "").replace("HOW", how).replace("PUT", put)
    files = {"prisma/schema.prisma": _PRISMA.replace("SUM", own), "src/actions/order.ts": action, "src/lib/prisma.ts": _CLIENT_OF_PRISMA}
    files["package.json"] = '{"dependencies": {"next": "15", "@prisma/client": "6"}}'
    assert bool(found(tmp_path, files, _CHECK)) == wrong


_CLIENT_OF_PRISMA = "import { PrismaClient } from '@prisma/client';\nexport const prisma = new PrismaClient();\n"
