"""Guards of messages that are asked inside the transaction of a document store, which is refused when another has written there."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

_MODELS = """\
const mongoose = require('mongoose');
const Hold = mongoose.model('Reservation', new mongoose.Schema({ order: String, status: String }));
const Wallet = mongoose.model('Wallet', new mongoose.Schema({ order: String, balance: Number }));
module.exports = { Hold, Wallet };
"""
_HOOK = """\
const express = require('express');
const mongoose = require('mongoose');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const { Hold, Wallet } = require('./models');
const app = express();
const now = (work) => work();
app.post('/hook', express.raw({ type: '*/*' }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.WHSEC);
  if (event.type !== 'checkout.session.completed') return res.json({});
  const order = event.data.object.client_reference_id;
  const session = await mongoose.startSession();
  await RUN(async () => {
    const hold = await Hold.findOne({ order }).session(session);
    if (hold.status === 'confirmed') return;
    await Wallet.updateOne({ order }, { $inc: { balance: event.data.object.amount_total } }, { session });
    await Hold.updateOne({ _id: hold._id }, { status: 'confirmed' }, { session });
  });
  res.json({});
});
"""


@pytest.mark.parametrize(("run", "ruling"), [("session.withTransaction", "held"), ("now", "broken")])
def test_a_look_inside_the_transaction_keeps_two_apart(tmp_path: Path, run: str, ruling: str) -> None:
    write(tmp_path, {"package.json": '{"dependencies":{"mongoose":"8"}}', "models.js": _MODELS, "app.js": _HOOK.replace("RUN", run)})
    obligations = review(tmp_path, Settings(use_cache=False, checks=("idempotency/dedup-race",))).obligations
    assert {o.ruling for o in obligations} == {ruling}
