"""Notifications that are held to be forged whatever else than the good word the provider answers, an error page or nothing at all."""

from pathlib import Path

import pytest

from tests.checks.test_resilience import reviewed, rulings

_PHP = """<?php
class Ipn {
    private function ask($data) {
        $ch = curl_init('https://ipnpb.paypal.com/cgi-bin/webscr');
        curl_setopt($ch, CURLOPT_POST, 1);
        curl_setopt($ch, CURLOPT_RETURNTRANSFER, true);
        curl_setopt($ch, CURLOPT_POSTFIELDS, 'cmd=_notify-validate&' . http_build_query($data));
        $result = curl_exec($ch);
        ASKED
        curl_close($ch);
        return $result;
    }
    public function genuine($data) {
        if (preg_match('/VERIFIED/i', $this->ask($data))) {
            return true;
        }
        return false;
    }
}
$ipn = new Ipn();
if ($ipn->genuine($_POST)) {
    $db = new PDO(getenv('DSN'));
    $order = $db->prepare("UPDATE orders SET status = 'paid' WHERE id = ? AND status = 'pending' AND total = ?");
    $order->execute([$_POST['custom'], $_POST['mc_gross']]);
} OTHERWISE
"""
_PYTHON = """import requests
from flask import Flask, request
from models import db, Order
app = Flask(__name__)

@app.post("/ipn")
def ipn():
    answer = requests.post("https://ipnpb.paypal.com/cgi-bin/webscr", data=b"cmd=_notify-validate&" + request.get_data(), timeout=20)
    ASKED
    if answer.text == "VERIFIED":
        total = request.form["mc_gross"]
        Order.query.filter_by(id=request.form["custom"], status="pending", total=total).update({"status": "paid"})
        db.session.commit()
    OTHERWISE
    return "", 200
"""
_MODELS = """from flask_sqlalchemy import SQLAlchemy
db = SQLAlchemy()
class Order(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    status = db.Column(db.String(20))
    total = db.Column(db.Numeric(10, 2))
"""


@pytest.mark.parametrize(
    ("asked", "otherwise", "ruling"),
    [
        ("", "", "broken"),
        ("if (curl_errno($ch)) { http_response_code(500); exit; }", "", "held"),
        ("if ($result === false) { throw new RuntimeException('PayPal'); }", "", "held"),
        ("", "else { http_response_code(500); }", "held"),
    ],
)
def test_in_php(tmp_path: Path, asked: str, otherwise: str, ruling: str) -> None:
    files = {"ipn.php": _PHP.replace("ASKED", asked).replace("OTHERWISE", otherwise)}
    assert rulings(reviewed(tmp_path, files, "swallowed-failure")) == [ruling]


@pytest.mark.parametrize(
    ("asked", "otherwise", "ruling"),
    [
        ("", "", "broken"),
        ("answer.raise_for_status()", "", "held"),
        ("", 'else: return "", 503', "held"),
        ("if answer.status_code != 200: return '', 503", "", "held"),
    ],
)
def test_in_python(tmp_path: Path, asked: str, otherwise: str, ruling: str) -> None:
    files = {"app.py": _PYTHON.replace("ASKED", asked).replace("OTHERWISE", otherwise), "models.py": _MODELS}
    assert rulings(reviewed(tmp_path, files, "swallowed-failure")) == [ruling]


_PLUGIN = """<?php
/* Plugin Name: Knot */
class Gateway_Knot extends WC_Payment_Gateway {
    public function __construct() { add_action('woocommerce_api_knot', array($this, 'ipn')); }
    public function ipn() {
        $failed = false;
        $data = stripslashes_deep($_POST);
        $order = wc_get_order(absint($data['custom']));
        if (!$this->genuine($data)) {
            $failed = true;
            UNPROVEN
        }
        if (!$failed && $data['mc_gross'] != $order->get_total()) {
            $failed = true;
        }
        if ($failed) {
            wc_get_logger()->info('bad access');
            SAID
        } elseif ('completed' === strtolower($data['payment_status'])) {
            $order->payment_complete($data['txn_id']);
        } elseif ('failed' === strtolower($data['payment_status'])) {
            $this->payment_failed($order);
        }
        header('HTTP/1.0 200 OK');
    }
    private function payment_failed($order) {
        if ($order->has_status('pending')) { $order->update_status('failed', 'refused'); }
    }
    private function genuine($data) {
        $answer = wp_remote_post(
            'https://ipnpb.paypal.com/cgi-bin/webscr',
            array('body' => array('cmd' => '_notify-validate') + $data, 'timeout' => 60)
        );
        if (is_wp_error($answer)) {
            return UNANSWERED;
        }
        return 'VERIFIED' === $answer['body'];
    }
}
"""


@pytest.mark.parametrize(
    ("unanswered", "unproven", "said", "ruling"),
    [
        ("false", "", "", "broken"),
        ("false", "", "status_header(500); exit;", "held"),
        ("false", "status_header(503); exit;", "", "held"),
        ("null", "throw new Exception('no answer');", "", "held"),
    ],
)
def test_behind_a_flag_and_a_function_that_only_says_no(tmp_path: Path, unanswered: str, unproven: str, said: str, ruling: str) -> None:
    plugin = _PLUGIN.replace("UNANSWERED", unanswered).replace("UNPROVEN", unproven).replace("SAID", said)
    assert rulings(reviewed(tmp_path, {"knot.php": plugin}, "swallowed-failure")) == [ruling]
