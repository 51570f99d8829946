"""A base class or mixin works with what the class derived from it holds: of several that could stand there, the one that does."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

_FILES = {
    "requirements.txt": "django\nstripe\n",
    "shop/__init__.py": "",
    "shop/models.py": """\
from django.db import models


class Basket(models.Model):
    payment_intent = models.CharField(max_length=80, unique=True)
    number = models.CharField(max_length=20, unique=True)


class Order(models.Model):
    number = models.CharField(max_length=20, unique=True)
    status = models.CharField(max_length=20, default="new")


class Invoice(models.Model):
    number = models.CharField(max_length=20)
""",
    "shop/processors.py": """\
import stripe

from shop.models import Invoice


class Processor:
    def settle(self, basket):
        raise NotImplementedError


class StripeProcessor(Processor):
    def settle(self, basket):
        intent = stripe.PaymentIntent.retrieve(basket.payment_intent)
        if intent.status != "succeeded":
            raise ValueError("not paid")


class InvoicingProcessor(Processor):
    def settle(self, basket):
        intent = stripe.PaymentIntent.retrieve(basket.payment_intent)
        if intent.status != "succeeded":
            raise ValueError("not paid")
        Invoice.objects.create(number=basket.number)
""",
    "shop/urls.py": """\
from django.urls import path

from shop.views import StripeReturnView

urlpatterns = [path("stripe/return/", StripeReturnView.as_view())]
""",
}
_VIEW = """\
from django.http import JsonResponse
from django.utils.functional import cached_property
from django.views import View

from shop.models import Basket, Order
from shop.processors import {processor}


class Placing:
    processor = None
    processor_class = None

    def processor_for(self, basket):
        return None

    def take_payment(self, basket):
        {call}


class StripeReturnView(Placing, View):
    {held}

    def get(self, request):
        basket = Basket.objects.get(payment_intent=request.GET["payment_intent"])
        self.take_payment(basket)
        Order.objects.filter(number=basket.number, status="new").update(status="paid")
        return JsonResponse({{"ok": True}})
"""
_PROPERTY = "@property\n    def processor(self):\n        return {processor}()"
_FORMS = [
    pytest.param("self.processor.settle(basket)", _PROPERTY, id="a property"),
    pytest.param("self.processor.settle(basket)", _PROPERTY.replace("property", "cached_property", 1), id="a cached property"),
    pytest.param("self.processor.settle(basket)", "processor = {processor}()", id="a field of the class"),
    pytest.param("self.processor_class().settle(basket)", "processor_class = {processor}", id="a class"),
    pytest.param(
        "self.processor_for(basket).settle(basket)", "def processor_for(self, basket):\n        return {processor}()", id="a method"
    ),
    pytest.param("processor = self.processor\n        processor.settle(basket)", _PROPERTY, id="by way of a variable"),
]


@pytest.mark.parametrize(("call", "held"), _FORMS)
@pytest.mark.parametrize(("processor", "twice"), [("StripeProcessor", False), ("InvoicingProcessor", True)])
def test_a_mixin_works_with_what_the_class_holds(tmp_path: Path, call: str, held: str, processor: str, twice: bool) -> None:
    view = _VIEW.format(processor=processor, call=call, held=held.format(processor=processor))
    write(tmp_path, {**_FILES, "shop/views.py": view})
    report = review(tmp_path, Settings(checks=("idempotency/handler-not-idempotent",), use_cache=False))
    assert [f.start_line for f in report.findings if "another invoice" in f.message] != [] if twice else report.findings == []
