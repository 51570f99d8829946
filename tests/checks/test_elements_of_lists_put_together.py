"""What stands in lists that PHP puts together is what stood in each of them."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_PLUGIN = """<?php
/* Plugin Name: Knot */
class WC_Gateway_Knot extends WC_Payment_Gateway {
    public function __construct() {
        $this->id = 'knot';
        add_action('woocommerce_api_wc_gateway_knot', array($this, 'told'));
    }
    public function told() {
        $body = file_get_contents('php://input');
        if (!hash_equals(hash_hmac('sha256', $body, $this->get_option('secret')), $_SERVER['HTTP_X_KNOT_SIGNATURE'])) {
            wp_die('no', 'no', 403);
        }
        $data = json_decode($body, true);
        $found = array();
        BEFORE
        $this->ended($found);
    }
    public function ended($found) {
        foreach ($found as $one) {
            $one->update_status('cancelled', 'Ended at the provider.');
        }
    }
}
"""


@pytest.mark.parametrize(
    ("before", "broken"),
    [
        (
            "$found = array_merge(wcs_get_subscriptions_for_order($data['id']), wcs_get_subscriptions_for_renewal_order($data['id']));",
            False,
        ),
        ("$found = array_merge(wc_get_orders(array('id' => $data['id'])), wc_get_orders(array('parent' => $data['id'])));", True),
        ("foreach ($data['ids'] as $id) { $found = array_merge($found, wc_get_orders(array('id' => $id))); }", True),  # without end
    ],
)
def test_a_subscription_among_others_is_no_order(tmp_path: Path, before: str, broken: bool) -> None:
    rulings = ruled(tmp_path, "order/unguarded-transition", {"plugin.php": _PLUGIN.replace("BEFORE", before)})
    assert ("broken" in [r for r, _, _ in rulings]) is broken
