"""What was noted with a payment, and what the request that brings it asks for."""

from pathlib import Path

import pytest

from tests.checks.test_examples import review_of
from tillproof.checks.pages import Example

CHECK = "payment/amount-not-reconciled"
PYTHON = """\
import razorpay
from django.conf import settings
from django.db import models
from django.http import JsonResponse
from rest_framework.views import APIView

client = razorpay.Client(auth=(settings.KEY_ID, settings.KEY_SECRET))
FEES = {"solo": 10000, "duo": 18000}


class Team(models.Model):
    name = models.CharField(max_length=40)
    team_type = models.CharField(max_length=8)
    payment_id = models.CharField(max_length=40, unique=True)
    payment_status = models.BooleanField(default=False)


class Begin(APIView):
    def post(self, request):
        kind = request.data["team_type"]
        made = client.order.create({"amount": FEES[kind], "currency": "INR", "notes": {"team_type": kind}})
        return JsonResponse({"id": made["id"]})


class Register(APIView):
    def post(self, request):
        data = request.data
        client.utility.verify_payment_signature({
            "razorpay_order_id": data["razorpay_order_id"],
            "razorpay_payment_id": data["razorpay_payment_id"],
            "razorpay_signature": data["razorpay_signature"],
        })
        paid = client.payment.fetch(data["razorpay_payment_id"])
        noted = client.order.fetch(data["razorpay_order_id"])["notes"].get("team_type")
        REGISTER
        return JsonResponse({"ok": True})
"""
CREATE = "Team.objects.create(name=data['name'], team_type=KIND, payment_id=data['razorpay_payment_id'], payment_status=True)"
CHOSEN = """\
expected_amount = FEES["solo"] if noted == "solo" else FEES["duo"]
if paid["amount"] != expected_amount:
    raise ValueError
"""
JAVASCRIPT = """\
const express = require('express');
const crypto = require('crypto');
const Razorpay = require('razorpay');
const Membership = require('mongoose').model('Membership');
const razorpay = new Razorpay({ key_id: process.env.KEY_ID, key_secret: process.env.KEY_SECRET });
const PRICES = { basic: 10000, gold: 90000 };
const app = express();
app.use(express.json());
app.post('/begin', async (req, res) => {
  const made = await razorpay.orders.create({ amount: PRICES[req.body.plan], currency: 'INR', notes: { plan: req.body.plan } });
  res.json(made);
});
app.post('/verify', async (req, res) => {
  const { razorpay_order_id, razorpay_payment_id, razorpay_signature, plan } = req.body;
  const made = crypto.createHmac('sha256', process.env.KEY_SECRET).update(razorpay_order_id + '|' + razorpay_payment_id).digest('hex');
  if (!crypto.timingSafeEqual(Buffer.from(made), Buffer.from(razorpay_signature))) return res.status(400).end();
  const payment = await razorpay.payments.fetch(razorpay_payment_id);
  const order = await razorpay.orders.fetch(razorpay_order_id);
  if (payment.status !== 'captured') return res.status(402).end();
  REGISTER
  res.json({ ok: true });
});
"""
MEMBER = "await Membership.create({ user: req.body.user, plan: KIND, razorpay_payment_id, status: 'paid' });"


@pytest.mark.parametrize(
    ("page", "register", "found"),
    [
        (PYTHON, CHOSEN + CREATE, "sent"),
        (PYTHON, "if paid['amount'] != FEES[noted]:\n    raise ValueError\n" + CREATE, "sent"),
        (PYTHON, "if paid['amount'] != FEES[noted]:\n    raise ValueError\n" + CREATE, "noted"),
        (PYTHON, "if paid['amount'] != FEES[noted] or noted != data['team_type']:\n    raise ValueError\n" + CREATE, "sent, held"),
        (PYTHON, "if paid['amount'] != FEES[data['team_type']]:\n    raise ValueError\n" + CREATE, "sent, held"),
        (JAVASCRIPT, "if (payment.amount !== PRICES[order.notes.plan]) return res.status(402).end();\n" + MEMBER, "sent"),
        (JAVASCRIPT, "if (payment.amount !== PRICES[order.notes.plan]) return res.status(402).end();\n" + MEMBER, "noted"),
        (
            JAVASCRIPT,
            "if (plan !== order.notes.plan || payment.amount !== PRICES[order.notes.plan]) return res.status(402).end();\n" + MEMBER,
            "sent, held",
        ),
    ],
)
def test_what_is_handed_out_is_what_was_paid_for(tmp_path: Path, page: str, register: str, found: str) -> None:
    python = page is PYTHON
    kind = {"noted": "noted" if python else "order.notes.plan"}.get(found, "data['team_type']" if python else "plan")
    code = page.replace("REGISTER", register.replace("KIND", kind).replace("\n", "\n        " if python else "\n"))
    files = {"shop/views.py": code, "manage.py": "", "shop/urls.py": URLS} if python else {"server.js": code}
    report = review_of(Example(title="", files=files, expect=[]), tmp_path, CHECK)
    broken = [f.title for f in report.findings if f.check == CHECK]
    assert broken == (["What was paid for is not what is handed out"] if found == "sent" else [])


URLS = """\
from django.urls import path
from shop.views import Begin, Register

urlpatterns = [path("begin/", Begin.as_view()), path("verify-payment/", Register.as_view())]
"""
