import { Router } from 'express';
import { z } from 'zod';
import * as checkout from '../checkout.js';
import { prisma } from '../db.js';
import { tell } from '../mails.js';
import * as orders from '../orders.js';
import { rates } from '../partners/easypost.js';
import { quote } from '../pricing.js';
import { settings } from '../settings.js';

export const router = Router();

const Cart = z.object({
  email: z.string().email(),
  items: z.array(z.object({ productId: z.number().int(), quantity: z.number().int().min(1).max(50) })).min(1),
  country: z.string().length(2).default('DE'),
  postalCode: z.string().max(20).default(''),
  service: z.string().default('priority'),
  coupon: z.string().nullable().default(null),
  provider: z.enum(['stripe', 'paypal']).default('stripe'),
});

router.post('/checkout', async (req, res) => {
  const cart = Cart.parse(req.body);
  const destination = { country: cart.country, postalCode: cart.postalCode };
  const offer = await quote(cart.items, cart.coupon, destination, cart.service);
  const order = await orders.place(cart.email, destination, offer, cart.provider);
  const start = await checkout.startPayment(order);
  res.status(201).json({ reference: order.reference, totalCents: order.totalCents, publishableKey: settings.stripePublishableKey, ...start });
});

router.get('/checkout/rates', async (req, res) => {
  const grams = Number(req.query.grams);
  res.json(await rates({ country: String(req.query.country), postalCode: String(req.query.postalCode) }, grams));
});

router.get('/checkout/success', async (req, res) => {
  const order = await prisma.order.findUniqueOrThrow({ where: { reference: String(req.query.order) } });
  res.json({ order: order.id, payment: await checkout.paymentStatus(order) });
});

router.get('/checkout/paypal/return', async (req, res) => {
  const order = await prisma.order.findUniqueOrThrow({ where: { paymentId: String(req.query.token) } });
  if (order.status === 'pending' && (await checkout.capturePayPal(order))) {
    await tell(order.email, 'Thank you for your order', `Order ${order.reference} is paid.`, `paid-${order.id}`);
  }
  res.redirect(303, `/checkout/success?order=${order.reference}`);
});

router.post('/checkout/cancel', async (req, res) => {
  const order = await prisma.order.findUniqueOrThrow({ where: { reference: String(req.body.order) } });
  await checkout.cancel(order);
  res.json({ status: 'cancelled' });
});
