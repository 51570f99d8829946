"""The servers and clouds that Python shops run on: each one's routes, requests and raw bodies, in a small shop reviewed whole."""

from pathlib import Path

import pytest

from tillproof.contract import Report
from tillproof.review import review
from tillproof.settings import Settings

CHECKS = ("payment/webhook-unverified", "payment/client-amount", "payment/webhook-weak-verification")
ORDERS = """\
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

engine = create_engine("postgresql://db/shop")


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(default="pending")
    intent_id: Mapped[str]


def mark_paid(intent_id):
    with Session(engine) as session:
        order = session.query(Order).filter_by(intent_id=intent_id).with_for_update().one()
        if order.status != "pending":
            return
        order.status = "paid"
        session.commit()
"""
HEAD = """\
import json
import os

import stripe

from orders import mark_paid

SECRET = os.environ["STRIPE_WEBHOOK_SECRET"]
"""
PAID = """
    if event["type"] == "payment_intent.succeeded":
        mark_paid(event["data"]["object"]["id"])
    return {}
"""
PAY = 'stripe.PaymentIntent.create(amount=int(data["amount"]), currency="usd", idempotency_key=data["order"])'
SERVERS = {
    "aiohttp": f"""
from aiohttp import web

routes = web.RouteTableDef()

async def sound(request):
    event = stripe.Webhook.construct_event(await request.read(), request.headers.get("Stripe-Signature"), SECRET){PAID}
@routes.post("/webhooks/stripe2")
async def broken(request):
    event = await request.json(){PAID}
async def pay(request):
    data = await request.post()
    {PAY}

app = web.Application()
app.add_routes(routes)
app.add_routes([web.post("/webhooks/stripe", sound)])
app.router.add_post("/pay", pay)
""",
    "sanic": f"""
from sanic import Blueprint, Sanic

app = Sanic("shop")
hooks = Blueprint("hooks", url_prefix="/webhooks")

@hooks.post("/stripe")
async def sound(request):
    event = stripe.Webhook.construct_event(request.body, request.headers.get("Stripe-Signature"), SECRET){PAID}
@hooks.route("/stripe2", methods=["POST"])
async def broken(request):
    event = request.json{PAID}
@app.post("/pay")
async def pay(request):
    data = request.json
    {PAY}

app.blueprint(hooks)
""",
    "litestar": f"""
from litestar import Controller, Litestar, Request, post

@post("/webhooks/stripe")
async def sound(request: Request) -> dict:
    event = stripe.Webhook.construct_event(await request.body(), request.headers.get("stripe-signature"), SECRET){PAID}
@post("/webhooks/stripe2")
async def broken(data: dict) -> dict:
    event = data{PAID}

class PayController(Controller):
    path = "/api"

    @post("/pay")
    async def pay(self, data: dict) -> dict:
        {PAY}

app = Litestar([sound, broken, PayController])
""",
    "bottle": f"""
from bottle import Bottle, post, request

app = Bottle()

@app.post("/webhooks/stripe")
def sound():
    event = stripe.Webhook.construct_event(request.body.read(), request.get_header("Stripe-Signature"), SECRET){PAID}
@post("/webhooks/stripe2")
def broken():
    event = request.json{PAID}
@app.route("/pay", method="POST")
def pay():
    data = request.forms
    {PAY}
""",
    "chalice": f"""
from chalice import Chalice

app = Chalice(app_name="shop")

@app.route("/webhooks/stripe", methods=["POST"])
def sound():
    sent = app.current_request
    event = stripe.Webhook.construct_event(app.current_request.raw_body, app.current_request.headers["Stripe-Signature"], SECRET){PAID}
@app.route("/webhooks/stripe2", methods=["POST"])
def broken():
    event = app.current_request.json_body{PAID}
@app.route("/pay", methods=["POST"])
def pay():
    data = app.current_request.json_body
    {PAY}
""",
    "tornado": f"""
import tornado.web

def act(event):{PAID}
class StripeWebhook(tornado.web.RequestHandler):
    def post(self):
        act(stripe.Webhook.construct_event(self.request.body, self.request.headers.get("Stripe-Signature"), SECRET))

class ForgedWebhook(tornado.web.RequestHandler):
    def post(self):
        act(json.loads(self.request.body))

class Pay(tornado.web.RequestHandler):
    def post(self):
        data = {{"amount": self.get_argument("amount"), "order": self.get_argument("order")}}
        {PAY}

app = tornado.web.Application([(r"/webhooks/stripe", StripeWebhook), (r"/forged", ForgedWebhook), (r"/pay", Pay)])
""",
}
FUNCTION = "def lambda_handler(event, context):\n    "
LAMBDAS = {
    "stripe_webhook": f"""
{FUNCTION}sent = event
    event = stripe.Webhook.construct_event(sent["body"], sent["headers"]["Stripe-Signature"], SECRET){PAID}""",
    "forged_stripe_webhook": f"""
{FUNCTION}sent = event
    event = json.loads(sent.get("body") or "{{}}"){PAID}""",
    "pay": f"""
{FUNCTION}data = json.loads(event["body"])
    {PAY}
""",
}


