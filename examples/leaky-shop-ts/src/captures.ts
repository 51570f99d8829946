import type { Order } from '@prisma/client';
import { prisma } from './db.js';
import { log } from './log.js';
import * as orders from './orders.js';
import * as stripe from './payments/stripe.js';

/** Take what can be delivered of an authorised payment; the rest is set free. */
export async function capture(order: Order, amountCents: number): Promise<void> {
  await stripe.capture(order, amountCents);
  await orders.move(prisma, order, 'paid');
  log.info({ order: order.id, amountCents, currency: order.currency }, 'captured');
}
