"""What Django's and REST framework's views do by themselves: the records that they are about, and those that they fill as sent."""

from pathlib import Path

import pytest

from tillproof.contract import Finding
from tillproof.review import review
from tillproof.settings import Settings

MODELS = """\
from django.db import models


class Order(models.Model):
    STATES = [("pending", "Pending"), ("confirmed", "Confirmed"), ("shipped", "Shipped")]
    buyer = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    status = models.CharField(max_length=20, choices=STATES, default="pending")
    total_amount = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    notes = models.TextField(blank=True)
"""
SERIALIZERS = """\
from rest_framework import serializers

from models import Order


class OrderSerializer(serializers.ModelSerializer):
    class Meta:
        model = Order
        fields = FIELDS
"""
VIEWS = """\
from rest_framework import permissions, viewsets
from rest_framework.decorators import action
from rest_framework.response import Response

from models import Order
from serializers import OrderSerializer


class OrderViewSet(viewsets.ModelViewSet):
    serializer_class = OrderSerializer
    permission_classes = [permissions.WHO]
    ROWS

    @action(detail=True, methods=["patch"])
    def update_status(self, request, pk=None):
        order = self.get_object()
        wanted = request.data.get("status")
        GUARD
        order.status = wanted
        order.save()
        return Response({})
"""
URLS = """\
from django.urls import include, path
from rest_framework.routers import DefaultRouter

import views

router = DefaultRouter()
router.register("orders", views.OrderViewSet, basename="order")
urlpatterns = [path("api/", include(router.urls))]
"""
OWN = "def get_queryset(self):\n        return Order.objects.filter(buyer=self.request.user).select_related('buyer')"


def found(root: Path, files: dict[str, str], check: str) -> list[Finding]:
    for name, text in {**files, "requirements.txt": "django\ndjangorestframework\n"}.items():
        (root / name).write_text(text, encoding="utf-8")
    return review(root, Settings(checks=(check,), use_cache=False)).findings


@pytest.mark.parametrize(
    ("fields", "who", "rows", "open_"),
    [
        ('["status", "total_amount", "notes"]', "IsAuthenticated", OWN, 1),
        ('"__all__"', "AllowAny", OWN, 1),
        ('["status", "total_amount", "notes"]\n        read_only_fields = ["total_amount"]', "IsAuthenticated", OWN, 0),
        ('"__all__"\n        extra_kwargs = {"total_amount": {"read_only": True}}', "IsAuthenticated", OWN, 0),
        ('["notes"]', "IsAuthenticated", OWN, 0),
        ('["status", "total_amount", "notes"]', "IsAdminUser", OWN, 0),
        ('["status", "total_amount", "notes"]', "IsAuthenticated", OWN + '\n    http_method_names = ["get", "delete"]', 0),
    ],
)
def test_a_viewset_stores_what_its_serializer_leaves_open(tmp_path: Path, fields: str, who: str, rows: str, open_: int) -> None:
    views = VIEWS.replace("WHO", who).replace("ROWS", rows).replace("GUARD", "pass")
    files = {"models.py": MODELS, "serializers.py": SERIALIZERS.replace("FIELDS", fields), "views.py": views, "urls.py": URLS}
    findings = found(tmp_path, files, "payment/client-amount")
    assert [f.file for f in findings] == ["serializers.py"] * open_


@pytest.mark.parametrize("rows", [OWN, "queryset = Order.objects.all()", "queryset = Order.objects.select_related('buyer').order_by('id')"])
@pytest.mark.parametrize(
    ("guard", "unguarded"), [("pass", 1), ("if order.status != 'pending':\n            return Response(status=409)", 0)]
)
def test_what_a_view_gives_is_of_the_kind_that_it_names(tmp_path: Path, rows: str, guard: str, unguarded: int) -> None:
    views = VIEWS.replace("WHO", "IsAuthenticated").replace("ROWS", rows).replace("GUARD", guard)
    files = {"models.py": MODELS, "serializers.py": SERIALIZERS.replace("FIELDS", '["notes"]'), "views.py": views, "urls.py": URLS}
    assert len([f for f in found(tmp_path, files, "order/unguarded-transition") if "whatever state" in f.title]) == unguarded


LOGGING = """\
import logging

from django.http import HttpResponse
from django.urls import path

logger = logging.getLogger("requests")


class RequestLogMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        WRITES
        return self.get_response(request)


def pay(request):
    number, code = request.POST["card_number"], request.POST["cvv"]
    return HttpResponse(number and code)


urlpatterns = [path("pay/", pay)]
"""


@pytest.mark.parametrize(
    ("writes", "leaks"),
    [
        ('logger.info("%s %s", request.path, request.POST.dict())', 1),
        ('body = request.body.decode("utf-8")\n        logger.debug(f"{request.path} {body}")', 1),
        ('logger.info("%s %s", request.method, request.path)', 0),
    ],
)
def test_who_logs_every_request_logs_the_cards_in_them(tmp_path: Path, writes: str, leaks: int) -> None:
    assert len(found(tmp_path, {"shop.py": LOGGING.replace("WRITES", writes)}, "pci/card-data-logged")) == leaks
