"""Messages that are claimed before the work: what fails then is never done, unless the claim is given back or runs out."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_CHECK = "resilience/swallowed-failure"
_NODE = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const Redis = require('ioredis');
const { Pool } = require('pg');
const redis = new Redis(process.env.REDIS_URL);
const pool = new Pool();
const { sendMail } = require('./mail');
const app = express();
async function isNew(id) {
  CLAIM
}
app.post('/hook', express.raw({ type: '*/*' }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.STRIPE_HOOK);
  if (!(await isNew(event.id))) return res.json({ skipped: true });
  WORK
  res.json({});
});
"""
_DO = "await pool.query(\"UPDATE orders SET status = 'paid' WHERE intent = $1\", [event.data.object.id]);\n  await sendMail(event);"
_BACK = f"try {{ {_DO} }} catch (e) {{ await redis.del(`hook:${{event.id}}`); throw e; }}"
_SET = "return (await redis.set(`hook:${id}`, '1', 'EX', 86400, 'NX')) === 'OK';"
_ROW = "const { rowCount } = await pool.query('INSERT INTO seen (id) VALUES ($1) ON CONFLICT DO NOTHING', [id]); return rowCount > 0;"
_MAIL = """\
const mailer = require('nodemailer').createTransport(process.env.SMTP);
exports.sendMail = (event) => mailer.sendMail({ to: event.data.object.receipt_email });
"""


@pytest.mark.parametrize(
    ("claim", "work", "wrong"),
    [
        (_SET, _DO, True),
        ("const fresh = await redis.setnx(`hook:${id}`, 1); return fresh === 1;", _DO, True),
        (_ROW, _DO, True),
        (_SET, _BACK, False),
        (_SET.replace("86400", "60"), _DO, False),
        ("return !(await redis.get(`hook:${id}`));", f"{_DO}\n  await redis.set(`hook:${{event.id}}`, '1', 'EX', 86400);", False),
    ],
)
def test_a_claim_that_nobody_gives_back_loses_what_fails(tmp_path: Path, claim: str, work: str, wrong: bool) -> None:
    files = {"server.js": _NODE.replace("CLAIM", claim).replace("WORK", work), "mail.js": _MAIL, "package.json": "{}"}
    files["schema.sql"] = "CREATE TABLE seen (id TEXT PRIMARY KEY);\nCREATE TABLE orders (id INT PRIMARY KEY, intent TEXT, status TEXT);\n"
    assert bool(found(tmp_path, files, _CHECK)) is wrong


_DJANGO = """\
import stripe
from django.conf import settings
from django.core.cache import cache
from django.core.mail import send_mail
from django.http import HttpResponse
from shop.models import Order

def hook(request):
    event = stripe.Webhook.construct_event(request.body, request.headers["Stripe-Signature"], settings.HOOK_SECRET)
    if not cache.add(f"hook:{event['id']}", True, timeout=SECONDS):
        return HttpResponse("")
    WORK
    return HttpResponse("")
"""
_SAVE = """order = Order.objects.get(intent=event["data"]["object"]["id"])
    order.status = "paid"
    order.save()
    send_mail("paid", "", "shop@example.com", [order.email])"""
_UNDO = """try:
        settle(event)
    except Exception:
        cache.delete(f"hook:{event['id']}")
        raise"""


_SETTLE = """\
def settle(event):
    order = Order.objects.get(intent=event["data"]["object"]["id"])
    order.status = "paid"
    order.save()
"""


@pytest.mark.parametrize(("seconds", "work", "wrong"), [("86400", _SAVE, True), ("60", _SAVE, False), ("86400", _UNDO, False)])
def test_a_key_that_is_added_once_is_a_claim(tmp_path: Path, seconds: str, work: str, wrong: bool) -> None:
    files = {
        "shop/views.py": f"{_DJANGO.replace('SECONDS', seconds).replace('WORK', work)}\n{_SETTLE}",
        "shop/urls.py": 'from django.urls import path\nfrom shop import views\nurlpatterns = [path("hook/", views.hook)]\n',
        "shop/models.py": "from django.db import models\nclass Order(models.Model):\n    intent = models.CharField(max_length=60)\n"
        "    email = models.EmailField()\n    status = models.CharField(max_length=20)\n",
        "manage.py": "",
    }
    assert bool(found(tmp_path, files, _CHECK)) is wrong
