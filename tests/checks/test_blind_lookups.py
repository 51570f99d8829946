"""Look-ups of a currency's decimals that never find any, whatever the currency."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

_SETTINGS = Settings(use_cache=False, checks=("payment/amount-unit",))
_PHP = """<?php
namespace Shop;

class Charge
{
    private const ODD = ['JPY', 'KRW', 'VND'];
    private const FACTORS = ['JPY' => 1, 'KRW' => 1, 'KWD' => 1000];

    public function start(\\Stripe\\StripeClient $stripe, array $order)
    {
        $amount = $order['total'];
        $factor = FACTOR;
        return $stripe->paymentIntents->create(
            ['amount' => (int) round($amount * $factor), 'currency' => $order['currency']],
            ['idempotency_key' => $order['id']],
        );
    }
}
"""
_JS = """const stripe = require('stripe')(process.env.STRIPE_KEY);
const { ODD, SET } = require('./currencies');

exports.start = (order) => {
  const factor = FACTOR;
  return stripe.paymentIntents.create(
    { amount: Math.round(order.total * factor), currency: order.currency },
    { idempotencyKey: order.id },
  );
};
"""
_CODES = "exports.ODD = ['JPY', 'KRW', 'VND'];\nexports.SET = new Set(['JPY', 'KRW', 'VND']);\n"


def _titles(root: Path, files: dict[str, str]) -> list[str]:
    write(root, files)
    return [f.title for f in review(root, _SETTINGS).findings if f.severity != "low"]


@pytest.mark.parametrize(
    ("factor", "asked"),
    [
        ("in_array($amount, self::ODD) ? 1 : 100", "the sum"),
        ("in_array($order['total'], self::ODD, true) ? 1 : 100", "the sum"),
        ("array_search($amount, self::ODD) !== false ? 1 : 100", "the sum"),
        ("isset(self::ODD[$order['currency']]) ? 1 : 100", "its places"),
        ("array_key_exists($order['currency'], self::ODD) ? 1 : 100", "its places"),
        ("self::ODD[$order['currency']] ?? 100", "its places"),
        ("in_array($order['currency'], self::ODD) ? 1 : 100", ""),
        ("self::FACTORS[$order['currency']] ?? 100", ""),
        ("isset(self::FACTORS[$order['currency']]) ? 1 : 100", ""),
        ("in_array($amount, [500, 1000]) ? 1 : 100", ""),  # no list of currencies
    ],
)
def test_php_list_of_codes(factor: str, asked: str, tmp_path: Path) -> None:
    titles = _titles(tmp_path, {"src/Charge.php": _PHP.replace("FACTOR;", f"{factor};")})
    told = [t for t in titles if t.startswith("The list of currencies without decimals")]
    assert [asked in t for t in told] == ([True] if asked else [])


@pytest.mark.parametrize(
    ("factor", "asked"),
    [
        ("ODD.includes(order.total) ? 1 : 100", "the sum"),
        ("SET.has(order.total) ? 1 : 100", "the sum"),
        ("order.currency in ODD ? 1 : 100", "its places"),
        ("ODD[order.currency] ? 1 : 100", "its places"),
        ("ODD.includes(order.currency) ? 1 : 100", ""),
        ("SET.has(order.currency) ? 1 : 100", ""),
    ],
)
def test_javascript_list_in_another_file(factor: str, asked: str, tmp_path: Path) -> None:
    titles = _titles(tmp_path, {"src/charge.js": _JS.replace("FACTOR", factor), "src/currencies.js": _CODES})
    told = [t for t in titles if t.startswith("The list of currencies without decimals")]
    assert [asked in t for t in told] == ([True] if asked else [])
