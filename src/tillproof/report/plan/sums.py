"""Scenarios for what is charged: fields that a customer must not choose, the unit and currency of a sum, what is shipped free."""

import re
from collections.abc import Iterator, Sequence

from tillproof.commerce.lexicon import Words
from tillproof.commerce.surface import Way
from tillproof.contract import Obligation
from tillproof.report.plan import shell
from tillproof.report.plan.checkout import body, of_customers, started, starting
from tillproof.report.plan.draft import STAGING, TOOLS, Draft, Ground, asked_by, holes, lines, most, places, told
from tillproof.report.plan.request import as_form, send, sends_body
from tillproof.report.wording import count

TAMPER = ("payment/client-amount", "tax-shipping/client-tax")
SUMS = ("payment/amount-unit", "payment/missing-currency")
THRESHOLD = ("tax-shipping/threshold-before-discount",)
_WORTH = "The cart is worth at least 10.00"
_READ = "Read the total of the order, and amount and currency of its payment in the provider's test dashboard"
_TAX = re.compile(r"(?i)tax|vat|gst")
_COUPON = re.compile(r"(?i)coupon|voucher|promo|discount_?code")


def scenarios(ground: Ground) -> Iterator[Draft]:
    """All of them, tampering first."""
    yield from _tampered(ground)
    yield from _charged(ground)
    yield from _shipped_free(ground)


def _tampered(ground: Ground) -> Iterator[Draft]:
    owed = ground.owed(*TAMPER)
    starts = started(ground)
    told_of = {(w.unit, w.method, w.route): w for w in (*of_customers(ground.ways(owed)), *starting(starts))}
    seen: set[str] = set()
    for way in told_of.values():
        mine = [o for o in owed if way in ground.surface.ways.get((o.site.file, o.site.line), ())]
        if not mine:
            mine = [o for o in owed for c in starts if way in c.ways and o.site.file == c.file and c.line <= o.site.line <= c.end_line]
        changes = list(_changes(way, ground.words))
        if not changes and not any(o.ruling != "held" for o in mine):
            continue
        seen |= {o.id for o in mine}
        yield _tampered_way(ground, way, changes, mine)
    rest = [o for o in owed if o.id not in seen and o.ruling != "held"]
    if rest:
        yield _tampered_places(rest)


def _tampered_way(ground: Ground, way: Way, changes: Sequence[str], owed: list[Obligation]) -> Draft:
    steps = [body(ground, way)]
    request = send(way, "-")
    steps += [lines(f"Send it with `{change}`", f"jq '{change}' checkout.json | {request}") for change in changes]
    if not changes:
        steps.append("Send it with every amount, price, tax, discount and quantity in it set to 0.01, 0 and -1, and with another currency")
    return Draft(
        "tampered-totals",
        f"Tampered totals, tax, currency and quantity: {way.method} {shell.path(way.route)}",
        told(
            owed,
            "The server computes what is charged; this shows that no field of the request changes it.",
            "A field of the customer's request was found to reach what is charged.",
            "It could not be decided whether a field of the customer's request reaches what is charged.",
        ),
        [STAGING, TOOLS, *asked_by([way]), *as_form([way]), *holes([way.route]), _WORTH],
        [*steps, _READ],
        "Each request is refused, or its payment has the total that the server computes from its own prices, in the shop's currency.",
        owed,
    )


def _tampered_places(owed: list[Obligation]) -> Draft:
    return Draft(
        "tampered-totals",
        f"Tampered totals: {count(len(owed), 'place')} that no known request leads to",
        "No request that leads there was seen, but what is charged or stored there may come from one.",
        [STAGING, _WORTH],
        [
            f"Find the requests that end in {places(owed)} and copy them from the browser's network log, as curl",
            "Repeat each with every amount, price, tax, discount and quantity in it set to 0.01, 0 and -1, and with another currency",
            _READ,
        ],
        "Each request is refused, or its payment has the total that the server computes from its own prices.",
        owed,
    )


def _changes(way: Way, words: Words) -> Iterator[str]:
    """jq programs that change what a customer must not choose."""
    for key in way.fields:
        path = shell.jq_path(key)
        name = key.rpartition(".")[2].removesuffix("[]")
        if path is None or not sends_body(way):
            continue
        if words.has("quantity_fields", name):
            yield f"{path} = -1"
        elif words.has("currency_fields", name):
            yield f'{path} = "JPY"'
        elif _COUPON.search(name):
            continue
        elif _TAX.search(name):
            yield f"{path} = 0"
        elif words.money(name):
            yield f"{path} = 1"


def _charged(ground: Ground) -> Iterator[Draft]:
    """Sums that a float does not hold, and a currency without decimals: what is off by a cent or a hundredfold shows in these."""
    owed = ground.owed(*SUMS)
    if not owed:
        return
    systems = list(dict.fromkeys(s for o in owed for s in o.systems))
    names = ", ".join(ground.name(system) for system in systems) or "the provider"
    ways = of_customers(ground.asked(owed)) or starting([c for c in started(ground) if not systems or c.system in systems])
    pay = f"Pay it ({', '.join(f'{w.method} {shell.path(w.route)}' for w in most(ways))})" if ways else "Pay it"
    yield Draft(
        "amounts",
        f"The sum and currency that reach {names}",
        told(
            owed,
            "Each sum was seen to be in the provider's unit; this shows it for sums that are easily rounded wrongly.",
            "A sum was found that reaches the provider in another unit or currency, or a cent off.",
            "It could not be decided in which unit or currency a sum reaches the provider.",
        ),
        [STAGING],
        [
            f"Fill a cart worth 19.99 in the shop's currency. {pay}, and read the amount in the test dashboard of {names}",
            "Do the same with carts worth 1.10, 0.29 and 1,234.56, and with a coupon of 33.3 %",
            "Do the same with an order in another currency than the shop's own, and with one without decimals: 500 JPY",
            f"Where capture, refund or another call is told an amount, do it for these payments too. The code: {places(owed)}",
        ],
        "The dashboard shows the order's own total and currency each time: 19.99, 1.10, 0.29, 1,234.56, 500 JPY. None is a cent off, a "
        "hundredfold, or in the shop's currency instead of the order's; a currency that the shop does not sell in is refused before the "
        "payment.",
        owed,
    )


def _shipped_free(ground: Ground) -> Iterator[Draft]:
    owed = ground.owed(*THRESHOLD)
    if not owed:
        return
    ways = of_customers(ground.asked(owed))
    asked = f" (requests that lead there: {', '.join(f'{w.method} {shell.path(w.route)}' for w in most(ways))})" if ways else ""
    yield Draft(
        "free-shipping",
        "A coupon that brings the order below a threshold",
        told(
            owed,
            "What is compared with a threshold is the sum after discounts; this shows it on the deployed shop.",
            "A threshold was found to be compared with the sum before discounts.",
            "It could not be decided which sum is compared with a threshold.",
        ),
        [STAGING, "Shipping is free from 50.00 on (or the discount begins there), and a coupon takes 20.00 off"],
        [
            f"Fill a cart worth 60.00 and look at what shipping costs{asked}: it is free",
            "Enter the coupon, look at what shipping costs, and place the order",
            "Do it in the other order: the coupon first, then goods up to 60.00; then take the coupon away again",
        ],
        "With the coupon the cart is worth 40.00, so shipping is charged, on the page and in the order's total; without it, it is free "
        "again.",
        owed,
    )
