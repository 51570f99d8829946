"""The secret of one payment stands in the whole answer that a provider gives when it is made, and in none of its other fields."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

_PYTHON = """\
import json
import logging

import stripe

logger = logging.getLogger(__name__)


def begin(order):
    intent = stripe.PaymentIntent.create(amount=order.cents, currency="eur", idempotency_key=f"order-{{order.pk}}")
    {shown}
    return intent.client_secret
"""
_JAVASCRIPT = """\
const stripe = require('stripe')(process.env.STRIPE_SECRET_KEY);
exports.begin = async (req, res) => {{
  const intent = await stripe.paymentIntents.create({{ amount: req.order.cents, currency: 'eur' }});
  {shown}
  res.json({{ secret: intent.client_secret }});
}};
"""


def leaks(root: Path, name: str, code: str) -> list[tuple[str, str]]:
    write(root, {name: code, "requirements.txt": "stripe\n", "package.json": '{"dependencies": {"stripe": "14"}}'})
    report = review(root, Settings(checks=("boundary/secret-logged",), use_cache=False))
    return [(f.severity, f.title) for f in report.findings]


@pytest.mark.parametrize("shown", ["print(intent)", 'logger.info(f"made {intent}")', 'logger.debug("made %s", json.dumps(intent))'])
def test_python_shows_it_with_the_whole(tmp_path: Path, shown: str) -> None:
    assert leaks(tmp_path, "pay.py", _PYTHON.format(shown=shown)) == [("medium", "The secret of a PaymentIntent is written to the log")]


@pytest.mark.parametrize(
    "shown", ["print(intent.id)", 'logger.info(f"made {intent.id}: {intent.status}")', 'logger.info("made %s", intent["amount"])']
)
def test_python_shows_a_field(tmp_path: Path, shown: str) -> None:
    assert leaks(tmp_path, "pay.py", _PYTHON.format(shown=shown)) == []


@pytest.mark.parametrize("shown", ["console.log('made', intent);", "console.log(JSON.stringify(intent));"])
def test_javascript_shows_it_with_the_whole(tmp_path: Path, shown: str) -> None:
    assert [severity for severity, _ in leaks(tmp_path, "pay.js", _JAVASCRIPT.format(shown=shown))] == ["medium"]


@pytest.mark.parametrize(
    "shown",
    [
        "console.log('made', intent.id);",
        "console.log(`made ${intent.id}`);",
        "const { client_secret, ...rest } = intent; console.log(rest);",
    ],
)
def test_javascript_shows_the_rest(tmp_path: Path, shown: str) -> None:
    assert leaks(tmp_path, "pay.js", _JAVASCRIPT.format(shown=shown)) == []


def test_what_is_asked_for_later_is_paid_and_its_secret_opens_nothing(tmp_path: Path) -> None:
    code = _PYTHON.format(shown="print(intent)").replace("create(amount=order.cents", "retrieve(order.intent").split(", currency")
    assert leaks(tmp_path, "pay.py", code[0] + ")\n" + code[1].partition(")\n")[2]) == []
