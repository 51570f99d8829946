"""What a route queues is done by the worker whose job has that name, and by no other."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

_PROCESSOR = """\
import { Processor, WorkerHost } from '@nestjs/bullmq';
import { Job } from 'bullmq';
import { PrismaClient } from '@prisma/client';
const prisma = new PrismaClient();

@Processor('orders')
export class JobsProcessor extends WorkerHost {
  async process(job: Job) {
    switch (job.name) {
      case 'settled':
        await prisma.order.update({ where: { id: job.data.orderId }, data: { status: 'PAID' } });
        break;
      case 'seen':
        await prisma.visit.create({ data: { orderId: job.data.orderId } });
        break;
    }
  }
}
"""
_CONTROLLER = """\
import { Controller, Get, Param } from '@nestjs/common';
import { InjectQueue } from '@nestjs/bullmq';
import { Queue } from 'bullmq';

@Controller('orders')
export class OrdersController {
  constructor(@InjectQueue('orders') private readonly queue: Queue) {}

  @Get(':id/success')
  async success(@Param('id') orderId: string) {
    await this.queue.add('JOB', { orderId });
    return { orderId };
  }
}
"""


@pytest.mark.parametrize(("job", "pays"), [("settled", True), ("seen", False)])
def test_a_route_does_what_the_job_does_that_it_queues(tmp_path: Path, job: str, pays: bool) -> None:
    package = '{"dependencies": {"@nestjs/common": "10", "@nestjs/bullmq": "10", "bullmq": "5", "@prisma/client": "5", "stripe": "14"}}'
    sources = {"package.json": package, "src/jobs.ts": _PROCESSOR, "src/orders.ts": _CONTROLLER.replace("JOB", job)}
    write(tmp_path, sources)
    found = review(tmp_path, Settings(use_cache=False, checks=("payment/fulfil-on-redirect",))).findings
    assert bool(found) is pays
