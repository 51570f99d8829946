"""Secrets that are guessed as easily as they are read: what messages are verified with is one, whatever it looks like."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_CHECK = "boundary/hardcoded-secret"
_NODE = """\
const crypto = require('crypto');
const express = require('express');
const Razorpay = require('razorpay');
const rzp = new Razorpay({ key_id: process.env.ID, key_secret: process.env.SECRET });
const app = express();
app.post('/verification', express.json(), (req, res) => {
  const secret = SECRET;
  const signature = req.headers['x-razorpay-signature'];
  if (PROOF) console.log('genuine');
  res.json({ status: 'ok' });
});
"""
_SDK = "Razorpay.validateWebhookSignature(JSON.stringify(req.body), signature, secret)"
_MAC = "crypto.createHmac('sha256', secret).update(JSON.stringify(req.body)).digest('hex') === signature"


@pytest.mark.parametrize("proof", [_SDK, _MAC])
@pytest.mark.parametrize(
    ("secret", "wrong"),
    [
        ("'12345678'", True),
        ("'razorpay'", True),
        ("process.env.HOOK_SECRET", False),
        ("process.env.HOOK_SECRET || ''", False),
        ("'YOUR_WEBHOOK_SECRET'", False),
    ],
)
def test_in_javascript(tmp_path: Path, proof: str, secret: str, wrong: bool) -> None:
    files = {"app.js": _NODE.replace("PROOF", proof).replace("SECRET;", f"{secret};"), "package.json": "{}"}
    assert [f.start_line for f in found(tmp_path, files, _CHECK)] == ([7] if wrong else [])


_FLASK = """\
import hashlib, hmac, os
import razorpay
from flask import Flask, request
app = Flask(__name__)
client = razorpay.Client(auth=(os.environ["ID"], os.environ["SECRET"]))
SECRET = WRITTEN

@app.post("/hook")
def hook():
    made = hmac.new(SECRET.encode(), request.data, hashlib.sha256).hexdigest()
    return "ok" if hmac.compare_digest(made, request.headers["X-Razorpay-Signature"]) else ("no", 400)
"""
_PHP = """\
<?php
use Razorpay\\Api\\Api;
$api = new Api(getenv('ID'), getenv('SECRET'));
$secret = WRITTEN;
$api->utility->verifyWebhookSignature(file_get_contents('php://input'), $_SERVER['HTTP_X_RAZORPAY_SIGNATURE'], $secret);
"""


@pytest.mark.parametrize(
    ("name", "code", "written", "wrong"),
    [
        ("app.py", _FLASK, '"abc123"', True),
        ("app.py", _FLASK, 'os.environ["HOOK_SECRET"]', False),
        ("hook.php", _PHP, "'webhook@1'", True),
        ("hook.php", _PHP, "getenv('HOOK_SECRET')", False),
        ("hook.php", _PHP, "'<your webhook secret>'", False),
    ],
)
def test_elsewhere(tmp_path: Path, name: str, code: str, written: str, wrong: bool) -> None:
    assert bool(found(tmp_path, {name: code.replace("WRITTEN", written)}, _CHECK)) is wrong
