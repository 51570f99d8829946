"""Items that are kept for an order one by one, each for a while: what was kept for an order that never came about goes back by itself."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_PLACE = """\
import { PrismaClient } from '@prisma/client';
import express from 'express';
const prisma = new PrismaClient();
const app = express();

async function reserve(variantId, quantity) {
  return prisma.$transaction(async (tx) => {
    const taken = await tx.variant.updateMany({
      where: { id: variantId, reserved: { lte: 5 } }, data: { reserved: { increment: quantity } },
    });
    if (taken.count === 0) throw new Error('Out of stock');
    await tx.reservation.create({ data: { variantId, quantity, UNTIL } });
  });
}

app.post('/orders', async (req, res) => {
  for (const item of req.body.items) {
    await reserve(item.variantId, item.quantity);
  }
  res.json(await prisma.order.create({ data: { status: 'pending', total: 1 } }));
});
"""
_SWEEP = """\
import { PrismaClient } from '@prisma/client';
import cron from 'node-cron';
const prisma = new PrismaClient();
cron.schedule('*/5 * * * *', async () => {
  for (const one of await prisma.reservation.findMany({ where: { expiresAt: { lt: new Date() } } })) {
    await prisma.variant.update({ where: { id: one.variantId }, data: { reserved: { decrement: one.quantity } } });
    await prisma.reservation.delete({ where: { id: one.id } });
  }
});
"""
_SCHEMA = """\
model Variant {
  id       String @id
  stock    Int
  reserved Int    @default(0)
}
model Reservation {
  id        String @id
  variantId String
  quantity  Int
  expiresAt DateTime?
}
model Order {
  id     String @id
  status String
  total  Int
}
"""
_UNTIL = "expiresAt: new Date(Date.now() + 600000)"


@pytest.mark.parametrize(("until", "sweep", "broken"), [(_UNTIL, _SWEEP, False), (_UNTIL, "", True), ("note: 'kept'", _SWEEP, True)])
def test_what_runs_out_is_not_lost(tmp_path: Path, until: str, sweep: str, broken: bool) -> None:
    files = {"app.js": _PLACE.replace("UNTIL", until), "prisma/schema.prisma": _SCHEMA, "sweep.js": sweep}
    found = ruled(tmp_path, "inventory/non-atomic-write", files)
    assert (("broken", "app.js", 18) in found) is broken
