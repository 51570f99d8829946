"""What looks like a flaw by its words and is another matter: nothing is found, and nothing held."""

from pathlib import Path
from textwrap import dedent

from tests.checks.test_examples import review_of
from tests.commerce.small_models import model_of
from tillproof.checks.pages import Example
from tillproof.flow.values import Result, options
from tillproof.ir.ops import Op

CREDIT = """\
import { PrismaClient } from '@prisma/client';
const prisma = new PrismaClient();
export async function record({ customer, plan, credits }: { customer: string; plan?: string; credits?: number }) {
  return prisma.user.update({
    where: { customer },
    data: { plan, credits: credits !== undefined ? { increment: credits } : undefined },
  });
}
"""
STRIPE = """\
import express from 'express';
import Stripe from 'stripe';
import { record } from './credit';
const stripe = new Stripe(process.env.STRIPE_SECRET_KEY!);
const app = express();
app.post('/stripe/webhook', express.raw({ type: 'application/json' }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.STRIPE_WEBHOOK_SECRET!);
  if (event.type === 'customer.subscription.updated') {
    await record({ customer: event.data.object.customer as string, plan: event.data.object.id WITH });
  }
  res.json({ received: true });
});
"""
COPY = """\
import crypto from 'crypto';
import express from 'express';
import mongoose from 'mongoose';
const Order = mongoose.model('Order', new mongoose.Schema({ platformId: String, total: Number, status: String }));
const app = express();
app.post('/webhooks/shopify/orders-create', express.raw({ type: 'application/json' }), async (req, res) => {
  const digest = crypto.createHmac('sha256', process.env.SHOPIFY_API_SECRET!).update(req.body).digest();
  const sent = Buffer.from(req.get('x-shopify-hmac-sha256') ?? '', 'base64');
  if (sent.length !== digest.length || !crypto.timingSafeEqual(digest, sent)) return res.sendStatus(401);
  const told = JSON.parse(req.body.toString());
  if (!(await Order.findOne({ platformId: told.id }))) {
    await Order.create({ platformId: told.id, total: told.total_price, status: told.fulfillment_status });
  }
  res.sendStatus(200);
});
"""


def found(root: Path, check: str, **files: str) -> int:
    named = {f"src/{name}.ts": text for name, text in files.items()}
    return len(review_of(Example(title="", files=named, expect=[]), root, check).findings)


def test_nothing_is_added_where_the_caller_gives_nothing_to_add(tmp_path: Path) -> None:
    check = "idempotency/handler-not-idempotent"
    assert found(tmp_path / "given", check, credit=CREDIT, server=STRIPE.replace("WITH", ", credits: 10")) == 1
    assert found(tmp_path / "left", check, credit=CREDIT, server=STRIPE.replace("WITH", "")) == 0


def test_a_copy_of_the_order_that_a_platform_tells_of_is_no_payment(tmp_path: Path) -> None:
    assert found(tmp_path, "payment/amount-not-reconciled", server=COPY) == 0


def test_a_map_that_is_only_declared_says_nothing_of_what_it_holds(tmp_path: Path) -> None:
    text = "export class Kept { all: Map<string, string>; }\nexport function one(kept: Kept) { return kept.all.get('a'); }\n"
    model, _ = model_of(tmp_path, {"kept.ts": text})
    fn = next(f for f in model.program.all_functions("kept.ts") if model.program.name(f) == "one")
    call = next(i for i, op in enumerate(model.program.body(fn).op) if op == Op.CALL)
    assert all(isinstance(option, Result) for option in options(model.evaluator.value(fn, call)))


def test_a_set_that_an_object_keeps_is_no_record(tmp_path: Path) -> None:
    text = """
    class Plugins:
        def __init__(self):
            self.loaded_channels: set[str] = set()

        def load(self, slug):
            self.loaded_channels.add(slug)
    """
    model, _ = model_of(tmp_path, {"requirements.txt": "django\n", "plugins.py": dedent(text)})
    fn = next(f for f in model.program.all_functions("plugins.py") if model.program.name(f) == "load")
    call = next(i for i, op in enumerate(model.program.body(fn).op) if op == Op.CALL)
    assert model.records.touch(fn, call, None) is None
