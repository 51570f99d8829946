"""Messages of a shop's platform that tell of no payment: nobody misses their sums in a log."""

from pathlib import Path

import pytest

from tests.checks.test_resilience import reviewed

_APP = """const crypto = require('crypto');
const express = require('express');
const { PrismaClient } = require('@prisma/client');
const prisma = new PrismaClient();
const app = express();
app.post('/webhooks/TOPIC', express.raw({ type: '*/*' }), async (req, res) => {
  const digest = crypto.createHmac('sha256', process.env.SHOPIFY_API_SECRET).update(req.body).digest('base64');
  const sent = req.get('X-Shopify-Hmac-Sha256');
  if (!crypto.timingSafeEqual(Buffer.from(digest), Buffer.from(sent))) return res.sendStatus(401);
  const body = JSON.parse(req.body);
  WORK
  res.sendStatus(200);
});
"""


@pytest.mark.parametrize(
    ("topic", "work", "owed"),
    [
        ("app-uninstalled", "await prisma.session.deleteMany({ where: { shop: body.myshopify_domain } });", False),
        (
            "orders-paid",
            "await prisma.order.updateMany({ where: { shopifyId: body.id, status: 'OPEN' }, data: { status: 'PAID' } });",
            True,
        ),
    ],
)
def test_what_concerns_no_payment_owes_no_line(tmp_path: Path, topic: str, work: str, owed: bool) -> None:
    report = reviewed(tmp_path, {"app.js": _APP.replace("TOPIC", topic).replace("WORK", work)}, "payment-event-not-logged")
    assert bool(report.obligations) is owed
