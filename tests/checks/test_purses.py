"""Purses, payouts and transfers between customers: money that moves without anybody buying."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

SHOP = {
    "requirements.txt": """django
djangorestframework
requests
""",
    "shop/models.py": """from django.db import models
KIND_TRANSFER = "transfer"
STATUS_SUCCESS = "success"
class Wallet(models.Model):
    user = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    balance = models.DecimalField(max_digits=12, decimal_places=2)
class Transaction(models.Model):
    wallet = models.ForeignKey(Wallet, on_delete=models.CASCADE)
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    transaction_type = models.CharField(max_length=20)
    status = models.CharField(max_length=20)
class Settlement(models.Model):
    wallet = models.ForeignKey(Wallet, on_delete=models.CASCADE)
    status = models.CharField(max_length=20)
    def mark_as_success(self):
        self.status = STATUS_SUCCESS
        self.save()
""",
    "shop/urls.py": """from django.urls import path
from . import views
urlpatterns = [path("transfer", views.transfer), path("settle", views.settle), path("paystack/init", views.init)]
""",
    "shop/views.py": """import requests
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import JsonResponse
from .models import Settlement, Transaction, Wallet, KIND_TRANSFER, STATUS_SUCCESS
@login_required
def init(request):
    res = requests.post("https://api.paystack.co/transaction/initialize", json={"email": request.user.email, "amount": 5000}, timeout=5)
    return JsonResponse(res.json())
@login_required
def transfer(request):
    with transaction.atomic():
        mine = Wallet.objects.select_for_update().get(user=request.user)
        theirs = Wallet.objects.select_for_update().get(pk=request.POST["to"])
        amount = int(request.POST["amount"])
        if amount <= 0 or mine.balance < amount:
            return JsonResponse({}, status=400)
        txn = Transaction.objects.create(wallet=mine, amount=amount, transaction_type=KIND_TRANSFER, status="pending")
        mine.balance -= amount
        mine.save()
        theirs.balance += amount
        theirs.save()
        txn.status = STATUS_SUCCESS
        txn.save()
    return JsonResponse({"id": txn.pk})
@login_required
def settle(request):
    s = Settlement.objects.create(wallet=Wallet.objects.get(user=request.user), status="pending")
    s.mark_as_success()
    return JsonResponse({})
""",
}


def _found(tmp_path: Path, shop: dict[str, str]) -> list[str]:
    write(tmp_path, shop)
    return [f.title for f in review(tmp_path, Settings(checks=("payment/fulfil-on-redirect",), use_cache=False)).findings]


def test_a_transfer_between_purses_and_a_payout_are_no_order_that_is_paid(tmp_path: Path) -> None:
    assert _found(tmp_path, SHOP) == []


def test_the_same_transaction_of_a_purchase_is_one(tmp_path: Path) -> None:
    bought = SHOP["shop/models.py"].replace('KIND_TRANSFER = "transfer"', 'KIND_TRANSFER = "purchase"')
    views = SHOP["shop/views.py"].replace("            mine.balance -= amount\n", "").replace("mine.balance < amount", "amount > 9000")
    assert len(_found(tmp_path, {**SHOP, "shop/models.py": bought, "shop/views.py": views})) == 1


_EXPRESS = """\
const express = require('express');
const { Transaction, Wallet, Product } = require('./models');
const app = express();
app.use(express.json());
app.post('/send', async (req, res) => {
  const { amount, to } = req.body;
  REFUSED
  const mine = await Wallet.findOne({ where: { userId: req.user.id } });
  if (mine.balance < amount) return res.status(400).json({ message: 'not enough' });
  await mine.decrement({ balance: amount });
  await Wallet.increment({ balance: amount }, { where: { userId: to } });
  res.json(await Transaction.create({ walletId: mine.id, amount, kind: 'sent' }));
});
"""
_MODELS = """\
const { DataTypes, Sequelize } = require('sequelize');
const db = new Sequelize(process.env.DSN);
exports.Transaction = db.define('Transaction', { walletId: DataTypes.INTEGER, amount: DataTypes.DECIMAL, kind: DataTypes.STRING });
exports.Wallet = db.define('Wallet', { userId: DataTypes.INTEGER, balance: DataTypes.DECIMAL });
"""


@pytest.mark.parametrize(
    ("refused", "wrong"),
    [("if (!(amount > 0)) return res.status(400).end();", False), ("", True)],
    ids=["more", "less"],
)
def test_who_gives_from_his_purse_says_how_much(tmp_path: Path, refused: str, wrong: bool) -> None:
    write(tmp_path, {"server.js": _EXPRESS.replace("REFUSED", refused), "models.js": _MODELS})
    found = review(tmp_path, Settings(use_cache=False, checks=("payment/client-amount",))).findings
    assert bool(found) is wrong


_PYTHON = """\
from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy import Column, Integer, String
from sqlalchemy.orm import Session, declarative_base
from db import get_db
Base = declarative_base()
app = FastAPI()
class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    email = Column(String)
    amount = Column(Integer, default=0)
