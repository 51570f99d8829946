"""Reports built by hand: a plausible one, one full of hostile text, and an empty one."""

from typing import Any

import msgspec

from tillproof.contract import (
    Assessment,
    Because,
    Boundary,
    ChecklistItem,
    Finding,
    Handler,
    Location,
    Obligation,
    ObligationSite,
    Pci,
    Report,
    Resilience,
    Scenario,
    Skipped,
    Step,
    Suppressed,
    Target,
    Tool,
    Unit,
)
from tillproof.report.verdict import summarise

LONG_PATH = "services/storefront/src/integrations/payments/providers/stripe/webhooks/handlers/payment_intent_succeeded.py"
# Moves the cursor, clears the screen, reorders the line, closes a cell, a label, a fence and a tag, and is rich markup too.
HOSTILE = 'a|b`c```d"e]f<script>alert(1)</script>[bold red]g[/bold red][/nothing]\x1b[2J\x1b]0;owned\x07\u202eevil\u202c\r\nh --> i; {j}'


def step(file: str = "shop/webhooks.py", line: int = 1, note: str = "a note", kind: Any = "step") -> Step:
    return Step(file=file, line=line, note=note, kind=kind)


def finding(**changes: Any) -> Finding:
    base = Finding(
        id="4be1c09d",
        obligation="o1",
        check="payment/webhook-unverified",
        category="payment",
        severity="critical",
        confidence="certain",
        file="shop/webhooks.py",
        start_line=41,
        end_line=44,
        title="The webhook marks orders paid before its sender is proven",
        message="Anyone who can reach `/webhooks/stripe` can post a `payment_intent.succeeded` event and get goods for nothing.",
        remediation="Build the event with `stripe.Webhook.construct_event` from the raw body and the `Stripe-Signature` header.",
        trace=[
            step(line=38, note="the route takes a POST from anyone", kind="source"),
            step(line=41, note="the body is parsed as it came"),
            step(file="shop/orders.py", line=112, note="the order is marked paid", kind="sink"),
            step(line=38, note="no verifier stands before that on any path", kind="missing"),
        ],
        references=["https://docs.stripe.com/webhooks#verify-official-libraries", "CWE-345"],
        snippet=(
            "    event = json.loads(request.body)\n"
            "    if event['type'] == 'payment_intent.succeeded':\n"
            "\torder = Order.objects.get(intent=event['data']['object']['id'])\n"
            "        order.mark_paid()"
        ),
        unit=".",
    )
    return msgspec.structs.replace(base, **changes)


def obligation(**changes: Any) -> Obligation:
    base = Obligation(
        id="o1",
        check="payment/webhook-unverified",
        site=ObligationSite(kind="webhook", file="shop/webhooks.py", line=38, unit="."),
        ruling="broken",
        because=None,
        evidence=[step()],
    )
    return msgspec.structs.replace(base, **changes)


def report(findings: list[Finding], obligations: list[Obligation], **changes: Any) -> Report:
    """A report of these, with their true summary and otherwise nothing in it."""
    nothing = Assessment(status="not-applicable", statement="No site owes it.", evidence=[])
    base = Report(
        schema_version="1",
        tool=Tool(name="tillproof", version="0.1.0"),
        target=Target(
            path="shop",
            commit=None,
            languages={"python": 3},
            files=3,
            lines=420,
            units=[Unit(id=".", path=".", kind="project")],
            skipped=[],
        ),
        summary=summarise(findings, obligations),
        boundaries=[],
        handlers=[],
        obligations=obligations,
        findings=findings,
        checklist=[],
        pci=Pci(saq="none", statement="Nothing takes cards.", evidence=[]),
        resilience=Resilience(idempotency=nothing, retry=nothing, deduplication=nothing, dead_letter=nothing),
        test_plan=[],
        suppressed=[],
    )
    return msgspec.structs.replace(base, **changes)


