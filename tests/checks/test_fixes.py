"""Flaws as maintainers mend them: told of before the mend, and silent there afterwards."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

TWO_SENDERS = """\
import hashlib
import hmac
import json
import os

import requests
from fastapi import APIRouter, Request

from shop.store import Sale, session

router = APIRouter()


def signed_by_stripe(payload, header):
    digest = hmac.new(os.environ["STRIPE_WEBHOOK_SECRET"].encode(), payload, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(digest, header or ""):
        raise ValueError("forged")


def signed_by_paypal(headers, payload):
    wanted = headers.get("PAYPAL-TRANSMISSION-SIG")
    if not wanted:
        MISSING
    answer = requests.post(
        "https://api-m.paypal.com/v1/notifications/verify-webhook-signature",
        json={"transmission_sig": wanted, "webhook_event": json.loads(payload)},
        timeout=10,
    ).json()
    if answer["verification_status"] != "SUCCESS":
        raise ValueError("forged")


@router.post("/callback/{sender}")
async def callback(sender: str, request: Request):
    payload = await request.body()
    if sender == "stripe":
        signed_by_stripe(payload, request.headers.get("Stripe-Signature"))
        event = json.loads(payload)
        if event["type"] == "checkout.session.completed":
            keep(event["data"]["object"]["client_reference_id"])
        return {}
    if sender == "paypal":
        signed_by_paypal(request.headers, payload)
        event = json.loads(payload)
        if event["event_type"] in ("PAYMENT.CAPTURE.COMPLETED", "PAYMENT.SALE.COMPLETED"):
            keep(event["resource"]["custom_id"])
        return {}
    return {}


def keep(reference):
    session.query(Sale).filter_by(id=reference).update({"status": "paid"})
    session.commit()
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
    paid = Column(Integer)
"""

TAKE_LATER = """\
import stripe


def settle(sale):
    if sale.intent:
        intent = stripe.PaymentIntent.retrieve(sale.intent)
    else:
        intent = stripe.PaymentIntent.create(amount=sale.cents, currency="eur", idempotency_key=f"sale-{sale.id}")
    if intent.status == "requires_capture":
        intent = intent.capture(KEY)
    return intent
"""

LINES = """\
import stripe


def checkout(sale):
    data = {"mode": "payment", "success_url": sale.url, "line_items": []}
    for line in sale.lines.all():
        data["line_items"].append(
            {
                "price_data": {"unit_amount": AMOUNT, "currency": "usd", "product_data": {"name": line.name}},
                "quantity": line.quantity,
            }
        )
    return stripe.checkout.Session.create(**data, idempotency_key=f"sale-{sale.id}")
"""

NOTICES = """\
const http = require('http');
const { get } = require('lodash');
const { proven } = require('./proof');
const { orders } = require('./store');

async function handleNotification(request, response) {
  let text = '';
  for await (const part of request) text += part;
  const items = get(JSON.parse(text), 'notificationItems', []);
  for (const item of items) {
    CHECK
    const reference = get(item, 'NotificationRequestItem.merchantReference');
    if (item.NotificationRequestItem.eventCode === 'AUTHORISATION') {
      await orders.updateOne({ reference }, { $set: { status: 'paid' } });
    }
  }
  response.end('[accepted]');
}

const routes = { '/': handleNotification };
http.createServer((request, response) => routes[request.url](request, response)).listen(8080);
"""
PROOF = """\
const crypto = require('crypto');

function proven(item) {
  const told = item.NotificationRequestItem;
  const key = Buffer.from(process.env.ADYEN_HMAC_KEY, 'hex');
  const made = crypto.createHmac('sha256', key).update([told.pspReference, told.merchantReference].join(':')).digest();
  return crypto.timingSafeEqual(made, Buffer.from(told.additionalData.hmacSignature, 'base64'));
}

module.exports = { proven };
"""
MONGO = """\
const { MongoClient } = require('mongodb');
const client = new MongoClient(process.env.MONGO_URL);
module.exports = { orders: client.db('shop').collection('orders') };
"""

TOLD_AGAIN = """\
import { Controller, Post, Req } from '@nestjs/common';
import { Request } from 'express';
import createMollieClient, { PaymentStatus } from '@mollie/api-client';
import { Ctx, Order, OrderService, RequestContext, TransactionalConnection } from '@vendure/core';
import { Reward } from './reward.entity';

@Controller('payments')
export class MollieController {
  constructor(private readonly orderService: OrderService, private readonly connection: TransactionalConnection) {}

  @Post('mollie')
  async webhook(@Ctx() ctx: RequestContext, @Req() request: Request): Promise<void> {
    const client = createMollieClient({ apiKey: process.env.MOLLIE_API_KEY as string });
    const told = await client.payments.get(request.body.id);
    const order = (await this.orderService.findOneByCode(ctx, told.metadata.code)) as Order;
    GUARD
    if (told.status === PaymentStatus.paid) {
      await this.orderService.addPaymentToOrder(ctx, order.id, { method: 'mollie', metadata: { id: told.id } });
      await this.connection.getRepository(ctx, Reward).insert({ customerId: order.customer!.id, points: 10 });
    }
  }
}
"""

REFUNDED = """\
const express = require('express');
const Stripe = require('stripe');
const { staffOnly } = require('./auth');
const { orders } = require('./db');

const app = express();
const stripe = new Stripe(process.env.STRIPE_KEY);

async function giveBack(intent) {
  try {
    return await stripe.refunds.create({ payment_intent: intent }, { idempotencyKey: `refund-${intent}` });
  } catch (error) {
    console.log(error);
    return null;
  }
}

app.post('/orders/:id/refund', staffOnly, async (req, res) => {
  const order = await orders.findOne({ where: { id: req.params.id, status: 'paid' } });
  if (!order) return res.sendStatus(404);
  const refund = await giveBack(order.intentId);
  ASKED
  await orders.update({ status: 'refunded' }, { where: { id: order.id, status: 'paid' } });
  res.json({ refund });
});
"""

TOLD_BY_PACKAGE = """\
from django.dispatch import receiver
from paypal.standard.ipn.signals import valid_ipn_received
from paypal.standard.models import ST_PP_COMPLETED

from shop.models import Order


@receiver(valid_ipn_received)
def paid(sender, **kwargs):
    if sender.payment_status != ST_PP_COMPLETED:
        return
    order = Order.objects.get(pk=sender.invoice)
    COMPARED
    order.paid = True
    order.save()
"""
TOLD_BY_HANDLER = """\
from djstripe import webhooks

from shop.models import Order


@webhooks.handler("checkout.session.completed")
def done(event, **kwargs):
    session = event.data["object"]
    order = Order.objects.get(session=session["id"])
    GUARD
    order.paid = True
    order.customer.credit += session["amount_total"]
    order.customer.save()
    order.save()
"""
MODELS = """\
from django.db import models


class Customer(models.Model):
    credit = models.IntegerField(default=0)


class Order(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
    session = models.CharField(max_length=100, unique=True)
    total = models.DecimalField(max_digits=8, decimal_places=2)
    currency = models.CharField(max_length=3)
    paid = models.BooleanField(default=False)
"""

REGISTERED = """\
import stripe

from shop.jobs import job
from shop.store import Sale, session


@job(name="stripe.webhook.checkout.session.completed")
def completed(event_id):
    told = stripe.Event.retrieve(event_id).data.object
    sale = session.query(Sale).filter_by(reference=told.id)LOCK.one()
    if sale.status == "paid":
        return
    sale.status = "paid"
    sale.balance += told.amount_total
    session.commit()
"""
FOUND_OR_MADE = """\
import stripe
from flask import Flask, request

from shop.store import Sale, session

app = Flask(__name__)


@app.post("/webhook")
def webhook():
    event = stripe.Webhook.construct_event(request.data, request.headers["Stripe-Signature"], app.config["SECRET"])
    if event["type"] == "charge.succeeded":
        charge = event["data"]["object"]
        sale = FOUND
        if sale is None:
            sale = Sale(reference=charge["id"])
        sale.status = "paid"
        session.add(sale)
        session.commit()
    return ""
"""

FIXES = [
    (
        "idempotency/dedup-race",
        {"shop/tasks.py": REGISTERED, "shop/store.py": STORE.replace("paid =", "reference = Column(String)\n    balance =")},
        "LOCK",
        "",
        ".with_for_update()",
    ),
    (
        "idempotency/handler-not-idempotent",
        {"shop/app.py": FOUND_OR_MADE, "shop/store.py": STORE.replace("paid =", "reference = Column(String)\n    balance =")},
        "FOUND",
        "None",
        'session.query(Sale).filter_by(reference=charge["id"]).one_or_none()',
    ),
    (
        "payment/amount-not-reconciled",
        {"shop/hooks.py": TOLD_BY_PACKAGE, "shop/models.py": MODELS},
        "COMPARED",
        "",
        "if (sender.mc_gross, sender.mc_currency, sender.receiver_email) != (order.total, order.currency, 'till@example.org'): return",
    ),
    (
        "idempotency/handler-not-idempotent",
        {"shop/hooks.py": TOLD_BY_HANDLER, "shop/models.py": MODELS},
        "GUARD",
        "",
        "if order.paid: return",
    ),
    (
        "idempotency/handler-not-idempotent",
        {"src/mollie.controller.ts": TOLD_AGAIN, "src/vendure-config.ts": "export const config = {};\n"},
        "GUARD",
        "",
        "if (order.state === 'PaymentSettled') return;",
    ),
    (
        "resilience/swallowed-failure",
        {"package.json": "{}", "server.js": REFUNDED},
        "ASKED",
        "",
        "if (!refund) return res.status(502).json({ error: 'not refunded' });",
    ),
    (
        "payment/webhook-weak-verification",
        {"shop/callback.py": TWO_SENDERS, "shop/store.py": STORE},
        "MISSING",
        "return",
        'raise ValueError("bare")',
    ),
    ("idempotency/missing-key", {"shop/take.py": TAKE_LATER}, "KEY", "", 'idempotency_key=f"take-{sale.id}"'),
    (
        "payment/webhook-unverified",
        {"src/server.js": NOTICES, "src/proof.js": PROOF, "src/store.js": MONGO},
        "CHECK",
        "",
        "if (!proven(item)) continue;",
    ),
    ("payment/amount-unit", {"shop/pay.py": LINES}, "AMOUNT", "int(float(line.price) * 100)", "round(float(line.price) * 100)"),
]


@pytest.mark.parametrize(("check", "files", "mark", "flaw", "mend"), FIXES)
def test_told_before_and_silent_after(tmp_path: Path, check: str, files: dict[str, str], mark: str, flaw: str, mend: str) -> None:
    def findings(folder: str, text: str) -> list[str]:
        return [f.title for f in found(tmp_path / folder, {name: code.replace(mark, text) for name, code in files.items()}, check)]

    assert len(findings("before", flaw)) == 1
    assert findings("after", mend) == []
