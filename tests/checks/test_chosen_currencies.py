"""A currency that the client chooses while the number stays the shop's: handed to a charge far away, or kept with what is charged."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

_SETTINGS = Settings(use_cache=False, checks=("payment/client-amount", "payment/missing-currency"))
_CURRENCY = "The client chooses the currency of the charge"


def _found(root: Path, files: dict[str, str]) -> list[str]:
    write(root, files)
    return [f"{f.file}:{f.start_line} {f.title}" for f in review(root, _SETTINGS).findings]


_MODELS = """\
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Article(Base):
    __tablename__ = "articles"
    id: Mapped[int] = mapped_column(primary_key=True)
    price_cents: Mapped[int]


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int]
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id"))
    currency: Mapped[str]
    total_cents: Mapped[int]
EXTRA
"""
_APP = """\
import stripe
from fastapi import Depends, FastAPI
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from shop.db import session, user
from shop.models import Article, Order

app = FastAPI()


class OrderIn(BaseModel):
    article_id: int
    currency: str = Field(default="EUR", min_length=3, max_length=3)


@app.post("/orders")
async def place(data: OrderIn, db: AsyncSession = Depends(session), user_id: int = Depends(user)):
    article = await db.get(Article, data.article_id)
    order = Order(user_id=user_id, article_id=article.id, currency=CURRENCY, total_cents=TOTAL)
    db.add(order)
    await db.commit()
    return {"id": order.id}


@app.post("/orders/{order_id}/pay")
async def pay(order_id: int, db: AsyncSession = Depends(session), user_id: int = Depends(user)):
    order = (await db.execute(select(Order).where(Order.id == order_id, Order.user_id == user_id))).scalar_one()
    return stripe.PaymentIntent.create(amount=order.total_cents, currency=order.currency).client_secret
"""
_DB = """\
from fastapi import Depends
from fastapi.security import OAuth2PasswordBearer
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

make = async_sessionmaker(create_async_engine("postgresql+asyncpg://db/shop"))


async def session():
    async with make() as one:
        yield one


async def user(token: str = Depends(OAuth2PasswordBearer(tokenUrl="token"))) -> int:
    return int(token)
"""
_PRICES = """

class ArticlePrice(Base):
    __tablename__ = "article_prices"
    id: Mapped[int] = mapped_column(primary_key=True)
    currency: Mapped[str]
    price_cents: Mapped[int]
"""


@pytest.mark.parametrize(
    ("currency", "total", "extra", "found"),
    [
        ("data.currency", "article.price_cents", "", [f"shop/app.py:21 {_CURRENCY}"]),
        ('"EUR"', "article.price_cents", "", []),
        ("data.currency", "convert(article.price_cents, data.currency)", "", []),
        ("data.currency", "article.price_cents", _PRICES, []),
    ],
)
def test_a_currency_that_is_kept_with_an_order(tmp_path: Path, currency: str, total: str, extra: str, found: list[str]) -> None:
    files = {
        "requirements.txt": "fastapi\nsqlalchemy\nstripe\n",
        "shop/__init__.py": "",
        "shop/db.py": _DB,
        "shop/models.py": _MODELS.replace("EXTRA\n", extra),
        "shop/app.py": _APP.replace("CURRENCY", currency).replace("TOTAL", total),
    }
    assert _found(tmp_path, files) == found


_SERVICE = """\
const Stripe = require('stripe');
const { Article } = require('./models');
const stripe = new Stripe(process.env.STRIPE_KEY);

async function begin(total, currency) {
  return stripe.paymentIntents.create({ amount: Math.round(total * 100), currency });
}

exports.pay = async (user, data) => {
  let at = 0;
  const sums = await Promise.all(
    data.orderItems.map(async (item) => {
      const article = await Article.findById(item.article);
      data.orderItems[at++].price = article.price;
      return article.price;
    }),
  );
  return begin(sums.reduce((sum, one) => sum + one, 0), GIVEN);
};
"""
_ROUTES = """\
const express = require('express');
const { pay } = require('./payments');
const { Purchase } = require('./models');
const app = express();
app.use(express.json());

app.post('/pay', async (req, res) => {
  const data = req.body;
  const intent = await pay(req.user.id, data);
  for (const item of data.orderItems) {
    await Purchase.create({ intent: intent.id, article: item.article, price: item.price });
  }
  res.json({ secret: intent.client_secret });
});
"""
_KEPT = """\
const mongoose = require('mongoose');
exports.Article = mongoose.model('Article', new mongoose.Schema({ price: Number }));
exports.Purchase = mongoose.model('Purchase', new mongoose.Schema({ intent: String, article: String, price: Number }));
"""


@pytest.mark.parametrize(("given", "found"), [("'eur'", []), ("data.currency", [f"payments.js:18 {_CURRENCY}"])])
def test_a_currency_that_is_handed_through_a_service(tmp_path: Path, given: str, found: list[str]) -> None:
    package = '{"dependencies": {"express": "4", "stripe": "14", "mongoose": "8"}}'
    service = _SERVICE.replace("GIVEN", given)
    assert _found(tmp_path, {"package.json": package, "models.js": _KEPT, "payments.js": service, "app.js": _ROUTES}) == found


_PICTURES = """\
const express = require('express');
const sharp = require('sharp');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const { PrismaClient } = require('@prisma/client');
const prisma = new PrismaClient();
const app = express();
app.use(express.json());
app.post('/orders', async (req, res) => {
  const product = await prisma.product.findUnique({ where: { id: req.body.id } });
  res.json(await prisma.order.create({ data: { total: product.cents, currency: (req.body.currency || 'EUR').toUpperCase() } }));
});
app.post('/orders/:id/pay', async (req, res) => {
  const order = await prisma.order.findUnique({ where: { id: req.params.id } });
  res.json(await stripe.paymentIntents.create({ amount: order.total, currency: order.currency.toLowerCase() }));
});
WORK
"""


@pytest.mark.parametrize(
    ("work", "wrong"),
    [
        (
            "app.post('/pictures', async (req, res) => { const convert = sharp(req.body.file); res.json(convert.webp()); });",
            True,
        ),
        ("app.get('/prices', (req, res) => { const convert = rates[req.query.currency]; res.json(price * convert); });", False),
    ],
    ids=["pictures are converted", "sums are converted"],
)
def test_only_what_converts_sums_makes_prices_follow_a_currency(tmp_path: Path, work: str, wrong: bool) -> None:
    found = _found(tmp_path, {"server.js": _PICTURES.replace("WORK", work)})
    assert any(_CURRENCY in line for line in found) is wrong
