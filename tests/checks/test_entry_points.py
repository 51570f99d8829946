"""Gateways that name methods of their own in a table of addresses, and orders of a platform that are asked and marked by its methods."""

from pathlib import Path

from tests.checks.test_php_shops import broken

_GATEWAY = """\
<?php
namespace Kel\\Pay\\Payments;

use Kel\\Pay\\Classes\\BaseGateway;
use Kel\\Cart\\Models\\Order;
use Stripe\\StripeClient;

class Card extends BaseGateway
{
    public function registerEntryPoints(): array
    {
        return ['card_return' => 'processReturn', 'card_cancel' => 'processCancel'];
    }

    public function processReturn($params)
    {
        $order = Order::where('hash', $params[0])->first();
        ASKED
        return redirect('/done');
    }

    public function processCancel($params)
    {
        return redirect('/cart');
    }

    private function client(): StripeClient
    {
        return new StripeClient(env('STRIPE_SECRET'));
    }
}
"""
_MARKS = "if (!$order->isPaymentProcessed()) { $order->markAsPaymentProcessed(); }"
_RETRIEVES = """$intent = $this->client()->paymentIntents->retrieve($order->intent_id);
        if ($intent->capture_method === 'automatic') {
            if ($intent->status === 'succeeded') { %s }
        } elseif ($intent->capture_method === 'manual') {
            if ($intent->status === 'requires_capture') { %s }
        }"""
_COMPOSER = '{"require": {"stripe/stripe-php": "^13.0", "laravel/framework": "^11.0"}}'


def _files(asked: str) -> dict[str, str]:
    return {"src/Payments/Card.php": _GATEWAY.replace("ASKED", asked), "composer.json": _COMPOSER}


def test_a_return_that_asks_nobody_is_found_where_the_table_names_it(tmp_path: Path) -> None:
    assert broken(tmp_path / "bare", "payment/fulfil-on-redirect", _files(_MARKS)) == [("src/Payments/Card.php", 18)]
    asked = _RETRIEVES % (_MARKS, _MARKS)
    assert broken(tmp_path / "asked", "payment/fulfil-on-redirect", _files(asked)) == []


def test_what_marks_an_order_turns_the_question_whether_it_is_marked(tmp_path: Path) -> None:
    looked = _RETRIEVES % (_MARKS, _MARKS)
    assert broken(tmp_path / "looked", "idempotency/handler-not-idempotent", _files(looked)) == []
    bare = looked.replace(_MARKS, "$order->markAsPaymentProcessed();")
    assert [file for file, _ in broken(tmp_path / "bare", "idempotency/handler-not-idempotent", _files(bare))] != []
