"""JavaScript shops without a framework's help: statements of their own, registers of failures, rows that were just made."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found
from tests.checks.test_stock import ruled

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
_MODEL = """\
const mongoose = require('mongoose');
module.exports = mongoose.model('NAME', new mongoose.Schema({ sessionId: String, status: String }));
"""


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
_PG = "const { Pool } = require('pg');\nconst db = new Pool();"
_POSTGREST = "const { createClient } = require('@supabase/supabase-js');\nconst db = createClient(process.env.URL, process.env.KEY);"
_DRIZZLE = """\
const { drizzle } = require('drizzle-orm/node-postgres');
const { eq } = require('drizzle-orm');
const { orders, lines, products } = require('./schema');
const db = drizzle(process.env.URL);"""
_SCHEMA = """\
const { pgTable, text, integer } = require('drizzle-orm/pg-core');
exports.orders = pgTable('orders', { id: text('id'), total: integer('total'), status: text('status') });
exports.lines = pgTable('order_lines', { id: text('id'), orderId: text('order_id'), price: integer('price') });
exports.products = pgTable('products', { id: text('id'), price: integer('price') });
"""
_PAY = {
    _PG: "await db.query(\"UPDATE orders SET status = 'paid' WHERE id = $1\", [ID]);",
    _POSTGREST: "await db.from('orders').update({ status: 'paid' }).eq('id', ID);",
    _DRIZZLE: "await db.update(orders).set({ status: 'paid' }).where(eq(orders.id, ID));",
}


@pytest.mark.parametrize(
    ("head", "makes", "given"),
    [
        (_PG, "const made = await db.query(\"INSERT INTO orders (status) VALUES ('open') RETURNING id\");", "made.rows[0].id"),
        (_PG, "const { rows } = await db.query(\"INSERT INTO orders (status) VALUES ('open') RETURNING id\");", "rows[0].id"),
        (_POSTGREST, "const { data: made } = await db.from('orders').insert({ status: 'open' }).select().single();", "made.id"),
        (_POSTGREST, "const { data } = await db.from('orders').insert({ status: 'open' }).select('id');", "data[0].id"),
        (_DRIZZLE, "const [made] = await db.insert(orders).values({ status: 'open' }).returning();", "made.id"),
    ],
)
def test_a_row_that_the_database_has_just_answered_with_is_new(tmp_path: Path, head: str, makes: str, given: str) -> None:
    def files(place: str) -> dict[str, str]:
        return {"server.js": _PLACES.replace("HEAD", head).replace("PLACE", place), "schema.js": _SCHEMA}

    assert found(tmp_path / "new", files(f"{makes}\n  {_PAY[head].replace('ID', given)}"), UNGUARDED) == []
    assert found(tmp_path / "any", files(_PAY[head].replace("ID", "req.params.id")), UNGUARDED)


_BEGUN = """\
const order = db.collection('orders').doc();
  await order.set({ status: 'pending' });
  await order.update({ status: 'paid' });"""
_BEGUN_AT_ONCE = """\
const order = db.collection('orders').doc();
  await db.runTransaction(async (tx) => {
    tx.set(order, { status: 'pending' });
    tx.update(order, { status: 'paid' });
  });"""
_NAMED = """\
const order = db.collection('orders').doc(req.params.id);
  await order.update({ status: 'paid' });"""


@pytest.mark.parametrize(("place", "wrong"), [(_BEGUN, False), (_BEGUN_AT_ONCE, False), (_NAMED, True)])
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
    needs = '{"dependencies": {"next": "15", "stripe": "17", "@prisma/client": "6"}}'
    files = {"app/api/hooks/stripe/route.ts": route, "package.json": needs}
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
    head = "const Product = require('./product');\nconst Order = require('./order');"
    place = f"""\
const qty = Number(req.body.qty);
  await Order.create({{ product: req.params.id, status: 'pending' }});
  await Product.findByIdAndUpdate(req.params.id, {{ $inc: {counted} }});"""
    files = {
        "server.js": _PLACES.replace("HEAD", head).replace("PLACE", place),
        "product.js": _MODEL.replace("NAME", "Product").replace("status: String", "stock: Number, reserved: Number, sold: Number"),
        "order.js": _MODEL.replace("NAME", "Order"),
    }
    assert any("counted down" in f.message for f in found(tmp_path, files, "inventory/oversell-race")) == wrong


_CHECKOUT = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_KEY);
HEAD
const app = express();
app.post('/hook', express.raw({ type: '*/*' }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.HOOK);
  if (event.type === 'checkout.session.completed') {
    PAY
  }
  res.json({ received: true });
});
app.use(express.json());
app.post('/checkout', async (req, res) => {
  const { orderId } = req.body;
  LOOK
  const named = { currency: 'eur', product_data: { name: 'Goods' } };
  const session = await stripe.checkout.sessions.create({
    mode: 'payment',
    line_items: rows.map((row) => ({ price_data: { ...named, unit_amount: row.price }, quantity: 1 })),
    metadata: { orderId },
    success_url: 'https://shop.example/ok',
  });
  res.json({ url: session.url });
});
app.listen(3000);
"""


