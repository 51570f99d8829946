"""A word that a provider's events have, in a page's address: the browser was sent there, and no system tells of anything."""

from pathlib import Path

import pytest

from tests.commerce.small_models import model_of

_VIEWS = """\
import razorpay
from django.conf import settings
from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt

client = razorpay.Client(auth=(settings.KEY, settings.SECRET))


def begin(request):
    return HttpResponse(client.order.create({"amount": 500, "currency": "INR"})["id"])


@csrf_exempt
def refused(request):
    if request.READ.get("code") == "PAYMENT_CANCELLED":
        return HttpResponse("You cancelled the payment.")
    return HttpResponse("Please try again.")


def thanks(request):
    return HttpResponse("Thank you.")
"""
_URLS = "from django.urls import path\nfrom . import views\nurlpatterns = [path('begin/', views.begin), path('WHERE', views.CALLED)]\n"


def _handlers(root: Path, read: str, where: str, called: str) -> list[str]:
    files = {"requirements.txt": "django\nrazorpay\n", "manage.py": "", "shop/__init__.py": ""}
    files["shop/urls.py"] = _URLS.replace("WHERE", where).replace("CALLED", called)
    model, _ = model_of(root, files | {"shop/views.py": _VIEWS.replace("READ", read)})
    return [handler.kind for handler in model.handlers.all]


@pytest.mark.parametrize(("read", "told"), [("GET", []), ("POST", ["webhook"])])
def test_a_word_in_an_address_is_no_message(tmp_path: Path, read: str, told: list[str]) -> None:
    assert _handlers(tmp_path, read, "refused/", "refused") == told


@pytest.mark.parametrize(("where", "back"), [("shop/contact/thanks/", []), ("shop/checkout/thanks/", ["redirect-return"])])
def test_thanks_for_a_message_are_no_way_back_from_paying(tmp_path: Path, where: str, back: list[str]) -> None:
    assert _handlers(tmp_path, "GET", where, "thanks") == back
