"""Orders that a request changes as it likes, what says that they are paid with the rest; and prices that come with a cookie."""

from pathlib import Path

import pytest

from tests.checks.test_php_shops import broken

_REDIRECT, _AMOUNT = "payment/fulfil-on-redirect", "payment/client-amount"

_AUTH = """\
const jwt = require('jsonwebtoken');
module.exports = (req, res, next) => {
  try { req.user = jwt.verify(req.headers.authorization, process.env.KEY); next(); } catch (e) { res.status(401).end(); }
};
"""
_ORDER = """\
const mongoose = require('mongoose');
const schema = new mongoose.Schema({ user: String, address: String, COLUMN });
module.exports = mongoose.model('Order', schema);
"""
_ROUTE = """\
const express = require('express');
const Order = require('./order');
const auth = require('./auth');
const app = express();
app.use(express.json());
app.put('/orders/:id', auth, async (req, res) => {
  const { address } = req.body;
  const order = await Order.findOne({ _id: req.params.id, user: req.user.id });
  CHANGE
  res.json(order);
});
"""
_FLAG = "isPaid: { type: Boolean, default: false }"
_STATES = "status: { type: String, enum: ['open', 'paid', 'sent'], default: 'open' }"


@pytest.mark.parametrize(
    ("column", "change", "wrong"),
    [
        (_FLAG, "await Order.findByIdAndUpdate(order.id, { ...req.body });", True),
        (_FLAG, "Object.assign(order, req.body); await order.save();", True),
        (_STATES, "await Order.updateOne({ _id: order.id }, req.body);", True),
        (_FLAG, "await Order.findByIdAndUpdate(order.id, { address });", False),
        (_FLAG, "const { isPaid, ...rest } = req.body; await Order.findByIdAndUpdate(order.id, rest);", False),
        ("note: String", "await Order.findByIdAndUpdate(order.id, { ...req.body });", False),
        ("status: { type: String, enum: ['open', 'sent'] }", "await Order.updateOne({ _id: order.id }, req.body);", False),
    ],
)
def test_an_order_that_takes_the_body_over_is_paid_by_it(tmp_path: Path, column: str, change: str, wrong: bool) -> None:
    files = {"app.js": _ROUTE.replace("CHANGE", change), "order.js": _ORDER.replace("COLUMN", column), "auth.js": _AUTH}
    assert [line for _, line in broken(tmp_path, _REDIRECT, files)] == ([9] if wrong else [])


_FASTAPI = """\
from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel
from sqlalchemy.orm import Session
from .db import Order, get_db
from .auth import current_user

app = FastAPI()


class OrderUpdate(BaseModel):
    address: str | None = None
    FIELD


@app.patch("/orders/{order_id}")
def update(order_id: int, data: OrderUpdate, db: Session = Depends(get_db), user=Depends(current_user)):
    order = db.query(Order).filter(Order.id == order_id, Order.user_id == user.id).first()
    if not order:
        raise HTTPException(404)
    for key, value in data.model_dump(exclude_unset=True).items():
        setattr(order, key, value)
    db.commit()
    return {"ok": True}
"""
_DB = """\
from sqlalchemy import Boolean, Column, Integer, String, create_engine
from sqlalchemy.orm import declarative_base, sessionmaker

Base = declarative_base()
Sessions = sessionmaker(bind=create_engine("sqlite:///shop.db"))


class Order(Base):
    __tablename__ = "orders"
    id = Column(Integer, primary_key=True)
    user_id = Column(Integer)
    address = Column(String)
    is_paid = Column(Boolean, default=False)


def get_db():
    with Sessions() as db:
        yield db
"""
_USER = """\
import os
from fastapi import Depends
from fastapi.security import OAuth2PasswordBearer
from jose import jwt


def current_user(token: str = Depends(OAuth2PasswordBearer(tokenUrl="token"))):
    return jwt.decode(token, os.environ["KEY"], algorithms=["HS256"])
"""


