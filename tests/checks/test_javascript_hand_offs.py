"""What JavaScript hands on: requests by path, options together, guards that only take note, clients that are called themselves."""

import pytest

from tillproof.contract import Report
from tillproof.review import review
from tillproof.settings import Settings

CHECKS = (
    "payment/client-amount",
    "payment/webhook-unverified",
    "payment/fulfil-on-redirect",
    "payment/amount-not-reconciled",
    "idempotency/missing-key",
    "idempotency/handler-not-idempotent",
    "tax-shipping/uncached-rates",
)
STORE = """
const BASE = `https://firestore.googleapis.com/v1/projects/${process.env.PROJECT}/databases/(default)/documents`;
const sent = async (path, method, fields) => {
  const res = await fetch(`${BASE}/${path}`, { method, body: JSON.stringify({ fields }) });
  if (!res.ok) throw new Error('not kept');
  return res.json();
};
export const updateDocument = (collection, id, updates) => sent(`${collection}/${id}`, 'PATCH', updates);
export const createDocument = (collection, data) => sent(collection, 'POST', data);
export async function getDocument(path) {
  const res = await fetch(`${BASE}/${path}`);
  return res.ok ? await res.json() : null;
}
"""
WEBHOOK = """
import crypto from 'crypto';
import { createDocument, getDocument, updateDocument } from './store.js';

export default async function handler(req, res) {
  const signed = crypto.createHmac('sha512', process.env.PAYSTACK_SECRET_KEY).update(req.rawBody).digest();
  if (!crypto.timingSafeEqual(signed, Buffer.from(req.headers['x-paystack-signature'], 'hex'))) return res.status(401).end();
  const { event, data } = JSON.parse(req.rawBody);
  if (event === 'charge.success') {
    LOOK
    await updateDocument('orders', data.metadata.order_id, { isPaid: true });
    await createDocument('transactions', { reference: data.reference, amount: data.amount });
  }
  res.status(200).end();
}
"""
LOOKS = """const order = await getDocument('orders/' + data.metadata.order_id);
    if (!order || order.isPaid || order.amount !== data.amount) return res.status(200).end();"""
