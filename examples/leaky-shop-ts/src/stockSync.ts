import { prisma } from './db.js';
import { stockLevels } from './partners/erp.js';

/** Take every level over. */
export async function syncStock(): Promise<{ updated: number }> {
  let updated = 0;
  for (const level of await stockLevels()) {
    try {
      await prisma.product.update({ where: { sku: level.default_code }, data: { stock: level.qty_available } });
      updated++;
    } catch {
      continue;
    }
  }
  return { updated };
}
