"""What a framework's own methods run on objects of ours: a view that names its serializer, a serializer that is saved."""

from pathlib import Path

import pytest

from tests.commerce.small_models import model_of
from tests.commerce.wired import wired

MODELS = """\
from django.db import models


class Basket(models.Model):
    state = models.CharField(max_length=9)


class Parcel(models.Model):
    basket = models.ForeignKey(Basket, on_delete=models.CASCADE)
"""
SERIALIZERS = """\
from rest_framework import serializers

from shop.models import Basket, Parcel


class BasketReader(serializers.ModelSerializer):
    class Meta:
        model = Basket
        fields = ("id",)


class BasketSerializer(serializers.ModelSerializer):
    class Meta:
        model = Basket
        fields = ("id",)

    def create(self, validated_data):
        return Basket.objects.create(**validated_data)

    def update(self, instance, validated_data):
        return Parcel.objects.create(basket=instance)
"""
HEAD = """\
from django.urls import include, path
from rest_framework import generics, permissions, routers, viewsets
from rest_framework.response import Response
from rest_framework.views import APIView

from shop.models import Basket
from shop.serializers import BasketReader, BasketSerializer

"""
VIEWSET = """\
class Baskets(viewsets.ModelViewSet):
    serializer_class = BasketSerializer
    permission_classes = [permissions.IsAuthenticated]
    OWN


router = routers.DefaultRouter()
router.register("baskets", Baskets)
urlpatterns = [path("", include(router.urls))]
"""
CHOOSING = """\
    def get_serializer_class(self):
        return BasketReader if self.action == "list" else BasketSerializer
"""
VIEW = """\
class BasketView(VIEW):
    serializer_class = BasketSerializer

    BODY


urlpatterns = [path("basket/", BasketView.as_view())]
"""


def tree(view: str) -> dict[str, str]:
    return {"manage.py": "", "shop/models.py": MODELS, "shop/serializers.py": SERIALIZERS, "shop/urls.py": HEAD + view}


@pytest.mark.parametrize("own", ["pass", CHOOSING.lstrip()])
def test_a_viewset_that_only_names_its_serializer_runs_it(tmp_path: Path, own: str) -> None:
    assert wired(tmp_path, tree(VIEWSET.replace("OWN", own))).ways() == {
        "POST /baskets BasketSerializer.create customer",
        "PUT /baskets/{pk} BasketSerializer.update customer",
    }


def test_a_handler_of_its_own_goes_before_the_inherited_one(tmp_path: Path) -> None:
    own = "def create(self, request):\n        return Response({})"
    assert wired(tmp_path, tree(VIEWSET.replace("OWN", own))).ways() == {
        "POST /baskets Baskets.create customer",
        "PUT /baskets/{pk} BasketSerializer.update customer",
    }


@pytest.mark.parametrize(
    ("view", "body", "made"),
    [
        ("APIView", "def post(self, request):\n        BasketSerializer(data=request.data).save()", ["basket"]),
        ("APIView", "def put(self, request, basket):\n        BasketSerializer(basket, data=request.data).save()", ["parcel"]),
        ("generics.GenericAPIView", "def post(self, request):\n        self.get_serializer(data=request.data).save()", ["basket"]),
        ("generics.CreateAPIView", "def perform_create(self, serializer):\n        serializer.save(state='open')", ["basket"]),
        ("generics.UpdateAPIView", "def perform_update(self, serializer):\n        serializer.save()", ["parcel"]),
        ("generics.CreateAPIView", "def create(self, request):\n        return super().create(request)", ["basket"]),
        ("generics.ListAPIView", "def perform_create(self, other):\n        self.kept.save()", []),
    ],
)
def test_saving_a_serializer_runs_its_own_method(tmp_path: Path, view: str, body: str, made: list[str]) -> None:
    model, _ = model_of(tmp_path, tree(VIEW.replace("VIEW", view, 1).replace("BODY", body)))
    (entry,) = [e for e in model.entries if e.target.fn.file == "shop/urls.py"]
    touched = [e.touch.entity for e in model.effects.of(entry.target) if e.kind == "create" and e.touch is not None]
    assert touched == made
