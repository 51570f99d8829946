"""``inventory/oversell-race`` where the client of the database is reached through what keeps it: Prisma's update throws there, too."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_SCHEMA = """\
model Sku { id Int @id stock Int }
model Order { id Int @id @default(autoincrement()) skuId Int quantity Int }
"""
_REPOSITORY = """\
import { TransactionHost } from '@nestjs-cls/transactional';
export class OrderRepository {
  constructor(private readonly txHost: TransactionHost<any>) {}
  takeStock(id: number, quantity: number) {
    return this.txHost.tx.sku.METHOD({ where: { id, stock: { gte: quantity } }, data: { stock: { decrement: quantity } } });
  }
  createOrder(skuId: number, quantity: number) {
    return this.txHost.tx.order.create({ data: { skuId, quantity } });
  }
}
"""
_CONTROLLER = """\
import { Body, Controller, Post } from '@nestjs/common';
import { OrderRepository } from './order.repository';
@Controller('orders')
export class OrderController {
  constructor(private readonly orders: OrderRepository) {}
  @Post()
  async create(@Body() body: { skuId: number; quantity: number }) {
    await this.orders.takeStock(body.skuId, body.quantity);
    return this.orders.createOrder(body.skuId, body.quantity);
  }
}
"""


@pytest.mark.parametrize(("method", "wrong"), [("update", False), ("updateMany", True)])
def test_a_client_in_a_host(tmp_path: Path, method: str, wrong: bool) -> None:
    files = {
        "package.json": '{"dependencies": {"@nestjs/common": "10", "@prisma/client": "5", "@nestjs-cls/transactional": "2"}}',
        "prisma/schema.prisma": _SCHEMA,
        "src/order.repository.ts": _REPOSITORY.replace("METHOD", method),
        "src/order.controller.ts": _CONTROLLER,
    }
    assert bool(found(tmp_path, files, "inventory/oversell-race")) is wrong
