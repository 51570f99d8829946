"""A look by columns that the database keeps unique lets no second row in, whatever the row is made of."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_HOOK = """\
import express from 'express';
import Stripe from 'stripe';
import { PrismaClient } from '@prisma/client';

const stripe = new Stripe(process.env.STRIPE_SECRET_KEY);
const prisma = new PrismaClient();
const app = express();

app.post('/webhooks/stripe', express.raw({ type: 'application/json' }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.STRIPE_WEBHOOK_SECRET);
  if (event.type === 'payment_intent.succeeded') {
    const payment = await prisma.payment.findUnique({ where: { intentId: event.data.object.id } });
    if (payment) await bill(payment.orderId);
  }
  res.json({ received: true });
});

async function bill(orderId) {
  const known = await prisma.invoice.findFirst({ where: { ASKED } });
  if (known) return;
  const order = await prisma.order.findUnique({ where: { id: orderId } });
  await prisma.invoice.create({ data: { orderId, number: await next(), total: order.total } });
}
const next = async () => (await prisma.invoice.count()) + 1;
"""
_SCHEMA = """\
model Payment {
  id       String @id
  intentId String @unique
  orderId  String
}
model Order {
  id    String @id
  total Int
}
model Invoice {
  id      String @id @default(cuid())
  orderId String UNIQUE
  number  Int
  total   Int
}
"""


@pytest.mark.parametrize(
    ("unique", "asked", "expected"), [("@unique", "orderId", "held"), ("", "orderId", "broken"), ("@unique", "number: orderId", "broken")]
)
def test_who_finds_no_invoice_makes_the_only_one(tmp_path: Path, unique: str, asked: str, expected: str) -> None:
    files = {"app.js": _HOOK.replace("ASKED", asked), "prisma/schema.prisma": _SCHEMA.replace("UNIQUE", unique)}
    assert [ruling for ruling, _, _ in ruled(tmp_path, "idempotency/dedup-race", files)] == [expected]
