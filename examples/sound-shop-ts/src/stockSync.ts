import { prisma } from './db.js';
import { log } from './log.js';
import { stockLevels } from './partners/erp.js';

/** Take every level over. One that can't be is put aside for a person, and the others go on. */
export async function syncStock(): Promise<{ updated: number; failed: string[] }> {
  const failed: string[] = [];
  let updated = 0;
  for (const level of await stockLevels()) {
    try {
      await prisma.product.update({ where: { sku: level.default_code }, data: { stock: level.qty_available } });
      updated++;
    } catch (error) {
      log.error({ sku: level.default_code }, `stock not taken over: ${(error as Error).message}`);
      await prisma.syncFailure.create({ data: { sku: level.default_code, reason: (error as Error).message } });
      failed.push(level.default_code);
    }
  }
  return { updated, failed };
}
