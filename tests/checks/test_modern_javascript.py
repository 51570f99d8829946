"""Shops as they are written today: Drizzle and Prisma, server actions, functions of a platform, GraphQL."""

from pathlib import Path

from tests.checks.test_stock import ruled

_RACE = "inventory/oversell-race"
_ATOMIC = "inventory/non-atomic-write"
_SCHEMA = """\
import { integer, pgTable, text } from 'drizzle-orm/pg-core';

export const plants = pgTable('plants', { id: text('id').primaryKey(), inventory: integer('inventory').notNull() });
export const orders = pgTable('orders', { id: text('id').primaryKey(), plantId: text('plant_id') });
"""
_PRISMA = """\
model Variation {
  id       String @id
  price    Int
  quantity Int
}

model Order {
  id String @id
}
"""


def test_a_column_of_numbers_keeps_stock_whatever_its_name_alone_may_mean(tmp_path: Path) -> None:
    code = """\
import { eq } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { orders, plants } from './schema';

const db = drizzle(process.env.DATABASE_URL);

export async function place(items) {
  await db.insert(orders).values({ id: crypto.randomUUID() });
  for (const item of items) {
    const plant = await db.query.plants.findFirst({ where: eq(plants.id, item.id) });
    if (plant.inventory < item.quantity) throw new Error('sold out');
    await db.update(plants).set({ inventory: plant.inventory - item.quantity }).where(eq(plants.id, item.id));
  }
}
"""
    files = {"package.json": '{"dependencies": {"drizzle-orm": "0.30"}}', "src/schema.ts": _SCHEMA, "src/orders.ts": code}
    assert ruled(tmp_path, _ATOMIC, files) == [("broken", "src/orders.ts", 12)]
    assert ruled(tmp_path, _RACE, files) == [("broken", "src/orders.ts", 12)]


def test_prisma_refuses_an_update_that_finds_no_row_and_keeps_silent_of_many(tmp_path: Path) -> None:
    code = """\
import { prisma } from './db';

export async function placeOrder(order) {
  await prisma.$transaction(async (tx) => {
    for (const item of order.items) {
      await tx.variation.update({
        where: { id: item.variationId, quantity: { gte: item.quantity } },
        data: { quantity: { decrement: item.quantity } },
      });
    }
  });
}
"""
    db = "import { PrismaClient } from '@prisma/client';\nexport const prisma = new PrismaClient();\n"
    files = {"prisma/schema.prisma": _PRISMA, "src/db.ts": db, "src/orders.ts": code}
    assert [r for r, _, _ in ruled(tmp_path / "one", _RACE, files)] == ["held"]
    files["src/orders.ts"] = code.replace(".update(", ".updateMany(")
    assert [r for r, _, _ in ruled(tmp_path / "many", _RACE, files)] == ["broken"]


def test_a_server_action_may_be_called_by_anyone_whatever_our_own_page_hands_over(tmp_path: Path) -> None:
    action = """\
'use server';
import Stripe from 'stripe';
import { total } from './total';

const stripe = new Stripe(process.env.STRIPE_KEY);

export async function startPayment(input: { items: { price: string; quantity: number }[] }) {
  return stripe.paymentIntents.create({ amount: total(input.items), currency: 'eur' });
}
"""
    total = """\
export function total(items) {
  const sum = items.reduce((all, item) => all + Number(item.price) * item.quantity, 0);
  return Math.round(sum * 100);
}
"""
    page = """\
import { prisma } from '../db';
import { startPayment } from '../payment';

export default async function Checkout({ params }) {
  const items = await prisma.cartItem.findMany({ where: { cartId: params.id } });
  const payment = await startPayment({ items });
  return <Form secret={payment.client_secret} />;
}
"""
    files = {
        "next.config.js": "",
        "src/payment.ts": action,
        "src/total.ts": total,
        "src/app/page.tsx": page,
        "src/db.ts": "import { PrismaClient } from '@prisma/client';\nexport const prisma = new PrismaClient();\n",
    }
    assert ("broken", "src/payment.ts", 8) in ruled(tmp_path / "open", "payment/client-amount", files)
    files["src/payment.ts"] = action.replace("'use server';\n", "")
    assert [r for r, _, _ in ruled(tmp_path / "ours", "payment/client-amount", files)] == ["held"]


