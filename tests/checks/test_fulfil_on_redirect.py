"""What marks an order as paid, and what only looks like it, beyond the examples of the page."""

from pathlib import Path

import pytest

from tests.checks.test_examples import review_of
from tillproof.checks.pages import Example

CHECK = "payment/fulfil-on-redirect"
ROUTE = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const { PrismaClient } = require('@prisma/client');
const prisma = new PrismaClient();
const app = express();
app.post('/start', async (req, res) => res.json(await stripe.paymentIntents.create({ amount: 100, currency: 'eur' })));
app.post('/done', async (req, res) => {
  STATEMENT
  res.json({});
});
"""


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("await prisma.order.update({ where: { id: req.body.id }, data: { status: 'paid' } });", 1),
        ("await prisma.payout.update({ where: { id: req.body.id }, data: { status: 'completed' } });", 0),
        ("await prisma.enrollment.update({ where: { id: req.body.id }, data: { status: 'approved' } });", 0),
        ("await prisma.enrollment.update({ where: { checkoutId: req.body.checkoutId }, data: { status: 'active' } });", 1),
        ("await prisma.invoice.create({ data: { number: 7, workspaceId: req.body.id } });", 0),
        ("await prisma.invoice.create({ data: { number: 7, orderId: req.body.id } });", 1),
        ("await prisma.checkout.update({ where: { id: req.body.id }, data: { status: 'confirmed' } });", 0),
        ("await prisma.checkout.update({ where: { id: req.body.id }, data: { status: 'completed' } });", 1),
        ("await factor.enroll(req.user.id);", 0),
        ("await course.enroll(req.user.id, req.body.paymentId);", 1),
    ],
)
def test_a_status_says_paid_on_what_customers_pay_for(tmp_path: Path, statement: str, found: int) -> None:
    example = Example(title="", files={"server.js": ROUTE.replace("STATEMENT", statement)}, expect=[])
    report = review_of(example, tmp_path, CHECK)
    assert [f.start_line for f in report.findings if f.check == CHECK] == [8] * found


SIGNED_IN = """\
const express = require('express');
const jwt = require('jsonwebtoken');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const Order = require('mongoose').model('Order');
const app = express();
app.post('/start', async (req, res) => res.json(await stripe.paymentIntents.create({ amount: 100, currency: 'eur' })));
app.post('/done', async (req, res) => {
  const told = jwt.verify(TOKEN, process.env.SECRET);
  const order = await Order.findById(told.order);
  order.status = 'paid';
  await order.save();
});
"""


@pytest.mark.parametrize(("token", "found"), [("req.headers.authorization.split(' ')[1]", 1), ("req.body.receipt", 0)])
def test_a_token_that_signs_a_visitor_in_is_no_receipt(tmp_path: Path, token: str, found: int) -> None:
    example = Example(title="", files={"server.js": SIGNED_IN.replace("TOKEN", token)}, expect=[])
    report = review_of(example, tmp_path, CHECK)
    assert len([f for f in report.findings if f.check == CHECK]) == found
