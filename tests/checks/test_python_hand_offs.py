"""Python's ways of handing work on: a bus that finds the handler of a message, a queue that is told a function and its arguments, jobs that
queue jobs, and a class that is named by its path. What runs in the end is what the route does."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.contract import Finding
from tillproof.review import review
from tillproof.settings import Settings

UNVERIFIED, UNGUARDED, REPEATED = "payment/webhook-unverified", "order/unguarded-transition", "idempotency/handler-not-idempotent"


def found(root: Path, files: dict[str, str], *checks: str) -> list[Finding]:
    write(root, {"requirements.txt": "fastapi\nstripe\nsqlalchemy\ncelery\ndishka\n", "shop/__init__.py": "", **files})
    return review(root, Settings(checks=checks, use_cache=False)).findings


MODELS = """\
from sqlalchemy import Column, DateTime, Integer, String
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class Order(Base):
    __tablename__ = "orders"
    id = Column(Integer, primary_key=True)
    status = Column(String, default="pending")
    payment_id = Column(String, unique=True)
    email = Column(String)
    expires_at = Column(DateTime)
"""
COMMANDS = """\
import json
from dataclasses import dataclass

from shop.models import Order
from shop.proofs import signed


@dataclass(frozen=True)
class Command:
    pass


@dataclass(frozen=True)
class MarkPaid(Command):
    body: bytes
    signature: str


@dataclass(frozen=True)
class Rename(Command):
    name: str


class Handler:
    async def handle(self, command):
        raise NotImplementedError


class MarkPaidHandler(Handler):
    def __init__(self, session):
        self.session = session

    async def handle(self, command: MarkPaid) -> None:
        PROOF
        order = self.session.query(Order).filter(Order.payment_id == json.loads(command.body)["object"]["id"]).one()
        order.status = "paid"
        self.session.commit()


class RenameHandler(Handler):
    async def handle(self, command: Rename) -> None:
        if not signed(command.name.encode(), "x"):
            raise PermissionError
"""
PROOFS = """\
import hashlib
import hmac
import os


def signed(body, signature):
    return hmac.compare_digest(hmac.new(os.environ["HOOK_SECRET"].encode(), body, hashlib.sha256).hexdigest(), signature)
"""
BUS = """\
from shop.commands import Command, MarkPaid, MarkPaidHandler, Rename, RenameHandler


class Bus:
    def __init__(self, container):
        self.container = container
        self.handlers = {MarkPaid: [MarkPaidHandler], Rename: [RenameHandler]}

    async def send(self, command: Command):
        out = []
        for kind in self.handlers.get(command.__class__, []):
            async with self.container() as scope:
                handler = await scope.get(kind)
                out.append(await handler.handle(command))
        return out
"""
ROUTE = """\
import os

import httpx
from dishka.integrations.fastapi import FromDishka
from fastapi import APIRouter, Request

from shop.bus import Bus
from shop.commands import MarkPaid, Rename

router = APIRouter()


@router.post("/done")
async def done(request: Request, bus: FromDishka[Bus]):
    await bus.send(MarkPaid(await request.body(), request.headers["x-signature"]))
    return {}


@router.post("/name")
async def name(request: Request, bus: FromDishka[Bus]):
    await bus.send(Rename((await request.json())["name"]))
    return {}


async def begin(order):
    auth = (os.environ["SHOP_ID"], os.environ["SHOP_KEY"])
    async with httpx.AsyncClient(auth=auth) as client:
        return await client.post("https://api.yookassa.ru/v3/payments", json={"amount": {"value": "1.00", "currency": "RUB"}})
"""


@pytest.mark.parametrize(
    ("proof", "unverified"),
    [("pass", 1), ("if not signed(command.body, command.signature):\n            raise PermissionError", 0)],
)
def test_a_bus_runs_the_handler_that_takes_the_message(tmp_path: Path, proof: str, unverified: int) -> None:
    files = {
        "shop/models.py": MODELS,
        "shop/proofs.py": PROOFS,
        "shop/commands.py": COMMANDS.replace("PROOF", proof),
        "shop/bus.py": BUS,
        "shop/webhooks/yookassa.py": ROUTE,
    }
    told = found(tmp_path, files, UNVERIFIED, UNGUARDED)
    assert [f.check for f in told if f.check == UNVERIFIED] == [UNVERIFIED] * unverified
    # The other route sends another message, and what guards that says nothing of this one.
    transitions = [f for f in told if f.check == UNGUARDED]
    assert [f.file for f in transitions] == ["shop/commands.py"]
    assert all(
        "webhooks/yookassa.py" in step.file or "commands" in step.file or "bus" in step.file for f in transitions for step in f.trace
    )


HOOK = """\
import os
import threading
from datetime import datetime, timedelta

import stripe
from django_q.tasks import async_task
from fastapi import APIRouter, BackgroundTasks, Request
from redis import Redis
from rq import Queue

from shop.db import session
from shop.models import Order

router = APIRouter()
queue = Queue(connection=Redis())


def settle(order_id, state="paid"):
    order = session.query(Order).filter(Order.id == order_id).one()
    order.status = state
    session.commit()


class Desk:
    def settle(self, order_id, state="paid"):
        settle(order_id, state)


desk = Desk()


@router.get("/return")
async def back(request: Request, background: BackgroundTasks, order_id: int):
    CALL
    return {}
