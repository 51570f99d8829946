"""Functions of ours that bear the name by which a database's transactions are begun: what they do decides."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_CHECK = "inventory/sync-in-payment"
_DONE = """\
<?php
require 'parts.php';
$parts = new Parts();
$parts->BEGUN($_POST['id']);
$pdo = new PDO(getenv('DSN'));
$pdo->prepare('UPDATE products SET stock = stock - 1 WHERE id = ? AND stock > 0')->execute([$_POST['id']]);
(new \\Stripe\\StripeClient(getenv('STRIPE_KEY')))->paymentIntents->create(['amount' => 1900, 'currency' => 'eur']);
$parts->commit();
"""
_PARTS = """\
<?php
class Parts {
    private $pdo;
    private $started = [];
    public function __construct() { $this->pdo = new PDO(getenv('DSN')); }
    public function startTransaction($id) { BODY }
    public function commit() { }
}
"""


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("$this->pdo->beginTransaction();", 1),
        ("$this->pdo->exec('START TRANSACTION');", 1),
        ("$this->started[] = strtolower(trim($id));", 0),
    ],
    ids=["driver", "statement", "a payment's"],
)
def test_a_transaction_is_one_of_a_database(tmp_path: Path, body: str, told: int) -> None:
    files = {
        "composer.json": '{"require": {"stripe/stripe-php": "^15"}}',
        "parts.php": _PARTS.replace("BODY", body),
        "pay.php": _DONE.replace("BEGUN", "startTransaction"),
    }
    assert len(found(tmp_path, files, _CHECK)) == told
