"""A message by which PayPal tells of a payment, kept as it comes: it is as genuine for a payment to the account of somebody else."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_CHECK = "payment/amount-not-reconciled"
_PHP = """\
<?php
$body = 'cmd=_notify-validate&' . file_get_contents('php://input');
$ch = curl_init('https://ipnpb.paypal.com/cgi-bin/webscr');
curl_setopt($ch, CURLOPT_POSTFIELDS, $body);
curl_setopt($ch, CURLOPT_RETURNTRANSFER, true);
$answer = curl_exec($ch);
if ($answer !== 'VERIFIED') { http_response_code(400); exit; }
$db = new PDO(getenv('DSN'));
ASKS
$stmt = $db->prepare('INSERT INTO payments (user_id, txn_id, amount, currency, status) VALUES (?, ?, ?, ?, ?)');
$stmt->execute([$_POST['custom'], $_POST['txn_id'], $_POST['mc_gross'], $_POST['mc_currency'], $_POST['payment_status']]);
"""
_RECONCILED = """\
$item = $db->prepare('SELECT * FROM items WHERE id = ?');
$item->execute([$_POST['item_number']]);
$item = $item->fetch();
if ($_POST['receiver_email'] !== getenv('PAYPAL_EMAIL')) { exit; }
if ($_POST['mc_gross'] !== $item['price'] || $_POST['mc_currency'] !== 'EUR') { exit; }
if ($_POST['payment_status'] !== 'Completed') { exit; }
"""


@pytest.mark.parametrize(("asks", "wrong"), [("", True), (_RECONCILED, False)], ids=["as it comes", "compared first"])
def test_a_payment_is_recorded_as_the_message_tells(tmp_path: Path, asks: str, wrong: bool) -> None:
    assert bool(found(tmp_path, {"ipn.php": _PHP.replace("ASKS\n", asks)}, _CHECK)) is wrong
