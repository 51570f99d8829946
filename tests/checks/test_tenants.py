"""Where shops sell by themselves below one roof, whoever signs in is a seller: he may say that his customer's order is paid."""

from pathlib import Path

import pytest

from tests.checks.test_php_shops import broken

_SCHEMA = """\
datasource db { provider = "postgresql" url = env("DATABASE_URL") }
model User {
  id String @id
  brandName String
  password String
}
model Customer {
  id String @id
  userId String
  user User @relation(fields: [userId], references: [id])
  phone String
}
model Order {
  id String @id
  userId String
  user User @relation(fields: [userId], references: [id])
  customerId String
  customer Customer @relation(fields: [customerId], references: [id])
  status String
  paymentStatus String
}
"""
_API = """\
const express = require('express');
const jwt = require('jsonwebtoken');
const Razorpay = require('razorpay');
const { PrismaClient } = require('@prisma/client');
const prisma = new PrismaClient();
const razorpay = new Razorpay({ key_id: process.env.KEY_ID, key_secret: process.env.KEY_SECRET });
const app = express();
app.use(express.json());
const signedIn = (req, res, next) => {
  try {
    req.user = jwt.verify(req.headers.authorization.split(' ')[1], process.env.JWT_SECRET);
  } catch (error) {
    return res.status(401).end();
  }
  next();
};
app.post('/orders', async (req, res) => {
  const variant = await prisma.variant.findUnique({ where: { id: req.body.variantId } });
  res.json(await razorpay.orders.create({ amount: variant.pricePaise, currency: 'INR', receipt: req.body.orderId }));
});
app.post('/orders/by-transfer', async (req, res) => {
  const order = await prisma.order.create({
    data: { userId: req.body.brandId, customerId: req.body.customerId, paymentStatus: 'transfer_pending', status: 'processing' },
  });
  res.json(order);
});
app.post('/orders/:id/paid', signedIn, async (req, res) => {
  const order = await prisma.order.findFirst({ where: { id: req.params.id, userId: req.user.id } });
  if (!order) return res.status(404).end();
  const changes = { status: 'confirmed' };
  changes.paymentStatus = 'paid';
  await prisma.order.update({ where: { id: order.id }, data: changes });
  res.json({ ok: true });
});
app.listen(3000);
"""
_PACKAGE = '{"dependencies": {"express": "4", "razorpay": "2", "@prisma/client": "5", "jsonwebtoken": "9"}}'
_BUYERS_SIGN_IN = _SCHEMA.replace(
    "  userId String\n  user User @relation(fields: [userId], references: [id])\n  phone String\n", "  phone String\n  password String\n"
)


@pytest.mark.parametrize(("schema", "found"), [(_SCHEMA, []), (_BUYERS_SIGN_IN, [("api/server.js", 31)])])
def test_a_seller_says_that_his_customer_has_paid(tmp_path: Path, schema: str, found: list[tuple[str, int]]) -> None:
    files = {"api/server.js": _API, "api/package.json": _PACKAGE, "api/prisma/schema.prisma": schema}
    assert broken(tmp_path, "payment/fulfil-on-redirect", files) == found
