import { prisma } from './db.js';
import { log } from './log.js';
import { deliver } from './mails.js';
import * as orders from './orders.js';
import { redis } from './redis.js';
import { putBack } from './stock.js';

// EasyPost delivers again for some days.
const REMEMBER_FOR = 7 * 24 * 3600;

/** Apply a carrier's event once. */
export async function applyCarrier(event: any): Promise<void> {
  const mark = `carrier-event:${event.id}`;
  if ((await redis.set(mark, '1', 'EX', REMEMBER_FOR, 'NX')) === null) return;
  try {
    await apply(event.result);
  } catch (error) {
    await redis.del(mark); // let the next delivery try again
    throw error;
  }
}

async function apply(tracker: { tracking_code: string; status: string }): Promise<void> {
  const order = await prisma.order.findUnique({ where: { trackingCode: tracker.tracking_code } });
  if (order !== null && tracker.status === 'return_to_sender') await takeBack(order.id);
  if (order === null || tracker.status !== 'delivered') return;
  await orders.move(prisma, order, 'delivered');
  log.info({ order: order.id, parcel: order.trackingCode }, 'order delivered');
  await deliver({ to: order.email, subject: 'Your order has arrived', text: `Order ${order.reference} was delivered.` });
}

/** The parcel comes back: its goods may be sold again. */
async function takeBack(orderId: number): Promise<void> {
  const lines = await prisma.orderLine.findMany({ where: { orderId } });
  for (const line of lines) await putBack(prisma, line.productId, line.quantity);
}
