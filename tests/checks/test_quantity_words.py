"""A quantity that may be negative is said to be one: the price is the server's own, and the mend is a bound."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

_PAY = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_SECRET_KEY);
const { priceOf } = require('./prices');
const app = express();
app.use(express.json());

app.post('/pay', async (req, res) => {
  const amount = req.body.items.reduce((sum, item) => sum + PRICE * item.quantity, 0);
  const intent = await stripe.paymentIntents.create({ amount, currency: 'eur' });
  res.json({ secret: intent.client_secret });
});
"""


@pytest.mark.parametrize(
    ("price", "title", "mend"),
    [
        ("priceOf(item.id)", "A negative quantity lowers what is paid", "Number.isInteger(quantity)"),
        ("item.price", "The client chooses what he pays", "Do not read `items[].price`"),
    ],
)
def test_a_finding_speaks_of_the_quantity_only_where_the_price_is_ours(tmp_path: Path, price: str, title: str, mend: str) -> None:
    package = '{"dependencies": {"express": "4", "stripe": "14"}}'
    prices = "const known = { cup: 900 };\nexports.priceOf = (id) => known[id];\n"
    write(tmp_path, {"package.json": package, "prices.js": prices, "pay.js": _PAY.replace("PRICE", price)})
    (finding,) = review(tmp_path, Settings(use_cache=False, checks=("payment/client-amount",))).findings
    assert (finding.title, mend in finding.remediation) == (title, True)


_MODELS = """\
from django.db import models


class Product(models.Model):
    price = models.DecimalField(max_digits=9, decimal_places=2)


class CartItem(models.Model):
    product = models.ForeignKey(Product, on_delete=models.CASCADE)
    user = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    quantity = models.{column}(default=1)

    def subtotal(self):
        return self.quantity * self.product.price
"""
_VIEWS = """\
import stripe
from django.contrib.auth.decorators import login_required
from django.shortcuts import get_object_or_404, redirect

from shop.models import CartItem, Product


@login_required
def add(request, pk):
    pieces = int(request.POST["num_products"])
    item = CartItem.objects.filter(user=request.user, product_id=pk).first()
    if item:
        item.quantity += pieces
        item.save()
    else:
        CartItem.objects.create(user=request.user, product=get_object_or_404(Product, pk=pk), quantity=pieces)
    return redirect("/cart/")


@login_required
def pay(request):
    total = sum(item.subtotal() for item in CartItem.objects.filter(user=request.user))
    intent = stripe.PaymentIntent.create(amount=int(total * 100), currency="eur", idempotency_key=request.POST["attempt"])
    return redirect(f"/pay/{intent.id}/")
"""


@pytest.mark.parametrize(
    ("column", "lowered"),
    [("IntegerField", True), ("PositiveIntegerField", False), ("PositiveSmallIntegerField", False), ("FloatField", True)],
)
def test_a_column_of_whole_numbers_that_takes_none_below_zero_is_a_bound(tmp_path: Path, column: str, lowered: bool) -> None:
    urls = (
        "from django.urls import path\nfrom shop import views\nurlpatterns = [path('add/<int:pk>/', views.add), path('pay/', views.pay)]\n"
    )
    shop = {"shop/__init__.py": "", "shop/models.py": _MODELS.format(column=column), "shop/views.py": _VIEWS, "shop/urls.py": urls}
    write(tmp_path, {"requirements.txt": "django\nstripe\n", **shop})
    report = review(tmp_path, Settings(use_cache=False, checks=("payment/client-amount",)))
    assert ["A negative quantity lowers what is paid" in f.title for f in report.findings] == [True] * lowered
    assert any("below zero" in e.note for o in report.obligations for e in o.evidence) is not lowered
