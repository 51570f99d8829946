import type { Tx } from './db.js';

export class OutOfStock extends Error {}

/** Take pieces off the shelf. */
export async function reserve(tx: Tx, productId: number, quantity: number): Promise<void> {
  const product = await tx.product.findUniqueOrThrow({ where: { id: productId } });
  if (product.stock < quantity) throw new OutOfStock(`product ${productId}`);
  await tx.product.update({ where: { id: productId }, data: { stock: { decrement: quantity } } });
}

export async function putBack(tx: Tx, productId: number, quantity: number): Promise<void> {
  const product = await tx.product.findUniqueOrThrow({ where: { id: productId } });
  await tx.product.update({ where: { id: productId }, data: { stock: product.stock + quantity } });
}