FILES = {
    "shop/package.json": '{"name": "shop", "dependencies": {"express": "4", "axios": "1", "mongoose": "8"}}',
    "shop/api.ts": """
import axios, { AxiosInstance } from 'axios';

interface Call { path: string; method: string; body?: Record<string, unknown>; key?: string }

export class Paystack {
  private readonly axiosInstance: AxiosInstance;
  constructor() {
    this.axiosInstance = axios.create({ baseURL: 'https://api.paystack.co', timeout: 9000 });
  }
  protected async send<T>(call: Call): Promise<T> {
    const options = { method: call.method, url: call.path, data: call.body };
    const res = await this.axiosInstance(options);
    return res.data;
  }
  transaction = {
    initialize: ({ amount, email }: { amount: number; email: string }) =>
      this.send<{ status: boolean; message: string; data: { authorization_url: string; access_code: string; reference: string } }>({
        path: '/transaction/initialize', method: 'POST', body: { amount, email, reference: email },
      }),
  };
}

export async function stripe(path: string, params: URLSearchParams, options?: { key?: string }) {
  const res = await fetch(`https://api.stripe.com/v1${path}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${process.env.STRIPE_SECRET_KEY}`, ...(options?.key ? { 'Idempotency-Key': options.key } : {}) },
    body: params.toString(),
  });
  return res.json();
}

export async function filled(amount: string, order: string) {
  const params = new URLSearchParams();
  params.append('amount', amount);
  params.append('currency', 'usd');
  const headers = new Headers({ Authorization: `Bearer ${process.env.STRIPE_SECRET_KEY}` });
  headers.set('Idempotency-Key', `pay_${order}`);
  return (await fetch('https://api.stripe.com/v1/payment_intents', { method: 'POST', headers, body: params })).json();
}

export async function capture(id: string) {
  const url = `${process.env.PAYPAL_URL}/v2/checkout/orders/${id}/capture`;
  return (await fetch(url, { method: 'post', headers: { Authorization: 'Bearer x' } })).json();
}
""",
    "shop/guards.ts": """
import { User } from './models';

export const verifyAdmin = async (req, res, next) => {
  if (req.uid === 'guest') { req.role = 'user'; return next(); }
  const user = await User.findOne({ uid: req.uid });
  if (user?.role == 'admin') { req.role = 'admin'; return next(); }
  req.role = 'user';
  return next();
};

export const requireAdmin = async (req, res, next) => {
  const user = await User.findOne({ uid: req.uid });
  if (user?.role !== 'admin') return res.status(403).end();
  next();
};
""",
    "shop/models.ts": """
import { Schema, model } from 'mongoose';
export const User = model('User', new Schema({ uid: String, role: String, events: [{ eventId: String, isPaid: Boolean }] }));
export const ImportJob = model('ImportJob', new Schema({ status: String }));
""",
    "shop/server.ts": """
import express from 'express';
import { Paystack, capture, filled, stripe } from './api';
import { requireAdmin, verifyAdmin } from './guards';
import { ImportJob, User } from './models';

const app = express();
const paystack = new Paystack();
app.use(express.json());

app.post('/pay', verifyAdmin, async (req, res) => {
  res.json(await paystack.transaction.initialize({ amount: req.body.amount, email: 'a@b.example' }));
});
app.post('/terminal', requireAdmin, async (req, res) => {
  res.json(await paystack.transaction.initialize({ amount: req.body.amount, email: 'a@b.example' }));
});
app.post('/keyed', async (req, res) => {
  const params = new URLSearchParams({ mode: 'subscription', customer: 'cus' });
  res.json(await stripe('/checkout/sessions', params, { key: `checkout_${req.body.userId}` }));
});
app.post('/unkeyed', async (req, res) => {
  res.json(await stripe('/checkout/sessions', new URLSearchParams({ mode: 'subscription', customer: 'cus' })));
});
app.post('/filled', async (req, res) => res.json(await filled(String(req.body.amount), req.body.order)));
app.post('/capture', async (req, res) => res.json(await capture(req.body.id)));
app.post('/imports/continue', async (req, res) => {
  await ImportJob.updateOne({ _id: req.body.id }, { $set: { status: 'succeeded' } });
  res.end();
});
const registerUserEvent = async (req, res) => {
  const { eventId } = req.body;
  await User.findByIdAndUpdate(req.uid, { $push: { events: { eventId, isPaid: req.body.isPaid || false } } });
  res.end();
};
app.post('/register', registerUserEvent);
""",
    "edge/package.json": '{"name": "edge", "dependencies": {"stripe": "14", "wrangler": "3"}}',
    "edge/wrangler.toml": 'name = "edge"',
    "edge/worker.js": """
import Stripe from 'stripe';

async function handleWebhook(request, env) {
  const event = await request.json();
  if (event.type === 'checkout.session.completed') {
    await env.DB.prepare("UPDATE orders SET status = 'paid' WHERE id = ?").bind(event.data.object.metadata.order_id).run();
  }
  return new Response('ok');
}

async function handlePay(request, env) {
  const { amount } = await request.json();
  const intent = await new Stripe(env.STRIPE_SECRET_KEY).paymentIntents.create({ amount, currency: 'usd' }, { idempotencyKey: 'k' });
  return new Response(intent.client_secret);
}

export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    if (url.pathname === '/api/webhook' && request.method === 'POST') return handleWebhook(request, env);
    if (url.pathname === '/api/pay') return await handlePay(request, env);
    return new Response('none', { status: 404 });
  },
};
""",
    "hooks/package.json": '{"name": "hooks", "dependencies": {"@sveltejs/kit": "2", "stripe": "14"}}',
    "hooks/svelte.config.js": "export default {};",
    "hooks/src/hooks.server.js": """
import { sequence } from '@sveltejs/kit/hooks';
import { webhooks } from './webhooks';

const routes = { '/billing/webhooks': { method: 'POST', handler: webhooks } };
const paying = async ({ event, resolve }) => {
  const route = routes[event.url.pathname];
  if (route && route.method == event.request.method) return await route.handler(event);
  return await resolve(event);
};
export const handle = sequence(async ({ event, resolve }) => resolve(event), paying);
""",
    "hooks/src/webhooks.js": """
import { PrismaClient } from '@prisma/client';
const db = new PrismaClient();
export async function webhooks({ request }) {
  const event = JSON.parse(await request.text());
  if (event.type === 'checkout.session.completed') {
    await db.order.update({ where: { id: event.data.object.metadata.order_id }, data: { status: 'paid' } });
  }
  return new Response('ok');
}
""",
    "api/store.js": STORE,
    "api/told.js": WEBHOOK.replace("LOOK", ""),
    "api/looked.js": WEBHOOK.replace("LOOK", LOOKS),
    "api/paid.js": """
export default async function handler(req, res) {
  await fetch(`${process.env.SUPABASE_URL}/rest/v1/orders?id=eq.${req.query.id}`, {
    method: 'PATCH', headers: { apikey: process.env.SUPABASE_KEY }, body: JSON.stringify({ status: 'paid' }),
  });
  res.status(200).end();
}
""",
    "api/rates.js": """
import EasyPost from '@easypost/api';
const easypost = new EasyPost(process.env.EASYPOST_API_KEY);
export default async function handler(req, res) {
  const shipment = await easypost.Shipment.create({ to_address: req.body.to, parcel: { weight: 1 } });
  res.status(200).json(shipment.rates);
}
""",
    "tool/package.json": '{"name": "tool", "dependencies": {"express": "4"}}',
    "tool/tsconfig.json": '{"compilerOptions": {"outDir": "lib"}, "include": ["src"]}',
    "tool/src/index.ts": "export const paid = 1;\n",
    "tool/lib/index.js": '"use strict";\nexports.paid = 1;\n',
}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    root = tmp_path_factory.mktemp("hands")
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return review(root, Settings(checks=CHECKS, use_cache=False))


