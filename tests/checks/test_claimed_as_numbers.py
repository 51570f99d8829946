"""Rows of which the database lets the first one in, by the id of the payment as a number or a text."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

_EXPRESS = """\
const express = require('express');
const { PrismaClient } = require('@prisma/client');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const prisma = new PrismaClient();
const app = express();
app.post('/webhook', express.raw({ type: 'application/json' }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.WEBHOOK_SECRET);
  const id = ID;
  const known = await prisma.transaction.findUnique({ where: { id } });
  if (known) return res.json({});
  await prisma.transaction.create({ data: { id, amount: event.data.object.amount } });
  res.json({});
});
"""
_PRISMA = "model Transaction {\n  id String @id\n  amount Int\n}\n"
_DJANGO = {
    "models.py": """\
from django.db import models
class Transaction(models.Model):
    number = models.CharField(max_length=99, primary_key=True)
    amount = models.IntegerField()
""",
    "views.py": """\
import stripe
import uuid
from django.http import HttpResponse
from django.urls import path
from .models import Transaction
def hook(request):
    event = stripe.Webhook.construct_event(request.body, request.headers["Stripe-Signature"], SECRET)
    number = ID
    if Transaction.objects.filter(number=number).exists():
        return HttpResponse()
    Transaction.objects.create(number=number, amount=event["data"]["object"]["amount"])
    return HttpResponse()
urlpatterns = [path("hook/", hook)]
""",
}


@pytest.mark.parametrize(
    ("language", "told", "broken"),
    [
        ("javascript", "event.data.object.id", False),
        ("javascript", "String(event.data.object.id)", False),
        ("javascript", "Number(event.data.object.id)", False),
        ("javascript", "crypto.randomUUID()", True),
        ("python", 'str(event["data"]["object"]["id"])', False),
        ("python", "str(uuid.uuid4())", True),
    ],
)
def test_an_id_is_the_same_as_a_number_or_a_text(tmp_path: Path, language: str, told: str, broken: bool) -> None:
    shop = {"app.js": _EXPRESS, "schema.prisma": _PRISMA} if language == "javascript" else _DJANGO
    write(tmp_path, {name: text.replace("ID;", f"{told};").replace("= ID\n", f"= {told}\n") for name, text in shop.items()})
    checks = ("idempotency/dedup-race", "idempotency/handler-not-idempotent")
    report = review(tmp_path, Settings(use_cache=False, checks=checks))
    assert bool(report.findings) is broken, [f.title for f in report.findings]
