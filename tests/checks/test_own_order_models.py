"""Shops with a model of orders of their own: what is only said, who may say it, what is worked out. Each beside one that is wrong."""

from pathlib import Path

from tests.checks.test_python_shops import found
from tests.commerce.small_models import model_of

_MODELS = """\
from sqlalchemy import Column, Integer, Numeric
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class Check(Base):
    __tablename__ = "orders"
    id = Column(Integer, primary_key=True)
    amount_paid = Column(Numeric(10, 2))
"""
_ROUTES = """\
from fastapi import Depends, FastAPI
from pydantic import BaseModel

from shop.guard import require
from shop.models import Check
from shop.db import session

app = FastAPI()


class OrderResponse(BaseModel):
    id: int
    amount_paid: float = 0


@app.get("/orders/{number}")
def show(number: int, user=Depends(GUARD)):
    order = session.get(Check, number)
    answer = MADE
    answer.amount_paid = order.amount_paid
    rows: [OrderResponse] = []
    rows.insert(0, answer)
    session.commit()
    return rows
"""
_GUARD = """\
from fastapi import Depends, HTTPException


def signed_in(token: str):
    if not token:
        raise HTTPException(status_code=401)
    return token


def require(permission: str):
    def check(user=Depends(signed_in)):
        if not user.holds(permission):
            raise HTTPException(status_code=403)
        return user

    return check
"""


def _paid_by(tree: Path, guard: str, made: str) -> int:
    files = {
        "requirements.txt": "fastapi\nsqlalchemy\nstripe\n",
        "shop/__init__.py": "",
        "shop/db.py": "from sqlalchemy.orm import Session\n\nsession = Session()\n",
        "shop/guard.py": _GUARD,
        "shop/models.py": _MODELS,
        "shop/routes.py": _ROUTES.replace("GUARD", guard).replace("MADE", made),
    }
    return len(found(tree, files, "payment/fulfil-on-redirect"))


def test_what_an_answer_carries_is_written_nowhere(tmp_path: Path) -> None:
    assert _paid_by(tmp_path / "a", "require('orders.read')", "OrderResponse.model_validate(order)") == 0
    assert _paid_by(tmp_path / "b", "require('orders.read')", "order") == 1


def test_a_permission_may_say_of_itself_that_staff_hold_it(tmp_path: Path) -> None:
    assert _paid_by(tmp_path / "a", "require('orders.manage')", "order") == 0
    assert _paid_by(tmp_path / "b", "require('billing.manage')", "order") == 1


_STAY = """\
from django.db import models
from django.db.models import Sum


class Order(models.Model):
    total = models.DecimalField(max_digits=10, decimal_places=2)
    paid_so_far = models.DecimalField(max_digits=10, decimal_places=2)
    open_balance = models.DecimalField(max_digits=10, decimal_places=2)
    payment_status = models.CharField(max_length=20)

    def add_up(self):
        self.paid_so_far = self.receipts.aggregate(total=Sum("sum"))["total"] or 0
        self.open_balance = self.total - self.paid_so_far
        if ASKED:
            self.payment_status = "paid"
        else:
            self.payment_status = "pending"
        self.save()


class Receipt(models.Model):
    order = models.ForeignKey(Order, related_name="receipts", on_delete=models.CASCADE)
    sum = models.DecimalField(max_digits=10, decimal_places=2)
"""
_EXTRA = """\
from django.http import HttpResponse
from django.urls import path

from stay.models import Order


def add_breakfast(request, number):
    order = Order.objects.get(pk=number, user=request.user)
    order.lines.create(name="breakfast", price=12)
    order.add_up()
    return HttpResponse()


urlpatterns = [path("orders/<int:number>/breakfast/", add_breakfast)]
"""


def test_a_state_that_sums_decide_needs_no_look_at_what_it_is(tmp_path: Path) -> None:
    def count(name: str, asked: str) -> int:
        files = {"manage.py": "", "stay/models.py": _STAY.replace("ASKED", asked), "stay/views.py": _EXTRA}
        return len(found(tmp_path / name, files, "order/unguarded-transition"))

    assert count("a", "self.open_balance <= 0") == 0
    assert count("b", "self.receipts.count() > 3") == 1


_MEMBERS = """\
from django.db import models


class Order(models.Model):
    status = models.CharField(max_length=20)
    total = models.DecimalField(max_digits=10, decimal_places=2)

    def book(self, sum):
        Receipt.objects.create(order=self, sum=sum)
        self.status = "paid"
        self.save()


class Receipt(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE)
    sum = models.DecimalField(max_digits=10, decimal_places=2)
"""
_ASKED = """\
import json
import os

import requests
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from club.models import Order

STATUS_URL = os.environ.get("NORDPAY_STATUS_URL", "https://api.nordpay.io/payment/getStatus").strip()


def look_up(number):
    try:
        answer = requests.get(STATUS_URL, params={"number": number}, timeout=9)
        if answer.status_code == 200:
            told = answer.json()
            return {"success": True, "status": told.get("status"), "order": told.get("order")}
        return {"success": False, "error": answer.status_code}
    except Exception as error:
        return {"success": False, "error": str(error)}


@csrf_exempt
def payment_webhook(request):
    told = look_up(json.loads(request.body)["number"])
    if not told.get("success"):
        return HttpResponse(status=400)
    order = Order.objects.get(pk=told.get("order"))
    if REFUSES:
        return HttpResponse()
    order.book(12)
    return HttpResponse()


urlpatterns = [path("nordpay/webhook/", payment_webhook)]
"""


