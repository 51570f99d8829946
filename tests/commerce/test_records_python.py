"""What Python code does to records: through SQLAlchemy's ways of reading, general repositories, methods of models, signals."""

from pathlib import Path

import pytest

from tests.commerce.small_models import model_of
from tillproof.commerce.effects import Effect
from tillproof.commerce.model import Model
from tillproof.commerce.touches import Touch
from tillproof.flow.program import Fn
from tillproof.flow.values import FunctionV

_ALCHEMY = """\
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column()
    intent_id: Mapped[str] = mapped_column()


def pay(db: Session, order_id: int) -> None:
    found = READ
    found.status = "paid"
"""
_REPOSITORY = """\
from typing import Generic, TypeVar

from sqlalchemy import select

T = TypeVar("T")


class Repository(Generic[T]):
    def __init__(self, session, model):
        self.session = session
        self.model = model

    async def by(self, field, value):
        result = await self.session.execute(select(self.model).where(getattr(self.model, field) == value))
        return result.scalar_one_or_none()

    async def change(self, item_id, data):
        found = await self.by("id", item_id)
        for name, value in data.items():
            setattr(found, name, value)
        await self.session.flush()
"""
_PAYMENTS = """\
from repository import Repository
from models import Payment


class Payments(Repository[Payment]):
    def __init__(self, session):
        super().__init__(session, Payment)


class Service:
    def __init__(self, payments: Payments):
        self.payments = payments

    async def settle(self, intent_id):
        payment = await self.payments.by("intent_id", intent_id)
        await self.payments.change(payment.id, {"status": "paid"})
"""


def function(model: Model, file: str, name: str) -> FunctionV:
    number = next(n for n, f in enumerate(model.program.indices[file].functions) if f.name == name)
    return FunctionV((file, 1), Fn(file, number), None)


def effects(root: Path, files: dict[str, str], file: str, name: str) -> list[Effect]:
    model, _ = model_of(root, files)
    return model.effects.of(function(model, file, name))


def writes(found: list[Effect]) -> list[Touch]:
    return [e.touch for e in found if e.touch is not None and e.touch.fields]


@pytest.mark.parametrize(
    ("read", "keys", "locked"),
    [
        ("db.query(Order).filter(Order.id == order_id).first()", ["id"], False),
        ("db.query(Order).filter_by(id=order_id).with_for_update().one()", ["id"], True),
        ("db.scalar(select(Order).where(Order.id == order_id))", ["id"], False),
        ("db.scalars(select(Order).where(Order.intent_id == order_id)).first()", ["intent_id"], False),
        ("db.execute(select(Order).where(Order.id == order_id).with_for_update()).scalar_one_or_none()", ["id"], True),
        ("db.get(Order, order_id)", ["id"], False),
    ],
)
def test_a_record_is_what_the_statement_fetched(tmp_path: Path, read: str, keys: list[str], locked: bool) -> None:
    found = writes(effects(tmp_path, {"requirements.txt": "sqlalchemy", "shop.py": _ALCHEMY.replace("READ", read)}, "shop.py", "pay"))
    assert [(t.entity, sorted(t.keys), t.locked) for t in found] == [("order", keys, locked)]


def test_rows_that_are_gone_through_are_chosen_by_what_fetched_them(tmp_path: Path) -> None:
    code = _ALCHEMY.replace("    found = READ\n    found.status", "    for found in list(READ):\n        found.status")
    code = code.replace("READ", 'db.query(Order).filter(Order.status == "pending").all()')
    found = writes(effects(tmp_path, {"requirements.txt": "sqlalchemy", "shop.py": code}, "shop.py", "pay"))
    assert [(t.entity, sorted(t.compared)) for t in found] == [("order", ["status"])]


def test_a_general_repository_writes_what_its_caller_names(tmp_path: Path) -> None:
    files = {
        "requirements.txt": "sqlalchemy",
        "repository.py": _REPOSITORY,
        "payments.py": _PAYMENTS,
        "models.py": "class Payment:\n    pass\n",
    }
    found = writes(effects(tmp_path, files, "payments.py", "settle"))
    assert [(t.entity, list(t.fields)) for t in found] == [("payment", ["status"])]


_MODELS = """\
from django.db import models


class Item(models.Model):
    stock = models.IntegerField()


class Order(models.Model):
    status = models.CharField(max_length=20)
    item = models.ForeignKey(Item, on_delete=models.PROTECT)
"""
_OVERRIDDEN = """\

    def save(self, *args, **kwargs):
        if self.status == "cancelled":
            Item.objects.filter(pk=self.item_id).update(stock=models.F("stock") + 1)
        super().save(*args, **kwargs)
"""
_JOB = """\
from shop.models import Order


def expire():
    for order in Order.objects.filter(status="pending"):
        order.status = "cancelled"
        order.save()
"""
_RECEIVER = """\
from django.db.models import F
from django.db.models.signals import post_save
from django.dispatch import receiver

from shop.models import Item, SENDER


@receiver(post_save, sender=SENDER)
def give_back(sender, instance, **kwargs):
    Item.objects.filter(pk=instance.item_id).update(stock=F("stock") + 1)
"""


