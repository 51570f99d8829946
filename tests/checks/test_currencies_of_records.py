"""Currencies that the records' own declarations list, and sums that properties of records work out."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled
from tests.commerce.small_models import files_of

_CHOICES = """\
=== shop/models.py
from django.db import models
class Payment(models.Model):
    amount = models.IntegerField()
    currency = models.CharField(max_length=3, choices=(("EUR", "Euro"), ("USD", "Dollar"), ("CZK", "Koruna")), default="EUR")
    status = models.CharField(max_length=20)
=== shop/views.py
import stripe
from django.http import JsonResponse
from django.contrib.auth.decorators import login_required
from .models import Payment
@login_required
def pay(request, pk):
    payment = Payment.objects.get(pk=pk)
    intent = stripe.PaymentIntent.create(amount=payment.amount * 100, currency="eur", idempotency_key=f"p-{pk}")
    return JsonResponse({"secret": intent.client_secret})
=== shop/urls.py
from django.urls import path
from . import views
urlpatterns = [path("pay/<int:pk>/", views.pay)]
"""
_ENUM = """\
=== package.json
{"dependencies":{"express":"4","stripe":"14","@prisma/client":"5"}}
=== prisma/schema.prisma
enum Currency {
  EUR
  USD
}
model Order {
  id String @id
  total Int
  currency Currency @default(EUR)
  status String
}
=== app.js
const express = require('express');
const Stripe = require('stripe');
const { PrismaClient } = require('@prisma/client');
const prisma = new PrismaClient();
const stripe = new Stripe(process.env.STRIPE_KEY);
const app = express();
app.use(express.json());
app.post('/pay/:id', async (req, res) => {
  const order = await prisma.order.findUnique({ where: { id: req.params.id } });
  const intent = await stripe.paymentIntents.create({ amount: order.total, currency: 'eur' }, { idempotencyKey: order.id });
  res.json({ secret: intent.client_secret });
});
"""
_PROPERTY = """\
=== shop/models.py
from django.db import models
class Payment(models.Model):
    amount = models.IntegerField()
    rate = models.IntegerField(default=21)
    status = models.CharField(max_length=20)
    @property
    def vat_amount(self):
        return round((100 + self.rate) * self.amount / 100, 2)
=== shop/views.py
import stripe
from django.http import JsonResponse
from django.contrib.auth.decorators import login_required
from .models import Payment
@login_required
def pay(request, pk):
    payment = Payment.objects.get(pk=pk)
    intent = stripe.PaymentIntent.create(amount=int(payment.vat_amount * 100), currency="eur", idempotency_key=f"p-{pk}")
    return JsonResponse({"secret": intent.client_secret})
=== shop/urls.py
from django.urls import path
from . import views
urlpatterns = [path("pay/<int:pk>/", views.pay)]
"""


@pytest.mark.parametrize(("shop", "where"), [(_CHOICES, ("shop/views.py", 8)), (_ENUM, ("app.js", 10))], ids=["Django", "Prisma"])
def test_one_currency_for_records_that_may_have_several(tmp_path: Path, shop: str, where: tuple[str, int]) -> None:
    assert ruled(tmp_path, "payment/missing-currency", files_of(shop)) == [("broken", *where)]


def test_one_currency_where_there_is_only_one(tmp_path: Path) -> None:
    one = _CHOICES.replace(', ("USD", "Dollar"), ("CZK", "Koruna")', ",")
    assert ruled(tmp_path, "payment/missing-currency", files_of(one)) == [("held", "shop/views.py", 8)]


@pytest.mark.parametrize(("listed", "outcome"), [("USD", "held"), ("JPY", "broken")])
def test_hundredths_of_the_currencies_that_are_listed(tmp_path: Path, listed: str, outcome: str) -> None:
    shop = _CHOICES.replace('currency="eur"', "currency=payment.currency").replace("USD", listed)
    assert ruled(tmp_path, "payment/amount-unit", files_of(shop)) == [(outcome, "shop/views.py", 8)]


@pytest.mark.parametrize(
    ("worked_out", "outcome"),
    [
        ("round((100 + self.rate) * self.amount / 100, 2)", "broken"),
        ("self.amount * 1.21", "broken"),
        ("round(Decimal(100 + self.rate) * self.amount / 100, 2)", "held"),
    ],
)
def test_the_hundredfold_of_a_property_that_is_cut(tmp_path: Path, worked_out: str, outcome: str) -> None:
    shop = _PROPERTY.replace("round((100 + self.rate) * self.amount / 100, 2)", worked_out)
    files = files_of(shop.replace("from django.db", "from decimal import Decimal\n\nfrom django.db", 1))
    assert ruled(tmp_path, "payment/amount-unit", files) == [(outcome, "shop/views.py", 8)]