def empty() -> Report:
    return report([], [])


def plausible() -> Report:
    """What a small leaky shop might get."""
    broken = finding()
    php = finding(
        id="77aa0001",
        check="idempotency/missing-key",
        category="idempotency",
        severity="high",
        confidence="likely",
        file="legacy/checkout.php",
        start_line=9,
        end_line=10,
        title="The charge is created without an idempotency key",
        message="A retry after a timeout charges the customer twice.",
        remediation="Send a key derived from the order: `order-<id>-<attempt>`.",
        trace=[step(file="legacy/checkout.php", line=9, note="the request has no key", kind="missing")],
        snippet="$intent = $stripe->paymentIntents->create([\n    'amount' => $total, // €\n]);",
    )
    deep = finding(
        id="90ab1111",
        severity="high",
        file=LONG_PATH,
        title="The amount that was paid is never compared with the order",
        trace=[step(file=LONG_PATH, line=17, note="the event's amount is not read between here and the paid transition", kind="missing")],
        snippet="return 200",
        start_line=17,
        end_line=17,
    )
    medium = finding(
        id="12cd",
        check="idempotency/dedup-race",
        category="idempotency",
        severity="medium",
        title="Two deliveries at once both pass the guard",
    )
    low = finding(
        id="34ef", category="resilience", check="resilience/payment-event-not-logged", severity="low", title="The event id is not logged"
    )
    obligations = [
        obligation(),
        obligation(
            id="o2",
            ruling="held",
            site=ObligationSite(kind="webhook", file="shop/paypal.py", line=20, unit="."),
            evidence=[step(file="shop/paypal.py", line=22, note="`verify_signature` raises unless the message is genuine", kind="guard")],
        ),
        obligation(
            id="o3",
            check="payment/client-amount",
            ruling="unknown",
            site=ObligationSite(kind="provider-call", file="shop/checkout.py", line=55, unit="."),
            because=Because(file="shop/cart.py", line=9, what="Does `totals()` of the package `acme-cart` read prices from the database?"),
        ),
        obligation(
            id="o4",
            check="payment/client-amount",
            ruling="unknown",
            site=ObligationSite(kind="provider-call", file="shop/api.py", line=5, unit="."),
            because=Because(file="shop/api.py", line=7, what="the callee of `handlers[kind]` could not be resolved"),
        ),
    ]
    return report(
        [broken, php, deep, medium, low],
        obligations,
        target=Target(
            path="shop",
            commit="0f3c9a1",
            languages={"php": 4, "python": 38},
            files=42,
            lines=6120,
            units=[Unit(id=".", path=".", kind="project"), Unit(id="legacy", path="legacy", kind="project")],
            skipped=[Skipped(file="shop/huge.js", reason="larger than 2 MB")],
        ),
        boundaries=[
            Boundary(
                system="paypal",
                kind="payment",
                direction="inbound",
                protocol="webhook",
                auth="hmac",
                locations=[Location(file="shop/paypal.py", line=20)],
                unit=".",
            ),
            Boundary(
                system="stripe",
                kind="payment",
                direction="inbound",
                protocol="webhook",
                auth="none",
                locations=[Location(file="shop/webhooks.py", line=38)],
                unit=".",
            ),
            Boundary(
                system="stripe",
                kind="payment",
                direction="outbound",
                protocol="rest",
                auth="api_key",
                locations=[Location(file="shop/checkout.py", line=55 + n) for n in range(7)],
                unit=".",
            ),
        ],
        handlers=[
            Handler(
                file="shop/webhooks.py",
                line=38,
                provider="stripe",
                kind="webhook",
                route="/webhooks/stripe",
                role="public",
                verified="no",
                dedup="no",
                acts="marks the order paid",
                unit=".",
            ),
            Handler(
                file="shop/paypal.py",
                line=20,
                provider="paypal",
                kind="webhook",
                route=None,
                role="public",
                verified="yes",
                dedup="state-guard",
                acts="marks the order paid",
                unit=".",
            ),
        ],
        checklist=[
            ChecklistItem(section="Payment", item="Webhook signatures are verified", status="broken", evidence=[step(line=38)]),
            ChecklistItem(section="Inventory", item="Stock writes are atomic", status="not-applicable", evidence=[]),
        ],
        pci=Pci(
            saq="A",
            statement="Stripe serves the card form by redirect.",
            evidence=[step(file="shop/checkout.py", line=61, note="redirect")],
        ),
        resilience=Resilience(
            idempotency=Assessment(
                status="broken", statement="1 of 1 payment creation sends no key.", evidence=[step(file="legacy/checkout.php", line=9)]
            ),
            retry=Assessment(status="unknown", statement="The SDK retries by default; one raw call does not.", evidence=[]),
            deduplication=Assessment(status="broken", statement="1 of 2 handlers drops a repeated event.", evidence=[]),
            dead_letter=Assessment(status="not-applicable", statement="", evidence=[]),
        ),
        test_plan=[
            Scenario(
                id="T1",
                scenario="Replay a webhook",
                why="The handler was not proven to act once per event.",
                preconditions=["A paid order in staging"],
                steps=["Send the same signed event twice", "Read the order"],
                expected="One shipment, one mail.",
                obligations=["o1", "o4"],
            )
        ],
        suppressed=[
            Suppressed(
                id="zz", check="payment/amount-unit", file="shop/tips.py", line=3, by="comment", reason="tips are counted in whole euros"
            )
        ],
    )


