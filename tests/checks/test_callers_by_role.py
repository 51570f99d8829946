"""Guards that ask for a role on some of their ways: who they let pass, seen by whether a buyer's own sum is a finding behind them."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_CHECK = "payment/client-amount"
_EXPRESS = """\
const express = require('express');
const jwt = require('jsonwebtoken');
const Razorpay = require('razorpay');
const { Admin, User } = require('./models');
const razorpay = new Razorpay({ key_id: process.env.KEY_ID, key_secret: process.env.KEY_SECRET });
const app = express();
app.use(express.json());
const signedIn = async (req, res, next) => {
  try {
    const decoded = jwt.verify(req.cookies.token, process.env.JWT_SECRET);
    GUARD
  } catch (e) {
    return res.status(401).json({ message: 'please log in' });
  }
};
app.post('/pay', signedIn, async (req, res) => {
  res.json(await razorpay.orders.create({ amount: Math.round(req.body.amount * 100), currency: 'INR' }));
});
"""
_BUYERS = {
    "looked up where he is kept": """let person = null;
    if (decoded.role === 'admin') person = await Admin.findById(decoded.id);
    if (!person) person = await User.findById(decoded.id);
    if (!person) return res.status(401).json({ message: 'who are you' });
    req.user = person;
    return next();""",
    "one or the other": """req.user = decoded.role === 'admin' ? await Admin.findById(decoded.id) : await User.findById(decoded.id);
    if (!req.user) return res.status(401).json({ message: 'who are you' });
    next();""",
    "noted for later": """req.user = await User.findById(decoded.id);
    if (!req.user) return res.status(401).end();
    if (req.user.isAdmin) { console.log('an administrator'); }
    next();""",
    "by a switch": """switch (decoded.role) {
      case 'admin': req.user = await Admin.findById(decoded.id); break;
      default: req.user = await User.findById(decoded.id);
    }
    if (!req.user) return res.status(403).end();
    next();""",
}
_STAFF = {
    "turned away": """if (decoded.role !== 'admin') return res.status(403).json({ message: 'no' });
    next();""",
    "let pass": """if (decoded.role === 'admin') { req.user = decoded; return next(); }
    return res.status(403).end();""",
    "one of two": """if (decoded.role === 'admin' || decoded.role === 'manager') { next(); } else { res.status(403).end(); }""",
    "kept in a variable": """const may = decoded.role === 'admin' || decoded.role === 'manager';
    if (!may) return res.status(403).end();
    next();""",
    "by a flag": """const person = await User.findById(decoded.id);
    if (!person || !person.isAdmin) return res.status(403).end();
    next();""",
    "looked up among staff": """const admin = await Admin.findById(decoded.id);
    if (!admin) return res.status(401).end();
    next();""",
}


@pytest.mark.parametrize(
    ("guard", "wrong"), [(g, True) for g in _BUYERS.values()] + [(g, False) for g in _STAFF.values()], ids=[*_BUYERS, *_STAFF]
)
def test_a_guard_demands_what_every_way_through_it_asks(tmp_path: Path, guard: str, wrong: bool) -> None:
    models = "const m = require('mongoose');\nexports.Admin = m.model('Admin', {});\nexports.User = m.model('User', {});\n"
    files = {"server.js": _EXPRESS.replace("GUARD", guard), "models.js": models}
    assert bool(found(tmp_path, files, _CHECK)) is wrong


_FASTAPI = """\
import os
import razorpay
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer
from jose import jwt
from pydantic import BaseModel
from models import Admin, Customer, session

app = FastAPI()
client = razorpay.Client(auth=(os.environ["KEY_ID"], os.environ["KEY_SECRET"]))
bearer = OAuth2PasswordBearer(tokenUrl="token")


class Sum(BaseModel):
    amount: int


def signed_in(token: str = Depends(bearer)):
    payload = jwt.decode(token, os.environ["SECRET"], algorithms=["HS256"])
