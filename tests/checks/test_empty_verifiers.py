"""A webhook asks a function of the shop's own whether the message is genuine, and that function says yes to any."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_ID = "payment/webhook-unverified"
_EXPRESS = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const { Order } = require('./models');
const { Signatures, verifySignature, verifyWebhook } = require('./signatures');
const app = express();
app.use(express.json());
const signatures = new Signatures();
app.post('/webhooks/stripe', BEFOREasync (req, res) => {
  ASKED
  const event = req.body;
  const intent = event.data.object.id;
  if (event.type === 'payment_intent.succeeded') await Order.updateOne({ intent, status: 'open' }, { status: 'paid' });
  res.json({ received: true });
});
"""
_SIGNATURES = """\
const crypto = require('crypto');
exports.verifySignature = (req) => {
  BODY
};
exports.verifyWebhook = (req, res, next) => {
  GUARD
};
exports.Signatures = class Signatures {
  isValid(body, signature) {
    BODY
  }
};
"""
_MODELS = """\
const mongoose = require('mongoose');
exports.Order = mongoose.model('Order', new mongoose.Schema({ intent: String, status: String }));
"""
_ASKS = [
    ("", "if (!verifySignature(req)) return res.status(400).end();", 2),
    ("", "const ok = signatures.isValid(req.body, req.get('stripe-signature')); if (!ok) return res.status(400).end();", 9),
    ("verifyWebhook, ", "", 5),
]
_REAL = "const mac = crypto.createHmac('sha256', process.env.SECRET).update(req.rawBody).digest('hex');"
_COMPARED = "crypto.timingSafeEqual(Buffer.from(mac), Buffer.from(req.get('stripe-signature')))"


def _shop(before: str, asked: str, body: str, guard: str) -> dict[str, str]:
    app = _EXPRESS.replace("BEFORE", before).replace("ASKED", asked)
    signatures = _SIGNATURES.replace("BODY", body).replace("GUARD", guard)
    return {"package.json": "{}", "app.js": app, "signatures.js": signatures, "models.js": _MODELS}


@pytest.mark.parametrize(("before", "asked", "line"), _ASKS)
def test_the_finding_stands_at_the_verifier_that_looks_at_nothing(tmp_path: Path, before: str, asked: str, line: int) -> None:
    shop = _shop(before, asked, "console.log('to do');\n  return true;", "console.log('to do');\n  next();")
    (found,) = ruled(tmp_path, _ID, shop)
    assert found == ("broken", "signatures.js", line + (1 if line > 2 else 0) + (1 if line > 5 else 0))


def test_one_that_would_answer_no_to_a_failure_cannot_fail(tmp_path: Path) -> None:
    before, asked, _ = _ASKS[0]
    shop = _shop(before, asked, "try { return true; } catch (e) { return false; }", "next();")
    assert ruled(tmp_path / "a", _ID, shop) == [("broken", "signatures.js", 2)]
    real = f"try {{ {_REAL} return {_COMPARED}; }} catch (e) {{ return false; }}"
    assert [r for r, _, _ in ruled(tmp_path / "b", _ID, _shop(before, asked, real, "next();"))] == ["held"]


def test_one_that_looks_at_the_message_is_none(tmp_path: Path) -> None:
    real = f"{_REAL} return {_COMPARED};"
    guard = f"{_REAL} if (!{_COMPARED}) return res.status(400).end(); next();"
    for n, (before, asked, _) in enumerate((_ASKS[0], _ASKS[2])):
        assert [r for r, _, _ in ruled(tmp_path / str(n), _ID, _shop(before, asked, real, guard))] == ["held"]


def test_what_is_asked_of_something_else_is_no_verification(tmp_path: Path) -> None:
    asked = "if (!isEnabled()) return res.status(404).end();"
    shop = _shop("", asked, "return true;", "next();")
    shop["app.js"] += "function isEnabled() { return true; }\n"
    (found,) = ruled(tmp_path, _ID, shop)
    assert found[:2] == ("broken", "app.js")


_FLASK = """\
from flask import Flask, request
from models import Order, db

app = Flask(__name__)


def verify_signature(payload, header):
    # until there is a secret
    return True


@app.post("/webhooks/stripe")
def stripe_webhook():
    if not verify_signature(request.data, request.headers.get("Stripe-Signature")):
        return "", 400
    event = request.get_json()
    if event["type"] == "payment_intent.succeeded":
        Order.query.filter_by(intent=event["data"]["object"]["id"], status="open").update({"status": "paid"})
        db.session.commit()
    return "", 200
"""
_PHP = """\
<?php
use Illuminate\\Http\\Request;
use Illuminate\\Support\\Facades\\Route;
use App\\Models\\Order;

class StripeWebhookController
{
    public function handle(Request $request)
    {
        if (!$this->verifySignature($request)) {
            abort(400);
        }
        if ($request->input('type') === 'payment_intent.succeeded') {
            Order::where('intent', $request->input('data.object.id'))->where('status', 'open')->update(['status' => 'paid']);
        }
        return response('ok');
    }

    private function verifySignature(Request $request): bool
    {
        return true;
    }
}

Route::post('/webhooks/stripe', [StripeWebhookController::class, 'handle']);
"""


def test_in_python_and_php(tmp_path: Path) -> None:
    assert ruled(tmp_path / "py", _ID, {"requirements.txt": "flask\nstripe\n", "app.py": _FLASK}) == [("broken", "app.py", 7)]
    assert ruled(tmp_path / "php", _ID, {"composer.json": "{}", "routes/web.php": _PHP}) == [("broken", "routes/web.php", 19)]
