"""More flaws as maintainers mend them: told of before the mend, and silent there afterwards."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

MONGOOSE = """\
const mongoose = require('mongoose');
exports.Order = mongoose.model('Order', new mongoose.Schema({ status: String, total: Number, charge: String }));
"""
FETCHED = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const { Order } = require('./models');
const app = express();
app.use(express.json());
app.post('/webhook', async (req, res) => {
  FETCH
  if (event.type === 'checkout.session.completed') {
    await Order.updateOne({ _id: event.data.object.client_reference_id }, { status: 'paid' });
  }
  res.json({});
});
"""
FETCHED_BY_OURS = """\
import stripe
from flask import Flask, request

from shop.store import Sale, session

app = Flask(__name__)


def fetched(number):
    try:
        return stripe.Event.retrieve(number)
    except stripe.error.InvalidRequestError:
        return None


@app.post("/webhook")
def webhook():
    posted = request.get_json()
    event = FETCH
    if event and event["type"] == "charge.succeeded":
        sale = session.get(Sale, event["data"]["object"]["metadata"]["sale"])
        sale.status = "paid"
        session.commit()
    return ""
"""
STORE = """\
from sqlalchemy import Column, Integer, String
from sqlalchemy.orm import Session, declarative_base

Base = declarative_base()
session = Session()


class Sale(Base):
    __tablename__ = "sales"
    id = Column(Integer, primary_key=True)
    status = Column(String)
"""
DISPUTED = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const { Order } = require('./models');
const app = express();
app.post('/webhook', express.raw({ type: '*/*' }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.SECRET);
  if (event.type.startsWith('charge.dispute.')) {
    const dispute = event.data.object;
    const now = await stripe.disputes.retrieve(dispute.id);
    if (ASKED) return res.json({});
    await Order.updateOne({ charge: dispute.charge }, { status: dispute.status });
  }
  res.json({});
});
"""
PRODUCT = """\
<?php
namespace App\\Entity;
use Doctrine\\ORM\\Mapping as ORM;
#[ORM\\Entity]
class Product
{
    #[ORM\\Column]
    private int $quantityInStock = 0;
    public function getQuantityInStock(): int { return $this->quantityInStock; }
    public function setQuantityInStock(int $left): self { $this->quantityInStock = $left; return $this; }
}
"""
TAKEN = """\
<?php
namespace App\\Service;
use App\\Entity\\Product;
use Doctrine\\DBAL\\LockMode;
use Doctrine\\ORM\\EntityManagerInterface;
class Stock
{
    public function __construct(private EntityManagerInterface $em) {}
    public function takeForOrder(PARAMETER, int $quantity): void
    {
        $product = $product instanceof Product ? $product : $this->em->find(Product::class, $product);
        LOCK
        $left = $product->getQuantityInStock();
        if ($left < $quantity) {
            throw new \\RuntimeException('sold out');
        }
        $product->setQuantityInStock($left - $quantity);
        $this->em->flush();
    }
}
"""

RETURNED = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const { Order, Payment } = require('./models');
const app = express();
app.get('/paid', async (req, res) => {
  const kept = await Payment.findOne({ KEYS });
  if (!kept) return res.sendStatus(404);
  const session = await stripe.checkout.sessions.retrieve(req.query.session);
  if (session.payment_status !== 'paid') return res.redirect('/failed');
  await Order.updateOne({ _id: req.query.order }, { status: 'paid' });
  res.redirect('/thanks');
});
"""
PAYMENTS = """\
const mongoose = require('mongoose');
exports.Order = mongoose.model('Order', new mongoose.Schema({ status: String, total: Number }));
exports.Payment = mongoose.model('Payment', new mongoose.Schema({ orderId: String, sessionId: String }));
"""
RETURNED_TO_PLUGIN = """\
<?php
/* Plugin Name: Feda */
class WC_Gateway_Feda extends WC_Payment_Gateway
{
    public function __construct()
    {
        $this->id = 'feda';
        add_action('woocommerce_api_wc_gateway_feda', array($this, 'back'));
    }
    private function kept($order_id, $transaction_id)
    {
        global $wpdb;
        $found = $wpdb->get_results($wpdb->prepare("SELECT * FROM {$wpdb->prefix}feda WHERE KEYS LIMIT 1", $transaction_id, $order_id));
        return empty($found) ? null : $found[0];
    }
    public function back()
    {
        $order = wc_get_order(absint($_GET['order_id']));
        $kept = $this->kept(absint($_GET['order_id']), $_GET['id']);
        if (!$order || !$kept) {
            wp_die('unknown', '', array('response' => 404));
        }
        $transaction = \\FedaPay\\Transaction::retrieve($_GET['id']);
        if ($transaction->status === 'approved') {
            $order->payment_complete($transaction->id);
        }
        exit;
    }
}
"""
RETURNED_TO_DJANGO = """\
import stripe
from django.shortcuts import get_object_or_404, redirect

from shop.models import Order, Payment


def paid(request):
    get_object_or_404(Payment, KEYS)
    session = stripe.checkout.Session.retrieve(request.GET["session"])
    if session.payment_status != "paid":
        return redirect("/failed")
    Order.objects.filter(pk=request.GET["order"]).update(status="paid")
    return redirect("/thanks")
"""
KEPT_BY_DJANGO = """\
from django.db import models


class Order(models.Model):
    status = models.CharField(max_length=20)
    total = models.DecimalField(max_digits=8, decimal_places=2)


class Payment(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE)
    session_id = models.CharField(max_length=100)
"""
URLS = """\
from django.urls import path

from shop.views import paid

urlpatterns = [path("paid/", paid)]
"""