def test_what_a_form_was_checked_to_hold_is_still_what_was_sent(tmp_path: Path) -> None:
    code = """\
'use server';
import { z } from 'zod';
import { prisma } from './db';

const Change = z.object({ status: z.string() });

export async function moveOrder(id: string, form: FormData) {
  const checked = Change.safeParse({ status: form.get('status') });
  if (!checked.success) return { error: 'no' };
  await prisma.order.update({ where: { id }, data: { status: checked.data.status } });
}
"""
    files = {
        "next.config.js": "",
        "prisma/schema.prisma": "model Order {\n  id     String @id\n  status String\n  total  Int\n}\n",
        "src/db.ts": "import { PrismaClient } from '@prisma/client';\nexport const prisma = new PrismaClient();\n",
        "src/orders.ts": code,
    }
    assert ruled(tmp_path, "order/unguarded-transition", files) == [("broken", "src/orders.ts", 10)]


def test_what_a_callback_appends_to_a_list_is_in_the_list(tmp_path: Path) -> None:
    code = """\
import express from 'express';
import Stripe from 'stripe';

const app = express();
const stripe = new Stripe(process.env.STRIPE_KEY);

app.post('/checkout', express.json(), async (req, res) => {
  const lines = [];
  req.body.items.forEach((item) => {
    lines.push({ quantity: 1, price_data: { currency: 'eur', product_data: { name: item.name }, unit_amount: item.price } });
  });
  const session = await stripe.checkout.sessions.create({ line_items: lines, mode: 'payment', success_url: '/ok' });
  res.json({ url: session.url });
});
"""
    assert ruled(tmp_path, "payment/missing-currency", {"server.js": code}) == [("held", "server.js", 12)]
    assert ("broken", "server.js", 12) in ruled(tmp_path, "payment/client-amount", {"server.js": code})


def test_an_order_that_is_paid_because_the_browser_says_so_is_not_paid(tmp_path: Path) -> None:
    code = """\
'use server';
import Stripe from 'stripe';
import { prisma } from './db';

const stripe = new Stripe(process.env.STRIPE_KEY);

export async function finish(orderId: string, intent: { id: string; status: string }) {
  await prisma.order.update({
    where: { id: orderId },
    data: { paymentStatus: intent.status === 'succeeded' ? 'Paid' : 'Failed' },
  });
}

export async function start(amount) {
  return stripe.paymentIntents.create({ amount: 1000, currency: 'eur' });
}
"""
    files = {
        "next.config.js": "",
        "prisma/schema.prisma": "model Order {\n  id            String @id\n  paymentStatus String\n  total         Int\n}\n",
        "src/db.ts": "import { PrismaClient } from '@prisma/client';\nexport const prisma = new PrismaClient();\n",
        "src/orders.ts": code,
    }
    assert ruled(tmp_path / "said", "payment/fulfil-on-redirect", files) == [("broken", "src/orders.ts", 8)]
    asked = "  const own = await stripe.paymentIntents.retrieve(intent.id);\n  await prisma.order.update({"
    files["src/orders.ts"] = code.replace("  await prisma.order.update({", asked).replace("intent.status", "own.status")
    assert "broken" not in {r for r, _, _ in ruled(tmp_path / "asked", "payment/fulfil-on-redirect", files)}


_HOOK = """\
import Stripe from 'stripe';
import { addLine, addOrder } from './orders';
import { mail } from './mail';

const stripe = new Stripe(process.env.STRIPE_KEY);

export async function POST(request) {
  const event = stripe.webhooks.constructEvent(await request.text(), request.headers.get('stripe-signature'), process.env.HOOK);
  if (event.type === 'checkout.session.completed') {
    await addOrder(event.data.object);
    await addLine(event.data.object);
  }
  return new Response('ok');
}
"""
_ORDERS = """\
import { drizzle } from 'drizzle-orm/node-postgres';
import { lines, orders } from './schema';

const db = drizzle(process.env.DATABASE_URL);

export const addOrder = async (session) => {
  await db.insert(orders).values({ stripeSessionId: session.id, total: session.amount_total });
};

export const addLine = async (session) => {
  await db.insert(lines).values({ id: crypto.randomUUID(), orderId: session.id });
};
"""
_TABLES = """\
import { integer, pgTable, text } from 'drizzle-orm/pg-core';

export const orders = pgTable('orders', { stripeSessionId: text('stripe_session_id').primaryKey(), total: integer('total') });
export const lines = pgTable('order_lines', { id: text('id').primaryKey(), orderId: text('order_id') });
"""


