"""Failures in ordinary code with a pool of connections, and pages that show success to whoever has paid."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_CHECK = "resilience/swallowed-failure"
_NODE = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const { Pool } = require('pg');
const pool = new Pool();
const app = express();
async function settle(intent) {
  const client = await pool.connect();
  try {
    await client.query("UPDATE orders SET status = 'paid' WHERE intent = $1", [intent]);
  } catch (e) {
    HANDLER
  } finally {
    client.release();
  }
}
app.post('/hook', express.raw({ type: '*/*' }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.HOOK);
  await settle(event.data.object.id);
  res.json({});
});
"""


@pytest.mark.parametrize(("handler", "wrong"), [("console.log('not updated', e);", True), ("console.log(e); throw e;", False)])
def test_a_connection_that_goes_back_to_its_pool_keeps_nothing(tmp_path: Path, handler: str, wrong: bool) -> None:
    assert bool(found(tmp_path, {"app.js": _NODE.replace("HANDLER", handler), "package.json": "{}"}, _CHECK)) is wrong


_FLASK = """\
import os
import requests
from flask import Flask, jsonify, render_template_string, request
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)

class Payment(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    capture_id = db.Column(db.String(60))
    status = db.Column(db.String(20))

def capture(order):
    url = f"https://api-m.paypal.com/v2/checkout/orders/{order}/capture"
    answer = requests.post(url, headers={"Authorization": os.environ["PAYPAL"]}, timeout=10)
    answer.raise_for_status()
    return answer.json()

def keep(done):
    try:
        payment = Payment(capture_id=done["id"], status="paid")
        db.session.add(payment)
        db.session.commit()
        return payment.id
    except Exception:
        db.session.rollback()
        INNER

@app.post("/capture")
def by_script():
    done = capture(request.json["order"])
    if done["status"] != "COMPLETED":
        return jsonify(error="open"), 402
    return jsonify(payment=keep(done))

@app.get("/return")
def by_page():
    done = capture(request.args["token"])
    if done["status"] != "COMPLETED":
        return "open", 402
    try:
        kept = keep(done)
    except Exception:
        OUTER
    return render_template_string("<h2>Paid</h2> {{ kept }}", kept=kept)
"""


@pytest.mark.parametrize(
    ("inner", "outer", "lines"),
    [("return None", "kept = None", [26, 44]), ("raise", "kept = None", [44]), ("raise", "raise", []), ("return None", "raise", [26])],
)
def test_each_page_that_loses_it_is_told(tmp_path: Path, inner: str, outer: str, lines: list[int]) -> None:
    code = _FLASK.replace("INNER", inner).replace("OUTER", outer)
    assert [f.start_line for f in found(tmp_path, {"app.py": code}, _CHECK)] == lines
