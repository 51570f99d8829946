"""What a request's declaration takes whole is whole, and a currency that it lets choose among those of two decimals has two."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

_APP = """\
const express = require('express');
const { body, validationResult } = require('express-validator');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const app = express();
app.use(express.json());

class Desk {
  async give(payment, amount, currency) {
    return stripe.refunds.create({ payment_intent: payment, amount: amount && amount * 100 });
  }
  async back(req, res) {
    const { amount } = req.body;
    res.json(await this.give(req.params.id, amount));
  }
  async pay(req, res) {
    const { gift, currency } = req.body;
    const intent = await stripe.paymentIntents.create({ amount: Math.round(PRICE * 100), currency });
    res.json({ secret: intent.client_secret });
  }
}

const rules = [body('amount').optional().AMOUNT, body('currency').notEmpty()
  CURRENCY];
const checked = (req, res, next) => (validationResult(req).isEmpty() ? next() : res.status(422).end());
const desk = new Desk();
app.post('/refunds/:id', rules, checked, desk.back.bind(desk));
app.post('/pay', rules, checked, desk.pay.bind(desk));
"""
_UNROUNDED = "The sum in the smallest unit is no whole number"
_TWO = "Two decimals are taken for granted, whatever the currency"


@pytest.mark.parametrize(
    ("amount", "currency", "found"),
    [
        ("isInt({ min: 1 })", ".isIn(['usd', 'eur'])", []),
        ("isNumeric()", ".isIn(['usd', 'eur'])", [_UNROUNDED]),
        ("isInt({ min: 1 })", ".isIn(['usd', 'jpy'])", [_TWO]),
        ("isInt({ min: 1 })", ".isLength({ min: 3, max: 3 })", [_TWO]),
    ],
)
def test_what_is_declared_of_a_request(tmp_path: Path, amount: str, currency: str, found: list[str]) -> None:
    app = _APP.replace("AMOUNT", amount).replace("CURRENCY", currency).replace("PRICE", "process.env.PRICE")
    write(tmp_path, {"package.json": '{"dependencies": {"express": "4", "stripe": "14", "express-validator": "7"}}', "app.js": app})
    findings = review(tmp_path, Settings(use_cache=False, checks=("payment/amount-unit",))).findings
    assert sorted({f.title for f in findings}) == found


_STEPPED = """\
import requests
from django.shortcuts import redirect
from .models import Item

def fee(lines):
    total = sum(line.price * line.quantity for line in lines)
    return FEE

def pay(request):
    lines = Item.objects.filter(user=request.user)
    amount = float(fee(lines) + sum(line.price * line.quantity for line in lines))
    answer = requests.post("https://api.flutterwave.com/v3/payments", timeout=10, headers=HEADERS,
        json={"tx_ref": "x", "amount": amount, "currency": "NGN"})
    return redirect(answer.json()["data"]["link"])
"""
_ITEMS = """\
from django.db import models

class Item(models.Model):
    price = models.DecimalField(max_digits=10, decimal_places=2)
    quantity = models.PositiveIntegerField()
"""


@pytest.mark.parametrize(("fee", "cut"), [("(total // 1000) * 10", False), ("total // 100 * 2", False), ("int(total)", True)])
def test_how_many_thousands_a_sum_comes_to_is_no_sum_that_was_cut(tmp_path: Path, fee: str, cut: bool) -> None:
    urls = "from django.urls import path\nfrom . import views\nurlpatterns = [path('pay/', views.pay)]\n"
    write(
        tmp_path,
        {"manage.py": "", "shop/models.py": _ITEMS, "shop/urls.py": urls, "shop/views.py": _STEPPED.replace("FEE", fee)},
    )
    findings = review(tmp_path, Settings(use_cache=False, checks=("payment/amount-unit",))).findings
    assert bool(findings) is cut