def hostile() -> Report:
    """Every text that can come out of the code under review is an attack."""
    bad_step = step(file=HOSTILE, line=3, note=HOSTILE, kind="source")
    return report(
        [
            finding(
                file=HOSTILE,
                title=HOSTILE,
                message=HOSTILE,
                remediation=HOSTILE,
                trace=[bad_step],
                snippet=HOSTILE,
                references=[HOSTILE],
                unit=HOSTILE,
            )
        ],
        [
            obligation(site=ObligationSite(kind=HOSTILE, file=HOSTILE, line=1, unit=HOSTILE), ruling="held", evidence=[bad_step]),
            obligation(
                id="o2",
                site=ObligationSite(kind=HOSTILE, file=HOSTILE, line=1, unit=HOSTILE),
                ruling="unknown",
                because=Because(file=HOSTILE, line=2, what=HOSTILE),
            ),
        ],
        target=Target(
            path=HOSTILE,
            commit=HOSTILE,
            languages={"python": 1},
            files=1,
            lines=1,
            units=[],
            skipped=[Skipped(file=HOSTILE, reason=HOSTILE)],
        ),
        boundaries=[
            Boundary(
                system=HOSTILE,
                kind="other",
                direction="outbound",
                protocol="rest",
                auth="unknown",
                locations=[Location(file=HOSTILE, line=1)],
                unit=HOSTILE,
            )
        ],
        handlers=[
            Handler(
                file=HOSTILE,
                line=1,
                provider=HOSTILE,
                kind="webhook",
                route=HOSTILE,
                role="public",
                verified="unknown",
                dedup="unknown",
                acts=HOSTILE,
                unit=HOSTILE,
            )
        ],
        checklist=[ChecklistItem(section=HOSTILE, item=HOSTILE, status="unknown", evidence=[bad_step])],
        pci=Pci(saq="unclear", statement=HOSTILE, evidence=[bad_step]),
        test_plan=[
            Scenario(id="T1", scenario=HOSTILE, why=HOSTILE, preconditions=[HOSTILE], steps=[HOSTILE], expected=HOSTILE, obligations=["o1"])
        ],
        suppressed=[Suppressed(id="x", check="payment/amount-unit", file=HOSTILE, line=1, by="comment", reason=HOSTILE)],
    )
