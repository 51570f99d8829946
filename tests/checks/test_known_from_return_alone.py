"""A webhook that finds its record only after the customer's browser has come back hears of nobody who closes the window."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_SCHEMA = """\
import { integer, pgTable, serial, text } from 'drizzle-orm/pg-core';

export const teams = pgTable('teams', {
  id: serial('id').primaryKey(),
  stripeCustomerId: text('stripe_customer_id').unique(),
  planName: text('plan_name'),
});
"""
_PAYMENTS = """\
import Stripe from 'stripe';
import { eq } from 'drizzle-orm';
import { db } from './db';
import { teams } from './schema';

export const stripe = new Stripe(process.env.STRIPE_SECRET_KEY!);

export async function begin(team: typeof teams.$inferSelect, userId: number) {
  CUSTOMER
  return stripe.checkout.sessions.create({
    mode: 'subscription',
    line_items: [{ price: 'price_1', quantity: 1 }],
    customer,
    client_reference_id: String(team.id),
    success_url: 'https://shop.example/api/return?session_id={CHECKOUT_SESSION_ID}',
    cancel_url: 'https://shop.example/pricing',
  });
}

export async function changed(subscription: Stripe.Subscription) {
  const customerId = subscription.customer as string;
  const [team] = await db.select().from(teams).where(eq(teams.stripeCustomerId, customerId)).limit(1);
  if (!team) throw new Error('no such team');
  const plan = subscription.status === 'active' ? 'plus' : null;
  await db.update(teams).set({ planName: plan }).where(eq(teams.id, team.id));
}
"""
_BEGIN = """\
import { NextResponse } from 'next/server';
import { eq } from 'drizzle-orm';
import { db } from '../../../lib/db';
import { teams } from '../../../lib/schema';
import { begin } from '../../../lib/payments';

export async function POST(request: Request) {
  const { teamId } = await request.json();
  const [team] = await db.select().from(teams).where(eq(teams.id, teamId)).limit(1);
  const session = await begin(team, 1);
  return NextResponse.json({ url: session.url });
}
"""
_RETURN = """\
import { NextResponse } from 'next/server';
import { eq } from 'drizzle-orm';
import { db } from '../../../lib/db';
import { teams } from '../../../lib/schema';
import { stripe } from '../../../lib/payments';

export async function GET(request: Request) {
  const id = new URL(request.url).searchParams.get('session_id')!;
  const session = await stripe.checkout.sessions.retrieve(id);
  if (session.payment_status !== 'paid') return NextResponse.json({}, { status: 402 });
  await db
    .update(teams)
    .set({ stripeCustomerId: session.customer as string, planName: 'plus' })
    .where(eq(teams.id, Number(session.client_reference_id)));
  return NextResponse.redirect('https://shop.example/dashboard');
}
"""
_HOOK = """\
import { NextResponse } from 'next/server';
import { changed, stripe } from '../../../lib/payments';

export async function POST(request: Request) {
  const event = stripe.webhooks.constructEvent(await request.text(), request.headers.get('stripe-signature')!, process.env.HOOK!);
  switch (event.type) {
    case 'customer.subscription.updated':
    case 'customer.subscription.deleted':
      await changed(event.data.object);
      break;
  }
  return NextResponse.json({ received: true });
}
"""
_OF_TEAM = "const customer = team.stripeCustomerId ?? undefined;"
_MADE_FIRST = """\
const made = await stripe.customers.create({ metadata: { team: String(team.id) } });
  const customer = made.id;
  await db.update(teams).set({ stripeCustomerId: customer }).where(eq(teams.id, team.id));"""


@pytest.mark.parametrize(("customer", "broken"), [(_OF_TEAM, True), (_MADE_FIRST, False)])
def test_the_id_that_a_webhook_looks_for_is_stored_before_the_browser_comes_back(tmp_path: Path, customer: str, broken: bool) -> None:
    files = {
        "package.json": '{"dependencies": {"next": "15", "stripe": "17", "drizzle-orm": "0.40"}}',
        "lib/db.ts": "import { drizzle } from 'drizzle-orm/node-postgres';\n\nexport const db = drizzle(process.env.DATABASE_URL!);\n",
        "lib/schema.ts": _SCHEMA,
        "lib/payments.ts": _PAYMENTS.replace("CUSTOMER", customer),
        "app/api/begin/route.ts": _BEGIN,
        "app/api/return/route.ts": _RETURN,
        "app/api/hook/route.ts": _HOOK,
    }
    found = ruled(tmp_path, "payment/no-settlement-webhook", files)
    assert [one[0] for one in found] == ["broken" if broken else "held"]