def debit(user, sum_, db):
    user.amount -= sum_
    db.commit()
@app.post("/transfer")
def transfer(email: str, wanted: int, db: Session = Depends(get_db)):
    rider = db.query(User).filter(User.email == email)LOCKED.first()
    if wanted > rider.amount:
        raise HTTPException(400)
    debit(rider, wanted, db)
    return {"ok": True}
"""
_JAVASCRIPT = """\
const express = require('express');
const mongoose = require('mongoose');
const Driver = mongoose.model('Driver', new mongoose.Schema({ email: String, money: Number }));
const app = express();
app.use(express.json());
app.post('/payout', async (req, res) => {
  const driver = await Driver.findById(req.user.id);
  if (driver.money < req.body.sum) return res.status(400).end();
  TAKE
  res.json({ ok: true });
});
"""
_PHP = """\
<?php
use App\\Models\\Customer;
use Illuminate\\Http\\Request;
use Illuminate\\Support\\Facades\\DB;
use Illuminate\\Support\\Facades\\Route;
Route::post('/spend', function (Request $request) {
    return DB::transaction(function () use ($request) {
        $customer = Customer::LOCKEDfind($request->user()->id);
        if ($customer->cash < $request->sum) { abort(400); }
        $customer->cash -= $request->sum;
        $customer->save();
    });
});
"""


@pytest.mark.parametrize(
    ("shop", "line"),
    [
        ({"app.py": _PYTHON.replace("LOCKED", "")}, 20),
        ({"app.py": _PYTHON.replace("LOCKED", ".with_for_update()")}, 0),
        ({"app.js": _JAVASCRIPT.replace("TAKE", "driver.money -= req.body.sum; await driver.save();")}, 9),
        (
            {
                "app.js": _JAVASCRIPT.replace(
                    "TAKE",
                    "const sum = req.body.sum;\n"
                    "  const r = await Driver.updateOne({ _id: driver.id, money: { $gte: sum } }, { $inc: { money: -sum } });\n"
                    "  if (!r.modifiedCount) return res.status(400).end();",
                )
            },
            0,
        ),
        ({"routes/web.php": _PHP.replace("LOCKED", "")}, 10),
        ({"routes/web.php": _PHP.replace("LOCKED", "lockForUpdate()->")}, 0),
    ],
    ids=["python", "python-locked", "javascript", "javascript-conditional", "php", "php-locked"],
)
def test_money_on_somebodys_own_record_is_looked_at_and_taken_in_one_step(tmp_path: Path, shop: dict[str, str], line: int) -> None:
    write(tmp_path, shop)
    found = review(tmp_path, Settings(use_cache=False, checks=("idempotency/dedup-race",))).findings
    assert [f.start_line for f in found] == ([line] if line else [])


def test_a_balance_whose_own_record_takes_from_it_is_looked_at_first(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "requirements.txt": "django\n",
            "shop/models.py": """\
from django.db import models
class Wallet(models.Model):
    user = models.OneToOneField("auth.User", on_delete=models.CASCADE)
    balance = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    def debit(self, amount):
        if self.balance < amount:
            raise ValueError("not enough")
        self.balance -= amount
        self.save()
""",
            "shop/views.py": """\
from django.contrib.auth.decorators import login_required
from django.http import JsonResponse
@login_required
def spend(request):
    try:
        request.user.wallet.debit(int(request.POST["amount"]))
    except ValueError:
        return JsonResponse({}, status=400)
    return JsonResponse({})
""",
            "shop/urls.py": "from django.urls import path\nfrom .views import spend\nurlpatterns = [path('spend', spend)]\n",
        },
    )
    found = review(tmp_path, Settings(use_cache=False, checks=("idempotency/dedup-race",))).findings
    assert [(f.file, f.start_line) for f in found] == [("shop/models.py", 8)]