@pytest.mark.parametrize(("field", "wrong"), [("is_paid: bool | None = None", True), ("phone: str | None = None", False)])
def test_fields_that_are_set_one_by_one_are_those_that_the_class_declares(tmp_path: Path, field: str, wrong: bool) -> None:
    files = {"shop/main.py": _FASTAPI.replace("FIELD", field), "shop/db.py": _DB, "shop/auth.py": _USER, "shop/__init__.py": ""}
    assert bool(broken(tmp_path, _REDIRECT, files)) is wrong


_LARAVEL = """\
<?php
namespace App\\Http\\Controllers;
use App\\Models\\Order;
use Illuminate\\Http\\Request;

class OrderController extends Controller
{
    public function update(Request $request, Order $order)
    {
        abort_unless($order->user_id === $request->user()->id, 403);
        $order->update(GIVEN);
        return $order;
    }
}
"""


@pytest.mark.parametrize(("given", "wrong"), [("$request->all()", True), ("$request->only('address')", False)])
def test_a_model_of_laravel_is_changed_by_all_that_was_sent(tmp_path: Path, given: str, wrong: bool) -> None:
    files = {
        "composer.json": '{"require": {"laravel/framework": "^11"}}',
        "routes/api.php": "<?php\nuse App\\Http\\Controllers\\OrderController;\nuse Illuminate\\Support\\Facades\\Route;\n"
        "Route::middleware('auth:sanctum')->put('/orders/{order}', [OrderController::class, 'update']);\n",
        "app/Http/Controllers/OrderController.php": _LARAVEL.replace("GIVEN", given),
        "app/Models/Order.php": "<?php\nnamespace App\\Models;\nuse Illuminate\\Database\\Eloquent\\Model;\n"
        "class Order extends Model { protected $fillable = ['address', 'payment_status']; }\n",
    }
    assert bool(broken(tmp_path, _REDIRECT, files)) is wrong


_COOKIE = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const { priceOf } = require('./prices');
const app = express();
app.use(require('cookie-parser')(process.env.KEY));
app.post('/pay', async (req, res) => {
  const cart = JSON.parse(req.JAR.cart);
  const amount = cart.reduce((sum, line) => sum + PRICE, 0);
  res.json(await stripe.paymentIntents.create({ amount, currency: 'eur' }));
});
"""
_PRICES = "const table = JSON.parse(require('fs').readFileSync('prices.json'));\nexports.priceOf = (id) => table[id];\n"


@pytest.mark.parametrize(
    ("jar", "price", "wrong"),
    [("cookies", "line.price", True), ("signedCookies", "line.price", False), ("cookies", "priceOf(line.id)", False)],
)
def test_what_a_cookie_says_of_prices_the_client_says(tmp_path: Path, jar: str, price: str, wrong: bool) -> None:
    files = {"app.js": _COOKIE.replace("JAR", jar).replace("PRICE", price), "prices.js": _PRICES}
    assert bool(broken(tmp_path, _AMOUNT, files)) is wrong


_LIFTED = """\
const crypto = require('crypto');
const express = require('express');
const User = require('./user');
const auth = require('./auth');
const app = express();
app.use(express.json());
app.post('/verify', auth, async (req, res) => {
  const { razorpay_order_id, razorpay_payment_id, razorpay_signature, plan } = req.body;
  const text = `${razorpay_order_id}|${razorpay_payment_id}`;
  const mac = crypto.createHmac('sha256', process.env.RZP_SECRET).update(text).digest('hex');
  if (mac !== razorpay_signature) return res.sendStatus(400);
  await User.findByIdAndUpdate(req.user.id, { GIVEN });
  res.json({ ok: true });
});
"""
_USERS = """\
const mongoose = require('mongoose');
const schema = new mongoose.Schema({ email: String, plan: String, credits: Number });
module.exports = mongoose.model('User', schema);
"""


@pytest.mark.parametrize(
    ("given", "wrong"),
    [("plan", True), ("$inc: { credits: req.body.credits }", True), ("plan: 'pro'", False), ("email: req.body.email", False)],
)
def test_who_has_paid_says_for_what(tmp_path: Path, given: str, wrong: bool) -> None:
    files = {"app.js": _LIFTED.replace("GIVEN", given), "user.js": _USERS, "auth.js": _AUTH}
    assert [line for _, line in broken(tmp_path, "payment/amount-not-reconciled", files)] == ([12] if wrong else [])


_SQLMODEL = """\
from fastapi import Depends, FastAPI
from sqlmodel import Field, Session, SQLModel, create_engine

