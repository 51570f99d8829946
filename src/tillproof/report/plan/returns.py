"""Scenarios for a confirmation that is none: the browser's return without a payment, and a payment that is not this order's."""

from collections.abc import Iterator, Sequence

from tillproof.contract import Handler
from tillproof.report.plan import shell
from tillproof.report.plan.draft import CUSTOMER, ORDER, READ_ORDER, STAGING, Draft, Ground, lines, told
from tillproof.report.plan.sent import Sent, owed_by, route_of, sent_to, set_up, to_all, write
from tillproof.report.wording import count

RETURN = ("payment/fulfil-on-redirect",)
RECONCILED = ("payment/amount-not-reconciled",)
_CHEAP = (
    "Two orders are placed by the same customer: a cheap one that is paid in test mode, CHEAP_PAYMENT_ID is the provider's id of its "
    "payment; and one worth a hundred times as much that is not paid, ORDER_ID is its number"
)


def scenarios(ground: Ground) -> Iterator[Draft]:
    """Provider by provider: returns without a payment, then payments of another amount or order."""
    found: dict[str, list[Handler]] = {}
    for handler in ground.handlers:
        if handler.kind == "redirect-return":
            found.setdefault(handler.provider, []).append(handler)
    for system, handlers in found.items():
        yield _unpaid(ground, system, handlers)
    messages = sent_to(ground)
    for system in dict.fromkeys([*(sent.system for sent in messages), *found]):
        yield from _underpaid(ground, system, [sent for sent in messages if sent.system == system], found.get(system, []))


def _opened(ground: Ground, handlers: Sequence[Handler], query: str) -> list[str]:
    """Requests for the addresses that a browser comes back to."""
    requests = []
    for handler in handlers:
        route = route_of(handler)
        message = ground.surface.messages.get((handler.file, handler.line))
        url = "$STAGING_URL" + shell.path(route) + ("" if "?" in route else query)
        requests.append(shell.curl(message.method if message else "GET", route, "-H @customer.headers", url=url))
    return list(dict.fromkeys(requests))


def _unpaid(ground: Ground, system: str, handlers: Sequence[Handler]) -> Draft:
    owed = owed_by(ground, handlers, RETURN)
    requests = _opened(ground, handlers, "?order_id=$ORDER_ID&payment_id=never_paid&session_id=never_paid&status=success")
    return Draft(
        "unpaid-return",
        f"Return without payment: {ground.name(system)}, {count(len(handlers), 'route')}",
        told(
            owed,
            "A customer can open these addresses by hand; only the provider's own word may make an order paid.",
            "One of these addresses was found to mark the order paid without asking the provider.",
            "It could not be decided whether each of these addresses asks the provider first.",
        ),
        [STAGING, ORDER, CUSTOMER],
        [
            "Start a checkout and leave the provider's page without paying",
            lines("Open each address that a paying customer comes back to", *requests),
            READ_ORDER,
        ],
        "The order is still unpaid, nothing is shipped or unlocked; the page may say that the payment is pending.",
        owed,
        not owed and any(handler.verified == "unknown" for handler in handlers),
    )


def _underpaid(ground: Ground, system: str, messages: Sequence[Sent], returns: Sequence[Handler]) -> Iterator[Draft]:
    """A genuine payment is not yet the payment of this order."""
    owed = owed_by(ground, [*(h for sent in messages for h in sent.handlers), *returns], RECONCILED)
    if not owed:
        return
    steps = []
    for sent in messages:
        if sent.recorded:
            steps.append(f"Let {sent.name} deliver the message about the cheap payment once more, changed nowhere, and read both orders")
            continue
        deliver = to_all(sent, f'{sent.deliver} {sent.file("underpaid")} "$ROUTE"')
        steps.append(
            lines(
                f"Deliver a genuine {sent.name} message that says that one unit of another currency was paid for the expensive order",
                "AMOUNT=1; MAJOR_AMOUNT=0.01; CURRENCY=jpy; PAYMENT_ID=$CHEAP_PAYMENT_ID",
                *write(sent, "underpaid", sent.event).split("\n")[1:],
                deliver,
            )
        )
    if returns:
        query = "?order_id=$ORDER_ID&payment_id=$CHEAP_PAYMENT_ID&session_id=$CHEAP_PAYMENT_ID&status=success"
        told_of = "Come back for the expensive order with the payment of the cheap one (put each id where the address expects it)"
        steps.append(lines(told_of, *_opened(ground, returns, query)))
    conditions = [condition for sent in messages for condition in set_up(sent) if condition != ORDER]
    yield Draft(
        "underpaid",
        f"A genuine payment of another amount, currency or order: {ground.name(system)}",
        told(
            owed,
            "The confirmation is compared with the order; this shows it on the deployed shop.",
            "A confirmation was found to make an order paid without a comparison of amount, currency and order.",
            "It could not be decided whether a confirmation is compared with the order that it pays.",
        ),
        [STAGING, _CHEAP, *(condition for condition in conditions if condition != STAGING), *([CUSTOMER] if returns else [])],
        [*steps, READ_ORDER],
        "The expensive order is not paid; the shop notes that the amount differs and tells a person. The cheap order stays as it was.",
        owed,
    )
