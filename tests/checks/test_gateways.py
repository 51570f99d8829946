"""One route that hands its request to the class of the payment provider in question: each class's method is a way in of its own."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled
from tests.commerce.small_models import model_of

_URLS = """\
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from pay.core import provider_for
from pay.models import Payment


@csrf_exempt
def process(request, token):
    payment = Payment.objects.get(token=token)
    provider = provider_for(payment.variant)
    return provider.process_data(payment, request)


urlpatterns = [path("process/<uuid:token>/", process)]
"""
_CORE = """\
from django.utils.module_loading import import_string
from django.conf import settings


class BasicProvider:
    def process_data(self, payment, request):
        raise NotImplementedError


def provider_for(variant):
    return import_string(settings.PROVIDERS[variant])()
"""
_MODELS = """\
from django.db import models


class Payment(models.Model):
    token = models.UUIDField()
    variant = models.CharField(max_length=20)
    status = models.CharField(max_length=20)
"""
_STRIPE = """\
import stripe
from django.conf import settings
from django.http import JsonResponse

from pay.core import BasicProvider


class StripeProvider(BasicProvider):
    def process_data(self, payment, request):
        event = stripe.Webhook.construct_event(request.body, request.headers["Stripe-Signature"], settings.STRIPE_SECRET)
        session = event["data"]["object"]
        if event["type"] == "checkout.session.expired":
            if payment.status GUARD:
                payment.status = "rejected"
                payment.save()
        elif event["type"] == "checkout.session.completed":
            payment.status = "confirmed"
            payment.save()
        return JsonResponse({})
"""
_MERCADOPAGO = """\
from django.conf import settings
from django.http import HttpResponse
from mercadopago import SDK

from pay.core import BasicProvider


class MercadoPagoProvider(BasicProvider):
    def process_data(self, payment, request):
        answer = SDK(settings.MERCADOPAGO_TOKEN).payment().get(request.GET["collection_id"])
        if answer["response"]["status"] == "approved":
            payment.status = "confirmed"
            payment.save()
        return HttpResponse()
"""


def files(guard: str) -> dict[str, str]:
    return {
        "manage.py": "",
        "requirements.txt": "Django\nstripe\nmercadopago\n",
        "pay/urls.py": _URLS,
        "pay/core.py": _CORE,
        "pay/models.py": _MODELS,
        "pay/stripe/provider.py": _STRIPE.replace("GUARD", guard),
        "pay/mercadopago/provider.py": _MERCADOPAGO,
    }


def test_each_providers_class_is_a_handler_of_its_own(tmp_path: Path) -> None:
    model, _ = model_of(tmp_path, files('== "waiting"'))
    found = {h.entry.target.fn.file: (h.provider.id, h.kind) for h in model.handlers.all if h.entry.style == "gateway"}
    assert found == {
        "pay/stripe/provider.py": ("stripe", "webhook"),
        "pay/mercadopago/provider.py": ("mercadopago", "redirect-return"),
    }


def test_the_payment_that_the_browser_names_is_compared_with_this_one(tmp_path: Path) -> None:
    found = ruled(tmp_path, "payment/amount-not-reconciled", files('== "waiting"'))
    assert ("broken", "pay/mercadopago/provider.py", 12) in found


@pytest.mark.parametrize(("guard", "ruling"), [('== "waiting"', "held"), ('!= "cancelled"', "broken")])
def test_a_guard_that_lets_what_is_paid_through_guards_nothing(tmp_path: Path, guard: str, ruling: str) -> None:
    found = ruled(tmp_path, "order/event-order-assumed", files(guard))
    assert {r for r, file, _ in found if "stripe" in file} == {ruling}


def test_another_family_with_a_method_of_that_name_lies_behind_no_route(tmp_path: Path) -> None:
    project = files('== "waiting"')
    project["pay/urls.py"] = _URLS.replace("pay.core import provider_for", "pay.plain import Plain").replace(
        "provider_for(payment.variant)", "Plain()"
    )
    project["pay/plain.py"] = "class Plain:\n    def process_data(self, payment, request):\n        return None\n"
    model, _ = model_of(tmp_path, project)
    assert not [h for h in model.handlers.all if h.entry.style == "gateway"]


_LOCKED = _URLS.replace("@csrf_exempt", "@csrf_exempt\n@atomic").replace(
    "from django.urls", "from django.db.transaction import atomic\nfrom django.urls"
)


@pytest.mark.parametrize(
    ("urls", "ruling"),
    [
        (_URLS, "broken"),
        (_LOCKED, "broken"),
        (_LOCKED.replace("objects.get(", "objects.select_for_update().get("), "held"),
    ],
)
def test_the_route_that_chooses_the_provider_may_hold_the_lock(tmp_path: Path, urls: str, ruling: str) -> None:
    project = files('!= "confirmed"') | {"pay/urls.py": urls}
    found = ruled(tmp_path, "idempotency/dedup-race", project)
    assert {r for r, file, _ in found if "stripe" in file} == {ruling}


_ASKED = """\
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from pay.core import providers
from pay.models import Payment


@csrf_exempt
def process(request, token):
    payment = Payment.objects.get(token=token)
    for provider in providers():
        if not provider.feels_responsible(request):
            continue
        return provider.process_data(payment, request)


urlpatterns = [path("process/<uuid:token>/", process)]
"""


def test_a_class_that_is_asked_whether_it_is_meant_is_not_yet_called(tmp_path: Path) -> None:
    project = files('== "waiting"') | {"pay/urls.py": _ASKED}
    project["pay/core.py"] = _CORE.replace(
        "\n\ndef provider_for(variant):\n    return import_string(settings.PROVIDERS[variant])()\n",
        "\n    def feels_responsible(self, request):\n        raise NotImplementedError\n"
        "\n\ndef providers() -> list[BasicProvider]:\n    return [import_string(name)() for name in settings.PROVIDERS]\n",
    )
    for file, header in (("pay/stripe/provider.py", "Stripe-Signature"), ("pay/mercadopago/provider.py", "X-Signature")):
        project[file] += f'\n    def feels_responsible(self, request):\n        return "{header}" in request.headers\n'
    model, _ = model_of(tmp_path, project)
    found = {(h.entry.target.fn.file, model.program.name(h.entry.target.fn)) for h in model.handlers.all if h.entry.style == "gateway"}
    assert found == {("pay/stripe/provider.py", "process_data"), ("pay/mercadopago/provider.py", "process_data")}
