"""Scenarios for what happens to money after the payment: refunds, captures, cancellations, and transitions of the order."""

import re
from collections.abc import Iterable, Iterator, Sequence

from tillproof.commerce.surface import ProviderCall, Way
from tillproof.contract import Obligation
from tillproof.report.plan import shell
from tillproof.report.plan.draft import READ_ORDER, STAGING, Draft, Ground, asked_by, holes, lines, most, places, told
from tillproof.report.plan.request import as_form, send, send_all, sends_body, write
from tillproof.report.plan.sent import sent_to, set_up, to_all
from tillproof.report.plan.sent import write as write_message

REFUND = ("order/refund-exceeds-capture", "order/refund-not-recorded")
CAPTURE = ("payment/capture-exceeds-auth", "payment/partial-capture-unhandled")
CANCEL = ("order/cancel-order",)
TRANSITION = ("order/unguarded-transition",)
_KEYS = ("idempotency/missing-key", "idempotency/unstable-key")
_MOST_ROUTES = 8
_REFUNDING = re.compile(r"(?i)refund|return|credit|revers")
_CAPTURING = re.compile(r"(?i)captur|settle|charge|complete")
_CANCELLING = re.compile(r"(?i)cancel|void|abort|delete|status|state|action")
_ANEW = "A {} was found that carries no idempotency key: it is made anew when it is repeated."
_EACH_STATE = (
    "There is an order in each state: unpaid, paid, shipped, cancelled, refunded; one more belongs to another customer. ORDER_ID is that "
    "of the one at hand"
)
_PAID = "An order is paid in test mode; AMOUNT is its total in the smallest unit"


def scenarios(ground: Ground) -> Iterator[Draft]:
    """All of them: refunds, captures, cancellations, transitions."""
    yield from _refunds(ground)
    yield from _captures(ground)
    yield from _cancellations(ground)
    yield from _transitions(ground)


def _calls(ground: Ground, op: str) -> dict[str, list[ProviderCall]]:
    found: dict[str, list[ProviderCall]] = {}
    for call in ground.surface.calls:
        if call.op == op:
            found.setdefault(call.system, []).append(call)
    return found


def _ways(calls: Sequence[ProviderCall]) -> list[Way]:
    return list({(w.unit, w.method, w.route): w for call in calls for w in call.ways}.values())


def _at(ground: Ground, calls: Sequence[ProviderCall], checks: tuple[str, ...]) -> list[Obligation]:
    """Obligations that stand at some calls."""
    return [o for o in ground.owed(*checks) if any(c.file == o.site.file and c.line <= o.site.line <= c.end_line for c in calls)]


def _moving(ways: Sequence[Way], words: re.Pattern[str]) -> list[Way]:
    """The requests by which somebody has money moved: those of staff, and those that speak of it. From others, such as a page that a
    customer opens, it only follows."""
    return [way for way in ways if way.role == "staff" or (sends_body(way) and words.search(" ".join((way.route, way.file, *way.fields))))]


def _do(ways: Sequence[Way], file: str, what: str, otherwise: str, *, at_once: int = 0) -> str:
    """A step that sends the requests, or asks a person to do the same in the shop."""
    if not ways:
        return f"{what}: {otherwise}"
    requests = [send(way, file if way.fields else "") for way in most(ways)]
    command = f"for n in {' '.join(str(n + 1) for n in range(at_once))}; do {requests[0]} & done; wait" if at_once else "; ".join(requests)
    return lines(what, command)


def _only_keys(owed: Sequence[Obligation]) -> bool:
    """Whether nothing is broken but the keys of the calls."""
    return {o.check for o in owed if o.ruling == "broken"} <= set(_KEYS)


def _systems(calls: Iterable[str], owed: Sequence[Obligation]) -> list[str]:
    """The systems that are asked or owed; one without a name where something is owed to none that is known."""
    found = list(dict.fromkeys([*calls, *(s for o in owed for s in o.systems)]))
    return found or ([""] if owed else [])


