"""Where a finding stands when several lines share its flaw: at the one that has to change first, with the others beside it."""

from pathlib import Path

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
