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
  items: z.array(z.object({ productId: z.number().int(), quantity: z.number().int().min(1).max(50), unitPriceCents: z.number().int().positive() })).min(1),
  country: z.string().length(2).default('DE'),
  postalCode: z.string().max(20).default(''),
  service: z.string().default('priority'),
  shippingCents: z.number().int().nonnegative().optional(),
  coupon: z.string().nullable().default(null),
  provider: z.enum(['stripe', 'paypal']).default('stripe'),
});

router.post('/checkout', async (req, res) => {
  const cart = Cart.parse(req.body);
  const destination = { country: cart.country, postalCode: cart.postalCode };
  const offer = await quote(cart.items, cart.coupon, destination, cart.service, cart.shippingCents);
  const { order, start } = await prisma.$transaction(async (tx) => {
    const order = await orders.place(tx, cart.email, destination, offer, cart.provider);
    return { order, start: await checkout.startPayment(tx, order) };
  });
  res.status(201).json({ reference: order.reference, totalCents: order.totalCents, publishableKey: settings.stripePublishableKey, ...start });
});

router.get('/checkout/rates', async (req, res) => {
  const grams = Number(req.query.grams);
  res.json(await rates({ country: String(req.query.country), postalCode: String(req.query.postalCode) }, grams));
});

router.get('/checkout/success', async (req, res) => {
  const order = await prisma.order.findUniqueOrThrow({ where: { reference: String(req.query.order) } });
  if (req.query.redirect_status === 'succeeded') await orders.markPaid(prisma, order);
  res.json({ order: order.id, status: order.status });
});

router.get('/checkout/paypal/return', async (req, res) => {
  const order = await prisma.order.findUniqueOrThrow({ where: { reference: String(req.query.order) } });
  if (await checkout.capturePayPal(order, String(req.query.token))) {
    await tell(order.email, 'Thank you for your order', `Order ${order.reference} is paid.`, `paid-${order.id}`);
  }
  res.redirect(303, `/checkout/success?order=${order.reference}`);
});

router.post('/checkout/cancel', async (req, res) => {
  const order = await prisma.order.findUniqueOrThrow({ where: { reference: String(req.body.order) } });
  await orders.move(prisma, order, 'cancelled');
  await checkout.giveUpPayment(order);
  res.json({ status: 'cancelled' });
});
