"""A tRPC procedure has no route, and its function no name: findings call it by the key under which its router has it."""

from pathlib import Path

from tillproof.review import review
from tillproof.settings import Settings

_ROUTER = """
import { initTRPC } from "@trpc/server";
import { z } from "zod";
import { prisma } from "../db";

const t = initTRPC.create();

export const orderRouter = t.router({
  list: t.procedure.query(() => prisma.order.findMany()),
  create: t.procedure
    .input(
      z.object({
        productId: z.string(),
        total: z.number(),
      })
    )
    .mutation(async ({ input }) => prisma.order.create({ data: { productId: input.productId, total: input.total, status: "paid" } })),
});
"""


def test_procedures_are_called_by_their_keys(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"dependencies": {"@trpc/server": "10.0.0", "@prisma/client": "4.0.0", "stripe": "14.0.0"}}')
    (tmp_path / "server").mkdir()
    (tmp_path / "server" / "order.ts").write_text(_ROUTER)
    (tmp_path / "db.ts").write_text('import { PrismaClient } from "@prisma/client";\nexport const prisma = new PrismaClient();\n')
    (tmp_path / "pay.ts").write_text(
        'import Stripe from "stripe";\nexport const pay = () => new Stripe(process.env.KEY!).refunds.create({ payment_intent: "pi" });\n'
    )
    found = review(tmp_path, Settings(use_cache=False, checks=("payment/fulfil-on-redirect",)))
    (finding,) = found.findings
    assert "order.create" in finding.message
    assert "<anonymous>" not in finding.message
