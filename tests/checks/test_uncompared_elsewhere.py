"""A handler that hears of payments in several branches: the finding names each of them, and only those that nothing compares."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

_HANDLER = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_SECRET_KEY);
const { pool } = require('./db');
const app = express();

const mark = (id, status) => pool.query('UPDATE orders SET payment_status = $1 WHERE id = $2', [status, id]);

app.post('/stripe/webhook', express.raw({ type: 'application/json' }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.STRIPE_WEBHOOK_SECRET);
  const intent = event.data.object;
  const { rows: [order] } = await pool.query('SELECT id, total FROM orders WHERE id = $1', [intent.metadata.order]);
  if (event.type === 'payment_intent.succeeded') {
    await mark(order.id, 'paid');
  } else if (event.type === 'payment_intent.amount_capturable_updated') {
    GUARD
    await mark(order.id, 'authorized');
  } else if (event.type === 'payment_intent.canceled') {
    await mark(order.id, 'canceled');
  }
  res.json({ received: true });
});
"""
_COMPARED = "if (intent.amount !== order.total || intent.currency !== 'eur') return res.status(409).end();"


@pytest.mark.parametrize(("guard", "named"), [("", [16]), (_COMPARED, [])])
def test_a_finding_names_the_other_branches_that_compare_nothing(tmp_path: Path, guard: str, named: list[int]) -> None:
    package = '{"dependencies": {"express": "4", "stripe": "14", "pg": "8"}}'
    pool = "const { Pool } = require('pg');\nexports.pool = new Pool();\n"
    write(tmp_path, {"package.json": package, "db.js": pool, "app.js": _HANDLER.replace("GUARD", guard)})
    (finding,) = review(tmp_path, Settings(use_cache=False, checks=("payment/amount-not-reconciled",))).findings
    assert finding.start_line == 13
    assert [s.line for s in finding.trace if s.note.startswith("nor is anything compared")] == named


def test_a_confirmation_in_a_helper_is_shown_where_the_handler_asks_for_it_too(tmp_path: Path) -> None:
    inline = "stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.STRIPE_WEBHOOK_SECRET)"
    assert inline in _HANDLER
    helper = f"const stripe = require('stripe')(process.env.STRIPE_SECRET_KEY);\nexports.told = (req) => {inline};\n"
    handler = _HANDLER.replace(inline, "told(req)").replace("const app =", "const { told } = require('./told');\nconst app =")
    package = '{"dependencies": {"express": "4", "stripe": "14", "pg": "8"}}'
    pool = "const { Pool } = require('pg');\nexports.pool = new Pool();\n"
    write(tmp_path, {"package.json": package, "db.js": pool, "told.js": helper, "app.js": handler.replace("GUARD", "")})
    (finding,) = review(tmp_path, Settings(use_cache=False, checks=("payment/amount-not-reconciled",))).findings
    asked = [(s.file, s.line) for s in finding.trace if "confirm" in s.note]
    assert asked == [("app.js", 10), ("told.js", 2)]


_TWICE_TOLD = """\
import json
import os
import uuid
import requests
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.csrf import csrf_exempt
from .models import CartItem, Order, Payment

def total_of(user):
    return sum(item.product.price * item.quantity for item in CartItem.objects.filter(user=user))

def pay(request):
    answer = requests.post("https://api.flutterwave.com/v3/payments", timeout=10, json={"tx_ref": uuid.uuid4().hex,
        "amount": str(total_of(request.user)), "currency": "NGN", "customer": {"email": request.user.email}})
    return redirect(answer.json()["data"]["link"])

@csrf_exempt
def hook(request):
    if request.headers.get("verif-hash") != os.environ["HASH"]:
        return HttpResponse(status=401)
    payload = json.loads(request.body)
    data = payload.get("data")
    amount = data.get("amount")
    user = User.objects.get(email=data.get("customer", {}).get("email"))
    if Payment.objects.filter(transaction=data.get("id")).exists():
        return HttpResponse()
    told = requests.get(f"https://api.flutterwave.com/v3/transactions/{data.get('id')}/verify", timeout=10).json()
    if told.get("status") == "success" and told.get("data", {}).get("amount") == OWED:
        order = Order.objects.create(user=user, total=amount, status="paid")
        order.items.set(CartItem.objects.filter(user=user))
        Payment.objects.create(transaction=data.get("id"))
    return HttpResponse()
"""
_TABLES = """\
from django.db import models

class CartItem(models.Model):
    user = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    quantity = models.PositiveIntegerField()

class Order(models.Model):
    user = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    total = models.DecimalField(max_digits=10, decimal_places=2)
    status = models.CharField(max_length=20)

class Payment(models.Model):
    transaction = models.CharField(max_length=60, unique=True)
"""


@pytest.mark.parametrize(("owed", "ruling"), [("amount", "broken"), ("total_of(user)", "held")])
def test_what_a_provider_says_twice_is_held_against_nothing_of_ours(tmp_path: Path, owed: str, ruling: str) -> None:
    urls = "from django.urls import path\nfrom . import views\nurlpatterns = [path('pay/', views.pay), path('hook/', views.hook)]\n"
    views = _TWICE_TOLD.replace("OWED", owed)
    files = {"manage.py": "", "shop/models.py": _TABLES, "shop/urls.py": urls, "shop/views.py": views}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    obligations = review(tmp_path, Settings(use_cache=False, checks=("payment/amount-not-reconciled",))).obligations
    assert {o.ruling for o in obligations if o.site.kind == "webhook"} == {ruling}
