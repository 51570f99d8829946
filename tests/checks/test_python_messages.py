"""Messages that a Python shop hears: a repeated one that an item of DynamoDB keeps out, a digest over a setting of the shop's own, and a
bill that was only sent."""

from pathlib import Path

import pytest

from tillproof.contract import Finding
from tillproof.review import review
from tillproof.settings import Settings

HOOK = """\
import os

import boto3
import stripe
from botocore.exceptions import ClientError
from flask import Flask, request

app = Flask(__name__)
events = boto3.resource("dynamodb").Table(os.environ["EVENTS"])
orders = boto3.resource("dynamodb").Table(os.environ["ORDERS"])
ses = boto3.client("ses")


@app.post("/stripe")
def hook():
    event = stripe.Webhook.construct_event(request.data, request.headers["Stripe-Signature"], os.environ["STRIPE_WEBHOOK_SECRET"])
GUARD    if event["type"] == "checkout.session.completed":
        ACT
    return "", 200
"""
COUNTS = """\
orders.update_item(
            Key={"id": event["data"]["object"]["metadata"]["order"]},
            UpdateExpression="SET credits = credits + :n",
            ExpressionAttributeValues={":n": 5},
        )
"""
MAILS = 'ses.send_email(Source="s@shop.example", Destination={"ToAddresses": [event["data"]["object"]["email"]]}, Message={})\n'
LOOKED = """\
    if "Item" in events.get_item(Key={"event_id": event["id"]}):
        return "", 200
    events.put_item(Item={"event_id": event["id"]})
"""
CLAIMED = """\
    try:
        events.put_item(Item={"event_id": event["id"]}, ConditionExpression="attribute_not_exists(event_id)")
    except ClientError:
        return "", 200
"""
RACE, REPEATED = "idempotency/dedup-race", "idempotency/handler-not-idempotent"


def found(root: Path, files: dict[str, str], *checks: str) -> list[Finding]:
    for name, code in files.items():
        (root / name).write_text(code)
    return review(root, Settings(checks=checks, use_cache=False)).findings


@pytest.mark.parametrize("act", [COUNTS, MAILS])
@pytest.mark.parametrize(("guard", "flaws"), [("", [REPEATED]), (LOOKED, [RACE]), (CLAIMED, [])])
def test_an_item_that_is_there_says_that_a_message_came_before(tmp_path: Path, act: str, guard: str, flaws: list[str]) -> None:
    hook = HOOK.replace("GUARD", guard).replace("ACT", act)
    files = {"requirements.txt": "flask\nboto3\nstripe\n", "app.py": hook}
    assert [f.check for f in found(tmp_path, files, RACE, REPEATED)] == flaws


SETTINGS = """\
from django.conf import settings

DEFAULTS = {"SERVER_KEY": "", "CLIENT_KEY": ""}


class ShopSettings:
    def __getattr__(self, name):
        if name not in DEFAULTS:
            raise AttributeError(name)
        return getattr(settings, "MIDTRANS", {}).get(name, DEFAULTS[name])


shop_settings = ShopSettings()
"""
NOTIFIED = """\
import hashlib
import hmac

from flask import Flask, abort, request
from flask_sqlalchemy import SQLAlchemy

from conf import shop_settings

app = Flask(__name__)
db = SQLAlchemy(app)


class Order(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    status = db.Column(db.String)


def verify(order_id, code, amount, signature):
    expected = hashlib.sha512(f"{order_id}{code}{amount}{SECRET}".encode()).hexdigest()
    return hmac.compare_digest(expected, signature)


@app.post("/midtrans/notify")
def notify():
    body = request.get_json()
    if not verify(body["order_id"], body["status_code"], body["gross_amount"], body["signature_key"]):
        abort(403)
    if body["transaction_status"] == "settlement":
        order = db.session.get(Order, body["order_id"])
        order.status = "paid"
        db.session.commit()
    return "ok"
"""