def test_a_record_that_a_call_returns_may_say_what_was_proven(tmp_path: Path) -> None:
    def proven(name: str, refuses: str, asked: str = 'not told.get("success")') -> set[bool]:
        view = _ASKED.replace("REFUSES", refuses).replace('not told.get("success")', asked)
        model, _ = model_of(tmp_path / name, {"manage.py": "", "club/models.py": _MEMBERS, "club/views.py": view})
        return {act.proven for handler in model.handlers.all for act in handler.walked.acts}

    assert proven("a", 'told.get("status") != "paid"') == {True}
    assert proven("b", 'not told["success"]', "told is None") == {True}
    assert proven("c", 'told.get("error") == "refused"', "told is None") == {False}


_KEY = """\
from django.conf import settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed


class BotKey(BaseAuthentication):
    def authenticate(self, request):
        key = request.headers.get("X-API-Key")
        expected = getattr(settings, "BOT_API_KEY", None)
        if not expected or key != expected:
            REFUSED
        return (None, None)
"""
_BOT = """\
from django.urls import path
from rest_framework.decorators import api_view, authentication_classes
from rest_framework.response import Response

from club.keys import BotKey
from club.models import Order


@api_view(["POST"])
@authentication_classes([BotKey])
def make(request):
    order = Order.objects.create(status=request.data["status"], total=12)
    return Response({"id": order.pk})


urlpatterns = [path("orders/", make)]
"""


def test_a_key_of_our_own_is_asked_of_our_own(tmp_path: Path) -> None:
    def count(name: str, refused: str) -> int:
        files = {"manage.py": "", "club/models.py": _MEMBERS, "club/keys.py": _KEY.replace("REFUSED", refused), "club/views.py": _BOT}
        return len(found(tmp_path / name, files, "payment/fulfil-on-redirect"))

    assert count("a", 'raise AuthenticationFailed("no")') == 0
    assert count("b", "return None") == 1


_CAPTURE = """\
from flask import Flask, request
from flask_sqlalchemy import SQLAlchemy
from paypalcheckoutsdk.core import LiveEnvironment, PayPalHttpClient
from paypalcheckoutsdk.orders import OrdersCaptureRequest

app = Flask(__name__)
db = SQLAlchemy(app)
client = PayPalHttpClient(LiveEnvironment(client_id="", client_secret=""))


class Payment(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    order_id = db.Column(db.Integer)
    amount = db.Column(db.Numeric(10, 2))


@app.get("/paypal/return")
def paypal_return():
    answer = client.execute(OrdersCaptureRequest(request.args["token"]))
    if ASKED:
        bought = answer.result.purchase_units[0]
        db.session.add(Payment(order_id=bought.reference_id, amount=bought.payments.captures[0].amount.value))
        db.session.commit()
    return "thanks"
"""


def test_what_a_capture_lets_through_happens_once(tmp_path: Path) -> None:
    def count(name: str, asked: str) -> int:
        files = {"requirements.txt": "flask\n", "shop.py": _CAPTURE.replace("ASKED", asked)}
        return len(found(tmp_path / name, files, "idempotency/handler-not-idempotent"))

    assert count("a", 'answer.result.status == "COMPLETED"') == 0
    assert count("b", 'request.args["token"] == answer.result.id or request.args.get("PayerID")') == 1


_WAY_THERE = """\
import requests
from django.db import models
from django.shortcuts import redirect
from django.urls import path
from zeep import Client

zarinpal = Client("https://www.zarinpal.com/pg/services/WebGate/wsdl")


class Order(models.Model):
    total = models.DecimalField(max_digits=10, decimal_places=PLACES)


class Attempt(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE)
    token = models.CharField(max_length=40)


def ask(order):
    told = {"merchant_id": "x", "amount": int(order.total), "callback_url": "https://shop.ir/verify"}
    return requests.post("https://api.zarinpal.com/pg/v4/payment/request.json", json=told, timeout=9).json()


def other(request, number):
    order = Order.objects.get(pk=number, user=request.user)
    answer = requests.post("https://api.nordbank.io/v2/create", json={"amount": int(order.total)}, timeout=9).json()
    if answer["status"] == "error":
        return redirect("/sorry")
    Attempt.objects.create(order=order, token=BROUGHT)
    return redirect("https://pay.nordbank.io/" + answer["token"])


urlpatterns = [path("orders/<int:number>/pay/nb/", other)]
"""


