"""Two decimals for a provider that refuses them in currencies that have none: nothing is charged wrong, and few shops take such a one."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_PAYMENT = """\
<?php

namespace App\\Payment;

use App\\Entity\\Order;
use Mollie\\Api\\MollieApiClient;

final class MolliePayment
{
    public function __construct(private MollieApiClient $mollie)
    {
    }

    public function start(Order $order): string
    {
        $payment = $this->mollie->payments->create([
            'amount' => $this->amount($order->getTotal(), CURRENCY),
            'description' => 'Order ' . $order->getId(),
            'redirectUrl' => 'https://shop.example/thanks',
        ]);

        return $payment->getCheckoutUrl();
    }

    private function amount(string $total, string $currency): array
    {
        return ['currency' => $currency, 'value' => number_format((float) $total, 2, '.', '')];
    }
}
"""


@pytest.mark.parametrize(("currency", "ruling"), [("$order->getCurrency()", "unknown"), ("'JPY'", "broken"), ("'EUR'", "held")])
def test_only_where_such_a_currency_is_taken_is_it_wrong(tmp_path: Path, currency: str, ruling: str) -> None:
    found = ruled(tmp_path, "payment/amount-unit", {"src/Payment/MolliePayment.php": _PAYMENT.replace("CURRENCY", currency)})
    assert [one[0] for one in found] == [ruling]
