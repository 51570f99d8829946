import Stripe from 'stripe';
import { settings } from '../settings.js';
import type { Order } from '@prisma/client';

const stripe = new Stripe(settings.stripeSecretKey, { maxNetworkRetries: 2, timeout: 10_000 });

/** Ask for the order's total. */
export function createPayment(order: Order): Promise<Stripe.PaymentIntent> {
  return stripe.paymentIntents.create({
    amount: order.totalCents,
    currency: 'eur',
    automatic_payment_methods: { enabled: true },
    capture_method: order.captureLater ? 'manual' : 'automatic',
    metadata: { orderId: String(order.id) },
  });
}

export function payment(paymentId: string): Promise<Stripe.PaymentIntent> {
  return stripe.paymentIntents.retrieve(paymentId);
}

/** Take a part of what is authorised, or all of it; the rest is set free. */
export function capture(order: Order, amountCents: number): Promise<Stripe.PaymentIntent> {
  return stripe.paymentIntents.capture(order.paymentId!, { amount_to_capture: amountCents });
}

export function cancel(order: Order): Promise<Stripe.PaymentIntent> {
  return stripe.paymentIntents.cancel(order.paymentId!);
}

/** Give money back. */
export async function refund(order: Order, amountCents: number): Promise<string> {
  const made = await stripe.refunds.create({
    payment_intent: order.paymentId!,
    amount: amountCents,
    metadata: { orderId: String(order.id) },
  });
  return made.id;
}

/** Pay an order with a card that was read out to us. */
export async function chargeCard(orderId: number, paymentId: string, card: Stripe.PaymentMethodCreateParams.Card1): Promise<void> {
  const method = await stripe.paymentMethods.create({ type: 'card', card });
  await stripe.paymentIntents.confirm(paymentId, { payment_method: method.id }, { idempotencyKey: `order-${orderId}-phone` });
}