def test_a_row_that_the_database_takes_once_keeps_all_behind_it_from_happening_twice(tmp_path: Path) -> None:
    check = "idempotency/handler-not-idempotent"
    files = {"src/app/api/hook/route.ts": _HOOK.replace("./", "../../../"), "src/orders.ts": _ORDERS, "src/schema.ts": _TABLES}
    assert "broken" not in {r for r, _, _ in ruled(tmp_path / "once", check, files)}
    files["src/schema.ts"] = _TABLES.replace("text('stripe_session_id').primaryKey()", "text('stripe_session_id')")
    assert {line for r, _, line in ruled(tmp_path / "again", check, files) if r == "broken"} == {7, 11}


_APPROVAL = """\
import { prisma } from './db';

async function lock(orderId) {
  try {
    await prisma.paymentLock.create({ data: { orderId } });
    return true;
  } catch (error) {
    return false;
  }
}

export async function approve(event) {
  const orderId = event.data.object.metadata.orderId;
  if (!(await lock(orderId))) return;
  const order = await prisma.order.findUnique({ where: { id: orderId } });
  if (order.status === 'paid') return;
  await prisma.product.update({ where: { id: order.productId }, data: { stock: { decrement: 1 } } });
  await prisma.order.update({ where: { id: orderId }, data: { status: 'paid' } });
  await prisma.paymentLock.delete({ where: { orderId } });
}
"""
_LOCKS = """\
model PaymentLock {
  id      String @id @default(uuid())
  orderId String @unique
}

model Order {
  id        String @id
  productId String
  status    String
}

model Product {
  id    String @id
  stock Int
}
"""


def test_a_row_of_locks_is_a_lock_where_the_database_takes_no_second_one(tmp_path: Path) -> None:
    hook = _HOOK.replace("import { addLine, addOrder } from './orders';", "import { approve } from '../../../orders';")
    hook = hook.replace("await addOrder(event.data.object);", "await approve(event);")
    hook = hook.replace("    await addLine(event.data.object);\n", "")
    files = {
        "prisma/schema.prisma": _LOCKS,
        "src/db.ts": "import { PrismaClient } from '@prisma/client';\nexport const prisma = new PrismaClient();\n",
        "src/orders.ts": _APPROVAL,
        "src/app/api/hook/route.ts": hook,
        "next.config.js": "",
    }
    assert "broken" not in {r for r, _, _ in ruled(tmp_path / "kept", "idempotency/dedup-race", files)}
    files["prisma/schema.prisma"] = _LOCKS.replace(" @unique", "")
    assert "broken" in {r for r, _, _ in ruled(tmp_path / "free", "idempotency/dedup-race", files)}


def test_functions_that_nobody_waits_for_fail_unheard(tmp_path: Path) -> None:
    hook = _HOOK.replace("import { addLine, addOrder } from './orders';", "import { take } from '../../../orders';")
    hook = hook.replace("await addOrder(event.data.object);", "await take(event.data.object.lines);")
    hook = hook.replace("    await addLine(event.data.object);\n", "")
    code = """\
import { prisma } from './db';

export async function take(lines) {
  lines.forEach(async (line) => {
    await prisma.product.update({ where: { id: line.id }, data: { stock: { decrement: line.quantity } } });
  });
}
"""
    files = {
        "next.config.js": "",
        "prisma/schema.prisma": _LOCKS,
        "src/db.ts": "import { PrismaClient } from '@prisma/client';\nexport const prisma = new PrismaClient();\n",
        "src/orders.ts": code,
        "src/app/api/hook/route.ts": hook,
    }
    check = "resilience/swallowed-failure"
    assert ruled(tmp_path / "dropped", check, files) == [("broken", "src/orders.ts", 4)]
    files["src/orders.ts"] = code.replace("lines.forEach(", "await Promise.all(lines.map(").replace("  });\n", "  }));\n")
    assert {r for r, _, _ in ruled(tmp_path / "awaited", check, files)} == {"held"}


def test_stock_that_is_worked_out_anew_is_taken_again_by_a_second_delivery(tmp_path: Path) -> None:
    hook = _HOOK.replace("import { addLine, addOrder } from './orders';", "import { take } from '../../../orders';")
    hook = hook.replace("await addOrder(event.data.object);", "await take(event.data.object.metadata.productId);")
    hook = hook.replace("    await addLine(event.data.object);\n", "")
    code = """\
import { prisma } from './db';

export async function take(id) {
  const product = await prisma.product.findUnique({ where: { id } });
  await prisma.product.update({ where: { id }, data: { stock: product.stock - 1 < 0 ? 0 : product.stock - 1 } });
}
"""
    files = {
        "next.config.js": "",
        "prisma/schema.prisma": _LOCKS,
        "src/db.ts": "import { PrismaClient } from '@prisma/client';\nexport const prisma = new PrismaClient();\n",
        "src/orders.ts": code,
        "src/app/api/hook/route.ts": hook,
    }
    assert ruled(tmp_path, "idempotency/handler-not-idempotent", files) == [("broken", "src/orders.ts", 5)]


