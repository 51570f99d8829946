"""What is added to the price as the client says it: a sum that is told apart by what it is kept in, and one that has a floor."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_CHECK = "tax-shipping/client-tax"
_NODE = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const { PrismaClient } = require('@prisma/client');
const prisma = new PrismaClient();
const app = express();
app.use(express.json());
app.post('/pay', async (req, res) => {
  const order = await prisma.order.findUnique({ where: { id: req.body.id } });
  const due = order.total + EXTRA;
  res.json(await stripe.paymentIntents.create({ amount: Math.round(due * 100), currency: 'eur' }));
});
"""
_PHP = """\
<?php
require 'vendor/autoload.php';
\\Stripe\\Stripe::setApiKey(getenv('STRIPE_KEY'));
$order = (new PDO(getenv('DSN')))->query('SELECT total FROM orders ORDER BY id DESC LIMIT 1')->fetch();
$due = $order['total'] + EXTRA;
\\Stripe\\PaymentIntent::create(['amount' => (int) round($due * 100), 'currency' => 'eur']);
"""
_FLASK = """\
import stripe
from flask import Flask, request
from models import Order

app = Flask(__name__)


@app.post("/pay")
def pay():
    order = Order.query.get(request.json["id"])
    due = order.total + EXTRA
    return stripe.PaymentIntent.create(amount=int(round(due * 100)), currency="eur")
"""


@pytest.mark.parametrize(
    ("file", "shop", "extra", "wrong"),
    [
        ("server.js", _NODE, "Math.max(0, Number(req.body.shipping.amountEUR))", True),
        ("server.js", _NODE, "Number(req.body.deliveryOption.price)", True),
        ("server.js", _NODE, "Math.max(order.shippingCost, req.body.shippingCost)", False),
        ("server.js", _NODE, "(await prisma.method.findUnique({ where: { code: req.body.shipping.code } })).price", False),
        ("app.py", _FLASK, 'max(0, request.json["shipping"]["cost"])', True),
        ("app.py", _FLASK, "min(order.weight * 2, 20)", False),
        ("pay.php", _PHP, "max(0, (float) $_POST['shipping']['cost'])", True),
        ("pay.php", _PHP, "max(0, (float) getenv('SHIPPING_COST'))", False),
    ],
)
def test_a_sum_is_what_it_is_kept_in(tmp_path: Path, file: str, shop: str, extra: str, wrong: bool) -> None:
    assert bool(found(tmp_path, {file: shop.replace("EXTRA", extra)}, _CHECK)) is wrong
    assert not found(tmp_path, {file: shop.replace("EXTRA", extra)}, "payment/client-amount")


_SHARED = """\
const headers = { Authorization: process.env.TOKEN };
const call = async (path, init) => (await fetch('https://api-m.paypal.com' + path, { ...init, headers })).json();
module.exports = { call };
"""
_ROUTE = """\
const express = require('express');
const { PrismaClient } = require('@prisma/client');
const { call } = require('./paypal');
const prisma = new PrismaClient();
const app = express();
app.use(express.json());
app.post('/pay', async (req, res) => {
  const order = await prisma.order.findUnique({ where: { id: req.body.id } });
  const postage = Number(req.body.shipping.price);
  const body = {
    intent: 'CAPTURE',
    purchase_units: [{ amount: { currency_code: 'EUR', value: (order.total + postage).toFixed(2) } }],
  };
  res.json(await call('/v2/checkout/orders', { method: 'POST', body: JSON.stringify(body) }));
});
"""


_NUMBER = "const number = (value) => {\n  return Number(value);\n};\n"


def test_it_is_read_where_it_is_named(tmp_path: Path) -> None:
    route = _ROUTE.replace("Number(req.body.shipping.price)", "number(req.body.shipping.price)").replace("app.post(", _NUMBER + "app.post(")
    assert [(f.file, f.start_line) for f in found(tmp_path, {"server.js": route, "paypal.js": _SHARED}, _CHECK)] == [("server.js", 12)]


def test_what_all_routes_share_is_not_where_it_is_read(tmp_path: Path) -> None:
    assert [(f.file, f.start_line) for f in found(tmp_path, {"server.js": _ROUTE, "paypal.js": _SHARED}, _CHECK)] == [("server.js", 9)]
