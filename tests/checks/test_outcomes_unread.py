"""Signed messages that tell of failures as well: the sum is the order's, and nobody reads what came of the payment."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_CHECK = "payment/amount-not-reconciled"
_NODE = """\
const express = require('express');
const { VNPay } = require('vnpay');
const mongoose = require('mongoose');
const Order = mongoose.model('Order', new mongoose.Schema({ total: Number, status: String }));
const vnpay = new VNPay({ tmnCode: process.env.TMN, secureSecret: process.env.SECRET });
const app = express();
app.get('/vnpay-ipn', async (req, res) => {
  const ipn = vnpay.verifyIpnCall(req.query);
  if (!ipn.isVerified) return res.json({ RspCode: '97' });
  ASKED
  const order = await Order.findById(ipn.vnp_TxnRef);
  if (ipn.vnp_Amount !== order.total) return res.json({ RspCode: '04' });
  if (order.status === 'paid') return res.json({ RspCode: '02' });
  order.status = 'paid';
  await order.save();
  res.json({ RspCode: '00' });
});
"""


@pytest.mark.parametrize(
    ("asked", "wrong"),
    [
        ("", True),
        ("if (!ipn.isSuccess) return res.json({ RspCode: '00' });", False),
        ("if (ipn.vnp_ResponseCode !== '00') return res.json({ RspCode: '00' });", False),
    ],
)
def test_a_library_says_who_speaks_and_not_what_he_says(tmp_path: Path, asked: str, wrong: bool) -> None:
    assert bool(found(tmp_path, {"app.js": _NODE.replace("ASKED", asked)}, _CHECK)) == wrong


_DJANGO = """\
import hashlib, hmac, os, urllib.parse
from django.http import JsonResponse
from .models import Order

def vnpay_ipn(request):
    data = {k: v for k, v in request.GET.items() if k.startswith("vnp_")}
    given = data.pop("vnp_SecureHash")
    text = urllib.parse.urlencode(sorted(data.items()))
    mine = hmac.new(os.environ["VNP_SECRET"].encode(), text.encode(), hashlib.sha512).hexdigest()
    if not hmac.compare_digest(mine, given):
        return JsonResponse({"RspCode": "97"})
    order = Order.objects.get(pk=data["vnp_TxnRef"])
    if int(data["vnp_Amount"]) != order.total * 100:
        return JsonResponse({"RspCode": "04"})
    ASKED
    order.status = "paid"
    order.save()
    return JsonResponse({"RspCode": "00"})
"""


@pytest.mark.parametrize(
    ("asked", "wrong"), [("pass", True), ('if data["vnp_ResponseCode"] != "00":\n        return JsonResponse({"RspCode": "00"})', False)]
)
def test_a_digest_is_over_failures_too(tmp_path: Path, asked: str, wrong: bool) -> None:
    files = {
        "manage.py": "",
        "shop/models.py": "from django.db import models\nclass Order(models.Model):\n    total = models.IntegerField()\n"
        "    status = models.CharField(max_length=20)\n",
        "shop/urls.py": "from django.urls import path\nfrom . import views\nurlpatterns = [path('vnpay_ipn/', views.vnpay_ipn)]\n",
        "shop/views.py": _DJANGO.replace("ASKED", asked),
    }
    assert bool(found(tmp_path, files, _CHECK)) == wrong
