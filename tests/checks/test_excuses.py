"""``payment/test-credentials-in-prod``: what a failed route answers with opens nothing."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_APP = """\
import os

import paypalrestsdk
from flask import Flask, jsonify

app = Flask(__name__)
PAYPAL_CLIENT_ID = os.environ["PAYPAL_CLIENT_ID"]
PAYPAL_MODE = os.environ["PAYPAL_MODE"]


@app.get("/paypal/config")
def paypal_config():
    try:
        return jsonify({"client_id": PAYPAL_CLIENT_ID, "mode": MODE})
    except Exception:
        return jsonify({"client_id": "", "mode": "sandbox"}), 500
"""


@pytest.mark.parametrize(("mode", "wrong"), [("PAYPAL_MODE", False), ('"sandbox"', True)])
def test_an_answer_after_a_failure(tmp_path: Path, mode: str, wrong: bool) -> None:
    app = _APP.replace("MODE})", f"{mode}}})")
    assert bool(found(tmp_path, {"requirements.txt": "paypalrestsdk\n", "app.py": app}, "payment/test-credentials-in-prod")) is wrong