def _refunds(ground: Ground) -> Iterator[Draft]:
    """One scenario for all providers that the same requests lead to."""
    owed = ground.owed(*REFUND)
    calls = _calls(ground, "refund.create")
    together: dict[tuple[Way, ...], list[str]] = {}
    for system in _systems(calls, owed):
        ways = _moving(_ways(calls.get(system, [])) or ground.asked(ground.about(system, owed)), _REFUNDING)
        together.setdefault(tuple(ways), []).append(system)
    for ways_of_all, systems in together.items():
        made = [call for system in systems for call in calls.get(system, [])]
        mine = {o.id: o for system in systems for o in ground.about(system, owed)} | {o.id: o for o in _at(ground, made, _KEYS)}
        yield _refund(ground, systems, list(ways_of_all), made, list(mine.values()))


def _refund(ground: Ground, systems: Sequence[str], ways: list[Way], made: Sequence[ProviderCall], owed: list[Obligation]) -> Draft:
    name = " and ".join(ground.name(system) for system in systems if system) or "the provider"
    bodied = next((way for way in ways if way.fields and sends_body(way)), None)
    steps = [write(bodied, ground.words, "refund.json", "; amount: a third of AMOUNT")] if bodied is not None else []
    behind = ", ".join(f"{c.file}:{c.line}" for c in made[:3])
    by_hand = f"in the shop's admin{f' (the code behind it: {behind})' if behind else ''}"
    steps += [
        _do(ways, "refund.json", "Refund a third of the order", by_hand),
        _do(ways, "refund.json", "Refund the whole AMOUNT on top of it (change the amount), which is more than is left", by_hand),
        _do(ways, "refund.json", "Refund what is left twice at the same moment", f"{by_hand}, in two tabs", at_once=2),
        *(step for system in systems for step in _refund_messages(ground, system)),
        f"Compare the refunds in {name}'s test dashboard with those that the shop has recorded, line by line",
        READ_ORDER,
    ]
    return Draft(
        "refund",
        f"Refund flow: {name}" + (f", {ways[0].method} {shell.path(ways[0].route)}" if ways else ""),
        told(
            owed,
            "Refunds move money out; what bounds and records them is shown here.",
            _ANEW.format("refund") if _only_keys(owed) else "A refund was found that is not bounded by what was captured, or not recorded.",
            "It could not be decided whether a refund is bounded by what was captured, and recorded.",
        ),
        [STAGING, _PAID, *asked_by(most(ways)), *as_form(most(ways)), *holes(w.route for w in most(ways))],
        steps,
        "The first refund is made and recorded on the order and its lines. The second is refused. The third is made once. The sum of "
        "refunds "
        "never exceeds AMOUNT, at the provider and in the shop; a repeated message changes nothing.",
        owed,
    )


def _refund_messages(ground: Ground, system: str) -> Iterator[str]:
    heard = {
        (message.file, event): None
        for message in ground.surface.messages.values()
        for event in message.events
        if "refund" in event.lower()
        and any(h.provider == system and (h.file, h.line) == (message.file, message.line) for h in ground.handlers)
    }
    if heard:
        events = ", ".join(dict.fromkeys(f"`{event}`" for _, event in heard))
        yield f"Let {ground.name(system)} deliver {events}, and a second time (from its dashboard, or as the replay scenario does)"


def _captures(ground: Ground) -> Iterator[Draft]:
    owed = ground.owed(*CAPTURE)
    calls = _calls(ground, "payment.capture")
    for system in _systems(calls, owed):
        made = calls.get(system, [])
        mine = list({o.id: o for o in (*ground.about(system, owed), *_at(ground, made, _KEYS))}.values())
        if not made and not mine:
            continue
        ways = _moving(_ways(made) or ground.asked(mine), _CAPTURING)
        name = ground.name(system) or "the provider"
        by_hand = f"in the shop's admin (the code behind it: {', '.join(f'{c.file}:{c.line}' for c in made[:3]) or 'the findings below'})"
        parts = any(c.takes_amount for c in made) or bool(owed)
        bodied = next((way for way in ways if way.fields and sends_body(way)), None)
        steps = [write(bodied, ground.words, "capture.json")] if bodied is not None else []
        steps.append(_do(ways, "capture.json", "Capture the payment, twice at the same moment", by_hand, at_once=2))
        if parts:
            steps += [
                f"With a second authorised order: capture a third of it: {by_hand}",
                "Capture more than is left of it; then, with a third order, more than was authorised at once",
                "Let the authorisation of a fourth order lapse (cancel it in the provider's dashboard), then capture it",
            ]
        steps += [f"Compare the captured amounts in {name}'s test dashboard with what the shop has recorded", READ_ORDER]
        yield Draft(
            "capture",
            f"Capture flow: {name}" + (f", {ways[0].method} {shell.path(ways[0].route)}" if ways else ""),
            told(
                mine,
                "A capture takes the money that was only reserved; once, and no more than that.",
                _ANEW.format("capture") if _only_keys(mine)
                else "A capture was found that is not bounded by the authorised amount, or is recorded as more than it was.",
                "It could not be decided whether captures are bounded by the authorised amount.",
            ),
            [
                STAGING,
                "Orders are authorised in test mode and not captured",
                *asked_by(most(ways)),
                *as_form(most(ways)),
                *holes(w.route for w in most(ways)),
            ],
            steps,
            "One capture per order. A partial capture is recorded as partial, with its amount; nothing beyond the authorised amount is "
            "taken or recorded, and a lapsed authorisation leaves the order unpaid.",
            mine,
        )  # fmt: skip


