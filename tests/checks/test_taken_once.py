"""What comes only after the provider has taken the money comes once: a second time the provider refuses to take it."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

_DJANGO = """\
import braintree
import paypalrestsdk
import razorpay
import stripe
from django.conf import settings
from django.db import models
from django.http import HttpResponse
from django.urls import path

client = razorpay.Client(auth=(settings.RAZORPAY_ID, settings.RAZORPAY_SECRET))
gateway = braintree.BraintreeGateway(braintree.Configuration(braintree.Environment.Production, "m", "p", settings.BRAINTREE))


class Order(models.Model):
    payment = models.CharField(max_length=80, unique=True)
    cents = models.IntegerField()
    status = models.CharField(max_length=20, default="new")


class Ticket(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE)


def back(request):
    order = Order.objects.get(payment=request.GET["payment"])
{taken}
    Ticket.objects.create(order=order)
    order.status = "paid"
    order.save()
    return HttpResponse()


urlpatterns = [path("payment/return/", back)]
"""
_EXPRESS = """\
const express = require('express');
const paypal = require('@paypal/checkout-server-sdk');
const mongoose = require('mongoose');
const Order = mongoose.model('Order', new mongoose.Schema({ paypalId: String, status: String }));
const Ticket = mongoose.model('Ticket', new mongoose.Schema({ order: String }));
const client = new paypal.core.PayPalHttpClient(new paypal.core.LiveEnvironment(process.env.ID, process.env.SECRET));
const app = express();

app.get('/paypal/return', async (req, res) => {
  const order = await Order.findOne({ paypalId: req.query.token });
  const request = new paypal.orders.OrdersCaptureRequest(order.paypalId);
TAKEN
  await Ticket.create({ order: order.id });
  order.status = 'paid';
  await order.save();
  res.redirect('/thanks');
});
"""


def django(taken: str) -> dict[str, str]:
    lines = "\n".join(f"    {line}" for line in taken.split("\n"))
    return {"requirements.txt": "django\nstripe\nrazorpay\nbraintree\npaypalrestsdk\n", "shop.py": _DJANGO.format(taken=lines)}


def express(taken: str) -> dict[str, str]:
    package = '{"dependencies": {"express": "4", "@paypal/checkout-server-sdk": "1", "mongoose": "8"}}'
    return {"package.json": package, "app.js": _EXPRESS.replace("TAKEN", taken)}


_REFUSED = "\n    return HttpResponse(status=400)"
_CAPTURE = "client.payment.capture(request.GET['razorpay_payment_id'], order.cents)"
_SIGNED = "client.utility.verify_payment_signature(request.GET.dict())\n"
_ONCE = [
    pytest.param(
        django(f"try:\n    client.utility.verify_payment_signature(request.GET.dict())\n    {_CAPTURE}\nexcept Exception:{_REFUSED}"),
        id="Razorpay raises",
    ),
    pytest.param(
        django(f"intent = stripe.PaymentIntent.capture(order.payment)\nif intent.status != 'succeeded':{_REFUSED}"), id="Stripe, refused"
    ),
    pytest.param(
        django(f"result = gateway.transaction.submit_for_settlement(order.payment)\nif not result.is_success:{_REFUSED}"),
        id="Braintree, its answer says so of itself",
    ),
    pytest.param(
        django(
            "payment = paypalrestsdk.Payment.find(order.payment)\n"
            f"if not payment.execute({{'payer_id': request.GET['PayerID']}}):{_REFUSED}"
        ),
        id="PayPal, the call says so",
    ),
    pytest.param(
        express(
            "  const capture = await client.execute(request);\n  if (capture.result.status !== 'COMPLETED') return res.status(400).end();"
        ),
        id="PayPal, refused",
    ),
]
_AGAIN = [
    pytest.param(
        django(f"{_SIGNED}try:\n    {_CAPTURE}\nexcept razorpay.errors.BadRequestError:\n    pass"), id="Razorpay's refusal is passed over"
    ),
    pytest.param(
        django(
            "intent = stripe.PaymentIntent.capture(order.payment, idempotency_key=order.payment)\n"
            f"if intent.status != 'succeeded':{_REFUSED}"
        ),
        id="Stripe answers the same key as before",
    ),
    pytest.param(
        django(f"intent = stripe.PaymentIntent.retrieve(order.payment)\nif intent.status != 'succeeded':{_REFUSED}"),
        id="Stripe is only asked",
    ),
    pytest.param(
        express(
            "  request.headers['PayPal-Request-Id'] = order.paypalId;\n  const capture = await client.execute(request);\n"
            "  if (capture.result.status !== 'COMPLETED') return res.status(400).end();"
        ),
        id="PayPal answers the same key as before",
    ),
]


def repeated(root: Path, files: dict[str, str]) -> list[str]:
    write(root, files)
    return [f.message for f in review(root, Settings(checks=("idempotency/handler-not-idempotent",), use_cache=False)).findings]


@pytest.mark.parametrize("files", _ONCE)
def test_the_provider_takes_it_once(tmp_path: Path, files: dict[str, str]) -> None:
    assert repeated(tmp_path, files) == []


@pytest.mark.parametrize("files", _AGAIN)
def test_a_second_return_comes_as_far(tmp_path: Path, files: dict[str, str]) -> None:
    assert any("another ticket" in message for message in repeated(tmp_path, files))
