"""Addresses that a payment provider is told: whatever they are called, messages and browsers come there, and a course may be given away."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_UNVERIFIED, _REDIRECT = "payment/webhook-unverified", "payment/fulfil-on-redirect"
_MERCADO = """\
const express = require('express');
const { MercadoPagoConfig, Preference, Payment } = require('mercadopago');
const { Order } = require('./models');
const app = express();
app.use(express.json());
const client = new MercadoPagoConfig({ accessToken: process.env.MP_TOKEN });
app.post('/checkout', async (req, res) => {
  const order = await Order.findById(req.body.id);
  const items = [{ title: 'Order', quantity: 1, unit_price: order.total, currency_id: 'ARS' }];
  res.json(await new Preference(client).create({ body: { items, NOTIFIED } }));
});
app.post('/api/after-pay/:order', async (req, res) => {
  PROOF
  await Order.updateOne({ _id: req.params.order, status: 'open' }, { status: 'paid' });
  res.end();
});
"""
_MODELS = """\
const mongoose = require('mongoose');
exports.Order = mongoose.model('Order', new mongoose.Schema({ total: Number, status: String }));
exports.Course = mongoose.model('Course', new mongoose.Schema({ price: Number }));
exports.User = mongoose.model('User', new mongoose.Schema({ purchasedCourses: [String] }));
exports.Enrollment = mongoose.model('Enrollment', new mongoose.Schema({ user: String, course: String }));
exports.UserCourse = mongoose.model('UserCourse', new mongoose.Schema({ user: String, course: String }));
exports.Visit = mongoose.model('Visit', new mongoose.Schema({ user: String, page: String }));
"""
_TOLD = [
    "notification_url: `${process.env.HOST}/api/after-pay/${order.id}`",
    "notification_url: 'https://shop.example/api/after-pay/' + order.id",
]


def _mercado(notified: str, proof: str) -> dict[str, str]:
    return {"package.json": "{}", "app.js": _MERCADO.replace("NOTIFIED", notified).replace("PROOF", proof), "models.js": _MODELS}


@pytest.mark.parametrize("notified", _TOLD)
def test_a_route_whose_address_is_told_takes_the_messages(tmp_path: Path, notified: str) -> None:
    assert [r for r, _, _ in ruled(tmp_path / "no", _UNVERIFIED, _mercado(notified, ""))] == ["broken"]
    asked = "const paid = await new Payment(client).get({ id: req.body.data.id });\n  if (paid.status !== 'approved') return res.end();"
    assert [r for r, _, _ in ruled(tmp_path / "yes", _UNVERIFIED, _mercado(notified, asked))] == ["held"]


def test_another_address_is_nobodys_webhook(tmp_path: Path) -> None:
    told = "notification_url: `${process.env.HOST}/api/hooks/${order.id}`"
    assert ruled(tmp_path, _UNVERIFIED, _mercado(told, "")) == []


_PAYPAL = """\
const express = require('express');
const axios = require('axios');
const { Course, User, Enrollment, UserCourse, Visit } = require('./models');
const app = express();
app.use(express.json());
app.post('/buy', async (req, res) => {
  const course = await Course.findById(req.body.course);
  const order = {
    intent: 'CAPTURE',
    purchase_units: [{ amount: { currency_code: 'USD', value: course.price.toFixed(2) } }],
    application_context: { return_url: `${process.env.HOST}/course-is-mine?course=${course.id}` },
  };
  const made = await axios.post('https://api-m.paypal.com/v2/checkout/orders', order, { headers: { 'PayPal-Request-Id': course.id } });
  res.json(made.data);
});
app.get('/PATH', async (req, res) => {
  PROOF
  GRANT
  res.redirect('/library');
});
"""
_GRANTS = [
    "await Enrollment.create({ user: req.query.user, course: req.query.course });",
    "await UserCourse.create({ user: req.query.user, course: req.query.course });",
    "await User.updateOne({ _id: req.query.user }, { $push: { purchasedCourses: req.query.course } });",
    "await User.findByIdAndUpdate(req.query.user, { $addToSet: { purchasedCourses: req.query.course } });",
]
_CAPTURED = """\
const done = await axios.post(`https://api-m.paypal.com/v2/checkout/orders/${req.query.token}/capture`, {});
  if (done.data.status !== 'COMPLETED') return res.status(402).end();"""


def _paypal(grant: str, proof: str = "", path: str = "course-is-mine") -> dict[str, str]:
    app = _PAYPAL.replace("PATH", path).replace("PROOF", proof).replace("GRANT", grant)
    return {"package.json": "{}", "app.js": app, "models.js": _MODELS}


@pytest.mark.parametrize("grant", _GRANTS)
def test_what_is_sold_is_handed_over_where_the_browser_comes_back(tmp_path: Path, grant: str) -> None:
    assert [r for r, _, _ in ruled(tmp_path / "no", _REDIRECT, _paypal(grant))] == ["broken"]
    assert [r for r, _, _ in ruled(tmp_path / "asked", _REDIRECT, _paypal(grant, _CAPTURED))] == ["held"]


def test_elsewhere_a_course_may_be_free_and_a_visit_is_no_good(tmp_path: Path) -> None:
    assert ruled(tmp_path / "free", _REDIRECT, _paypal(_GRANTS[0], path="join")) == []
    assert ruled(tmp_path / "visit", _REDIRECT, _paypal("await Visit.create({ user: req.query.user, page: 'thanks' });")) == []


_SIGNED_PAGE = """\
import hashlib, hmac, urllib.parse
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect
from shop.models import Order

def pay(request, number):
    order = Order.objects.get(pk=number)
    data = {"vnp_TmnCode": settings.VNPAY_CODE, "vnp_Amount": int(order.total * 100), "vnp_TxnRef": order.pk}
    data["KEY"] = "https://shop.example/api/payment_response/"
    query = urllib.parse.urlencode(sorted(data.items()))
    mac = hmac.new(settings.VNPAY_SECRET.encode(), query.encode(), hashlib.sha512).hexdigest()
    return redirect(f"https://pay.vnpay.vn/vpcpay.html?{query}&vnp_SecureHash={mac}")

def after(request):
    order = Order.objects.get(pk=request.GET["vnp_TxnRef"])
    if request.GET.get("vnp_ResponseCode") == "00" and request.GET.get("vnp_SecureHash"):
        order.status = "paid"
        order.save()
    return HttpResponse("")
"""
_SIGNED_URLS = """\
from django.urls import path
from shop import views
urlpatterns = [path("pay/<int:number>/", views.pay), path("api/payment_response/", views.after)]
"""
_SIGNED_MODELS = """\
from django.db import models
class Order(models.Model):
    total = models.DecimalField(max_digits=10, decimal_places=2)
    status = models.CharField(max_length=20)
"""


@pytest.mark.parametrize(("key", "check"), [("vnp_ReturnUrl", _REDIRECT), ("vnp_IpnUrl", _UNVERIFIED)])
def test_what_a_page_of_the_provider_is_sent_with_says_who_comes_back(tmp_path: Path, key: str, check: str) -> None:
    views = {"shop/views.py": _SIGNED_PAGE.replace("KEY", key), "shop/urls.py": _SIGNED_URLS, "shop/models.py": _SIGNED_MODELS}
    files = views | {"manage.py": "", "requirements.txt": "django"}
    assert [r for r, _, _ in ruled(tmp_path / "own", check, files)] == ["broken"]
    assert [r for r, _, _ in ruled(tmp_path / "other", _REDIRECT if check == _UNVERIFIED else _UNVERIFIED, files)] == []
