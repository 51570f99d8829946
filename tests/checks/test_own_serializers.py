"""Serializers of the Django REST framework that do the work themselves: which of them a view's handler works with, and what its own methods
do."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

_FILES = {
    "requirements.txt": "django\ndjangorestframework\n",
    "shop/__init__.py": "",
    "shop/models.py": """\
from django.db import models


class Order(models.Model):
    user = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    status = models.CharField(max_length=20, default="new")
""",
    "shop/serializers.py": """\
from rest_framework import serializers

from shop.models import Order


class NoteSerializer(serializers.Serializer):
    note = serializers.CharField()

    def save(self):
        return self.validated_data["note"]


class SendSerializer(serializers.Serializer):
    number = serializers.CharField()

    def save(self):
        order = self.context.get("order")
        order.status = "shipped"
        order.save()
        return order


class CarefulSerializer(serializers.Serializer):
    number = serializers.CharField()

    def save(self):
        order = self.context["order"]
        if order.status != "paid":
            raise serializers.ValidationError("not paid")
        order.status = "shipped"
        order.save()
        return order
""",
    "shop/urls.py": """\
from django.urls import include, path
from rest_framework.routers import DefaultRouter

from shop.views import OrderViews

router = DefaultRouter()
router.register("orders", OrderViews)
urlpatterns = [path("", include(router.urls))]
""",
}
_VIEW = """\
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.permissions import IsAdminUser
from rest_framework.response import Response

from shop.models import Order
from shop.serializers import CarefulSerializer, NoteSerializer, SendSerializer


class OrderViews(viewsets.GenericViewSet):
    permission_classes = [IsAdminUser]
    queryset = Order.objects.all()
    {named}

    @action(detail=True, methods=["post"]{decorated})
    def {action}(self, request, pk=None):
        order = self.get_object()
        serializer = self.get_serializer(data=request.data, context={{"order": order}})
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response({{}})
"""
_BY_BRANCH = """def get_serializer_class(self):
        if self.action == "send":
            return {sends}
        elif self.action in ("note", "remark"):
            return NoteSerializer
        return NoteSerializer"""
_BY_TABLE = """def get_serializer_class(self):
        return {{"send": {sends}, "note": NoteSerializer}}.get(self.action, NoteSerializer)"""
_BY_FIELD = """serializer_classes = {{"send": {sends}, "note": NoteSerializer}}

    def get_serializer_class(self):
        return self.serializer_classes[self.action]"""
_BY_CHOICE = """def get_serializer_class(self):
        return {sends} if self.action == "send" else NoteSerializer"""
_FORMS = [
    pytest.param("serializer_class = {sends}", "", id="a field"),
    pytest.param("serializer_class = NoteSerializer", ", serializer_class={sends}", id="the decorator"),
    pytest.param(_BY_BRANCH, "", id="a branch"),
    pytest.param(_BY_TABLE, "", id="a table"),
    pytest.param(_BY_FIELD, "", id="a table in a field"),
    pytest.param(_BY_CHOICE, "", id="a choice"),
]


def changed(root: Path, named: str, decorated: str, sends: str, action: str = "send") -> list[str]:
    """The titles of what is found where the action sends by a serializer."""
    view = _VIEW.format(named=named.format(sends=sends), decorated=decorated.format(sends=sends), action=action)
    write(root, {**_FILES, "shop/views.py": view})
    report = review(root, Settings(checks=("order/unguarded-transition",), use_cache=False))
    return [f.file for f in report.findings]


@pytest.mark.parametrize(("named", "decorated"), _FORMS)
def test_what_a_serializer_does_is_done_by_the_handler(tmp_path: Path, named: str, decorated: str) -> None:
    assert changed(tmp_path, named, decorated, "SendSerializer") != []


@pytest.mark.parametrize(("named", "decorated"), _FORMS)
def test_a_serializer_that_asks_for_the_state_guards_it(tmp_path: Path, named: str, decorated: str) -> None:
    assert changed(tmp_path, named, decorated, "CarefulSerializer") == []


@pytest.mark.parametrize(("named", "decorated"), _FORMS[2:])
def test_another_handler_works_with_another_serializer(tmp_path: Path, named: str, decorated: str) -> None:
    assert changed(tmp_path, named, decorated, "SendSerializer", "note") == []


_CHOOSES = """\
from rest_framework import serializers

from shop.models import Order


class StatusSerializer(serializers.ModelSerializer):
    class Meta:
        model = Order
        fields = ("id", "status")
        READ_ONLY

    def update(self, instance, validated_data):
        instance.status = validated_data.get("status", instance.status)
        instance.save()
        return instance
"""
_CHOSEN_IN = """\
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response

from shop.models import Order
from shop.serializers import StatusSerializer


class OrderViews(viewsets.GenericViewSet):
    permission_classes = [IsAuthenticated]
    queryset = Order.objects.all()
    serializer_class = StatusSerializer

    @action(detail=True, methods=["patch"])
    def set_status(self, request, pk=None):
        serializer = MADE(self.get_object(), data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response(serializer.data)
"""


@pytest.mark.parametrize("made", ["StatusSerializer", "self.get_serializer"])
@pytest.mark.parametrize(("read_only", "found"), [("", ["shop/serializers.py"]), ('read_only_fields = ("status",)', [])])
def test_a_serializer_that_writes_what_it_is_sent_is_handed_the_record_by_the_framework(
    tmp_path: Path, made: str, read_only: str, found: list[str]
) -> None:
    files = {"shop/serializers.py": _CHOOSES.replace("READ_ONLY", read_only), "shop/views.py": _CHOSEN_IN.replace("MADE", made)}
    write(tmp_path, _FILES | files)
    report = review(tmp_path, Settings(checks=("order/unguarded-transition",), use_cache=False))
    assert [f.file for f in report.findings] == found
