"""JavaScript shops that bring what a framework gives others: their own statements, registers of failures and calls of their own functions."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

UNGUARDED = "order/unguarded-transition"
WEAK = "payment/webhook-weak-verification"

_HOOK = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_SECRET_KEY);
const Order = require('./models/order');
const { keepFailure } = require('./lib/failures');
const app = express();
app.post('/hooks/stripe', express.raw({ type: '*/*' }), async (req, res) => {
  try {
    const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.HOOK_SECRET);
    if (event.type === 'checkout.session.completed') {
      await Order.updateOne({ sessionId: event.data.object.id }, { status: 'paid' });
    }
    return res.sendStatus(200);
  } catch (err) {
    await keepFailure(req.body, err);
    return res.status(500).send('error');
  }
});
app.listen(3000);
"""
_MODEL = "const mongoose = require('mongoose');\nmodule.exports = mongoose.model('NAME', new mongoose.Schema({ sessionId: String, status: String }));\n"


@pytest.mark.parametrize(
    ("kept", "wrong"),
    [
        ("await Failure.create({ body: body.toString(), why: err.message });", False),
        ("const sent = JSON.parse(body);\n  await Order.create({ sessionId: sent.data.object.id, status: 'paid' });", True),
    ],
)
def test_a_register_of_failures_serves_nobody_by_a_forged_message(tmp_path: Path, kept: str, wrong: bool) -> None:
    files = {
        "server.js": _HOOK,
        "lib/failures.js": "const Failure = require('../models/failure');\nconst Order = require('../models/order');\n"
        f"exports.keepFailure = async (body, err) => {{\n  {kept}\n}};\n",
        "models/order.js": _MODEL.replace("NAME", "Order"),
        "models/failure.js": _MODEL.replace("NAME", "HookFailure"),
    }
    assert bool(found(tmp_path, files, WEAK)) == wrong


_PLACES = """\
const express = require('express');
HEAD
const app = express();
app.post('/orders/:id', async (req, res) => {
  PLACE
  res.json({ ok: true });
});
app.listen(3000);
"""
_ROWS = [
    ("const { Pool } = require('pg');\nconst db = new Pool();", "await db.query(\"UPDATE orders SET status = 'paid' WHERE id = $1\", [ID]);", [
        ("const made = await db.query(\"INSERT INTO orders (status) VALUES ('pending') RETURNING id\");", "made.rows[0].id"),
        ("const { rows } = await db.query(\"INSERT INTO orders (status) VALUES ('pending') RETURNING id\");", "rows[0].id"),
    ]),
    ("const { createClient } = require('@supabase/supabase-js');\nconst db = createClient(process.env.URL, process.env.KEY);",
     "await db.from('orders').update({ status: 'paid' }).eq('id', ID);", [
         ("const { data: made } = await db.from('orders').insert({ status: 'pending' }).select().single();", "made.id"),
         ("const { data } = await db.from('orders').insert({ status: 'pending' }).select('id');", "data[0].id"),
     ]),
    ("const { drizzle } = require('drizzle-orm/node-postgres');\nconst { eq } = require('drizzle-orm');\nconst { orders } = require('./schema');\n"
     "const db = drizzle(process.env.URL);", "await db.update(orders).set({ status: 'paid' }).where(eq(orders.id, ID));", [
         ("const [made] = await db.insert(orders).values({ status: 'pending' }).returning();", "made.id"),
     ]),
]  # fmt: skip
_SCHEMA = "const { pgTable, text } = require('drizzle-orm/pg-core');\nexports.orders = pgTable('orders', { id: text('id'), status: text('status') });\n"


@pytest.mark.parametrize(("head", "pay", "makes", "given"), [(h, p, m, g) for h, p, made in _ROWS for m, g in made])
def test_a_row_that_the_database_has_just_answered_with_is_new(tmp_path: Path, head: str, pay: str, makes: str, given: str) -> None:
    def files(place: str) -> dict[str, str]:
        return {"server.js": _PLACES.replace("HEAD", head).replace("PLACE", place), "schema.js": _SCHEMA}

    new = pay.replace("ID", given)
    assert found(tmp_path / "new", files(f"{makes}\n  {new}"), UNGUARDED) == []
    assert found(tmp_path / "any", files(pay.replace("ID", "req.params.id")), UNGUARDED)


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        ("const order = db.collection('orders').doc();\n  await order.set({ status: 'pending' });\n  await order.update({ status: 'paid' });", False),
        ("const order = db.collection('orders').doc();\n  await db.runTransaction(async (tx) => {\n    tx.set(order, { status: 'pending' });\n"
         "    tx.update(order, { status: 'paid' });\n  });", False),
        ("const order = db.collection('orders').doc(req.params.id);\n  await order.update({ status: 'paid' });", True),
    ],
)  # fmt: skip
def test_a_document_that_the_store_numbers_is_new(tmp_path: Path, place: str, wrong: bool) -> None:
    head = "const { getFirestore } = require('firebase-admin/firestore');\nconst db = getFirestore();"
    files = {"server.js": _PLACES.replace("HEAD", head).replace("PLACE", place)}
    assert bool(found(tmp_path, files, UNGUARDED)) == wrong


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        ("NextResponse.error()", False),
        ("Response.error()", False),
        ("NextResponse.json({ error: 'later' }, { status: 503 })", False),
        ("NextResponse.json({ error: 'later' })", True),
    ],
)
def test_a_response_of_no_status_is_no_success(tmp_path: Path, answer: str, wrong: bool) -> None:
    route = f"""\
import {{ NextResponse }} from 'next/server';
import Stripe from 'stripe';
import {{ prisma }} from '@/lib/prisma';

export const POST = async (request: Request) => {{
  try {{
    const stripe = new Stripe(process.env.STRIPE_KEY!);
    const event = stripe.webhooks.constructEvent(await request.text(), request.headers.get('stripe-signature')!, process.env.HOOK!);
    if (event.type === 'checkout.session.completed') {{
      await prisma.order.update({{ where: {{ sessionId: event.data.object.id }}, data: {{ status: 'paid' }} }});
    }}
    return NextResponse.json({{ received: true }});
  }} catch {{
    return {answer};
  }}
}};
"""
    files = {"app/api/hooks/stripe/route.ts": route, "package.json": '{"dependencies": {"next": "15", "stripe": "17", "@prisma/client": "6"}}'}
    assert bool(found(tmp_path, files, "resilience/swallowed-failure")) == wrong


@pytest.mark.parametrize(
    ("counted", "wrong"),
    [
        ("{ stock: 1, reserved: -1 }", False),
        ("{ stock: qty, sold: -qty }", False),
        ("{ sold: qty, stock: -qty }", True),
        ("{ stock: qty * -1 }", True),
    ],
)
def test_each_figure_of_an_increment_has_its_own_sign(tmp_path: Path, counted: str, wrong: bool) -> None:
    files = {
        "server.js": _PLACES.replace("HEAD", "const Product = require('./product');\nconst Order = require('./order');").replace(
            "PLACE",
            "const qty = Number(req.body.qty);\n  await Order.create({ product: req.params.id, status: 'pending' });\n"
            f"  await Product.findByIdAndUpdate(req.params.id, {{ $inc: {counted} }});",
        ),
        "product.js": _MODEL.replace("NAME", "Product").replace("status: String", "stock: Number, reserved: Number, sold: Number"),
        "order.js": _MODEL.replace("NAME", "Order"),
    }
    assert any("counted down" in f.message for f in found(tmp_path, files, "inventory/oversell-race")) == wrong
