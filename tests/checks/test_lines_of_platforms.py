"""How many of an article a platform is told to put on an order: it multiplies whatever it is told by the price."""

from pathlib import Path

import pytest

from tests.checks.test_examples import review_of
from tillproof.checks.pages import Example

CHECK = "payment/client-amount"
PLUGIN = """\
<?php
/* Plugin Name: One click */
add_action('wp_ajax_nopriv_buy_now', 'buy_now');
function buy_now() {
    $product = wc_get_product((int) $_POST['product_id']);
    $order = wc_create_order();
    BUY
    $order->calculate_totals();
    wp_send_json(['pay' => $order->get_checkout_payment_url()]);
}
"""


@pytest.mark.parametrize(
    ("buy", "found"),
    [
        ("$order->add_product($product, $_POST['quantity']);", 1),
        ("$qty = sanitize_text_field(wp_unslash($_POST['quantity'] ?? 1));\n    $order->add_product($product, $qty);", 1),
        ("$order->add_product($product, floatval($_POST['qty']));", 1),
        ("$order->add_product($product, absint($_POST['quantity']));", 0),
        ("$order->add_product($product, max(1, (int) $_POST['quantity']));", 0),
        (
            "$order->add_product($product, isset($_POST['quantity']) ? wc_stock_amount(wp_unslash($_POST['quantity'])) : 1);",
            0,
        ),
        ("$order->add_product($product, 1);", 0),
        ("foreach (WC()->cart->get_cart() as $item) { $order->add_product($item['data'], $item['quantity']); }", 0),
    ],
)
def test_a_whole_number_is_told_to_the_platform(tmp_path: Path, buy: str, found: int) -> None:
    report = review_of(Example(title="", files={"plugin.php": PLUGIN.replace("BUY", buy)}, expect=[]), tmp_path, CHECK)
    assert [f.title for f in report.findings if f.check == CHECK] == ["A negative quantity lowers what is paid"] * found