"""
RETURNED = "payment/fulfil-on-redirect"
DB = "from sqlalchemy import create_engine\nfrom sqlalchemy.orm import sessionmaker\n\nsession = sessionmaker(create_engine('x'))()\n"


@pytest.mark.parametrize(
    "call",
    [
        "background.add_task(settle, order_id, STATE)",
        "background.add_task(settle, order_id, state=STATE)",
        "background.add_task(desk.settle, order_id, STATE)",
        "queue.enqueue(settle, order_id, state=STATE)",
        "threading.Thread(target=settle, args=(order_id, STATE)).start()",
        "threading.Thread(target=settle, kwargs={'order_id': order_id, 'state': STATE}).start()",
        "async_task(settle, order_id, STATE)",
    ],
)
@pytest.mark.parametrize(("state", "paid"), [("'paid'", 1), ("'seen'", 0)])
def test_a_function_that_is_queued_is_given_what_stands_beside_it(tmp_path: Path, call: str, state: str, paid: int) -> None:
    files = {"shop/models.py": MODELS, "shop/db.py": DB, "shop/views.py": HOOK.replace("CALL", call.replace("STATE", state))}
    assert len(found(tmp_path, files, RETURNED)) == paid


LOADS = {
    "Django's": "from django.utils.module_loading import import_string\n\n\ndef load(path):\n    return import_string(path)\n",
    "by hand": (
        "import importlib\n\n\ndef load(path):\n    parts = path.split('.')\n    name = parts.pop()\n"
        "    return getattr(importlib.import_module('.'.join(parts)), name)\n"
    ),
    "by two names": (
        "from importlib import import_module\n\n\ndef load(path):\n    module, name = path.rsplit('.', 1)\n"
        "    return getattr(import_module(module), name)\n"
    ),
}
GATEWAY = """\
import stripe


class Gateway:
    def charge(self, amount):
        return stripe.PaymentIntent.create(amount=amount, currency="usd")
"""
PAY = """\
from django.conf import settings
from fastapi import APIRouter

from shop.loading import load

router = APIRouter()
Gateway = load(PATH)


@router.post("/pay")
async def pay(amount: int):
    return Gateway().charge(amount)
"""


@pytest.mark.parametrize("loading", list(LOADS))
@pytest.mark.parametrize("path", ["'shop.gateway.Gateway'", "getattr(settings, 'GATEWAY', 'shop.gateway.Gateway')"])
def test_a_class_may_be_named_by_its_path(tmp_path: Path, loading: str, path: str) -> None:
    files = {"shop/loading.py": LOADS[loading], "shop/gateway.py": GATEWAY, "shop/views.py": PAY.replace("PATH", path)}
    assert [f.check for f in found(tmp_path, files, "payment/client-amount")] == ["payment/client-amount"]


TASKS = """\
import smtplib

from celery import chain, group, shared_task

from shop.db import session
from shop.models import Order


@shared_task
def mail(order_id):
    with smtplib.SMTP("mail") as server:
        server.sendmail("shop@example.com", ["a@example.com"], f"Order {order_id}")


@shared_task
def orchestrate(order_id):
    RUN
"""
STRIPE_HOOK = """\
import os

import stripe
from fastapi import APIRouter, Request

from shop.tasks import orchestrate

router = APIRouter()


@router.post("/webhooks/stripe")
async def hook(request: Request):
    event = stripe.Webhook.construct_event(await request.body(), request.headers["stripe-signature"], os.environ["HOOK_SECRET"])
    if event["type"] == "checkout.session.completed":
        orchestrate.delay(event["data"]["object"]["client_reference_id"])
    return {}
"""


@pytest.mark.parametrize(
    ("run", "again"),
    [("mail.delay(order_id)", 1), ("group(mail.s(order_id))()", 1), ("chain(mail.si(order_id))()", 1), ("print(order_id)", 0)],
)
def test_a_job_does_what_the_jobs_do_that_it_queues(tmp_path: Path, run: str, again: int) -> None:
    files = {"shop/models.py": MODELS, "shop/db.py": DB, "shop/tasks.py": TASKS.replace("RUN", run), "shop/views.py": STRIPE_HOOK}
    assert len(found(tmp_path, files, REPEATED)) == again


LONGER = """\
import os
from datetime import datetime, timedelta

import stripe
from fastapi import APIRouter, Request

from shop.db import session
from shop.models import Order

router = APIRouter()


@router.post("/webhooks/stripe")
async def hook(request: Request):
    event = stripe.Webhook.construct_event(await request.body(), request.headers["stripe-signature"], os.environ["HOOK_SECRET"])
    if event["type"] == "invoice.paid":
        invoice = event["data"]["object"]
        order = session.query(Order).filter(Order.payment_id == invoice["id"]).one()
        CODE
        session.commit()
    return {}
"""


@pytest.mark.parametrize(
    ("code", "again"),
    [
        ("order.expires_at += timedelta(days=30)", 1),
        ("order.expires_at = order.expires_at + timedelta(days=30)", 1),
        ("order.expires_at = max(datetime.now(), order.expires_at) + timedelta(days=30)", 1),
        ("start = order.expires_at if order.expires_at > NOW else NOW\n        order.expires_at = start + timedelta(30)", 1),
        ("order.expires_at = Order.expires_at + timedelta(days=30)", 1),
        ("order.expires_at = datetime.fromtimestamp(invoice['period_end'])", 0),
        ("order.expires_at = datetime.fromtimestamp(invoice['expires_at'])", 0),
        ("order.expires_at = order.expires_at", 0),
    ],
)  # fmt: skip
def test_who_is_given_more_time_has_it_twice_after_two_deliveries(tmp_path: Path, code: str, again: int) -> None:
    files = {"shop/models.py": MODELS, "shop/db.py": DB, "shop/views.py": LONGER.replace("CODE", code.replace("NOW", "datetime.now()"))}
    assert len(found(tmp_path, files, REPEATED)) == again
