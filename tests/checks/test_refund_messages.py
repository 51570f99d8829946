"""What handlers make of messages about refunds, however they find out that one is: by comparisons, tables, helpers of their own."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_CHECK = "order/refund-not-recorded"

_NODE = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const mongoose = require('mongoose');
const log = require('winston').createLogger({});

const Order = mongoose.model('Order', new mongoose.Schema({ status: String, intent: String, refundedCents: Number }));

async function refunded(charge) {
  log.info(`refunded: ${charge.id}`);
  WRITTEN
}

const HANDLERS = { 'charge.refunded': refunded };
const app = express();
app.post('/hooks/stripe', express.raw({ type: '*/*' }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.STRIPE_HOOK_SECRET);
  const told = event.data.object;
  ASKED
  res.sendStatus(200);
});
"""
_WRITES = "await Order.updateOne({ intent: charge.payment_intent }, { refundedCents: charge.amount_refunded });"


@pytest.mark.parametrize(
    "asked",
    [
        "switch (event.type) { case 'charge.refunded': await refunded(told); break; default: log.info(event.type); }",
        "if (event.type === 'charge.refunded' || event.type === 'charge.refund.updated') { await refunded(told); }",
        "const run = HANDLERS[event.type]; if (run) await run(told);",
    ],
)
@pytest.mark.parametrize("writes", [False, True])
def test_a_helper_that_only_logs_drops_the_refund(tmp_path: Path, asked: str, writes: bool) -> None:
    text = _NODE.replace("ASKED", asked).replace("WRITTEN", _WRITES if writes else "// later")
    assert bool(found(tmp_path, {"app.js": text}, _CHECK)) is not writes


_DJANGO = """\
import logging

import requests
from django.conf import settings
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from .models import Payment

log = logging.getLogger(__name__)


@api_view(["POST"])
@permission_classes([AllowAny])
def toss(request):
    key = request.data["data"]["paymentKey"]
    told = requests.get(f"https://api.tosspayments.com/v1/payments/{key}", auth=(settings.TOSS_SECRET_KEY, ""), timeout=9).json()
    payment = Payment.objects.get(number=told["orderId"])
    if told["status"] == "DONE" and payment.amount == told["totalAmount"]:
        payment.status = "paid"
        payment.save()
    elif told["status"] == "CANCELED":
        payment.status = "cancelled"
        payment.given_back = payment.amount
        payment.save()
    elif told["status"] in ("PARTIAL_CANCELED",):
        WRITTEN
    return Response({"ok": True})
"""
_MODELS = """\
from django.db import models


class Payment(models.Model):
    number = models.CharField(max_length=64, unique=True)
    status = models.CharField(max_length=20)
    amount = models.PositiveIntegerField()
    given_back = models.PositiveIntegerField(default=0)
"""
_URLS = "from django.urls import path\n\nfrom .hooks import toss\n\nurlpatterns = [path('hooks/toss', toss)]\n"


@pytest.mark.parametrize(
    ("part", "wrong"),
    [
        ('log.info("part of %s", told)', True),
        ('payment.given_back = sum(c["cancelAmount"] for c in told["cancels"])\n        payment.save()', False),
    ],
)
def test_a_part_that_is_given_back_is_told_by_a_state_of_the_provider(tmp_path: Path, part: str, wrong: bool) -> None:
    files = {"pay/__init__.py": "", "pay/models.py": _MODELS, "pay/urls.py": _URLS, "pay/hooks.py": _DJANGO.replace("WRITTEN", part)}
    assert bool(found(tmp_path, files, _CHECK)) is wrong


def test_who_compares_the_state_of_an_order_of_ours_is_told_of_nothing(tmp_path: Path) -> None:
    hooks = _DJANGO.replace('told["status"] in ("PARTIAL_CANCELED",)', 'payment.status == "refunded"').replace(
        "WRITTEN", 'log.info("was so")'
    )
    files = {"pay/__init__.py": "", "pay/models.py": _MODELS, "pay/urls.py": _URLS, "pay/hooks.py": hooks}
    assert found(tmp_path, files, _CHECK) == []


_LARAVEL = """\
<?php

namespace App\\Http\\Controllers;

use App\\Models\\Order;
use Illuminate\\Http\\Request;
use Illuminate\\Support\\Facades\\Log;
use Stripe\\Webhook;

class HookController extends Controller
{
    public function handle(Request $request)
    {
        $event = Webhook::constructEvent($request->getContent(), $request->header('Stripe-Signature'), config('services.stripe.hook'));
        match ($event->type) {
            'charge.refunded' => $this->refunded($event->data->object),
            default => null,
        };

        return response()->json(['ok' => true]);
    }

    private function refunded($charge): void
    {
        Log::info('refunded', ['id' => $charge->id]);
        WRITTEN
    }
}
"""
_ROUTE = """\
<?php

use App\\Http\\Controllers\\HookController;
use Illuminate\\Support\\Facades\\Route;

Route::post('hook', [HookController::class, 'handle']);
"""
_MODEL = (
    "<?php\nnamespace App\\Models;\nuse Illuminate\\Database\\Eloquent\\Model;\nclass Order extends Model { protected $guarded = []; }\n"
)


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        ("", True),
        ("Order::where('intent', $charge->payment_intent)->update(['refunded_cents' => $charge->amount_refunded]);", False),
        ("\\App\\Jobs\\BookRefund::dispatch($charge->id);", False),
        ("event(new \\App\\Events\\MoneyWentBack($charge->id));", False),
    ],
)
def test_a_method_that_hands_the_refund_on_does_not_drop_it(tmp_path: Path, written: str, wrong: bool) -> None:
    controller = "app/Http/Controllers/HookController.php"
    files = {controller: _LARAVEL.replace("WRITTEN", written), "routes/api.php": _ROUTE, "app/Models/Order.php": _MODEL}
    assert bool(found(tmp_path, files, _CHECK)) is wrong
