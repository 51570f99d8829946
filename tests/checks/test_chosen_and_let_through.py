"""What rows are chosen by, what lists and schemas let through of a body, and an address that is set or empty: Express shops, each beside
one that is wrong."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

REDIRECT = "payment/fulfil-on-redirect"
AMOUNT = "payment/client-amount"
TRANSITION = "order/unguarded-transition"

_ORDER = """\
import mongoose from 'mongoose';
const schema = new mongoose.Schema({
  userId: String, name: String, note: String, paymentStatus: String, status: String, total: Number, momoReference: String,
});
export const Order = mongoose.model('Order', schema);
"""
_SHOP = """\
import express from 'express';
import Stripe from 'stripe';
import { Order } from './order';
const stripe = new Stripe(process.env.STRIPE_KEY);
const app = express();
function scope(user) {
  const terms = { userId: user.id };
  if (user.hub) terms['hub'] = user.hub;
  return terms;
}
async function search(terms) {
  return Order.find(terms).sort({ createdAt: -1 }).lean();
}
app.post('/pay', async (req, res) => {
  const session = await stripe.checkout.sessions.create({ line_items: [], mode: 'payment' }, { idempotencyKey: req.body.id });
  res.json(session.url);
});
app.post('/orders', async (req, res) => {
BODY
  res.json({});
});
app.listen(3000);
"""


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        ("const terms = { userId: req.user.id }; terms.paymentStatus = 'paid'; await Order.find(terms).sort({ createdAt: -1 });", False),
        ("const terms = scope(req.user); terms['paymentStatus'] = 'paid'; await Order.find(terms).lean();", False),
        ("const terms = {}; if (req.query.paid) terms.paymentStatus = 'paid'; await search(terms);", False),
        ("const terms = scope(req.user); terms.paymentStatus = 'paid'; await Order.aggregate([{ $match: terms }]);", False),
        ("const t = {}; t.paymentStatus = 'paid'; await Promise.all([Order.find(t), Order.countDocuments(t)]);", False),
        ("const t = {}; t.paymentStatus = 'paid'; const load = () => Order.find(t); await load();", False),
        ("const q = { where: {} }; q.where.paymentStatus = 'paid'; await Order.findAll(q);", False),
        ("const data = {}; data.paymentStatus = 'paid'; await Order.findByIdAndUpdate(req.body.id, data);", True),
        (
            "const data = scope(req.user); data['paymentStatus'] = 'paid'; await Order.updateOne({ _id: req.body.id }, { $set: data });",
            True,
        ),
        ("const d = {}; d.paymentStatus = 'paid'; const save = () => Order.findByIdAndUpdate(req.body.id, d); await save();", True),
        ("const row = await Order.findById(req.body.id); row.paymentStatus = 'paid'; await row.save();", True),
        ("await Order.updateOne({ _id: req.body.id, paymentStatus: 'paid' }, { $set: { seen: true } });", False),
        ("await Order.findOneAndUpdate({ _id: req.body.id, status: 'confirmed' }, { $set: { status: 'boarded' } }, { new: true });", False),
        ("await Order.updateOne({ _id: req.body.id, paymentStatus: 'pending' }, { $set: { paymentStatus: 'paid' } });", True),
        ("await Order.update({ paymentStatus: 'paid' }, { where: { id: req.body.id, paymentStatus: 'pending' } });", True),
    ],
)
def test_what_rows_are_chosen_by_says_nothing_of_any_row(tmp_path: Path, lines: str, wrong: bool) -> None:
    files = {"src/app.ts": _SHOP.replace("BODY", lines), "src/order.ts": _ORDER}
    assert bool(found(tmp_path, files, REDIRECT)) == wrong


_CHANGE = """\
import express from 'express';
import jwt from 'jsonwebtoken';
import Stripe from 'stripe';
import Joi from 'joi';
import { z } from 'zod';
import { Order } from './order';
const stripe = new Stripe(process.env.STRIPE_KEY);
const app = express();
const fields = { name: Joi.string().required(), note: Joi.string() };
const person = (req, res, next) => { req.user = jwt.verify(req.headers.authorization, process.env.JWT_SECRET); next(); };
async function place(sent) {
  return Order.create({ name: sent.name, userId: sent.user, total: (sent.total ?? 0) + 100, status: 'created' });
}
app.post('/pay', person, async (req, res) => {
  const session = await stripe.checkout.sessions.create({ line_items: [], mode: 'payment' }, { idempotencyKey: req.body.id });
  res.json(session.url);
});
app.put('/orders/:id', person, async (req, res) => {
BODY
  res.json({});
});
app.listen(3000);
"""
_WRITE = "await Order.findOneAndUpdate({ _id: req.params.id, userId: req.user.id }, SENT, { new: true });"


@pytest.mark.parametrize(
    ("lines", "checks"),
    [
        ("const s = Object.fromEntries(Object.entries(req.body).filter(([k]) => ['name', 'note'].includes(k)));", set()),
        ("const may = new Set(['name']); const s = Object.fromEntries(Object.entries(req.body).filter(([k]) => may.has(k)));", set()),
        (
            "const s = Object.fromEntries(Object.entries(req.body).filter(([k]) => !['status', 'paymentStatus', 'total'].includes(k)));",
            set(),
        ),
        ("const s = Object.fromEntries(Object.entries(req.body).filter(([k]) => ['name', 'status'].includes(k)));", {TRANSITION}),
        ("const s = Object.fromEntries(Object.entries(req.body).filter(([, v]) => v !== undefined));", {TRANSITION, AMOUNT}),
        ("const { status, paymentStatus, total, ...s } = req.body;", set()),
        ("const { status, paymentStatus, ...s } = req.body;", {AMOUNT}),
        ("delete req.body.status; delete req.body.paymentStatus; delete req.body.total; const s = req.body;", set()),
        ("const s = req.body; delete s.status; delete s.paymentStatus; delete s.total;", set()),
        ("const s = req.body;", {TRANSITION, AMOUNT}),
    ],
)
def test_of_a_body_only_what_is_let_through_is_stored(tmp_path: Path, lines: str, checks: set[str]) -> None:
    files = {"src/app.ts": _CHANGE.replace("BODY", lines + _WRITE.replace("SENT", "s")), "src/order.ts": _ORDER}
    for check in (TRANSITION, AMOUNT):
        assert bool(found(tmp_path / check.partition("/")[0], files, check)) == (check in checks), check


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        ("const { error, value } = Joi.object(fields).validate(req.body); await place({ ...value, user: req.user.id });", False),
        ("const value = z.object({ name: z.string() }).parse(req.body); await place({ ...value, user: req.user.id });", False),
        ("const r = z.object({ name: z.string() }).strict().safeParse(req.body); await place({ ...r.data, user: 1 });", False),
        ("const { error, value } = Joi.object(fields).unknown().validate(req.body); await place({ ...value, user: req.user.id });", True),
        ("const { value } = Joi.object(fields).validate(req.body, { allowUnknown: true }); await place({ ...value, user: 1 });", True),
        ("const { error, value } = Joi.object(fields).keys({ total: Joi.number() }).validate(req.body); await place({ ...value });", True),
        ("const value = z.object({ name: z.string() }).passthrough().parse(req.body); await place({ ...value, user: req.user.id });", True),
        ("const value = z.object({ name: z.string(), total: z.number() }).parse(req.body); await place({ ...value });", True),
    ],
)
def test_a_field_that_the_schema_does_not_know_is_not_the_senders(tmp_path: Path, lines: str, wrong: bool) -> None:
    files = {"src/app.ts": _CHANGE.replace("BODY", lines), "src/order.ts": _ORDER}
    assert bool(found(tmp_path, files, AMOUNT)) == wrong


_ASKS = """\
import { Order } from './order';
HEAD
export class Momo {
  base = process.env['MOMO_BASE_URL'] || '';
  async status(reference) {
    const answer = await ASK;
    return { status: answer.status, raw: answer };
  }
}
const momo = new Momo();
export async function finish(reference) {
  const order = await Order.findOne({ momoReference: reference });
  if (order.paymentStatus !== 'pending') return;
  const { status, raw } = await momo.status(reference);
  CHECK
  await Order.updateOne({ _id: order._id, paymentStatus: 'pending' }, { $set: { paymentStatus: 'paid' } });
}
"""
_ROUTE = """\
import express from 'express';
import { finish } from './momo';
const app = express();
app.get('/orders/momo/:reference/status', async (req, res) => { await finish(req.params.reference); res.json({}); });
app.listen(3000);
"""
_TESTS = "if (status !== 'SUCCESSFUL' || Number(raw.amount) !== order.total) return;"


@pytest.mark.parametrize(
    ("head", "ask", "check", "wrong"),
    [
        ("", "fetch(`${this.base}/collection/v1_0/requesttopay/${reference}`).then((r) => r.json())", _TESTS, False),
        (
            "const base = process.env.MOMO_BASE_URL || '';",
            "fetch(base + '/collection/v1_0/requesttopay/' + reference).then((r) => r.json())",
            _TESTS,
            False,
        ),
        ("", "fetch(`/collection/v1_0/requesttopay/${reference}`).then((r) => r.json())", _TESTS, True),
        ("", "Promise.resolve({ status: 'SUCCESSFUL', amount: 0 })", "", True),
    ],
)
def test_an_address_that_is_empty_unless_it_is_set_is_somebody_elses(tmp_path: Path, head: str, ask: str, check: str, wrong: bool) -> None:
    files = {
        "src/app.ts": _ROUTE,
        "src/momo.ts": _ASKS.replace("HEAD", head).replace("ASK", ask).replace("CHECK", check),
        "src/order.ts": _ORDER,
    }
    assert bool(found(tmp_path, files, REDIRECT)) == wrong


_HOOK = """\
import Stripe from 'stripe';
import { prisma } from '@/lib/prisma';
const stripe = new Stripe(process.env.STRIPE_SECRET_KEY);
TOP
export async function POST(req: Request) {
  const body = await req.text();
  const signature = req.headers.get('stripe-signature');
  INSIDE
  let event;
  try {
    event = stripe.webhooks.constructEvent(body, signature, process.env.STRIPE_WEBHOOK_SECRET || '');
  } catch (err) {
    return new Response('no', { status: 400 });
  }
  if (event.type === 'checkout.session.completed') {
    await prisma.order.update({ where: { sessionId: event.data.object.id }, data: { status: 'paid' } });
  }
  return new Response('ok');
}
"""


@pytest.mark.parametrize(
    ("top", "inside", "wrong"),
    [
        ("", "const key = process.env.STRIPE_WEBHOOK_SECRET; if (!key) return new Response('', { status: 500 });", False),
        ("", "if (!process.env.STRIPE_SECRET_KEY || !process.env.STRIPE_WEBHOOK_SECRET) throw new Error('not set');", False),
        ("if (!process.env.STRIPE_WEBHOOK_SECRET) throw new Error('not set');", "", False),
        ("if (!process.env.STRIPE_WEBHOOK_SECRET) console.warn('not set');", "", True),
        ("", "const key = process.env.STRIPE_SECRET_KEY; if (!key) return new Response('', { status: 500 });", True),
        ("", "", True),
    ],
)
def test_a_key_that_was_asked_for_under_another_name_is_not_empty(tmp_path: Path, top: str, inside: str, wrong: bool) -> None:
    files = {
        "app/api/hook/route.ts": _HOOK.replace("TOP", top).replace("INSIDE", inside),
        "package.json": '{"dependencies": {"next": "14"}}',
    }
    assert bool(found(tmp_path, files, "payment/webhook-weak-verification")) == wrong


_SWITCHED = """\
const express = require('express');
const jwt = require('jsonwebtoken');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const { KIND } = require('./models');
const app = express();
const person = (req, res, next) => { req.user = jwt.verify(req.headers.authorization, process.env.JWT_SECRET); next(); };
app.post('/pay', person, async (req, res) => {
  res.json(await stripe.checkout.sessions.create({ line_items: [], mode: 'payment' }, { idempotencyKey: req.body.id }));
});
app.post('/switch', person, async (req, res) => {
  const row = await KIND.findOne({ user: req.user.id });
  row.status = STATE;
  await row.save();
  res.json({});
});
app.listen(3000);
"""
_MODELS = """\
const mongoose = require('mongoose');
const fields = { user: String, status: String };
exports.Wallet = mongoose.model('Wallet', new mongoose.Schema(fields));
exports.Subscription = mongoose.model('Subscription', new mongoose.Schema(fields));
"""


@pytest.mark.parametrize(
    ("kind", "state", "checks"),
    [
        ("Wallet", "row.status === 'FROZEN' ? 'ACTIVE' : 'FROZEN'", set()),
        ("Wallet", "'ACTIVE'", {TRANSITION}),
        ("Subscription", "row.status === 'resting' ? 'active' : 'resting'", set()),
        ("Subscription", "'active'", {TRANSITION}),
    ],
)
def test_a_switch_looks_at_the_state_that_it_turns(tmp_path: Path, kind: str, state: str, checks: set[str]) -> None:
    files = {"app.js": _SWITCHED.replace("KIND", kind).replace("STATE", state), "models.js": _MODELS}
    for check in (TRANSITION, REDIRECT):
        assert bool(found(tmp_path / check.partition("/")[0], files, check)) == (check in checks), check