@pytest.mark.parametrize(
    ("head", "look", "wrong"),
    [
        (_PG, "const { rows } = await db.query('SELECT price FROM order_lines WHERE order_id = $1', [orderId]);", False),
        (_PG, "const { rows } = await db.query('SELECT total AS price FROM orders WHERE id = $1', [orderId]);", False),
        (_PG, "const { rows } = await db.query('SELECT price FROM products WHERE id = ANY($1)', [req.body.ids]);", True),
        (_POSTGREST, "const { data: rows } = await db.from('order_lines').select('*').eq('order_id', orderId);", False),
        (_DRIZZLE, "const rows = await db.select().from(lines).where(eq(lines.orderId, orderId));", False),
        (_DRIZZLE, "const rows = await db.query.lines.findMany({ where: eq(lines.orderId, orderId) });", False),
        (_DRIZZLE, "const rows = await db.query.lines.findMany({ where: (line, { eq }) => eq(line.orderId, String(orderId)) });", False),
        (_DRIZZLE, "const rows = await db.select().from(products).where(eq(products.id, req.body.product));", True),
    ],
)
def test_the_sum_of_an_order_is_that_of_the_rows_found_by_its_id(tmp_path: Path, head: str, look: str, wrong: bool) -> None:
    pay = _PAY[head].replace("ID", "event.data.object.metadata.orderId")
    server = _CHECKOUT.replace("HEAD", head).replace("PAY", pay).replace("LOOK", look)
    files = {"server.js": server, "schema.js": _SCHEMA}
    assert bool(found(tmp_path, files, "payment/amount-not-reconciled")) == wrong


_SETS = """\
const { Pool } = require('pg');
const pool = new Pool();
async function change(id, fields) {
  BODY
}
module.exports = { change };
"""
_CHANGES = """\
const express = require('express');
const { change } = require('./store');
const app = express();
app.use(express.json());
app.post('/orders/:id/confirm', async (req, res) => {
  await change(req.params.id, { FIELD: 'paid' });
  res.json({ ok: true });
});
app.listen(3000);
"""


@pytest.mark.parametrize(
    "body",
    [
        """const sets = [], values = [];
  for (const [name, value] of Object.entries(fields)) {
    sets.push(`${name} = $${values.length + 1}`);
    values.push(value);
  }
  await pool.query(`UPDATE orders SET ${sets.join(', ')} WHERE id = $${values.length + 1}`, [...values, id]);""",
        """const list = Object.keys(fields).map((name, n) => `${name} = $${n + 2}`).join(', ');
  await pool.query('UPDATE orders SET ' + list + ' WHERE id = $1', [id, ...Object.values(fields)]);""",
        """const list = [];
  for (const name in fields) list.push(name + ' = ?');
  await pool.execute('UPDATE orders SET ' + list.join() + ' WHERE id = ?', [...Object.values(fields), id]);""",
        "await pool.query('UPDATE orders SET ? WHERE id = ?', [fields, id]);",
    ],
)
def test_a_list_of_columns_made_of_keys_says_what_is_set(tmp_path: Path, body: str) -> None:
    def files(field: str) -> dict[str, str]:
        return {"store.js": _SETS.replace("BODY", body), "server.js": _CHANGES.replace("FIELD", field)}

    assert [f.file for f in found(tmp_path / "state", files("status"), UNGUARDED)] == ["server.js"]
    assert found(tmp_path / "note", files("note"), UNGUARDED) == []


_GIVEN_BACK = """\
const express = require('express');
const crypto = require('crypto');
const Refund = require('./refund');
const app = express();
app.post('/hooks/paystack', express.raw({ type: '*/*' }), async (req, res) => {
  PROOF
  const event = JSON.parse(req.body);
  if (event.event === 'refund.processed') {
    await Refund.create({ order: event.data.transaction_reference, amount: event.data.amount, status: 'done' });
  }
  res.sendStatus(200);
});
app.listen(3000);
"""
_SIGNED = """\
const made = crypto.createHmac('sha512', process.env.PAYSTACK_SECRET_KEY).update(req.body).digest('hex');
  if (made !== req.headers['x-paystack-signature']) return res.sendStatus(401);"""


