"""Gateways of a platform that no pack describes: it asks them for refunds, and books what they answer."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_BASE = """\
<?php

namespace Acme\\Pay\\Classes;

use Acme\\System\\Actions\\ModelAction;

abstract class BasePaymentGateway extends ModelAction
{
    public function processRefundForm($data, $order, $log)
    {
    }
}
"""
_GATEWAY = """\
<?php

namespace Acme\\Pay\\Payments;

use Acme\\Pay\\Classes\\BasePaymentGateway;
use Exception;
use Stripe\\StripeClient;

class Card extends BasePaymentGateway
{
    public function processRefundForm($data, $order, $log): void
    {
        try {
            $refund = (new StripeClient($this->model->secret))->refunds->create(
                ['payment_intent' => $log->reference, 'amount' => $log->cents],
                ['idempotency_key' => 'refund-' . $log->id],
            );
            $log->markAsRefundProcessed($refund->id);
        } catch (Exception $ex) {
            $order->log('Refund failed: ' . $ex->getMessage());
            AFTER
        }
    }
}
"""


@pytest.mark.parametrize(("after", "broken"), [("", True), ("throw $ex;", False)])
def test_a_refund_that_failed_is_told_to_the_platform(tmp_path: Path, after: str, broken: bool) -> None:
    files = {"src/Classes/BasePaymentGateway.php": _BASE, "src/Payments/Card.php": _GATEWAY.replace("AFTER", after)}
    files["composer.json"] = '{"require": {"stripe/stripe-php": "^13"}, "autoload": {"psr-4": {"Acme\\\\Pay\\\\": "src/"}}}'
    found = [one for one in ruled(tmp_path, "resilience/swallowed-failure", files) if one[0] == "broken"]
    assert bool(found) is broken
