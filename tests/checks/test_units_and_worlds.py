"""A currency that a provider takes by itself where none is named, and test worlds that are chosen by a class or left to a variable."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_ZARINPAL = """\
import requests
from flask import Flask, request
app = Flask(__name__)

@app.post("/pay")
def pay():
    order = Order.query.get(request.form["id"])
    payload = {"merchant_id": MERCHANT, "amount": order.total, CURRENCY"callback_url": CALLBACK, "description": "order"}
    return requests.post("https://api.zarinpal.com/pg/v4/payment/request.json", json=payload, timeout=10).json()
"""


@pytest.mark.parametrize(("currency", "wrong"), [("", True), ('"currency": "IRT", ', False), ('"currency": "IRR", ', False)])
def test_a_sum_without_a_currency_is_in_rials(tmp_path: Path, currency: str, wrong: bool) -> None:
    assert bool(found(tmp_path, {"app.py": _ZARINPAL.replace("CURRENCY", currency)}, "payment/missing-currency")) == wrong


_SANDBOX = """\
import os
from paypalcheckoutsdk.core import LiveEnvironment, PayPalHttpClient, SandboxEnvironment

class PayPalClient:
    def __init__(self):
        MADE
        self.client = PayPalHttpClient(self.environment)
"""


_BOTH = """if DEBUG:
            self.environment = SandboxEnvironment(client_id="", client_secret="")
        else:
            self.environment = LiveEnvironment(client_id="", client_secret="")"""


@pytest.mark.parametrize(
    ("made", "wrong"),
    [
        ('self.environment = SandboxEnvironment(client_id=os.environ["ID"], client_secret=os.environ["SECRET"])', True),
        ('self.environment = LiveEnvironment(client_id=os.environ["ID"], client_secret=os.environ["SECRET"])', False),
        (
            'kind = SandboxEnvironment if os.environ["MODE"] == "sandbox" else LiveEnvironment\n        self.environment = kind("a", "b")',
            False,
        ),
        (
            _BOTH,
            False,
        ),
    ],
)
def test_a_client_can_speak_to_the_sandbox_alone(tmp_path: Path, made: str, wrong: bool) -> None:
    assert bool(found(tmp_path, {"paypal.py": _SANDBOX.replace("MADE", made)}, "payment/test-credentials-in-prod")) == wrong


@pytest.mark.parametrize(
    ("name", "text", "wrong"),
    [
        ("config/midtrans.php", "<?php\nreturn ['is_production' => env('MIDTRANS_IS_PRODUCTION', false)];\n", True),
        ("config/midtrans.php", "<?php\nreturn ['is_production' => env('MIDTRANS_IS_PRODUCTION', true)];\n", False),
        ("config/midtrans.php", "<?php\nreturn ['is_production' => env('MIDTRANS_IS_PRODUCTION')];\n", False),
        ("midtrans_settings.py", 'import os\nMIDTRANS_IS_PRODUCTION = os.getenv("MIDTRANS_IS_PRODUCTION", "false") == "true"\n', True),
    ],
)
def test_the_test_world_stands_in_for_a_variable_that_is_forgotten(tmp_path: Path, name: str, text: str, wrong: bool) -> None:
    assert bool(found(tmp_path, {name: text}, "payment/test-credentials-in-prod")) == wrong
