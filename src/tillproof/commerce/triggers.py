"""The words that make a file worth a look: what the packs' names are told apart by."""

import re
from collections.abc import Iterable
from functools import lru_cache

from tillproof.knowledge.loader import Knowledge

_WORD = re.compile(r"[a-z_]\w{2,}(?:-\w+)*")
_COMPOUND = re.compile(r"[a-z]_[a-z]|[a-z][A-Z]|^[A-Z][a-z]+[A-Z]")
_COMMON = frozenset(
    [
        "utils",
        "types",
        "info",
        "app",
        "object",
        "tax",
        "json",
        "sale",
        "transactions",
        "common",
        "connect",
        "access",
        "schema",
        "store",
        "calculations",
        "extension",
        "authorize",
        "verify",
        "completed",
        "php",
        "controller",
        "framework",
        "express",
        "sdk",
        "catalog",
        "cloud",
        "playground",
        "apis",
        "laravel",
        "cdn",
        "productvariant",
        "objecttype",
        "collection_id",
        "webhookevent",
        "access_token",
        "cancel_order",
        "cancelorder",
        "payment_status",
        "paymentstatus",
        "refund_payment",
        "capture_payment",
        "void_payment",
        "create_transaction",
        "updateproduct",
        "createproduct",
        "createcustomer",
        "updateorder",
        "deleteorder",
        "createshipment",
        "invoiceitem",
        "invoice_items",
        "notificationtype",
        "fraud_status",
        "checkout_token",
        "order_token",
        "com",
        "net",
        "org",
        "www",
        "api",
        "http",
        "https",
        "checkout",
        "sandbox",
        "test",
        "live",
        "secure",
        "pay",
        "payment",
        "payments",
        "order",
        "orders",
        "token",
        "tokens",
        "session",
        "sessions",
        "request",
        "client",
        "core",
        "services",
        "service",
        "models",
        "default",
        "order_id",
        "transaction_id",
        "customer_id",
        "create_order",
        "createorder",
        "get_order",
        "getorder",
        "create_async",
        "retrieve_async",
        "list_async",
        "payment_method",
        "payment_methods",
        "paymentmethod",
        "paymentmethods",
        "setstatus",
        "set_status",
        "get_items",
        "getitems",
        "update_order",
        "line_items",
        "lineitems",
        "create_payment",
        "createpayment",
        "webhook",
        "webhooks",
        "graphql",
        "rest",
        "status",
        "signature",
        "hmac",
        "amount",
        "currency",
        "billing",
        "merchant",
        "track_number",
        "tracking_number",
        "getproduct",
        "getproducts",
        "getorders",
        "merge_variables",
        "event_type",
        "eventtype",
    ]
)


@lru_cache(maxsize=2)
def words(knowledge: Knowledge) -> frozenset[bytes]:
    """Lower-case trigger words of all provider packs."""
    out: set[str] = set()
    for provider in knowledge.providers.values():
        out.update(_tokens([provider.id, *provider.words]))
        out.update(host.split(".")[-2] for host in (*provider.hosts, *provider.sandbox_hosts) if "." in host)
        for packages in provider.packages.values():
            out.update(_tokens(packages))
        for inbound in provider.inbound:
            out.update(_tokens(inbound.headers))
            out.update(f.lower() for f in inbound.fields if _COMPOUND.search(f) and len(f) > 9)
        for thing in provider.things():
            for calls in thing.calls.values():
                out.update(w.lower() for c in calls for w in re.split(r"[^\w]+", c) if len(w) > 9 and _COMPOUND.search(w))
    return frozenset(w.encode() for w in out - _COMMON if len(w) > 2)


def _tokens(texts: Iterable[str]) -> set[str]:
    return {w for t in texts for w in _WORD.findall(t.lower())}
