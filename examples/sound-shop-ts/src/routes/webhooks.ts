import express, { Router } from 'express';
import type Stripe from 'stripe';
import * as events from '../events.js';
import { tell } from '../mails.js';
import * as easypost from '../partners/easypost.js';
import * as paypal from '../payments/paypal.js';
import * as stripe from '../payments/stripe.js';
import { applyCarrier } from '../shipments.js';

/** An error answers non-2xx, so that the message is delivered again. */
export const router = Router();

router.use(express.raw({ type: '*/*' }));

router.post('/stripe', async (req, res) => {
  let event: Stripe.Event;
  try {
    event = stripe.readEvent(req.body, req.get('stripe-signature') ?? '');
  } catch {
    res.sendStatus(400);
    return;
  }
  const order = await events.applyStripe(event);
  if (order !== null) await tell(order.email, 'Thank you for your order', `Order ${order.reference} is paid.`, `paid-${order.id}`);
  res.json({ received: true });
});

router.post('/paypal', async (req, res) => {
  if (!(await paypal.isGenuine(req.headers, req.body))) {
    res.sendStatus(400);
    return;
  }
  const order = await events.applyPayPal(JSON.parse(req.body.toString()));
  if (order !== null) await tell(order.email, 'Thank you for your order', `Order ${order.reference} is paid.`, `paid-${order.id}`);
  res.json({ received: true });
});

router.post('/carrier', async (req, res) => {
  if (!easypost.isGenuine(req.body, req.get('x-hmac-signature') ?? '')) {
    res.sendStatus(400);
    return;
  }
  await applyCarrier(JSON.parse(req.body.toString()));
  res.json({ received: true });
});
