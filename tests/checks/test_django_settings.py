"""Addresses that stand in Django's settings: whose a request is that goes to one of them is known where it is written."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_VIEWS = """\
import requests
from django.conf import settings
from django.db import models
from django.http import JsonResponse
from django.urls import path


class Order(models.Model):
    total = models.DecimalField(max_digits=10, decimal_places=2)
    email = models.EmailField()


def pay(request, pk):
    order = Order.objects.get(pk=pk)
    response = requests.post(
        f"{settings.GATEWAY_URL}/transaction/initialize",
        json={"amount": AMOUNT, "email": order.email, "reference": str(order.pk)},
        headers={"Authorization": f"Bearer {settings.GATEWAY_KEY}"},
        timeout=10,
    )
    return JsonResponse(response.json())


urlpatterns = [path("pay/<int:pk>/", pay)]
"""
_OURS, _HIS = "int(order.total * 100)", 'int(request.POST["amount"])'


@pytest.mark.parametrize(
    ("path", "setting"),
    [
        ("config/settings.py", 'GATEWAY_URL = "https://api.paystack.co"'),
        ("config/settings/base.py", 'import os\nGATEWAY_URL = os.environ.get("GATEWAY_URL", "https://api.paystack.co")'),
        ("shop/settings.py", 'from decouple import config\nGATEWAY_URL = config("GATEWAY_URL", default="https://api.paystack.co")'),
        ("config/settings/prod.py", 'import environ\nenv = environ.Env()\nGATEWAY_URL = env.str("GATEWAY_URL", "https://api.paystack.co")'),
    ],
)
@pytest.mark.parametrize(("amount", "ruling"), [(_OURS, "held"), (_HIS, "broken")])
def test_an_address_of_the_settings_says_who_is_asked(tmp_path: Path, path: str, setting: str, amount: str, ruling: str) -> None:
    files = {"manage.py": "", "shop/views.py": _VIEWS.replace("AMOUNT", amount), path: f"{setting}\n"}
    assert [r for r, _, _ in ruled(tmp_path, "payment/client-amount", files)] == [ruling]


@pytest.mark.parametrize("setting", ['GATEWAY_URL = "https://api.mine.example"', 'import os\nGATEWAY_URL = os.environ["GATEWAY_URL"]'])
def test_an_address_of_nobody_or_nowhere_says_nothing(tmp_path: Path, setting: str) -> None:
    files = {"manage.py": "", "shop/views.py": _VIEWS.replace("AMOUNT", _OURS), "config/settings.py": f"{setting}\n"}
    assert ruled(tmp_path, "idempotency/missing-key", files) == []


_TASK = """\
import stripe
from celery import shared_task


@shared_task(BIND
    max_retries=3,
    WAIT
)
def capture(SELFintent):
    try:
        stripe.PaymentIntent.capture(intent, idempotency_key=intent)
    except stripe.error.APIConnectionError as e:
        raise RETRY
"""


@pytest.mark.parametrize(
    ("bound", "wait", "retry", "line"),
    [
        (True, "default_retry_delay=5,", "self.retry(exc=e)", 5),
        (False, "default_retry_delay=5,", "capture.retry(exc=e)", 5),
        (False, "", "capture.retry(exc=e, countdown=5)", 13),
        (False, "default_retry_delay=5,", "e", 0),
        (True, "autoretry_for=(Exception,), retry_backoff=True,", "e", 0),
    ],
)
def test_a_task_that_asks_for_one_more_try_by_its_own_name(tmp_path: Path, bound: bool, wait: str, retry: str, line: int) -> None:
    task = _TASK.replace("BIND", "bind=True," if bound else "").replace("SELF", "self, " if bound else "")
    found = ruled(tmp_path, "resilience/retry-without-backoff", {"tasks.py": task.replace("WAIT", wait).replace("RETRY", retry)})
    assert [at for ruling, _, at in found if ruling == "broken"] == ([line] if line else [])


_SYNC = """\
import requests
from django.db import models


class Product(models.Model):
    sku = models.CharField(max_length=20)
    stock = models.IntegerField()


def stock_sync():
    for row in requests.get("https://api.erp-of-ours.com/v1/stock", timeout=10).json():
        product = Product.objects.get(sku=row["sku"])
        product.stock = row["stock"]
        product.save()


def OTHER():
    return None
"""


@pytest.mark.parametrize(("other", "rulings"), [("stock_async", []), ("stock_of_one", ["broken"])])
def test_what_is_called_synchronous_beside_another_that_is_not_says_nothing_of_a_sync(
    tmp_path: Path, other: str, rulings: list[str]
) -> None:
    files = {"manage.py": "", "shop/services.py": _SYNC.replace("OTHER", other)}
    assert [r for r, _, _ in ruled(tmp_path, "inventory/sync-drops-failures", files)] == rulings
