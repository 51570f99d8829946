"""A signature that is overwritten before it is compared, for a kind of message that the sender names."""

from pathlib import Path

import pytest

from tests.checks.test_examples import review_of
from tillproof.checks.pages import Example

CHECK = "payment/webhook-weak-verification"
PHP = """\
<?php
$raw = file_get_contents('php://input');
$event = json_decode($raw, true);
$sent = $_SERVER['HTTP_X_SIGNATURE'] ?? '';
$made = hash_hmac('sha256', $raw, getenv('WEBHOOK_SECRET'));
BETWEEN
if (!hash_equals($made, $sent)) { http_response_code(401); exit; }
$db->query("UPDATE orders SET status = 'paid' WHERE id = " . (int) $event['order_id']);
"""
JAVASCRIPT = """\
const express = require('express');
const crypto = require('crypto');
const Order = require('mongoose').model('Order');
const app = express();
function check(made, sent) {
  if (made !== sent) throw new Error('wrong signature');
}
app.post('/webhook/payment', express.raw({ type: '*/*' }), async (req, res) => {
  const event = JSON.parse(req.body);
  let sent = req.headers['x-signature'];
  let made = crypto.createHmac('sha256', process.env.WEBHOOK_SECRET).update(req.body).digest('hex');
  BETWEEN
  check(made, sent);
  await Order.updateOne({ _id: event.order_id }, { status: 'paid' });
  res.end();
});
"""
PYTHON = """\
import hashlib, hmac, json, os
from flask import Flask, abort, request
from shop.models import Order

app = Flask(__name__)


@app.route("/webhook/payment", methods=["POST"])
def webhook():
    event = json.loads(request.get_data())
    sent = request.headers["X-Signature"]
    made = hmac.new(os.environ["SECRET"].encode(), request.get_data(), hashlib.sha256).hexdigest()
    BETWEEN
    if made != sent:
        abort(401)
    Order.query.filter_by(id=event["order_id"]).update({"status": "paid"})
    return ""
"""


@pytest.mark.parametrize(
    ("page", "between", "found"),
    [
        (PHP, "if ($event['type'] === 'refund') { $made = 'skipped'; $sent = $made; }", 1),
        (PHP, "if ($event['type'] === 'refund') { $sent = 'x'; $made = 'x'; }", 1),
        (PHP, "if (getenv('SANDBOX') === 'yes') { $made = hash_hmac('sha256', $raw, getenv('SANDBOX_SECRET')); }", 0),
        (PHP, "if (strpos($sent, 'sha256=') === 0) { $sent = substr($sent, 7); }", 0),
        (JAVASCRIPT, "if (event.type === 'refund') { made = sent; }", 1),
        (JAVASCRIPT, "if (sent.startsWith('sha256=')) { sent = sent.slice(7); made = made.toLowerCase(); }", 0),
        (PYTHON, "if event['type'] == 'test':\n        sent = made = 'test'", 1),
        (PYTHON, "if sent.startswith('sha256='):\n        sent = sent[7:]", 0),
    ],
)
def test_both_sides_of_the_comparison_are_what_they_are(tmp_path: Path, page: str, between: str, found: int) -> None:
    name = {PHP: "webhook.php", JAVASCRIPT: "server.js", PYTHON: "shop.py"}[page]
    report = review_of(Example(title="", files={name: page.replace("BETWEEN", between)}, expect=[]), tmp_path, CHECK)
    assert len([f for f in report.findings if f.check == CHECK and "overwritten" in f.title]) == found
