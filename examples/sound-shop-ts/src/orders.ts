import { randomBytes } from 'node:crypto';
import type { Order } from '@prisma/client';
import type { Destination } from './addresses.js';
import { prisma, type Tx } from './db.js';
import { log } from './log.js';
import type { Quote } from './pricing.js';
import { putBack, reserve } from './stock.js';

const SOURCES: Record<string, string[]> = {
  authorized: ['pending'],
  paid: ['pending', 'authorized'],
  partly_paid: ['authorized'],
  shipped: ['paid', 'partly_paid'],
  delivered: ['shipped'],
  refunded: ['paid', 'partly_paid', 'shipped', 'delivered'],
  cancelled: ['pending', 'authorized'],
};

export class InvalidTransition extends Error {}

/** A new order with its stock reserved. */
export async function place(email: string, destination: Destination, quote: Quote, provider: string): Promise<Order> {
  return prisma.$transaction(async (tx) => {
    for (const line of quote.lines) await reserve(tx, line.productId, line.quantity);
    return tx.order.create({
      data: {
        reference: randomBytes(24).toString('base64url'),
        email,
        currency: quote.currency,
        country: destination.country,
        postalCode: destination.postalCode,
        shippingCents: quote.shippingCents,
        taxCents: quote.taxCents,
        totalCents: quote.totalCents,
        provider,
        captureLater: provider === 'stripe' && quote.madeToOrder,
        lines: {
          create: quote.lines.map((line) => ({
            productId: line.productId,
            quantity: line.quantity,
            unitPriceCents: line.unitPriceCents,
          })),
        },
      },
    });
  });
}

/** Change the status if the table allows it from the one that the order has in the database now. */
export async function move(tx: Tx, order: Order, target: string): Promise<void> {
  const { count } = await tx.order.updateMany({
    where: { id: order.id, status: { in: SOURCES[target] } },
    data: { status: target },
  });
  if (count !== 1) throw new InvalidTransition(`order ${order.id} is not to be ${target}`);
}

/** The provider says that this much was paid. Whether the order is paid by it now, and was not before. */
export async function settle(tx: Tx, order: Order, amountCents: number, currency: string): Promise<boolean> {
  if (order.status === 'partly_paid' && amountCents === order.capturedCents) return false; // what we took ourselves
  if (amountCents !== order.totalCents || currency.toUpperCase() !== order.currency) {
    await callForAttention(tx, order, `paid ${amountCents} ${currency} instead of ${order.totalCents} ${order.currency}`);
    return false;
  }
  const { count } = await tx.order.updateMany({
    where: { id: order.id, status: { in: SOURCES.paid } },
    data: { status: 'paid', capturedCents: amountCents },
  });
  if (count !== 1) return false;
  await tx.customer.updateMany({ where: { email: order.email }, data: { points: { increment: Math.floor(amountCents / 100) } } });
  log.info({ order: order.id, amountCents, currency, payment: order.paymentId }, 'order paid');
  return true;
}

/** The provider holds this much for us. */
export async function authorize(tx: Tx, order: Order, amountCents: number): Promise<void> {
  await tx.order.updateMany({
    where: { id: order.id, status: 'pending', totalCents: { gte: amountCents } },
    data: { status: 'authorized', authorizedCents: amountCents },
  });
}

/** The attempt is over without money; the next one is a new payment, with a new key. */
export async function paymentFailed(tx: Tx, order: Order): Promise<void> {
  await tx.order.updateMany({
    where: { id: order.id, status: 'pending', paymentId: order.paymentId },
    data: { attempt: { increment: 1 }, paymentId: null },
  });
}

/** Cancel an order that is not paid and put its goods back. */
export async function cancel(order: Order): Promise<void> {
  await prisma.$transaction(async (tx) => {
    await move(tx, order, 'cancelled');
    const lines = await tx.orderLine.findMany({ where: { orderId: order.id } });
    for (const line of lines) await putBack(tx, line.productId, line.quantity);
  });
}

async function callForAttention(tx: Tx, order: Order, why: string): Promise<void> {
  log.error({ order: order.id, payment: order.paymentId }, why);
  await tx.order.update({ where: { id: order.id }, data: { attention: why } });
}
