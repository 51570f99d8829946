"""An order of a platform's that is told by a call that its payment came: what was paid has to be this order's all the same."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_CONTROLLER = """\
<?php

namespace App\\Http\\Controllers;

use Igniter\\Cart\\Models\\Order;
use Illuminate\\Http\\Request;
use Mollie\\Api\\MollieApiClient;

class NotifyController extends Controller
{
    public function __construct(private MollieApiClient $mollie)
    {
    }

    public function notify(Request $request, string $hash)
    {
        $order = Order::whereHash($hash)->first();
        $payment = $this->mollie->payments->get($request->input('id'));
        if ($payment->isPaid()COMPARED) {
            $order->markAsPaymentProcessed();
        }

        return response('', 200);
    }
}
"""
_ROUTES = """\
<?php

use App\\Http\\Controllers\\NotifyController;
use Illuminate\\Support\\Facades\\Route;

Route::post('/mollie/notify/{hash}', [NotifyController::class, 'notify']);
"""


@pytest.mark.parametrize(("compared", "ruling"), [("", "broken"), (" && $payment->metadata->order_id == $order->order_id", "held")])
def test_what_was_paid_is_this_orders(tmp_path: Path, compared: str, ruling: str) -> None:
    files = {"app/Http/Controllers/NotifyController.php": _CONTROLLER.replace("COMPARED", compared), "routes/web.php": _ROUTES}
    files["composer.json"] = '{"require": {"laravel/framework": "^11.0", "mollie/mollie-api-php": "^2.0"}}'
    assert [one[0] for one in ruled(tmp_path, "payment/amount-not-reconciled", files)] == [ruling]
