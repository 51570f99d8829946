"""FastAPI shops as they are laid out: a package that imports its own modules, a session that is lent, settings with defaults."""

import re
from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

_CHECKS = ("payment/webhook-unverified", "payment/webhook-weak-verification")
_GENUINE = 'stripe.Webhook.construct_event(payload, headers["stripe-signature"], settings.STRIPE_WEBHOOK_SECRET)'
_MADE_UP = "json.loads(payload)"
_MAIN = """\
from fastapi import APIRouter, Depends, FastAPI, Request

from shop.db import get_db
from shop.services import payments

app = FastAPI()
router = APIRouter()


@router.post("/webhooks/stripe")
async def stripe_webhook(request: Request, db=Depends(get_db)):
    payload = await request.body()
    return await payments.handle_webhook(db, payload, request.headers)


app.include_router(router, prefix="/api")
"""
_PAYMENTS = """\
import json

import stripe
from sqlalchemy import select

from shop.config import settings
from shop.models import Order


async def handle_webhook(db, payload, headers):
    if not settings.STRIPE_WEBHOOK_SECRET:
        raise RuntimeError("no secret")
    event = EVENT
    if event["type"] == "payment_intent.succeeded":
        number = event["data"]["object"]["metadata"]["order"]
        order = (await db.execute(select(Order).where(Order.number == number))).scalar_one()
        order.status = "paid"
    return {}
"""
_MODELS = """\
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str]
    status: Mapped[str]
"""
_CONFIG = """\
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    STRIPE_WEBHOOK_SECRET: str = ""


settings = Settings()
"""
_LENT = """\
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

factory = async_sessionmaker(create_async_engine("postgresql+asyncpg://db/shop"))


async def get_db():
    async with factory() as session:
        try:
            yield session
            await session.commit()
        except Exception:
            await session.rollback()
            raise
        finally:
            await session.close()
"""
_LENT_AT_ONCE = """\
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

factory = sessionmaker(create_engine("postgresql://db/shop"))


def get_db():
    session = factory()
    yield session
    session.commit()
"""
_SCOPE = _LENT.replace("async def get_db", "@asynccontextmanager\nasync def session_scope").replace(
    "from sqlalchemy", "from contextlib import asynccontextmanager\n\nfrom sqlalchemy", 1
)
_SCOPED = (
    _MAIN.replace("get_db", "session_scope")
    .replace(", db=Depends(session_scope)", "")
    .replace("    return await payments", "    async with session_scope() as db:\n        return await payments")
)
_WRITES_FIRST = _LENT.replace(
    "            yield session",
    '            await session.execute(update(Order).values(status="paid"))\n            yield session',
).replace("from sqlalchemy", "from sqlalchemy import update\n\nfrom shop.models import Order\nfrom sqlalchemy", 1)


def _shop(event: str, **changes: str) -> dict[str, str]:
    return {
        "requirements.txt": "fastapi\nstripe\nsqlalchemy\npydantic-settings\n",
        "shop/__init__.py": "",
        "shop/main.py": changes.get("main", _MAIN),
        "shop/db.py": changes.get("db", _LENT),
        "shop/models.py": _MODELS,
        "shop/config.py": changes.get("config", _CONFIG),
        "shop/services/__init__.py": changes.get("package", "from . import payments\n"),
        "shop/services/payments.py": changes.get("payments", _PAYMENTS).replace("EVENT", event),
    }


def _ruled(root: Path, files: dict[str, str]) -> list[tuple[str, str, str]]:
    write(root, files)
    found = review(root, Settings(checks=_CHECKS, use_cache=False))
    return [(o.check.removeprefix("payment/webhook-"), o.site.file, o.ruling) for o in found.obligations]


@pytest.mark.parametrize("package", ["", "from . import payments\n", "from shop.services import payments\n", "from .payments import *\n"])
def test_a_service_is_found_through_a_package_that_imports_its_own_modules(tmp_path: Path, package: str) -> None:
    found = _ruled(tmp_path, _shop(_GENUINE, package=package))
    assert ("unverified", "shop/main.py", "held") in found
    assert ("unverified", "shop/main.py", "broken") in _ruled(tmp_path, _shop(_MADE_UP, package=package))


