"""What marks an order as paid, and what only looks like it, beyond the examples of the page."""

from pathlib import Path

import pytest

from tests.checks.test_examples import review_of
from tillproof.checks.pages import Example
from tillproof.review import review
from tillproof.settings import Settings

CHECK = "payment/fulfil-on-redirect"
ROUTE = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const { PrismaClient } = require('@prisma/client');
const prisma = new PrismaClient();
const app = express();
app.post('/start', async (req, res) => res.json(await stripe.paymentIntents.create({ amount: 100, currency: 'eur' })));
app.post('/done', async (req, res) => {
  STATEMENT
  res.json({});
});
"""


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("await prisma.order.update({ where: { id: req.body.id }, data: { status: 'paid' } });", 1),
        ("await prisma.order.update({ where: { id: req.body.id }, data: { status: 'PAID - Cash' } });", 1),
        ("await prisma.order.update({ where: { id: req.body.id }, data: { status: 'to be paid by card' } });", 0),
        ("await prisma.payout.update({ where: { id: req.body.id }, data: { status: 'completed' } });", 0),
        ("await prisma.enrollment.update({ where: { id: req.body.id }, data: { status: 'approved' } });", 0),
        ("await prisma.enrollment.update({ where: { checkoutId: req.body.checkoutId }, data: { status: 'active' } });", 1),
        ("await prisma.invoice.create({ data: { number: 7, workspaceId: req.body.id } });", 0),
        ("await prisma.invoice.create({ data: { number: 7, orderId: req.body.id } });", 1),
        ("await prisma.checkout.update({ where: { id: req.body.id }, data: { status: 'confirmed' } });", 0),
        ("await prisma.checkout.update({ where: { id: req.body.id }, data: { status: 'completed' } });", 1),
        ("await factor.enroll(req.user.id);", 0),
        ("await course.enroll(req.user.id, req.body.paymentId);", 1),
    ],
)
def test_a_status_says_paid_on_what_customers_pay_for(tmp_path: Path, statement: str, found: int) -> None:
    example = Example(title="", files={"server.js": ROUTE.replace("STATEMENT", statement)}, expect=[])
    report = review_of(example, tmp_path, CHECK)
    assert [f.start_line for f in report.findings if f.check == CHECK] == [8] * found


SIGNED_IN = """\
const express = require('express');
const jwt = require('jsonwebtoken');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const Order = require('mongoose').model('Order');
const app = express();
app.post('/start', async (req, res) => res.json(await stripe.paymentIntents.create({ amount: 100, currency: 'eur' })));
app.post('/done', async (req, res) => {
  const told = jwt.verify(TOKEN, process.env.SECRET);
  const order = await Order.findById(told.order);
  order.status = 'paid';
  await order.save();
});
"""


@pytest.mark.parametrize(("token", "found"), [("req.headers.authorization.split(' ')[1]", 1), ("req.body.receipt", 0)])
def test_a_token_that_signs_a_visitor_in_is_no_receipt(tmp_path: Path, token: str, found: int) -> None:
    example = Example(title="", files={"server.js": SIGNED_IN.replace("TOKEN", token)}, expect=[])
    report = review_of(example, tmp_path, CHECK)
    assert len([f for f in report.findings if f.check == CHECK]) == found


WALLET = """\
<?php
namespace App\\Http\\Controllers;
use App\\Models\\Order;
use Illuminate\\Http\\Request;
use %s;
class WalletController extends Controller {
  public function confirm(Request $request) {
    $wallet = new WalletPayments(config('wallet.key'));
    if ($wallet->confirm($request->process_id, $request->code)->isSuccessful()) {
      Order::where('process_id', $request->process_id)->update(['payment_status' => 'paid']);
    }
  }
}
"""
WALLET_ROUTES = """\
<?php
use App\\Http\\Controllers\\WalletController;
use Illuminate\\Support\\Facades\\Route;
Route::post('/wallet/confirm', [WalletController::class, 'confirm']);
"""


@pytest.mark.parametrize(
    ("library", "ruling"), [("Dinarpay\\Wallet\\WalletPayments", "held"), ("Illuminate\\Http\\WalletPayments", "broken")]
)
def test_what_a_payment_library_that_no_pack_knows_answers_is_its_word(tmp_path: Path, library: str, ruling: str) -> None:
    files = {"app/Http/Controllers/WalletController.php": WALLET % library, "routes/api.php": WALLET_ROUTES}
    report = review_of(Example(title="", files=files, expect=[]), tmp_path, CHECK)
    assert [o.ruling for o in report.obligations if o.check == CHECK] == [ruling]


def test_a_framework_of_the_same_vendor_is_no_use_of_a_provider(tmp_path: Path) -> None:
    user = "<?php\nnamespace App\\Models;\nuse Laravel\\%s;\nclass User { use %s; }\n"
    settled = "payment/no-settlement-webhook"
    files = {
        "app/Http/Controllers/WalletController.php": WALLET % "Dinarpay\\Wallet\\WalletPayments",
        "routes/api.php": WALLET_ROUTES,
        "composer.json": '{"require": {"laravel/framework": "^11.0"}}',
    }
    for name, found in (("Sanctum\\HasApiTokens", []), ("Cashier\\Billable", [settled])):
        model = {"app/Models/User.php": user % (name, name.rpartition("\\")[2])}
        root = tmp_path / name.partition("\\")[0]
        root.mkdir()
        report = review_of(Example(title="", files=files | model, expect=[]), root, settled)
        assert [o.check for o in report.obligations if o.check == settled] == found


ODOO_ROUTE = """\
from odoo import http
from odoo.http import request


