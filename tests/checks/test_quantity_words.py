"""A quantity that may be negative is said to be one: the price is the server's own, and the mend is a bound."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

_PAY = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_SECRET_KEY);
const { priceOf } = require('./prices');
const app = express();
app.use(express.json());

app.post('/pay', async (req, res) => {
  const amount = req.body.items.reduce((sum, item) => sum + PRICE * item.quantity, 0);
  const intent = await stripe.paymentIntents.create({ amount, currency: 'eur' });
  res.json({ secret: intent.client_secret });
});
"""


@pytest.mark.parametrize(
    ("price", "title", "mend"),
    [
        ("priceOf(item.id)", "A negative quantity lowers what is paid", "Number.isInteger(quantity)"),
        ("item.price", "The client chooses what he pays", "Do not read `items[].price`"),
    ],
)
def test_a_finding_speaks_of_the_quantity_only_where_the_price_is_ours(tmp_path: Path, price: str, title: str, mend: str) -> None:
    package = '{"dependencies": {"express": "4", "stripe": "14"}}'
    prices = "const known = { cup: 900 };\nexports.priceOf = (id) => known[id];\n"
    write(tmp_path, {"package.json": package, "prices.js": prices, "pay.js": _PAY.replace("PRICE", price)})
    (finding,) = review(tmp_path, Settings(use_cache=False, checks=("payment/client-amount",))).findings
    assert (finding.title, mend in finding.remediation) == (title, True)
