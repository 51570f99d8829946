"""Views that save what is sent by what they inherit alone: which fields of an order may be sent, for what, and by whom."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

_CHECKS = ("payment/client-amount", "payment/fulfil-on-redirect")
_SETTINGS = 'REST_FRAMEWORK = {"DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"]}\n'
_MODELS = """\
from django.conf import settings
from django.db import models


class Order(models.Model):
    STATES = [("pending", "Pending"), ("paid", "Paid"), ("shipped", "Shipped")]
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    status = models.CharField(max_length=20, choices=STATES, default="pending")
    total_amount = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    address = models.TextField()
"""
_SERIALIZERS = """\
from rest_framework import serializers

from shop.models import Order


class ShortSerializer(serializers.ModelSerializer):
    class Meta:
        model = Order
        fields = ["id", "status", "total_amount"]


class OrderSerializer(serializers.ModelSerializer):
    class Meta:
        model = Order
        fields = ["id", "user", "status", "total_amount", "address"]
        read_only_fields = ["user"]
"""
_PERMISSIONS = """\
from rest_framework import permissions


class IsOrderOwnerOrAdmin(permissions.BasePermission):
    def has_object_permission(self, request, view, obj):
        return request.user.is_staff or obj.user == request.user
"""
_VIEWS = """\
from rest_framework import generics, permissions, viewsets

from shop.models import Order
from shop.permissions import IsOrderOwnerOrAdmin
from shop.serializers import OrderSerializer, ShortSerializer


class OrderViewSet(viewsets.ModelViewSet):
    permission_classes = [permissions.IsAuthenticated, IsOrderOwnerOrAdmin]
    serializer_class = OrderSerializer

    def get_queryset(self):
        return Order.objects.filter(user=self.request.user)
"""
_URLS = """\
from rest_framework.routers import DefaultRouter

from shop.views import OrderViewSet

router = DefaultRouter()
router.register("orders", OrderViewSet, basename="order")
urlpatterns = router.urls
"""
_GUARDED = "    permission_classes = [permissions.IsAuthenticated, IsOrderOwnerOrAdmin]\n"
_CHOOSES = "    serializer_class = OrderSerializer\n"
_SHOWN = ('["user"]', '["user", "status", "total_amount"]')
_LIST = '    def get_serializer_class(self):\n        if self.action == "list":\n            return {}\n        return {}\n'
_CHANGES = _LIST.replace('== "list"', 'in ("create", "update", "partial_update")')
_SAVES = "    def perform_{}(self, serializer):\n        serializer.save(user=self.request.user, status='pending', total_amount=5)\n\n"


def _found(root: Path, **changes: tuple[str, str]) -> set[tuple[str, int]]:
    """The checks that find something, and the lines of the serializers at which it stands."""
    files = {
        "manage.py": "",
        "requirements.txt": "django\ndjangorestframework\n",
        "config/settings.py": _SETTINGS,
        "shop/__init__.py": "",
        "shop/models.py": _MODELS,
        "shop/serializers.py": _SERIALIZERS,
        "shop/permissions.py": _PERMISSIONS,
        "shop/views.py": _VIEWS,
        "shop/urls.py": _URLS,
    }
    for name, (old, new) in changes.items():
        path = next(p for p in files if p.endswith(f"{name}.py"))
        assert old in files[path], old
        files[path] = files[path].replace(old, new)
    write(root, files)
    report = review(root, Settings(checks=_CHECKS, use_cache=False))
    assert all(f.file == "shop/serializers.py" and f.severity == "critical" for f in report.findings)
    return {(f.check, f.start_line) for f in report.findings}


_BOTH = {(check, 16) for check in _CHECKS}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"views": (_GUARDED, "")},
        {"views": (_CHOOSES, _LIST.format("ShortSerializer", "OrderSerializer"))},
        {"views": (_CHOOSES, _CHANGES.format("OrderSerializer", "ShortSerializer"))},
        {"views": ("viewsets.ModelViewSet", "generics.CreateAPIView")},
        {"views": ("viewsets.ModelViewSet", "generics.RetrieveUpdateAPIView")},
    ],
)
def test_what_customers_may_send_is_stored_as_it_is(tmp_path: Path, changes: dict[str, tuple[str, str]]) -> None:
    assert _found(tmp_path, **changes) == _BOTH


@pytest.mark.parametrize(
    "changes",
    [
        {"serializers": _SHOWN},
        {"views": (_GUARDED, "    permission_classes = [permissions.IsAdminUser]\n")},
        {"views": (_GUARDED, ""), "settings": ("IsAuthenticated", "IsAdminUser")},
        {"views": ("viewsets.ModelViewSet", "viewsets.ReadOnlyModelViewSet")},
        {"views": (_CHOOSES, _LIST.format("ShortSerializer", "OrderSerializer")), "serializers": _SHOWN},
        {"views": (_CHOOSES, _CHANGES.format("OrderSerializer", "ShortSerializer")), "serializers": _SHOWN},
        {"views": ("    def get_queryset", _SAVES.format("create") + _SAVES.format("update") + "    def get_queryset")},
        {"views": ("    def get_queryset", '    http_method_names = ["get", "head"]\n\n    def get_queryset')},
    ],
)
def test_what_is_only_shown_or_set_by_the_view_or_staffs_alone_is_no_finding(tmp_path: Path, changes: dict[str, tuple[str, str]]) -> None:
    assert _found(tmp_path, **changes) == set()


def test_a_state_that_cannot_say_paid_marks_nothing_as_paid(tmp_path: Path) -> None:
    found = _found(
        tmp_path, models=('[("pending", "Pending"), ("paid", "Paid"), ("shipped", "Shipped")]', '[("open", "Open"), ("held", "Held")]')
    )
    assert found == {("payment/client-amount", 16)}