def found(report: Report, check: str) -> set[tuple[str, str]]:
    """Each finding by its file and the first words of the line that it stands at."""
    lines = ((f.file, FILES[f.file].split("\n")[f.start_line - 1].strip()) for f in report.findings if f.check == check)
    return {(file, line[:40]) for file, line in lines}


def test_what_is_handed_over_together_climbs_through_typed_wrappers_and_called_clients(report: Report) -> None:
    assert {file for file, _ in found(report, "payment/client-amount")} == {"edge/worker.js", "shop/api.ts"}


def test_a_guard_that_only_takes_note_keeps_nobody_out(report: Report) -> None:
    text = FILES["shop/server.ts"].split("\n")
    charged = [f for f in report.findings if f.check == "payment/client-amount" and f.file == "shop/api.ts"]
    sent = {step.line for f in charged for step in f.trace if step.file == "shop/server.ts" and "/filled" not in text[step.line - 1]}
    assert sent
    assert all("verifyAdmin" in text[line - 2] for line in sent)


def test_a_key_in_the_options_that_a_call_writes_down_is_sent(report: Report) -> None:
    sent = {line for file, line in found(report, "idempotency/missing-key") if file == "shop/server.ts"}
    assert sent == {"res.json(await stripe('/checkout/session"}
    rulings = [o for o in report.obligations if o.check == "idempotency/missing-key" and o.site.file == "shop/server.ts"]
    assert {o.ruling for o in rulings} == {"held", "broken"}
    unkeyed = [f for f in report.findings if f.check == "idempotency/missing-key" and f.file == "shop/api.ts"]
    assert any("PayPal" in f.title for f in unkeyed)  # at a host that the settings name
    assert not any("PaymentIntent" in f.title for f in unkeyed)  # its headers are filled by calls


def test_requests_are_followed_by_path_to_the_functions_that_take_them(report: Report) -> None:
    files = {file for file, _ in found(report, "payment/webhook-unverified")}
    assert files == {"edge/worker.js", "hooks/src/webhooks.js"}


def test_a_flag_that_the_browser_sends_is_paid_and_a_job_that_succeeds_is_not(report: Report) -> None:
    assert {file for file, _ in found(report, "payment/fulfil-on-redirect")} == {"shop/server.ts", "api/paid.js"}
    assert not any("ImportJob" in line for _, line in found(report, "payment/fulfil-on-redirect"))
    assert {s.file for s in report.target.skipped} >= {"tool/lib"}


def test_records_in_a_database_that_is_spoken_to_over_http_are_records(report: Report) -> None:
    for check in ("idempotency/handler-not-idempotent", "payment/amount-not-reconciled"):
        assert {file for file, _ in found(report, check) if file.startswith("api/")} == {"api/told.js"}, check
    assert {file for file, _ in found(report, "tax-shipping/uncached-rates")} == {"api/rates.js"}
