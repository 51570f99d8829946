"""A whole message that is kept by way of an object which its maker fills in: the field is what it was given, where somebody reads it."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_SHOP = """\
import json

import stripe
from django.conf import settings
from django.db import models
from django.http import HttpResponse
from django.urls import path


class Order(models.Model):
    number = models.CharField(max_length=20)
    status = models.CharField(max_length=20)


class WebhookLog(models.Model):
    provider = models.CharField(max_length=20)
    payload = models.JSONField(null=True)


class Recorder:
    def __init__(self, provider):
        self.provider = provider
        self.payload = None

    def record(self):
        WebhookLog.objects.create(provider=self.provider, payload=KEPT)


def hook(request):
    recorder = Recorder("stripe")
    recorder.payload = GIVEN
    recorder.record()
    event = stripe.Webhook.construct_event(request.body, request.headers["stripe-signature"], settings.STRIPE_SECRET)
    if event["type"] == "payment_intent.succeeded":
        order = Order.objects.get(number=event["data"]["object"]["metadata"]["order"])
        if order.status == "open":
            order.status = "paid"
            order.save()
    return HttpResponse()


urlpatterns = [path("hook/", hook)]
"""


@pytest.mark.parametrize(
    ("given", "kept", "found"),
    [
        ("json.loads(request.body)", "self.payload", True),
        ("request.body.decode()", "self.payload", True),
        ('{"id": json.loads(request.body)["id"]}', "self.payload", False),
        ("json.loads(request.body)", '{"id": self.payload["id"]}', False),
    ],
)
def test_what_its_maker_gives_an_object_is_kept_by_its_method(tmp_path: Path, given: str, kept: str, found: bool) -> None:
    files = {"manage.py": "", "requirements.txt": "django\nstripe\n", "shop/views.py": _SHOP.replace("GIVEN", given).replace("KEPT", kept)}
    rulings = [(ruling, line) for ruling, _, line in ruled(tmp_path, "pci/card-data-stored", files)]
    assert (("broken", 26) in rulings) is found