RESERVED = """\
import express from 'express';
import { PrismaClient, OrderStatus } from '@prisma/client';
import { signedIn, staffOnly } from './auth';
const app = express();
const prisma = new PrismaClient();

app.post('/orders', signedIn, async (req, res) => {
  const order = await prisma.$transaction(async (tx) => {
    for (const item of req.body.items) {
      const done = await tx.$executeRaw`
        UPDATE "Product" SET "reservedStock" = "reservedStock" + ${item.quantity}
        WHERE id = ${item.id} AND stock - "reservedStock" >= ${item.quantity}`;
      if (done === 0) throw new Error('sold out');
    }
    return tx.order.create({ data: { userId: req.user.id, status: OrderStatus.PENDING } });
  });
  res.json(order);
});

app.post('/orders/:id/confirm', staffOnly, async (req, res) => {
  await prisma.$transaction(async (tx) => {
    const order = await tx.order.findUniqueOrThrow({ where: { id: req.params.id }, include: { items: true } });
    if (order.status !== OrderStatus.PENDING) throw new Error('not pending');
    for (const item of order.items) {
      await tx.product.update({
        where: { id: item.productId },
        data: { stock: { decrement: item.quantity }, reservedStock: { decrement: item.quantity } },
      });
    }
    await tx.order.update({ where: { id: order.id }, data: { status: OrderStatus.CONFIRMED } });
  });
  res.json({});
});

app.post('/orders/:id/cancel', signedIn, async (req, res) => {
  await prisma.$transaction(async (tx) => {
    const order = await tx.order.findUniqueOrThrow({ where: { id: req.params.id }, include: { items: true } });
    if (order.userId !== req.user.id) throw new Error('not yours');
    if (order.status !== OrderStatus.PENDING && order.status !== OrderStatus.CONFIRMED) throw new Error('too late');
    for (const item of order.items) {
      GIVE
    }
    await tx.order.update({ where: { id: order.id }, data: { status: OrderStatus.CANCELLED } });
  });
  res.json({});
});
"""
TWO_COUNTERS = """\
enum OrderStatus {
  PENDING
  CONFIRMED
  SHIPPED
  CANCELLED
}
model Product {
  id String @id
  stock Int
  reservedStock Int @default(0)
}
model Order {
  id String @id
  userId String
  status OrderStatus @default(PENDING)
  items OrderItem[]
}
model OrderItem {
  id String @id
  orderId String
  order Order @relation(fields: [orderId], references: [id])
  productId String
  quantity Int
}
"""
AUTH = """\
export function signedIn(req, res, next) { if (!req.user) return res.sendStatus(401); next(); }
export function staffOnly(req, res, next) { if (!req.user?.isAdmin) return res.sendStatus(403); next(); }
"""

