"""What a platform makes only once guards all that follows it: django-oscar refuses a second order of one number."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_VIEWS = """\
import stripe
from django.conf import settings
from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt
from oscar.apps.checkout.mixins import OrderPlacementMixin
from oscar.core.loading import get_model

Basket = get_model("basket", "Basket")
Wallet = get_model("customer", "Wallet")


class Placing(OrderPlacementMixin):
    def finish(self, basket):
        ORDER
        Wallet.objects.get(user=order.user).credit(5)
        return order


@csrf_exempt
def hook(request):
    event = stripe.Webhook.construct_event(request.body, request.headers["Stripe-Signature"], settings.STRIPE_WEBHOOK_SECRET)
    if event.type == "payment_intent.succeeded":
        Placing().finish(Basket.objects.get(pk=event.data.object.metadata["basket"]))
    return HttpResponse()
"""
_MODELS = """\
from django.db import models


class Wallet(models.Model):
    user = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    balance = models.IntegerField(default=0)

    def credit(self, sum):
        self.balance = models.F("balance") + sum
        self.save()
"""
_URLS = "from django.urls import path\nfrom . import views\nurlpatterns = [path('stripe/webhook/', views.hook)]\n"


@pytest.mark.parametrize(
    ("order", "wrong"),
    [
        ("order = self.place_order(order_number=basket.order_number, user=basket.owner, basket=basket)", False),
        ("order = basket.order_set.first()", True),
    ],
)
def test_an_order_of_one_number_is_placed_once(tmp_path: Path, order: str, wrong: bool) -> None:
    files = {
        "requirements.txt": "django-oscar\nstripe\n",
        "manage.py": "",
        "shop/views.py": _VIEWS.replace("ORDER", order),
        "shop/models.py": _MODELS,
        "shop/urls.py": _URLS,
    }
    assert bool(found(tmp_path, files, "idempotency/handler-not-idempotent")) is wrong
