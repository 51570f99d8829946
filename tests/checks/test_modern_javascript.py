"""Shops as they are written today: Drizzle and Prisma, server actions, functions of a platform, GraphQL."""

from pathlib import Path

from tests.checks.test_stock import ruled

_RACE = "inventory/oversell-race"
_ATOMIC = "inventory/non-atomic-write"
_SCHEMA = """\
import { integer, pgTable, text } from 'drizzle-orm/pg-core';

export const plants = pgTable('plants', { id: text('id').primaryKey(), price: integer('price'), inventory: integer('inventory').notNull() });
export const orders = pgTable('orders', { id: text('id').primaryKey(), plantId: text('plant_id') });
"""
_PRISMA = """\
model Variation {
  id       String @id
  price    Int
  quantity Int
}

model Order {
  id String @id
}
"""


def test_a_column_of_numbers_keeps_stock_whatever_its_name_alone_may_mean(tmp_path: Path) -> None:
    code = """\
import { eq } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { orders, plants } from './schema';

const db = drizzle(process.env.DATABASE_URL);

export async function place(items) {
  await db.insert(orders).values({ id: crypto.randomUUID() });
  for (const item of items) {
    const plant = await db.query.plants.findFirst({ where: eq(plants.id, item.id) });
    if (plant.inventory < item.quantity) throw new Error('sold out');
    await db.update(plants).set({ inventory: plant.inventory - item.quantity }).where(eq(plants.id, item.id));
  }
}
"""
    files = {"package.json": '{"dependencies": {"drizzle-orm": "0.30"}}', "src/schema.ts": _SCHEMA, "src/orders.ts": code}
    assert ruled(tmp_path, _ATOMIC, files) == [("broken", "src/orders.ts", 12)]
    assert ruled(tmp_path, _RACE, files) == [("broken", "src/orders.ts", 12)]


def test_prisma_refuses_an_update_that_finds_no_row_and_keeps_silent_of_many(tmp_path: Path) -> None:
    code = """\
import { prisma } from './db';

export async function placeOrder(order) {
  await prisma.$transaction(async (tx) => {
    for (const item of order.items) {
      await tx.variation.update({
        where: { id: item.variationId, quantity: { gte: item.quantity } },
        data: { quantity: { decrement: item.quantity } },
      });
    }
  });
}
"""
    db = "import { PrismaClient } from '@prisma/client';\nexport const prisma = new PrismaClient();\n"
    files = {"prisma/schema.prisma": _PRISMA, "src/db.ts": db, "src/orders.ts": code}
    assert [r for r, _, _ in ruled(tmp_path / "one", _RACE, files)] == ["held"]
    files["src/orders.ts"] = code.replace(".update(", ".updateMany(")
    assert [r for r, _, _ in ruled(tmp_path / "many", _RACE, files)] == ["broken"]