def test_one_argument_of_several_is_no_whole_message(tmp_path: Path) -> None:
    code = """\
'use server';
import Stripe from 'stripe';
import { prisma } from './db';

const stripe = new Stripe(process.env.STRIPE_KEY);

export async function pay(orderId: string, reference: string, note) {
  await stripe.paymentIntents.capture(reference);
  await prisma.payment.create({ data: { orderId, reference } });
}

export async function log(orderId: string, message) {
  await stripe.paymentIntents.capture(orderId);
  await prisma.payment.create({ data: { orderId, payload: message } });
}
"""
    files = {
        "next.config.js": "",
        "prisma/schema.prisma": "model Payment {\n  id        String @id\n  orderId   String\n  reference String\n  payload   Json\n}\n",
        "src/db.ts": "import { PrismaClient } from '@prisma/client';\nexport const prisma = new PrismaClient();\n",
        "src/payments.ts": code,
    }
    assert [line for r, _, line in ruled(tmp_path, "pci/card-data-stored", files) if r == "broken"] == [14]


def test_a_sum_times_a_scale_that_is_kept_elsewhere_may_be_minor_units(tmp_path: Path) -> None:
    code = """\
import Stripe from 'stripe';
import { prisma } from './db';
import { multiple } from 'till-settings';

const stripe = new Stripe(process.env.STRIPE_KEY);

export async function charge(id) {
  const order = await prisma.order.findUnique({ where: { id } });
  const total = Number(order.total.toFixed(2));
  return stripe.paymentIntents.create({ amount: total * multiple, currency: 'jpy' });
}
"""
    files = {
        "prisma/schema.prisma": "model Order {\n  id    String @id\n  total Float\n}\n",
        "src/db.ts": "import { PrismaClient } from '@prisma/client';\nexport const prisma = new PrismaClient();\n",
        "src/pay.ts": code,
    }
    assert "broken" not in {r for r, _, _ in ruled(tmp_path / "scaled", "payment/amount-unit", files)}
    files["src/pay.ts"] = code.replace("total * multiple", "total").replace("'jpy'", "'eur'")
    assert "broken" in {r for r, _, _ in ruled(tmp_path / "plain", "payment/amount-unit", files)}


def test_documents_are_orders_by_their_path_and_a_kept_answer_names_their_payment(tmp_path: Path) -> None:
    code = """\
import { onCall } from 'firebase-functions/v2/https';
import * as admin from 'firebase-admin';
import Stripe from 'stripe';

const db = admin.firestore();
const stripe = new Stripe(process.env.STRIPE_KEY);

export const confirm = onCall(async (request) => {
  const { shop, id } = request.data;
  const orderRef = db.doc(`shops/${shop}/orders/${id}`);
  await db.runTransaction(async (transaction) => {
    const kept = (await transaction.get(db.doc(`shops/${shop}/orders/${id}/system/stripe`))).data();
    const found = await transaction.get(orderRef);
    const order = found.data();
    order.id = found.id;
    if (order.status !== 'open') throw new Error('too late');
    const intent = await stripe.paymentIntents.retrieve(kept.paymentIntent.id);
    if (intent.status !== 'succeeded') throw new Error('not paid');
    transaction.update(orderRef, { status: 'paid' });
  });
});

export const start = onCall(async (request) => {
  return stripe.paymentIntents.create({ amount: 1000, currency: 'eur' });
});
"""
    files = {"functions/index.ts": code}
    assert {r for r, _, _ in ruled(tmp_path / "kept", "payment/amount-not-reconciled", files)} == {"held"}
    assert {r for r, _, _ in ruled(tmp_path / "guarded", "order/unguarded-transition", files)} == {"held"}
    files["functions/index.ts"] = code.replace("retrieve(kept.paymentIntent.id)", "retrieve(request.data.intent)")
    assert "broken" in {r for r, _, _ in ruled(tmp_path / "sent", "payment/amount-not-reconciled", files)}
    files["functions/index.ts"] = code.replace("    if (order.status !== 'open') throw new Error('too late');\n", "")
    assert "broken" in {r for r, _, _ in ruled(tmp_path / "unguarded", "order/unguarded-transition", files)}