@pytest.mark.parametrize(("db", "main"), [(_LENT, _MAIN), (_LENT_AT_ONCE, _MAIN), (_SCOPE, _SCOPED)])
def test_what_is_committed_when_a_session_comes_back_was_proven_before(tmp_path: Path, db: str, main: str) -> None:
    assert ("unverified", "shop/main.py", "held") in _ruled(tmp_path, _shop(_GENUINE, db=db, main=main))
    assert ("unverified", "shop/main.py", "broken") in _ruled(tmp_path, _shop(_MADE_UP, db=db, main=main))


def test_what_is_written_before_a_session_is_lent_comes_before_the_proof(tmp_path: Path) -> None:
    assert ("unverified", "shop/main.py", "broken") in _ruled(tmp_path, _shop(_GENUINE, db=_WRITES_FIRST))


def test_who_is_lent_a_session_has_not_signed_in(tmp_path: Path) -> None:
    write(tmp_path, _shop(_GENUINE))
    assert [h.role for h in review(tmp_path, Settings(checks=_CHECKS, use_cache=False)).handlers] == ["public"]


@pytest.mark.parametrize("default", ["", ' = ""'])
def test_a_setting_may_be_given_by_the_environment_whatever_it_is_declared_with(tmp_path: Path, default: str) -> None:
    config = _CONFIG.replace(' = ""', default)
    found = _ruled(tmp_path, _shop(_GENUINE, config=config))
    assert found == [("unverified", "shop/main.py", "held"), ("weak-verification", "shop/main.py", "held")]


def test_a_verification_that_a_setting_turns_on_may_be_off(tmp_path: Path) -> None:
    config = _CONFIG.replace('STRIPE_WEBHOOK_SECRET: str = ""', "STRIPE_WEBHOOK_SECRET: str\n    VERIFY: bool = False")
    verified = f"json.loads(payload)\n    if settings.VERIFY:\n        event = {_GENUINE}"
    found = _ruled(tmp_path, _shop(verified, config=config))
    assert ("weak-verification", "shop/main.py", "broken") in found


_GATEWAY = """\
import json

import stripe

from shop.config import settings
from shop.gateways.base import Gateway


class StripeGateway(Gateway):
    code = "stripe"

    def read(self, payload, headers):
        return EVENT
"""
_BASE = """\
from abc import ABC, abstractmethod


class Gateway(ABC):
    code: str

    @abstractmethod
    def read(self, payload, headers): ...
"""
_BY_FUNCTION = """\
from shop.gateways.base import Gateway
from shop.gateways.stripe import StripeGateway

_all: dict[str, Gateway] = {}


def register(gateway: Gateway) -> None:
    _all[gateway.code] = gateway


def gateway_for(code):
    return _all[code]


register(StripeGateway())
"""
_BY_NAME = """\
from shop.gateways.stripe import StripeGateway

_all = {}


def register(code, gateway):
    _all[code] = gateway


def gateway_for(code):
    gateway = _all.get(code)
    if gateway is None:
        raise KeyError(code)
    return gateway


register("stripe", StripeGateway())
"""
_BY_OBJECT = """\
from shop.gateways.stripe import StripeGateway


class Gateways:
    def __init__(self):
        self._all = {}

    def register(self, gateway):
        self._all[gateway.code] = gateway

    def get(self, code):
        return self._all[code]


gateways = Gateways()
gateways.register(StripeGateway())
gateway_for = gateways.get
"""


@pytest.mark.parametrize("registry", [_BY_FUNCTION, _BY_NAME, _BY_OBJECT])
def test_a_gateway_is_found_in_the_table_that_it_is_registered_in(tmp_path: Path, registry: str) -> None:
    payments = _PAYMENTS.replace("from shop.models", "from shop.gateways.registry import gateway_for\nfrom shop.models")
    for name, event in (("genuine", _GENUINE), ("made-up", _MADE_UP)):
        files = _shop('gateway_for("stripe").read(payload, headers)', payments=payments) | {
            "shop/gateways/__init__.py": "",
            "shop/gateways/base.py": _BASE,
            "shop/gateways/registry.py": registry,
            "shop/gateways/stripe.py": _GATEWAY.replace("EVENT", event),
        }
        ruling = "held" if name == "genuine" else "broken"
        assert ("unverified", "shop/main.py", ruling) in _ruled(tmp_path / name, files)


