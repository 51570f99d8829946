"""Failures of a proof or a call that PHP's objects keep, and that the code behind asks for; and verdicts that nobody hears."""

from pathlib import Path

import pytest

from tests.checks.test_php_shops import broken

_AROUND = {
    "artisan": "#!/usr/bin/env php",
    "composer.json": '{"require": {"laravel/framework": "^11", "stripe/stripe-php": "^15"}}',
    "routes/api.php": "<?php\nuse App\\Http\\Controllers\\C;\nuse Illuminate\\Support\\Facades\\Route;\n"
    "Route::post('/webhooks/stripe', [C::class, 'heard']);\n"
    "Route::post('/orders/{order}/refund', [C::class, 'refund'])->middleware('auth');",
    "app/Models/Order.php": "<?php\nnamespace App\\Models;\nuse Illuminate\\Database\\Eloquent\\Model;\n"
    "class Order extends Model { protected $fillable = ['status', 'intent']; }",
}
_GATEWAY = """<?php
namespace App\\Services;
class Gateway {
    private $event;
    private $error = null;
    public function __construct(private \\Stripe\\StripeClient $stripe) {}
    public function hear($payload, $signature) {
        try {
            $this->event = \\Stripe\\Webhook::constructEvent($payload, $signature, config('services.stripe.hook'));
        } catch (\\Exception $e) {
            $this->keep($e);
            $this->error = $e;
        }
    }
    public function verify($payload, $signature): bool {
        try {
            \\Stripe\\Webhook::constructEvent($payload, $signature, config('services.stripe.hook'));
            return true;
        } catch (\\Exception $e) {
            return false;
        }
    }
    public function refund($intent) {
        try {
            return $this->stripe->refunds->create(['payment_intent' => $intent]);
        } catch (\\Stripe\\Exception\\ApiErrorException $e) {
            $this->keep($e);
        }
        return null;
    }
    private function keep($e) { $this->error = $e; }
    public function failed(): bool { return $this->error !== null; }
    public function event() { return $this->event; }
}
"""
_C = """<?php
namespace App\\Http\\Controllers;
use App\\Models\\Order;
use App\\Services\\Gateway;
use Illuminate\\Http\\Request;
class C extends Controller {
    public function __construct(private Gateway $gateway) {}
    public function heard(Request $request) {
        HEAR
        if ($event->type === 'payment_intent.succeeded') {
            Order::where('intent', $event->data->object->id)->where('status', 'pending')->update(['status' => 'paid']);
        }
        return response('', 200);
    }
    public function refund(Order $order) {
        abort_if($order->status !== 'paid', 422);
        $made = $this->gateway->refund($order->intent);
        ASK
        $order->update(['status' => 'refunded']);
    }
}
"""
_SAID = "$request->getContent(), $request->header('Stripe-Signature')"
_HEARD = f"$this->gateway->hear({_SAID});"
_WEAK, _LOST = "payment/webhook-weak-verification", "resilience/swallowed-failure"


@pytest.mark.parametrize(
    ("check", "hear", "ask", "wrong"),
    [
        (_WEAK, f"{_HEARD} if ($this->gateway->failed()) {{ return response('', 400); }} $event = $this->gateway->event();", "", []),
        (_WEAK, f"{_HEARD} $event = $this->gateway->event();", "", []),
        (_WEAK, f"{_HEARD} $event = json_decode($request->getContent());", "", [10]),
        (_WEAK, f"$this->gateway->verify({_SAID}); $event = json_decode($request->getContent());", "", [19]),
        (_LOST, "$event = null;", "if ($this->gateway->failed()) { abort(502); }", []),
        (_LOST, "$event = null;", "abort_unless($made, 502);", []),
        (_LOST, "$event = null;", "$order->touch();", [26]),
    ],
)
def test_a_failure_that_is_kept_and_asked_for_is_not_lost(tmp_path: Path, check: str, hear: str, ask: str, wrong: list[int]) -> None:
    files = {**_AROUND, "app/Services/Gateway.php": _GATEWAY}
    files["app/Http/Controllers/C.php"] = _C.replace("HEAR", hear).replace("ASK", ask)
    assert [line for _, line in broken(tmp_path, check, files)] == wrong
