import Stripe from 'stripe';
import { settings } from '../settings.js';
import type { Order } from '@prisma/client';

const stripe = new Stripe(settings.stripeSecretKey, { maxNetworkRetries: 2, timeout: 10_000 });

/** Ask for the order's total. The same attempt at the same order is the same payment, however often this is called. */
export function createPayment(order: Order): Promise<Stripe.PaymentIntent> {
  return stripe.paymentIntents.create(
    {
      amount: order.totalCents,
      currency: order.currency.toLowerCase(),
      automatic_payment_methods: { enabled: true },
      capture_method: order.captureLater ? 'manual' : 'automatic',
      metadata: { orderId: String(order.id) },
    },
    { idempotencyKey: `order-${order.id}-attempt-${order.attempt}` },
  );
}

export function payment(paymentId: string): Promise<Stripe.PaymentIntent> {
  return stripe.paymentIntents.retrieve(paymentId);
}

/** Take a part of what is authorised, or all of it; the rest is set free. */
export function capture(order: Order, amountCents: number): Promise<Stripe.PaymentIntent> {
  return stripe.paymentIntents.capture(
    order.paymentId!,
    { amount_to_capture: amountCents },
    { idempotencyKey: `order-${order.id}-attempt-${order.attempt}-capture` },
  );
}

export function cancel(order: Order): Promise<Stripe.PaymentIntent> {
  return stripe.paymentIntents.cancel(order.paymentId!, {}, { idempotencyKey: `order-${order.id}-attempt-${order.attempt}-cancel` });
}

/** Give money back; the same key is the same refund. */
export async function refund(order: Order, amountCents: number, key: string): Promise<string> {
  const made = await stripe.refunds.create(
    { payment_intent: order.paymentId!, amount: amountCents, metadata: { orderId: String(order.id) } },
    { idempotencyKey: key },
  );
  return made.id;
}

/** The event in a webhook's body, once its signature is proven. */
export function readEvent(payload: Buffer, signature: string): Stripe.Event {
  if (!settings.stripeWebhookSecret) throw new Error('STRIPE_WEBHOOK_SECRET is not set: no event can be trusted');
  return stripe.webhooks.constructEvent(payload, signature, settings.stripeWebhookSecret);
}
