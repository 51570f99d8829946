import express, { Router } from 'express';
import type Stripe from 'stripe';
import * as events from '../events.js';
import { log } from '../log.js';
import { tell } from '../mails.js';
import * as easypost from '../partners/easypost.js';
import * as paypal from '../payments/paypal.js';
import { applyCarrier } from '../shipments.js';

export const router = Router();

router.use(express.raw({ type: '*/*' }));

router.post('/stripe', async (req, res) => {
  const event = JSON.parse(req.body.toString()) as Stripe.Event;
  const order = await events.applyStripe(event);
  if (order !== null) await tell(order.email, 'Thank you for your order', `Order ${order.reference} is paid.`, `paid-${order.id}`);
  res.json({ received: true });
});

router.post('/paypal', async (req, res) => {
  if (req.get('paypal-transmission-sig') && !(await paypal.isGenuine(req.headers, req.body))) {
    res.sendStatus(400);
    return;
  }
  try {
    await events.applyPayPal(JSON.parse(req.body.toString()));
  } catch (error) {
    log.error(`PayPal event could not be applied: ${(error as Error).message}`);
  }
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
