import type { Order } from '@prisma/client';
import { log } from './log.js';
import * as paypal from './payments/paypal.js';
import * as stripe from './payments/stripe.js';

/** Give money back. */
export async function refund(order: Order, amountCents: number, reason: string): Promise<string> {
  const id = order.provider === 'stripe' ? await stripe.refund(order, amountCents) : await paypal.refund(order, amountCents);
  log.info({ order: order.id, amountCents, currency: order.currency, reason, refund: id }, 'refunded');
  return id;
}