@pytest.mark.parametrize(("secret", "flaws"), [("shop_settings.SERVER_KEY", 0), ("code", 1)])
def test_a_digest_over_a_setting_of_an_object_of_ours_proves_a_message(tmp_path: Path, secret: str, flaws: int) -> None:
    files = {"requirements.txt": "flask\nmidtransclient\n", "conf.py": SETTINGS, "app.py": NOTIFIED.replace("SECRET", secret)}
    assert len(found(tmp_path, files, "payment/webhook-unverified")) == flaws


BILL = """\
from django.db import models
from django.urls import path
from rest_framework.decorators import api_view
from rest_framework.response import Response


class Order(models.Model):
    total = models.IntegerField()


class Invoice(models.Model):
    order_id = models.CharField(max_length=40)
    status = models.CharField(max_length=20)
    total = models.IntegerField()


@api_view(["POST"])
def bill(request, pk):
    order = Order.objects.get(pk=pk)
    Invoice.objects.create(order_id=order.id, total=order.total, status="STATUS")
    return Response({"ok": True})


urlpatterns = [path("orders/<int:pk>/bill/", bill)]
"""


@pytest.mark.parametrize(("status", "flaws"), [("sent", 0), ("draft", 0), ("paid", 1)])
def test_a_bill_that_was_sent_is_still_to_be_paid(tmp_path: Path, status: str, flaws: int) -> None:
    files = {"requirements.txt": "django\ndjangorestframework\nstripe\n", "shop.py": BILL.replace("STATUS", status)}
    assert len(found(tmp_path, files, "payment/fulfil-on-redirect")) == flaws


SIGNED_IN = """\
from fastapi import APIRouter, Depends, HTTPException
from pydantic import BaseModel
from sqlalchemy import ForeignKey
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from auth import current_client, get_db

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Client(Base):
    __tablename__ = "clients"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
    COLUMN: Mapped[str]


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("clients.id"))
    status: Mapped[str]


@router.put("/orders/{order_id}/paid")
async def paid(order_id: int, client: Client = Depends(current_client), db: AsyncSession = Depends(get_db)):
    order = await db.get(Order, order_id)
    if order.client_id != client.id:
        raise HTTPException(403)
    order.status = "paid"
    await db.commit()
"""
AUTH = """\
from fastapi import Depends, HTTPException
from fastapi.security import OAuth2PasswordBearer

oauth = OAuth2PasswordBearer(tokenUrl="token")


async def get_db():
    yield


async def current_client(token: str = Depends(oauth)):
    if not token:
        raise HTTPException(401)
    return decode(token)
"""


@pytest.mark.parametrize(("column", "flaws"), [("hashed_password", 1), ("postal_town", 0)])
def test_a_customer_with_a_password_of_his_own_signs_in(tmp_path: Path, column: str, flaws: int) -> None:
    files = {"requirements.txt": "fastapi\nsqlalchemy\nstripe\n", "auth.py": AUTH, "shop.py": SIGNED_IN.replace("COLUMN", column)}
    assert len(found(tmp_path, files, "payment/fulfil-on-redirect")) == flaws


STATES = """\
import os
import uuid

from aiohttp import web
from sqlalchemy import delete, select, update
from yookassa import Configuration, Payment

from models import Order, engine

Configuration.configure(os.environ["SHOP_ID"], os.environ["SHOP_TOKEN"])


async def check_payment(request: web.Request):
    if request.remote not in ("185.71.76.1",):
        return web.Response(status=403)
    data = (await request.json())["object"]
    async with engine.begin() as conn:
        if data["status"] == "succeeded":
            await conn.execute(update(Order).where(Order.payment_id == data["id"]).values(status="paid"))
        if data["status"] == "canceled":
            await conn.execute(delete(Order).where(Order.payment_id == data["id"]))
    return web.Response()


async def begin(request: web.Request):
    made = Payment.create({"amount": {"value": "1.00", "currency": "RUB"}}, uuid.uuid4())
    return web.json_response({"url": made.confirmation.confirmation_url})


app = web.Application()
app.router.add_post("ROUTE", check_payment)
app.router.add_post("/begin", begin)
"""
ORDERS = """\
from sqlalchemy import Column, Integer, String
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import declarative_base

Base = declarative_base()
engine = create_async_engine("sqlite+aiosqlite:///shop.db")


class Order(Base):
    __tablename__ = "orders"
    id = Column(Integer, primary_key=True)
    status = Column(String, default="pending")
    payment_id = Column(String, unique=True)
"""


