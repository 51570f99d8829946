"""A proof that one of several methods of a name makes: which of them is called decides, so it is asked and not claimed."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_COMPOSER = '{"require": {"php": "^8.2", "laravel/framework": "^11", "mollie/mollie-api-php": "^2.60"}}'
_ROUTES = """\
<?php
use App\\Http\\Controllers\\HookController;
use Illuminate\\Support\\Facades\\Route;

Route::post('/mollie/webhook', [HookController::class, 'handle']);
"""
_FETCHERS = """\
<?php
namespace App\\Payments;

use Mollie\\Api\\MollieApiClient;

class MolliePayment
{
    public function __construct(private MollieApiClient $mollie) {}

    public function paymentObject(string $id)
    {
        return $this->mollie->payments->get($id);
    }
}
"""
_KEPT = """\
<?php
namespace App\\Payments;

class KeptPayment
{
    public function paymentObject(string $id)
    {
        return $this->kept[$id] ?? null;
    }
}
"""
_HOOK = """\
<?php
namespace App\\Http\\Controllers;

use App\\Models\\Order;
use Illuminate\\Http\\Request;

class HookController
{
    public function __construct(private array $makers) {}

    public function handle(Request $request)
    {
        FIRST
        $maker = $this->makers[config('shop.payments')];
        $payment = $maker()->paymentObject($request->input('id'));
        if (!$payment || !$payment->isPaid()) {
            return response('', 200);
        }
        Order::where('mollie_id', $payment->id)->where('status', 'open')->update(['status' => 'paid']);
        return response('', 200);
    }
}
"""
_EARLY = "Order::where('mollie_id', $request->input('id'))->update(['status' => 'paid']);"


@pytest.mark.parametrize(("first", "expected"), [("", "unknown"), (_EARLY, "broken")])
def test_a_method_that_may_ask_the_provider_is_asked_about_unless_the_harm_is_done_before(
    tmp_path: Path, first: str, expected: str
) -> None:
    files = {
        "composer.json": _COMPOSER,
        "routes/web.php": _ROUTES,
        "app/Payments/MolliePayment.php": _FETCHERS,
        "app/Payments/KeptPayment.php": _KEPT,
        "app/Http/Controllers/HookController.php": _HOOK.replace("FIRST", first),
        "app/Models/Order.php": "<?php\nnamespace App\\Models;\nuse Illuminate\\Database\\Eloquent\\Model;\nclass Order extends Model {}\n",
    }
    assert [ruling for ruling, _, _ in ruled(tmp_path, "payment/webhook-unverified", files)] == [expected]