def test_each_side_of_a_branch_may_have_its_own_refusal(tmp_path: Path) -> None:
    code = """\
import express from 'express';
import { prisma } from './db';

const app = express();

app.post('/orders/:id/cancel', async (req, res) => {
  const order = await prisma.order.findUnique({ where: { id: req.params.id } });
  if (req.user.isAdmin) {
    if (order.status === 'shipped') throw new Error('too late');
  } else {
    if (order.status !== 'open') throw new Error('too late');
  }
  await prisma.order.update({ where: { id: order.id }, data: { status: 'cancelled' } });
  res.end();
});
"""
    files = {
        "prisma/schema.prisma": "model Order {\n  id     String @id\n  status String\n}\n",
        "src/db.ts": "import { PrismaClient } from '@prisma/client';\nexport const prisma = new PrismaClient();\n",
        "src/orders.ts": code,
    }
    shown = [r for r, _, _ in ruled(tmp_path / "both", "order/unguarded-transition", files)]
    assert shown == ["held"]
    files["src/orders.ts"] = code.replace("    if (order.status !== 'open') throw new Error('too late');\n", "    console.log(order.id);\n")
    assert [r for r, _, _ in ruled(tmp_path / "one", "order/unguarded-transition", files)] == ["broken"]


def test_the_total_of_an_order_is_known_where_the_table_is_an_object(tmp_path: Path) -> None:
    code = """\
import { drizzle } from 'drizzle-orm/node-postgres';
import { coupons, orders } from '../../../db/schema';

const db = drizzle(process.env.DATABASE_URL);

export async function POST(request: Request) {
  const { userId, total, amount, code } = await request.json();
  if (amount <= 0) return Response.json({ error: 'no amount' }, { status: 400 });
  TABLE
  return Response.json({ ok: true });
}
"""
    schema = _SCHEMA + "export const coupons = pgTable('coupons', { code: text('code'), amount: integer('amount') });\n"
    files = {"next.config.mjs": "export default {};\n", "db/schema.ts": schema}
    order = {"app/api/orders/route.ts": code.replace("TABLE", "await db.insert(orders).values({ userId, total });")}
    coupon = {"app/api/coupons/route.ts": code.replace("TABLE", "await db.insert(coupons).values({ code, amount });")}
    assert ruled(tmp_path / "order", "payment/client-amount", files | order) == [("broken", "app/api/orders/route.ts", 9)]
    assert ruled(tmp_path / "coupon", "payment/client-amount", files | coupon) == []


def test_the_order_that_was_stored_with_a_payment_is_found_by_the_id_that_is_captured(tmp_path: Path) -> None:
    begin = """\
import { ordersController } from '../../lib/paypal';
import { prisma } from '../../lib/db';

export default async function handler(req, res) {
  const cart = await prisma.cart.findUnique({ where: { id: req.body.cartId } });
  const amount = { currencyCode: 'EUR', value: (cart.total / 100).toFixed(2) };
  const { result } = await ordersController.createOrder({ body: { intent: 'CAPTURE', purchaseUnits: [{ amount }] } });
  await prisma.order.create({ data: { cartId: cart.id, total: cart.total, status: 'open', paypalOrderId: PAYPAL } });
  res.json({ id: result.id });
}
"""
    capture = """\
import { ordersController } from '../../lib/paypal';
import { prisma } from '../../lib/db';

export default async function handler(req, res) {
  const { paypalOrderId } = req.body;
  const { result } = await ordersController.captureOrder({ id: paypalOrderId });
  if (result.status !== 'COMPLETED') return res.status(402).end();
  await prisma.order.update({ where: { paypalOrderId, status: 'open' }, data: { status: 'paid' } });
  res.json({ ok: true });
}
"""
    client = """\
import { Client, OrdersController } from '@paypal/paypal-server-sdk';
const client = new Client({ clientCredentialsAuthCredentials: { oAuthClientId: process.env.ID, oAuthClientSecret: process.env.SECRET } });
export const ordersController = new OrdersController(client);
"""
    model = "model Order {\n  id            String @id\n  status        String\n  total         Int\n  paypalOrderId String @unique\n}\n"
    files = {
        "next.config.js": "module.exports = {};\n",
        "prisma/schema.prisma": model,
        "lib/db.js": "import { PrismaClient } from '@prisma/client';\nexport const prisma = new PrismaClient();\n",
        "lib/paypal.js": client,
        "pages/api/begin.js": begin.replace("PAYPAL", "result.id"),
        "pages/api/capture.js": capture,
    }
    assert ruled(tmp_path / "ours", "payment/amount-not-reconciled", files) == [("held", "pages/api/capture.js", 4)]
    files["pages/api/begin.js"] = begin.replace("PAYPAL", "req.body.paypalOrderId")
    assert [r for r, _, _ in ruled(tmp_path / "theirs", "payment/amount-not-reconciled", files)] == ["broken"]


