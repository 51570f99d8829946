"""Scenarios for what providers send: forged and stale messages, repetition, order of arrival, and failure."""

from collections.abc import Iterator

from tillproof.report.plan import shell
from tillproof.report.plan.draft import READ_ORDER, Draft, Ground, lines, told
from tillproof.report.plan.sent import BACK, Sent, owed_by, sent_to, set_up, to_all, to_each, where, write

SENDER = ("payment/webhook-unverified", "payment/webhook-weak-verification")
REPLAY = ("idempotency/handler-not-idempotent", "idempotency/dedup-race", "idempotency/dedup-ttl-short")
LATE = ("order/event-order-assumed",)
FAILING = ("resilience/swallowed-failure", "resilience/no-dead-letter", "resilience/payment-event-not-logged")
_AGE = "$(( $(date +%s) - 86400 ))"
_UNCHANGED = "answered with 4xx (or ignored), and the order is untouched: still unpaid, no stock taken, no mail sent"


def scenarios(ground: Ground) -> Iterator[Draft]:
    """All of them, provider by provider."""
    for sent in sent_to(ground):
        yield _sender(ground, sent)
        yield _replayed(ground, sent)
        yield from _late(ground, sent)
        yield from _failing(ground, sent)


def _sender(ground: Ground, sent: Sent) -> Draft:
    owed = owed_by(ground, sent.handlers, SENDER)
    bare = (
        'curl -sS -i -X POST -H "Content-Type: application/'
        + ("x-www-form-urlencoded" if sent.form else "json")
        + f'" --data-binary @{sent.file("forged")} "$STAGING_URL$ROUTE"'
    )
    steps = [
        write(sent, "forged", sent.event, ", which nobody has paid"),
        lines("Send it without any proof", to_each(sent, bare)),
    ]
    if sent.signing is not None:
        secret = sent.signing.secret
        forged = f'( {secret}=00112233445566778899aabbccddeeff; {sent.deliver} {sent.file("forged")} "$ROUTE" )'
        steps.append(lines("Send it signed with another secret", to_all(sent, forged)))
        if "{time}" in sent.signing.signs:
            stale = f'{sent.deliver} {sent.file("forged")} "$ROUTE" {_AGE}'
            steps.append(lines("Send it signed with the right secret, but a day old", to_all(sent, stale)))
    elif sent.inbound.headers:
        header = f'-H "{shell.quoted(sent.inbound.headers[0])}: AAAA" --data-binary'
        steps.append(lines("Send it with a made-up signature", to_each(sent, bare.replace("--data-binary", header))))
    steps.append(READ_ORDER)
    control = not sent.recorded and sent.signing is not None
    if control:
        genuine = f'{sent.deliver} {sent.file("forged")} "$ROUTE"'
        steps.append(lines("As a control, send it signed and fresh: 2xx, and only now is the order paid", to_all(sent, genuine)))
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
        f"Unsigned, forged and stale: {where(sent)}",
        why,
        set_up(sent),
        steps,
        f"Each message{' but the control' if control else ''} is {_UNCHANGED}.",
        owed,
        weakest == "unknown" and not owed,
    )


def _replayed(ground: Ground, sent: Sent) -> Draft:
    owed = owed_by(ground, sent.handlers, REPLAY)
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
        write(sent, "paid", sent.event),
        lines("Deliver it three times, one after another", f"for n in 1 2 3; do {to_all(sent, once)}; done"),
        READ_ORDER,
        "Place a second order like the first and set ORDER_ID, PAYMENT_ID and the amounts to it; "
        + ("record its delivery in the same files" if sent.recorded else "write its message as before"),
        lines("Deliver that message five times at once", f"for n in 1 2 3 4 5; do {to_all(sent, once)} & done; wait"),
        READ_ORDER,
    ]
    return Draft(
        "webhook-replay",
        f"Replay, one after another and at once: {where(sent)}",
        why,
        set_up(sent),
        steps,
        "Every answer is 2xx, and each order has one effect: paid once, stock taken once, one mail, one row in whatever keeps events.",
        owed,
        weakest == "unknown" and not owed,
    )


def _late(ground: Ground, sent: Sent) -> Iterator[Draft]:
    owed = owed_by(ground, sent.handlers, LATE)
    heard = [event for h in sent.handlers if (m := ground.surface.messages.get((h.file, h.line))) for event in m.events]
    back = sent.late(ground)
    if not owed and (back is None or sent.event not in heard):
        return
    late = back or next((event for event in sent.inbound.events if BACK.search(event)), "payment.failed")
    if sent.recorded:
        steps = [
            f"Record, for one test order each, the deliveries of `{sent.event}` and `{late}` (body and headers: paid, late)",
            lines("Deliver them the wrong way round", *(to_all(sent, f'{sent.deliver} {sent.file(f)} "$ROUTE"') for f in ("late", "paid"))),
            lines("And once more the late one, after the order is paid", to_all(sent, f'{sent.deliver} {sent.file("late")} "$ROUTE"')),
            READ_ORDER,
        ]
    else:
        steps = [
            write(sent, "paid", sent.event),
            write(sent, "late", late, ", set its status fields accordingly and its time before the other's"),
            lines(
                "Deliver the payment, then the older message",
                *(to_all(sent, f'{sent.deliver} {sent.file(f)} "$ROUTE"') for f in ("paid", "late")),
            ),
            READ_ORDER,
            lines(
                "With a second order and new messages, the other way round",
                *(to_all(sent, f'{sent.deliver} {sent.file(f)} "$ROUTE"') for f in ("late", "paid")),
            ),
            READ_ORDER,
        ]
    yield Draft(
        "event-order",
        f"Out of order (`{sent.event}` and `{late}`): {where(sent)}",
        told(
            owed,
            "Providers do not promise to deliver in order; the code guards against it.",
            "A late message was found to undo a later state of the order.",
            "It could not be decided whether a late message can undo a later state of the order.",
        ),
        set_up(sent),
        steps,
        "The first order stays paid. The second ends in a state that both messages allow, and a message that comes before its time is "
        "answered so that it is delivered again, or is remembered.",
        owed,
    )


def _failing(ground: Ground, sent: Sent) -> Iterator[Draft]:
    owed = owed_by(ground, sent.handlers, FAILING)
    if owed and all(o.ruling == "held" for o in owed):
        return
    if not owed and all(h.acts.startswith("changes nothing") for h in sent.handlers):
        return
    deliver = to_all(sent, f'{sent.deliver} {sent.file("paid")} "$ROUTE"')
    yield Draft(
        "webhook-failure",
        f"The handler fails: {where(sent)}",
        told(
            owed,
            "What a handler answers when it fails decides whether the provider delivers again.",
            "A failure was found to be answered as success, or to come to rest where nobody sees it.",
            "It could not be decided what becomes of a message whose handler fails.",
        ),
        set_up(sent),
        [
            write(sent, "paid", sent.event),
            "Stop the staging shop's database (or revoke its user's right to write)",
            lines("Deliver the message", deliver),
            "Start the database again, and look at the log, the dead-letter queue or table, and the alert channel",
            lines("Deliver the message again", deliver),
            READ_ORDER,
        ],
        "While the database is away the answer is not 2xx, or the message is queued durably before it is; the failure is logged with order "
        "and event id, and somebody is told. Afterwards the delivery pays the order, once.",
        owed,
    )
