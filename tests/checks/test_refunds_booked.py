"""Whether what a refund writes down stays in the books: refusals behind it, a part for the whole, what stands on another way."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_CHECK = "order/refund-not-recorded"

_SCHEMA = """\
model Order {
  id String @id
  status String
  total Int
}
model Payment {
  id String @id
  orderId String
  amount Int
  refunded Int @default(0)
  intent String
}
model Refund {
  id String @id @default(cuid())
  paymentId String
  amount Int
  stripeId String @unique
}
"""
_REFUNDS = """\
import Stripe from 'stripe';
import { PrismaClient } from '@prisma/client';

const prisma = new PrismaClient();
const stripe = new Stripe(process.env.STRIPE_KEY!);

export const giveBack = (orderId: string, amount: number) =>
  prisma.$transaction(async (tx) => {
    const payment = await tx.payment.findFirstOrThrow({ where: { orderId } });
    BODY
  });
"""
_ROUTES = """\
import express from 'express';
import { giveBack } from './refunds';
import { staff } from './staff';

const app = express();
app.use(express.json());
app.post('/orders/:id/refunds', staff, async (req, res) => {
  res.json(await giveBack(req.params.id, Number(req.body.amount)));
});
"""
_STAFF = "export const staff = (req, res, next) => (req.session.role === 'admin' ? next() : res.sendStatus(403));\n"
_ASK = "const made = await stripe.refunds.create({ payment_intent: payment.intent, amount }, { idempotencyKey: `r-${payment.refunded}` });"
_LIMIT = "if (amount > payment.amount - payment.refunded) throw new Error('more than is left');"
_BOOK = """await tx.refund.create({ data: { paymentId: payment.id, amount, stripeId: made.id } });
    await tx.payment.update({ where: { id: payment.id }, data: { refunded: { increment: amount } } });"""


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        ((_ASK, _LIMIT, _BOOK), True),
        ((_LIMIT, _ASK, _BOOK), False),
        ((_LIMIT, _ASK, "if (made.status === 'failed' || made.amount < amount) throw new Error('refused');", _BOOK), False),
    ],
)
def test_a_limit_behind_the_refund_takes_its_record_back(tmp_path: Path, lines: tuple[str, ...], wrong: bool) -> None:
    files = {
        "src/refunds.ts": _REFUNDS.replace("BODY", "\n    ".join(lines)),
        "src/app.ts": _ROUTES,
        "src/staff.ts": _STAFF,
        "prisma/schema.prisma": _SCHEMA,
    }
    assert bool(found(tmp_path, files, _CHECK)) is wrong


_FLASK = """\
import stripe
from flask import Blueprint, abort, jsonify
from flask_login import current_user, login_required

from .models import Order, db
from .wallets import take_back

bp = Blueprint("orders", __name__)


@bp.route("/orders/<int:number>/refund", methods=["POST"])
@login_required
def refund(number):
    order = Order.query.filter_by(id=number, user_id=current_user.id).with_for_update().first_or_404()
    if order.status != "paid":
        abort(409)
    BODY
    return jsonify(status=order.status)
"""
_FLASK_MODELS = """\
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()


