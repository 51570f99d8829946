"""Payments that the browser begins under a reference of ours, for whatever sum it names: the reference says for what, not how much."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_CHECK = "payment/amount-not-reconciled"
_SETTLE = """    const order = await Order.findOne({ reference });
    COMPARED
    order.status = 'paid';
    await order.save();
"""
_VERIFY = (
    """const express = require('express');
const axios = require('axios');
const Order = require('./order');
const app = express();
app.use(express.json());
BEGUN
app.post('/verify', async (req, res) => {
    const { reference } = req.body;
    const { data } = await axios.get(`https://api.paystack.co/transaction/verify/${reference}`, {
        headers: { Authorization: `Bearer ${process.env.PAYSTACK_SECRET_KEY}` } });
    if (data.data.status !== 'success') return res.status(400).json({});
"""
    + _SETTLE
    + """    res.json({});
});
"""
)
_HOOK = (
    """const express = require('express');
const crypto = require('crypto');
const Order = require('./order');
const app = express();
BEGUN
app.post('/webhook/paystack', express.raw({ type: '*/*' }), async (req, res) => {
    const hash = crypto.createHmac('sha512', process.env.PAYSTACK_SECRET_KEY).update(req.body).digest('hex');
    if (hash !== req.headers['x-paystack-signature']) return res.sendStatus(401);
    const event = JSON.parse(req.body);
    const { reference } = event.data;
    const data = event;
    if (event.event !== 'charge.success') return res.sendStatus(200);
"""
    + _SETTLE
    + """    res.sendStatus(200);
});
"""
)
_MODEL = """const mongoose = require('mongoose');
module.exports = mongoose.model('Order', new mongoose.Schema({ reference: { type: String, unique: true }, total: Number, status: String }));
"""
_COMPONENT = """import { usePaystackPayment } from 'react-paystack';
export default function Pay({ order }) {
  const pay = usePaystackPayment({ reference: order.reference, amount: order.total * 100, email: order.email, publicKey: 'pk' });
  return <button onClick={() => pay({})}>Pay</button>;
}
"""
_PAGE = """<html><script src="https://js.paystack.co/v1/inline.js"></script>
<script>PaystackPop.setup({ key: 'pk', amount: '{{ order.total }}00', ref: '{{ order.reference }}' }).openIframe();</script></html>
"""
_SERVER = """app.post('/begin', async (req, res) => {
    const order = await Order.findById(req.body.id);
    const { data } = await axios.post('https://api.paystack.co/transaction/initialize',
        { email: order.email, amount: order.total * 100, currency: 'NGN', reference: order.reference }, { headers: {} });
    res.json(data);
});"""
_COMPARES = "if (data.data.amount !== order.total * 100) return res.status(400).json({});"


@pytest.mark.parametrize("shop", [_VERIFY, _HOOK])
@pytest.mark.parametrize(("page", "text"), [("client/src/components/Pay.jsx", _COMPONENT), ("views/pay.html", _PAGE)])
def test_a_reference_of_ours_says_nothing_of_the_sum(tmp_path: Path, shop: str, page: str, text: str) -> None:
    files = {"server.js": shop.replace("BEGUN", ""), "order.js": _MODEL, page: text}
    loose = files | {"server.js": files["server.js"].replace("COMPARED", "")}
    assert found(tmp_path / "loose", loose, _CHECK), "nobody compares the sum that the browser named"
    firm = files | {"server.js": files["server.js"].replace("COMPARED", _COMPARES)}
    assert not found(tmp_path / "firm", firm, _CHECK)


def test_what_a_server_began_is_bound_by_its_reference(tmp_path: Path) -> None:
    files = {"server.js": _VERIFY.replace("BEGUN", _SERVER).replace("COMPARED", ""), "order.js": _MODEL, "views/pay.html": _PAGE}
    assert not found(tmp_path, files, _CHECK)


@pytest.mark.parametrize("call", ["FlutterwaveCheckout({ public_key: 'p', tx_ref: '{{ order.tx_ref }}', amount: {{ order.total }} })"])
def test_django_verifies_what_a_template_begins(tmp_path: Path, call: str) -> None:
    view = """import requests
from django.conf import settings
from django.http import JsonResponse
from .models import Order

def verify(request):
    tx_ref = request.GET["tx_ref"]
    answer = requests.get(f"https://api.flutterwave.com/v3/transactions/verify_by_reference?tx_ref={tx_ref}",
        headers={"Authorization": settings.FLW_SECRET_KEY}, timeout=10).json()
    if answer["data"]["status"] != "successful":
        return JsonResponse({}, status=400)
    order = Order.objects.get(tx_ref=tx_ref)
    COMPARED
    order.status = "paid"
    order.save()
    return JsonResponse({})
"""
    files = {
        "manage.py": "",
        "shop/models.py": "from django.db import models\n\n\nclass Order(models.Model):\n"
        "    tx_ref = models.CharField(max_length=40, unique=True)\n"
        "    total = models.DecimalField(max_digits=9, decimal_places=2)\n    status = models.CharField(max_length=9)\n",
        "shop/urls.py": "from django.urls import path\nfrom . import views\nurlpatterns = [path('verify/', views.verify)]\n",
        "shop/templates/pay.html": f"<script src='https://checkout.flutterwave.com/v3.js'></script><script>{call}</script>",
    }
    loose = files | {"shop/views.py": view.replace("    COMPARED\n", "")}
    assert found(tmp_path / "loose", loose, _CHECK)
    other = 'str(answer["data"]["amount"]) != str(order.total) or answer["data"]["currency"] != "NGN"'
    held = f"if {other}:\n        return JsonResponse({{}}, status=400)"
    assert not found(tmp_path / "firm", files | {"shop/views.py": view.replace("COMPARED", held)}, _CHECK)
