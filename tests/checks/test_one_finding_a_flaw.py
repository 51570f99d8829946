"""One flaw that shows in many places is one finding."""

from pathlib import Path

from tests.checks.test_examples import review_of
from tillproof.checks.pages import Example

CLIENT = """\
const axios = require('axios');
exports.ask = async (path) => {
  try {
    return await axios.get(`https://${process.env.SHOP}/admin/api/${path}`, {
      headers: { 'X-Shopify-Access-Token': process.env.SHOPIFY_TOKEN },
      timeout: 5000,
    });
  } catch (error) {
    console.error('asking failed', error.message);
    throw error;
  }
};
"""
CALLER = """\
const { ask } = require('./client');
exports.WHAT = async () => {
  try {
    return await ask('WHAT.json');
  } catch (error) {
    console.error('no WHAT', error);
    return null;
  }
};
"""


def test_every_place_that_logs_the_exceptions_of_one_request_is_one_flaw(tmp_path: Path) -> None:
    files = {"client.js": CLIENT} | {f"{what}.js": CALLER.replace("WHAT", what) for what in ("orders", "products", "customers")}
    report = review_of(Example(title="", files=files, expect=[]), tmp_path, "boundary/secret-logged")
    (finding,) = report.findings
    assert "3 places" in finding.message
    shown = {step.file for step in finding.trace if step.kind == "sink"}
    assert shown == {"orders.js", "products.js", "customers.js"}


HOOK = """\
<?php
/* Plugin Name: Pay for WooCommerce */
class Pay_Hook {
  public function __construct() { add_action('admin_post_nopriv_pay_hook', [$this, 'hear']); }
  public function hear() {
    $this->api = new \\Razorpay\\Api\\Api(get_option('id'), get_option('secret'));
    $body = file_get_contents('php://input');
    $this->api->utility->verifyWebhookSignature($body, $_SERVER['HTTP_X_RAZORPAY_SIGNATURE'], get_option('hook_secret'));
    $data = json_decode($body, true);
    if ($data['event'] === 'payment.authorized') { $this->taken($data); }
    if ($data['event'] === 'virtual_account.credited') { $this->credited($data); }
  }
  private function taken($data) { $this->book(wc_get_order($data['order']), $data['payment']); }
  private function credited($data) { $this->book(wc_get_order($data['account']['order']), $data['account']['payment']); }
  private function book($order, $payment) {
    if (get_transient('order_under_process_' . $order->get_id()) === false) {
      set_transient('order_under_process_' . $order->get_id(), 1, 300);
      $item = new WC_Order_Item_Fee();
      $order->add_item($item);
      wc_create_refund(['order_id' => $order->get_id(), 'amount' => 1]);
    }
  }
}
new Pay_Hook();
"""

SECRET = """\
<?php
use Razorpay\\Api\\Api;
function rzp_ensure_secret() {
  if (get_transient('rzp_ensure_secret_lock')) { return; }
  set_transient('rzp_ensure_secret_lock', 1, 30);
  $payment = get_option('payment_gateway_settings');
  update_option('rzp_hook_secret', wp_generate_password(32));
  delete_transient('rzp_ensure_secret_lock');
}
add_action('plugins_loaded', 'rzp_ensure_secret');
"""


def test_one_look_that_several_events_pass_is_one_flaw(tmp_path: Path) -> None:
    report = review_of(Example(title="", files={"hook.php": HOOK}, expect=[]), tmp_path, "idempotency/dedup-race")
    assert len(report.findings) == 1


def test_a_lock_around_what_is_no_payment_is_none_of_ours(tmp_path: Path) -> None:
    report = review_of(Example(title="", files={"secret.php": SECRET}, expect=[]), tmp_path, "idempotency/dedup-race")
    assert report.findings == []


PLEDGES = """\
const express = require('express');
const { Payment, Order } = require('./models');
const app = express();
app.post('/orders', (req, res) => {
  Payment.create({ amount: req.body.amount, status: 'PENDING' }).then((payment) => {
    Order.create({ paymentId: payment.id, total: req.body.amount }).then((order) => res.json(order));
  });
});
app.post('/orders/fast', (req, res) => {
  Order.create({ total: req.body.amount }).then((order) => res.json(order));
});
"""
MODELS = """\
const { Sequelize, DataTypes } = require('sequelize');
const sequelize = new Sequelize(process.env.DATABASE_URL);
exports.Payment = sequelize.define('payment', { amount: DataTypes.INTEGER, status: DataTypes.STRING });
exports.Order = sequelize.define('order', { paymentId: DataTypes.INTEGER, total: DataTypes.INTEGER });
"""


def test_what_callbacks_of_one_handler_store_of_the_clients_sum_is_one_flaw(tmp_path: Path) -> None:
    files = {"app.js": PLEDGES, "models.js": MODELS}
    report = review_of(Example(title="", files=files, expect=[]), tmp_path, "payment/client-amount")
    assert [finding.start_line for finding in report.findings] == [5, 10]


STORE = """\
import sqlite3

def run(statement, values):
    connection = sqlite3.connect("shop.db")
    try:
        connection.execute(statement, values)
        connection.commit()
        return True
    except sqlite3.Error as error:
        print("database", error)
        return None
"""
PAYING = """\
import os
import razorpay
from flask import Blueprint, jsonify, request
from store import run

pay = Blueprint("pay", __name__)
client = razorpay.Client(auth=(os.environ["KEY"], os.environ["SECRET"]))

@pay.route("/pay", methods=["POST"])
def begin():
    order = client.order.create({"amount": 5000, "currency": "INR", "receipt": request.json["order"]})
    run("INSERT INTO orders (number, razorpay_order_id) VALUES (?, ?)", (request.json["order"], order["id"]))
    return jsonify(order)

@pay.route("/pay/hook", methods=["POST"])
def heard():
    client.utility.verify_webhook_signature(request.data.decode(), request.headers["X-Razorpay-Signature"], os.environ["HOOK"])
    paid = request.json["payload"]["payment"]["entity"]
    run("UPDATE orders SET status = 'paid' WHERE razorpay_order_id = ?", (paid["order_id"],))
    return jsonify(ok=True)
"""


def test_a_message_is_not_held_to_be_safe_because_its_loss_was_told_of_a_payment(tmp_path: Path) -> None:
    report = review_of(Example(title="", files={"store.py": STORE, "pay.py": PAYING}, expect=[]), tmp_path, "resilience/swallowed-failure")
    found = {(o.site.kind, o.ruling) for o in report.obligations}
    assert found == {("payment-step", "broken"), ("webhook", "broken")}
