"""Rulings on modules of PrestaShop that book a payment on an order, and on what keeps them from booking it twice."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_HOOK = """<?php
class KioskHookModuleFrontController extends ModuleFrontController
{
    public function postProcess()
    {
        $secret = Configuration::get('KIOSK_SECRET');
        $event = \\Stripe\\Webhook::constructEvent(file_get_contents('php://input'), $_SERVER['HTTP_STRIPE_SIGNATURE'], $secret);
        $order = new Order((int) $event->data->object->metadata->order_id);
        $state = (int) Configuration::get('PS_OS_PAYMENT');
        %s
        $order->addOrderPayment($order->total_paid, 'Kiosk', $event->data->object->id);
        $history = new OrderHistory();
        $history->id_order = (int) $order->id;
        $history->changeIdOrderState($state, (int) $order->id, true);
        $history->addWithemail(true);
        exit;
    }
}
"""
_TABLE = 'Db::getInstance()->getValue("SELECT COUNT(*) FROM " . _DB_PREFIX_ . "%s WHERE %s = " . %s)'
_HISTORY = _TABLE % ("order_history", 'id_order = " . (int) $order->id . " AND id_order_state', "$state")
_PAYMENTS = _TABLE % ("order_payment", "transaction_id", "pSQL($event->data->object->id)")
_GUARDS = {
    "none": ("", "broken"),
    "of the customer's groups": ("if (in_array(3, $order->getCustomer()->getGroups())) { exit; }", "broken"),
    "the present state": ("if ((int) $order->getCurrentState() === $state) { exit; }", "held"),
    "was it paid": ("if ($order->hasBeenPaid()) { exit; }", "held"),
    "the history of the platform": ("if (count($order->getHistory(1, $state)) > 0) { exit; }", "held"),
    "a state among the history": (
        "if (in_array($state, array_column($order->getHistory(1), 'id_order_state'))) { exit; }",
        "held",
    ),
    "the table of the history": (f"$had = {_HISTORY}; if ($had) {{ exit; }}", "held"),
    "the table of payments": (f"$had = {_PAYMENTS}; if ($had) {{ exit; }}", "held"),
}


@pytest.mark.parametrize(("guard", "ruling"), _GUARDS.values(), ids=_GUARDS)
def test_a_payment_is_booked_once(tmp_path: Path, guard: str, ruling: str) -> None:
    files = {"controllers/front/hook.php": _HOOK % guard}
    assert {r for r, _, _ in ruled(tmp_path, "idempotency/handler-not-idempotent", files)} == {ruling}