@pytest.mark.parametrize(("proof", "wrong"), [(_SIGNED, False), ("", True)])
def test_what_a_provider_says_went_back_is_limited_by_nothing_of_ours(tmp_path: Path, proof: str, wrong: bool) -> None:
    model = _MODEL.replace("NAME", "Refund").replace("sessionId: String", "order: String, amount: Number")
    files = {"server.js": _GIVEN_BACK.replace("PROOF", proof), "refund.js": model}
    assert bool(found(tmp_path, files, "order/refund-exceeds-capture")) == wrong


_LOSES = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const Order = require('./order');
const { log } = require('./log');
const app = express();
async function store(session) {
  const order = await Order.create({ sessionId: session.id, status: 'paid' });
  return order;
}
app.post('/hook', express.raw({ type: '*/*' }), async (req, res, next) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.HOOK);
  if (event.type === 'checkout.session.completed') {
    WORK
  }
  res.json({ received: true });
});
app.listen(3000);
"""


@pytest.mark.parametrize(
    ("work", "wrong"),
    [
        ("await store(event.data.object).catch((e) => log.error(e));", True),
        ("await store(event.data.object).catch(console.error);", True),
        ("store(event.data.object).then((order) => log.info(order)).catch((e) => { console.log('lost', e); });", True),
        ("store(event.data.object);", True),
        ("await store(event.data.object);", False),
        ("return store(event.data.object).then(() => res.sendStatus(200)).catch(next);", False),
        ("await store(event.data.object).catch((e) => { log.error(e); throw e; });", False),
        ("const order = await store(event.data.object).catch(() => null);\n    if (!order) return res.sendStatus(500);", False),
    ],
)
def test_a_promise_whose_failure_is_only_logged_is_lost(tmp_path: Path, work: str, wrong: bool) -> None:
    files = {
        "server.js": _LOSES.replace("WORK", work),
        "order.js": _MODEL.replace("NAME", "Order"),
        "log.js": "exports.log = require('pino')();\n",
    }
    assert bool(found(tmp_path, files, "resilience/swallowed-failure")) == wrong


_ASKS = """\
const axios = require('axios');
const express = require('express');
const app = express();
app.post('/pay', async (req, res) => {
  try {
    const headers = { 'x-client-secret': process.env.CASHFREE_SECRET };
    const answer = await axios.post('https://api.cashfree.com/pg/orders', { order_amount: 5 }, { headers, timeout: 5000 });
    res.json(answer.data);
  } catch (err) {
    console.error('failed', SHOWN);
    res.status(502).end();
  }
});
app.listen(3000);
"""


@pytest.mark.parametrize(
    ("shown", "wrong"),
    [
        ("err", True),
        ("err.message || err", False),
        ("err?.message ?? err", False),
        ("err.response?.data || err.message || err", False),
        ("err instanceof Error ? err.message : err", False),
        ("err.code || err", True),
    ],
)
def test_an_exception_is_not_shown_where_its_message_is(tmp_path: Path, shown: str, wrong: bool) -> None:
    assert bool(found(tmp_path, {"server.js": _ASKS.replace("SHOWN", shown)}, "boundary/secret-logged")) == wrong


_BY_SCRIPT = "function pay(order) {\n  PaystackPop.setup({ key: KEY, email: order.email, currency: 'NGN', amount: SUM }).openIframe();\n}\n"
_BY_WINDOW = _BY_SCRIPT.replace("PaystackPop", "window.PaystackPop")
_BY_PACKAGE = """\
import PaystackPop from '@paystack/inline-js';
export const pay = (order) => new PaystackPop().newTransaction({ key: KEY, email: order.email, currency: 'NGN', amount: SUM });
"""
_BY_HOOK = """\
import { usePaystackPayment } from 'react-paystack';
export function Pay({ order }) {
  const config = { publicKey: KEY, email: order.email, currency: 'NGN', amount: SUM };
  const begin = usePaystackPayment(config);
  return <button onClick={() => begin({})}>Pay</button>;
}
"""


@pytest.mark.parametrize(("name", "code"), [("a.js", _BY_SCRIPT), ("a.js", _BY_WINDOW), ("a.js", _BY_PACKAGE), ("a.jsx", _BY_HOOK)])
@pytest.mark.parametrize(
    ("sum_", "ruling"),
    [
        ("order.grand_total * 100", "broken"),
        ("Number(document.getElementById('amount').value) * 100", "broken"),
        ("Math.round(order.grand_total * 100)", "held"),
        ("order.total_kobo", "held"),
    ],
)
def test_the_unit_in_which_a_page_itself_begins_a_payment(tmp_path: Path, name: str, code: str, sum_: str, ruling: str) -> None:
    files = {"package.json": '{"dependencies": {"@paystack/inline-js": "^2", "react-paystack": "^6"}}', name: code.replace("SUM", sum_)}
    assert [told for told, _, _ in ruled(tmp_path, "payment/amount-unit", files)] == [ruling]
