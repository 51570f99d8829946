import type { Order } from '@prisma/client';
import type Stripe from 'stripe';
import { prisma, type Tx } from './db.js';
import { log } from './log.js';
import * as orders from './orders.js';

export class UnknownPayment extends Error {}

/** Apply the event once; the order if it is paid by it. */
export async function applyStripe(event: Stripe.Event): Promise<Order | null> {
  return once('stripe', event.id, event.type, async (tx) => {
    switch (event.type) {
      case 'payment_intent.succeeded': {
        const order = await orderOf(tx, event.data.object.id);
        return (await orders.settle(tx, order, event.data.object.amount_received, event.data.object.currency)) ? order : null;
      }
      case 'payment_intent.amount_capturable_updated':
        await orders.authorize(tx, await orderOf(tx, event.data.object.id), event.data.object.amount_capturable);
        return null;
      case 'payment_intent.canceled':
        await orders.paymentFailed(tx, await orderOf(tx, event.data.object.id));
        return null;
      case 'charge.succeeded': {
        const { card } = event.data.object.payment_method_details ?? {};
        const order = await orderOf(tx, String(event.data.object.payment_intent));
        await tx.order.update({ where: { id: order.id }, data: { cardBrand: card?.brand, cardLast4: card?.last4 } });
        return null;
      }
      default:
        log.info({ event: event.id, type: event.type }, 'event needs nothing');
        return null;
    }
  });
}

/** Apply the event once. */
export async function applyPayPal(event: any): Promise<null> {
  return once('paypal', event.id, event.event_type, async (tx) => {
    const resource = event.resource;
    switch (event.event_type) {
      case 'PAYMENT.CAPTURE.DENIED': {
        const order = await orderOf(tx, resource.supplementary_data.related_ids.order_id);
        await tx.order.update({ where: { id: order.id }, data: { status: 'pending' } });
        return null;
      }
      default:
        log.info({ event: event.id, type: event.event_type }, 'event needs nothing');
        return null;
    }
  });
}

/** Apply an event that was not here before. */
async function once<T>(provider: string, eventId: string, type: string, apply: (tx: Tx) => Promise<T | null>): Promise<T | null> {
  return prisma.$transaction(async (tx) => {
    const known = await tx.processedEvent.findFirst({ where: { provider, eventId } });
    if (known !== null) {
      log.info({ provider, event: eventId }, 'event was here before');
      return null;
    }
    await tx.processedEvent.create({ data: { provider, eventId, type } });
    return apply(tx);
  });
}

async function orderOf(tx: Tx, paymentId: string): Promise<Order> {
  const order = await tx.order.findUnique({ where: { paymentId } });
  if (order === null) throw new UnknownPayment(paymentId);
  return order;
}
