"""What is signed in a Django shop, and with which key: the parsed body spelt anew, and a secret that the settings let be empty."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_VIEWS = """\
import hashlib
import hmac
import json

from django.conf import settings
from django.db import models
from django.urls import path
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import AllowAny
from rest_framework.response import Response


class Order(models.Model):
    reference = models.CharField(max_length=20)
    status = models.CharField(max_length=20)


@api_view(["POST"])
@permission_classes([AllowAny])
def paystack_webhook(request):
    signed = SIGNED
    FIRST
    expected = hmac.new(settings.HOOK_SECRET.encode(), signed, hashlib.sha512).hexdigest()
    if not hmac.compare_digest(expected, request.headers.get("X-Paystack-Signature", "")):
        return Response(status=401)
    if request.data["event"] == "charge.success":
        order = Order.objects.get(reference=request.data["data"]["reference"])
        if order.status == "pending":
            order.status = "paid"
            order.save()
    return Response()


urlpatterns = [path("webhooks/paystack/", paystack_webhook)]
"""
_REQUIRED = {"config/settings.py": 'import os\n\nHOOK_SECRET = os.environ["HOOK_SECRET"]\n'}
_EMPTY = 'import os\n\nHOOK_SECRET = os.environ.get("HOOK_SECRET", "")\n'


def _rulings(root: Path, settings: dict[str, str], signed: str = "request.body", first: str = "pass") -> list[tuple[str, int]]:
    views = _VIEWS.replace("SIGNED", signed).replace("FIRST", first)
    files = {"manage.py": "", "requirements.txt": "django\ndjangorestframework\n", "shop/views.py": views, **settings}
    return [(ruling, line) for ruling, _, line in ruled(root, "payment/webhook-weak-verification", files)]


@pytest.mark.parametrize(
    ("signed", "expected"),
    [
        ("request.body", ("held", 20)),
        ("json.dumps(request.data).encode()", ("broken", 21)),
        ('json.dumps(request.data, separators=(",", ":"), ensure_ascii=False).encode()', ("broken", 21)),
        ('json.dumps(request.data, sort_keys=True, separators=(",", ":")).encode()', ("held", 20)),
    ],
)
def test_the_spelling_of_another_is_imitated_in_vain(tmp_path: Path, signed: str, expected: tuple[str, int]) -> None:
    assert _rulings(tmp_path, _REQUIRED, signed) == [expected]


@pytest.mark.parametrize(
    ("settings", "first", "expected"),
    [
        ({"config/settings.py": _EMPTY}, "pass", ("broken", 23)),
        (
            {"config/settings.py": 'from decouple import config\n\nHOOK_SECRET = config("HOOK_SECRET", default="")\n'},
            "pass",
            ("broken", 23),
        ),
        (_REQUIRED, "pass", ("held", 20)),
        ({"config/settings/base.py": _EMPTY, "config/settings/live.py": _REQUIRED["config/settings.py"]}, "pass", ("held", 20)),
        ({"config/settings.py": f"{_EMPTY}if not HOOK_SECRET:\n    raise RuntimeError\n"}, "pass", ("held", 20)),
        ({"config/settings.py": _EMPTY}, "if not settings.HOOK_SECRET: return Response(status=500)", ("held", 20)),
    ],
)
def test_a_secret_that_the_settings_let_be_empty(tmp_path: Path, settings: dict[str, str], first: str, expected: tuple[str, int]) -> None:
    assert _rulings(tmp_path, settings, first=first) == [expected]
