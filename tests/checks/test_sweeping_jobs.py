"""Jobs that work off what they look up: what failed is found again by the next run; what they were handed is not."""

from pathlib import Path

import pytest

from tests.checks.test_resilience import reviewed

_JS = """const { Worker } = require('bullmq');
const { PrismaClient } = require('@prisma/client');
const stripe = require('stripe')(process.env.KEY);
const prisma = new PrismaClient();
async function cancel(payment) {
  await stripe.paymentIntents.cancel(payment.intent);
  await prisma.payment.update({ where: { id: payment.id }, data: { status: 'FAILED' } });
}
new Worker('payments', async (job) => {
  const payments = ROWS;
  for (const payment of payments) {
    try {
      await cancel(payment);
    } catch (error) {
      console.error(error);
    }
  }
});
"""
_PYTHON = """import stripe
from celery import shared_task
from shop.models import Payment

@shared_task
def expire(ids):
    for payment in ROWS:
        try:
            stripe.PaymentIntent.cancel(payment.intent)
            Payment.objects.filter(id=payment.id).update(status="failed")
        except Exception as error:
            print(error)
"""
_MODELS = """from django.db import models
class Payment(models.Model):
    intent = models.CharField(max_length=80)
    status = models.CharField(max_length=20)
"""


@pytest.mark.parametrize(
    ("rows", "swallowed"),
    [
        ("await prisma.payment.findMany({ where: { status: 'PENDING', createdAt: { lt: new Date() } } })", False),
        ("job.data.payments", True),
    ],
)
def test_in_javascript(tmp_path: Path, rows: str, swallowed: bool) -> None:
    report = reviewed(tmp_path, {"worker.js": _JS.replace("ROWS", rows)}, "no-dead-letter")
    assert any(f.title == "A job that failed counts as done" for f in report.findings) is swallowed


@pytest.mark.parametrize(
    ("rows", "swallowed"),
    [('Payment.objects.filter(status="pending")', False), ("[Payment.objects.get(id=i) for i in ids]", True)],
)
def test_in_python(tmp_path: Path, rows: str, swallowed: bool) -> None:
    files = {"shop/tasks.py": _PYTHON.replace("ROWS", rows), "shop/models.py": _MODELS, "shop/__init__.py": ""}
    report = reviewed(tmp_path, files, "no-dead-letter")
    assert any(f.title == "A job that failed counts as done" for f in report.findings) is swallowed