def reviewed(root: Path, files: dict[str, str], package: str) -> Report:
    files = {"requirements.txt": f"{package}\nstripe\nsqlalchemy\n", "orders.py": ORDERS, **files}
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return review(root, Settings(checks=CHECKS, use_cache=False))


@pytest.mark.parametrize("package", SERVERS)
def test_each_server_s_routes_and_requests_are_known(tmp_path: Path, package: str) -> None:
    report = reviewed(tmp_path, {"app.py": HEAD + SERVERS[package]}, package)
    assert sorted(f.check for f in report.findings) == ["payment/client-amount", "payment/webhook-unverified"], package
    held = {o.check for o in report.obligations if o.ruling == "held"}
    assert {"payment/webhook-unverified", "payment/webhook-weak-verification"} <= held


def test_a_cloud_function_is_called_what_its_folder_is(tmp_path: Path) -> None:
    report = reviewed(tmp_path, {f"{name}/app.py": HEAD + text for name, text in LAMBDAS.items()}, "boto3")
    found = sorted((f.check, f.file) for f in report.findings)
    assert found == [("payment/client-amount", "pay/app.py"), ("payment/webhook-unverified", "forged_stripe_webhook/app.py")]
    assert {h.verified for h in report.handlers if h.file == "stripe_webhook/app.py"} == {"yes"}


PARTNERS = """\
import os

import requests
from django.contrib.auth.decorators import login_required
from django.db import models, transaction
from django.shortcuts import get_object_or_404
from django.urls import path
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import AllowAny
from rest_framework.response import Response


class Payment(models.Model):
    tx_ref = models.CharField(max_length=50, unique=True)
    status = models.CharField(max_length=20)

    @property
    def is_paid(self):
        return self.status in ("successful", "settled")


class Order(models.Model):
    user = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    payment = models.ForeignKey(Payment, null=True, on_delete=models.SET_NULL)
    status = models.CharField(max_length=20, default="pending")


def ask(ref):
    headers = {"Authorization": os.environ["FLUTTERWAVE_SECRET"]}
    answer = requests.get("https://api.flutterwave.com/v3/transactions/search", params={"tx_ref": ref}, headers=headers, timeout=20)
    return answer.json()["data"][0]


@login_required
def verify(request, ref):
    payment = get_object_or_404(Payment, tx_ref=ref)
    if ask(ref)["status"] == "successful":
        payment.status = "successful"
        payment.save()
    return Response({})


@login_required
def finish(request, pk):
    order = get_object_or_404(Order, pk=pk, user=request.user)
    if CONDITION:
        order.status = "paid"
        order.save()
    return Response({})


urlpatterns = [path("verify/<str:ref>/", verify), path("finish/<int:pk>/", finish)]
"""


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("order.payment.is_paid", 0),
        ("order.payment.status in ('successful', 'settled')", 0),
        ("not order.payment.is_paid", 1),
        ("order.payment.status not in ('successful', 'settled')", 1),
        ("request.GET.get('is_paid')", 1),
    ],
)
def test_an_order_is_paid_when_our_own_record_of_its_payment_says_so(tmp_path: Path, condition: str, found: int) -> None:
    path = tmp_path / "shop.py"
    path.write_text(PARTNERS.replace("CONDITION", condition), encoding="utf-8")
    (tmp_path / "requirements.txt").write_text("django\ndjangorestframework\n", encoding="utf-8")
    findings = review(tmp_path, Settings(checks=("payment/fulfil-on-redirect",), use_cache=False)).findings
    assert len(findings) == found


