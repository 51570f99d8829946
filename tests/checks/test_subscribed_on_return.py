"""A page to which the browser comes back that proves the payment, makes the order and begins a subscription with what was paid with: each
time it is opened it does all of it again."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_SHOP = {
    "package.json": '{"dependencies": {"express": "4", "mongodb": "6", "stripe": "14"}}',
    "routes/payment.js": """\
const router = require('express').Router();
const stripe = require('stripe')(process.env.STRIPE_SECRET_KEY);
router.get('/checkout/return', async (req, res) => {
  const db = req.app.db;
  PROOF
  const order = await db.orders.insertOne({ total: req.session.total, status: 'Paid', items: req.session.cart });
  await stripe.BEGUN.create({ customer: req.session.customer, items: [{ price: req.session.plan }] });
  res.redirect('/order/' + order.insertedId);
});
module.exports = router;
""",
    "app.js": "const app = require('express')();\napp.use('/', require('./routes/payment'));\napp.listen(3000);\n",
}
_PROOF = """const intent = await stripe.paymentIntents.retrieve(req.query.payment_intent);
  if (intent.status !== 'succeeded') return res.redirect('/checkout');"""


@pytest.mark.parametrize(
    ("begun", "rulings"),
    [("subscriptions", ["broken"]), ("subscriptionSchedules", ["broken"]), ("checkout.sessions", [])],
)
def test_what_a_return_begins_behind_the_proof_is_no_new_checkout(tmp_path: Path, begun: str, rulings: list[str]) -> None:
    page = _SHOP["routes/payment.js"].replace("PROOF", _PROOF).replace("BEGUN", begun)
    found = ruled(tmp_path, "idempotency/handler-not-idempotent", {**_SHOP, "routes/payment.js": page})
    assert [said for said, *_ in found] == rulings


def test_a_word_of_the_order_that_is_made_here_is_no_look_at_an_old_one(tmp_path: Path) -> None:
    page = _SHOP["routes/payment.js"].replace("PROOF", _PROOF).replace("BEGUN", "subscriptions")
    page = page.replace("{ total: req.session.total, status: 'Paid', items: req.session.cart }", "orderDoc")
    page = page.replace("const order =", "const orderDoc = { total: req.session.total, orderType: intent.metadata.kind };\n  const order =")
    page = page.replace("  await stripe.subscriptions", "  if (orderDoc.orderType === 'subscription') await stripe.subscriptions")
    found = ruled(tmp_path, "idempotency/dedup-race", {**_SHOP, "routes/payment.js": page})
    assert [said for said, *_ in found if said == "broken"] == []
