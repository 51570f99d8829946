"""States that an update writes where it was given one, ``COALESCE($1, status)``, and states of an enumeration that the ORM has made."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_APP = """\
const express = require('express');
const payments = require('./payments');
const app = express();
app.use(express.json());
app.patch('/payments/:id', async (req, res) => {
BODY
  res.json({ ok: true });
});
"""
_PAYMENTS = """\
const { Pool } = require('pg');
const pool = new Pool();

class Payments {
  async find(id) {
    const { rows } = await pool.query('SELECT * FROM payments WHERE id = $1', [id]);
    return rows[0] || null;
  }

  async update(id, fields = {}) {
    const { status, currency } = fields;
    const result = await pool.query(
      `UPDATE payments SET status = COALESCE($1, status), currency = COALESCE($2, currency) WHERE id = $3 RETURNING *`,
      [status ?? null, currency ?? null, id]
    );
    return result.rows[0] || null;
  }
}
module.exports = new Payments();
"""
_PACKAGE = '{"dependencies": {"express": "4", "pg": "8"}}'


@pytest.mark.parametrize(
    ("body", "ruling"),
    [
        ("  await payments.update(req.params.id, { status: req.body.status });", {"broken"}),
        ("  await payments.update(req.params.id, req.body);", {"broken"}),
        ("  await payments.update(req.params.id, { status: 'failed' });", {"broken"}),
        (
            """\
  const payment = await payments.find(req.params.id);
  if (payment.status !== 'pending' || payment.owner !== req.user.id) return res.status(409).end();
  await payments.update(req.params.id, { status: 'failed' });""",
            {"held"},
        ),
        ("  await payments.update(req.params.id, { currency: 'EUR' });", set()),
    ],
    ids=["the state is sent", "the whole body is", "one is written", "the present one is asked for", "no state is given"],
)
def test_a_state_is_written_where_it_is_given(tmp_path: Path, body: str, ruling: set[str]) -> None:
    files = {"package.json": _PACKAGE, "payments.js": _PAYMENTS, "app.js": _APP.replace("BODY", body)}
    assert {found for found, _, _ in ruled(tmp_path, "order/unguarded-transition", files)} == ruling


_NEST = """\
import { Controller, Injectable, Post, Req } from '@nestjs/common';
import { OrderStatusEnum } from '@prisma/client';
import Stripe from 'stripe';
import { PrismaService } from './prisma.service';

@Injectable()
export class Payments {
  private readonly stripe = new Stripe(process.env.STRIPE_KEY);
  constructor(private readonly prisma: PrismaService) {}

  async handle(raw: Buffer, signature: string) {
    const event = this.stripe.webhooks.constructEvent(raw, signature, process.env.STRIPE_SECRET);
    const intent = event.data.object as Stripe.PaymentIntent;
    switch (event.type) {
      case 'payment_intent.succeeded':
        await this.become(intent.metadata.orderId, OrderStatusEnum.PAYMENT_APPROVED);
        break;
      case 'payment_intent.payment_failed':
        await this.become(intent.metadata.orderId, OrderStatusEnum.RETRY_PAYMENT);
        break;
    }
  }

  private async become(id: string, status: OrderStatusEnum) {
    WRITE
  }
}

@Controller('hooks')
export class HooksController {
  constructor(private readonly payments: Payments) {}

  @Post('stripe')
  async stripe(@Req() req: any) {
    await this.payments.handle(req.rawBody, req.headers['stripe-signature']);
  }
}
"""
_SERVICE = """\
import { Injectable } from '@nestjs/common';
import { PrismaClient } from '@prisma/client';

@Injectable()
export class PrismaService extends PrismaClient {}
"""


@pytest.mark.parametrize(
    ("write", "ruling"),
    [
        ("await this.prisma.order.update({ where: { id }, data: { status } });", {"broken"}),
        (
            """\
const order = await this.prisma.order.findUnique({ where: { id } });
    if (order.status === OrderStatusEnum.PAYMENT_APPROVED) return;
    await this.prisma.order.update({ where: { id }, data: { status } });""",
            {"held"},
        ),
        (
            "await this.prisma.order.updateMany({ where: { id, status: OrderStatusEnum.WAITING_PAYMENT }, data: { status } });",
            {"held"},
        ),
    ],
    ids=["whatever came before", "what is paid stays so", "only what waits"],
)
def test_a_failed_attempt_that_is_told_late_holds_up_what_is_paid(tmp_path: Path, write: str, ruling: set[str]) -> None:
    package = '{"dependencies": {"@nestjs/common": "10", "@prisma/client": "5", "stripe": "14"}}'
    files = {"package.json": package, "src/prisma.service.ts": _SERVICE, "src/payments.ts": _NEST.replace("WRITE", write)}
    assert {found for found, _, _ in ruled(tmp_path, "order/event-order-assumed", files)} == ruling
