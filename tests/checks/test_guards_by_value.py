"""A second delivery changes nothing where a field is compared with what it is then set to, or where the statement that inserts was chosen
because no row was there."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_SERVER = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_SECRET_KEY);
const { PrismaClient } = require('@prisma/client');

const app = express();
const prisma = new PrismaClient();

app.post('/webhooks/stripe', express.raw({ type: 'application/json' }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.STRIPE_WEBHOOK_SECRET);
  if (event.type === 'checkout.session.completed') {
    const { metadata, shipping_cost } = event.data.object;
    const price = shipping_cost.amount_total;
    const line = await prisma.orderItem.findFirst({ where: { orderId: metadata.order, kind: 'shipping' } });
    if (line && LOOK) {
      await prisma.orderItem.update({ where: { id: line.id }, data: { unitPrice: price } });
      await prisma.order.update({ where: { id: metadata.order }, data: { total: { increment: price - line.unitPrice } } });
    }
  }
  res.sendStatus(200);
});

app.listen(3000);
"""
_PAGE = """\
<?php

require 'vendor/autoload.php';

$sent = file_get_contents('php://input');
$event = \\Stripe\\Webhook::constructEvent($sent, $_SERVER['HTTP_STRIPE_SIGNATURE'], getenv('STRIPE_WEBHOOK_SECRET'));
$db = new mysqli(getenv('DB_HOST'), getenv('DB_USER'), getenv('DB_PASSWORD'), 'shop');
if ($event->type === 'checkout.session.completed') {
    $cart = (int) $event->data->object->metadata->cart;
    $known = $db->query("SELECT id FROM purchases WHERE cart = $cart")->fetch_assoc();
    if (LOOK) {
        $statement = "INSERT INTO purchases (cart, state) VALUES ($cart, 'paid')";
    } else {
        $statement = "UPDATE purchases SET state = 'paid' WHERE cart = $cart";
    }
    $db->query($statement);
}
"""


@pytest.mark.parametrize(("look", "wrong"), [("line.unitPrice !== price", False), ("line.unitPrice !== metadata.old", True)])
def test_a_field_that_is_compared_with_what_it_is_set_to(tmp_path: Path, look: str, wrong: bool) -> None:
    assert bool(found(tmp_path, {"server.js": _SERVER.replace("LOOK", look)}, "idempotency/handler-not-idempotent")) is wrong


@pytest.mark.parametrize(("look", "wrong"), [("empty($known)", False), ("isset($_GET['new'])", True)])
def test_the_statement_that_inserts_is_chosen_where_no_row_is_there(tmp_path: Path, look: str, wrong: bool) -> None:
    assert bool(found(tmp_path, {"webhook.php": _PAGE.replace("LOOK", look)}, "idempotency/handler-not-idempotent")) is wrong
