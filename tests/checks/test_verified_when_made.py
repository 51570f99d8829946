"""A sender that is proven where an object is made: its constructor, or what that calls, refuses, or asks the provider again."""

from pathlib import Path

import pytest

from tests.checks.test_examples import review_of
from tillproof.checks.pages import Example

_CHECK = "payment/webhook-unverified"
_EXPRESS = """\
const express = require('express');
const Stripe = require('stripe');
const { Order } = require('./models');
const stripe = new Stripe(process.env.STRIPE_KEY);
class Message {
  constructor(req) {
    PROOF
  }
  get paid() { return this.event.type === 'payment_intent.succeeded'; }
}
const app = express();
app.post('/stripe/webhook', express.raw({ type: '*/*' }), async (req, res) => {
  const message = new Message(req);
  if (message.paid) await Order.updateOne({ _id: message.event.data.object.metadata.id }, { status: 'paid' });
  res.json({});
});
"""
_FLASK = """\
import os
import json
import stripe
from flask import Flask, request
from models import Order, db

app = Flask(__name__)


class Message:
    def __init__(self, payload, signature):
        PROOF


@app.post("/stripe/webhook")
def webhook():
    message = Message(request.data, request.headers["Stripe-Signature"])
    if message.event["type"] == "payment_intent.succeeded":
        order = Order.query.get(message.event["data"]["object"]["metadata"]["id"])
        order.status = "paid"
        db.session.commit()
    return ""
"""
_LARAVEL = {
    "composer.json": '{"require": {"laravel/framework": "^10", "midtrans/midtrans-php": "^2"}, "autoload": {"psr-4": {"App\\\\": "app/"}}}',
    "routes/api.php": "<?php\nuse App\\Http\\Controllers\\Pay;\nRoute::post('/midtrans/notification', [Pay::class, 'callback']);\n",
    "app/Models/Ticket.php": "<?php\nnamespace App\\Models;\nclass Ticket extends \\Illuminate\\Database\\Eloquent\\Model {}\n",
    "app/Services/Callback.php": """\
<?php
namespace App\\Services;
use App\\Models\\Ticket;
use Midtrans\\Notification;
class Callback {
    protected $told;
    public $ticket;
    public function __construct() { $this->read(); }
    public function isPaid() { return $this->told->transaction_status == 'settlement'; }
    protected function read() {
        PROOF
        $this->told = $told;
        $this->ticket = Ticket::where('order_id', $told->order_id)->first();
    }
}
""",
    "app/Http/Controllers/Pay.php": """\
<?php
namespace App\\Http\\Controllers;
use App\\Services\\Callback;
use App\\Models\\Ticket;
class Pay extends Controller {
    public function callback() {
        $callback = new Callback;
        if ($callback->isPaid()) { Ticket::where('id', $callback->ticket->id)->update(['payment_status' => 'paid']); }
        return response()->json([]);
    }
}
""",
}
_MODELS = "const m = require('mongoose');\nexports.Order = m.model('Order', {});\n"


def _shops() -> dict[str, tuple[dict[str, str], str, str]]:
    """For each language the files, a proof, and what stands in its place and proves nothing."""
    return {
        "javascript": (
            {"server.js": _EXPRESS, "models.js": _MODELS},
            "this.event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.SECRET);",
            "this.event = JSON.parse(req.body);",
        ),
        "python": (
            {"app.py": _FLASK},
            'self.event = stripe.Webhook.construct_event(payload, signature, os.environ["SECRET"])',
            "self.event = json.loads(payload)",
        ),
        "php": (_LARAVEL, "$told = new Notification();", "$told = (object) request()->all();"),
    }


@pytest.mark.parametrize("language", _shops())
@pytest.mark.parametrize("proven", [True, False])
def test_what_a_constructor_proves_is_proven(tmp_path: Path, language: str, proven: bool) -> None:
    files, proof, nothing = _shops()[language]
    files = {name: text.replace("PROOF", proof if proven else nothing) for name, text in files.items()}
    report = review_of(Example(title="", files=files, expect=[]), tmp_path, _CHECK)
    assert [o.ruling for o in report.obligations if o.check == _CHECK] == ["held" if proven else "broken"]
