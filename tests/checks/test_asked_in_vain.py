"""A payment system that is asked, and whose answer only makes a text or is looked at when the order is paid already."""

from pathlib import Path

import pytest

from tests.checks.test_examples import review_of
from tillproof.checks.pages import Example

CHECK = "payment/fulfil-on-redirect"

JAVASCRIPT = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const Order = require('mongoose').model('Order');
const mailer = require('./mailer');
const app = express();
app.get('/checkout/return', async (req, res) => {
  const session = await stripe.checkout.sessions.retrieve(req.query.session_id);
  const order = await Order.findOne({ sessionId: session.id });
  STATEMENT
  res.json({ ok: true });
});
"""
PYTHON = """\
import stripe
from flask import Flask, request
from shop.models import Order, shipping

app = Flask(__name__)


@app.route("/checkout/return")
def checkout_return():
    session = stripe.checkout.Session.retrieve(request.args["session_id"])
    order = Order.query.filter_by(session_id=session.id).first()
    STATEMENT
    return "thanks"
"""
PHP = """\
<?php
require 'vendor/autoload.php';
$stripe = new \\Stripe\\StripeClient(getenv('STRIPE_KEY'));
$session = $stripe->checkout->sessions->retrieve($_GET['session_id']);
STATEMENT
"""
PAY = {
    "javascript": "order.status = 'paid'; await order.save();",
    "python": "order.status = 'paid'; order.save()",
    "php": "$db->query(\"UPDATE orders SET status = 'paid' WHERE session_id = '{$session->id}'\");",
}


def shop(language: str, statement: str) -> dict[str, str]:
    """The files of a shop whose return page does ``statement``; PAY stands for the line that marks the order as paid."""
    page, name = {"javascript": (JAVASCRIPT, "server.js"), "python": (PYTHON, "shop.py"), "php": (PHP, "return.php")}[language]
    indent = "    " if language == "python" else ""
    return {name: page.replace("STATEMENT", statement.replace("PAY", PAY[language]).replace("\n", "\n" + indent))}


@pytest.mark.parametrize(
    ("language", "statement"),
    [
        ("javascript", "order.note = 'Stripe says ' + (session.payment_status === 'paid' ? 'paid' : 'open');\nPAY"),
        ("javascript", "const said = session.payment_status === 'paid' ? 'paid' : 'open';\nconsole.log(`came back ${said}`);\nPAY"),
        ("javascript", "PAY\nif (session.payment_status === 'paid') mailer.thank(order, session);"),
        ("javascript", "PAY\nawait mailer.receipt(session);"),
        ("python", 'order.note = f\'Stripe says {"paid" if session.payment_status == "paid" else "open"}\'\nPAY'),
        ("python", "PAY\nif session.payment_status == 'paid':\n    shipping.book(order, session)"),
        ("python", "PAY\nshipping.book(order, session)"),
        ("php", "$note = 'Stripe: ' . ($session->payment_status == 'paid' ? 'paid' : 'unpaid');\nPAY"),
        ("php", "PAY\nif ($session->payment_status == 'paid') { ship($session); }"),
    ],
)
def test_what_only_makes_a_text_or_comes_afterwards_is_no_condition(tmp_path: Path, language: str, statement: str) -> None:
    report = review_of(Example(title="", files=shop(language, statement), expect=[]), tmp_path, CHECK)
    assert [f.check for f in report.findings if f.check == CHECK] == [CHECK]


@pytest.mark.parametrize(
    ("language", "statement"),
    [
        ("javascript", "const said = session.payment_status === 'paid' ? 'paid' : 'open';\nif (said === 'paid') { PAY }"),
        ("javascript", "if (session.payment_status !== 'paid') return res.status(402).end();\nPAY\nawait mailer.receipt(session);"),
        ("javascript", "mailer.insist(session);\nPAY"),
        ("javascript", "const note = session.payment_status === 'paid' ? 'paid' : null;\nif (note) { order.note = 'is ' + note; PAY }"),
        ("python", "if session.payment_status != 'paid':\n    return 'not paid', 402\nPAY\nshipping.book(order, session)"),
        ("python", "shipping.insist_on_payment(session)\nPAY"),
        ("php", "$note = $session->payment_status == 'paid' ? 'Paid' : 'Open';\nif ($note == 'Paid') { PAY }"),
        ("php", "if ($session->payment_status != 'paid') { exit; }\n$note = 'x';\nPAY"),
    ],
)
def test_what_the_paid_write_hangs_on_is_one(tmp_path: Path, language: str, statement: str) -> None:
    report = review_of(Example(title="", files=shop(language, statement), expect=[]), tmp_path, CHECK)
    assert [f.message for f in report.findings if f.check == CHECK] == []
