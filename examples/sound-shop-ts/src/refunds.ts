import type { Order } from '@prisma/client';
import { prisma } from './db.js';
import { Refused } from './http.js';
import { log } from './log.js';
import * as paypal from './payments/paypal.js';
import * as stripe from './payments/stripe.js';
import type { Tx } from './db.js';

export class NotRefundable extends Error {}

/** Give money back. It is booked, within what was paid and is left, before it is sent. */
export async function refund(order: Order, amountCents: number, reason: string): Promise<string> {
  if (amountCents > order.capturedCents - order.refundedCents) throw new NotRefundable(`order ${order.id}`);
  const { count } = await prisma.order.updateMany({
    where: { id: order.id, refundedCents: { lte: order.capturedCents - amountCents } },
    data: { refundedCents: { increment: amountCents } },
  });
  if (count !== 1) throw new NotRefundable(`order ${order.id}`);
  const booked = await prisma.refund.create({ data: { orderId: order.id, amountCents, reason } });
  const key = `refund-${booked.id}`;
  try {
    const providerRefundId =
      order.provider === 'stripe' ? await stripe.refund(order, amountCents, key) : await paypal.refund(order, amountCents, key);
    await prisma.refund.updateMany({ where: { id: booked.id, status: 'sending' }, data: { status: 'refunded', providerRefundId } });
    log.info({ order: order.id, amountCents, currency: order.currency, refund: providerRefundId }, 'refunded');
    return providerRefundId;
  } catch (error) {
    if (error instanceof Refused) {
      await prisma.refund.updateMany({ where: { id: booked.id, status: 'sending' }, data: { status: 'refused' } });
      await prisma.order.update({ where: { id: order.id }, data: { refundedCents: { decrement: amountCents } } });
    }
    throw error;
  }
}

/** The provider says how much of the order has been refunded in all, refunds made in its dashboard included. */
export async function recordTotal(tx: Tx, order: Order, refundedCents: number): Promise<void> {
  await tx.order.updateMany({
    where: { id: order.id, refundedCents: { lt: refundedCents }, capturedCents: { gte: refundedCents } },
    data: { refundedCents },
  });
}