def test_a_page_that_begins_a_payment_is_no_way_back(tmp_path: Path) -> None:
    def kinds(name: str, brought: str) -> list[str]:
        view = _WAY_THERE.replace("BROUGHT", brought).replace("PLACES", "2")
        model, _ = model_of(tmp_path / name, {"manage.py": "", "shop/views.py": view})
        return [handler.kind for handler in model.handlers.all]

    assert kinds("a", 'answer["token"]') == []
    assert kinds("b", 'request.GET["token"]') == ["redirect-return"]


def test_a_column_without_places_says_nothing_of_cents(tmp_path: Path) -> None:
    def count(name: str, places: str) -> int:
        view = _WAY_THERE.replace("BROUGHT", '""').replace("PLACES", places)
        view = view.replace("api.zarinpal.com/pg/v4/payment/request.json", "api.razorpay.com/v1/payment_links")
        return len(found(tmp_path / name, {"manage.py": "", "shop/views.py": view}, "payment/amount-unit"))

    assert count("a", "0") == 0
    assert count("b", "2") == 1


_FLASHED = """\
<?php
class Stripe extends CI_Controller
{
    public function callback($checkout_session_id)
    {
        $session = $this->stripe->checkout->sessions->retrieve($checkout_session_id);
        if ($session->payment_status === 'paid') {
            $this->db->insert('payments', ['order_id' => $session->client_reference_id, 'sum' => $session->amount_total]);
        }
        NOTED
        redirect('orders/' . $session->client_reference_id);
    }
}
"""


def test_who_is_shown_a_note_is_no_system(tmp_path: Path) -> None:
    def kinds(name: str, noted: str) -> list[str]:
        files = {
            "composer.json": '{"require": {"codeigniter/framework": "3.1.13", "stripe/stripe-php": "13.0"}}',
            "application/controllers/Stripe.php": _FLASHED.replace("NOTED", noted),
        }
        return [h.kind for h in model_of(tmp_path / name, files)[0].handlers.all]

    assert kinds("a", "$this->session->set_flashdata('thanks', 'Paid.');") == ["redirect-return"]
    assert kinds("b", "") == ["webhook"]


_VERIFIED = """\
import requests
from django.db import models
from django.http import HttpResponse
from django.urls import path


class Payment(models.Model):
    number = models.CharField(max_length=40, unique=True)
    amount = models.DecimalField(max_digits=10, decimal_places=0)
    status = models.CharField(max_length=20)


def verify(token, amount):
    return requests.post("https://api.nordbank.io/v2/verify", json={"token": token, TOLD}, timeout=9).json()


def payment_verify(request):
    payment = Payment.objects.select_related("order").get(number=request.POST["number"])
    answer = verify(request.POST["receipt"], payment.amount)
    if answer["status"] == "paid":
        payment.status = "paid"
        payment.save()
    return HttpResponse()


urlpatterns = [path("payment/verify/", payment_verify)]
"""


def test_a_system_that_is_told_what_is_owed_compares_it(tmp_path: Path) -> None:
    def count(name: str, told: str) -> int:
        files = {"manage.py": "", "shop/views.py": _VERIFIED.replace("TOLD", told)}
        return len(found(tmp_path / name, files, "payment/amount-not-reconciled"))

    assert count("a", '"amount": int(amount)') == 0
    assert count("b", '"mode": "full"') == 1


_LOOKED_FOR_OFTEN = """\
import json
import time

import stripe
from django.conf import settings
from django.db import models
from django.http import HttpResponse


class Order(models.Model):
    email = models.EmailField()
    bag = models.TextField()
    intent = models.CharField(max_length=254)


def paid(request):
    event = stripe.Webhook.construct_event(request.body, request.META["HTTP_STRIPE_SIGNATURE"], settings.STRIPE_WH_SECRET)
    if event["type"] != "payment_intent.succeeded":
        return HttpResponse(status=200)
    intent = event.data.object
    there = False
    attempt = 1
    while attempt <= 5:
        try:
            order = Order.objects.get(LOOK)
            there = True
            break
        except Order.DoesNotExist:
            attempt += 1
            time.sleep(1)
    if there:
        return HttpResponse(content="already there", status=200)
    Order.objects.create(email=intent.receipt_email, bag=intent.metadata.bag, intent=intent.id)
    return HttpResponse(content="created", status=200)
"""
_ADDRESSES = "from django.urls import path\n\nfrom checkout.views import paid\n\nurlpatterns = [path('wh/', paid)]\n"


def test_an_order_that_is_looked_for_several_times_is_made_once_but_by_two_at_the_same_moment(tmp_path: Path) -> None:
    view = _LOOKED_FOR_OFTEN.replace("LOOK", "email__iexact=intent.receipt_email, intent=intent.id")
    files = {"manage.py": "", "checkout/__init__.py": "", "checkout/views.py": view, "checkout/urls.py": _ADDRESSES}
    assert found(tmp_path / "again", files, "idempotency/handler-not-idempotent") == []
    (race,) = found(tmp_path / "race", files, "idempotency/dedup-race")
    assert "unique constraint on `intent`" in race.remediation