_CHARGE = "return stripe.PaymentIntent.create(amount={}, currency='eur')"
_HEAD = """\
import stripe
from dataclasses import dataclass
from typing import Annotated, Protocol, TypedDict
from fastapi import Depends, FastAPI, Form, Request
from pydantic import BaseModel, TypeAdapter

app = FastAPI()


class Pay(BaseModel):
    amount: int
    note: str = ""

    @property
    def cents(self):
        return self.amount * 100

    @classmethod
    def as_form(cls, amount: int = Form(...)):
        return cls(amount=amount)


"""
_BODIES = {
    "dataclass": f"""@dataclass
class Sum:
    amount: int
@app.post("/pay")
def pay(body: Sum):
    {_CHARGE.format("body.amount")}
""",
    "typed dict": f"""class Sum(TypedDict):
    amount: int
@app.post("/pay")
def pay(body: Sum):
    {_CHARGE.format("body['amount']")}
""",
    "property": f"""@app.post("/pay")
def pay(body: Pay):
    {_CHARGE.format("body.cents")}
""",
    "handed on whole": """@app.post("/pay")
def pay(body: Pay):
    return stripe.PaymentIntent.create(**body.model_dump(), currency="eur")
""",
    "by its type": f"""@app.post("/pay")
def pay(body: Annotated[Pay, Depends()]):
    {_CHARGE.format("body.amount")}
""",
    "by a function": f"""def parse(body: Pay) -> Pay:
    return body
@app.post("/pay")
def pay(body: Pay = Depends(parse)):
    {_CHARGE.format("body.amount")}
""",
    "by a class method": f"""@app.post("/pay")
def pay(body: Pay = Depends(Pay.as_form)):
    {_CHARGE.format("body.amount")}
""",
    "a number": f"""async def asked(request: Request) -> int:
    return int((await request.json())["amount"])
@app.post("/pay")
def pay(amount: int = Depends(asked)):
    {_CHARGE.format("amount")}
""",
    "an interface": f"""class Gateway(Protocol):
    def charge(self, amount): ...
class StripeGateway:
    def charge(self, amount):
        {_CHARGE.format("amount")}
def gateway() -> Gateway:
    return StripeGateway()
@app.post("/pay")
def pay(body: Pay, gateway: Gateway = Depends(gateway)):
    return gateway.charge(body.amount)
""",
    "validated": f"""@app.post("/pay")
async def pay(request: Request):
    body = Pay.model_validate(await request.json())
    {_CHARGE.format("body.amount")}
""",
    "adapted": f"""adapter = TypeAdapter(list[Pay])
@app.post("/pay")
async def pay(request: Request):
    bodies = adapter.validate_python(await request.json())
    {_CHARGE.format("sum(b.amount for b in bodies)")}
""",
}


def _sums(root: Path, code: str) -> list[str]:
    write(root, {"requirements.txt": "fastapi\nstripe\n", "main.py": _HEAD + code})
    return [o.ruling for o in review(root, Settings(checks=("payment/client-amount",), use_cache=False)).obligations]


@pytest.mark.parametrize("form", _BODIES)
def test_a_sum_is_the_requests_however_its_body_is_declared(tmp_path: Path, form: str) -> None:
    code = _BODIES[form]
    assert _sums(tmp_path / "broken", code) == ["broken"]
    ours = re.sub(r"amount=(?!amount\b).*, currency", "amount=500, currency", code).replace("**body.model_dump()", "amount=500")
    ours = ours.replace("charge(body.amount)", "charge(500)").replace("amount=amount,", "amount=500,")
    assert _sums(tmp_path / "held", ours) == ["held"]


