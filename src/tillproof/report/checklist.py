"""The procedure's checklist, filled in from the rulings. An item that no check of this version covers is left unknown, and says so."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from tillproof.contract import ChecklistItem, Obligation, Status, Step
from tillproof.report.wording import count

_MOST_EVIDENCE = 6


class _Item(NamedTuple):
    """One line of the checklist and the checks that settle it: all of them must have ruled for it to be held. ``absent``: what was looked
    for, where nothing of it was found."""

    section: str
    text: str
    checks: tuple[str, ...]
    absent: str


def _items(section: str, *items: tuple[str, str, str]) -> list[_Item]:
    family = {"Tax and shipping": "tax-shipping", "Order lifecycle": "order", "Compliance": "pci"}.get(section, section.lower())
    return [
        _Item(section, text, tuple(name if "/" in name else f"{family}/{name}" for name in names.split()), absent)
        for text, names, absent in items
    ]


_ITEMS: list[_Item] = [
    *_items(
        "Payment",
        ("A webhook's signature is verified before anything is fulfilled", "webhook-unverified webhook-weak-verification",
         "No webhook or IPN handler was found."),
        ("Orders are fulfilled on the provider's confirmation, not on the browser's return", "fulfil-on-redirect",
         "No page that browsers come back to was found that makes an order paid."),
        ("A payment that succeeds later is heard of by webhook or poll", "no-settlement-webhook",
         "No call was found that begins a payment."),
        ("The amount charged comes from the server's own prices", "client-amount",
         "No sum was found that is charged, or stored as what an order costs."),
        ("Amounts are in the provider's unit, with the order's currency", "amount-unit missing-currency",
         "No sum was found that is given to a provider."),
        ("The amount confirmed is compared with the order", "amount-not-reconciled",
         "No entry point was found that makes an order paid on the word of a provider or a browser."),
        ("No test credentials or sandbox endpoints reach production", "test-credentials-in-prod",
         "No test credential, test host or setting of the mode was found."),
        ("Partial captures and refunds are handled, and no capture exceeds its authorisation",
         "capture-exceeds-auth partial-capture-unhandled order/refund-exceeds-capture",
         "No capture was found, and no refund whose amount somebody chooses."),
    ),
    *_items(
        "Idempotency",
        ("Every payment initiation sends an idempotency key that is tied to the order", "missing-key unstable-key",
         "No call was found that moves money."),
        ("The same webhook event twice has one effect", "handler-not-idempotent dedup-race",
         "No handler was found with an effect that must not happen twice."),
        ("Processed events are remembered for at least 24 hours", "dedup-ttl-short",
         "No record of handled events was found that is ever forgotten."),
    ),
    *_items(
        "Inventory",
        ("Concurrent checkouts of one item are kept apart by a reservation or a lock", "oversell-race sync-in-payment",
         "No place was found where stock is taken for a customer."),
        ("Stock is decremented atomically and cannot go below zero", "non-atomic-write no-db-constraint",
         "No write of a stock count was found, and no column that keeps one."),
        ("A catalogue sync survives partial failure: what failed is retried", "sync-drops-failures",
         "No synchronisation of items was found."),
    ),
    *_items(
        "Tax and shipping",
        ("Tax and shipping amounts are computed on the server", "client-tax",
         "No tax or shipping cost was found that is charged or stored."),
        ("The tax engine is given ship-from, ship-to and line items", "incomplete-tax-request",
         "No call of a tax engine was found."),
        ("Shipping rates are cached per quote session", "uncached-rates",
         "No call was found that asks for shipping rates."),
        ("Free-shipping thresholds and discounts are evaluated after discounts", "threshold-before-discount",
         "No threshold for shipping or a discount was found."),
    ),
    *_items(
        "Order lifecycle",
        ("The order's state machine blocks transitions that are not allowed", "unguarded-transition event-order-assumed",
         "No change of an order's state was found that strangers, staff or messages set off."),
        ("Fulfilment events update the order and tell the customer", "fulfilment-not-propagated",
         "No message of a carrier or warehouse was found, and no shipment that is ordered."),
        ("Refunds are bounded by what was captured, and recorded on the order", "refund-exceeds-capture refund-not-recorded",
         "No refund was found."),
        ("A cancellation releases reserved stock before the payment is cancelled", "cancel-order",
         "No cancellation was found that undoes a payment or gives back stock."),
    ),
    *_items(
        "Compliance",
        ("No raw card data reaches our servers", "card-data-on-server",
         "No card field, no form of a provider and no payment page was found."),
        ("No card data is logged, stored or written into the code", "card-data-logged card-data-stored card-data-literal",
         "Nothing was found that logs, stores or writes down what belongs to a payment."),
        ("Secrets are kept out of the code and out of logs", "boundary/hardcoded-secret boundary/secret-logged",
         "No credential was found, neither written down nor read from the settings."),
        ("External systems are reached over TLS, and their certificates are checked", "boundary/insecure-transport",
         "No address or connection option of an external system was found."),
    ),
    *_items(
        "Resilience",
        ("Transient failures are retried with exponential back-off and jitter", "no-timeout no-retry retry-without-backoff",
         "No call of an external system was found that owes it."),
        ("Client errors and declines are not retried", "retry-on-client-error",
         "No repetition of a failed call was found."),
        ("Failed webhook deliveries rest in a dead-letter queue and somebody is told", "swallowed-failure no-dead-letter",
         "No handler or payment step was found whose failure could be lost."),
        ("Every payment event is logged without card details", "payment-event-not-logged",
         "No entry point was found that hears of payments."),
    ),
]  # fmt: skip


def checklist(obligations: Sequence[Obligation], ran: Collection[str]) -> list[ChecklistItem]:
    """Every item with its status. ``ran``: ids of the checks that ruled in this review."""
    return [_filled(item, obligations, ran) for item in _ITEMS]


def _filled(item: _Item, obligations: Iterable[Obligation], ran: Collection[str]) -> ChecklistItem:
    owed = [o for o in obligations if o.check in item.checks]
    status = status_of(owed, all(check in ran for check in item.checks))
    telling = [o for o in owed if o.ruling == status] or owed
    places = {(step.file, step.line): step for step in reversed([telling_step(o) for o in telling])}
    evidence = [places[key] for key in sorted(places)][:_MOST_EVIDENCE]
    return ChecklistItem(
        section=item.section,
        item=item.text,
        status=status,
        evidence=evidence,
        statement=_tally(owed, item, ran),
        checks=list(item.checks),
    )


def _tally(owed: Sequence[Obligation], item: _Item, ran: Collection[str]) -> str:
    """How often it was held, and what of it nobody looked at. It is never left open whether nothing was found or nothing was sought."""
    missing = [check for check in item.checks if check not in ran]
    unseen = f"Not examined: {', '.join(f'`{check}`' for check in missing)}." if missing else ""
    if not owed:
        return unseen if len(missing) == len(item.checks) else f"{item.absent} {unseen}".strip()
    counts = Counter(o.ruling for o in owed)
    told = ", ".join(f"{ruling} at {count(counts[ruling], 'place')}" for ruling in ("broken", "unknown", "held") if counts[ruling])
    return f"{told[:1].upper()}{told[1:]}. {unseen}".strip()


def status_of(obligations: Sequence[Obligation], complete: bool) -> Status:
    """The worst ruling counts. ``complete``: every check that has a say ruled; else nothing is held, and nothing is not applicable."""
    rulings = {o.ruling for o in obligations}
    if "broken" in rulings:
        return "broken"
    if "unknown" in rulings or not complete:
        return "unknown"
    return "held" if rulings else "not-applicable"


def telling_step(obligation: Obligation) -> Step:
    """The one line that says most about a ruling: what is missing, the guard that holds, or the question."""
    if obligation.because is not None:
        return Step(file=obligation.because.file, line=obligation.because.line, note=obligation.because.what, kind="step")
    wanted = {"broken": ("missing", "sink"), "held": ("guard",)}.get(obligation.ruling, ())
    for kind in wanted:
        for step in obligation.evidence:
            if step.kind == kind:
                return step
    if obligation.evidence:
        return obligation.evidence[-1]
    return Step(file=obligation.site.file, line=obligation.site.line, note=obligation.site.kind, kind="step")
