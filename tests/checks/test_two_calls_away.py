"""Rulings on Python code in which the flaw, or what discharges it, stands some calls away from the entry point."""

from pathlib import Path

from tests.checks.test_stock import ruled

_APP = """\
from fastapi import Depends, FastAPI
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

import service
from models import Order, get_db

app = FastAPI()


class Line(BaseModel):
    product_id: int
    quantity: int
    unit_price: float | None = None


class Cart(BaseModel):
    lines: list[Line]


@app.post("/orders")
def place(cart: Cart, db: Session = Depends(get_db)):
    return service.place(db, cart)


@app.post("/orders/{order_id}/ship")
def ship(order_id: int, db: Session = Depends(get_db)):
    return service.ship(db, order_id)


@app.post("/orders/{order_id}/pay")
def pay(order_id: int, db: Session = Depends(get_db)):
    return service.pay(db, order_id)
"""
_MODELS = """\
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column()


class OrderLine(Base):
    __tablename__ = "order_lines"
    id: Mapped[int] = mapped_column(primary_key=True)
    unit_price: Mapped[float] = mapped_column()


def get_db():
    yield None
"""
_SERVICE = """\
import stripe

from models import Order, OrderLine


def place(db, cart):
    order = Order(status="pending")
    for line in cart.lines:
        _add(db, order, line)
    db.commit()


def _add(db, order, given):
    price = given.unit_price or 10
    db.add(OrderLine(order=order, unit_price=price, quantity=given.quantity))


def ship(db, order_id):
    order = db.get(Order, order_id)
    if order.status != "paid":
        raise ValueError("not paid")
    order.status = "shipped"
    db.commit()


def pay(db, order_id):
    order = db.get(Order, order_id)
    if order.status != "pending":
        raise ValueError("closed")
    order.status = "paid"
    db.commit()


def charge(order):
    return stripe.PaymentIntent.create(amount=order.total, currency="eur", idempotency_key=str(order.id))
"""
_FILES = {"requirements.txt": "fastapi\nsqlalchemy\nstripe\n", "app.py": _APP, "models.py": _MODELS, "service.py": _SERVICE}


def test_a_price_that_the_client_may_send_is_followed_to_the_line_of_the_order(tmp_path: Path) -> None:
    assert ("broken", "service.py", 15) in ruled(tmp_path, "payment/client-amount", _FILES)


def test_what_is_paid_already_may_be_shipped_but_paying_needs_the_providers_word(tmp_path: Path) -> None:
    found = ruled(tmp_path, "payment/fulfil-on-redirect", _FILES)
    assert [(ruling, line) for ruling, _, line in found if ruling == "broken"] == [("broken", 30)]


def test_where_nobody_confirms_a_payment_there_is_no_amount_to_compare(tmp_path: Path) -> None:
    assert ruled(tmp_path, "payment/amount-not-reconciled", _FILES) == []


_CANCEL = """\
from fastapi import Depends, FastAPI
from sqlalchemy.orm import Session

from models import KIND, Product, get_db
from outbox import add_stock_release

app = FastAPI()


@app.post("/orders/{order_id}")
def take(order_id: int, db: Session = Depends(get_db)):
    order = KIND(status="pending")
    db.add(order)
    product = db.get(Product, order_id)
    product.stock = product.stock - 1
    db.commit()


@app.post("/orders/{order_id}/cancel")
def cancel(order_id: int, db: Session = Depends(get_db)):
    order = db.get(KIND, order_id)
    order.status = "cancelled"
    RELEASE
    db.commit()
"""
_STOCKED = _MODELS.replace("class OrderLine(Base):", "class PurchaseOrder(Order):\n    pass\n\n\nclass Product(Base):").replace(
    "    unit_price: Mapped[float]", "    stock: Mapped[int]"
)


def cancelled(root: Path, kind: str, release: str) -> list[str]:
    files = {
        "requirements.txt": "fastapi\nsqlalchemy\n",
        "models.py": _STOCKED,
        "outbox.py": "def add_stock_release(order):\n    queue.put(order.id)\n",
        "app.py": _CANCEL.replace("KIND", kind).replace("RELEASE", release),
    }
    return [ruling for ruling, _, _ in ruled(root, "order/cancel-order", files)]


def test_a_message_that_asks_for_the_release_of_stock_puts_it_back(tmp_path: Path) -> None:
    assert cancelled(tmp_path / "told", "Order", "add_stock_release(order)") == ["held"]
    assert cancelled(tmp_path / "silent", "Order", "pass") == ["broken"]


def test_what_the_shop_itself_orders_holds_no_stock_of_a_customer(tmp_path: Path) -> None:
    assert cancelled(tmp_path, "PurchaseOrder", "pass") == []


_WEBHOOK = """\
import httpx
from fastapi import Depends, FastAPI, Request
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models import Order, get_db

app = FastAPI()


@app.post("/mercadopago/webhook")
async def webhook(request: Request, db: AsyncSession = Depends(get_db)):
    body = await request.json()
    payment_id = body["data"]["id"]
    known = (await db.execute(select(Order.id).where(Order.id == payment_id).limit(1))).scalar_one_or_none()
    if known is None:
        return
    answer = httpx.get(f"https://api.mercadopago.com/v1/payments/{payment_id}", timeout=5)
    answer.raise_for_status()
    order = await db.get(Order, known)
    if answer.json()["status"] == "approved":
        order.status = "paid"
    db.add(order)
    await db.commit()
"""


def test_looking_for_the_record_before_the_provider_is_asked_is_no_effect(tmp_path: Path) -> None:
    files = {"requirements.txt": "fastapi\nsqlalchemy\nhttpx\n", "app.py": _WEBHOOK, "models.py": _MODELS}
    assert [ruling for ruling, _, _ in ruled(tmp_path, "payment/webhook-unverified", files)] == ["held"]
