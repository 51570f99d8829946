"""A table of secrets that a setting holds, and which the code has another of for when nobody sets it."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_API = """\
import hashlib
import hmac
import json
import os

from fastapi import FastAPI, HTTPException, Request
from sqlmodel import Field, Session, SQLModel, create_engine

app = FastAPI()
engine = create_engine("sqlite://")
OTHERS = {"stripe": "stripe_secret_here", "mollie": "mollie_secret_here"}


class Order(SQLModel, table=True):
    id: int = Field(primary_key=True)
    status: str


def load():
    raw = os.getenv("WEBHOOK_SECRETS")
    if not raw:
        FALLBACK
    return json.loads(raw)


SECRETS = load()


@app.post("/webhooks/{provider}")
async def webhook(provider: str, request: Request):
    body = await request.body()
    made = hmac.new(SECRETS[provider].encode(), body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(made, request.headers["x-signature"]):
        raise HTTPException(403)
    event = json.loads(body)
    with Session(engine) as session:
        order = session.get(Order, event["order_id"])
        if event["type"] == "payment.succeeded" and order.status == "open":
            order.status = "paid"
            session.add(order)
            session.commit()
    return {}
"""


@pytest.mark.parametrize(("fallback", "ruling"), [("return OTHERS", "broken"), ('raise RuntimeError("no secrets")', "held")])
def test_a_table_that_stands_in_the_code_is_known_to_everybody(tmp_path: Path, fallback: str, ruling: str) -> None:
    files = {"requirements.txt": "fastapi\nsqlmodel\n", "app/api.py": _API.replace("FALLBACK", fallback)}
    assert [said for said, _, _ in ruled(tmp_path, "payment/webhook-weak-verification", files)] == [ruling]
