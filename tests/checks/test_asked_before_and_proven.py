"""What proves nobody, and what was asked before: the shop's own id is no secret, and a secret that is there is there."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled
from tests.commerce.small_models import files_of

_WEAK = "payment/webhook-weak-verification"

_NOTIFIED = """\
=== shop.php
<?php
/* Plugin Name: Shop Worldpay */
class Shop_Worldpay {
    public function __construct() {
        add_action( 'woocommerce_api_shop_worldpay', array( $this, 'verify_ipn' ) );
    }
    public function get_option( $k ) { return get_option( 'worldpay_' . $k ); }
    public function verify_ipn() {
        if ( empty( $_POST ) || ! $this->validate_ipn() ) {
            wp_die( 'no', 'no', array( 'response' => 500 ) );
        }
        $posted = wp_unslash( $_POST );
        $order = wc_get_order( $posted['cartId'] );
        if ( $order && 'Y' === $posted['transStatus'] ) {
            if ( $order->is_paid() ) { return; }
            $order->payment_complete( $posted['transId'] );
        }
        exit;
    }
    public function validate_ipn() {
        $data = wp_unslash( $_POST );
        return self::validate_notification( $data, (string) $this->get_option( 'instId' ), (string) $this->get_option( 'callbackPW' ) );
    }
    public static function validate_notification( $data, $inst_id, $password ) {
        if ( empty( $data['instId'] ) || ! hash_equals( (string) $inst_id, (string) $data['instId'] ) ) {
            return false;
        }
        $password = (string) $password;
        if ( '' === $password ) {
            return true;
        }
        if ( '' !== $password && ( empty( $data['callbackPW'] ) || ! hash_equals( $password, (string) $data['callbackPW'] ) ) ) {
            return false;
        }
        return true;
    }
}
new Shop_Worldpay();
"""
_OWN_ID = """\
=== shop.php
<?php
/* Plugin Name: Shop Worldpay */
class Shop_Worldpay {
    public function __construct() {
        add_action( 'woocommerce_api_shop_worldpay', array( $this, 'verify_ipn' ) );
    }
    public function verify_ipn() {
        $posted = wp_unslash( $_POST );
        if ( empty( $posted['instId'] ) || ! hash_equals( (string) get_option('inst_id'), (string) $posted['instId'] ) ) {
            wp_die( 'no' );
        }
        $order = wc_get_order( $posted['cartId'] );
        if ( $order && 'Y' === $posted['transStatus'] ) {
            $order->payment_complete( $posted['transId'] );
        }
        exit;
    }
}
new Shop_Worldpay();
"""
_EXPRESS = """\
=== package.json
{"dependencies":{"express":"4"}}
=== app.js
const express = require('express');
const crypto = require('crypto');
const { Order } = require('./models');
const app = express();
app.use(express.json({ verify: (req, res, buf) => { req.rawBody = buf; } }));
function genuine(req, secret) {
  if (secret === '') return false;
  const sent = req.headers['x-paystack-signature'];
  if (secret !== '' && (!sent || crypto.createHmac('sha512', secret).update(req.rawBody).digest('hex') !== sent)) return false;
  return true;
}
app.post('/paystack/webhook', async (req, res) => {
  if (!genuine(req, process.env.PAYSTACK_SECRET)) return res.status(401).end();
  if (req.body.event === 'charge.success') await Order.updateOne({ ref: req.body.data.reference }, { status: 'paid' });
  res.end();
});
=== models.js
const m = require('mongoose'); exports.Order = m.model('Order', new m.Schema({ ref: String, status: String }));
"""
_FLASK = """\
=== app.py
import hashlib, hmac, os
from flask import Flask, request
from models import Order, db
app = Flask(__name__)
def genuine(body, sig, secret):
    if not secret:
        return False
    if secret and (not sig or not hmac.compare_digest(hmac.new(secret.encode(), body, hashlib.sha512).hexdigest(), sig)):
        return False
    return True
@app.post("/paystack/webhook")
def hook():
    if not genuine(request.data, request.headers.get("X-Paystack-Signature"), os.environ["PAYSTACK_SECRET"]):
        return "", 401
    if request.json["event"] == "charge.success":
        Order.query.filter_by(ref=request.json["data"]["reference"]).update({"status": "paid"})
        db.session.commit()
    return ""
=== models.py
from flask_sqlalchemy import SQLAlchemy
db = SQLAlchemy()
class Order(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    ref = db.Column(db.String(50))
    status = db.Column(db.String(20))
"""
_PHP = """\
=== hook.php
<?php
$pdo = new PDO(getenv('DSN'));
function genuine($body, $sig, $secret) {
    if ($secret === '') return false;
    if ($secret !== '' && (!$sig || !hash_equals(hash_hmac('sha512', $body, $secret), $sig))) return false;
    return true;
}
$body = file_get_contents('php://input');
if (!genuine($body, $_SERVER['HTTP_X_PAYSTACK_SIGNATURE'], getenv('PAYSTACK_SECRET'))) { http_response_code(401); exit; }
$e = json_decode($body, true);
if ($e['event'] === 'charge.success') {
    $pdo->prepare('UPDATE orders SET status = ? WHERE ref = ?')->execute(['paid', $e['data']['reference']]);
}
"""


def test_without_a_secret_anybody_is_believed(tmp_path: Path) -> None:
    assert ruled(tmp_path / "believed", _WEAK, files_of(_NOTIFIED)) == [("broken", "shop.php", 29)]
    refused = _NOTIFIED.replace("return true;", "return false;", 1)
    assert ruled(tmp_path / "refused", _WEAK, files_of(refused)) == [("held", "shop.php", 8)]


def test_the_shops_own_id_is_no_secret(tmp_path: Path) -> None:
    assert ruled(tmp_path / "own", "payment/webhook-unverified", files_of(_OWN_ID)) == [("broken", "shop.php", 14)]
    secret = _OWN_ID.replace("inst_id", "callback_password").replace("instId", "callbackPW")
    assert ruled(tmp_path / "secret", "payment/webhook-unverified", files_of(secret)) == [("held", "shop.php", 7)]


@pytest.mark.parametrize("shop", [_FLASK, _PHP], ids=["Flask", "PHP"])
def test_a_secret_that_is_asked_for_twice(tmp_path: Path, shop: str) -> None:
    assert [outcome for outcome, _, _ in ruled(tmp_path, _WEAK, files_of(shop))] == ["held"]


def test_a_secret_that_is_asked_for_twice_in_javascript(tmp_path: Path) -> None:
    files = files_of(_EXPRESS)
    assert [line for outcome, _, line in ruled(tmp_path / "asked", _WEAK, files)] == [9]  # of the comparison's time alone
    files["app.js"] = files["app.js"].replace("if (secret === '') return false;", "")
    assert ("broken", "app.js", 9) in ruled(tmp_path / "unasked", _WEAK, files)