def test_who_may_name_the_state_of_a_payment_says_that_he_has_paid(tmp_path: Path) -> None:
    code = """\
import { eq } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { orders } from '../../../db/schema';

const db = drizzle(process.env.DATABASE_URL);

export async function POST(request: Request) {
  const { id, paymentStatus } = await request.json();
  CHECKED
  await db.update(orders).set({ paymentStatus }).where(eq(orders.id, id));
  return Response.json({ ok: true });
}
"""
    schema = _SCHEMA.replace("plantId: text('plant_id')", "paymentStatus: text('payment_status').default('pending')")
    files = {"next.config.mjs": "export default {};\n", "db/schema.ts": schema, "app/api/state/route.ts": code.replace("CHECKED", "")}
    redirect = "payment/fulfil-on-redirect"
    assert ruled(tmp_path / "any", redirect, files) == [("broken", "app/api/state/route.ts", 10)]
    only = "if (!['failed', 'cancelled'].includes(paymentStatus)) return Response.json({ ok: false }, { status: 400 });"
    files["app/api/state/route.ts"] = code.replace("CHECKED", only)
    assert ruled(tmp_path / "some", redirect, files) == []


def test_a_page_that_writes_to_the_database_itself_marks_nothing_as_paid(tmp_path: Path) -> None:
    page = """\
'use client';
import { useStripe } from '@stripe/react-stripe-js';
import { addDoc, collection } from 'firebase/firestore';
import { db } from '@/lib/firebase';

export default function Checkout({ secret, cart }) {
  const stripe = useStripe();
  const pay = async () => {
    const order = await addDoc(collection(db, 'orders'), { cart, status: 'pending' });
    const { paymentIntent } = await stripe.confirmCardPayment(secret);
    const { doc, updateDoc } = await import('firebase/firestore');
    await updateDoc(doc(db, 'TABLE', order.id), { status: paymentIntent.status === 'succeeded' ? 'STATE' : 'failed' });
  };
  return <button onClick={pay}>Pay</button>;
}
"""
    for table, state, found in (("orders", "paid", ["broken"]), ("orders", "awaiting", []), ("surveys", "paid", [])):
        name = "src/app/checkout/page.tsx"
        files = {"next.config.mjs": "export default {};\n", name: page.replace("TABLE", table).replace("STATE", state)}
        shown = ruled(tmp_path / f"{table}-{state}", "payment/fulfil-on-redirect", files)
        assert [r for r, _, line in shown if line == 12] == found


def test_a_hundredth_by_which_a_price_is_multiplied_is_a_share_of_it(tmp_path: Path) -> None:
    code = """\
import Stripe from 'stripe';
import { prisma } from '../../lib/db';

const stripe = new Stripe(process.env.STRIPE_KEY);

export default async function handler(req, res) {
  const plan = await prisma.plan.findUnique({ where: { id: req.body.plan } });
  const code = await prisma.code.findUnique({ where: { word: req.body.code } });
  const discount = Math.round(plan.price * (code.value / 100));
  const intent = await stripe.paymentIntents.create({ amount: AMOUNT, currency: 'eur' });
  res.json({ secret: intent.client_secret });
}
"""
    model = "model Plan {\n  id    String @id\n  price Int\n}\n\nmodel Code {\n  word  String @id\n  value Int\n}\n"
    files = {
        "next.config.js": "module.exports = {};\n",
        "prisma/schema.prisma": model,
        "lib/db.js": "import { PrismaClient } from '@prisma/client';\nexport const prisma = new PrismaClient();\n",
    }
    for amount, found in (("plan.price - discount", "held"), ("(plan.price - discount) / 100", "broken")):
        files["pages/api/pay.js"] = code.replace("AMOUNT", amount)
        shown = {r for r, _, _ in ruled(tmp_path / found, "payment/amount-unit", files)}
        assert shown == {found}
