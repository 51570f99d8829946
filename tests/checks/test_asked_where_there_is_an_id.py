"""A look for the id of a message or payment that is made only where there is one: what has none is no message that may come again."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

_EXPRESS = """\
const express = require('express');
const mongoose = require('mongoose');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const Event = mongoose.model('Event', new mongoose.Schema({ intent: String }));
const User = mongoose.model('User', new mongoose.Schema({ balance: Number }));
const app = express();
app.post('/webhook', express.raw({ type: 'application/json' }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.WEBHOOK_SECRET);
  const intent = event.data.object.payment_intent;
  LOOK
  await User.updateOne({ _id: event.data.object.metadata.user }, { $inc: { balance: event.data.object.amount } });
  await Event.create({ intent });
  res.json({});
});
"""
_FLASK = """\
import stripe
from flask import Flask, request
from flask_sqlalchemy import SQLAlchemy
app = Flask(__name__)
db = SQLAlchemy(app)
class Payment(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    intent_id = db.Column(db.String(99))
    amount = db.Column(db.Integer)
def book(intent_id, amount):
    LOOK
    db.session.add(Payment(intent_id=intent_id, amount=amount))
    db.session.commit()
@app.post("/webhook")
def webhook():
    event = stripe.Webhook.construct_event(request.data, request.headers["Stripe-Signature"], SECRET)
    paid = event["data"]["object"]
    book(paid.get("payment_intent"), paid["amount"])
    return "", 200
"""
_LARAVEL = """\
<?php
use App\\Models\\Payment; use App\\Models\\User; use Illuminate\\Http\\Request; use Illuminate\\Support\\Facades\\Route;
Route::post('/webhook', function (Request $request) {
    $event = \\Stripe\\Webhook::constructEvent($request->getContent(), $request->header('Stripe-Signature'), env('HOOK'));
    $intent = $event->data->object->payment_intent;
    LOOK
    User::find($event->data->object->metadata->user)->increment('balance', $event->data->object->amount);
    Payment::create(['intent' => $intent]);
    return response('', 200);
});
"""


@pytest.mark.parametrize(
    ("shop", "look", "held"),
    [
        (_EXPRESS, "if (intent) {\n    const seen = await Event.findOne({ intent });\n    if (seen) return res.json({});\n  }", True),
        (_EXPRESS, "if (intent && (await Event.exists({ intent }))) return res.json({});", True),
        (_EXPRESS, "if (intent != null) {\n    if (await Event.findOne({ intent: String(intent) })) return res.json({});\n  }", True),
        (
            _EXPRESS,
            "if (req.query.strict) {\n    const seen = await Event.findOne({ intent });\n    if (seen) return res.json({});\n  }",
            False,
        ),
        (_FLASK, "if intent_id:\n        if Payment.query.filter_by(intent_id=str(intent_id)).first():\n            return", True),
        (_FLASK, "if intent_id is not None and Payment.query.filter_by(intent_id=intent_id).first():\n        return", True),
        (_FLASK, "if amount > 900:\n        if Payment.query.filter_by(intent_id=intent_id).first():\n            return", False),
        (_LARAVEL, "if ($intent) { if (Payment::where('intent', $intent)->exists()) { return response('', 200); } }", True),
        (_LARAVEL, "if (!empty($intent) && Payment::where('intent', $intent)->exists()) { return response('', 200); }", True),
        (_LARAVEL, "", False),
    ],
)
def test_a_look_by_an_id_that_is_there(tmp_path: Path, shop: str, look: str, held: bool) -> None:
    name = "app.py" if shop == _FLASK else "app.js" if shop == _EXPRESS else "routes/web.php"
    write(tmp_path, {name: shop.replace("LOOK", look or "// nothing")})
    report = review(tmp_path, Settings(use_cache=False, checks=("idempotency/handler-not-idempotent",)))
    assert {o.ruling for o in report.obligations} == {"held" if held else "broken"}