_ROLES = """\
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from sqlalchemy.orm import Session
from shop.db import get_db
from shop.models import Order

def current_user(request: Request):
    return request.state.user


class Roles:
    def __init__(self, allowed):
        self.allowed = allowed

    def __call__(self, user=Depends(current_user)):
        if user.role not in self.allowed:
            raise HTTPException(403)
        return user


def require(*roles):
    def checker(user=Depends(current_user)):
        if user.role not in roles:
            raise HTTPException(403)
        return user
    return Depends(checker)


app = FastAPI()
router = APIRouter(GUARDS)


@router.post("/orders/{order_id}/send")
def send(order_id: int, USERdb: Session = Depends(get_db)):
    order = db.get(Order, order_id)
    if order.status != "paid":
        raise ValueError
    order.status = "shipped"
    db.commit()


app.include_router(router)
"""


@pytest.mark.parametrize(
    ("guards", "user", "ruling"),
    [
        ('dependencies=[Depends(Roles(["admin"]))]', "", "held"),
        ("", 'user=require("admin"), ', "held"),
        ('dependencies=[Depends(Roles(["customer"]))]', "", "broken"),
        ("", "user=Depends(current_user), ", "broken"),
    ],
)
def test_who_may_change_an_order_is_told_by_the_roles_that_a_dependency_lets_pass(
    tmp_path: Path, guards: str, user: str, ruling: str
) -> None:
    files = _shop(_GENUINE) | {"shop/main.py": _ROLES.replace("GUARDS", guards).replace("USER", user)}
    write(tmp_path, files)
    found = review(tmp_path, Settings(checks=("order/unguarded-transition",), use_cache=False)).obligations
    assert [o.ruling for o in found if o.site.file == "shop/main.py"] == [ruling]


_SERVED = """\
import stripe
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from shop.db import get_db
from shop.models import Order

class StripeService:
    def read(self, payload, signature):
        try:
            return VERIFIED
        except Exception as error:
            raise HTTPException(400) from error

    def settle(self, db, event):
        order = db.query(Order).filter(Order.number == event["data"]["object"]["metadata"]["order"]).one()
        order.status = "paid"
        db.commit()


app = FastAPI()


@app.post("/stripe/webhook")
async def hook(request: Request, service: StripeService = Depends(GIVEN), stripe_signature: str = Header(...), db=Depends(get_db)):
    service.settle(db, service.read(await request.body(), stripe_signature))
    return {}
"""


@pytest.mark.parametrize("given", ["", "StripeService", "lambda: StripeService()"])
def test_a_service_that_a_framework_supplies_verifies_as_one_that_is_made(tmp_path: Path, given: str) -> None:
    genuine, made_up = 'stripe.Webhook.construct_event(payload, signature, "x")', "__import__('json').loads(payload)"
    for verified, ruling in ((genuine, "held"), (made_up, "broken")):
        main = _SERVED.replace("VERIFIED", verified).replace("GIVEN", given)
        found = _ruled(tmp_path / ruling, {**_shop(_GENUINE), "shop/main.py": main})
        assert {r for check, file, r in found if check == "unverified" and file == "shop/main.py"} == {ruling}
        assert ("weak-verification", "shop/main.py", "broken") not in found


def test_a_type_that_supplies_itself_stops_nothing(tmp_path: Path) -> None:
    login = "from typing import Annotated\nfrom fastapi.security import OAuth2PasswordRequestForm\nfrom shop.db"
    main = _MAIN.replace("from shop.db", login)
    main = main.replace("router = APIRouter()", "router = APIRouter()\nLogin = Annotated[OAuth2PasswordRequestForm, Depends()]")
    main += '\n\n@router.post("/login")\ndef login(form: Login):\n    return {"user": form.username}\n'
    assert ("unverified", "shop/main.py", "held") in _ruled(tmp_path, _shop(_GENUINE, main=main))


_PLACES = """\
from fastapi import Depends, FastAPI
from pydantic import BaseModel
from sqlalchemy.orm import Session
from shop.db import get_db
from shop.models import Order, Voucher

app = FastAPI()


class In(BaseModel):
    discount_value: float
    min_order_amount: float


@app.post("/made")
def made(body: In, db: Session = Depends(get_db)):
    record = MADE
    db.add(record)
    db.commit()
    return record
"""
_PAYS, _COSTS, _TAXES = "payment/fulfil-on-redirect", "payment/client-amount", "tax-shipping/client-tax"


