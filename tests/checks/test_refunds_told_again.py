"""Several messages of one refund add it once: each has an id of its own, so that a note of the message keeps none of them apart."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_APP = """\
import os

import stripe
from flask import Flask, request
from sqlalchemy.exc import IntegrityError

from models import Message, Payment, Refund, db

app = Flask(__name__)


@app.post("/webhooks/stripe")
def hook():
    event = stripe.Webhook.construct_event(request.data, request.headers["Stripe-Signature"], os.environ["STRIPE_WEBHOOK_SECRET"])
    if Message.query.filter_by(event_id=event["id"]).first():
        return "", 200
    refund = event["data"]["object"]
    if event["type"] == "KIND":
        payment = Payment.query.filter_by(intent_id=refund["payment_intent"]).first()
        GUARD
        payment.refunded_amount = payment.refunded_amount + refund["amount"]
    db.session.add(Message(event_id=event["id"]))
    db.session.commit()
    return "", 200
"""
_MODELS = """\
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()


class Message(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    event_id = db.Column(db.String(80), unique=True)


class Payment(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    intent_id = db.Column(db.String(80), unique=True)
    refunded_amount = db.Column(db.Integer, default=0)


class Refund(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    refund_id = db.Column(db.String(80), unique=True)
"""
_KNOWN = """if Refund.query.filter_by(refund_id=refund["id"]).first():
            return "", 200
        db.session.add(Refund(refund_id=refund["id"]))"""


@pytest.mark.parametrize(
    ("kind", "guard", "wrong"),
    [("charge.refund.updated", "", True), ("charge.refund.updated", _KNOWN, False), ("refund.created", "", False)],
)
def test_a_refund_of_which_several_messages_tell(tmp_path: Path, kind: str, guard: str, wrong: bool) -> None:
    files = {"app.py": _APP.replace("KIND", kind).replace("GUARD", guard), "models.py": _MODELS}
    told = found(tmp_path, files, "idempotency/handler-not-idempotent")
    assert [f.title for f in told] == (["Each Stripe message about the same refund adds it again"] if wrong else [])
