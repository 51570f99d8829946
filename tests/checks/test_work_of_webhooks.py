"""Jobs in which the messages of webhooks are worked off: what is caught there and not told the queue is lost."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_ID = "resilience/swallowed-failure"
_HOOK = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const { Queue } = require('bullmq');
const app = express();
const payments = new Queue('payments', { connection: { host: 'redis' } });
app.post('/webhooks/stripe', express.raw({ type: 'application/json' }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.STRIPE_WEBHOOK_SECRET);
  if (event.type === 'payment_intent.succeeded') await payments.add('paid', { intent: event.data.object.id });
  res.json({ received: true });
});
"""
_WORKER = """\
const { Worker } = require('bullmq');
const { Order } = require('./models');
async function settle(intent) {
  try {
    await Order.updateOne({ intent, status: 'open' }, { status: 'paid' });
    return { ok: true };
  } catch (error) {
    return { ok: false, error };
  }
}
new Worker('payments', async (job) => {
  WORK
}, { connection: { host: 'redis' } });
"""
_MODELS = """\
const mongoose = require('mongoose');
exports.Order = mongoose.model('Order', new mongoose.Schema({ intent: String, status: String }));
"""
_WRITE = "await Order.updateOne({ intent: job.data.intent, status: 'open' }, { status: 'paid' });"
_LOST = [
    f"try {{ {_WRITE} }} catch (error) {{ console.error(error); }}",
    "await settle(job.data.intent);\n  console.log('settled');",
]
_TOLD = [
    _WRITE,
    f"try {{ {_WRITE} }} catch (error) {{ console.error(error); throw error; }}",
    "const done = await settle(job.data.intent);\n  if (!done.ok) throw done.error;",
]


def _bull(work: str) -> dict[str, str]:
    return {"package.json": "{}", "hook.js": _HOOK, "worker.js": _WORKER.replace("WORK", work), "models.js": _MODELS}


@pytest.mark.parametrize("work", _LOST)
def test_a_worker_that_swallows_what_failed(tmp_path: Path, work: str) -> None:
    found = ruled(tmp_path, _ID, _bull(work))
    assert [(r, f) for r, f, _ in found if r == "broken"] == [("broken", "worker.js")]


@pytest.mark.parametrize("work", _TOLD)
def test_a_worker_whose_queue_hears_of_it(tmp_path: Path, work: str) -> None:
    assert "broken" not in [r for r, _, _ in ruled(tmp_path, _ID, _bull(work))]


_CELERY_HOOK = """\
import stripe
from flask import Flask, request
from tasks import settle

app = Flask(__name__)


@app.post("/webhooks/stripe")
def hook():
    event = stripe.Webhook.construct_event(request.data, request.headers["Stripe-Signature"], app.config["SECRET"])
    if event["type"] == "payment_intent.succeeded":
        settle.delay(event["data"]["object"]["id"])
    return "", 200
"""
_CELERY = """\
import logging
from celery import Celery
from models import Order, db

celery = Celery("shop")
log = logging.getLogger(__name__)


@celery.task(bind=True, max_retries=5)
def settle(self, intent):
    try:
        Order.query.filter_by(intent=intent, status="open").update({"status": "paid"})
        db.session.commit()
    except Exception as error:
        log.error("not settled", exc_info=error)
        END
"""


def test_in_celery(tmp_path: Path) -> None:
    for name, end, lost in (("lost", "return", True), ("again", "raise self.retry(exc=error)", False), ("raised", "raise", False)):
        files = {"requirements.txt": "flask\nstripe\ncelery\n", "app.py": _CELERY_HOOK, "tasks.py": _CELERY.replace("END", end)}
        assert ("broken" in [r for r, _, _ in ruled(tmp_path / name, _ID, files)]) is lost, name
