"""Subscriptions that were paid by somebody whose account is not found: told to nobody, or told."""

from pathlib import Path

import pytest

from tests.checks.test_resilience import reviewed

_DJANGO = """import stripe
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt
from .models import Subscriber

@csrf_exempt
def hook(request):
    event = stripe.Webhook.construct_event(request.body, request.META["HTTP_STRIPE_SIGNATURE"], settings.HOOK_SECRET)
    if event["type"] == "checkout.session.completed":
        session = event["data"]["object"]
        try:
            user = User.objects.get(id=session["client_reference_id"])
            Subscriber.objects.update_or_create(user=user, defaults={"stripe_subscription_id": session["subscription"]})
        except User.DoesNotExist:
            UNFOUND
    elif event["type"] == "invoice.paid":
        print("paid")
    return HttpResponse(status=200)
"""
_MODELS = """from django.contrib.auth.models import User
from django.db import models
class Subscriber(models.Model):
    user = models.OneToOneField(User, on_delete=models.CASCADE)
    stripe_subscription_id = models.CharField(max_length=80)
"""
_URLS = 'from django.urls import path\nfrom . import views\nurlpatterns = [path("stripe/webhook/", views.hook)]\n'
_JS = """const express = require('express');
const stripe = require('stripe')(process.env.KEY);
const User = require('./user');
const app = express();
app.post('/webhook', express.raw({ type: '*/*' }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.SECRET);
  if (event.type === 'checkout.session.completed') {
    const session = event.data.object;
    const user = await User.findOne({ email: session.customer_email });
    if (!user) { UNFOUND }
    await User.updateOne({ _id: user._id }, { stripeSubscriptionId: session.subscription });
  }
  res.json({ received: true });
});
"""
_USER = """const mongoose = require('mongoose');
module.exports = mongoose.model('User', new mongoose.Schema({ email: String, stripeSubscriptionId: String }));
"""


def _titles(folder: Path, files: dict[str, str]) -> list[str]:
    return [f.title for f in reviewed(folder, files, "swallowed-failure").findings]


@pytest.mark.parametrize(
    ("unfound", "found"), [('print("no such user")', True), ("raise", False), ("return HttpResponse(status=404)", False)]
)
def test_in_django(tmp_path: Path, unfound: str, found: bool) -> None:
    files = {"shop/views.py": _DJANGO.replace("UNFOUND", unfound), "shop/models.py": _MODELS, "shop/urls.py": _URLS, "shop/__init__.py": ""}
    assert any("account is not found" in t for t in _titles(tmp_path, files)) is found


@pytest.mark.parametrize(
    ("unfound", "found"),
    [("console.log('no such user'); return res.sendStatus(200);", True), ("return res.status(404).end();", False)],
)
def test_in_javascript(tmp_path: Path, unfound: str, found: bool) -> None:
    files = {"app.js": _JS.replace("UNFOUND", unfound), "user.js": _USER}
    assert any("account is not found" in t for t in _titles(tmp_path, files)) is found


_GIVEN = _JS.replace("{ stripeSubscriptionId: session.subscription }", "GIVEN")


@pytest.mark.parametrize(
    ("given", "unfound", "found"),
    [
        ("{ plan: 'pro' }", "return res.sendStatus(200);", True),
        ("{ isPremium: true }", "console.log('nobody'); return res.json({});", True),
        ("{ $inc: { credits: 100 } }", "return res.sendStatus(200);", True),
        ("{ $inc: { credits: 100 } }", "return res.sendStatus(500);", False),
        ("{ plan: 'free' }", "return res.sendStatus(200);", False),
        ("{ email: session.customer_details.email }", "return res.sendStatus(200);", False),
    ],
)
def test_what_the_account_would_have_got(tmp_path: Path, given: str, unfound: str, found: bool) -> None:
    files = {"app.js": _GIVEN.replace("GIVEN", given).replace("UNFOUND", unfound), "user.js": _USER}
    assert any("account is not found" in t for t in _titles(tmp_path, files)) is found


_ORDERS = """const mongoose = require('mongoose');
module.exports = mongoose.model('Order', new mongoose.Schema({ user: String, intent: String, status: String }));
"""


@pytest.mark.parametrize(
    ("made", "found"),
    [
        ("if (!user) return res.json({}); await Order.create({ user: user._id, intent: session.id, status: 'paid' });", True),
        ("await Order.create({ user: user ? user._id : null, intent: session.id, status: 'paid' });", False),
    ],
)
def test_an_order_that_is_only_made_for_whom_is_found(tmp_path: Path, made: str, found: bool) -> None:
    app = _JS.replace("if (!user) { UNFOUND }\n", "").replace(
        "await User.updateOne({ _id: user._id }, { stripeSubscriptionId: session.subscription });", made
    )
    files = {"app.js": app.replace("const app", "const Order = require('./order');\nconst app"), "user.js": _USER, "order.js": _ORDERS}
    assert any("account is not found" in t for t in _titles(tmp_path, files)) is found
