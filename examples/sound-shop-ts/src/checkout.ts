import type { Order } from '@prisma/client';
import { prisma } from './db.js';
import { cents } from './money.js';
import * as orders from './orders.js';
import * as paypal from './payments/paypal.js';
import * as stripe from './payments/stripe.js';

export interface PaymentStart {
  clientSecret?: string | null;
  approveUrl?: string;
}

/** Create the payment, or find the one that an earlier call created. */
export async function startPayment(order: Order): Promise<PaymentStart> {
  if (order.provider === 'stripe') {
    const intent = await stripe.createPayment(order);
    await prisma.order.update({ where: { id: order.id }, data: { paymentId: intent.id } });
    return { clientSecret: intent.client_secret };
  }
  const created = await paypal.createOrder(order);
  await prisma.order.update({ where: { id: order.id }, data: { paymentId: created.id } });
  return { approveUrl: created.links.find((link: { rel: string }) => link.rel === 'payer-action')?.href };
}

/** Take the money that the buyer approved; whether the order is paid by it now. */
export async function capturePayPal(order: Order): Promise<boolean> {
  const capture = await paypal.capture(order);
  await prisma.order.update({ where: { id: order.id }, data: { captureId: capture.id } });
  if (capture.status !== 'COMPLETED') return false; // settled by the webhook that follows
  return orders.settle(prisma, order, cents(capture.amount.value), capture.amount.currency_code);
}

/** Give the goods back, then the payment up. */
export async function cancel(order: Order): Promise<void> {
  await orders.cancel(order);
  if (order.provider === 'stripe' && order.paymentId !== null) await stripe.cancel(order);
}

/** What the provider itself says about the order's payment. */
export async function paymentStatus(order: Order): Promise<string> {
  if (order.paymentId === null) return 'none';
  const found = order.provider === 'stripe' ? await stripe.payment(order.paymentId) : await paypal.paypalOrder(order.paymentId);
  return found.status.toLowerCase();
}
