"""A sum of which nobody here can say where it comes from is asked for, and not taken for the server's own."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

_PYTHON = """\
import stripe
from oddframe import request, settings


def pay(order, http_request, ctx, data):
    return stripe.PaymentIntent.create(amount=SUM, currency="eur", idempotency_key=order.number)
"""
_PHP = """<?php
use Odd\\Frame\\Action;

class PayAction extends Action
{
    public function run($request, $response, $order)
    {
        $stripe = new \\Stripe\\StripeClient(getenv('STRIPE_KEY'));
        return $stripe->paymentIntents->create(['amount' => SUM, 'currency' => 'eur'])->id;
    }
}
"""
_NODE = """\
import Stripe from 'stripe';
const stripe = new Stripe(process.env.STRIPE_KEY);

export async function pay(ctx, order) {
  const sent = await ctx.request.body({ type: 'json' }).value;
  return stripe.paymentIntents.create({ amount: SUM, currency: 'eur' });
}
"""


def _ruled(root: Path, name: str, code: str) -> str:
    needs = {"pay.py": "requirements.txt", "pay.php": "composer.json", "pay.mjs": "package.json"}[name]
    text = {"requirements.txt": "stripe\n", "composer.json": '{"require": {"stripe/stripe-php": "^15"}}'}
    write(root, {needs: text.get(needs, '{"dependencies": {"stripe": "14"}}'), name: code})
    report = review(root, Settings(use_cache=False, checks=("payment/client-amount",)))
    (ruling,) = [o.ruling for o in report.obligations]
    return ruling


@pytest.mark.parametrize(
    ("name", "code", "sum_", "ruling"),
    [
        ("pay.py", _PYTHON, "int(data.amount)", "unknown"),
        ("pay.py", _PYTHON, "int(http_request.parsed().amount)", "unknown"),
        ("pay.py", _PYTHON, 'int(ctx.form["amount"])', "unknown"),
        ("pay.py", _PYTHON, 'request.fields["amount"]', "unknown"),
        ("pay.py", _PYTHON, "order.total_cents", "held"),
        ("pay.py", _PYTHON, "settings.FEE_CENTS", "held"),
        ("pay.php", _PHP, "$request->getParsedBody()['amount']", "unknown"),
        ("pay.php", _PHP, "(int) $request->getParsedBody()['amount'] * 100", "unknown"),
        ("pay.php", _PHP, "$order->total_cents", "held"),
        ("pay.mjs", _NODE, "sent.amount", "unknown"),
        ("pay.mjs", _NODE, "Math.round(sent.amount * 100)", "unknown"),
        ("pay.mjs", _NODE, "order.totalCents", "held"),
    ],
)
def test_what_an_unknown_framework_brings_is_nobodys_word(tmp_path: Path, name: str, code: str, sum_: str, ruling: str) -> None:
    assert _ruled(tmp_path, name, code.replace("SUM", sum_)) == ruling
