"""Where a finding stands when several lines share its flaw: at the one that has to change first, with the others beside it."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled
from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

_ADMIN = """\
const express = require('express');
const { Order } = require('./models');
const { admin } = require('./guards');
const app = express();
app.use(express.json());
app.patch('/admin/orders/:id/status', admin, async (req, res) => {
  const { status } = req.body;
  const order = await Order.findById(req.params.id);
  if (status === 'Delivered') {
    order.isDelivered = true;
    order.deliveredAt = new Date();
  }
  order.status = status;
  await order.save();
  res.json(order);
});
"""
_ORDER = "{ status: { type: String, enum: ['Pending', 'Delivered', 'Cancelled'] }, isDelivered: Boolean, deliveredAt: Date }"
_MODELS = f"""\
const mongoose = require('mongoose');
exports.Order = mongoose.model('Order', new mongoose.Schema({_ORDER}));
"""
_GUARDS = "exports.admin = (req, res, next) => (req.user.role === 'admin' ? next() : res.status(403).end());\n"


def test_the_state_itself_before_what_is_noted_beside_it(tmp_path: Path) -> None:
    files = {"package.json": "{}", "app.js": _ADMIN, "models.js": _MODELS, "guards.js": _GUARDS}
    assert ruled(tmp_path, "order/unguarded-transition", files) == [("broken", "app.js", 13)]


def test_the_column_without_any_bound_before_one_that_the_application_checks(tmp_path: Path) -> None:
    model = """\
const mongoose = require('mongoose');
module.exports = mongoose.model('Product', new mongoose.Schema({
  stock: { type: Number, min: 0 },
  variants: [{
    sku: String,
    stock: Number,
  }],
}));
"""
    assert ruled(tmp_path, "inventory/no-db-constraint", {"package.json": "{}", "product.js": model}) == [("broken", "product.js", 6)]


_BUY = """\
const express = require('express');
const { Course } = require('./models');
const app = express();
app.use(express.json());
app.post('/buy', async (req, res) => {
  const course = await Course.findByPk(req.body.course);
  let price = course.price;
  if (course.discount > 0) {
    price = course.price - (course.price * course.discount) / 100;
  }
  const order = {
    intent: 'CAPTURE',
    purchase_units: [{ amount: { currency_code: 'USD', value: price } }],
  };
  const made = await fetch('https://api-m.paypal.com/v2/checkout/orders', { method: 'POST', body: JSON.stringify(order) });
  res.json(await made.json());
});
"""
_COURSE = """\
const { DataTypes } = require('sequelize');
const sequelize = require('./database');
exports.Course = sequelize.define('Course', { price: DataTypes.DECIMAL(10, 2), discount: DataTypes.DECIMAL(10, 2) });
"""


def test_where_a_float_is_worked_out_is_shown_beside_where_it_is_sent(tmp_path: Path) -> None:
    write(tmp_path, {"package.json": "{}", "app.js": _BUY, "models.js": _COURSE})
    (finding,) = review(tmp_path, Settings(use_cache=False, checks=("payment/amount-unit",))).findings
    shown = [(step.line, step.kind) for step in finding.trace]
    assert (13, "missing") in shown
    assert (9, "source") in shown


_ENTITY = """\
export class Payment {
  private constructor(private readonly props: { orderId: number; amount: number; status: string }) {}

  static create(orderId: number, amount: number): Payment {
    return new Payment({ orderId, amount, status: 'PENDING' });
  }
}
"""
_CONTROLLER = """\
import { Body, Controller, Post } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { Payment } from './payment';

@Controller('payments')
export class PaymentsController {
  constructor(@InjectRepository(Payment) private readonly payments: Repository<Payment>) {}

  @Post()
  async create(@Body() body: { orderId: number; amount: number }) {
    const payment = Payment.create(
      body.orderId,
      body.amount,
    );
    return this.payments.save(payment);
  }
}
"""


def test_who_hands_over_the_sum_and_not_the_class_that_takes_it(tmp_path: Path) -> None:
    files = {"package.json": "{}", "src/payment.ts": _ENTITY, "src/payments.controller.ts": _CONTROLLER}
    found = ruled(tmp_path, "payment/client-amount", files)
    assert ("broken", "src/payments.controller.ts", 14) in found
    assert not [f for f in found if f[:2] == ("broken", "src/payment.ts")]


_VIEWS = """\
import hashlib
import hmac
import json
import os
from django.http import HttpResponse
from .models import Event
from .services import Payments


def hook(request):
    signed = hmac.new(os.environ["PAYSTACK_SECRET_KEY"].encode(), request.body, hashlib.sha512).hexdigest()
    if not hmac.compare_digest(signed, request.headers.get("X-Paystack-Signature", "")):
        return HttpResponse(status=400)
    body = json.loads(request.body)
    event = Event.objects.create(kind=body["event"], payload=body)
    Payments().work(event.kind, body["data"])
    return HttpResponse()


def again(request, pk):
    if not request.user.is_staff:
        return HttpResponse(status=403)
    event = Event.objects.get(pk=pk)
    Payments().work(event.kind, event.payload["data"])
    return HttpResponse()
"""
_URLS = """\
from django.urls import path
from .views import again, hook

