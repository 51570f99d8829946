"""Python's ways of having another call run, of declaring what requests hold, and of asking half a question: small shops, reviewed whole."""

from pathlib import Path

import pytest

from tillproof.contract import Finding
from tillproof.review import review
from tillproof.settings import Settings

SHOP = """\
import asyncio
from functools import partial

import stripe
from asgiref.sync import sync_to_async
from fastapi import APIRouter, Depends
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db import Order, Product, get_db
from settings import settings

router = APIRouter()


def again(run, *args, **kwargs):
    for _ in range(3):
        try:
            return run(*args, **kwargs)
        except stripe.APIConnectionError:
            pass


class Line(BaseModel):
    product_id: int
    quantity: int FIELD


class Other(BaseModel):
    quantity: int = Field(gt=0)


class Cart(BaseModel):
    amount: int = 0
    lines: list[Line] = []


CODE
"""
DB = """\
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Product(Base):
    __tablename__ = "products"
    id: Mapped[int] = mapped_column(primary_key=True)
    price_cents: Mapped[int]


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(default="pending")
    intent_id: Mapped[str]


async def get_db():
    yield None
"""


def found(root: Path, code: str, *checks: str, field: str = "") -> list[Finding]:
    (root / "shop.py").write_text(SHOP.replace("CODE", code).replace(" FIELD", field), encoding="utf-8")
    (root / "db.py").write_text(DB, encoding="utf-8")
    (root / "settings.py").write_text("class Settings:\n    DEBUG = False\n\n\nsettings = Settings()\n", encoding="utf-8")
    (root / "requirements.txt").write_text("fastapi\nstripe\nsqlalchemy\npydantic\n", encoding="utf-8")
    return review(root, Settings(checks=checks, use_cache=False)).findings


GIVEN = 'amount=cart.amount, currency="usd"'
ROUTE = '@router.post("/pay")\nasync def pay(cart: Cart):\n    '


@pytest.mark.parametrize(
    "call",
    [
        f"await asyncio.to_thread(stripe.PaymentIntent.create, {GIVEN})",
        f"await run_in_threadpool(stripe.PaymentIntent.create, {GIVEN})",
        f"await asyncio.get_running_loop().run_in_executor(None, partial(stripe.PaymentIntent.create, {GIVEN}))",
        f"await asyncio.get_running_loop().run_in_executor(None, lambda: stripe.PaymentIntent.create({GIVEN}))",
        f"await sync_to_async(stripe.PaymentIntent.create, thread_sensitive=False)({GIVEN})",
        f"create = sync_to_async(stripe.PaymentIntent.create)\n    await create({GIVEN})",
        f"again(stripe.PaymentIntent.create, {GIVEN})",
        f"make = partial(stripe.PaymentIntent.create, {GIVEN})\n    make()",
    ],
)
def test_a_method_that_is_handed_on_is_called(tmp_path: Path, call: str) -> None:
    checks = ("payment/client-amount", "idempotency/missing-key")
    assert sorted({f.check for f in found(tmp_path / ".", ROUTE + call, *checks)}) == sorted(checks)
    sent = call.replace("cart.amount", "1000").replace('currency="usd"', 'currency="usd", idempotency_key="order-7"')
    assert found(tmp_path / ".", ROUTE + sent, *checks) == []


MULTIPLIED = """\
@router.post("/pay")
async def pay(cart: Cart, db: AsyncSession = Depends(get_db)):
    total = 0
    for line in cart.lines:
        product = await db.get(Product, line.product_id)
        total += product.price_cents * line.quantity
    return stripe.PaymentIntent.create(amount=total, currency="usd", idempotency_key="order-7")
"""


@pytest.mark.parametrize(("field", "negative"), [("", 1), (" = Field(1, le=10)", 1), (" = Field(ge=1)", 0), (" = Field(gt=0, le=10)", 0)])
def test_the_class_of_what_is_sent_says_what_bounds_it(tmp_path: Path, field: str, negative: int) -> None:
    assert len(found(tmp_path, MULTIPLIED, "payment/client-amount", field=field)) == negative


RETURN = """\
@router.get("/return")
async def back(session_id: str, db: AsyncSession = Depends(get_db)):
    session = stripe.checkout.Session.retrieve(session_id)
    order = (await db.execute(select(Order).where(Order.intent_id == session.id))).scalar_one()
    if CONDITION:
        return {"paid": False}
    order.status = "paid"
    await db.commit()
    return {"paid": True}
"""


@pytest.mark.parametrize(
    ("condition", "paid_for_nothing"),
    [
        ('session.status == "expired"', 1),
        ('session.status == "expired" or session.status == "canceled"', 1),
        ('session.payment_status != "paid"', 0),
        ('session.status == "expired" or session.payment_status == "unpaid"', 0),
    ],
)
def test_that_a_payment_has_not_failed_says_not_that_it_came(tmp_path: Path, condition: str, paid_for_nothing: int) -> None:
    assert len(found(tmp_path, RETURN.replace("CONDITION", condition), "payment/fulfil-on-redirect")) == paid_for_nothing


@pytest.mark.parametrize(("condition", "for_nothing"), [("settings.DEBUG", 0), ("order.debug", 1)])
def test_what_is_only_tried_out_pays_nothing(tmp_path: Path, condition: str, for_nothing: int) -> None:
    code = RETURN.replace(
        '    if CONDITION:\n        return {"paid": False}\n    order.status', f"    if {condition}:\n        order.status"
    )
    code = code.replace("session = stripe.checkout.Session.retrieve(session_id)", "").replace("session.id", "session_id")
    assert len(found(tmp_path, code.replace("    await db", "        await db"), "payment/fulfil-on-redirect")) == for_nothing
