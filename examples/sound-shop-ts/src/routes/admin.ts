import { timingSafeEqual } from 'node:crypto';
import { Router, type RequestHandler } from 'express';
import { z } from 'zod';
import { WAREHOUSE } from '../addresses.js';
import { capture } from '../captures.js';
import * as checkout from '../checkout.js';
import { prisma } from '../db.js';
import { tell } from '../mails.js';
import * as orders from '../orders.js';
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

const Amount = z.object({ amountCents: z.number().int().positive(), reason: z.string().default('') });
const PhoneOrder = z.object({ email: z.string().email(), productId: z.number().int(), quantity: z.number().int().positive() });

router.post('/orders/:id/ship', async (req, res) => {
  const order = await prisma.order.findUniqueOrThrow({ where: { id: Number(req.params.id) } });
  await orders.move(prisma, order, 'shipped');
  await prisma.order.update({ where: { id: order.id }, data: { trackingCode: req.body.trackingCode } });
  await tell(order.email, 'Your order is on its way', `Order ${order.reference} has left our house.`, `shipped-${order.id}`);
  res.json({ status: 'shipped' });
});

router.post('/orders/:id/cancel', async (req, res) => {
  await checkout.cancel(await prisma.order.findUniqueOrThrow({ where: { id: Number(req.params.id) } }));
  res.json({ status: 'cancelled' });
});

router.post('/orders/:id/capture', async (req, res) => {
  const order = await prisma.order.findUniqueOrThrow({ where: { id: Number(req.params.id) } });
  res.json({ status: await capture(order, Amount.parse(req.body).amountCents) });
});

router.post('/orders/:id/refund', async (req, res) => {
  const order = await prisma.order.findUniqueOrThrow({ where: { id: Number(req.params.id) } });
  const { amountCents, reason } = Amount.parse(req.body);
  res.status(201).json({ refund: await refund(order, amountCents, reason) });
});

/** Somebody orders by telephone. The card stays with its owner: he is sent a link under which he pays. */
router.post('/phone-orders', async (req, res) => {
  const { email, productId, quantity } = PhoneOrder.parse(req.body);
  const order = await orders.place(email, WAREHOUSE, await quote([{ productId, quantity }], null, WAREHOUSE, ''), 'stripe');
  await tell(email, 'Your order', `Please pay at ${settings.baseUrl}/?order=${order.reference}`, `pay-${order.id}`);
  res.status(201).json({ id: order.id, totalCents: order.totalCents });
});

router.post('/products/:id/restock', async (req, res) => {
  await putBack(prisma, Number(req.params.id), z.number().int().positive().parse(req.body.quantity));
  res.sendStatus(204);
});

router.post('/stock/sync', async (_req, res) => {
  res.json(await syncStock());
});