urlpatterns = [path("hook/", hook), path("again/<int:pk>/", again)]
"""
_TABLES = """\
from django.db import models


class Event(models.Model):
    kind = models.CharField(max_length=40)
    payload = models.JSONField()


class Order(models.Model):
    reference = models.CharField(max_length=40, unique=True)
    status = models.CharField(max_length=20)
"""
_SERVICES = """\
from .models import Order

FAILED = "charge.failed"


class Payments:
    def _failed(self, data):
        order = Order.objects.get(reference=data["reference"])
        GUARD
        order.status = "failed"
        order.save()

    def _paid(self, data):
        order = Order.objects.get(reference=data["reference"])
        order.status = "paid"
        order.save()

    def work(self, kind, data):
        WORK
"""
_KINDS = [
    'if kind == "charge.success":\n            self._paid(data)\n        elif kind == FAILED:\n            self._failed(data)',
    (
        'match kind:\n            case "charge.success":\n                self._paid(data)\n'
        '            case "charge.failed":\n                self._failed(data)'
    ),
    (
        'if kind in ("charge.success", "paymentrequest.success"):\n            self._paid(data)\n'
        "        if kind in [FAILED]:\n            self._failed(data)"
    ),
    (
        "if kind == FAILED:\n            return self._failed(data)\n"
        '        if kind != "charge.success":\n            return None\n        return self._paid(data)'
    ),
    (
        'handlers = {"charge.success": self._paid, FAILED: self._failed}\n        handler = handlers.get(kind)\n'
        "        if handler:\n            handler(data)"
    ),
]


@pytest.mark.parametrize("kinds", _KINDS)
@pytest.mark.parametrize(
    ("guard", "stands"),
    [
        ("pass", [("broken", "shop/services.py", 10)]),
        ('if order.status == "failed":\n            return', [("broken", "shop/services.py", 11)]),
        ('if order.status != "pending":\n            return', [("held", "shop/views.py", 10)]),
    ],
)
def test_what_is_done_for_one_kind_of_message_though_staff_may_have_it_done_again(
    tmp_path: Path, kinds: str, guard: str, stands: list[tuple[str, str, int]]
) -> None:
    services = _SERVICES.replace("WORK", kinds).replace("GUARD", guard)
    files = {"requirements.txt": "django\n", "shop/views.py": _VIEWS, "shop/urls.py": _URLS, "shop/models.py": _TABLES}
    assert ruled(tmp_path, "order/event-order-assumed", {**files, "shop/services.py": services}) == stands
    trace = [
        step.line for f in review(tmp_path, Settings(use_cache=False, checks=("order/event-order-assumed",))).findings for step in f.trace
    ]
    assert (9 in trace) is ("failed" in guard)  # what looks at the state, and refuses too little


_COMPARED = """\
import logging
import os
import stripe
from django.db import models
from django.http import HttpResponse
from django.urls import path


class Order(models.Model):
    status = models.CharField(max_length=20)
    total = models.IntegerField()
    currency = models.CharField(max_length=3)


def hook(request):
    event = stripe.Webhook.construct_event(request.body, request.headers["stripe-signature"], os.environ["STRIPE_SECRET"])
    if event["type"] != "payment_intent.succeeded":
        return HttpResponse()
    intent = event["data"]["object"]
    order = Order.objects.get(pk=intent["metadata"]["order_id"])
    COMPARE
    order.status = "paid"
    order.save()
    return HttpResponse()


urlpatterns = [path("hook/", hook)]
"""
_OTHER = 'intent["amount_received"] != order.total or intent["currency"] != order.currency'


@pytest.mark.parametrize(
    ("compare", "stands"),
    [
        ("pass", ("broken", "app.py", 22)),
        (f'if {_OTHER}:\n        logging.warning("another sum")', ("broken", "app.py", 21)),
        ('same = intent["amount_received"] == order.total\n    if not same:\n        logging.error("no")', ("broken", "app.py", 21)),
        (f'if {_OTHER}:\n        logging.warning("another sum")\n        return HttpResponse()', ("held", "app.py", 15)),
    ],
)
def test_a_comparison_of_which_nothing_comes_and_not_what_follows_it(tmp_path: Path, compare: str, stands: tuple[str, str, int]) -> None:
    files = {"requirements.txt": "django\nstripe\n", "app.py": _COMPARED.replace("COMPARE", compare)}
    assert ruled(tmp_path, "payment/amount-not-reconciled", files) == [stands]


def test_where_a_message_that_failed_is_answered_beside_where_the_exception_is_caught(tmp_path: Path) -> None:
    work = (
        "try:\n        order.status = 'paid'\n        order.save()\n    except Exception as error:\n"
        "        logging.error(error)\n        # never again\n        return HttpResponse()\n    order.refresh_from_db()"
    )
    code = _COMPARED.replace("COMPARE", work).replace('    order.status = "paid"\n    order.save()\n', "")
    write(tmp_path, {"requirements.txt": "django\nstripe\n", "app.py": code})
    (finding,) = review(tmp_path, Settings(use_cache=False, checks=("resilience/swallowed-failure",))).findings
    assert finding.start_line == 24
    assert (27, "missing") in [(step.line, step.kind) for step in finding.trace]
