"""What Python shops say in passing: that a quantity is stock, that a number multiplies a price, that a capture has come back, and which
part of an answer is all of it."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.contract import Finding
from tillproof.review import review
from tillproof.settings import Settings


def found(root: Path, files: dict[str, str], *checks: str) -> list[Finding]:
    write(root, {"requirements.txt": "django\nstripe\nrequests\n", "shop/__init__.py": "", **files})
    return review(root, Settings(checks=checks, use_cache=False)).findings


MODELS = """\
from django.db import models


class Product(models.Model):
    price = models.DecimalField(max_digits=9, decimal_places=2)
    quantity = models.PositiveIntegerField(default=0SAID)


class Order(models.Model):
    total = models.DecimalField(max_digits=9, decimal_places=2)
    status = models.CharField(max_length=20, default="pending")
    intent = models.CharField(max_length=80, unique=True)
    payload = models.JSONField(default=dict)
"""
URLS = "from django.urls import path\n\nfrom . import views\n\nurlpatterns = [path('go/', views.go)]\n"
PLACES = """\
from django.http import JsonResponse

from .models import Order, Product


def go(request):
    total = 0
    for line in request.POST.getlist("items"):
        product = Product.objects.get(pk=line)
        total += product.price
    order = Order.objects.create(total=total)
    return JsonResponse({"id": order.pk})
"""


@pytest.mark.parametrize(
    ("said", "unstocked"),
    [
        (', help_text="Available stock units"', 1),
        (")  # in stock\n    weight = models.FloatField(default=0", 1),
        ("", 0),
        (', help_text="per box"', 0),
    ],
)
def test_a_quantity_is_stock_where_its_declaration_says_so(tmp_path: Path, said: str, unstocked: int) -> None:
    files = {"shop/models.py": MODELS.replace("SAID", said), "shop/urls.py": URLS, "shop/views.py": PLACES}
    assert len(found(tmp_path, files, "inventory/oversell-race")) == unstocked


CHARGES = """\
import os

import requests
from django.http import JsonResponse

from .models import Order


def go(request):
    order = Order.objects.get(pk=request.POST["order"])
    total = round(float(order.total) * FACTOR, 2)
    requests.post(
        "https://api.yookassa.ru/v3/payments",
        auth=(os.environ["SHOP"], os.environ["KEY"]),
        json={"amount": {"value": f"{total:.2f}", "currency": "RUB"}, "capture": True},
        headers={"Idempotence-Key": str(order.pk)},
        timeout=10,
    )
    return JsonResponse({})
"""


@pytest.mark.parametrize(
    ("factor", "in_cents"),
    [
        ("settings.currency_multiplier", 1),
        ("settings.multiplier", 1),
        ("settings.device_rate_multiplier", 0),
        ("settings.region_factor", 0),
    ],
)
def test_a_multiplier_of_something_else_makes_no_cents(tmp_path: Path, factor: str, in_cents: int) -> None:
    code = CHARGES.replace("FACTOR", factor).replace("from .models import Order", "from . import settings\nfrom .models import Order")
    files = {"shop/models.py": MODELS.replace("SAID", ""), "shop/urls.py": URLS, "shop/views.py": code, "shop/settings.py": ""}
    told = found(tmp_path, files, "payment/amount-unit")
    assert len([f for f in told if "smallest unit" in f.title]) == in_cents


RETURNS = """\
import stripe
from django.shortcuts import redirect

from .models import Order


def go(request):
    order = Order.objects.get(pk=request.session["order"])
    ASK
    order.status = "paid"
    order.save()
    return redirect("/thanks")
"""


@pytest.mark.parametrize(
    ("ask", "for_nothing"),
    [
        ("stripe.PaymentIntent.retrieve(order.intent).capture()", 0),
        ("intent = stripe.PaymentIntent.retrieve(order.intent)\n    intent.capture()", 0),
        ("stripe.PaymentIntent.retrieve(order.intent)", 1),
        ("try:\n        stripe.PaymentIntent.capture(order.intent)\n    except stripe.StripeError:\n        pass", 1),
    ],
)
def test_a_capture_that_has_come_back_says_that_money_came(tmp_path: Path, ask: str, for_nothing: int) -> None:
    files = {"shop/models.py": MODELS.replace("SAID", ""), "shop/urls.py": URLS, "shop/views.py": RETURNS.replace("ASK", ask)}
    assert len(found(tmp_path, files, "payment/fulfil-on-redirect")) == for_nothing


KEEPS = """\
import os

import requests
from django.shortcuts import redirect

from .models import Order


def go(request):
    order = Order.objects.get(pk=request.session["order"])
    headers = {"Authorization": f"Bearer {os.environ['FLW_SECRET_KEY']}"}
    answer = requests.get("https://api.flutterwave.com/v3/transactions", headers=headers, params={"tx_ref": order.intent}, timeout=9).json()
    found = answer.get("data", [])
    order.payload = KEPT
    order.save()
    return redirect("/thanks")
"""


@pytest.mark.parametrize(
    ("kept", "whole"),
    [("found[0]", 1), ("found[0] if isinstance(found, list) else found", 1), ('{"id": found[0]["id"]}', 0), ('answer.get("status")', 0)],
)
def test_the_part_of_an_answer_that_holds_it_is_all_of_it(tmp_path: Path, kept: str, whole: int) -> None:
    files = {"shop/models.py": MODELS.replace("SAID", ""), "shop/urls.py": URLS, "shop/views.py": KEEPS.replace("KEPT", kept)}
    assert len(found(tmp_path, files, "pci/card-data-stored")) == whole
