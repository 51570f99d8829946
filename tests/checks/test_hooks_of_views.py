"""A method by which a shop takes the money is called by the platform's own page of payment, and by no other page that merely has it."""

from pathlib import Path

import pytest

from tests.commerce.small_models import model_of

_VIEWS = """\
from django.http import HttpResponse
from django.views import View
from oscar.apps.checkout.mixins import OrderPlacementMixin
from oscar.apps.checkout.views import PaymentDetailsView


class Placing(OrderPlacementMixin):
    def handle_payment(self, order_number, total, **kwargs):
        self.add_payment_source(kwargs["source"])


class Page(Placing, BASE):
    def get(self, request):
        return HttpResponse("free of charge")
"""
_URLS = "from django.urls import path\nfrom . import views\nurlpatterns = [path('gift/', views.Page.as_view())]\n"


@pytest.mark.parametrize(("base", "called"), [("View", False), ("PaymentDetailsView", True)])
def test_the_money_is_taken_behind_the_page_of_payment_alone(tmp_path: Path, base: str, called: bool) -> None:
    files = {
        "requirements.txt": "django-oscar\n",
        "manage.py": "",
        "shop/__init__.py": "",
        "shop/urls.py": _URLS,
        "shop/views.py": _VIEWS.replace("BASE", base),
    }
    model, _ = model_of(tmp_path, files)
    names = {model.program.name(entry.target.fn) for entry in model.entries}
    assert ("handle_payment" in names) == called
    assert "get" in names
