import type { Tx } from './db.js';

export class OutOfStock extends Error {}

/** Take pieces off the shelf, in one statement, so that two buyers can't both have the last one. */
export async function reserve(tx: Tx, productId: number, quantity: number): Promise<void> {
  const { count } = await tx.product.updateMany({
    where: { id: productId, stock: { gte: quantity } },
    data: { stock: { decrement: quantity } },
  });
  if (count !== 1) throw new OutOfStock(`product ${productId}`);
}

export async function putBack(tx: Tx, productId: number, quantity: number): Promise<void> {
  await tx.product.update({ where: { id: productId }, data: { stock: { increment: quantity } } });
}
