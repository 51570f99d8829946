"""Whoever names a payment or subscription of the provider has it ended only where something asks whose it is."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_VIEWS = """\
import stripe
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path

from shop.models import Membership


@login_required
def stop(request, subscription_id):
    subscription = stripe.Subscription.retrieve(subscription_id)
    if subscription.status == "canceled":
        return HttpResponse("stopped before")
    GUARD
    stripe.Subscription.cancel(ID)
    return HttpResponse("stopped")


urlpatterns = [path("stop/<str:subscription_id>/", stop)]
"""
_MODELS = """\
from django.db import models


class Membership(models.Model):
    user = models.OneToOneField("auth.User", on_delete=models.CASCADE)
    subscription_id = models.CharField(max_length=40)
"""
_REFUSE = "\n        return HttpResponse(status=404)"
_COMPARED = "if subscription.customer != request.user.stripe_id:" + _REFUSE
_HELPER = "if not is_own(request.user, subscription_id):" + _REFUSE
_AMONG = "mine = next((m for m in memberships() if m.user == request.user), None)\n    if mine is None:" + _REFUSE
_LOOKED_UP = "get_object_or_404(Membership, subscription_id=subscription_id, user=request.user)"
_KEPT = "membership = Membership.objects.get(user=request.user)"


def _found(root: Path, views: str) -> list[tuple[str, str, int]]:
    files = {"manage.py": "", "requirements.txt": "django\nstripe\n", "shop/views.py": views, "shop/models.py": _MODELS}
    return [one for one in ruled(root, "order/unguarded-transition", files) if one[0] == "broken"]


@pytest.mark.parametrize(
    ("guard", "id_", "wrong"),
    [
        ("pass", "subscription_id", True),
        (_COMPARED, "subscription_id", False),
        (_HELPER, "subscription_id", False),
        (_AMONG, "subscription_id", False),
        (_LOOKED_UP, "subscription_id", False),
        (_KEPT, "membership.subscription_id", False),
    ],
)
def test_a_subscription_that_the_request_names_is_somebodys(tmp_path: Path, guard: str, id_: str, wrong: bool) -> None:
    views = _VIEWS.replace("GUARD", guard).replace("(ID)", f"({id_})")
    assert bool(_found(tmp_path, views)) == wrong


def test_staff_may_end_any(tmp_path: Path) -> None:
    views = _VIEWS.replace("GUARD", "pass").replace("(ID)", "(subscription_id)")
    views = views.replace("auth.decorators import login_required", "admin.views.decorators import staff_member_required as login_required")
    assert _found(tmp_path, views) == []