FIXES = [
    (
        "order/cancel-order",
        {
            "package.json": '{"dependencies": {"@prisma/client": "^5"}}',
            "prisma/schema.prisma": TWO_COUNTERS,
            "src/app.ts": RESERVED,
            "src/auth.ts": AUTH,
        },
        "GIVE",
        "await tx.product.update({ where: { id: item.productId }, data: { reservedStock: { decrement: item.quantity } } });",
        """if (order.status === OrderStatus.PENDING) {
        await tx.product.update({ where: { id: item.productId }, data: { reservedStock: { decrement: item.quantity } } });
      } else {
        await tx.product.update({ where: { id: item.productId }, data: { stock: { increment: item.quantity } } });
      }""",
    ),
    (
        "payment/amount-not-reconciled",
        {"server.js": RETURNED, "models.js": PAYMENTS},
        "KEYS",
        "orderId: req.query.order",
        "orderId: req.query.order, sessionId: req.query.session",
    ),
    (
        "payment/amount-not-reconciled",
        {"plugin.php": RETURNED_TO_PLUGIN},
        "KEYS",
        "transaction_id = %s",
        "transaction_id = %s AND order_id = %d",
    ),
    (
        "payment/amount-not-reconciled",
        {"shop/urls.py": URLS, "shop/views.py": RETURNED_TO_DJANGO, "shop/models.py": KEPT_BY_DJANGO},
        "KEYS",
        'session_id=request.GET["session"]',
        'order_id=request.GET["order"], session_id=request.GET["session"]',
    ),
    (
        "payment/webhook-unverified",
        {"server.js": FETCHED, "models.js": MONGOOSE},
        "FETCH",
        "const event = await stripe.events.retrieve(req.body.id).catch(() => req.body);",
        "const event = await stripe.events.retrieve(req.body.id).catch(() => null);\n  if (!event) return res.sendStatus(400);",
    ),
    (
        "payment/webhook-unverified",
        {"server.js": FETCHED, "models.js": MONGOOSE},
        "FETCH",
        "const came = await stripe.events.retrieve(req.body.id).catch(() => null);\n  const event = came ?? req.body;",
        "const event = await stripe.events.retrieve(req.body.id).catch((e) => { throw new Error(e.message); });",
    ),
    (
        "payment/webhook-unverified",
        {"server.js": FETCHED, "models.js": MONGOOSE},
        "FETCH",
        (
            "const came = await stripe.events.retrieve(req.body.id).catch(() => req.body);\n"
            "  if (!came?.data) return res.sendStatus(400);\n  const event = came;"
        ),
        (
            "const came = await stripe.events.retrieve(req.body.id).catch(() => null);\n"
            "  if (!came?.data) return res.sendStatus(400);\n  const event = came;"
        ),
    ),
    (
        "payment/webhook-unverified",
        {"shop/app.py": FETCHED_BY_OURS, "shop/store.py": STORE},
        "FETCH",
        'fetched(posted["id"]) or posted',
        'fetched(posted["id"])',
    ),
    (
        "order/event-order-assumed",
        {"server.js": DISPUTED, "models.js": MONGOOSE},
        "ASKED",
        "now.status === 'lost'",
        "now.status !== dispute.status",
    ),
    *(
        (
            "inventory/oversell-race",
            {"src/Entity/Product.php": PRODUCT, "src/Service/Stock.php": TAKEN.replace("PARAMETER", parameter)},
            "LOCK",
            "",
            "$this->em->refresh($product, LockMode::PESSIMISTIC_WRITE);",
        )
        for parameter in ("Product $product", "Product|int $product", "int|Product $product")
    ),
]


