"""The mistakes that are planted in the leaky shops, and what follows from them."""

from typing import NamedTuple


class Plant(NamedTuple):
    """A mistake, by a text on the line where one must be told of it. The shops themselves mark nothing."""

    shop: str
    check: str
    severity: str
    file: str
    marker: str


def _python(check: str, severity: str, file: str, marker: str) -> Plant:
    return Plant("leaky-shop", check, severity, file, marker)


def _typescript(check: str, severity: str, file: str, marker: str) -> Plant:
    return Plant("leaky-shop-ts", check, severity, file, marker)


PLANTS = [
    _python("boundary/hardcoded-secret", "high", "shop/settings.py", 'env.get("TAXJAR_API_KEY"'),
    _python("boundary/insecure-transport", "high", "shop/partners/erp.py", "verify=False"),
    _python("boundary/secret-logged", "high", "shop/payments/paypal_client.py", 'logger.info("PayPal token'),
    _python("idempotency/dedup-race", "medium", "shop/services/payment_events.py", "session.scalar(known) is not None"),
    _python("idempotency/dedup-ttl-short", "medium", "shop/services/shipments.py", "cache.set(mark"),
    _python("idempotency/handler-not-idempotent", "critical", "shop/services/gift_cards.py", "balance_cents=GiftCard.balance_cents +"),
    # … and the buyer is told as often as the card is filled.
    _python("idempotency/handler-not-idempotent", "medium", "shop/routes/gift_cards.py", "mail.gift_card_paid"),
    _python("idempotency/missing-key", "medium", "shop/payments/stripe_client.py", "stripe.PaymentIntent.create("),
    _python("idempotency/missing-key", "medium", "shop/payments/stripe_client.py", "stripe.Refund.create("),
    _python("idempotency/missing-key", "low", "shop/payments/stripe_client.py", "stripe.PaymentIntent.cancel("),
    _python("idempotency/missing-key", "low", "shop/payments/stripe_client.py", "stripe.PaymentIntent.capture("),
    _python("idempotency/missing-key", "high", "shop/payments/paypal_client.py", "refund = self._send("),
    _python("idempotency/missing-key", "low", "shop/payments/paypal_client.py", '/capture", json={})'),
    _python("idempotency/unstable-key", "medium", "shop/payments/paypal_client.py", '"PayPal-Request-Id": str(uuid.uuid4())'),
    _python("inventory/no-db-constraint", "medium", "shop/models.py", "stock: Mapped[int]"),
    _python("inventory/non-atomic-write", "high", "shop/services/stock.py", "product.stock = product.stock + quantity"),
    _python("inventory/oversell-race", "high", "shop/services/stock.py", "if product.stock < quantity:"),
    _python("inventory/sync-drops-failures", "high", "shop/services/stock_sync.py", "except Exception:"),
    _python("inventory/sync-in-payment", "medium", "shop/routes/checkout.py", "erp.announce(order)"),
    _python("order/cancel-order", "medium", "shop/routes/checkout.py", "orders.move(session, order, OrderStatus.CANCELLED)"),
    _python("order/event-order-assumed", "medium", "shop/services/payment_events.py", "order.status = OrderStatus.PENDING"),
    _python("order/fulfilment-not-propagated", "medium", "shop/services/shipments.py", "order.parcel_status = "),
    _python("order/refund-exceeds-capture", "medium", "shop/routes/admin.py", "refunds.credit("),
    _python("order/refund-not-recorded", "medium", "shop/payments/stripe_client.py", "stripe.Refund.create("),
    _python("order/refund-not-recorded", "medium", "shop/payments/paypal_client.py", "self._http.request(method, path, headers=headers"),
    _python("order/unguarded-transition", "medium", "shop/routes/admin.py", "order.status = OrderStatus.SHIPPED"),
    # A denial that comes late opens a paid order again, and the gift card is filled whatever state it is in: found by these checks too.
    _python("order/unguarded-transition", "high", "shop/services/payment_events.py", "order.status = OrderStatus.PENDING"),
    _python("order/unguarded-transition", "high", "shop/services/gift_cards.py", "balance_cents=GiftCard.balance_cents +"),
    _python("payment/amount-not-reconciled", "critical", "shop/services/checkout.py", "orders.mark_paid(session, order)"),
    _python("payment/amount-unit", "high", "shop/routes/admin.py", "int(wanted.amount * 100)"),
    _python("payment/capture-exceeds-auth", "medium", "shop/payments/stripe_client.py", "stripe.PaymentIntent.capture("),
    _python("payment/client-amount", "critical", "shop/services/orders.py", "unit_price_cents=line.unit_price_cents"),
    _python("payment/client-amount", "critical", "shop/payments/stripe_client.py", "stripe.PaymentIntent.create("),
    _python("payment/fulfil-on-redirect", "critical", "shop/routes/checkout.py", "orders.mark_paid(session, order)"),
    _python("payment/missing-currency", "medium", "shop/payments/mollie_client.py", '"currency": "EUR"'),
    _python("payment/no-settlement-webhook", "high", "shop/payments/mollie_client.py", "response = self._http.request("),
    _python("payment/partial-capture-unhandled", "medium", "shop/services/captures.py", "orders.move(session, order, OrderStatus.PAID)"),
    _python("payment/test-credentials-in-prod", "medium", "shop/settings.py", '"https://api-m.sandbox.paypal.com"'),
    _python("payment/webhook-unverified", "critical", "shop/routes/webhooks.py", "def stripe_webhook("),
    _python("payment/webhook-weak-verification", "critical", "shop/security.py", "if not webhook_id:"),
    _python("payment/webhook-weak-verification", "critical", "shop/security.py", 'if "paypal-transmission-sig" in headers'),
    _python("pci/card-data-literal", "critical", "scripts/phone_order.py", '"card_number": '),
    _python("pci/card-data-logged", "critical", "shop/routes/admin.py", 'logger.info("phone order of'),
    _python("pci/card-data-on-server", "critical", "shop/routes/admin.py", "card_number: str"),
    _python("pci/card-data-on-server", "high", "shop/routes/admin.py", 'logger.info("phone order of'),
    _python("pci/card-data-on-server", "high", "shop/payments/stripe_client.py", 'card = {"number": number'),
    _python("pci/card-data-stored", "critical", "shop/models.py", "card_number: Mapped[str]"),
    _python("resilience/no-dead-letter", "medium", "shop/routes/webhooks.py", 'logger.exception("PayPal event'),
    _python("resilience/no-retry", "low", "shop/partners/tax.py", "response = self._http.post("),
    _python("resilience/no-timeout", "medium", "shop/partners/carrier.py", "timeout=None"),
    _python("resilience/payment-event-not-logged", "low", "shop/routes/gift_cards.py", "def thanks_page("),
    _python("resilience/retry-on-client-error", "medium", "shop/payments/mollie_client.py", "except httpx.HTTPError as error:"),
    _python("resilience/retry-without-backoff", "medium", "shop/partners/carrier.py", "time.sleep(1)"),
    _python("resilience/swallowed-failure", "high", "shop/routes/webhooks.py", 'logger.exception("PayPal event'),
    _python("tax-shipping/client-tax", "critical", "shop/routes/checkout.py", "shipping_cents=wanted.shipping_cents"),
    _python("tax-shipping/incomplete-tax-request", "medium", "shop/partners/tax.py", "response = self._http.post("),
    _python("tax-shipping/threshold-before-discount", "medium", "shop/pricing.py", "0 if items_total_cents >="),
    _python("tax-shipping/uncached-rates", "medium", "shop/partners/carrier.py", 'self._http.post("/v2/shipments"'),
    _typescript("boundary/hardcoded-secret", "high", "src/settings.ts", "env.TAXJAR_API_KEY"),
    _typescript("boundary/insecure-transport", "high", "src/partners/erp.ts", "rejectUnauthorized: false"),
    _typescript("boundary/secret-logged", "high", "src/payments/paypal.ts", "log.info({ access_token:"),
    _typescript("idempotency/dedup-race", "medium", "src/events.ts", "if (known !== null)"),
    _typescript("idempotency/dedup-ttl-short", "medium", "src/shipments.ts", "redis.set(mark"),
    _typescript("idempotency/handler-not-idempotent", "critical", "src/checkout.ts", "points: { increment: points }"),
    _typescript("idempotency/missing-key", "medium", "src/payments/stripe.ts", "stripe.paymentIntents.create("),
    _typescript("idempotency/missing-key", "low", "src/payments/stripe.ts", "stripe.paymentIntents.capture("),
    _typescript("idempotency/missing-key", "low", "src/payments/stripe.ts", "stripe.paymentIntents.cancel("),
    _typescript("idempotency/missing-key", "medium", "src/payments/stripe.ts", "stripe.refunds.create("),
    _typescript("idempotency/missing-key", "critical", "src/refunds.ts", "await paypal.refund("),
    _typescript("idempotency/unstable-key", "medium", "src/payments/paypal.ts", "${Date.now()}"),
    _typescript("inventory/no-db-constraint", "medium", "prisma/schema.prisma", "stock       Int"),
    _typescript("inventory/non-atomic-write", "high", "src/stock.ts", "data: { stock: product.stock + quantity }"),
    _typescript("inventory/oversell-race", "high", "src/stock.ts", "if (product.stock < quantity)"),
    _typescript("inventory/sync-drops-failures", "high", "src/stockSync.ts", "} catch {"),
    _typescript("inventory/sync-in-payment", "medium", "src/routes/checkout.ts", "await checkout.startPayment(tx, order)"),
    _typescript("order/cancel-order", "medium", "src/routes/checkout.ts", "orders.move(prisma, order, 'cancelled')"),
    _typescript("order/event-order-assumed", "medium", "src/events.ts", "data: { status: 'pending' }"),
    _typescript("order/event-order-assumed", "medium", "src/shipments.ts", "data: { parcelStatus: tracker.status }"),
    _typescript("order/fulfilment-not-propagated", "medium", "src/shipments.ts", "data: { parcelStatus: tracker.status }"),
    _typescript("order/refund-exceeds-capture", "medium", "src/routes/admin.ts", "await refund(order, Math.floor("),
    _typescript("order/refund-not-recorded", "medium", "src/payments/stripe.ts", "stripe.refunds.create("),
    _typescript("order/refund-not-recorded", "medium", "src/http.ts", "await fetch(url"),
    _typescript("order/unguarded-transition", "medium", "src/routes/admin.ts", "data: { status: 'shipped'"),
    _typescript("order/unguarded-transition", "high", "src/events.ts", "data: { status: 'pending' }"),
    _typescript("payment/amount-not-reconciled", "critical", "src/checkout.ts", "return orders.markPaid("),
    _typescript("payment/amount-not-reconciled", "critical", "src/routes/checkout.ts", "await orders.markPaid("),
    _typescript("payment/amount-unit", "high", "src/routes/admin.ts", "Math.floor(req.body.amount * 100)"),
    _typescript("payment/capture-exceeds-auth", "medium", "src/payments/stripe.ts", "stripe.paymentIntents.capture("),
    _typescript("payment/client-amount", "critical", "src/orders.ts", "totalCents: quote.totalCents"),
    _typescript("payment/fulfil-on-redirect", "critical", "src/routes/checkout.ts", "await orders.markPaid("),
    _typescript("payment/missing-currency", "medium", "src/payments/stripe.ts", "currency: 'eur'"),
    _typescript("payment/no-settlement-webhook", "high", "src/events.ts", "switch (event.event_type)"),
    _typescript("payment/partial-capture-unhandled", "medium", "src/captures.ts", "orders.move(prisma, order, 'paid')"),
    _typescript("payment/test-credentials-in-prod", "medium", "src/settings.ts", "'https://api-m.sandbox.paypal.com'"),
    _typescript("payment/webhook-unverified", "critical", "src/routes/webhooks.ts", "router.post('/stripe'"),
    _typescript("payment/webhook-weak-verification", "critical", "src/routes/webhooks.ts", "if (req.get('paypal-transmission-sig')"),
    _typescript("pci/card-data-literal", "critical", "scripts/phone-order.ts", "cardNumber: '"),
    _typescript("pci/card-data-logged", "critical", "src/routes/admin.ts", "log.info({ email, cardNumber }"),
    _typescript("pci/card-data-on-server", "critical", "src/routes/admin.ts", "cardNumber: z.string()"),
    _typescript("pci/card-data-on-server", "high", "src/routes/admin.ts", "= PhoneOrder.parse(req.body)"),
    _typescript("pci/card-data-stored", "critical", "prisma/schema.prisma", "cardNumber String"),
    _typescript("resilience/no-dead-letter", "medium", "src/routes/webhooks.ts", "log.error(`PayPal event"),
    _typescript("resilience/no-retry", "low", "src/partners/taxjar.ts", "await fetch('https://api.taxjar.com"),
    _typescript("resilience/no-timeout", "medium", "src/partners/easypost.ts", "axios.create("),
    _typescript("resilience/payment-event-not-logged", "low", "src/routes/checkout.ts", "router.get('/checkout/success'"),
    _typescript("resilience/payment-event-not-logged", "low", "src/routes/checkout.ts", "router.get('/checkout/paypal/return'"),
    # The PayPal handler hears of denials alone, and says nothing of them.
    _typescript("resilience/payment-event-not-logged", "low", "src/routes/webhooks.ts", "router.post('/paypal'"),
    _typescript("resilience/retry-on-client-error", "medium", "src/http.ts", "await fetch(url"),
    _typescript("resilience/retry-without-backoff", "medium", "src/partners/easypost.ts", "await sleep(1000)"),
    _typescript("resilience/swallowed-failure", "high", "src/routes/webhooks.ts", "log.error(`PayPal event"),
    _typescript("tax-shipping/client-tax", "critical", "src/orders.ts", "tx.order.create("),
    _typescript("tax-shipping/incomplete-tax-request", "medium", "src/partners/taxjar.ts", "await fetch('https://api.taxjar.com"),
    _typescript("tax-shipping/threshold-before-discount", "medium", "src/pricing.ts", "itemsTotalCents >="),
    _typescript("tax-shipping/uncached-rates", "medium", "src/partners/easypost.ts", "easypost.post('/v2/shipments'"),
]

# What is not found yet, though it is planted plainly: (shop, check).
MISSED: set[tuple[str, str]] = set()
