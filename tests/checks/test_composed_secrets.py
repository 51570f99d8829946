"""A webhook that is known by what it sends along: basic authentication or a bearer token, put together and taken apart in several ways."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_CHECK = "payment/webhook-unverified"
_SERVER = """\
const express = require('express');
const mongoose = require('mongoose');
const Order = mongoose.model('Order', new mongoose.Schema({ status: String, bill: String }));
const app = express();
app.use(express.json());
app.post('/payments/webhook', async (req, res) => {
  const sent = req.headers.authorization || '';
  const taken = Buffer.from(sent.split(' ')[1] || '', 'base64').toString();
  GUARD
  await Order.updateOne({ bill: req.body.data.id, status: 'pending' }, { status: 'paid' });
  res.sendStatus(200);
});
"""


@pytest.mark.parametrize(
    ("compared", "wrong"),
    [
        ("sent !== 'Basic ' + Buffer.from(`${process.env.USER}:${process.env.PASS}`).toString('base64')", False),
        ("taken !== `${process.env.USER}:${process.env.PASS}`", False),
        ("sent !== `Bearer ${process.env.TOKEN}`", False),
        ("sent !== 'Basic ' + Buffer.from(`${req.body.user}:${process.env.PASS}`).toString('base64')", True),
        ("sent !== 'Basic ' + Buffer.from('a:b').toString('base64')", True),
        ("sent !== sent", True),
    ],
)
def test_a_header_is_compared_with_what_is_made_of_settings(tmp_path: Path, compared: str, wrong: bool) -> None:
    guard = f"if ({compared}) return res.sendStatus(401);"
    assert bool(found(tmp_path, {"app.js": _SERVER.replace("GUARD", guard)}, _CHECK)) is wrong


_APP = """\
import base64
import hmac
import os

from flask import Flask, abort, request

from app.store import orders

app = Flask(__name__)


@app.post("/payments/webhook")
def hook():
    sent = request.headers.get("Authorization", "")
    GUARD
    orders.update_one({"bill": request.json["data"]["id"]}, {"$set": {"status": "paid"}})
    return "", 200
"""


@pytest.mark.parametrize(
    ("guard", "wrong"),
    [
        ("made = base64.b64encode(f\"{os.environ['U']}:{os.environ['P']}\".encode()).decode()", False),
        ('made = base64.b64encode(request.json["key"].encode()).decode()', True),
    ],
)
def test_a_header_is_compared_in_constant_time(tmp_path: Path, guard: str, wrong: bool) -> None:
    compared = f'{guard}\n    if not hmac.compare_digest(sent, "Basic " + made):\n        abort(401)'
    store = "import pymongo\n\norders = pymongo.MongoClient().shop.orders\n"
    assert bool(found(tmp_path, {"app/main.py": _APP.replace("GUARD", compared), "app/store.py": store}, _CHECK)) is wrong


_PAGE = """\
<?php
require 'store.php';
GUARD
$sent = json_decode(file_get_contents('php://input'), true);
$pdo->prepare("UPDATE orders SET status = 'paid' WHERE bill = ?")->execute([$sent['data']['id']]);
"""


@pytest.mark.parametrize(
    ("guard", "wrong"),
    [
        (
            "if (!hash_equals('Basic ' . base64_encode(getenv('U') . ':' . getenv('P')), $_SERVER['HTTP_AUTHORIZATION'])) exit;",
            False,
        ),
        ("if ($_SERVER['PHP_AUTH_USER'] !== getenv('U') || $_SERVER['PHP_AUTH_PW'] !== getenv('P')) exit;", False),
        ("if (empty($_SERVER['PHP_AUTH_USER'])) exit;", True),
    ],
)
def test_a_page_asks_for_user_and_password(tmp_path: Path, guard: str, wrong: bool) -> None:
    files = {"payment_webhook.php": _PAGE.replace("GUARD", guard), "store.php": "<?php\n$pdo = new PDO(getenv('DSN'));\n"}
    assert bool(found(tmp_path, files, _CHECK)) is wrong


_SDK = """\
from ecpay_payment_sdk import ECPayPaymentSdk
from flask import Flask, abort, request

from app.store import orders

app = Flask(__name__)
sdk = ECPayPaymentSdk(MerchantID="2000132", HashKey=app.config["KEY"], HashIV=app.config["IV"])


@app.post("/ecpay/notify")
def notify():
    sent = request.form.to_dict()
    mac = sent.pop("CheckMacValue")
    GUARD
    orders.update_one({"trade": sent["MerchantTradeNo"]}, {"$set": {"status": "paid"}})
    return "1|OK"
"""


@pytest.mark.parametrize(
    ("guard", "wrong"),
    [("if sdk.generate_check_value(sent) != mac:\n        abort(400)", False), ("if not mac:\n        abort(400)", True)],
)
def test_an_sdk_works_out_the_digest_and_the_shop_compares_it(tmp_path: Path, guard: str, wrong: bool) -> None:
    store = "import pymongo\n\norders = pymongo.MongoClient().shop.orders\n"
    assert bool(found(tmp_path, {"app/main.py": _SDK.replace("GUARD", guard), "app/store.py": store}, _CHECK)) is wrong
