import type { Order } from '@prisma/client';
import { prisma, type Tx } from './db.js';
import { cents } from './money.js';
import * as orders from './orders.js';
import * as paypal from './payments/paypal.js';
import * as stripe from './payments/stripe.js';

export interface PaymentStart {
  clientSecret?: string | null;
  approveUrl?: string;
}

/** Create the payment. */
export async function startPayment(tx: Tx, order: Order): Promise<PaymentStart> {
  if (order.provider === 'stripe') {
    const intent = await stripe.createPayment(order);
    await tx.order.update({ where: { id: order.id }, data: { paymentId: intent.id } });
    return { clientSecret: intent.client_secret };
  }
  const created = await paypal.createOrder(order);
  await tx.order.update({ where: { id: order.id }, data: { paymentId: created.id } });
  return { approveUrl: created.links.find((link: { rel: string }) => link.rel === 'payer-action')?.href };
}

/** Take the money that the buyer approved; whether the order is paid by it now. */
export async function capturePayPal(order: Order, approved: string): Promise<boolean> {
  const capture = await paypal.capture(order, approved);
  await prisma.order.update({ where: { id: order.id }, data: { captureId: capture.id } });
  if (capture.status !== 'COMPLETED') return false; // settled by the webhook that follows
  const points = Math.floor(cents(capture.amount.value) / 100);
  await prisma.customer.updateMany({ where: { email: order.email }, data: { points: { increment: points } } });
  return orders.markPaid(prisma, order);
}

/** Give the goods back, then the payment up. */
export async function cancel(order: Order): Promise<void> {
  await orders.cancel(order);
  await giveUpPayment(order);
}

export async function giveUpPayment(order: Order): Promise<void> {
  if (order.provider === 'stripe' && order.paymentId !== null) await stripe.cancel(order);
}
