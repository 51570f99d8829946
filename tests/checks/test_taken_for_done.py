"""Refunds and cancellations that fail, and orders that are written as if they had not."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_CHECK = "resilience/swallowed-failure"
_PRISMA = "model Order {\n  id String @id\n  intent String\n  userId String\n  status String\n}\n"
_CRON = """\
const cron = require('node-cron');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const { PrismaClient } = require('@prisma/client');
const prisma = new PrismaClient();
cron.schedule('0 * * * *', async () => {
  const orders = await prisma.order.findMany({ where: { status: 'pending' } });
  for (const order of orders) {
    BODY
  }
});
"""
_STOP = "await stripe.paymentIntents.cancel(order.intent)"
_GONE = "await prisma.order.update({ where: { id: order.id }, data: { status: 'cancelled' } });"


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (f"try {{ {_STOP}; }} catch (e) {{ console.warn(e.message); }} {_GONE}", True),
        (f"{_STOP}.catch(() => {{}}); {_GONE}", True),
        (f"try {{ {_STOP}; }} catch (e) {{ console.warn(e.message); continue; }} {_GONE}", False),
        (f"let ok = true; try {{ {_STOP}; }} catch (e) {{ ok = false; }} if (ok) {{ {_GONE} }}", False),
        (f"try {{ {_STOP}; {_GONE} }} catch (e) {{ console.warn(e.message); }}", False),
    ],
)
def test_in_a_job(tmp_path: Path, body: str, wrong: bool) -> None:
    files = {"jobs.js": _CRON.replace("BODY", body), "package.json": "{}", "prisma/schema.prisma": _PRISMA}
    assert bool(found(tmp_path, files, _CHECK)) is wrong


_ROUTE = """\
const express = require('express');
const jwt = require('jsonwebtoken');
const { PrismaClient } = require('@prisma/client');
const prisma = new PrismaClient();
const app = express();
app.use(express.json());
app.use((req, res, next) => { req.user = jwt.verify(req.headers.authorization, process.env.JWT_SECRET); next(); });
app.post('/orders/:id/cancel', async (req, res) => {
  const order = await prisma.order.findFirst({ where: { id: req.params.id, userId: req.user.id } });
  if (!order || order.status !== 'paid') return res.status(404).end();
  const answer = await fetch(`https://api.flutterwave.com/v3/transactions/${order.intent}/refund`, {
    method: 'POST', headers: { Authorization: `Bearer ${process.env.FLW_KEY}` }, signal: AbortSignal.timeout(9000),
  });
  LOOK
  await prisma.order.update({ where: { id: order.id }, data: { status: 'refunded' } });
  res.json({ ok: true });
});
"""


@pytest.mark.parametrize(
    ("look", "wrong"),
    [
        ("", True),
        ("const told = await answer.json(); console.log(told);", True),
        ("if (!answer.ok) return res.status(502).end();", False),
        ("const told = await answer.json(); if (told.status !== 'success') return res.status(502).end();", False),
    ],
)
def test_whoever_is_told_by_the_answer_alone_has_to_look(tmp_path: Path, look: str, wrong: bool) -> None:
    files = {"app.js": _ROUTE.replace("LOOK", look), "package.json": "{}", "prisma/schema.prisma": _PRISMA}
    assert bool(found(tmp_path, files, _CHECK)) is wrong


_VIEW = """\
import requests
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from shop.models import Order

def give_back(order):
    url = f"https://api.flutterwave.com/v3/transactions/{order.intent}/refund"
    return requests.post(url, headers={"Authorization": settings.FLW_KEY}, timeout=10)

@login_required
def cancel(request, pk):
    order = get_object_or_404(Order, pk=pk, user=request.user, status="paid")
    ASK
    order.status = "refunded"
    order.save()
    return JsonResponse({"ok": True})
"""


@pytest.mark.parametrize(
    ("ask", "wrong"),
    [
        ("give_back(order)", True),
        ("give_back(order).raise_for_status()", False),
        ("if not give_back(order).ok: return HttpResponse(status=502)", False),
    ],
)
def test_in_python(tmp_path: Path, ask: str, wrong: bool) -> None:
    files = {
        "shop/views.py": _VIEW.replace("ASK", ask),
        "shop/urls.py": 'from django.urls import path\nfrom shop import views\nurlpatterns = [path("cancel/<int:pk>/", views.cancel)]\n',
        "shop/models.py": "from django.conf import settings\nfrom django.db import models\nclass Order(models.Model):\n"
        "    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)\n"
        "    intent = models.CharField(max_length=60)\n    status = models.CharField(max_length=20)\n",
        "manage.py": "",
    }
    assert bool(found(tmp_path, files, _CHECK)) is wrong
