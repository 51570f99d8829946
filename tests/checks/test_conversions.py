"""Sums that lose a cent on their way to hundredths where no charge is seen to come from them, beside a provider of cents."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

_SETTINGS = Settings(use_cache=False, checks=("payment/amount-unit",))

_CHARGE = """<?php
namespace Acme;

class Charge
{
    public function start(\\Stripe\\StripeClient $stripe, array $order)
    {
        return $stripe->paymentIntents->create(['amount' => $order['total_cents'], 'currency' => 'eur']);
    }
}
"""
_LINES = """<?php
namespace Acme;

class Lines
{
    public function forRates(array $rates)
    {
        $options = [];
        foreach ($rates as $rate) {
            $options[] = ['id' => $rate->id, 'KEY' => SUM];
        }
        return $options;
    }
}
"""


def _lines(root: Path, files: dict[str, str]) -> list[str]:
    write(root, {"composer.json": '{"require": {"stripe/stripe-php": "^15"}}', "src/Charge.php": _CHARGE, **files})
    return [f"{f.file}:{f.start_line} {f.title}" for f in review(root, _SETTINGS).findings]


@pytest.mark.parametrize(
    ("key", "sum_", "lost"),
    [
        ("price", "intval(round($rate->cost, 2) * 100)", True),
        ("price", "(int) ($rate->cost * 100)", True),
        ("price", "(int) ($rate->cost * -100)", True),
        ("price", "(int) floor(100 * $rate->cost)", True),
        ("price", "(int) round($rate->cost * 100)", False),
        ("price", "intval(round($rate->cost * 100))", False),
        ("price", "(int) floor($rate->cost * 100 + 0.5)", False),
        ("price", "(int) bcmul($rate->cost, '100')", False),
        ("tax_rate", "intval($rate->cost * 100)", False),  # a share, and no sum
        ("progress", "(int) ($rate->cost * 100)", False),
        ("price", "(int) ($rate->done * 100)", False),
    ],
)
def test_a_line_of_a_request_loses_a_cent(tmp_path: Path, key: str, sum_: str, lost: bool) -> None:
    found = _lines(tmp_path, {"src/Lines.php": _LINES.replace("KEY", key).replace("SUM", sum_)})
    assert found == (["src/Lines.php:10 A cent is lost on the way to the smallest unit"] if lost else [])


_CONVERTER = """<?php
namespace Acme;

class Money
{
    public static function NAME($price)
    {
        if (is_string($price)) {
            $price = CAST;
        }
        return $price * 100;
    }
}
"""


_ANSWER = """<?php
namespace Acme;

class Answer
{
    public function of($rate)
    {
        return ['price' => Money::NAME($rate->cost)];
    }
}
"""


@pytest.mark.parametrize(
    ("name", "cast", "lost"),
    [("convertToPaisa", "(int) $price", True), ("convertToPaisa", "(float) $price", False), ("times", "(int) $price", False)],
)
def test_a_converter_says_by_its_name_that_it_is_given_decimals(tmp_path: Path, name: str, cast: str, lost: bool) -> None:
    files = {"src/Money.php": _CONVERTER.replace("NAME", name).replace("CAST", cast), "src/Answer.php": _ANSWER.replace("NAME", name)}
    found = _lines(tmp_path, files)
    assert found == (["src/Money.php:11 The cents are cut off before they are counted"] if lost else [])


def test_a_converter_that_nobody_uses_loses_nothing(tmp_path: Path) -> None:
    assert _lines(tmp_path, {"src/Money.php": _CONVERTER.replace("NAME", "convertToPaisa").replace("CAST", "(int) $price")}) == []


def test_whoever_works_with_no_provider_of_cents_counts_as_he_likes(tmp_path: Path) -> None:
    write(tmp_path, {"composer.json": "{}", "src/Lines.php": _LINES.replace("KEY", "price").replace("SUM", "(int) ($rate->cost * 100)")})
    assert review(tmp_path, _SETTINGS).findings == []


_COMPARED = """<?php
namespace Acme;

class Reuse
{
    public function fits(\\Stripe\\StripeClient $stripe, $order)
    {
        $begun = $stripe->paymentIntents->retrieve($order->intent_id);
        $sum = $order->total * 100;
        return OTHER === SUM;
    }
}
"""


@pytest.mark.parametrize(
    ("other", "sum_", "lost"),
    [
        ("$begun->amount", "(int) $sum", True),
        ("(int) $begun['amount']", "intval($order->total * 100)", True),
        ("$begun->amount", "(int) round($sum)", False),
        ("$begun->livemode", "(int) $sum", False),
        ("count($order->lines)", "(int) $sum", False),
    ],
)
def test_a_sum_that_loses_a_cent_before_it_is_compared(tmp_path: Path, other: str, sum_: str, lost: bool) -> None:
    found = _lines(tmp_path, {"src/Reuse.php": _COMPARED.replace("OTHER", other).replace("SUM", sum_)})
    assert [f.partition(" ")[2] for f in found] == (["A sum loses a cent before it is compared"] if lost else [])


def test_a_sum_that_is_only_rounded_to_cents_on_the_way_is_scaled_elsewhere(tmp_path: Path) -> None:
    rounding = """<?php
namespace Acme;

class Pay
{
    public function start(\\Stripe\\StripeClient $stripe, Order $order)
    {
        return $stripe->paymentIntents->create([
            'amount' => $this->two($order->total * 100),
            'currency' => $order->currency,
        ]);
    }

    private function two($sum)
    {
        return round($sum * 100) / 100;
    }
}
"""
    model = "<?php\nnamespace Acme;\nclass Order { public $total; public $currency; }\n"
    write(tmp_path, {"composer.json": '{"require": {"stripe/stripe-php": "^15"}}', "src/Pay.php": rounding, "src/Order.php": model})
    lines = [f.start_line for f in review(tmp_path, _SETTINGS).findings if "hundred times over" in f.message]
    assert lines == [9]
