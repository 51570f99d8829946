"""A message that is written down as handled before it is: what fails then is never done, unless something brings it back."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_APP = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const mongoose = require('mongoose');
const { Seen, Failure } = require('./models');
const { credit } = require('./ledger');
const app = express();
app.post('/hooks/stripe', express.raw({ type: 'application/json' }), async (req, res) => {
  let event;
  try {
    event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.HOOK_SECRET);
  } catch (e) {
    return res.sendStatus(400);
  }
  const { user } = event.data.object.metadata;
  BODY
  res.sendStatus(200);
});
app.listen(3000);
"""
_MODELS = """\
const mongoose = require('mongoose');
exports.Wallet = mongoose.model('Wallet', new mongoose.Schema({ user: String, balance: Number }));
exports.Seen = mongoose.model('WebhookEvent', new mongoose.Schema({ key: { type: String, unique: true }, status: String, doneAt: Date }));
exports.Failure = mongoose.model('Failure', new mongoose.Schema({ key: String, why: String }));
"""
_LEDGER = """\
const { Wallet } = require('./models');
exports.credit = async (user, sum, session) => { await Wallet.updateOne({ user }, { $inc: { balance: sum } }, { session }); };
"""
_ASK = "const seen = await Seen.findOne({ key: event.id }); if (seen) return res.sendStatus(200);"
_MARK = "await Seen.create({ key: event.id });"
_WORK = "if (event.type === 'payment_intent.succeeded') await credit(user, event.data.object.amount);"


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (_ASK + _MARK + _WORK, True),
        (_ASK + "await new Seen({ key: event.id }).save();" + _WORK, True),
        ("if (await Seen.exists({ key: event.id })) { res.json({}); return; }" + _MARK + _WORK, True),
        (f"try {{ {_ASK} {_MARK} {_WORK} }} catch (e) {{ console.error(e); return res.sendStatus(500); }}", True),
        (_ASK + _WORK + _MARK, False),
        ("const seen = await Seen.findOne({ key: event.id }); if (seen && seen.doneAt) return res.sendStatus(200);" + _MARK + _WORK, False),
        (_ASK.replace("return res.sendStatus(200)", "return res.sendStatus(409)") + _MARK + _WORK, False),
        (_ASK + _MARK + f"try {{ {_WORK} }} catch (e) {{ await Seen.deleteOne({{ key: event.id }}); throw e; }}", False),
        (_ASK + _MARK + f"try {{ {_WORK} }} catch (e) {{ await Failure.create({{ key: event.id, why: e.message }}); throw e; }}", False),
        (
            _ASK + _MARK + f"try {{ {_WORK} }} catch (e) {{ await Seen.updateOne({{ key: event.id }}, {{ status: 'failed' }}); throw e; }}",
            False,
        ),
        ("await db.query('BEGIN');" + _ASK + _MARK + _WORK + "await db.query('COMMIT');", False),
        (
            _ASK + "const session = await mongoose.startSession(); await session.withTransaction(async () => { "
            "await Seen.create([{ key: event.id }], { session }); await credit(user, event.data.object.amount, session); });",
            False,
        ),
    ],
)
def test_a_message_counts_as_handled_once_it_is(tmp_path: Path, body: str, wrong: bool) -> None:
    files = {"app.js": _APP.replace("BODY", body), "models.js": _MODELS, "ledger.js": _LEDGER}
    assert bool(found(tmp_path, files, "resilience/swallowed-failure")) == wrong


_VIEW = """\
import stripe
from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt
from shop.models import Ticket, WebhookEvent


@csrf_exempt
@DECORATOR
def hook(request):
    event = stripe.Webhook.construct_event(request.body, request.headers["Stripe-Signature"], settings.HOOK_SECRET)
    if WebhookEvent.objects.filter(event_id=event["id"]).exists():
        return HttpResponse(status=200)
    WebhookEvent.objects.create(event_id=event["id"])
    if event["type"] == "payment_intent.succeeded":
        Ticket.objects.create(order_id=event["data"]["object"]["metadata"]["order"])
    return HttpResponse(status=200)
"""


@pytest.mark.parametrize(
    ("decorator", "database", "wrong"),
    [("require_POST", "", True), ("transaction.atomic", "", False), ("require_POST", '"ATOMIC_REQUESTS": True', False)],
)
def test_what_one_transaction_keeps_is_kept_together(tmp_path: Path, decorator: str, database: str, wrong: bool) -> None:
    files = {
        "shop/views.py": _VIEW.replace("DECORATOR", decorator),
        "shop/settings.py": f'DATABASES = {{"default": {{{database}}}}}\n',
        "shop/urls.py": 'from django.urls import path\nfrom shop import views\nurlpatterns = [path("hook", views.hook)]\n',
        "shop/models.py": "from django.db import models\n\n\nclass Ticket(models.Model):\n    order_id = models.TextField()\n\n\n"
        "class WebhookEvent(models.Model):\n    event_id = models.CharField(max_length=99, unique=True)\n",
    }
    assert bool(found(tmp_path, files, "resilience/swallowed-failure")) == wrong
