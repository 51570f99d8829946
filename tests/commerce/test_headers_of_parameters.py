"""A header that a handler is handed as a parameter says who sends what it takes, as one that it reads by itself does."""

from pathlib import Path

from tests.commerce.small_models import model_of

_CONTROLLER = """\
import { Body, Controller, Headers, Post } from '@nestjs/common';
import { OrdersService } from './orders.service';

@Controller('payments')
export class PaymentsController {
  constructor(private readonly orders: OrdersService) {}

  @Post('webhook')
  async take(@Headers('HEADER') signature: string, @Body() message: any) {
    return this.orders.settle(message.reference, signature);
  }
}
"""
_SERVICE = """\
import { Injectable } from '@nestjs/common';
import { PrismaService } from './prisma.service';

@Injectable()
export class OrdersService {
  constructor(private readonly prisma: PrismaService) {}

  async settle(reference: string, signature: string) {
    return this.prisma.order.update({ where: { reference }, data: { status: 'PAID', signature } });
  }
}
"""


def _senders(root: Path, header: str) -> list[tuple[str, str]]:
    package = '{"dependencies": {"@nestjs/common": "10", "razorpay": "2"}}'
    files = {
        "package.json": package,
        "src/orders.service.ts": _SERVICE,
        "src/payments.controller.ts": _CONTROLLER.replace("HEADER", header),
    }
    return [(h.provider.id, h.evidence) for h in model_of(root, files)[0].handlers.all]


def test_a_header_that_a_decorator_names_tells_whose_message_it_is(tmp_path: Path) -> None:
    assert _senders(tmp_path, "x-razorpay-signature") == [("razorpay", "it reads the provider's signature header")]


def test_a_header_of_nobody_names_no_provider(tmp_path: Path) -> None:
    assert [provider for provider, _ in _senders(tmp_path, "x-request-id")] != ["razorpay"]
