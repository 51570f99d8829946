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
