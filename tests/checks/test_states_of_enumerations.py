"""A constant of an enumeration is read of no record: who asks which state is to be written has not asked which there is."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_ROUTES = """\
import express from 'express';
import Stripe from 'stripe';
import { PaymentStatus, setStatus } from './payments';
import { prisma } from './database';
const app = express();
const stripe = new Stripe(process.env.STRIPE_SECRET_KEY!);

app.post('/webhooks/stripe', express.raw({ type: 'application/json' }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature']!, process.env.STRIPE_WEBHOOK_SECRET!);
  if (event.type === 'charge.refunded') {
    const charge = event.data.object;
    const payment = await prisma.payment.findUnique({ where: { chargeId: charge.id } });
    GUARD
    await setStatus(payment!.id, charge.refunded ? PaymentStatus.REFUNDED : PaymentStatus.PARTIAL_REFUND);
  }
  res.json({});
});
"""
_PAYMENTS = """\
import { prisma } from './database';

export enum PaymentStatus {
  CAPTURED = 'captured',
  REFUNDED = 'refunded',
  PARTIAL_REFUND = 'partial_refund',
}

export async function setStatus(id: string, status: PaymentStatus) {
  const data: any = { status };
  if (status === PaymentStatus.CAPTURED) {
    data.capturedAt = new Date();
  } else if (status === PaymentStatus.REFUNDED || status === PaymentStatus.PARTIAL_REFUND) {
    data.refundedAt = new Date();
  }
  return prisma.payment.update({ where: { id }, data });
}
"""


@pytest.mark.parametrize(
    ("guard", "expected"),
    [
        ("", "broken"),
        ("if (payment!.status !== PaymentStatus.CAPTURED) return res.json({});", "held"),
    ],
)
def test_which_state_is_to_be_written_is_no_guard(tmp_path: Path, guard: str, expected: str) -> None:
    files = {
        "src/app.ts": _ROUTES.replace("GUARD", guard),
        "src/payments.ts": _PAYMENTS,
        "src/database.ts": "import { PrismaClient } from '@prisma/client';\nexport const prisma = new PrismaClient();\n",
    }
    assert {ruling for ruling, _, _ in ruled(tmp_path, "order/unguarded-transition", files)} == {expected}
