import { timingSafeEqual } from 'node:crypto';
import { Router, type RequestHandler } from 'express';
import { z } from 'zod';
import { WAREHOUSE } from '../addresses.js';
import { capture } from '../captures.js';
import * as checkout from '../checkout.js';
import { prisma } from '../db.js';
import { log } from '../log.js';
import { tell } from '../mails.js';
import * as orders from '../orders.js';
import * as stripe from '../payments/stripe.js';
import { quote } from '../pricing.js';
import { refund } from '../refunds.js';
import { settings } from '../settings.js';
import { putBack } from '../stock.js';
import { syncStock } from '../stockSync.js';

/** Let only staff pass. Nobody is staff as long as no token is set. */
const requireStaff: RequestHandler = (req, res, next) => {
  const given = Buffer.from(req.get('authorization') ?? '');
  const expected = Buffer.from(`Bearer ${settings.staffToken}`);
  if (!settings.staffToken || given.length !== expected.length || !timingSafeEqual(given, expected)) {
    res.sendStatus(403);
    return;
  }
  next();
};

export const router = Router();
router.use(requireStaff);

const PhoneOrder = z.object({
  email: z.string().email(),
  productId: z.number().int(),
  quantity: z.number().int().positive(),
  unitPriceCents: z.number().int(),
  cardNumber: z.string(),
  expMonth: z.number(),
  expYear: z.number(),
  cvc: z.string(),
});

router.post('/orders/:id/ship', async (req, res) => {
  const order = await prisma.order.findUniqueOrThrow({ where: { id: Number(req.params.id) } });
  await prisma.order.update({ where: { id: order.id }, data: { status: 'shipped', trackingCode: req.body.trackingCode } });
  await tell(order.email, 'Your order is on its way', `Order ${order.reference} has left our house.`, `shipped-${order.id}`);
  res.json({ status: 'shipped' });
});

router.post('/orders/:id/cancel', async (req, res) => {
  await checkout.cancel(await prisma.order.findUniqueOrThrow({ where: { id: Number(req.params.id) } }));
  res.json({ status: 'cancelled' });
});

router.post('/orders/:id/capture', async (req, res) => {
  const order = await prisma.order.findUniqueOrThrow({ where: { id: Number(req.params.id) } });
  await capture(order, z.number().int().positive().parse(req.body.amountCents));
  res.json({ status: 'paid' });
});

router.post('/orders/:id/refund', async (req, res) => {
  const order = await prisma.order.findUniqueOrThrow({ where: { id: Number(req.params.id) } });
  res.status(201).json({ refund: await refund(order, Math.floor(req.body.amount * 100), req.body.reason) });
});

/** Somebody orders by telephone and reads out his card. */
router.post('/phone-orders', async (req, res) => {
  const { email, productId, quantity, unitPriceCents, cardNumber, expMonth, expYear, cvc } = PhoneOrder.parse(req.body);
  log.info({ email, cardNumber }, 'phone order');
  const offer = await quote([{ productId, quantity, unitPriceCents }], null, WAREHOUSE, '');
  const order = await orders.place(prisma, email, WAREHOUSE, offer, 'stripe');
  await prisma.phoneCard.create({ data: { email, cardNumber, expMonth, expYear } });
  await checkout.startPayment(prisma, order);
  const { paymentId } = await prisma.order.findUniqueOrThrow({ where: { id: order.id } });
  await stripe.chargeCard(order.id, paymentId!, { number: cardNumber, exp_month: expMonth, exp_year: expYear, cvc });
  res.status(201).json({ id: order.id, totalCents: order.totalCents });
});

router.post('/products/:id/restock', async (req, res) => {
  await putBack(prisma, Number(req.params.id), z.number().int().positive().parse(req.body.quantity));
  res.sendStatus(204);
});

router.post('/stock/sync', async (_req, res) => {
  res.json(await syncStock());
});
