"""``payment/client-amount`` where a method of the form refuses a quantity of nothing or less, and where it is called otherwise."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_CHECK = "payment/client-amount"
_DJANGO = """\
import stripe
from django import forms
from django.http import JsonResponse
from shop.models import Product


class OrderForm(forms.Form):
    product_id = forms.IntegerField()
    quantity = forms.IntegerField()

    def clean_quantity(self):
        quantity = self.cleaned_data["quantity"]
        REFUSES
        return quantity


def buy(request):
    form = OrderForm(request.POST)
    if not form.is_valid():
        return JsonResponse({}, status=400)
    product = Product.objects.get(id=form.cleaned_data["product_id"])
    total = product.price_cents * form.cleaned_data["quantity"]
    intent = stripe.PaymentIntent.create(amount=total, currency="eur")
    return JsonResponse({"secret": intent.client_secret})
"""
_FASTAPI = """\
import stripe
from fastapi import FastAPI
from pydantic import BaseModel, field_validator

from shop.models import Product

app = FastAPI()


class Order(BaseModel):
    product_id: int
    quantity: int

    @field_validator("quantity")
    def enough(cls, value):
        REFUSES
        return value


@app.post("/buy")
def buy(order: Order):
    product = Product.get(order.product_id)
    return stripe.PaymentIntent.create(amount=product.price_cents * order.quantity, currency="eur")
"""
_MODELS = "from django.db import models\n\n\nclass Product(models.Model):\n    price_cents = models.IntegerField()\n"


@pytest.mark.parametrize(
    ("shop", "refuses", "wrong"),
    [
        (_DJANGO, "if quantity <= 0:\n            raise forms.ValidationError('at least one')", False),
        (_DJANGO, "if quantity > 99:\n            raise forms.ValidationError('too many')", True),
        (_FASTAPI, "if value < 1:\n            raise ValueError('at least one')", False),
    ],
)
def test_a_method_of_the_field(tmp_path: Path, shop: str, refuses: str, wrong: bool) -> None:
    files = {"requirements.txt": "stripe\n", "shop/__init__.py": "", "shop/models.py": _MODELS}
    urls = "from django.urls import path\nfrom shop.views import buy\nurlpatterns = [path('buy/', buy)]\n"
    files |= {"shop/urls.py": urls} if shop is _DJANGO else {}
    files["shop/views.py" if shop is _DJANGO else "app.py"] = shop.replace("REFUSES", refuses)
    assert bool(found(tmp_path, files, _CHECK)) is wrong


_EXPRESS = """\
const express = require('express');
const Razorpay = require('razorpay');
const mongoose = require('mongoose');
const Event = mongoose.model('Event', new mongoose.Schema({ price: Number }));
const app = express();
app.use(express.json());
app.post('/orders', async (req, res) => {
  const tickets_booked = parseInt(req.body.tickets_booked, 10);
  ASKS
  const event = await Event.findById(req.body.event_id);
  const total = event.price * tickets_booked;
  res.json(await new Razorpay({ key_id: 'x' }).orders.create({ amount: Math.round(total * 100), currency: 'INR' }));
});
"""


@pytest.mark.parametrize(
    ("asks", "wrong"), [("if (!tickets_booked || tickets_booked <= 0) return res.sendStatus(400);", False), ("", True)]
)
def test_tickets_that_are_booked_are_counted(tmp_path: Path, asks: str, wrong: bool) -> None:
    files = {"package.json": '{"dependencies": {"express": "4", "razorpay": "2"}}', "app.js": _EXPRESS.replace("ASKS", asks)}
    assert bool(found(tmp_path, files, _CHECK)) is wrong
