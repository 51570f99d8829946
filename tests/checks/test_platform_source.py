"""Plugins beside the platform's own source: what packs say of the platform holds there too."""

from pathlib import Path

from tests.checks.test_stock import ruled
from tests.commerce.small_models import model_of

_CORE = {
    "packages/core/package.json": '{"name": "@vendure/core", "version": "2.0.0"}',
    "packages/core/src/index.ts": "export * from './service';\n",
    "packages/core/src/service/index.ts": "export { OrderService } from './order.service';\n",
    "packages/core/src/service/order.service.ts": """\
import { Injectable } from '@nestjs/common';
import { TransactionalConnection } from '../connection';

@Injectable()
export class OrderService {
    constructor(private connection: TransactionalConnection, private machine: Machine) {}

    async findOneByCode(ctx, code: string) {
        return this.connection.getRepository(ctx, Order).findOne({ where: { code } });
    }

    async addPaymentToOrder(ctx, orderId: string, input: PaymentInput) {
        const order = await this.findOne(ctx, orderId);
        const payment = await this.connection.getRepository(ctx, Payment).save(new Payment({ ...input }));
        await this.machine.transition(ctx, order, payment.state);
        return order;
    }
}
""",
    "packages/payments/package.json": '{"name": "payments", "dependencies": {"@vendure/core": "2.0.0", "stripe": "14"}}',
}
_CONTROLLER = """\
import { Controller, Headers, Post, Req, Res } from '@nestjs/common';
import { OrderService } from '@vendure/core';
import Stripe from 'stripe';

const stripe = new Stripe(process.env.STRIPE_KEY);

@Controller('payments')
export class StripeController {
    constructor(private orders: OrderService) {}

    @Post('stripe')
    async webhook(@Headers('stripe-signature') signature: string, @Req() request, @Res() response) {
        const event = stripe.webhooks.constructEvent(request.rawBody, signature, process.env.WEBHOOK_SECRET);
        if (event.type !== 'payment_intent.succeeded') {
            return response.status(200).send('ignored');
        }
        const intent = event.data.object;
        const order = await this.orders.findOneByCode(null, intent.metadata.orderCode);
        await this.orders.addPaymentToOrder(null, order.id, { method: 'stripe', metadata: { PAID } });
        return response.status(200).send('ok');
    }
}
"""


def _rulings(root: Path, check: str, files: dict[str, str]) -> list[str]:
    return [outcome for outcome, _, _ in ruled(root, check, files)]


def _tree(paid: str) -> dict[str, str]:
    return {**_CORE, "packages/payments/src/stripe.controller.ts": _CONTROLLER.replace("PAID", paid)}


def test_a_platform_is_known_where_its_own_source_lies_beside_the_plugin(tmp_path: Path) -> None:
    check = "payment/amount-not-reconciled"
    assert _rulings(tmp_path / "broken", check, _tree("id: intent.id")) == ["broken"]
    assert _rulings(tmp_path / "sound", check, _tree("id: intent.id, amount: intent.amount_received")) == ["held"]


_GATEWAY = """\
<?php
class Acme_Gateway extends WC_Payment_Gateway {
    public function process_payment( $order_id ) {
        $order = wc_get_order( $order_id );
        return array( 'result' => 'success', 'redirect' => $this->get_return_url( $order ) );
    }
}
"""
_OWN = "<?php\nabstract class WC_Payment_Gateway {\n    public function process_payment( $order_id ) {\n        return array();\n    }\n}\n"


def test_a_gateway_is_one_where_its_base_class_is_seen(tmp_path: Path) -> None:
    alone = {"plugins/acme/gateway.php": _GATEWAY}
    beside = {**alone, "plugins/shop/includes/abstract-wc-payment-gateway.php": _OWN}
    for name, files in (("alone", alone), ("beside", beside)):
        entries = model_of(tmp_path / name, files)[0].entries
        assert [(e.target.fn.file, e.role) for e in entries] == [("plugins/acme/gateway.php", "platform")]


_PICKED = """\
import { Controller, Post, Req } from '@nestjs/common';
import { OrderService } from '@vendure/core';
import createMollieClient from '@mollie/api-client';

@Controller('payments')
export class MollieController {
    constructor(private orders: OrderService) {}

    @Post('mollie')
    async webhook(@Req() request) {
        const mollie = createMollieClient({ apiKey: process.env.MOLLIE_KEY });
        const paid = await mollie.payments.get(request.body.id);
        if (paid.status !== 'paid') return;
        const order = await this.orders.findOneByCode(null, paid.metadata.orderCode);
        const payment = order.payments.find(p => PICK);
        await this.orders.settlePayment(null, payment.id);
    }
}
"""


def test_a_payment_that_is_picked_by_the_providers_id_is_that_one(tmp_path: Path) -> None:
    check = "payment/amount-not-reconciled"
    package = {"package.json": '{"dependencies": {"@vendure/core": "2.0.0", "@mollie/api-client": "3"}}'}
    for name, pick, ruling in (("sound", "p.transactionId === paid.id", "held"), ("broken", "p.method === 'mollie'", "broken")):
        files = {**package, "src/mollie.controller.ts": _PICKED.replace("PICK", pick)}
        assert _rulings(tmp_path / name, check, files) == [ruling]
