"""A gateway whose class a setting names, with one that only stands for it where nobody sets it: what any of its kind does counts."""

from pathlib import Path

import pytest

from tests.checks.test_php_shops import broken

_SETTINGS = """\
from django.conf import settings

PAYMENT_GATEWAY = getattr(settings, "PAYMENT_GATEWAY", "shop.gateways.base.BaseGateway")
"""
_BASE = """\
class PaymentError(Exception):
    pass


class BaseGateway:
    def charge(self, request, amount):
        if request.POST.get("error"):
            raise PaymentError("asked for")
        return "nothing"
"""
_STRIPE = """\
import stripe
from .base import BaseGateway, PaymentError


class StripeGateway(BaseGateway):
    def charge(self, request, amount):
        ASKS
        return charge.id
"""
_VIEWS = """\
from django.http import JsonResponse
from django.utils import timezone
from django.utils.module_loading import import_string
from .conf import PAYMENT_GATEWAY
from .gateways.base import PaymentError
from .models import Order

GATEWAY = import_string(PAYMENT_GATEWAY)()


def pay(request):
    order = Order.objects.get(basket=request.session["basket"])
    try:
        order.transaction_id = GATEWAY.charge(request, order.total)
        order.paid = True
        order.paid_at = timezone.now()
    except PaymentError:
        order.status = "failed"
    order.save()
    return JsonResponse({"id": order.id})
"""
_MODELS = """\
from django.db import models


class Order(models.Model):
    basket = models.CharField(max_length=40)
    total = models.DecimalField(max_digits=9, decimal_places=2)
    transaction_id = models.CharField(max_length=80)
    paid = models.BooleanField(default=False)
    paid_at = models.DateTimeField(null=True)
    status = models.CharField(max_length=16)
"""
_URLS = "from django.urls import path\nfrom . import views\nurlpatterns = [path('pay/', views.pay)]\n"
_CHARGES = 'charge = stripe.Charge.create(amount=int(amount * 100), currency="eur", source=request.POST["token"])'
_PRETENDS = "charge = self"


@pytest.mark.parametrize(("asks", "found"), [(_CHARGES, []), (_PRETENDS, [("shop/views.py", 15)])])
def test_the_gateways_that_a_setting_may_name_are_asked(tmp_path: Path, asks: str, found: list[tuple[str, int]]) -> None:
    files = {
        "requirements.txt": "django\nstripe\n",
        "shop/__init__.py": "",
        "shop/conf.py": _SETTINGS,
        "shop/gateways/__init__.py": "",
        "shop/gateways/base.py": _BASE,
        "shop/gateways/stripe.py": _STRIPE.replace("ASKS", asks),
        "shop/models.py": _MODELS,
        "shop/urls.py": _URLS,
        "shop/views.py": _VIEWS,
    }
    assert broken(tmp_path, "payment/fulfil-on-redirect", files) == found
