"""The staging test plan: what a person runs against a staging shop, and which obligations that settles.

Everything goes to ``$STAGING_URL`` with test-mode credentials. Nothing in a plan talks to a provider in live mode.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from tillproof.contract import Handler, Obligation, Scenario

_VERIFICATION = ("payment/webhook-unverified", "payment/webhook-weak-verification")
_REPLAY = ("idempotency/handler-not-idempotent", "idempotency/dedup-race", "idempotency/dedup-ttl-short")
_RETURN = ("payment/fulfil-on-redirect",)
_TAMPER = ("payment/client-amount", "tax-shipping/client-tax")
_KEYS = ("idempotency/missing-key", "idempotency/unstable-key")
_NEAR = 15
_FORM_POSTED = ("ipn",)

_STAGING = "STAGING_URL holds the address of a staging shop with its own database"
_TEST_MODE = "The shop runs with the provider's test-mode credentials; no live key is set"
_ORDER = "An unpaid order exists in the staging shop; ORDER_ID holds its id"

# Header and body by which a message of the provider is known. The values are made up on purpose.
_STRIPE = (
    """{"id":"evt_staging_1","type":"checkout.session.completed","data":{"object":{"id":"cs_test_staging","payment_status":"paid","""
    """"client_reference_id":"$ORDER_ID","metadata":{"order_id":"$ORDER_ID"}}}}"""
)
_PAYPAL = """{"id":"WH-STAGING-1","event_type":"PAYMENT.CAPTURE.COMPLETED","resource":{"status":"COMPLETED","custom_id":"$ORDER_ID"}}"""
_ADYEN = (
    """{"notificationItems":[{"NotificationRequestItem":{"eventCode":"AUTHORISATION","success":"true","pspReference":"STAGING1","""
    """"merchantReference":"$ORDER_ID","additionalData":{"hmacSignature":"AAAA"}}}]}"""
)
_SHAPES: dict[str, tuple[str, str]] = {
    "stripe": ("Stripe-Signature: t=$TIME,v1=" + "0" * 64, _STRIPE),
    "paypal": ("PayPal-Transmission-Sig: AAAA", _PAYPAL),
    "adyen": ("Content-Language: en", _ADYEN),
}
_ANY = ("X-Signature: 00000000", """{"id":"staging-1","status":"paid","order_id":"$ORDER_ID"}""")
_IPN_BODY = "payment_status=Completed&txn_id=STAGING1&mc_gross=0.01&mc_currency=USD&custom=$ORDER_ID"
_UNCHANGED = "The answer is 4xx (or the message is ignored) and the order is still unpaid: no status, stock, mail or refund has changed."
_ONCE = "One effect: the order is paid once, stock is taken once, one mail is sent; the repeats are answered 2xx."
_READ_ORDER = "Read the order in the shop's admin or database: its status, payments, stock movements and mails"
_RECORDED = "A genuine test-mode delivery was recorded: body in event.json, headers in event.headers"


class _Draft(NamedTuple):
    """A scenario before it has a number, and whether it settles something that the review could not decide."""

    settles: bool
    scenario: str
    why: str
    preconditions: list[str]
    steps: list[str]
    expected: str
    obligations: list[str]


def staging_plan(handlers: Sequence[Handler], obligations: Sequence[Obligation]) -> list[Scenario]:
    """The scenarios that settle an unknown first, then by kind and place."""
    drafts = [
        *(draft for handler in handlers for draft in _for_handler(handler, obligations)),
        *_tampered(obligations),
        *_submitted_twice(obligations),
    ]
    drafts.sort(key=lambda draft: not draft.settles)
    return [
        Scenario(
            id=f"T{number}",
            scenario=draft.scenario,
            why=draft.why,
            preconditions=draft.preconditions,
            steps=draft.steps,
            expected=draft.expected,
            obligations=draft.obligations,
        )
        for number, draft in enumerate(drafts, 1)
    ]


def _for_handler(handler: Handler, obligations: Sequence[Obligation]) -> Iterator[_Draft]:
    if handler.kind == "redirect-return":
        yield _return_without_payment(handler, obligations)
        return
    yield from _sender(handler, _of(handler, obligations, _VERIFICATION))
    yield from _replays(handler, _of(handler, obligations, _REPLAY))


def _sender(handler: Handler, owed: Sequence[Obligation]) -> Iterator[_Draft]:
    ids = [o.id for o in owed]
    settles = any(o.ruling == "unknown" for o in owed) or handler.verified == "unknown"
    why = {
        "yes": "The code proves the sender; this shows that the deployed shop does too.",
        "no": "No proof of the sender was found before the handler acts.",
        "weak": "The proof of the sender can be bypassed.",
        "unknown": "It could not be decided from the code whether the sender is proven.",
    }[handler.verified]
    header, _ = _shape(handler)
    conditions = [_STAGING, _TEST_MODE, _ORDER]
    yield _Draft(settles, f"Unsigned {_title(handler)}", why, conditions, [_post(handler, []), _READ_ORDER], _UNCHANGED, ids)
    if handler.kind != "webhook":
        return
    forged = ["TIME=$(date +%s)", _post(handler, [header]), _READ_ORDER]
    yield _Draft(settles, f"Forged {_title(handler)}", why, conditions, forged, _UNCHANGED, ids)
    stale = [
        "Record a genuine test-mode delivery: the body into event.json, its headers into event.headers (one per line)",
        "Wait until it is older than the tolerance that the provider documents (Stripe: 5 minutes)",
        _resend(handler),
        _READ_ORDER,
    ]
    delivered = [_STAGING, _TEST_MODE, "The provider's test mode delivers to the staging shop"]
    late = "Where the provider signs a time, the answer is 4xx; else the repeated message has no second effect."
    yield _Draft(settles, f"Stale {_title(handler)}", why, delivered, stale, late, ids)


def _replays(handler: Handler, owed: Sequence[Obligation]) -> Iterator[_Draft]:
    ids = [o.id for o in owed]
    settles = any(o.ruling == "unknown" for o in owed) or handler.dedup == "unknown"
    why = {
        "yes": "Handled events are remembered; this shows that it works on the deployed database.",
        "no": "Nothing was found that keeps a repeated event from acting again.",
        "state-guard": "The order's state is what keeps a repeated event from acting again.",
        "racy": "The guard is read before it is written, so two deliveries at once may both pass it.",
        "unknown": "It could not be decided from the code what a repeated event does.",
    }[handler.dedup]
    conditions = [_STAGING, _TEST_MODE, _RECORDED]
    resend = _resend(handler)
    yield _Draft(settles, f"Replay the {_title(handler)} one after another", why, conditions, [resend, resend, _READ_ORDER], _ONCE, ids)
    concurrent = f"for n in 1 2 3 4 5; do {resend} & done; wait"
    yield _Draft(settles, f"Replay the {_title(handler)} concurrently", why, conditions, [concurrent, _READ_ORDER], _ONCE, ids)


def _return_without_payment(handler: Handler, obligations: Sequence[Obligation]) -> _Draft:
    owed = _of(handler, obligations, _RETURN)
    query = "" if "?" in (handler.route or "") else "?order_id=$ORDER_ID&payment_id=never_paid&status=success"
    method, url = _target(handler)
    request = f'curl -sS -i -X {"GET" if method in ("ANY", "GET") else method} -b cookies.txt "{url}{query}"'
    return _Draft(
        settles=any(o.ruling == "unknown" for o in owed) or handler.verified == "unknown",
        scenario=f"Return without payment: {_title(handler)}",
        why="A customer can open this address by hand; only the provider's own word may make the order paid.",
        preconditions=[_STAGING, _TEST_MODE, _ORDER, "cookies.txt holds the session of the customer who placed the order and did not pay"],
        steps=["Start a checkout and leave the provider's page without paying", request, _READ_ORDER],
        expected="The order is still unpaid, nothing is shipped or unlocked; the page may say that the payment is pending.",
        obligations=[o.id for o in owed],
    )


def _tampered(obligations: Iterable[Obligation]) -> Iterator[_Draft]:
    for obligation in obligations:
        if obligation.check not in _TAMPER or obligation.ruling == "held":
            continue
        what = "tax, shipping or discount" if obligation.check == _TAMPER[1] else "amount, price, quantity or currency"
        example = '{"amount": 1, "price": 0.01, "quantity": -1, "currency": "jpy"}'
        request = f"curl -sS -i -b cookies.txt -H 'Content-Type: application/json' -d '{example}' \"$STAGING_URL/<the checkout's route>\""
        steps = [
            "Go through the checkout in a browser and copy the request that starts the payment, as curl",
            f"Repeat it with every {what} in its body set to 0.01, 0 and -1, and with another currency, such as: {request}",
            "Read in the provider's test dashboard which amount and currency the payment has",
        ]
        yield _Draft(
            settles=obligation.ruling == "unknown",
            scenario=f"Tampered total: {obligation.site.file}:{obligation.site.line}",
            why=f"The {what} that is charged may come from the customer's request.",
            preconditions=[_STAGING, _TEST_MODE, "A cart worth at least 10.00 exists; cookies.txt holds its session"],
            steps=steps,
            expected="The request is refused, or the payment has the total that the server computes from its own prices.",
            obligations=[obligation.id],
        )


def _submitted_twice(obligations: Iterable[Obligation]) -> Iterator[_Draft]:
    places: dict[tuple[str, int], list[Obligation]] = {}
    for obligation in obligations:
        if obligation.check in _KEYS and obligation.ruling != "held":
            places.setdefault((obligation.site.file, obligation.site.line), []).append(obligation)
    submit = (
        "for n in 1 2; do curl -sS -i -b cookies.txt -H 'Content-Type: application/json' --data-binary @request.json "
        '"$STAGING_URL/<the route that reaches this call>" & done; wait'
    )
    steps = [
        submit,
        "Submit once more through a proxy that drops the provider's answer, then again without it",
        "Count the payments (or refunds) of this order in the provider's test dashboard",
    ]
    cart = "An unpaid cart exists; cookies.txt holds its session, request.json the body that starts the call"
    for (file, line), owed in places.items():
        yield _Draft(
            settles=any(o.ruling == "unknown" for o in owed),
            scenario=f"Submit twice: {file}:{line}",
            why="Without a key that is the same on a retry, the provider takes a repeated request for a new one.",
            preconditions=[_STAGING, _TEST_MODE, cart],
            steps=steps,
            expected="One payment (or refund), however often it was submitted.",
            obligations=[o.id for o in owed],
        )


def _of(handler: Handler, obligations: Iterable[Obligation], checks: tuple[str, ...]) -> list[Obligation]:
    """The obligations of a handler: those that stand at it, or else the nearest in its file."""
    own = [o for o in obligations if o.check in checks and o.site.file == handler.file]
    nearest = min((abs(o.site.line - handler.line) for o in own), default=0)
    return [o for o in own if abs(o.site.line - handler.line) == nearest <= _NEAR]


def _title(handler: Handler) -> str:
    return f"{handler.provider} {handler.kind}, {handler.route or f'{handler.file}:{handler.line}'}"


def _target(handler: Handler) -> tuple[str, str]:
    """Method and address of a handler's route; holes of the route become shell variables."""
    words = (handler.route or "").split()
    method = words[0].upper() if len(words) > 1 and words[0].isupper() else "ANY"
    path = words[-1] if words else "/<route of this handler>"
    path = re.sub(r"\{(\w+)[^}]*\}|<(?:\w+:)?(\w+)>|:(\w+)", lambda m: "$" + (m[1] or m[2] or m[3]).upper(), path)
    return method, "$STAGING_URL" + (path if path.startswith("/") else "/" + path)


def _shape(handler: Handler) -> tuple[str, str]:
    return _SHAPES.get(handler.provider, _ANY)


def _post(handler: Handler, headers: Sequence[str]) -> str:
    method, url = _target(handler)
    if handler.kind in _FORM_POSTED:
        return f'curl -sS -i -X POST --data "{_IPN_BODY}" "{url}"'
    given = "".join(f' -H "{header}"' for header in ("Content-Type: application/json", *headers))
    # The body stands in single quotes, so the shell must be let in where the order's id goes.
    body = _shape(handler)[1].replace("$ORDER_ID", "'\"$ORDER_ID\"'")
    return f"curl -sS -i -X {'POST' if method in ('ANY', 'GET') else method}{given} --data-binary '{body}' \"{url}\""


def _resend(handler: Handler) -> str:
    _, url = _target(handler)
    return f'curl -sS -i -X POST -H @event.headers --data-binary @event.json "{url}"'
