import type { Order } from '@prisma/client';
import { prisma } from './db.js';
import { log } from './log.js';
import * as orders from './orders.js';
import * as stripe from './payments/stripe.js';

export class NotCapturable extends Error {}

/** Take what can be delivered of an authorised payment, once; the rest is set free. May be repeated after an error. */
export async function capture(order: Order, amountCents: number): Promise<string> {
  const { count } = await prisma.order.updateMany({
    where: { id: order.id, status: 'authorized', capturedCents: { in: [0, amountCents] }, authorizedCents: { gte: amountCents } },
    data: { capturedCents: amountCents },
  });
  if (count !== 1 || amountCents > order.authorizedCents) throw new NotCapturable(`${order.authorizedCents} are authorised`);
  const intent = await stripe.capture(order, amountCents);
  const status = intent.amount_received === order.totalCents ? 'paid' : 'partly_paid';
  await orders.move(prisma, order, status);
  log.info({ order: order.id, captured: intent.amount_received, of: order.totalCents, currency: order.currency }, 'captured');
  return status;
}
