"""Of what was sent a serializer hands on the fields that its class declares, and nothing else."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_VIEWS = """\
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView
import razorpay
from django.conf import settings
from shop.models import Payment

client = razorpay.Client(auth=(settings.RAZORPAY_ID, settings.RAZORPAY_SECRET))

class PaymentSerializer(serializers.Serializer):
    razorpay_payment_id = serializers.CharField(max_length=64)
    razorpay_order_id = serializers.CharField(max_length=64)
    razorpay_signature = serializers.CharField(max_length=64)
    FIELD

    def create(self, validated_data):
        return Payment.objects.create(**validated_data)

class PaymentView(APIView):
    def post(self, request):
        serializer = PaymentSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        client.utility.verify_payment_signature(dict(serializer.validated_data))
        serializer.save(user=request.user)
        return Response({})
"""
_MODELS = """\
from django.conf import settings
from django.db import models

class Payment(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    razorpay_payment_id = models.CharField(max_length=64)
    razorpay_order_id = models.CharField(max_length=64)
    razorpay_signature = models.CharField(max_length=64)
    fee = models.CharField(max_length=64, null=True)
    tax = models.CharField(max_length=64, null=True)
"""


@pytest.mark.parametrize(("field", "check"), [("tax", "tax-shipping/client-tax"), ("fee", "payment/client-amount")])
def test_only_declared_fields_are_sent(tmp_path: Path, field: str, check: str) -> None:
    urls = 'from django.urls import path\nfrom shop.views import PaymentView\nurlpatterns = [path("paid/", PaymentView.as_view())]\n'
    for name, line, wrong in (("a", "", False), ("b", f"{field} = serializers.CharField()", True)):
        files = {"shop/views.py": _VIEWS.replace("FIELD", line), "shop/models.py": _MODELS, "shop/urls.py": urls, "manage.py": ""}
        assert bool(found(tmp_path / name, files, check)) is wrong
        assert found(tmp_path / f"{name}2", files, "pci/card-data-stored") == []