@pytest.mark.parametrize(("check", "files", "mark", "flaw", "mend"), FIXES)
def test_told_before_and_silent_after(tmp_path: Path, check: str, files: dict[str, str], mark: str, flaw: str, mend: str) -> None:
    def findings(folder: str, text: str) -> list[str]:
        return [f.title for f in found(tmp_path / folder, {name: code.replace(mark, text) for name, code in files.items()}, check)]

    assert len(findings("before", flaw)) == 1
    assert findings("after", mend) == []


TWO_SENDERS = """\
import hashlib
import hmac
import json
import os

import requests
import stripe
from fastapi import APIRouter, Request

from shop.store import Sale, session

router = APIRouter()


@router.post("/pay/{sale}")
async def pay(sale: int):
    return stripe.checkout.Session.create(mode="payment", client_reference_id=sale, payment_method_types=["card"], success_url="/thanks")


def signed_by_paypal(headers, payload):
    answer = requests.post(
        "https://api-m.paypal.com/v1/notifications/verify-webhook-signature",
        json={"transmission_sig": headers["PAYPAL-TRANSMISSION-SIG"], "webhook_event": json.loads(payload)},
        timeout=10,
    ).json()
    if answer["verification_status"] != "SUCCESS":
        raise ValueError("forged")


@router.post("/callback/{sender}")
async def callback(sender: str, request: Request):
    payload = await request.body()
    if sender == "paypal":
        signed_by_paypal(request.headers, payload)
        event = json.loads(payload)
        if event["event_type"] in ("PAYMENT.CAPTURE.COMPLETED", "PAYMENT.SALE.COMPLETED"):
            keep(event["resource"]["custom_id"])
        return {}
    made = hmac.new(os.environ["STRIPE_WEBHOOK_SECRET"].encode(), payload, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(made, request.headers["Stripe-Signature"]):
        raise ValueError("forged")
    event = json.loads(payload)
    if event["type"] == "EVENT":
        keep(event["data"]["object"]["client_reference_id"])
    return {}


def keep(sale):
    session.query(Sale).filter_by(id=sale).update({"status": "paid"})
    session.commit()
"""


@pytest.mark.parametrize(("event", "expected"), [("checkout.session.completed", 0), ("customer.updated", 1)])
def test_one_address_may_take_the_messages_of_several(tmp_path: Path, event: str, expected: int) -> None:
    files = {"shop/app.py": TWO_SENDERS.replace("EVENT", event), "shop/store.py": STORE}
    assert len(found(tmp_path, files, "payment/no-settlement-webhook")) == expected


LARGE = """\
import stripe
from flask import Flask, request

from shop.rest import rest
from shop.store import Sale, session

app = Flask(__name__)


def fetched(number):
    try:
        return stripe.Event.retrieve(number)
    except stripe.error.InvalidRequestError:
        return None


def work(event):
    if event["type"] == "charge.succeeded":
        sale = session.get(Sale, event["data"]["object"]["metadata"]["sale"])
        sale.status = "paid"
        session.commit()


@app.post("/webhook")
def webhook():
    posted = request.get_json()
    event = fetched(posted["id"]) FALLBACK
    if event:
        work(event)
        rest(event)
    return ""
"""


@pytest.mark.parametrize(("fallback", "expected"), [("or posted", 1), ("", 0)])
def test_what_is_met_before_there_is_too_much_to_look_at_counts(tmp_path: Path, fallback: str, expected: int) -> None:
    steps = (
        f"def step{n}(event):\n    session.query(Sale).filter_by(id=event['id']).update({{'note': {n}}})\n    session.commit()\n"
        for n in range(400)
    )
    calls = "".join(f"    step{n}(event)\n" for n in range(400))
    rest = "from shop.store import Sale, session\n\n\n" + "\n\n".join(steps) + f"\n\ndef rest(event):\n{calls}"
    files = {"shop/app.py": LARGE.replace("FALLBACK", fallback), "shop/rest.py": rest, "shop/store.py": STORE}
    assert len(found(tmp_path, files, "payment/webhook-unverified")) == expected
