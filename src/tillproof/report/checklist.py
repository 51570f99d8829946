"""The procedure's checklist, filled in from the rulings. An item that no check of this version covers is left unknown, and says so."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from tillproof.contract import ChecklistItem, Obligation, Status, Step
from tillproof.report.wording import count

_MOST_EVIDENCE = 6


class _Item(NamedTuple):
    """One line of the checklist and the checks that settle it: all of them must have ruled for it to be held."""

    section: str
    text: str
    checks: tuple[str, ...]


def _items(section: str, *items: tuple[str, str]) -> list[_Item]:
    family = {"Tax and shipping": "tax-shipping", "Order lifecycle": "order", "Compliance": "pci"}.get(section, section.lower())
    return [_Item(section, text, tuple(name if "/" in name else f"{family}/{name}" for name in names.split())) for text, names in items]


_ITEMS: list[_Item] = [
    *_items(
        "Payment",
        ("A webhook's signature is verified before anything is fulfilled", "webhook-unverified webhook-weak-verification"),
        ("Orders are fulfilled on the provider's confirmation, not on the browser's return", "fulfil-on-redirect"),
        ("A payment that succeeds later is heard of by webhook or poll", "no-settlement-webhook"),
        ("The amount charged comes from the server's own prices", "client-amount"),
        ("Amounts are in the provider's unit, with the order's currency", "amount-unit missing-currency"),
        ("The amount confirmed is compared with the order", "amount-not-reconciled"),
        ("No test credentials or sandbox endpoints reach production", "test-credentials-in-prod"),
        ("Partial captures and refunds are handled, and no capture exceeds its authorisation",
         "capture-exceeds-auth partial-capture-unhandled order/refund-exceeds-capture"),
    ),
    *_items(
        "Idempotency",
        ("Every payment initiation sends an idempotency key that is tied to the order", "missing-key unstable-key"),
        ("The same webhook event twice has one effect", "handler-not-idempotent dedup-race"),
        ("Processed events are remembered for at least 24 hours", "dedup-ttl-short"),
    ),
    *_items(
        "Inventory",
        ("Concurrent checkouts of one item are kept apart by a reservation or a lock", "oversell-race sync-in-payment"),
        ("Stock is decremented atomically and cannot go below zero", "non-atomic-write no-db-constraint"),
        ("A catalogue sync survives partial failure: what failed is retried", "sync-drops-failures"),
    ),
    *_items(
        "Tax and shipping",
        ("Tax and shipping amounts are computed on the server", "client-tax"),
        ("The tax engine is given ship-from, ship-to and line items", "incomplete-tax-request"),
        ("Shipping rates are cached per quote session", "uncached-rates"),
        ("Free-shipping thresholds and discounts are evaluated after discounts", "threshold-before-discount"),
    ),
    *_items(
        "Order lifecycle",
        ("The order's state machine blocks transitions that are not allowed", "unguarded-transition event-order-assumed"),
        ("Fulfilment events update the order and tell the customer", "fulfilment-not-propagated"),
        ("Refunds are bounded by what was captured, and recorded on the order", "refund-exceeds-capture refund-not-recorded"),
        ("A cancellation releases reserved stock before the payment is cancelled", "cancel-order"),
    ),
    *_items(
        "Compliance",
        ("No raw card data reaches our servers", "card-data-on-server"),
        ("No card data is logged, stored or written into the code", "card-data-logged card-data-stored card-data-literal"),
        ("Secrets are kept out of the code and out of logs", "boundary/hardcoded-secret boundary/secret-logged"),
        ("External systems are reached over TLS, and their certificates are checked", "boundary/insecure-transport"),
    ),
    *_items(
        "Resilience",
        ("Transient failures are retried with exponential back-off and jitter", "no-timeout no-retry retry-without-backoff"),
        ("Client errors and declines are not retried", "retry-on-client-error"),
        ("Failed webhook deliveries rest in a dead-letter queue and somebody is told", "swallowed-failure no-dead-letter"),
        ("Every payment event is logged without card details", "payment-event-not-logged"),
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
        statement=tally(owed, item.checks, ran),
        checks=list(item.checks),
    )


def tally(owed: Sequence[Obligation], checks: Sequence[str], ran: Collection[str]) -> str:
    """How often it was held, and what of it nobody looked at. It is never left open whether nothing was found or nothing was sought."""
    missing = [check for check in checks if check not in ran]
    unseen = f"Not examined: {', '.join(f'`{check}`' for check in missing)}." if missing else ""
    if not owed:
        return unseen if len(missing) == len(checks) else f"Nothing was found that owes it. {unseen}".strip()
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
