"""Payments of which nobody hears but the browser: webhooks that only keep what they hear, or hear of refunds alone, and pages that pay."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_CHECK = "payment/no-settlement-webhook"
_SHOP = """\
const express = require('express');
const mongoose = require('mongoose');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const Order = mongoose.model('Order', new mongoose.Schema({ total: Number, status: String, intent: String }));
const WebhookEvent = mongoose.model('WebhookEvent', new mongoose.Schema({ eventId: String, type: String, payload: {} }));
const cron = require('node-cron');
const { Queue } = require('bullmq');
const queue = new Queue('events');
const app = express();
app.post('/pay', express.json(), async (req, res) => {
  const order = await Order.findById(req.body.id);
  const intent = await stripe.paymentIntents.create({ amount: order.total, currency: 'eur', metadata: { order: order.id } });
  res.json({ secret: intent.client_secret });
});
app.post('/done', express.json(), async (req, res) => {
  const intent = await stripe.paymentIntents.retrieve(req.body.intent);
  if (intent.status !== 'succeeded') return res.status(402).end();
  await Order.updateOne({ intent: intent.id }, { status: 'paid' });
  res.json({});
});
app.post('/webhook', express.raw({ type: '*/*' }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.HOOK);
  HEARD
  res.json({});
});
JOB
"""
_NOTED = "await WebhookEvent.create({ eventId: event.id, type: event.type, payload: event });"
_PAID = "if (event.type === 'payment_intent.succeeded') await Order.updateOne({ intent: event.data.object.id }, { status: 'paid' });"
_JOB = """cron.schedule('* * * * *', async () => {
  for (const event of await WebhookEvent.find({ type: 'payment_intent.succeeded' })) {
    await Order.updateOne({ intent: event.payload.data.object.id }, { status: 'paid' });
  }
});"""


@pytest.mark.parametrize(
    ("heard", "job", "wrong"),
    [
        (_NOTED, "", True),
        ("", "", True),
        (_NOTED + _PAID, "", False),
        (_NOTED, _JOB, False),
        ("await queue.add('event', event);", "", False),
    ],
)
def test_a_note_settles_nothing(tmp_path: Path, heard: str, job: str, wrong: bool) -> None:
    assert bool(found(tmp_path, {"app.js": _SHOP.replace("HEARD", heard).replace("JOB", job)}, _CHECK)) == wrong


_DJANGO = """\
import json
import stripe
from django.http import JsonResponse
from django.views.decorators.csrf import csrf_exempt
from .models import Order, WebhookLog

def pay(request):
    order = Order.objects.get(pk=request.POST["id"])
    intent = stripe.PaymentIntent.create(amount=order.total, currency="eur", metadata={"order": order.pk})
    return JsonResponse({"secret": intent.client_secret})

def done(request):
    intent = stripe.PaymentIntent.retrieve(request.GET["intent"])
    if intent.status == "succeeded":
        Order.objects.filter(intent=intent.id).update(status="paid")
    return JsonResponse({})

@csrf_exempt
def webhook(request):
    event = stripe.Webhook.construct_event(request.body, request.headers["Stripe-Signature"], SECRET)
    WebhookLog.objects.create(event_id=event["id"], event_type=event["type"], payload=json.dumps(event))
    HEARD
    return JsonResponse({})
"""
_MODELS = """\
from django.db import models

class Order(models.Model):
    total = models.IntegerField()
    status = models.CharField(max_length=20)
    intent = models.CharField(max_length=80, unique=True)

class WebhookLog(models.Model):
    event_id = models.CharField(max_length=80)
    event_type = models.CharField(max_length=80)
    payload = models.TextField()
"""


_SETTLES = """if event["type"] == "payment_intent.succeeded":
        Order.objects.filter(intent=event["data"]["object"]["id"]).update(status="paid")"""


@pytest.mark.parametrize(("heard", "wrong"), [("pass", True), (_SETTLES, False)])
def test_a_note_settles_nothing_in_django(tmp_path: Path, heard: str, wrong: bool) -> None:
    ways = "path('pay/', views.pay), path('done/', views.done), path('webhook/', views.webhook)"
    urls = f"from django.urls import path\nfrom . import views\nurlpatterns = [{ways}]\n"
    files = {"manage.py": "", "shop/models.py": _MODELS, "shop/urls.py": urls, "shop/views.py": _DJANGO.replace("HEARD", heard)}
    assert bool(found(tmp_path, files, _CHECK)) == wrong


_BUTTON = """import { PayPalButtons } from '@paypal/react-paypal-js';
export default function Button({ total }) {
  const createOrder = async (data, actions) => actions.order.create({ purchase_units: [{ amount: { value: total } }] });
  const onApprove = async (data, actions) => {
    const details = await actions.order.capture();
    await fetch('/orders/paypal', { method: 'POST', body: JSON.stringify({ paid: details.status }) });
  };
  return <PayPalButtons createOrder={createOrder} onApprove={onApprove} />;
}
"""
_TAKES = """const express = require('express');
const mongoose = require('mongoose');
const Order = mongoose.model('Order', new mongoose.Schema({ total: Number, isPaid: Boolean }));
const app = express();
app.post('/orders/paypal', express.json(), async (req, res) => {
  await Order.create({ user: req.user.id, isPaid: true });
  res.json({});
});
"""


def test_what_a_page_has_begun_is_heard_of_where_the_order_is_made(tmp_path: Path) -> None:
    (flaw,) = found(tmp_path, {"app.js": _TAKES, "client/Button.jsx": _BUTTON}, _CHECK)
    assert (flaw.file, flaw.start_line) == ("app.js", 6)


_REFUNDS = _SHOP.replace(
    "HEARD", "if (event.type === 'charge.refunded') await Order.updateOne({ intent: event.data.object.id }, { status: 'refunded' });"
)


def test_a_webhook_of_refunds_is_no_place_to_hear_of_payments(tmp_path: Path) -> None:
    (flaw,) = found(tmp_path, {"app.js": _REFUNDS.replace("JOB", "")}, _CHECK)
    assert "updateOne({ intent: intent.id }" in flaw.snippet


_GET = """from django.http import JsonResponse
from paypalcheckoutsdk.core import LiveEnvironment, PayPalHttpClient
from paypalcheckoutsdk.orders import OrdersGetRequest
from .models import Order

class Client:
    def __init__(self):
        self.client = PayPalHttpClient(LiveEnvironment(client_id=ID, client_secret=SECRET))

def complete(request):
    answer = Client().client.execute(OrdersGetRequest(request.POST["id"]))
    if answer.result.status == "COMPLETED":
        Order.objects.filter(paypal_id=answer.result.id).update(status="paid")
    return JsonResponse({})
"""


def test_a_client_that_a_pack_names_is_no_strange_system(tmp_path: Path) -> None:
    urls = "from django.urls import path\nfrom . import views\nurlpatterns = [path('complete/', views.complete)]\n"
    assert found(tmp_path, {"manage.py": "", "shop/models.py": _MODELS, "shop/urls.py": urls, "shop/views.py": _GET}, _CHECK)