def stock_is_written(root: Path, files: dict[str, str]) -> bool:
    files = {"manage.py": "", "requirements.txt": "Django", "shop/jobs.py": _JOB, **files}
    return any("stock" in t.fields for t in writes(effects(root, files, "shop/jobs.py", "expire")))


def test_saving_a_record_runs_its_own_save(tmp_path: Path) -> None:
    assert stock_is_written(tmp_path / "own", {"shop/models.py": _MODELS + _OVERRIDDEN})
    assert not stock_is_written(tmp_path / "none", {"shop/models.py": _MODELS})


@pytest.mark.parametrize(("sender", "written"), [("Order", True), ("Item", False)])
def test_saving_a_record_runs_the_receivers_for_its_class(tmp_path: Path, sender: str, written: bool) -> None:
    files = {"shop/models.py": _MODELS, "shop/signals.py": _RECEIVER.replace("SENDER", sender).replace("Item, Item", "Item")}
    assert stock_is_written(tmp_path, files) is written


def test_a_signal_of_ours_runs_its_receivers(tmp_path: Path) -> None:
    files = {
        "shop/models.py": _MODELS,
        "shop/signals.py": "from django.dispatch import Signal\norder_expired = Signal()\n",
        "shop/stock.py": "from django.db.models import F\nfrom shop.models import Item\nfrom shop.signals import order_expired\n\n\n"
        "def give_back(sender, order, **kwargs):\n    Item.objects.filter(pk=order.item_id).update(stock=F('stock') + 1)\n\n\n"
        "order_expired.connect(give_back)\n",
        "shop/jobs.py": "from shop.signals import order_expired\n\n\n"
        "def expire(order):\n    order_expired.send(sender=None, order=order)\n",
    }
    assert stock_is_written(tmp_path, files)


def test_what_a_function_gives_may_be_called_at_once(tmp_path: Path) -> None:
    code = _ALCHEMY.replace("READ", "reader(db)(Order, order_id, 1, 2, 3, 4, 5)")
    code += "\n\ndef reader(db):\n    return db.get\n"
    found = writes(effects(tmp_path, {"requirements.txt": "sqlalchemy", "shop.py": code}, "shop.py", "pay"))
    assert [list(t.fields) for t in found] == [["status"]]


def test_a_record_that_was_just_made_is_of_its_class(tmp_path: Path) -> None:
    code = "from shop.models import Order\n\n\ndef begin(total):\n    made = Order.objects.create(total=total)\n"
    code += "    made.status = 'open'\n    made.save()\n"
    files = {"manage.py": "", "requirements.txt": "Django", "shop/models.py": _MODELS, "shop/orders.py": code}
    found = effects(tmp_path, files, "shop/orders.py", "begin")
    assert [(e.kind, e.touch.entity) for e in found if e.touch] == [("create", "order"), ("write", "order"), ("flush", "order")]


_SIGNALS = """\
from django.db.models.signals import post_save
from django.dispatch import receiver

from shop.models import Item, Order


@receiver(post_save, sender=Order)
def settle(sender, instance, **kwargs):
    instance.status = "settled"


@receiver(post_save, sender=Item)
def count(sender, instance, **kwargs):
    instance.stock = 0


@receiver(post_save)
def mark(sender, instance, **kwargs):
    instance.paid = True
"""


def test_a_receiver_is_handed_a_record_of_its_sender(tmp_path: Path) -> None:
    files = {
        "manage.py": "import django\n",
        "shop/models.py": _MODELS,
        "shop/signals.py": _SIGNALS,
        "shop/orders.py": "from shop.models import Order\n\n\ndef close(order_id):\n    Order.objects.get(id=order_id).save()\n",
        "shop/other.py": "def close(thing):\n    thing.save()\n",
    }
    known = writes(effects(tmp_path, files, "shop/orders.py", "close"))
    assert [(t.entity, list(t.fields)) for t in known if t.fields != {}][:1] == [("order", ["status"])]
    assert "item" not in {t.entity for t in known}
    model, _ = model_of(tmp_path, files)
    other = writes(model.effects.of(function(model, "shop/other.py", "close")))
    assert not {"order", "item"} & {t.entity for t in other}  # who listens to orders does not hear of a thing that may be anything
