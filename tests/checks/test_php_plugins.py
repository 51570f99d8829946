"""Rulings on plugins of shop platforms: PrestaShop's, OpenCart's, Magento's, WooCommerce's and Sylius's ways of wiring."""

from pathlib import Path

from tests.checks.test_stock import ruled

# --- fields of classes

_KEYS = """<?php
class KnotKeys
{
    private static $secret = '';
    public static function setSecret($value) { %s }
    public static function getSecret() { return self::$secret; }
}
"""
_HOOK = """<?php
require 'keys.php';
KnotKeys::setSecret(getenv('STRIPE_WEBHOOK_SECRET'));
if (KnotKeys::getSecret() === '') {
    http_response_code(500);
    die('no secret');
}
$event = \\Stripe\\Webhook::constructEvent(file_get_contents('php://input'), $_SERVER['HTTP_STRIPE_SIGNATURE'], KnotKeys::getSecret());
if ($event->type === 'checkout.session.completed') {
    $db = new PDO(getenv('DSN'));
    $db->prepare('UPDATE orders SET status = ? WHERE session = ?')->execute(['paid', $event->data->object->id]);
}
"""


def test_a_static_field_holds_what_a_method_has_put_there(tmp_path: Path) -> None:
    files = {"hook.php": _HOOK, "keys.php": _KEYS % "self::$secret = $value;"}
    assert [r for r, _, _ in ruled(tmp_path / "set", "payment/webhook-unverified", files)] == ["held"]
    never = {"hook.php": _HOOK, "keys.php": _KEYS % "return $value;"}
    assert ruled(tmp_path / "never", "payment/webhook-unverified", never) == []  # it stops there, always
