"""Handlers of several payment systems that share a service: which class looks at a message is decided when it comes."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

_WEAK, _SETTLED = "payment/webhook-weak-verification", "payment/no-settlement-webhook"
_STRIPE = """\
import Stripe from 'stripe';
import { Strategy, Told } from './strategy';
export class StripeStrategy implements Strategy {
  readonly provider = 'stripe';
  private readonly stripe = new Stripe(process.env.STRIPE_KEY!);
  async begin(id: string, amount: number) {
    const session = await this.stripe.checkout.sessions.create({ mode: 'payment', line_items: [{ quantity: 1,
      price_data: { currency: 'eur', unit_amount: amount, product_data: { name: id } } }], metadata: { paymentId: id } });
    return session.url!;
  }
  verify(body: Buffer, headers: any): Told {
    const event = this.stripe.webhooks.constructEvent(body, headers['stripe-signature'], process.env.STRIPE_SECRET!);
    const session = event.data.object as Stripe.Checkout.Session;
    return { paymentId: session.metadata!.paymentId, paid: event.type === 'checkout.session.completed' };
  }
}
"""
_KLARNA = """\
import { createHmac, timingSafeEqual } from 'crypto';
import { Strategy, Told } from './strategy';
export class KlarnaStrategy implements Strategy {
  readonly provider = 'klarna';
  async begin(id: string, amount: number) {
    const answer = await fetch('https://api.klarna.com/checkout/v3/orders', { method: 'POST', headers: {},
      body: JSON.stringify({ order_amount: amount, purchase_currency: 'EUR', merchant_reference1: id }) });
    return (await answer.json()).redirect;
  }
  verify(body: Buffer, headers: any): Told {
    PROOF
    const payload = JSON.parse(body.toString('utf8'));
    return { paymentId: payload.merchant_reference1, paid: payload.status === 'authorized' };
  }
}
"""
_PROOF = """\
const made = createHmac('sha256', process.env.KLARNA_SECRET!).update(body).digest();
    if (!timingSafeEqual(made, Buffer.from(headers['x-signature'], 'hex'))) throw new Error('forged');
"""
_FILES = {
    "package.json": '{"dependencies":{"express":"4","stripe":"14"}}',
    "strategy.ts": """\
export interface Told { paymentId: string; paid: boolean }
export interface Strategy {
  readonly provider: string;
  begin(id: string, amount: number): Promise<string>;
  verify(body: Buffer, headers: any): Told;
}
""",
    "registry.ts": """\
import { Strategy } from './strategy';
export class Registry {
  private readonly strategies = new Map<string, Strategy>();
  register(strategy: Strategy) { this.strategies.set(strategy.provider, strategy); }
  get(provider: string): Strategy { return this.strategies.get(provider)!; }
}
""",
    "payments.ts": """\
import mongoose from 'mongoose';
import { Registry } from './registry';
const Payment = mongoose.model('Payment', new mongoose.Schema({ status: String, amount: Number }));
export class Payments {
  constructor(private readonly registry: Registry) {}
  async begin(provider: string, id: string) {
    const payment = await Payment.findById(id);
    return this.registry.get(provider).begin(id, payment!.amount);
  }
  async hook(provider: string, body: Buffer, headers: any) {
    const told = this.registry.get(provider).verify(body, headers);
    if (told.paid) await Payment.updateOne({ _id: told.paymentId, status: 'pending' }, { status: 'paid' });
  }
}
""",
    "app.ts": """\
import express from 'express';
import { Registry } from './registry';
import { Payments } from './payments';
import { StripeStrategy } from './stripe';
import { KlarnaStrategy } from './klarna';
const registry = new Registry();
registry.register(new StripeStrategy());
registry.register(new KlarnaStrategy());
const payments = new Payments(registry);
const app = express();
app.post('/pay/:provider/:id', async (req, res) => { res.json({ url: await payments.begin(req.params.provider, req.params.id) }); });
app.post('/webhook/stripe', express.raw({ type: '*/*' }), async (req, res) => {
  await payments.hook('stripe', req.body, req.headers);
  res.json({});
});
app.post('/webhook/klarna', express.raw({ type: '*/*' }), async (req, res) => {
  await payments.hook('klarna', req.body, req.headers);
  res.json({});
});
app.listen(3000);
""",
    "stripe.ts": _STRIPE,
}


@pytest.mark.parametrize(("proof", "found"), [("", [("klarna.ts", 10)]), (_PROOF, [])])
def test_the_one_that_proves_nothing_is_told(tmp_path: Path, proof: str, found: list[tuple[str, int]]) -> None:
    write(tmp_path, {**_FILES, "klarna.ts": _KLARNA.replace("PROOF", proof)})
    report = review(tmp_path, Settings(use_cache=False, checks=(_WEAK,)))
    assert [(f.file, f.start_line) for f in report.findings if f.severity != "low"] == found


def test_a_route_that_names_a_system_may_take_its_messages(tmp_path: Path) -> None:
    write(tmp_path, {**_FILES, "klarna.ts": _KLARNA.replace("PROOF", "")})
    report = review(tmp_path, Settings(use_cache=False, checks=(_SETTLED,)))
    assert [f for f in report.findings if f.file == "klarna.ts"] == []
