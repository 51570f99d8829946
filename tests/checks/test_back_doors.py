"""A text that stands in the code and passes for a signature; and messages of carriers that say by their function's name whose they are."""

from pathlib import Path

import pytest

from tests.checks.test_examples import review_of
from tillproof.checks.pages import Example
from tillproof.contract import Report

MODELS = """\
import razorpay
from django.conf import settings
from django.db import models


class Purchase(models.Model):
    user = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    total = models.DecimalField(max_digits=10, decimal_places=2)
    status = models.CharField(max_length=20, default="pending")


class Payment(models.Model):
    user = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    order = models.ForeignKey(Purchase, on_delete=models.CASCADE)
    razorpay_order_id = models.CharField(max_length=64, unique=True)
    status = models.CharField(max_length=20, default="pending")

    def verify_signature(self, payment_id, signature):
        trial = ["trial_signature", "dev_signature"]
        DOOR
        try:
            client = razorpay.Client(auth=(settings.RAZORPAY_KEY, settings.RAZORPAY_SECRET))
            client.utility.verify_payment_signature({
                "razorpay_order_id": self.razorpay_order_id,
                "razorpay_payment_id": payment_id,
                "razorpay_signature": signature,
            })
            return True
        except Exception:
            return False
"""
VIEWS = """\
from django.shortcuts import get_object_or_404
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from models import Payment


class VerifyView(APIView):
    permission_classes = [IsAuthenticated]

    def post(self, request):
        sent = request.data
        payment = FOUND
        if payment.status != "pending":
            return Response({"status": payment.status})
        if not payment.verify_signature(sent["razorpay_payment_id"], sent["razorpay_signature"]):
            return Response({"error": "bad signature"}, status=400)
        payment.status = "successful"
        payment.save()
        payment.order.status = "paid"
        payment.order.save()
        return Response({"status": "successful"})
"""
URLS = """\
from django.urls import path

import views

urlpatterns = [path("payments/verify/", views.VerifyView.as_view())]
"""
FETCHED = [
    'get_object_or_404(Payment, razorpay_order_id=sent["razorpay_order_id"], user=request.user)',
    'Payment.objects.get(razorpay_order_id=sent["razorpay_order_id"], user=request.user)',
]


def django(tmp_path: Path, door: str, found: str) -> Report:
    files = {
        "requirements.txt": "django==5.0\ndjangorestframework\nrazorpay\n",
        "models.py": MODELS.replace("DOOR", door),
        "views.py": VIEWS.replace("FOUND", found),
        "urls.py": URLS,
    }
    return review_of(Example(title="", files=files, expect=[]), tmp_path, "payment/webhook-weak-verification")


@pytest.mark.parametrize("found", FETCHED)
@pytest.mark.parametrize(
    "door",
    [
        'if payment_id.startswith("pay_test_") and signature in trial:\n            return True',
        'if signature == "trial_signature":\n            return True',
    ],
)
def test_a_text_of_the_code_opens_the_proof_of_a_row(tmp_path: Path, door: str, found: str) -> None:
    report = django(tmp_path, door, found)
    assert [(f.file, f.start_line, f.severity) for f in report.findings if "weak" in f.check] == [("models.py", 20, "critical")]
    assert [h.verified for h in report.handlers] == ["weak"]


@pytest.mark.parametrize("found", FETCHED)
@pytest.mark.parametrize(
    "door",
    [
        "signature = signature.strip()",
        'if getattr(settings, "DEBUG", False) and signature in trial:\n            return True',
        'if signature == "":\n            return False',
    ],
)
def test_a_proof_without_a_door_stands(tmp_path: Path, door: str, found: str) -> None:
    assert not [f for f in django(tmp_path, door, found).findings if f.severity == "critical"]


SERVICE = """\
const crypto = require('crypto');
exports.isValid = (orderId, paymentId, signature) => {
  DOOR
  const expected = crypto.createHmac('sha256', process.env.RZP_SECRET).update(`${orderId}|${paymentId}`).digest('hex');
  return crypto.timingSafeEqual(Buffer.from(expected), Buffer.from(signature));
};
"""
SERVER = """\
const express = require('express');
const Razorpay = require('razorpay');
const Order = require('mongoose').model('Order');
const { isValid } = require('./service');
const rzp = new Razorpay({ key_id: process.env.RZP_KEY, key_secret: process.env.RZP_SECRET });
const app = express();
app.use(express.json());
app.post('/orders/verify', async (req, res) => {
  const { razorpay_order_id, razorpay_payment_id, razorpay_signature } = req.body;
  const order = await Order.findOne({ razorpayOrderId: razorpay_order_id });
  if (!order || !isValid(razorpay_order_id, razorpay_payment_id, razorpay_signature)) return res.status(400).end();
  if (order.paymentStatus !== 'pending') return res.json({});
  order.paymentStatus = 'paid';
  await order.save();
  res.json({});
});
"""


@pytest.mark.parametrize(
    ("door", "expected"),
    [
        ("if (signature === 'trial_signature') return true;", [("service.js", 3)]),
        ("if (paymentId.startsWith('pay_test_')) return true;", [("service.js", 3)]),
        ("if (!signature) return false;", []),
        ("if (signature === 'null') return false;", []),
    ],
)
def test_a_door_in_a_digest_of_our_own(tmp_path: Path, door: str, expected: list[tuple[str, int]]) -> None:
    files = {"package.json": '{"dependencies": {"express": "4", "mongoose": "8", "razorpay": "2"}}', "server.js": SERVER}
    files["service.js"] = SERVICE.replace("DOOR", door)
    report = review_of(Example(title="", files=files, expect=[]), tmp_path, "payment/webhook-weak-verification")
    assert [(f.file, f.start_line) for f in report.findings if "weak" in f.check] == expected


NEWS = """\
const express = require('express');
const Order = require('mongoose').model('Order');
const app = express();
app.use(express.json());
const NAME = async (req, res) => {
  ASKED
  const order = await Order.findOne({ awb: req.body.awb });
  if (!order) return res.status(404).end();
  order.deliveryStatus = req.body.current_status;
  await order.save();
  res.json({});
};
app.post('/delivery/status', NAME);
"""


@pytest.mark.parametrize(
    ("name", "asked", "expected"),
    [
        ("shiprocketWebhook", "", ["high"]),
        ("shiprocketWebhook", "if (req.headers['x-api-key'] !== process.env.SHIPROCKET_TOKEN) return res.status(401).end();", []),
        ("setDeliveryStatus", "", []),
    ],
)
def test_a_carrier_named_by_the_function_alone(tmp_path: Path, name: str, asked: str, expected: list[str]) -> None:
    files = {
        "package.json": '{"dependencies": {"express": "4", "mongoose": "8"}}',
        "server.js": NEWS.replace("NAME", name).replace("ASKED", asked),
    }
    report = review_of(Example(title="", files=files, expect=[]), tmp_path, "payment/webhook-unverified")
    assert [f.severity for f in report.findings if f.check == "payment/webhook-unverified"] == expected
