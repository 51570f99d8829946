"""Scenarios for a confirmation that is none: the browser's return without a payment, and a payment that is not this order's."""

from collections.abc import Iterator, Sequence

from tillproof.contract import Handler, Obligation
from tillproof.report.plan import shell
from tillproof.report.plan.draft import CUSTOMER, ORDER, READ_ORDER, STAGING, Draft, Ground, asked_by, holes, lines, most, places, told
from tillproof.report.plan.request import as_form, json_of, query, send, send_all, sends_body
from tillproof.report.plan.request import write as write_body
from tillproof.report.plan.sent import Sent, owed_by, route_of, sent_to, set_up, to_all, write
from tillproof.report.wording import count

BEGINS = ("payment.create", "checkout.create")
RETURN = ("payment/fulfil-on-redirect",)
RECONCILED = ("payment/amount-not-reconciled",)
_REDELIVERED = "Let {name} deliver the message about the cheap payment once more, changed nowhere, and read both orders"
_ASKED_BACK = (
    "Copy the form or link by which the shop sends a customer of the expensive order to {name}, set its amount to 0.01, then its currency "
    "to another, then its receiver to a second test account, pay each in test mode, and let {name} send its genuine message"
)
_CHEAP = (
    "Two orders are placed by the same customer: a cheap one that is paid in test mode, CHEAP_PAYMENT_ID is the provider's id of its "
    "payment; and one worth a hundred times as much that is not paid, ORDER_ID is its number"
)


_BROWSER = (
    (
        RETURN,
        "unpaid-return",
        "The browser says that it paid",
        "As the page does after a payment, say that the expensive order was paid, without paying",
        "A request of the browser was found to make an order paid without the provider's word.",
    ),
    (
        RECONCILED,
        "underpaid",
        "A genuine payment of another order",
        "As the page does after a payment, name the expensive order and the payment of the cheap one",
        "A confirmation was found to make an order paid without a comparison of amount, currency and order.",
    ),
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
    yield from _told_by_browser(ground)


def _told_by_browser(ground: Ground) -> Iterator[Draft]:
    """Routes of our own pages that say that something was paid."""
    known = {o.id for o in owed_by(ground, ground.handlers, (*RETURN, *RECONCILED))}
    for checks, kind, title, what, why in _BROWSER:
        owed = [o for o in ground.owed(*checks, open_only=True) if o.id not in known]
        if not owed:
            continue
        ways = list(most(ground.asked(owed)))
        yield Draft(
            kind,
            title + (f": {', '.join(f'{w.method} {shell.path(w.route)}' for w in ways)}" if ways else ""),
            told(owed, "", why, "It could not be decided whether the provider is asked, and for the payment of this order."),
            [STAGING, _CHEAP, *asked_by(ways), *as_form(ways), *holes(w.route for w in ways)],
            [
                lines(f"{what} (of the cheap order: `CHEAP_PAYMENT_ID`)", *send_all(ways, ground.words, "paid")) if ways
                else f"{what}. The code: {places(owed)}",
                READ_ORDER,
            ],
            "The expensive order is not paid, nothing is shipped or unlocked, and the cheap order stays as it was.",
            owed,
        )  # fmt: skip


def _opened(ground: Ground, handlers: Sequence[Handler], payment: str) -> list[str]:
    """Requests for the addresses that a browser comes back to, with the pieces that each reads."""
    requests = []
    for handler in handlers:
        route = route_of(handler)
        message = ground.surface.messages.get((handler.file, handler.line))
        method, fields, form = (message.method, message.fields, message.form) if message else ("GET", (), False)
        if method in ("POST", "PUT", "PATCH") and fields:
            sent = (
                f'-d "{query(fields, payment)[1:]}"' if form else f"-H 'Content-Type: application/json' -d \"{json_of(fields, payment)}\""
            )
            requests.append(shell.curl(method, route, "-H @customer.headers", sent))
            continue
        asked = query(fields, payment)
        joined = asked if "?" not in route else "&" + asked[1:] if fields and asked else ""
        requests.append(shell.curl(method, route, "-H @customer.headers", url="$STAGING_URL" + shell.path(route) + joined))
    return list(dict.fromkeys(requests))


def _filling(requests: Sequence[str]) -> str:
    return " (`<…>`: fill in)" if any("<" in request for request in requests) else ""


def _unpaid(ground: Ground, system: str, handlers: Sequence[Handler]) -> Draft:
    owed = owed_by(ground, handlers, RETURN)
    requests = _opened(ground, handlers, "never_paid")
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
            lines("Open each address that a paying customer comes back to" + _filling(requests), *requests),
            READ_ORDER,
        ],
        "The order is still unpaid, nothing is shipped or unlocked; the page may say that the payment is pending.",
        owed,
        not owed and any(handler.verified == "unknown" for handler in handlers),
    )


def _begun(ground: Ground, owed: Sequence[Obligation]) -> Iterator[str]:
    """Where the request that begins a payment names its order: the cheap cart under the name of the expensive order."""
    shown = {(step.file, step.line) for o in owed if o.ruling == "broken" for step in o.evidence}
    ways = {w: None for c in ground.surface.calls if c.op in BEGINS and (c.file, c.line) in shown for w in c.ways if sends_body(w)}
    for way in list(ways)[:1]:
        yield write_body(way, ground.words, "begin.json", "; all but ORDER_ID as for the cheap cart")
        yield lines(
            "Begin a payment of the cheap cart under the number of the expensive order, and pay it in test mode", send(way, "begin.json")
        )


def _underpaid(ground: Ground, system: str, messages: Sequence[Sent], returns: Sequence[Handler]) -> Iterator[Draft]:
    """A genuine payment is not yet the payment of this order."""
    owed = owed_by(ground, [*(h for sent in messages for h in sent.handlers), *returns], RECONCILED)
    if not owed:
        return
    steps = list(_begun(ground, owed))
    for sent in messages:
        if sent.recorded:
            steps.append(
                _ASKED_BACK.format(name=sent.name) if sent.inbound.proof == "ipn-postback" else _REDELIVERED.format(name=sent.name)
            )
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
        told_of = "Come back for the expensive order with the payment of the cheap one"
        requests = _opened(ground, returns, "$CHEAP_PAYMENT_ID")
        steps.append(lines(told_of + _filling(requests), *requests))
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
        [
            STAGING,
            _CHEAP,
            *(c for c in conditions if c != STAGING),
            *([CUSTOMER] if returns or any("@customer" in s for s in steps) else []),
        ],
        [*steps, READ_ORDER],
        "The expensive order is not paid; the shop notes that the amount differs and tells a person. The cheap order stays as it was.",
        owed,
    )