class Gateway(http.Controller):
    @http.route("/payment/gateway/return", type="http", auth="AUTH", methods=["POST"], csrf=False)
    def back(self, **told):
        transaction = request.env["payment.transaction"].sudo().search([("reference", "=", told.get("reference"))])
        transaction._handle_notification_data("gateway", told)
        return request.redirect("/payment/status")
"""
ODOO_MODEL = """\
import requests

from odoo import models


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    def _process_notification_data(self, told):
        super()._process_notification_data(told)
        if self.provider_code != "gateway":
            return
        ASK
        if told.get("status") == "paid":
            self._set_done()
        else:
            self._set_canceled()
"""


def test_what_odoo_hands_a_module_marks_the_transaction_as_paid(tmp_path: Path) -> None:
    def outcomes(name: str, auth: str, ask: str) -> list[str]:
        root = tmp_path / name
        for file, text in {
            "controllers/main.py": ODOO_ROUTE.replace("AUTH", auth),
            "models/payment_transaction.py": ODOO_MODEL.replace("ASK", ask),
        }.items():
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).write_text(text, encoding="utf-8")
        report = review(root, Settings(checks=("payment/fulfil-on-redirect",), use_cache=False))
        return [o.ruling for o in report.obligations]

    assert outcomes("a", "public", "pass") == ["broken"]
    asked = 'told = requests.get("https://api.mollie.com/v2/payments/" + self.provider_reference, timeout=9).json()'
    assert outcomes("b", "public", asked) == ["held"]


def test_what_is_read_of_the_senders_own_message_is_nobodys_confirmation(tmp_path: Path) -> None:
    route = ODOO_ROUTE.replace("from odoo import http", "import json\n\nfrom odoo import http").replace("AUTH", "public")
    route = route.replace("        transaction =", "        told = json.loads(request.httprequest.data)\n        transaction =")
    for file, text in {"controllers/main.py": route, "models/payment_transaction.py": ODOO_MODEL.replace("ASK", "pass")}.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text, encoding="utf-8")
    (ruling,) = review(tmp_path, Settings(checks=("payment/fulfil-on-redirect",), use_cache=False)).obligations
    assert ruling.ruling == "broken"


RECEIVED = """\
import enum

import stripe
from flask import Blueprint
from flask_login import login_required

from shop.models import Order, db

bp = Blueprint("orders", __name__)
States = enum.Enum("States", "open paid shipped completed")


@bp.post("/orders/<int:order_id>/pay")
@login_required
def pay(order_id):
    return stripe.PaymentIntent.create(amount=100, currency="eur").client_secret


@bp.post("/orders/<int:order_id>/received")
@login_required
def NAME(order_id):
    order = Order.query.get_or_404(order_id)
    order.status = States.STATE.value
    db.session.commit()
    return "thanks"
"""


@pytest.mark.parametrize(("name", "state", "found"), [("receive", "completed", 0), ("receive", "paid", 1), ("finish", "completed", 1)])
def test_who_says_that_his_parcel_has_come_pays_nothing(tmp_path: Path, name: str, state: str, found: int) -> None:
    model = "from flask_sqlalchemy import SQLAlchemy\ndb = SQLAlchemy()\nclass Order(db.Model):\n    status = db.Column(db.Integer)\n"
    files = {"shop/models.py": model, "shop/views.py": RECEIVED.replace("NAME", name).replace("STATE", state)}
    report = review_of(Example(title="", files=files, expect=[]), tmp_path, CHECK)
    assert len([f for f in report.findings if f.check == CHECK]) == found


VERIFY = """\
import os
import requests
from django.db import models
from django.http import JsonResponse
from django.urls import path

class Order(models.Model):
    reference = models.CharField(max_length=60, unique=True)
    status = models.CharField(max_length=20)
    gateway_response = models.JSONField(default=dict)

class Log(models.Model):
    status = models.CharField(max_length=20)
    told = models.JSONField()

def verify(request):
    order = Order.objects.get(reference=request.POST["reference"])
    key = os.environ["PAYSTACK_SECRET_KEY"]
    address = f"https://api.paystack.co/transaction/verify/{order.reference}"
    answer = requests.get(address, headers={"Authorization": f"Bearer {key}"}, timeout=5)
    if answer.status_code != 200:
        return JsonResponse({}, status=400)
    data = answer.json()
    KEPT
    order.status = "paid"
    order.save()
    return JsonResponse({})

