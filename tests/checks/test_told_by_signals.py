"""What a signal of a shop's own hands to those that hear it: each takes what it wants by its name."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_VIEWS = """\
import stripe
from django.conf import settings
from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt
from .models import Order
from .signals import order_placed


@csrf_exempt
def hook(request):
    event = stripe.Webhook.construct_event(request.body, request.headers["Stripe-Signature"], settings.STRIPE_WEBHOOK_SECRET)
    if event.type == "payment_intent.succeeded":
        order = ORDER
        order_placed.send(sender=Order, order=order, note="by hook")
    return HttpResponse()
"""
_SIGNALS = """\
from django.dispatch import Signal, receiver

order_placed = Signal()


@receiver(order_placed)
def finish(sender, order=None, **kwargs):
    order.status = "paid"
    order.save()
"""
_MODELS = """\
from django.db import models


class Order(models.Model):
    total = models.IntegerField()
    status = models.CharField(max_length=20, default="new")
"""
_URLS = "from django.urls import path\nfrom . import views\nurlpatterns = [path('stripe/webhook/', views.hook)]\n"


@pytest.mark.parametrize(
    ("order", "wrong"),
    [
        ("Order.objects.create(total=event.data.object.amount_received)", False),
        ("Order.objects.get(pk=event.data.object.metadata['order'])", True),
    ],
)
def test_a_receiver_is_handed_what_is_sent_under_its_name(tmp_path: Path, order: str, wrong: bool) -> None:
    files = {
        "requirements.txt": "django\nstripe\n",
        "manage.py": "",
        "shop/__init__.py": "",
        "shop/models.py": _MODELS,
        "shop/signals.py": _SIGNALS,
        "shop/urls.py": _URLS,
        "shop/views.py": _VIEWS.replace("ORDER", order),
    }
    assert [f.severity for f in found(tmp_path, files, "order/unguarded-transition")] == ["high"] * wrong