app = FastAPI()
engine = create_engine("sqlite:///shop.db")


class OrderCreate(SQLModel):
    product_id: int
    FIELD


class Order(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    product_id: int
    total_amount: float = 0


def session():
    with Session(engine) as s:
        yield s


@app.post("/orders")
def create(data: OrderCreate, s: Session = Depends(session)):
    order = Order.model_validate(data)
    s.add(order)
    s.commit()
    return order
"""


@pytest.mark.parametrize(("field", "lines"), [("total_amount: float", [26]), ("note: str", [])])
def test_an_order_that_is_read_of_what_was_sent_costs_what_is_said(tmp_path: Path, field: str, lines: list[int]) -> None:
    files = {"main.py": _SQLMODEL.replace("FIELD", field)}
    assert [line for _, line in broken(tmp_path, _AMOUNT, files)] == lines


_DYNAMO = """\
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));
export const handler = async (event) => {
  await client.send(new UpdateCommand({
    TableName: 'orders',
    Key: { id: event.pathParameters.id },
    UpdateExpression: 'SET #s = :state',
    ExpressionAttributeNames: { '#s': 'status' },
    ExpressionAttributeValues: { ':state': 'STATE' },
  }));
  return { statusCode: 200 };
};
"""
_SERVERLESS = """\
service: shop
provider: {name: aws, runtime: nodejs20.x}
functions:
  confirm:
    handler: confirm.handler
    events:
      - httpApi: {path: "/orders/{id}/confirm", method: post}
"""


@pytest.mark.parametrize(("state", "lines"), [("PAID", [5]), ("PENDING", [])])
def test_an_item_of_dynamodb_is_paid_by_an_expression(tmp_path: Path, state: str, lines: list[int]) -> None:
    files = {
        "confirm.js": _DYNAMO.replace("STATE", state),
        "serverless.yml": _SERVERLESS,
        "package.json": '{"dependencies": {"stripe": "14"}}',
    }
    assert [line for _, line in broken(tmp_path, _REDIRECT, files)] == lines


_LINES = """\
const express = require('express');
const { Pool } = require('pg');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const pool = new Pool();
const app = express();
app.use(express.json());
app.post('/cart/:id', async (req, res) => {
  const item = req.body;
  BOUND
  const { rows } = await pool.query('SELECT items FROM carts WHERE id = $1', [req.params.id]);
  const others = JSON.parse(rows[0].items).filter((one) => one.id !== item.id);
  await pool.query('UPDATE carts SET items = $1 WHERE id = $2', [JSON.stringify([...others, item]), req.params.id]);
  res.json({ ok: true });
});
app.post('/pay/:id', async (req, res) => {
  const { rows } = await pool.query('SELECT items FROM carts WHERE id = $1', [req.params.id]);
  let total = 0;
  for (const item of JSON.parse(rows[0].items)) {
    const found = await pool.query('SELECT price FROM products WHERE id = $1', [item.id]);
    total += found.rows[0].price * item.qty;
  }
  res.json(await stripe.paymentIntents.create({ amount: Math.round(total), currency: 'eur' }));
});
"""


@pytest.mark.parametrize(
    ("bound", "wrong"),
    [
        ("if (item.qty <= 0) return res.sendStatus(400);", True),
        ("if (!item.qty) return res.sendStatus(400);", True),
        ("if (!Number.isInteger(item.qty) || item.qty < 1) return res.sendStatus(400);", False),
        ("item.qty = Math.max(1, Math.floor(item.qty));", False),
    ],
)
def test_a_line_that_is_kept_as_it_was_sent_may_be_of_a_part(tmp_path: Path, bound: str, wrong: bool) -> None:
    assert bool(broken(tmp_path, _AMOUNT, {"app.js": _LINES.replace("BOUND", bound)})) is wrong
