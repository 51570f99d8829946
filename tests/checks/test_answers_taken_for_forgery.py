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
