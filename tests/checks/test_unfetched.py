"""Rulings on webhooks, signed ones too, whose handler leaves without a word when the provider could not be asked about the payment."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

CHECK = "resilience/swallowed-failure"

_PHP = """<?php
use Razorpay\\Api\\Api;
add_action( 'woocommerce_api_kiosk', 'kiosk_hook' );
function kiosk_payment( $api, $id ) {
    try {
        $payment = $api->payment->fetch( $id );
    } catch ( Exception $e ) {
        error_log( $e->getMessage() );
        return false;
    }
    return $payment;
}
function kiosk_hook() {
    $body = file_get_contents( 'php://input' );
    $api = new Api( get_option( 'kiosk_key' ), get_option( 'kiosk_secret' ) );
    $api->utility->verifyWebhookSignature( $body, $_SERVER['HTTP_X_RAZORPAY_SIGNATURE'], get_option( 'kiosk_hook_secret' ) );
    $event = json_decode( $body, true );
    $order = wc_get_order( $event['payload']['payment']['entity']['notes']['order'] );
    $payment = kiosk_payment( $api, $event['payload']['payment']['entity']['id'] );
    if ( $payment === false ) {
        %s
    }
    if ( 'captured' === $payment['status'] ) {
        $order->payment_complete( $payment['id'] );
    }
}
"""
_JS = """const express = require('express');
const stripe = require('stripe')(process.env.KEY);
const Order = require('./order');
const app = express();
async function fetchIntent(id) {
  try {
    return await stripe.paymentIntents.retrieve(id);
  } catch (error) {
    console.error(error);
    return null;
  }
}
app.post('/webhook', express.raw({ type: 'application/json' }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.SECRET);
  const intent = await fetchIntent(event.data.object.id);
  if (!intent) { %s }
  await Order.updateOne({ intent: intent.id, status: 'pending' }, { status: 'paid' });
  res.json({ received: true });
});
"""
_ORDER = """const mongoose = require('mongoose');
module.exports = mongoose.model('Order', new mongoose.Schema({ status: String, intent: String }));
"""
_PYTHON = """import stripe
from flask import Flask, request
from models import Order, db
app = Flask(__name__)
def fetch_intent(intent):
    try:
        return stripe.PaymentIntent.retrieve(intent)
    except Exception as error:
        app.logger.error(error)
        return None
@app.route("/webhook", methods=["POST"])
def webhook():
    event = stripe.Webhook.construct_event(request.data, request.headers["Stripe-Signature"], app.config["SECRET"])
    intent = fetch_intent(event["data"]["object"]["id"])
    if intent is None:
        %s
    Order.query.filter_by(intent=intent.id, status="pending").update({"status": "paid"})
    db.session.commit()
    return "", 200
"""


@pytest.mark.parametrize(
    ("file", "code", "caught", "drops", "refuses"),
    [
        ("hook.php", _PHP, 7, "return;", "status_header( 500 ); exit;"),
        ("hook.php", _PHP, 7, "return;", "throw new Exception( 'later' );"),
        ("hook.js", _JS, 8, "return res.sendStatus(200);", "return res.sendStatus(500);"),
        ("hook.py", _PYTHON, 8, 'return "", 200', 'return "", 503'),
    ],
)
def test_a_message_is_not_done_with_when_nobody_answered(
    tmp_path: Path, file: str, code: str, caught: int, drops: str, refuses: str
) -> None:
    others = {"order.js": _ORDER} if file.endswith("js") else {}
    assert ruled(tmp_path / "drops", CHECK, {file: code % drops, **others}) == [("broken", file, caught)]
    assert [r for r, _, _ in ruled(tmp_path / "refuses", CHECK, {file: code % refuses, **others})] == ["held"]


def test_a_payment_that_was_not_made_is_passed_over(tmp_path: Path) -> None:
    """What is asked of the answer is not whether there was one."""
    asked = _PHP.replace("$payment === false", "'captured' !== $payment['status']") % "return;"
    assert [r for r, _, _ in ruled(tmp_path, CHECK, {"hook.php": asked})] == ["held"]
