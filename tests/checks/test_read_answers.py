"""A refusal that a helper raises which is handed the answer: what is told to repeat that exception repeats it."""

from pathlib import Path

import pytest

from tests.checks.test_examples import review_of
from tillproof.checks.pages import Example

CHECK = "resilience/retry-on-client-error"
CLIENT = """\
import requests


class CarrierError(Exception):
    def __init__(self, message, status_code=None):
        super().__init__(message)
        self.status_code = status_code


class Refused(Exception):
    pass


class Carrier:
    base = "https://api.parcels.example.io"

    def _read(self, response):
        READ
        raise CarrierError(response.text, status_code=response.status_code)

    def create_shipment(self, order):
        try:
            response = requests.post(f"{self.base}/v1/shipments", json={"order": order.number}, timeout=10)
            return self._read(response)
        except requests.exceptions.RequestException as error:
            raise CarrierError(str(error))
"""
TASKS = """\
from celery import shared_task

from client import Carrier, CarrierError
from models import Order


@shared_task(autoretry_for=(CarrierError,), retry_backoff=True, max_retries=3)
def ship(number):
    order = Order.objects.get(number=number, status="paid")
    order.parcel = Carrier().create_shipment(order)["parcel"]
    order.save(update_fields=["parcel"])
"""
MODELS = """\
from django.db import models


class Order(models.Model):
    number = models.CharField(max_length=20, unique=True)
    status = models.CharField(max_length=20, default="pending")
    parcel = models.CharField(max_length=40, blank=True)
"""
REFUSED = "if 400 <= response.status_code < 500:\n            raise Refused(response.text)"


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        ("if 200 <= response.status_code < 300:\n            return response.json()", "broken"),
        ("if response.ok:\n            return response.json()", "broken"),
        ("if response.status_code < 500:\n            return response.json()", "held"),
        (f"{REFUSED}\n        if response.ok:\n            return response.json()", "held"),
    ],
)
def test_what_a_reader_of_answers_raises(tmp_path: Path, read: str, expected: str) -> None:
    files = {
        "requirements.txt": "celery\ndjango\nrequests\n",
        "client.py": CLIENT.replace("READ", read),
        "tasks.py": TASKS,
        "models.py": MODELS,
    }
    report = review_of(Example(title="", files=files, expect=[]), tmp_path, CHECK)
    assert [o.ruling for o in report.obligations if o.check == CHECK] == [expected]