@pytest.mark.parametrize(
    ("made", "broken"),
    [
        ('Order(status="placed", payment_method="cod")', set()),
        ('Order(status="paid", payment_method="card")', {_PAYS}),
        ("Voucher(discount_value=body.discount_value, min_order_amount=body.min_order_amount)", set()),
        ('Order(status="pending", total=body.min_order_amount)', {_COSTS}),
    ],
)
def test_who_places_an_order_has_not_paid_and_a_coupon_is_no_order(tmp_path: Path, made: str, broken: set[str]) -> None:
    voucher = "class Voucher(Base):\n    id: Mapped[int] = mapped_column(primary_key=True)\n    discount_value: Mapped[float]\n"
    main = _PLACES.replace("MADE", made)
    write(tmp_path, {**_shop(_GENUINE), "shop/main.py": main, "shop/models.py": f"{_MODELS}\n\n{voucher}"})
    found = review(tmp_path, Settings(checks=(_PAYS, _COSTS, _TAXES), use_cache=False)).findings
    assert {f.check for f in found if f.file == "shop/main.py"} == broken


_PURSE = """\
import stripe
from fastapi import Depends, FastAPI, Request
from pydantic import BaseModel
from sqlalchemy.orm import Session
from shop.config import settings
from shop.db import get_db
from shop.models import User

app = FastAPI()


class In(BaseModel):
    amount: int


@app.post("/pay")
def pay(body: In, db: Session = Depends(get_db)):
    return stripe.PaymentIntent.create(amount=body.amount, currency="usd", metadata={"user": 1})


@app.post("/stripe/webhook")
async def hook(request: Request, db: Session = Depends(get_db)):
    event = stripe.Webhook.construct_event(await request.body(), request.headers["stripe-signature"], settings.STRIPE_WEBHOOK_SECRET)
    user = db.get(User, event["data"]["object"]["metadata"]["user"])
    user.balance += ADDED
    db.commit()
    return {}
"""


@pytest.mark.parametrize(("added", "ruling"), [('event["data"]["object"]["amount"]', "held"), ("100", "broken")])
def test_who_fills_his_own_purse_by_what_he_pays_may_choose_the_sum(tmp_path: Path, added: str, ruling: str) -> None:
    user = "class User(Base):\n    id: Mapped[int] = mapped_column(primary_key=True)\n    balance: Mapped[int]\n"
    files = _shop(_GENUINE) | {"shop/main.py": _PURSE.replace("ADDED", added), "shop/models.py": f"{_MODELS}\n\n{user}"}
    files["shop/services/payments.py"] = ""
    write(tmp_path, files)
    assert [o.ruling for o in review(tmp_path, Settings(checks=(_COSTS,), use_cache=False)).obligations] == [ruling]


_SIGNED = """\
import os

import razorpay
from fastapi import Depends, FastAPI, Request
from sqlalchemy.orm import Session
from shop.db import get_db
from shop.models import Order

app = FastAPI()
client = razorpay.Client(auth=(os.environ["KEY"], os.environ["SECRET"]))


@app.post("/pay/{number}")
def pay(number: int, db: Session = Depends(get_db)):
    order = db.get(Order, number)
    order.razorpay_order_id = client.order.create({"amount": order.total, "currency": "INR"})["id"]
    db.commit()


@app.post("/paid")
async def paid(request: Request, db: Session = Depends(get_db)):
    form = await request.form()
    sent = {name: form[name] for name in ("razorpay_order_id", "razorpay_payment_id", "razorpay_signature")}
    client.utility.verify_payment_signature(sent)
    order = db.query(Order).filter(Order.razorpay_order_id == sent["razorpay_order_id"]).one()
    order.status = "paid"
    db.commit()
"""


def test_what_is_picked_out_of_a_request_by_a_list_of_names_is_known_by_them(tmp_path: Path) -> None:
    models = _MODELS + "    total: Mapped[int]\n    razorpay_order_id: Mapped[str]\n"
    write(tmp_path, {"requirements.txt": "fastapi\nrazorpay\nsqlalchemy\n", "shop/main.py": _SIGNED, "shop/models.py": models})
    found = review(tmp_path, Settings(checks=("payment/amount-not-reconciled",), use_cache=False))
    assert [o.ruling for o in found.obligations] == ["held"]
    assert [h.provider for h in found.handlers] == ["razorpay"]
