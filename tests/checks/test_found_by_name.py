"""Handlers that a dispatcher finds by a name which it puts together out of the event's."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_MODELS = """\
from django.db import models


class Order(models.Model):
    paid = models.BooleanField(default=False)
    points = models.IntegerField(default=0)


class Ledger(models.Model):
    order = models.ForeignKey(Order, on_delete=models.PROTECT)
    amount = models.IntegerField()
"""
_VIEW = """\
import stripe
from django.http import HttpResponse
from hooks.dispatch import dispatch


def webhook(request):
    event = stripe.Webhook.construct_event(request.body, request.headers["Stripe-Signature"], "whsec")
    dispatch(event["type"], event["data"]["object"])
    return HttpResponse(status=200)
"""
_URLS = "from django.urls import path\nfrom hooks.views import webhook\nurlpatterns = [path('webhooks/stripe', webhook)]\n"
_DISPATCH = """\
import importlib
import logging


def dispatch(kind, data):
    group = kind.split(".")[0]
    name = "".join(part.title() for part in kind.replace("_", ".").split("."))
    try:
        module = importlib.import_module(f"hooks.events.{group}_handlers")
        handler = getattr(module, name + "Handler")(data)
        handler.handle()
    except Exception as error:
        logging.error("event %s failed: %s", kind, error)
        RAISES
"""
_HANDLERS = """\
from hooks.models import Ledger, Order


class CheckoutSessionCompletedHandler:
    def __init__(self, data):
        self.data = data

    def handle(self):
        order = Order.objects.get(id=self.data["metadata"]["order"])
        order.paid = True
        order.save()
        Ledger.objects.create(order=order, amount=self.data["amount_total"])
"""


@pytest.mark.parametrize(("raises", "flawed"), [("raise", False), ("pass", True)])
def test_what_a_dispatcher_catches_is_the_handlers_failure(tmp_path: Path, raises: str, flawed: bool) -> None:
    files = {
        "manage.py": "",
        "hooks/views.py": _VIEW,
        "hooks/urls.py": _URLS,
        "hooks/models.py": _MODELS,
        "hooks/dispatch.py": _DISPATCH.replace("RAISES", raises),
        "hooks/events/checkout_handlers.py": _HANDLERS,
        "hooks/events/payout_handlers.py": "class PayoutPaidHandler:\n    def __init__(self, data): pass\n    def handle(self): pass\n",
    }
    assert bool(found(tmp_path, files, "resilience/swallowed-failure")) is flawed
    assert found(tmp_path, files, "idempotency/handler-not-idempotent") != []


_ROUTE = """\
const express = require('express');
const Stripe = require('stripe');
const stripe = new Stripe(process.env.STRIPE_SECRET_KEY);
const router = express.Router();
router.post('/webhooks/stripe', express.raw({ type: '*/*' }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.STRIPE_WEBHOOK_SECRET);
  const handle = require(`./handlers/${event.type.replace(/\\./g, '-')}`);
  await handle(event.data.object);
  res.json({ received: true });
});
module.exports = router;
"""
_DONE = """\
const Order = require('../models/order');
const Ledger = require('../models/ledger');
module.exports = async (session) => {
  await Order.updateOne({ _id: session.metadata.order }, { $set: { paid: true } });
  await Ledger.create({ order: session.metadata.order, amount: session.amount_total });
};
"""


def test_a_module_is_required_by_the_name_of_the_event(tmp_path: Path) -> None:
    model = "const m = require('mongoose');\nmodule.exports = m.model('{}', new m.Schema({{ {} }}));\n"
    files = {
        "package.json": '{"dependencies": {"express": "^4", "mongoose": "^8", "stripe": "^16"}}',
        "hooks/route.js": _ROUTE,
        "hooks/handlers/checkout-session-completed.js": _DONE,
        "hooks/models/order.js": model.format("Order", "paid: Boolean"),
        "hooks/models/ledger.js": model.format("Ledger", "amount: Number"),
    }
    assert found(tmp_path, files, "idempotency/handler-not-idempotent") != []


_PHP = """\
<?php
namespace App\\Http\\Controllers;
use Illuminate\\Http\\Request;
use Illuminate\\Support\\Str;
class StripeHook {
  public function __invoke(Request $request) {
    $signature = $request->header('Stripe-Signature');
    $event = \\Stripe\\Webhook::constructEvent($request->getContent(), $signature, config('services.stripe.hook'));
    $class = 'App\\\\Stripe\\\\' . Str::studly(str_replace('.', '_', $event->type)) . 'Handler';
    (new $class())->handle($event->data->object);
    return response('ok');
  }
}
"""
_PHP_HANDLER = """\
<?php
namespace App\\Stripe;
use App\\Models\\Order;
use App\\Models\\Ledger;
class CheckoutSessionCompletedHandler {
  public function handle($session) {
    Order::where('id', $session->metadata->order)->update(['status' => 'paid']);
    Ledger::create(['order_id' => $session->metadata->order, 'amount' => $session->amount_total]);
  }
}
"""


def test_a_class_is_made_by_the_name_of_the_event(tmp_path: Path) -> None:
    model = "<?php\nnamespace App\\Models;\nuse Illuminate\\Database\\Eloquent\\Model;\nclass {} extends Model {{}}\n"
    files = {
        "composer.json": '{"require": {"laravel/framework": "^11.0"}, "autoload": {"psr-4": {"App\\\\": "app/"}}}',
        "routes/web.php": "<?php\nRoute::post('/webhooks/stripe', App\\Http\\Controllers\\StripeHook::class);\n",
        "app/Http/Controllers/StripeHook.php": _PHP,
        "app/Stripe/CheckoutSessionCompletedHandler.php": _PHP_HANDLER,
        "app/Models/Order.php": model.format("Order"),
        "app/Models/Ledger.php": model.format("Ledger"),
    }
    assert found(tmp_path, files, "idempotency/handler-not-idempotent") != []
