"""Fields of cards that a validator names to refuse them: no card reaches the server by what is never let in."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_APP = """\
const express = require('express');
IMPORT
const app = express();
app.use(express.json());
const card = SCHEMA;
app.post('/cards', async (req, res) => {
  const kept = card.VALIDATE(req.body);
  await store(req.user, kept.last4);
  res.json({ ok: true });
});
"""


@pytest.mark.parametrize(
    ("schema", "found"),
    [
        ("Joi.object({ last4: Joi.string(), exp_month: Joi.number(), number: Joi.forbidden(), cvc: Joi.any().forbidden() })", False),
        ("Joi.object({ last4: Joi.string(), exp_month: Joi.number(), number: Joi.string().creditCard(), cvc: Joi.string() })", True),
        ("z.object({ last4: z.string(), exp_month: z.number(), card_number: z.never().optional(), cvv: z.never() })", False),
        ("z.object({ last4: z.string(), exp_month: z.number(), card_number: z.string(), cvv: z.never() })", True),
    ],
)
def test_a_field_that_is_refused_brings_no_card(tmp_path: Path, schema: str, found: bool) -> None:
    joi = schema.startswith("Joi")
    text = _APP.replace("IMPORT", "const Joi = require('joi');" if joi else "const { z } = require('zod');")
    text = text.replace("SCHEMA", schema).replace("VALIDATE", "validate" if joi else "parse")
    package = '{"dependencies": {"express": "4", "joi": "17", "zod": "3", "stripe": "14"}}'
    rulings = ruled(tmp_path, "pci/card-data-on-server", {"package.json": package, "app.js": text})
    assert any(outcome == "broken" for outcome, _, _ in rulings) is found