class Order(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    user_id = db.Column(db.Integer)
    status = db.Column(db.String(20))
    intent = db.Column(db.String(80))


class Wallet(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    user_id = db.Column(db.Integer)
    balance = db.Column(db.Integer)
"""
_WALLETS = """\
from .models import Wallet


class TooLittle(Exception):
    pass


def take_back(user_id, points):
    wallet = Wallet.query.filter_by(user_id=user_id).with_for_update().one()
    if wallet.balance < points:
        raise TooLittle()
    wallet.balance -= points
"""
_SENT = 'stripe.Refund.create(payment_intent=order.intent, idempotency_key=f"r-{order.id}")'
_TAKEN = "take_back(order.user_id, 100)"
_MARKED = 'order.status = "refunded"'
_COMMIT = "db.session.commit()"


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        ((_SENT, _TAKEN, _MARKED, _COMMIT), True),
        ((_TAKEN, _MARKED, _SENT, _COMMIT), False),
        (('order.status = "refunding"', _COMMIT, _SENT, _MARKED, _COMMIT, _TAKEN, _COMMIT), False),
    ],
)
def test_a_helper_refuses_before_anything_is_written(tmp_path: Path, lines: tuple[str, ...], wrong: bool) -> None:
    files = {
        "app/__init__.py": "",
        "app/routes.py": _FLASK.replace("BODY", "\n    ".join(lines)),
        "app/models.py": _FLASK_MODELS,
        "app/wallets.py": _WALLETS,
    }
    assert bool(found(tmp_path, files, _CHECK)) is wrong


_RETURNS = """\
import stripe
from django.contrib.admin.views.decorators import staff_member_required
from django.http import JsonResponse

from .models import ReturnRequest


@staff_member_required
def approve(request, pk):
    rma = ReturnRequest.objects.select_related("order").get(pk=pk)
    if rma.status != "received":
        return JsonResponse({}, status=409)
    stripe.Refund.create(payment_intent=rma.order.intent, amount=int(rma.refund_cents), idempotency_key=f"rma-{pk}")
    rma.status = "completed"
    rma.save()
    order = rma.order
    BOOKED
    order.save()
    return JsonResponse({"status": rma.status})
"""
_RETURN_MODELS = """\
from django.db import models


class Order(models.Model):
    status = models.CharField(max_length=20)
    total_cents = models.PositiveIntegerField()
    refunded_cents = models.PositiveIntegerField(default=0)
    intent = models.CharField(max_length=80)


class ReturnRequest(models.Model):
    order = models.ForeignKey(Order, on_delete=models.PROTECT)
    status = models.CharField(max_length=20)
    refund_cents = models.PositiveIntegerField()
"""
_RETURN_URLS = "from django.urls import path\n\nfrom .views import approve\n\nurlpatterns = [path('returns/<int:pk>', approve)]\n"


@pytest.mark.parametrize(
    ("booked", "wrong"),
    [
        ('order.status = "refunded"', True),
        ('order.status = "refunded"\n    order.refunded_cents = rma.refund_cents', False),
        ('order.status = "refunded" if rma.refund_cents == order.total_cents else "partially_refunded"', False),
        ('if rma.refund_cents == order.total_cents:\n        order.status = "refunded"', False),
    ],
)
def test_what_was_sent_back_is_not_the_whole_order(tmp_path: Path, booked: str, wrong: bool) -> None:
    views = _RETURNS.replace("BOOKED", booked)
    files = {"shop/__init__.py": "", "shop/views.py": views, "shop/models.py": _RETURN_MODELS, "shop/urls.py": _RETURN_URLS}
    assert bool(found(tmp_path, files, _CHECK)) is wrong


_SERVICE = """\
const stripe = require('stripe')(process.env.STRIPE_KEY);
const { Order, RefundRequest } = require('./models');

exports.ask = async (id, amount, reason) => {
  const order = await Order.findByPk(id);
  if (amount > order.total - order.refundedTotal) throw new Error('too much');
  if (order.status === 'pending') {
    await stripe.refunds.create({ payment_intent: order.intent, amount }, { idempotencyKey: `r-${id}-${order.refundedTotal}` });
    await order.update(BOOKED);
    return;
  }
  await RefundRequest.create({ orderId: id, amount, reason });
};
"""
_SEQUELIZE = """\
const { Sequelize, DataTypes } = require('sequelize');

const db = new Sequelize(process.env.DATABASE_URL);
exports.Order = db.define('Order', {
  status: DataTypes.STRING, total: DataTypes.INTEGER, refundedTotal: DataTypes.INTEGER, intent: DataTypes.STRING,
});
exports.RefundRequest = db.define('RefundRequest', { orderId: DataTypes.INTEGER, amount: DataTypes.INTEGER, reason: DataTypes.TEXT });
"""
_ASKING = """\
const express = require('express');
const refunds = require('./refunds');

const router = express.Router();
router.post('/orders/:id/refund', async (req, res) => {
  await refunds.ask(req.params.id, Number(req.body.amount), req.body.reason);
  res.sendStatus(204);
});
module.exports = router;
"""


@pytest.mark.parametrize(
    ("booked", "wrong"),
    [("{ status: 'partially_refunded' }", True), ("{ status: 'refunded', refundedTotal: order.refundedTotal + amount }", False)],
)
def test_a_record_on_the_other_side_of_a_branch_books_nothing(tmp_path: Path, booked: str, wrong: bool) -> None:
    files = {"refunds.js": _SERVICE.replace("BOOKED", booked), "models.js": _SEQUELIZE, "routes.js": _ASKING}
    assert bool(found(tmp_path, files, _CHECK)) is wrong


_PLUGIN = """\
<?php
/**
 * Plugin Name: Elm payments
 */
add_action('woocommerce_api_elm', 'elm_hook');

function elm_hook() {
    $payload = file_get_contents('php://input');
    if (!hash_equals(hash_hmac('sha256', $payload, get_option('elm_secret')), $_SERVER['HTTP_X_ELM_SIGNATURE'] ?? '')) {
        status_header(401);
        exit;
    }
    $event = json_decode($payload, true);
    $order = wc_get_order($event['order_id']);
    BOOKED
    $order->add_order_note('Given back: ' . $event['id']);
    status_header(200);
}
"""
_BOOKS = "$refund = wc_create_refund(['order_id' => $order->get_id(), 'amount' => $event['amount']]);"


@pytest.mark.parametrize(
    ("booked", "wrong"),
    [
        ("wc_create_refund(['order_id' => $order->get_id(), 'amount' => $event['amount']]);", True),
        (_BOOKS, True),
        (_BOOKS + " if (is_wp_error($refund)) { wc_get_logger()->error($refund->get_error_message()); }", True),
        (_BOOKS + " if (is_wp_error($refund)) { status_header(500); exit; }", False),
        (_BOOKS + " if (is_wp_error($refund)) { throw new Exception($refund->get_error_message()); }", False),
        (_BOOKS + " if (is_wp_error($refund)) { $order->update_status('on-hold', 'not booked'); }", False),
        (_BOOKS + " if ($refund instanceof WP_Error) { throw new Exception('not booked'); }", False),
    ],
)
def test_a_platform_that_answers_with_an_error_booked_nothing(tmp_path: Path, booked: str, wrong: bool) -> None:
    assert bool(found(tmp_path, {"elm.php": _PLUGIN.replace("BOOKED", booked)}, _CHECK)) is wrong
