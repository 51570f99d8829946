"""A provider that is asked once how a payment stands, and events of which no line is left: small servers, reviewed whole."""

from pathlib import Path

import pytest

from tillproof.contract import Report
from tillproof.review import review
from tillproof.settings import Settings

RETRY, LOGGED = "resilience/no-retry", "resilience/payment-event-not-logged"
CLIENT = """\
import httpx


class GatewayError(Exception):
    pass


def fetch_payment(payment_id, token):
    try:
        answer = httpx.get(
            f"https://api.mercadopago.com/v1/payments/{payment_id}", headers={"Authorization": token}, timeout=10
        )
        answer.raise_for_status()
    except httpx.HTTPError as error:
        raise GatewayError(str(error)) from error
    return answer.json()
"""
SERVER = """\
import logging
import os
from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from shop.gateway import GatewayError, fetch_payment
from shop.mailer import send_receipt_email
from shop.models import Payment, engine

logger = logging.getLogger(__name__)
router = APIRouter()


@router.post("/webhooks/mercadopago")
def mercadopago(payload: dict):
    with Session(engine) as db:
        payment = db.query(Payment).filter(Payment.provider_id == payload["data"]["id"]).one()
        try:
            told = fetch_payment(payload["data"]["id"], os.environ["TOKEN"])
        except GatewayError:
            {failed}
        payment.status = told["status"]
        db.commit()
        {noted}
    send_receipt_email(payment.email)
    return {{"ok": True}}
"""
MODELS = """\
from sqlalchemy import Column, Integer, String, create_engine
from sqlalchemy.orm import declarative_base

Base = declarative_base()
engine = create_engine("postgresql://db/shop")


class Payment(Base):
    __tablename__ = "payments"
    id = Column(Integer, primary_key=True)
    provider_id = Column(String)
    email = Column(String)
    status = Column(String)
"""
MAILER = """\
from celery import Celery

app = Celery("shop")


def send_receipt_email(address):
    task = app.tasks.get("mail.plain")
    task.apply_async((address, "Thank you"))
"""


def reviewed(folder: Path, failed: str, noted: str) -> Report:
    files = {
        "requirements.txt": "fastapi\nsqlalchemy\nhttpx\ncelery\n",
        "shop/gateway.py": CLIENT,
        "shop/models.py": MODELS,
        "shop/mailer.py": MAILER,
        "shop/webhooks.py": SERVER.format(failed=failed, noted=noted),
    }
    for name, code in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code, encoding="utf-8")
    return review(folder, Settings(use_cache=False, checks=(RETRY, LOGGED)))


@pytest.mark.parametrize(("failed", "flawed"), [('return {"ok": True}', True), ("raise", False)])
def test_a_question_that_nobody_repeats_is_told_of_where_its_failure_is_kept_quiet(tmp_path: Path, failed: str, flawed: bool) -> None:
    found = [f for f in reviewed(tmp_path, failed, "pass").findings if f.check == RETRY]
    assert [(f.file, f.start_line, f.severity) for f in found] == ([("shop/gateway.py", 10, "medium")] if flawed else [])


NOTE = "logger.info('payment %s of %s %s is %s', payment.id, told['transaction_amount'], told['currency_id'], told['status'])"


@pytest.mark.parametrize(("noted", "flawed"), [("pass", True), (NOTE, False)])
def test_a_mail_that_is_queued_is_no_note_of_the_event(tmp_path: Path, noted: str, flawed: bool) -> None:
    found = [f.check for f in reviewed(tmp_path, "raise", noted).findings if f.check == LOGGED]
    assert found == ([LOGGED] if flawed else [])