CHARGE = """\
import stripe
from flask import Flask

app = Flask(__name__)


def charge(order):
    params = {"amount": order.cents, "currency": "usd", "payment_method": order.method, "note": None}
    key = {"idempotency_key": f"order-{order.id}"}
    CODE
"""


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("return stripe.PaymentIntent.create(**{k: v for k, v in {**params, **key}.items() if v is not None})", 0),
        ("return stripe.PaymentIntent.create(**(params | key))", 0),
        ("params |= key\n    return stripe.PaymentIntent.create(**params)", 0),
        ("return stripe.PaymentIntent.create(**{k: v for k, v in params.items() if v is not None})", 1),
        ("return stripe.PaymentIntent.create(**{k: v for k, v in (params | key).items() if k != 'idempotency_key'})", 1),
    ],
)
def test_a_record_is_followed_through_what_copies_and_merges_it(tmp_path: Path, code: str, found: int) -> None:
    (tmp_path / "app.py").write_text(CHARGE.replace("CODE", code), encoding="utf-8")
    (tmp_path / "requirements.txt").write_text("flask\nstripe\n", encoding="utf-8")
    assert len(review(tmp_path, Settings(checks=("idempotency/missing-key",), use_cache=False)).findings) == found


BILLS = """\
import hashlib
import hmac
import json
import os
import uuid

import requests
from aiohttp import web
from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

engine = create_engine("postgresql://db/shop")


class Base(DeclarativeBase):
    pass


class Invoice(Base):
    __tablename__ = "invoices"
    id: Mapped[int] = mapped_column(primary_key=True)
    invoice_id: Mapped[str] = mapped_column(unique=True)
    amount: Mapped[float]
    status: Mapped[str] = mapped_column(default="pending")


def bill(amount):
    with Session(engine) as session:
        session.add(Invoice(invoice_id=f"INV-{uuid.uuid4().hex}", amount=amount, status="pending"))
        session.commit()


async def begin(request):
    data = await request.json()
    with Session(engine) as session:
        invoice = session.scalar(select(Invoice).where(Invoice.invoice_id == data["invoice_id"]))
        sent = {"price_amount": SUM, "price_currency": "usd", "order_id": invoice.invoice_id, "note": None}
        sent = {k: v for k, v in sent.items() if v is not None}
        answer = requests.post("https://api.nowpayments.io/v1/invoice", json=sent, headers={"x-api-key": os.environ["NOW_KEY"]}, timeout=20)
    return web.json_response(answer.json())


async def nowpayments_ipn(request):
    raw = await request.read()
    mac = hmac.new(os.environ["NOW_IPN"].encode(), raw, hashlib.sha512).hexdigest()
    if not hmac.compare_digest(mac, request.headers.get("x-nowpayments-sig", "")):
        return web.Response(status=403)
    told = json.loads(raw)
    if told.get("payment_status") == "finished":
        with Session(engine) as session:
            invoice = session.scalar(select(Invoice).where(Invoice.invoice_id == told.get("order_id")).with_for_update())
            if invoice.status == "pending":
                invoice.status = "paid"
                session.commit()
    return web.Response()


app = web.Application()
app.add_routes([web.post("/pay", begin), web.post("/ipn/nowpayments", nowpayments_ipn)])
"""


@pytest.mark.parametrize(("sum_", "found"), [("float(invoice.amount)", 0), ('data["amount"]', 1)])
def test_a_number_that_we_made_up_ties_no_payment_to_a_sum(tmp_path: Path, sum_: str, found: int) -> None:
    (tmp_path / "app.py").write_text(BILLS.replace("SUM", sum_), encoding="utf-8")
    (tmp_path / "requirements.txt").write_text("aiohttp\nsqlalchemy\n", encoding="utf-8")
    assert len(review(tmp_path, Settings(checks=("payment/amount-not-reconciled",), use_cache=False)).findings) == found


DISBURSED = """\
import json

from django.db import models
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.response import Response


class Payment(models.Model):
    reference = models.CharField(max_length=50)
    status = models.CharField(max_length=20)


@csrf_exempt
@api_view(["POST"])
@permission_classes([WHO])
def acme_payment_webhook(request):
    told = json.loads(request.body)
    payment = Payment.objects.get(reference=told["reference"])
    if told["status"] == "PAID" and payment.status == "pending":
        payment.status = "paid"
        payment.save()
    return Response()


urlpatterns = [path("acme/payment/webhook/", acme_payment_webhook)]
"""


@pytest.mark.parametrize(("who", "role"), [("AllowAny", "public"), ("IsAuthenticated", "customer")])
def test_what_lets_anybody_pass_restricts_nothing(tmp_path: Path, who: str, role: str) -> None:
    (tmp_path / "views.py").write_text(DISBURSED.replace("WHO", who), encoding="utf-8")
    (tmp_path / "requirements.txt").write_text("django\ndjangorestframework\n", encoding="utf-8")
    report = review(tmp_path, Settings(checks=("payment/webhook-unverified",), use_cache=False))
    assert [h.role for h in report.handlers] == [role]