urlpatterns = [path("verify/", verify)]
"""
REFUSED = '!= "success":\n        return JsonResponse({}, status=400)'


@pytest.mark.parametrize(
    ("kept", "ruling"),
    [
        ("order.gateway_response = data", "broken"),
        ('Log.objects.create(status=data["data"]["status"], told=data)', "broken"),
        ('entry = {"status": data["data"]["status"], "told": data}\n    Log.objects.create(**entry)', "broken"),
        (f'order.gateway_response = data\n    if data["data"]["status"] {REFUSED}', "held"),
        (f'order.gateway_response = data\n    if order.gateway_response["data"]["status"] {REFUSED}', "held"),
        (f'log = Log.objects.create(status=data["data"]["status"], told=data)\n    if log.status {REFUSED}', "held"),
        (f'log = Log.objects.create(status="new", told=data)\n    if log.told["data"]["status"] {REFUSED}', "held"),
        (f'entry = {{"told": data}}\n    if entry["told"]["data"]["status"] {REFUSED}', "held"),
    ],
)
def test_an_answer_that_is_only_kept_decides_nothing(tmp_path: Path, kept: str, ruling: str) -> None:
    files = {"requirements.txt": "django\nrequests\n", "app.py": VERIFY.replace("KEPT", kept)}
    report = review_of(Example(title="", files=files, expect=[]), tmp_path, CHECK)
    assert [o.ruling for o in report.obligations if o.check == CHECK] == [ruling]


_ASKED = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const { PrismaClient } = require('@prisma/client');
const prisma = new PrismaClient();
const app = express();
app.post('/confirm', async (req, res) => {
  const session = await stripe.checkout.sessions.retrieve(req.query.session_id);
  await prisma.$transaction(async (tx) => {
    ASKS
    await tx.order.update({ where: { id: session.metadata.orderId }, data: { status: 'paid', email: session.customer_details.email } });
  });
  res.json({});
});
"""


@pytest.mark.parametrize(
    ("asks", "wrong"),
    [
        (
            "const order = await tx.order.findUnique({ where: { id: session.metadata.orderId } }); if (order.status === 'paid') return;",
            True,
        ),
        ("if (session.payment_status !== 'paid') throw new Error('not paid');", False),
        ("const { payment_status } = session; if (payment_status !== 'paid') return;", False),
    ],
    ids=["nobody asks", "asked inside", "taken apart inside"],
)
def test_an_answer_is_followed_into_the_functions_inside(tmp_path: Path, asks: str, wrong: bool) -> None:
    report = review_of(Example(title="", files={"server.js": _ASKED.replace("ASKS", asks)}, expect=[]), tmp_path, CHECK)
    assert [o.ruling for o in report.obligations if o.check == CHECK] == (["broken"] if wrong else ["held"])


_TOP_UP = """\
from fastapi import Depends, FastAPI
from sqlalchemy import Column, Integer, String
from sqlalchemy.orm import Session, declarative_base
import requests

Base = declarative_base()
app = FastAPI()


class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    email = Column(String)
    FIELD = Column(Integer, default=0)


class Users:
    def credit(email, given, db):
        user = db.query(User).filter(User.email == email).first()
        user.FIELD += given
        db.commit()


@app.post("/credit")
async def credit(data: dict, db: Session = Depends(get_db)):
    Users.credit(data["email"], GIVEN, db)


@app.post("/charge")
async def charge():
    asked = {"amount": 5000, "tx_ref": "a", "currency": "NGN"}
    return requests.post("https://api.flutterwave.com/v3/charges", json=asked, timeout=5).json()
"""


@pytest.mark.parametrize(
    ("field", "given", "lines"),
    [
        ("balance", 'data["amount"]', [20]),
        ("amount", 'data["amount"]', [20]),
        ("amount", "10", []),
        ("age", 'data["amount"]', []),
    ],
)
def test_a_balance_is_raised_by_a_service_of_what_the_route_was_sent(tmp_path: Path, field: str, given: str, lines: list[int]) -> None:
    files = {"app.py": _TOP_UP.replace("FIELD", field).replace("GIVEN", given)}
    report = review_of(Example(title="", files=files, expect=[]), tmp_path, CHECK)
    assert [f.start_line for f in report.findings] == lines


@pytest.mark.parametrize(("route", "found"), [("/orders/finish", 1), ("/orders/finish_return_order", 0), ("/returns/finish", 0)])
def test_what_is_done_with_goods_that_come_back_pays_for_nothing(tmp_path: Path, route: str, found: int) -> None:
    statement = "await prisma.order.update({ where: { id: req.body.id }, data: { status: 'success' } });"
    files = {"app.js": ROUTE.replace("STATEMENT", statement).replace("/done", route)}
    assert len(review_of(Example(title="", files=files, expect=[]), tmp_path, CHECK).findings) == found