def _cancellations(ground: Ground) -> Iterator[Draft]:
    owed = ground.owed(*CANCEL)
    calls = [call for made in _calls(ground, "payment.cancel").values() for call in made if "ubscription" not in call.resource]
    if not owed and not calls:
        return
    ways = ground.asked(owed) or [way for way in _ways(calls) if not ground.takes_messages(way)]
    ways = _moving(ways, _CANCELLING)
    keys = _at(ground, calls, _KEYS)
    yield Draft(
        "cancellation",
        "Cancellation gives the stock back" + (f": {ways[0].method} {shell.path(ways[0].route)}" if ways else ""),
        told(
            owed,
            "Stock that a cancelled order keeps is lost to the shop; a payment that is left open can still be taken.",
            "A cancellation was found that does not release stock first, or leaves the payment open.",
            "It could not be decided whether a cancellation releases stock before the payment is cancelled.",
        ),
        [
            STAGING,
            "An order for one unit is placed and not paid; the stock before it is known",
            *asked_by(most(ways)),
            *as_form(most(ways)),
            *holes(w.route for w in most(ways)),
        ],
        [
            lines("Cancel the order, twice", "for n in 1 2; do", *send_all(most(ways), ground.words, "cancel"), "done") if ways
            else "Cancel the order, twice: in the shop, as whoever may cancel it",
            "Read the stock, the order's status, and the payment in the provider's test dashboard",
            "Pay an order at the provider, hold its webhook back, cancel the order, then let the webhook through",
            "Cancel an order while the provider does not answer (as in the scenario for its timeouts)",
            READ_ORDER,
        ],
        "The stock is back to what it was, once; the payment is cancelled at the provider, or refunded if it was paid meanwhile. No order "
        "is both "
        "cancelled and paid, and a provider that does not answer leaves neither stock nor money stuck.",
        [*owed, *keys],
    )  # fmt: skip


def _transitions(ground: Ground) -> Iterator[Draft]:
    owed = ground.owed(*TRANSITION, open_only=True)
    if not owed:
        return
    ways = ground.asked(owed)[:_MOST_ROUTES]
    requests = send_all(ways, ground.words, "request")
    steps = [lines("Send each of these for every one of those orders", *requests)] if requests else []
    conditions = [STAGING, _EACH_STATE, *asked_by(ways), *as_form(ways), *holes(w.route for w in ways)]
    for sent in sent_to(ground):
        late = sent.late(ground) or sent.event
        if any((o.site.file, o.site.line) == (h.file, h.line) for h in sent.handlers for o in owed):
            conditions += [condition for condition in set_up(sent) if condition not in conditions]
            told_of = write_message(sent, "state", late)
            steps += [
                told_of,
                lines("Deliver it for every one of those orders", to_all(sent, f'{sent.deliver} {sent.file("state")} "$ROUTE"')),
            ]
    yield Draft(
        "order-transitions",
        f"Transitions that must be refused ({len(owed)})",
        told(
            owed,
            "",
            "An order's status is written without a look at the status that it has.",
            "It could not be decided what guards a transition.",
        ),
        conditions,
        [
            *(steps or [f"Bring about the transition at {places(owed)} for every one of those orders"]),
            f"Read the status of each order before and after. The code: {places(owed)}",
        ],
        "Only transitions that the shop's own rules allow happen: nothing leaves cancelled or refunded, nothing is paid twice, and nobody "
        "changes another customer's order.",
        owed,
    )
