"""Scenarios for what providers send: forged and stale messages, repetition, order of arrival, failure, and the browser's return."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tillproof.commerce.surface import Message
from tillproof.contract import Handler, Obligation
from tillproof.knowledge.schema import Inbound, Signing
from tillproof.report.plan import shell
from tillproof.report.plan.draft import CUSTOMER, ORDER, READ_ORDER, STAGING, TOOLS, Draft, Ground, holes, lines, told
from tillproof.report.wording import count

SENDER = ("payment/webhook-unverified", "payment/webhook-weak-verification")
RECONCILED = ("payment/amount-not-reconciled",)
REPLAY = ("idempotency/handler-not-idempotent", "idempotency/dedup-race", "idempotency/dedup-ttl-short")
LATE = ("order/event-order-assumed",)
FAILING = ("resilience/swallowed-failure", "resilience/no-dead-letter", "resilience/payment-event-not-logged")
RETURN = ("payment/fulfil-on-redirect",)
_NEAR = 15
_BACK = re.compile(r"fail|cancel|refund|revers|declin|denied|dispute|chargeback|expire|void|reject", re.IGNORECASE)
_AGE = "$(( $(date +%s) - 86400 ))"
_NEW_EVENT = "EVENT_ID=evt_staging_$(date +%s%N)"
_ANY_MESSAGE = '{"id":"$EVENT_ID","type":"$EVENT","status":"paid","order_id":"$ORDER_ID","amount":$AMOUNT,"currency":"$CURRENCY"}'
_UNCHANGED = "answered with 4xx (or ignored), and the order is untouched: still unpaid, no stock taken, no mail sent"


class _Sent(NamedTuple):
    """Messages of one provider and kind, and the handlers that take them. ``event``: the one that says that money came."""

    system: str
    name: str
    inbound: Inbound
    event: str
    handlers: tuple[Handler, ...]

    @property
    def routes(self) -> list[str]:
        """Where requests reach them. One whose route is not seen counts only where none is: it lies behind another."""
        known = [handler for handler in self.handlers if handler.route] or self.handlers
        return list(dict.fromkeys(_route(handler) for handler in known))

    @property
    def signing(self) -> Signing | None:
        return self.inbound.signing

    @property
    def recorded(self) -> bool:
        """Whether only the provider itself can make a genuine message."""
        return self.signing is None and self.inbound.proof in ("hmac", "rsa", "jwt", "basic")

    @property
    def form(self) -> bool:
        return bool(self.inbound.message) and self.inbound.message[0] not in "{["

    def file(self, name: str) -> str:
        """The file of a message."""
        return f"{name}.{'form' if self.form else 'json'}"

    @property
    def deliver(self) -> str:
        return shell.function_name(self.system)

    @property
    def title(self) -> str:
        return f"{self.name} {'IPN' if self.inbound.kind == 'ipn' else self.inbound.kind}"


def scenarios(ground: Ground) -> Iterator[Draft]:
    """All of them, provider by provider."""
    for sent in _sent(ground):
        yield _sender(ground, sent)
        yield _replayed(ground, sent)
        yield from _late(ground, sent)
        yield from _failing(ground, sent)
    yield from _returns(ground)


def _sent(ground: Ground) -> list[_Sent]:
    found: dict[tuple[str, str, str], list[Handler]] = {}
    known: dict[tuple[str, str, str], Inbound] = {}
    for handler in ground.handlers:
        if handler.kind == "redirect-return":
            continue
        message = ground.surface.messages.get((handler.file, handler.line))
        inbound = message.inbound if message else _inbound(ground, handler)
        key = (handler.provider, handler.kind, _paid_event(message, inbound))
        known.setdefault(key, inbound)
        found.setdefault(key, []).append(handler)
    return [_Sent(key[0], ground.name(key[0]), known[key], key[2], tuple(handlers)) for key, handlers in found.items()]


def _inbound(ground: Ground, handler: Handler) -> Inbound:
    pack = ground.surface.providers.get(handler.provider)
    return next((i for i in (pack.inbound if pack else ()) if i.kind == handler.kind), Inbound(kind=handler.kind))


def _paid_event(message: Message | None, inbound: Inbound) -> str:
    heard = message.events if message else ()
    paid = [event for event in heard if event in inbound.settles]
    return next(iter([*paid, *heard, *inbound.settles]), "payment.succeeded")


def _route(handler: Handler) -> str:
    """The path of a handler."""
    return handler.route.split()[-1] if handler.route else "/{handler_path}"


def _set_up(sent: _Sent) -> list[str]:
    conditions = [STAGING, TOOLS, ORDER]
    if not any(handler.route for handler in sent.handlers):
        hidden = [f"{handler.file}:{handler.line}" for handler in sent.handlers]
        conditions.append(f"HANDLER_PATH is where the shop serves {', '.join(hidden[:4])}, without the slash in front")
    else:
        conditions += holes(sent.routes)
    units = list(dict.fromkeys(handler.unit for handler in sent.handlers))
    if len(units) > 1:
        conditions.append(f"Each of these has its own STAGING_URL: {', '.join(units[:12])}{' …' if len(units) > 12 else ''}")
    if sent.recorded:
        how = (
            f"{sent.name} signs with a key of its own: a genuine test-mode delivery for this order was recorded, its body in "
            f"{sent.file('paid')} "
            "and its headers, one per line, in paid.headers. This sends it again"
        )
    elif sent.signing is not None:
        how = f"A function that sends a {sent.name} message, signed with the TEST-mode secret in {sent.signing.secret}"
    else:
        how = f"A function that sends a {sent.name} message. It carries no signature: the shop has to ask {sent.name} about it"
    conditions.append(lines(how, *shell.deliver(sent.deliver, sent.signing, sent.form, sent.recorded)))
    return conditions


def _write(sent: _Sent, name: str, event: str, also: str = "") -> str:
    text = sent.inbound.message or _ANY_MESSAGE
    file = sent.file(name)
    if sent.recorded and name == "paid":
        return f"Take the recorded delivery of `{event}`: {file} and paid.headers"
    return lines(
        f"Write the message `{event}` about the order{also}", _NEW_EVENT, f"EVENT='{_plain(event)}'", *shell.heredoc(file, text)
    )  # fmt: skip


def _plain(event: str) -> str:
    return re.sub(r"[^\w.:-]", "", event, flags=re.ASCII)


def _to_all(sent: _Sent, command: str) -> str:
    """A command for the route, or for each of several; it finds the route in ``$ROUTE``."""
    routes = sent.routes
    return shell.loop(routes, command) if len(routes) > 1 else command.replace('"$ROUTE"', f'"{shell.path(routes[0])}"')


def _sender(ground: Ground, sent: _Sent) -> Draft:
    owed = _of(ground, sent.handlers, SENDER + RECONCILED)
    bare = (
        'curl -sS -i -X POST -H "Content-Type: application/'
        + ("x-www-form-urlencoded" if sent.form else "json")
        + f'" --data-binary @{sent.file("forged")} "$STAGING_URL$ROUTE"'
    )
    steps = [
        _write(sent, "forged", sent.event, ", which nobody has paid"),
        lines("Send it without any proof", _routed(sent, bare)),
    ]
    if sent.signing is not None:
        secret = sent.signing.secret
        forged = f'( {secret}=00112233445566778899aabbccddeeff; {sent.deliver} {sent.file("forged")} "$ROUTE" )'
        steps.append(lines("Send it signed with another secret", _to_all(sent, forged)))
        if "{time}" in sent.signing.signs:
            stale = f'{sent.deliver} {sent.file("forged")} "$ROUTE" {_AGE}'
            steps.append(lines("Send it signed with the right secret, but a day old", _to_all(sent, stale)))
    elif sent.inbound.headers:
        header = f'-H "{shell.quoted(sent.inbound.headers[0])}: AAAA" --data-binary'
        steps.append(lines("Send it with a made-up signature", _routed(sent, bare.replace("--data-binary", header))))
    steps.append(READ_ORDER)
    if not sent.recorded and (sent.signing is not None):
        genuine = f'{sent.deliver} {sent.file("forged")} "$ROUTE"'
        steps.append(lines("As a control, send it signed and fresh: 2xx, and only now is the order paid", _to_all(sent, genuine)))
    weakest = min((h.verified for h in sent.handlers), key=("no", "weak", "unknown", "yes").index)
    seen = {
        "yes": "The code proves the sender; this shows that the deployed shop does too.",
        "no": "No proof of the sender was found before the handler acts.",
        "weak": "The proof of the sender can be got round.",
        "unknown": "It could not be decided from the code whether the sender is proven.",
    }
    why = seen[weakest] if weakest != "yes" else told(owed, seen["yes"], seen["weak"], seen["unknown"])
    return Draft(
        "forged-webhook",
        f"Unsigned, forged and stale: {_where(sent)}",
        why,
        _set_up(sent),
        steps,
        f"Each message but the control is {_UNCHANGED}.",
        owed,
        weakest == "unknown" and not owed,
    )


def _routed(sent: _Sent, command: str) -> str:
    routes = sent.routes
    return shell.loop(routes, command) if len(routes) > 1 else command.replace("$ROUTE", shell.path(routes[0]))


def _replayed(ground: Ground, sent: _Sent) -> Draft:
    owed = _of(ground, sent.handlers, REPLAY)
    weakest = min((h.dedup for h in sent.handlers), key=("no", "racy", "unknown", "state-guard", "yes").index)
    seen = {
        "yes": "Handled events are remembered; this shows that it works on the deployed database.",
        "no": "Nothing was found that keeps a repeated event from acting again.",
        "state-guard": "The order's state is what keeps a repeated event from acting again.",
        "racy": "The guard is read before it is written, so two deliveries at once may both pass it.",
        "unknown": "It could not be decided from the code what a repeated event does.",
    }
    broken = "A repeated event was found to act again, or two at once to pass the check that should stop them."
    why = told(owed, seen["yes"] if weakest == "unknown" else seen[weakest], broken, seen["unknown"]) if owed else seen[weakest]
    once = f'{sent.deliver} {sent.file("paid")} "$ROUTE"'
    steps = [
        _write(sent, "paid", sent.event),
        lines("Deliver it three times, one after another", f"for n in 1 2 3; do {_to_all(sent, once)}; done"),
        READ_ORDER,
        "Place a second order like the first and set ORDER_ID, PAYMENT_ID and the amounts to it; "
        + ("record its delivery in the same files" if sent.recorded else "write its message as before"),
        lines("Deliver that message five times at once", f"for n in 1 2 3 4 5; do {_to_all(sent, once)} & done; wait"),
        READ_ORDER,
    ]
    return Draft(
        "webhook-replay",
        f"Replay, one after another and at once: {_where(sent)}",
        why,
        _set_up(sent),
        steps,
        "Every answer is 2xx, and each order has one effect: paid once, stock taken once, one mail, one row in whatever keeps events.",
        owed,
        weakest == "unknown" and not owed,
    )


def _late(ground: Ground, sent: _Sent) -> Iterator[Draft]:
    owed = _of(ground, sent.handlers, LATE)
    heard = [event for h in sent.handlers if (m := ground.surface.messages.get((h.file, h.line))) for event in m.events]
    back = next((event for event in heard if _BACK.search(event) and event != sent.event), None)
    if not owed and (back is None or sent.event not in heard):
        return
    late = back or next((event for event in sent.inbound.events if _BACK.search(event)), "payment.failed")
    if sent.recorded:
        steps = [
            f"Record, for one test order each, the deliveries of `{sent.event}` and `{late}` (body and headers: paid, late)",
            lines(
                "Deliver them the wrong way round", *(_to_all(sent, f'{sent.deliver} {sent.file(f)} "$ROUTE"') for f in ("late", "paid"))
            ),
            lines("And once more the late one, after the order is paid", _to_all(sent, f'{sent.deliver} {sent.file("late")} "$ROUTE"')),
            READ_ORDER,
        ]
    else:
        steps = [
            _write(sent, "paid", sent.event),
            _write(sent, "late", late, ", set its status fields accordingly and its time before the other's"),
            lines(
                "Deliver the payment, then the older message",
                *(_to_all(sent, f'{sent.deliver} {sent.file(f)} "$ROUTE"') for f in ("paid", "late")),
            ),
            READ_ORDER,
            lines(
                "With a second order and new messages, the other way round",
                *(_to_all(sent, f'{sent.deliver} {sent.file(f)} "$ROUTE"') for f in ("late", "paid")),
            ),
            READ_ORDER,
        ]
    yield Draft(
        "event-order",
        f"Out of order (`{sent.event}` and `{late}`): {_where(sent)}",
        told(
            owed,
            "Providers do not promise to deliver in order; the code guards against it.",
            "A late message was found to undo a later state of the order.",
            "It could not be decided whether a late message can undo a later state of the order.",
        ),
        _set_up(sent),
        steps,
        "The first order stays paid. The second ends in a state that both messages allow, and a message that comes before its time is "
        "answered so that it is delivered again, or is remembered.",
        owed,
    )


def _failing(ground: Ground, sent: _Sent) -> Iterator[Draft]:
    owed = _of(ground, sent.handlers, FAILING)
    if owed and all(o.ruling == "held" for o in owed):
        return
    if not owed and all(h.acts.startswith("changes nothing") for h in sent.handlers):
        return
    deliver = _to_all(sent, f'{sent.deliver} {sent.file("paid")} "$ROUTE"')
    yield Draft(
        "webhook-failure",
        f"The handler fails: {_where(sent)}",
        told(
            owed,
            "What a handler answers when it fails decides whether the provider delivers again.",
            "A failure was found to be answered as success, or to come to rest where nobody sees it.",
            "It could not be decided what becomes of a message whose handler fails.",
        ),
        _set_up(sent),
        [
            _write(sent, "paid", sent.event),
            "Stop the staging shop's database (or revoke its user's right to write)",
            lines("Deliver the message", deliver),
            "Start the database again, and look at the log, the dead-letter queue or table, and the alert channel",
            lines("Deliver the message again", deliver),
            READ_ORDER,
        ],
        "While the database is away the answer is not 2xx, or the message is queued durably before it is; the failure is logged with "
        "order and "
        "event id and somebody is told. Afterwards the delivery pays the order, once.",
        owed,
    )


def _returns(ground: Ground) -> Iterator[Draft]:
    found: dict[str, list[Handler]] = {}
    for handler in ground.handlers:
        if handler.kind == "redirect-return":
            found.setdefault(handler.provider, []).append(handler)
    for system, handlers in found.items():
        owed = _of(ground, handlers, RETURN)
        requests = []
        for handler in handlers:
            route = _route(handler)
            message = ground.surface.messages.get((handler.file, handler.line))
            query = "" if "?" in route else "?order_id=$ORDER_ID&payment_id=never_paid&session_id=never_paid&status=success"
            url = "$STAGING_URL" + shell.path(route) + query
            requests.append(shell.curl(message.method if message else "GET", route, "-H @customer.headers", url=url))
        unsure = any(h.verified == "unknown" for h in handlers)
        yield Draft(
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
                lines("Open each address that a paying customer comes back to", *dict.fromkeys(requests)),
                READ_ORDER,
            ],
            "The order is still unpaid, nothing is shipped or unlocked; the page may say that the payment is pending.",
            owed,
            unsure,
        )


def _where(sent: _Sent) -> str:
    places = len(sent.handlers)
    routes = sent.routes
    return f"{sent.title}, {routes[0]}" if len(routes) == 1 and places == 1 else f"{sent.title}, {count(places, 'handler')}"


def _of(ground: Ground, handlers: Sequence[Handler], checks: tuple[str, ...]) -> list[Obligation]:
    """The obligations of handlers: those that stand at one or begin there, or else the nearest of each check in its file."""
    found: dict[str, Obligation] = {}
    for handler in handlers:
        place = (handler.file, handler.line)
        for check in checks:
            own = [o for o in ground.obligations if o.check == check]
            exact = [o for o in own if (o.site.file, o.site.line) == place or any((s.file, s.line) == place for s in o.evidence)]
            near = [o for o in own if o.site.file == handler.file and abs(o.site.line - handler.line) <= _NEAR]
            nearest = min((abs(o.site.line - handler.line) for o in near), default=0)
            found |= {o.id: o for o in exact or [o for o in near if abs(o.site.line - handler.line) == nearest]}
    return list(found.values())