GUARD


@app.post("/pay")
def pay(asked: Sum, person=Depends(signed_in)):
    return client.order.create({"amount": asked.amount, "currency": "INR"})
"""


@pytest.mark.parametrize(
    ("guard", "wrong"),
    [
        (
            """    if payload["role"] == "admin":
        person = session.query(Admin).get(payload["id"])
    else:
        person = session.query(Customer).get(payload["id"])
    if person is None:
        raise HTTPException(401)
    return person
""",
            True,
        ),
        (
            """    if payload["role"] != "admin":
        raise HTTPException(403)
    return session.query(Admin).get(payload["id"])
""",
            False,
        ),
    ],
    ids=["looked up where he is kept", "turned away"],
)
def test_a_dependency_demands_what_every_way_through_it_asks(tmp_path: Path, guard: str, wrong: bool) -> None:
    files = {"main.py": _FASTAPI.replace("GUARD", guard), "models.py": "class Admin: ...\nclass Customer: ...\nsession = None\n"}
    assert bool(found(tmp_path, files, _CHECK)) is wrong


_RETURN = """\
const express = require('express');
const crypto = require('crypto');
const Stripe = require('stripe');
const { Order, Product } = require('./models');
const stripe = new Stripe(process.env.STRIPE_KEY);
const app = express();
app.use(express.json());
app.post('/verify', async (req, res) => {
  PROOF
  let total = 0;
  for (const item of req.body.order.products) {
    const product = await Product.findById(item.id);
    total += PRICE * Math.max(1, parseInt(item.qty, 10));
  }
  const order = await Order.create({ status: 'paid', total });
  res.json(order);
});
"""
_DIGEST = """const { razorpay_order_id, razorpay_payment_id, razorpay_signature } = req.body;
  const signed = razorpay_order_id + '|' + razorpay_payment_id;
  const made = crypto.createHmac('sha256', process.env.RAZORPAY_KEY_SECRET).update(signed).digest('hex');
  if (made !== razorpay_signature) return res.status(400).json({ message: 'no' });"""
_ASKED = """const session = await stripe.checkout.sessions.retrieve(req.body.session_id);
  if (session.payment_status !== 'paid') return res.status(400).json({ message: 'not paid' });"""


@pytest.mark.parametrize("proof", [_DIGEST, _ASKED], ids=["a signature over two ids", "the provider asked"])
@pytest.mark.parametrize(("price", "wrong"), [("Number(item.price || product.price)", True), ("product.price", False)])
def test_a_browser_that_comes_back_says_what_it_likes_beside_what_is_proven(tmp_path: Path, proof: str, price: str, wrong: bool) -> None:
    models = "const m = require('mongoose');\nexports.Order = m.model('Order', {});\nexports.Product = m.model('Product', {});\n"
    code = _RETURN.replace("PROOF", proof).replace("PRICE", price)
    assert bool(found(tmp_path, {"server.js": code, "models.js": models}, _CHECK)) is wrong


_APP = """\
import express from 'express';
import { shopifyApp } from '@shopify/shopify-app-express';
const shopify = shopifyApp({ auth: { path: '/api/auth' }, webhooks: { path: '/api/webhooks' } });
const app = express();
GUARD
app.use(express.json());
app.put('/api/orders/:id', async (req, res) => {
  const order = new shopify.api.rest.Order({ session: res.locals.shopify.session });
  order.financial_status = 'paid';
  await order.save({ update: true });
  res.json(order);
});
"""


@pytest.mark.parametrize(("guard", "wrong"), [("app.use('/api/*', shopify.validateAuthenticatedSession());", False), ("", True)])
def test_who_works_in_a_shops_admin_is_its_staff(tmp_path: Path, guard: str, wrong: bool) -> None:
    assert bool(found(tmp_path, {"index.js": _APP.replace("GUARD", guard)}, "payment/fulfil-on-redirect")) is wrong
