"""Where requests ask for money at payment systems that no pack knows, and where such requests have their sums."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.operations import OperationSite
from tillproof.commerce.strange_calls import begins_payment
from tillproof.knowledge.schema import Operation

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_SUMS = (
    "amount", "total", "price", "value", "Amount", "total_amount", "totalAmount", "order_amount", "orderAmount", "cart_amount",
    "amount.value", "amount.total", "data.amount", "data.attributes.amount", "transaction.amount", "order.amount", "payment.amount",
    "payment_data.amount", "invoice.total_amount", "items[].price", "line_items[].price", "line_items[].amount", "items[].amount",
    "items[].unit_price",
)  # fmt: skip
_CURRENCIES = (
    "currency", "currency_code", "currencyCode", "Currency", "order_currency", "amount.currency", "data.currency", "transaction.currency",
    "order.currency", "payment.currency", "data.attributes.currency",
)  # fmt: skip


def strange_sites(model: "Model") -> Iterator[OperationSite]:
    """The requests that begin a payment there, as operations that take their sum as it is counted."""
    for sending in model.sendings.strange:
        host = begins_payment(model, sending)
        if host:
            operation = Operation(op="checkout.create", amount=_SUMS, currency=_CURRENCIES, money="minor")
            yield OperationSite(model.strangers.at(host), operation, sending.fn, sending.instr, None, False, sending.request)