@pytest.mark.parametrize(("route", "flaws"), [("/yookassa_payment", ["payment/webhook-unverified"]), ("/orders", [])])
def test_a_route_that_is_posted_what_became_of_a_providers_payments_takes_its_messages(
    tmp_path: Path, route: str, flaws: list[str]
) -> None:
    files = {"shop.py": STATES.replace("ROUTE", route), "models.py": ORDERS, "requirements.txt": "aiohttp\nyookassa\nsqlalchemy\n"}
    assert [f.check for f in found(tmp_path, files, "payment/webhook-unverified")] == flaws


FUNCTION = """\
import base64
import json
import os

import boto3
import stripe

orders = boto3.resource("dynamodb").Table(os.environ["ORDERS"])


def raw_body(event):
    body = event.get("body")
    if body is None:
        return ""
    if isinstance(body, str):
        return base64.b64decode(body).decode() if event.get("isBase64Encoded") else body
    return json.dumps(body)


def lambda_handler(event, context):
    MESSAGE
    if message.get("type") == "checkout.session.completed":
        orders.update_item(
            Key={"id": message["data"]["object"]["metadata"]["order"]},
            UpdateExpression="SET #s = :s",
            ExpressionAttributeNames={"#s": "status"},
            ExpressionAttributeValues={":s": "paid"},
        )
    return {"statusCode": 200}
"""
SIGNED = 'message = stripe.Webhook.construct_event(BODY, event.get("headers", {}).get("Stripe-Signature"), os.environ["SECRET"])'
WEAK, UNVERIFIED = "payment/webhook-weak-verification", "payment/webhook-unverified"


@pytest.mark.parametrize(
    ("message", "flaws"),
    [
        ('message = event.get("detail", {})', []),  # EventBridge, on whose bus nobody puts what he likes
        ('message = json.loads(event.get("body"))', [UNVERIFIED]),
        (SIGNED.replace("BODY", "raw_body(event)"), []),  # a gateway hands over a text, which is signed as it came
        (SIGNED.replace("BODY", 'event.get("body")'), []),
        (SIGNED.replace("BODY", 'json.dumps(json.loads(event.get("body")))'), [WEAK]),
    ],
)
def test_a_function_of_a_cloud_is_handed_its_request_as_a_dictionary(tmp_path: Path, message: str, flaws: list[str]) -> None:
    files = {"stripe_webhook.py": FUNCTION.replace("MESSAGE", message), "requirements.txt": "boto3\nstripe\n"}
    assert [f.check for f in found(tmp_path, files, WEAK, UNVERIFIED)] == flaws


PRICED = """\
import json
import os

import stripe

stripe.api_key = os.environ["STRIPE_KEY"]


def lambda_handler(event, context):
    order = json.loads(event.get("body") or "{}")
    made = stripe.PaymentIntent.create(amount=AMOUNT, currency="usd")
    return {"statusCode": 200, "body": json.dumps({"secret": made.client_secret})}
"""


@pytest.mark.parametrize(("amount", "flaws"), [('order["amount"]', 1), ("1500", 0)])
def test_a_sum_that_a_function_of_a_cloud_is_sent_is_the_clients(tmp_path: Path, amount: str, flaws: int) -> None:
    files = {"begin.py": PRICED.replace("AMOUNT", amount), "requirements.txt": "boto3\nstripe\n"}
    assert len(found(tmp_path, files, "payment/client-amount")) == flaws
