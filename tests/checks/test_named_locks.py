"""Locks of the database that have a name, taken before a message is looked up among those that were handled."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

_SETTINGS = Settings(use_cache=False, checks=("idempotency/dedup-race",))
_PHP = """<?php
require 'vendor/autoload.php';
$pdo = new PDO(getenv('DSN'));
try {
    $event = \\Stripe\\Webhook::constructEvent(file_get_contents('php://input'), $_SERVER['HTTP_STRIPE_SIGNATURE'] ?? '', getenv('SECRET'));
} catch (\\Exception $e) {
    http_response_code(400);
    exit;
}
$session = $event->data->object;
LOCK
$seen = $pdo->prepare('SELECT id FROM credits WHERE session_id = ?');
$seen->execute([$session->id]);
if (!$seen->fetch()) {
    $pdo->prepare('INSERT INTO credits (session_id, amount) VALUES (?, ?)')->execute([$session->id, $session->amount_total]);
    $pdo->prepare('UPDATE users SET balance = balance + ? WHERE id = ?')->execute([$session->amount_total, $session->client_reference_id]);
}
"""
_PHP_LOCK = """$lock = $pdo->prepare('SELECT GET_LOCK(?, 10)');
$lock->execute(['credit_' . $session->id]);
if ($lock->fetchColumn() != 1) {
    http_response_code(503);
    exit;
}"""
_TS = """import express from 'express';
import Stripe from 'stripe';
import { PrismaClient } from '@prisma/client';

const prisma = new PrismaClient();
const stripe = new Stripe(process.env.STRIPE_SECRET_KEY!);
export const router = express.Router();

router.post('/webhook', express.raw({ type: '*/*' }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature']!, process.env.SECRET!);
  const invoice = event.data.object as Stripe.Invoice;
  await prisma.$transaction(async (tx) => {
    LOCK
    if (await tx.credit.findFirst({ where: { invoice: invoice.id } })) return;
    await tx.credit.create({ data: { invoice: invoice.id!, amount: invoice.amount_paid } });
    await tx.user.update({ where: { customer: invoice.customer as string }, data: { balance: { increment: invoice.amount_paid } } });
  });
  res.sendStatus(200);
});
"""


@pytest.mark.parametrize(
    ("file", "code", "lock"),
    [
        ("webhook.php", _PHP, _PHP_LOCK),
        ("src/webhook.ts", _TS, "await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext(${invoice.id}))`;"),
    ],
)
def test_lock_by_name_lets_one_delivery_in(file: str, code: str, lock: str, tmp_path: Path) -> None:
    write(tmp_path / "with", {file: code.replace("LOCK", lock, 1)})
    write(tmp_path / "without", {file: code.replace("LOCK", "", 1)})
    assert review(tmp_path / "with", _SETTINGS).findings == []
    assert len(review(tmp_path / "without", _SETTINGS).findings) == 1
