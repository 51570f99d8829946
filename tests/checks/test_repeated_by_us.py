"""Calls that move money and that our own code repeats: how grave it is that each attempt is a new one."""

from pathlib import Path

import pytest

from tillproof.review import review
from tillproof.settings import Settings

_CHECKS = ("idempotency/missing-key", "idempotency/unstable-key")
_CLIENT = """\
import { randomUUID } from "node:crypto";
import express from "express";
import Stripe from "stripe";

const stripe = new Stripe(process.env.STRIPE_SECRET_KEY!);
const app = express();

async function withRetry<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; attempt <= 3; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === 3 || !(error instanceof Stripe.errors.StripeConnectionError)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 2 ** attempt * 1000 + Math.random() * 500));
    }
  }
  throw new Error("never");
}

app.post("/refunds/:intent", async (req, res) => {
  BODY
});
"""


_KEYED = "stripe.refunds.create({ payment_intent: req.params.intent }, { idempotencyKey: KEY })"
_BARE = "stripe.refunds.create({ payment_intent: req.params.intent })"
_BEGINS = "stripe.paymentIntents.create({ amount: 500, currency: 'eur' })"
_MISSING, _UNSTABLE = _CHECKS


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (f"await withRetry(() => {_KEYED.replace('KEY', 'randomUUID()')});", {(_UNSTABLE, "critical")}),
        (f"const key = randomUUID();\n  await withRetry(() => {_KEYED.replace('KEY', 'key')});", {(_UNSTABLE, "high")}),
        (f"await withRetry(() => {_KEYED.replace('KEY', '`refund-${req.params.intent}`')});", set()),
        (f"await withRetry(() => {_BARE});", {(_MISSING, "critical")}),
        (f"await {_BARE};", {(_MISSING, "medium")}),
        (f"res.json(await withRetry(() => {_BEGINS}));", {(_MISSING, "medium")}),
    ],
)
def test_what_our_own_code_repeats_as_a_new_attempt_moves_money_again(tmp_path: Path, body: str, told: set[tuple[str, str]]) -> None:
    (tmp_path / "package.json").write_text('{"dependencies": {"stripe": "14.0.0", "express": "4.18.0"}}')
    (tmp_path / "server.ts").write_text(_CLIENT.replace("BODY", body))
    report = review(tmp_path, Settings(use_cache=False, checks=_CHECKS))
    assert {(f.check, f.severity) for f in report.findings} == told
