"""Objects that a container hands over for a class: what is done with them is what that class, or the one derived from it, does."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

_PYTHON = """\
import inject
from django.db import models
from django.http import HttpResponse
from django.urls import path
from injector import Injector
from punq import Container


class Order(models.Model):
    status = models.CharField(max_length=20, default="new")


class Orders:
    def send(self, pk):
        raise NotImplementedError


class StoredOrders(Orders):
    def send(self, pk):
        order = Order.objects.get(pk=pk)
{guard}
        order.status = "shipped"
        order.save()


class Others:
    def send(self, pk):
        return pk


injector = Injector()
container = Container()


class Sending:
    orders: Orders = inject.attr(Orders)

    def run(self, pk):
        self.orders.send(pk)


def ship(request, pk):
    {call}
    return HttpResponse()


urlpatterns = [path("orders/<int:pk>/ship/", ship)]
"""
_GUARD = """        if order.status != "paid":
            raise ValueError(order.status)"""
_CALLS = [
    pytest.param("Sending().run(pk)", id="a field"),
    pytest.param("inject.instance(Orders).send(pk)", id="inject"),
    pytest.param("injector.get(Orders).send(pk)", id="injector"),
    pytest.param("container.resolve(Orders).send(pk)", id="punq"),
]


def unguarded(root: Path, call: str, guard: str) -> int:
    shop = {"requirements.txt": "django\ninject\ninjector\npunq\n", "shop.py": _PYTHON.format(call=call, guard=guard or "        pass")}
    write(root, shop)
    return whatever(root)


def whatever(root: Path) -> int:
    """How many changes of state ask for no present one."""
    report = review(root, Settings(checks=("order/unguarded-transition",), use_cache=False))
    return sum("whatever state" in f.title for f in report.findings)


@pytest.mark.parametrize("call", _CALLS)
def test_what_is_handed_over_does_its_work(tmp_path: Path, call: str) -> None:
    assert unguarded(tmp_path, call, "") == 1


@pytest.mark.parametrize("call", _CALLS)
def test_what_is_handed_over_takes_care(tmp_path: Path, call: str) -> None:
    assert unguarded(tmp_path, call, _GUARD) == 0


_NEST = """\
import { Controller, Param, Post } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { OrdersService } from './orders.service';

@Controller('orders')
export class OrdersController {
  constructor(private readonly moduleRef: ModuleRef) {}

  @Post(':id/ship')
  async ship(@Param('id') id: string) {
    await this.moduleRef.get(OrdersService).send(id);
    return { ok: true };
  }
}
"""
_SERVICE = """\
import { Order } from './order.model';

export class OrdersService {
  async send(id: string) {
    const order = await Order.findById(id);
    GUARD
    order.status = 'shipped';
    await order.save();
  }
}
"""


@pytest.mark.parametrize(("guard", "found"), [("", 1), ("if (order.status !== 'paid') throw new Error(order.status);", 0)])
def test_a_module_of_nest_hands_over_a_service(tmp_path: Path, guard: str, found: int) -> None:
    model = "import mongoose from 'mongoose';\nexport const Order = mongoose.model('Order', new mongoose.Schema({ status: String }));\n"
    package = '{"dependencies": {"@nestjs/common": "10", "@nestjs/core": "10", "mongoose": "8"}}'
    service = _SERVICE.replace("GUARD", guard)
    write(tmp_path, {"package.json": package, "orders.controller.ts": _NEST, "orders.service.ts": service, "order.model.ts": model})
    assert whatever(tmp_path) == found
