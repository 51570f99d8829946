"""States that are kept as a letter or a number: the record's class, the column or an enumeration says what it means."""

from pathlib import Path

import pytest

from tests.commerce.small_models import model_of

MODELS = """\
from django.db import models
from django.utils.translation import gettext_lazy as _

STATES = (("O", _("open")), ("P", _("paid")))


class Payment(models.Model):
    VISA = "C"
    OPEN = "O"
    COMPLETED = "C"
    state = models.CharField(max_length=1, choices=((OPEN, _("open")), (COMPLETED, _("completed"))), default=OPEN)


class Order(models.Model):
    state = models.CharField(max_length=1, choices=STATES, default="O")


class Booking(models.Model):
    WAYS = ((1, _("by card")), (2, _("paid")))
    STATES = ((1, _("new")), (2, _("on its way")), (4, "Оплачен"))
    way = models.IntegerField(choices=WAYS, default=1)
    state = models.IntegerField(choices=STATES, default=1)
"""
KINDS = """\
import enum

COMPLETED = 3
CODES = {"open": 1, "paid": 2}
Made = enum.Enum("Made", "open paid shipped")


class Counted(enum.Enum):
    open = enum.auto()
    paid = enum.auto()


class Plain:
    open = 1
    paid = 2
    STATUS_PAID = 2
"""
HOOK = """\
import stripe
from django.conf import settings
from django.http import HttpResponse

from shop import kinds
from shop.models import Booking, Order, Payment


def hook(request):
    event = stripe.Webhook.construct_event(request.body, request.headers["Stripe-Signature"], settings.STRIPE_HOOK)
    if event["type"] == "checkout.session.completed":
        record = KIND.objects.get(pk=event["data"]["object"]["metadata"]["id"])
        GUARD
        record.state = STATE
        record.save()
    return HttpResponse(status=200)
"""
URLS = "from django.urls import path\n\nfrom shop.views import hook\n\nurlpatterns = [path('hook/', hook)]\n"


def changes(root: Path, kind: str, state: str, guard: str = "pass") -> list[tuple[tuple[str, ...], int]]:
    view = HOOK.replace("KIND", kind).replace("STATE", state).replace("GUARD", guard)
    model, _ = model_of(
        root, {"manage.py": "", "shop/models.py": MODELS, "shop/kinds.py": KINDS, "shop/views.py": view, "shop/urls.py": URLS}
    )
    (entry,) = model.entries
    return [(t.to, len(t.guards)) for t in model.transitions.of(entry.target)]


@pytest.mark.parametrize(
    ("kind", "state", "to"),
    [
        ("Payment", '"C"', "completed"),
        ("Payment", "Payment.COMPLETED", "COMPLETED"),
        ("Order", '"P"', "paid"),
        ("Booking", "4", "Оплачен"),
        ("Booking", "kinds.COMPLETED", "COMPLETED"),
        ("Booking", "kinds.Made.paid.value", "paid"),
        ("Booking", "kinds.Counted.paid.value", "paid"),
        ("Booking", "kinds.Plain.paid", "paid"),
        ("Booking", "kinds.Plain.STATUS_PAID", "PAID"),
        ("Booking", 'kinds.CODES["paid"]', "paid"),
    ],
)
def test_a_letter_means_what_the_class_says(tmp_path: Path, kind: str, state: str, to: str) -> None:
    assert changes(tmp_path, kind, state) == [((to,), 0)]


def test_a_number_means_what_the_choices_of_its_own_column_say(tmp_path: Path) -> None:
    assert changes(tmp_path, "Booking", "2") == [(("a number",), 0)]


def test_a_letter_that_nobody_explains_is_no_state(tmp_path: Path) -> None:
    assert changes(tmp_path, "Order", '"X"') == []


@pytest.mark.parametrize("asked", ['"C"', "Payment.COMPLETED"])
def test_the_letter_is_what_a_guard_compares(tmp_path: Path, asked: str) -> None:
    guard = f"if record.state == {asked}:\n            return HttpResponse(status=200)"
    assert changes(tmp_path, "Payment", "Payment.COMPLETED", guard) == [(("COMPLETED",), 1)]
