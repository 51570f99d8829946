"""What the class of a row makes is known where the row is fetched, or a relation leads to it."""

from pathlib import Path
from textwrap import dedent

import pytest

from tests.commerce.small_models import model_of
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Operation

MODELS = """
from django.db import models
from mercadopago import MP


class Service(MP):
    def __init__(self, account):
        super().__init__(account.app_id)


class Account(models.Model):
    app_id = models.CharField(max_length=40)

    @property
    def service(self):
        return Service(self)

    def client(self):
        return Service(self)

    @property
    def shown(self):
        return f"account {self.app_id}"


class Notification(models.Model):
    owner = models.ForeignKey({to}, on_delete=models.CASCADE)

    def process(self):
        return self.owner.service.get_payment_info(self.resource_id)


def one(pk):
    account = Account.objects.get(pk=pk)
    account.service.get_payment_info(1)
    account.client().get_payment_info(2)
    account.shown.get_payment_info(3)
    Notification.objects.get(pk=pk).owner.service.get_payment_info(4)
"""


@pytest.mark.parametrize("to", ["Account", '"Account"', '"shop.Account"'])
def test_a_service_that_a_row_makes_is_asked(to: str, tmp_path: Path) -> None:
    files = {"requirements.txt": "django\nmercadopago\n", "shop/__init__.py": "", "shop/models.py": dedent(MODELS.replace("{to}", to))}
    model, _ = model_of(tmp_path, files)
    asked = []
    for fn in model.program.all_functions("shop/models.py"):
        body = model.program.body(fn)
        calls = (i for i, op in enumerate(body.op) if op == Op.CALL and body.called(i) == "get_payment_info")
        asked += [model.recogniser.operation(fn, i) for i in calls]
    told = [known.thing.op for known in asked if known is not None and isinstance(known.thing, Operation)]
    assert told == ["payment.retrieve"] * 4  # and not what is asked of a text
