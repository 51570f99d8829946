"""The staging plan: which scenarios follow from what was found, and that what it asks a person to run does what it says and no more."""

import base64
import hashlib
import hmac
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import stripe

from tests.checks.every_page import PAGES
from tests.commerce.small_models import knowledge
from tillproof.commerce.lexicon import Words
from tillproof.commerce.surface import Message, ProviderCall, Surface, Way
from tillproof.contract import Because, Boundary, Handler, Obligation, ObligationSite, Scenario, Step
from tillproof.knowledge.schema import Inbound
from tillproof.report.plan import KINDS, shell, staging_plan
from tillproof.report.setup import parts, shared

UNVERIFIED, MISSING, AMOUNT = "payment/webhook-unverified", "idempotency/missing-key", "payment/client-amount"
TOOLS = all(shutil.which(name) for name in ("bash", "curl", "openssl", "jq", "sed"))
needs_tools = pytest.mark.skipif(not TOOLS, reason="needs bash, curl, openssl, jq and sed")


def owed(
    check: str, ruling: Any = "broken", line: int = 3, id_: str = "", file: str = "app.py", systems: tuple[str, ...] = ()
) -> Obligation:
    because = Because(file=file, line=line, what="Is it?") if ruling == "unknown" else None
    site = ObligationSite(kind="site", file=file, line=line, unit=".")
    evidence = [Step(file=file, line=line, note="here", kind="step")]
    id_ = id_ or f"{check}:{line}"
    return Obligation(id=id_, check=check, site=site, ruling=ruling, because=because, evidence=evidence, systems=list(systems))


def handler(**changes: Any) -> Handler:
    values: dict[str, Any] = {
        "file": "app.py", "line": 3, "provider": "stripe", "kind": "webhook", "route": "/hooks/stripe", "role": "public",
        "verified": "yes", "dedup": "yes", "acts": "marks the order paid", "unit": ".",
    }  # fmt: skip
    return Handler(**{**values, **changes})


def way(route: str = "/checkout", method: str = "POST", fields: tuple[str, ...] = (), **changes: Any) -> Way:
    return Way(
        **{"method": method, "route": route, "role": "public", "file": "app.py", "line": 1, "unit": ".", "fields": fields, **changes}
    )


def call(op: str, line: int = 5, ways: tuple[Way, ...] = (), system: str = "stripe", **changes: Any) -> ProviderCall:
    values: dict[str, Any] = {"resource": "", "file": "app.py", "line": line, "end_line": line, "unit": ".", "ways": ways}
    return ProviderCall(system=system, op=op, **{**values, **changes})


def inbound(system: str, kind: str = "webhook") -> Inbound:
    return next(i for i in knowledge().providers[system].inbound if i.kind == kind)


def plan(
    handlers: list[Handler] | None = None,
    obligations: list[Obligation] | None = None,
    payments: tuple[str, ...] = (),
    severities: dict[str, int] | None = None,
    **surface: Any,
) -> list[Scenario]:
    found = Surface(**{"providers": knowledge().providers, **surface})
    boundaries = [
        Boundary(system=s, kind="payment", direction="outbound", protocol="rest", auth="api_key", locations=[], unit=".") for s in payments
    ]
    return staging_plan(handlers or [], obligations or [], found, boundaries, Words(knowledge().lexicon), severities)


def one(scenarios: list[Scenario], kind: str) -> Scenario:
    (found,) = [s for s in scenarios if s.kind == kind]
    return found


def commands(scenario: Scenario) -> str:
    """All the shell of a scenario, what its preconditions define first."""
    return "\n".join(filter(None, (parts(text)[1] for text in (*scenario.preconditions, *scenario.steps))))


# --- which scenarios, in which order


def test_nothing_found_asks_for_nothing() -> None:
    assert plan() == []


def test_a_webhook_is_forged_replayed_and_made_to_fail() -> None:
    made = plan([handler()])
    assert [s.kind for s in made] == ["forged-webhook", "webhook-replay", "webhook-failure"]
    assert [s.id for s in made] == ["T1", "T2", "T3"]
    assert all(s.kind in KINDS for s in made)


def test_what_settles_an_unknown_comes_first_then_what_shows_a_flaw() -> None:
    obligations = [owed(UNVERIFIED, "broken"), owed("idempotency/dedup-race", "unknown"), owed("resilience/no-dead-letter", "unknown")]
    made = plan([handler()], obligations)
    assert [(s.kind, s.obligations) for s in made] == [
        ("webhook-replay", ["idempotency/dedup-race:3"]),
        ("webhook-failure", ["resilience/no-dead-letter:3"]),
        ("forged-webhook", [f"{UNVERIFIED}:3"]),
    ]


def test_what_was_held_about_failures_needs_no_scenario() -> None:
    assert "webhook-failure" not in {s.kind for s in plan([handler()], [owed("resilience/swallowed-failure", "held")])}


def test_handlers_of_one_provider_share_a_scenario() -> None:
    many = [handler(file=f"s{n}/app.py", unit=f"s{n}", route="/webhook") for n in range(30)]
    other = handler(provider="paypal", route="/paypal")
    made = plan([*many, other])
    assert len([s for s in made if s.kind == "forged-webhook"]) == 2
    replay = next(s for s in made if s.kind == "webhook-replay" and "Stripe" in s.scenario)
    assert replay.scenario.endswith("Stripe webhook, 30 handlers")
    assert any("has its own STAGING_URL: s0, s1" in text for text in replay.preconditions)


def test_out_of_order_is_asked_of_handlers_that_tell_events_apart() -> None:
    messages = {("app.py", 3): Message("app.py", 3, "POST", inbound("stripe"), ("payment_intent.succeeded", "charge.refunded"))}
    late = one(plan([handler()], messages=messages), "event-order")
    assert "(`payment_intent.succeeded` and `charge.refunded`)" in late.scenario
    assert "event-order" not in {s.kind for s in plan([handler()])}
    assert one(plan([handler()], [owed("order/event-order-assumed", "unknown")]), "event-order").obligations


def test_the_last_unit_is_asked_of_shops_that_keep_stock() -> None:
    stock = owed("inventory/oversell-race", "unknown", 9)
    checkout = way(fields=("items[].product_id", "items[].quantity", "email"))
    made = one(plan([], [stock], ways={("app.py", 9): (checkout,)}), "last-unit")
    assert made.obligations == [stock.id]
    assert '{"items": [{"product_id": "<product_id>", "quantity": 1}], "email": "buyer@example.com"}' in commands(made)
    assert "& done; wait" in commands(made)
    assert "app.py:9" in made.steps[-1]


def test_tampering_changes_the_fields_that_the_request_has() -> None:
    checkout = way(fields=("items[].qty", "items[].unitPrice", "tax_amount", "currency", "note", "coupon_code"))
    made = one(
        plan([], [owed(AMOUNT)], calls=(call("payment.create", ways=(checkout,)),), ways={("app.py", 3): (checkout,)}), "tampered-totals"
    )
    changes = re.findall(r"jq '(.*?)'", commands(made))
    assert changes == [".items[0].qty = -1", ".items[0].unitPrice = 1", ".tax_amount = 0", '.currency = "JPY"']
    assert made.obligations == [f"{AMOUNT}:3"]


def test_a_sound_checkout_without_amounts_is_not_tampered_with() -> None:
    checkout = way(fields=("product_id",))
    made = plan([], [owed(AMOUNT, "held")], calls=(call("payment.create", ways=(checkout,)),), ways={("app.py", 3): (checkout,)})
    assert "tampered-totals" not in {s.kind for s in made}


def test_repetition_settles_the_keys_of_the_call_and_names_every_provider() -> None:
    calls = (call("payment.create", 5, (way(),)), call("checkout.create", 8, (way("/paypal"),), system="paypal"))
    obligations = [owed(MISSING, "broken", 5), owed(MISSING, "held", 8), owed(MISSING, "broken", 20)]
    made = one(plan([], obligations, calls=calls), "provider-timeout")
    assert made.obligations == [f"{MISSING}:5", f"{MISSING}:8"]
    assert any("api.stripe.com (Stripe), api-m.sandbox.paypal.com (PayPal)" in text for text in made.preconditions)
    assert "Idempotency-Key, PayPal-Request-Id" in made.expected


def test_refunds_of_two_providers_behind_one_route_are_one_scenario() -> None:
    route = way("/admin/refunds/{id}", role="staff", fields=("amount",))
    calls = tuple(call("refund.create", line, (route,), system=s) for line, s in ((5, "stripe"), (8, "paypal")))
    made = one(plan([], [owed("order/refund-exceeds-capture", "unknown", 5)], calls=calls), "refund")
    assert made.scenario == "Refund flow: Stripe and PayPal, POST /admin/refunds/$ID"
    assert "-H @staff.headers" in commands(made)
    assert commands(made).count("refund.json") > 3


@pytest.mark.parametrize(
    ("check", "kind"),
    [
        ("order/cancel-order", "cancellation"),
        ("payment/capture-exceeds-auth", "capture"),
        ("payment/partial-capture-unhandled", "capture"),
        ("order/refund-not-recorded", "refund"),
        ("order/unguarded-transition", "order-transitions"),
        ("order/fulfilment-not-propagated", "fulfilment"),
        ("payment/no-settlement-webhook", "late-success"),
        ("tax-shipping/uncached-rates", "rates"),
        ("tax-shipping/client-tax", "tampered-totals"),
        ("inventory/sync-drops-failures", "sync"),
        ("inventory/no-db-constraint", "last-unit"),
        ("resilience/retry-on-client-error", "declined-card"),
        ("boundary/secret-logged", "logs"),
        ("pci/card-data-logged", "logs"),
    ],
)
def test_an_open_obligation_finds_its_scenario(check: str, kind: str) -> None:
    obligation = owed(check, "unknown", 7, systems=("stripe",))
    made = one(plan([], [obligation]), kind)
    assert obligation.id in made.obligations
    assert made.expected.endswith(".")


def test_credentials_are_looked_for_by_prefix_and_never_printed_whole() -> None:
    made = one(plan(payments=("stripe", "paypal")), "credentials")
    assert "sk_test_" in commands(made)
    assert "api-m[.]sandbox[.]paypal[.]com" in commands(made)
    assert "|test|" not in commands(made)  # would be found in any environment
    assert all("grep -oE" in line or "curl" in line for line in commands(made).splitlines())
    assert "credentials" not in {s.kind for s in plan(payments=("klarna-unheard-of",))}


def test_returns_are_opened_unpaid_by_their_own_method() -> None:
    handlers = [
        handler(kind="redirect-return", route="/orders/:id/return", line=3),
        handler(kind="redirect-return", route="/verify", line=9),
    ]
    messages = {("app.py", 9): Message("app.py", 9, "POST", inbound("stripe", "redirect-return"))}
    made = one(plan(handlers, [owed("payment/fulfil-on-redirect")], messages=messages), "unpaid-return")
    assert '"$STAGING_URL/orders/$ID/return?order_id=$ORDER_ID' in commands(made)
    assert re.search(r'-X POST -H @customer.headers "\$STAGING_URL/verify', commands(made))
    assert made.obligations == ["payment/fulfil-on-redirect:3"]


def test_a_payment_of_another_order_is_tried_where_nothing_compares() -> None:
    handlers = [handler(), handler(kind="redirect-return", route="/done", line=30)]
    made = one(
        plan(handlers, [owed("payment/amount-not-reconciled", "unknown", 3), owed("payment/amount-not-reconciled", "held", 30)]),
        "underpaid",
    )
    assert made.obligations == ["payment/amount-not-reconciled:3", "payment/amount-not-reconciled:30"]
    assert "AMOUNT=1; MAJOR_AMOUNT=0.01; CURRENCY=jpy; PAYMENT_ID=$CHEAP_PAYMENT_ID" in commands(made)
    assert "deliver_stripe underpaid.json" in commands(made)
    assert "/done?order_id=$ORDER_ID&payment_id=$CHEAP_PAYMENT_ID" in commands(made)
    assert "underpaid" not in {s.kind for s in plan(handlers)}


@pytest.mark.parametrize("check", PAGES)
@pytest.mark.parametrize("systems", [(), ("stripe",)])
def test_whatever_is_broken_is_shown_by_a_scenario(check: str, systems: tuple[str, ...]) -> None:
    """A reader who has mended something is told how to prove it, wherever it stood."""
    for handlers in ([], [handler()]):
        made = plan(handlers, [owed(check, "broken", 99, file="elsewhere.py", systems=systems)])
        assert any(f"{check}:99" in s.obligations for s in made), [s.kind for s in made]


def test_of_the_flaws_the_worst_is_shown_first() -> None:
    obligations = [owed(UNVERIFIED, "broken"), owed("pci/card-data-logged"), owed("order/unguarded-transition")]
    made = plan([handler()], obligations, severities={"pci/card-data-logged:3": 0, f"{UNVERIFIED}:3": 2, "order/unguarded-transition:3": 1})
    assert [s.kind for s in made][:3] == ["logs", "order-transitions", "forged-webhook"]


def test_only_what_a_provider_sent_itself_is_a_genuine_ipn() -> None:
    """The shop asks the provider about each message, so one that the tester writes proves nothing when it is refused."""
    ipn = handler(provider="paypal", kind="ipn", route="/ipn")
    messages = {("app.py", 3): Message("app.py", 3, "POST", inbound("paypal", "ipn"), ("Completed",))}
    made = plan([ipn], [owed("payment/amount-not-reconciled"), owed("idempotency/dedup-race")], messages=messages)
    replay = one(made, "webhook-replay")
    assert not any("mc_gross" in text for text in replay.steps)
    assert any("PayPal knows only those that it sent itself" in text for text in replay.preconditions)
    assert "set its amount to 0.01" in one(made, "underpaid").steps[0]
    forged = one(made, "forged-webhook")
    assert "mc_gross" in commands(forged)
    assert "control" not in forged.expected


@needs_tools
def test_a_body_that_is_read_as_a_form_is_sent_as_one(tmp_path: Path) -> None:
    checkout = way("/pay", fields=("order_id", "total", "note"), form=True)
    made = one(plan([], [owed(AMOUNT)], ways={("app.py", 3): (checkout,)}), "tampered-totals")
    (tmp_path / "customer.headers").write_text("Cookie: a=b\n")
    with staging() as (address, taken):
        subprocess.run(
            ["bash", "-eu", "-c", commands(made)],
            cwd=tmp_path,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "STAGING_URL": address, "ORDER_ID": "10 01"},
            capture_output=True,
            check=True,
        )
    (sent,) = taken
    assert sent["headers"]["content-type"] == "application/x-www-form-urlencoded"
    assert sent["body"] == b"order_id=10%2001&total=1&note=%3Cnote%3E"


def test_a_return_is_opened_with_the_pieces_that_it_reads() -> None:
    handlers = [handler(kind="redirect-return", route="/back", line=3), handler(kind="redirect-return", route="/done", line=9)]
    message = inbound("stripe", "redirect-return")
    messages = {
        ("app.py", 3): Message("app.py", 3, "GET", message, fields=("orderId", "payment_intent", "redirect_status")),
        ("app.py", 9): Message("app.py", 9, "POST", message, fields=("order_no",)),
    }
    made = one(plan(handlers, messages=messages), "unpaid-return")
    assert '"$STAGING_URL/back?orderId=$ORDER_ID&payment_intent=never_paid&redirect_status=success"' in commands(made)
    assert '-d "{\\"order_no\\":\\"$ORDER_ID\\"}" "$STAGING_URL/done"' in commands(made)


def test_a_message_is_delivered_as_the_provider_does_not_as_a_customer_would() -> None:
    hook = way("/hooks/stripe", line=3)
    transition = owed("order/unguarded-transition")
    made = one(plan([handler()], [transition], ways={("app.py", 3): (hook,)}), "order-transitions")
    assert 'deliver_stripe state.json "/hooks/stripe"' in commands(made)
    assert "@customer.headers" not in commands(made)


def test_money_is_not_refunded_by_a_page_that_a_customer_opens() -> None:
    page = way("/?wc-ajax=settle", method="ANY")
    made = one(plan([], [owed("order/refund-exceeds-capture", line=5)], calls=(call("refund.create", 5, (page,)),)), "refund")
    assert "in the shop's admin (the code behind it: app.py:5)" in made.steps[0]
    assert commands(made) == ""


def test_a_payment_is_begun_under_the_name_of_another_order_where_the_request_names_it() -> None:
    begin = way("/pay", fields=("cart_id", "order_id"), line=40)
    named = owed("payment/amount-not-reconciled")
    shown = Step(file="app.py", line=45, note="the request names the order", kind="step")
    obligation = Obligation(**{f: getattr(named, f) for f in named.__struct_fields__} | {"evidence": [shown]})
    made = one(plan([handler()], [obligation], calls=(call("payment.create", 45, (begin,)),)), "underpaid")
    assert "as for the cheap cart" in made.steps[0]
    assert '{"cart_id": "<cart_id>", "order_id": "$ORDER_ID"}' in made.steps[0]


def test_stock_is_taken_by_the_request_that_places_the_order() -> None:
    order, pay = way("/carts/{cart_id}/checkout"), way("/payments")
    stock = owed("inventory/oversell-race", line=9, file="triggers.sql")
    made = one(plan([], [stock], orders=(order,), calls=(call("payment.create", 5, (pay,)),)), "last-unit")
    assert made.scenario.endswith("POST /carts/$CART_ID/checkout")


@pytest.mark.parametrize(
    ("check", "kind"),
    [
        ("payment/amount-unit", "amounts"),
        ("payment/missing-currency", "amounts"),
        ("tax-shipping/threshold-before-discount", "free-shipping"),
    ],
)
def test_what_no_tampering_shows_has_a_scenario_of_its_own(check: str, kind: str) -> None:
    made = plan([], [owed(check)], ways={("app.py", 3): (way(fields=("note",)),)})
    assert [s.kind for s in made] == [kind]


def test_shared_preconditions_are_told_once() -> None:
    made = shared(plan([handler(), handler(provider="paypal", route="/p")]))
    assert any(text.startswith("STAGING_URL is") for text in made.setup)
    assert all(not text.startswith("STAGING_URL") for _, own in made.scenarios for text in own)


def test_a_plan_never_leaves_staging() -> None:
    every = [
        handler(kind=k, provider=p, line=n)
        for n, k in enumerate(("webhook", "ipn", "redirect-return"))
        for p in ("stripe", "paypal", "adyen", "acme")
    ]
    obligations = [owed(c, "unknown", systems=("stripe",)) for c in (MISSING, AMOUNT, "order/cancel-order", "inventory/oversell-race")]
    made = plan(every, obligations, calls=(call("payment.create", ways=(way(),)),))
    requests = [line for s in made for line in commands(s).splitlines() if "curl " in line]
    assert len(requests) > 20
    assert all('"$STAGING_URL' in line or line.strip().endswith('"$URL"') for line in requests)
    assert "https://" not in "".join(line for line in requests)


# --- the shell does what it says


@contextmanager
def staging() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A shop that writes down what it is sent."""
    taken: list[dict[str, Any]] = []

    class Shop(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.append({"path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()}, "body": body})
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", taken
    finally:
        server.shutdown()
        server.server_close()


def sent(system: str, folder: Path, kind: str = "webhook", notes: tuple[str, ...] = (), **secrets: str) -> tuple[str, list[dict[str, Any]]]:
    """What the forged-webhook scenario of a provider sends when it is run as it stands."""
    message = inbound(system, kind)
    messages = {("app.py", 3): Message("app.py", 3, "POST", message, message.settles[:1], notes=notes)}
    scenario = one(plan([handler(provider=system, kind=kind, route="/hook")], messages=messages), "forged-webhook")
    values = {"ORDER_ID": "1001", "PAYMENT_ID": "pay_1", "AMOUNT": "1234", "MAJOR_AMOUNT": "12.34", "CURRENCY": "eur", **secrets}
    with staging() as (address, taken):
        done = subprocess.run(
            ["bash", "-eu", "-c", commands(scenario)],
            cwd=folder,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "STAGING_URL": address, "HOME": str(folder), **values},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return address, taken


@needs_tools
def test_stripe_takes_the_control_and_refuses_the_rest(tmp_path: Path) -> None:
    _, taken = sent("stripe", tmp_path, STRIPE_WEBHOOK_SECRET="a secret of the test")
    assert [message["path"] for message in taken] == ["/hook"] * 4
    outcomes = []
    for message in taken:
        try:
            event = stripe.Webhook.construct_event(message["body"], message["headers"].get("stripe-signature", ""), "a secret of the test")
            outcomes.append(event["type"])
        except stripe.SignatureVerificationError as refused:
            outcomes.append(str(refused).split()[0])
    assert outcomes == ["No", "No", "Timestamp", "payment_intent.succeeded"]
    event = json.loads(taken[-1]["body"])
    assert event["data"]["object"]["metadata"] == {"order_id": "1001"}
    assert event["data"]["object"]["amount"] == 1234


@needs_tools
def test_a_message_carries_the_notes_that_the_handler_reads(tmp_path: Path) -> None:
    secrets = {"STRIPE_WEBHOOK_SECRET": "a secret of the test", "NOTED_USER_ID": "u-7"}
    _, taken = sent("stripe", tmp_path, notes=("userId", "orderId"), **secrets)
    told = json.loads(taken[-1]["body"])["data"]["object"]
    assert told["metadata"] == {"userId": "u-7", "orderId": "1001"}
    assert told["object"] == "payment_intent"


def test_a_tester_is_told_what_to_put_into_the_notes() -> None:
    messages = {("app.py", 3): Message("app.py", 3, "POST", inbound("stripe"), ("checkout.session.completed",), notes=("user_id",))}
    scenario = one(plan([handler(route="/events/{event_id}/hook")], messages=messages), "forged-webhook")
    assert any(text.startswith("NOTED_USER_ID: what the shop wrote at `user_id`") for text in scenario.preconditions)
    assert any(text.startswith("EVENT_ID: what stands at that place") for text in scenario.preconditions)
    assert "EVENT_ID=" not in commands(scenario).replace("MESSAGE_ID=", "")


def digest(secret: bytes, data: bytes, name: str = "sha256") -> bytes:
    return hmac.new(secret, data, getattr(hashlib, name)).digest()


@needs_tools
@pytest.mark.parametrize(
    ("system", "variable", "header", "signed", "algorithm", "value"),
    [
        ("razorpay", "RAZORPAY_WEBHOOK_SECRET", "x-razorpay-signature", "BODY", "sha256", "HEX"),
        ("paystack", "PAYSTACK_SECRET_KEY", "x-paystack-signature", "BODY", "sha512", "HEX"),
        ("gocardless", "GOCARDLESS_WEBHOOK_SECRET", "webhook-signature", "BODY", "sha256", "HEX"),
        ("checkout.com", "CHECKOUT_WEBHOOK_SIGNATURE_KEY", "cko-signature", "BODY", "sha256", "HEX"),
        ("square", "SQUARE_WEBHOOK_SIGNATURE_KEY", "x-square-hmacsha256-signature", "URLBODY", "sha256", "BASE64"),
        ("cashfree", "CASHFREE_CLIENT_SECRET", "x-webhook-signature", "TIMEBODY", "sha256", "BASE64"),
        ("paddle", "PADDLE_WEBHOOK_SECRET", "paddle-signature", "TIME:BODY", "sha256", "ts=TIME;h1=HEX"),
        ("mercadopago", "MERCADOPAGO_WEBHOOK_SECRET", "x-signature", "id:pay_1;request-id:REQUEST;ts:TIME;", "sha256", "ts=TIME,v1=HEX"),
        ("shopify", "SHOPIFY_API_SECRET", "x-shopify-hmac-sha256", "BODY", "sha256", "BASE64"),
        ("woocommerce", "WC_WEBHOOK_SECRET", "x-wc-webhook-signature", "BODY", "sha256", "BASE64"),
        ("easypost", "EASYPOST_WEBHOOK_SECRET", "x-hmac-signature", "BODY", "sha256", "hmac-sha256-hex=HEX"),
    ],
)
def test_messages_are_signed_as_the_provider_signs_them(
    tmp_path: Path, system: str, variable: str, header: str, signed: str, algorithm: str, value: str
) -> None:
    secret = 's$cret `with` "quotes" of the test'
    address, taken = sent(system, tmp_path, "webhook", (), **{variable: secret})
    control = taken[-1]
    json.loads(control["body"])
    given = control["headers"]
    time = given.get("x-webhook-timestamp") or next(iter(re.findall(r"ts=(\d+)", given[header])), "")
    filled = {"BODY": control["body"].decode(), "URL": address + "/hook", "TIME": time, "REQUEST": given.get("x-request-id", "")}
    data = re.sub("BODY|URL|TIME|REQUEST", lambda match: filled[match[0]], signed)
    made = digest(secret.encode(), data.encode(), algorithm)
    expected = value.replace("HEX", made.hex()).replace("BASE64", base64.b64encode(made).decode()).replace("TIME", time)
    assert given[header] == expected
    assert header not in taken[0]["headers"]
    assert taken[1]["headers"][header] != given[header]


@needs_tools
def test_adyen_signs_fields_inside_the_message(tmp_path: Path) -> None:
    key = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"
    _, taken = sent("adyen", tmp_path, ADYEN_HMAC_KEY=key)
    item = json.loads(taken[-1]["body"])["notificationItems"][0]["NotificationRequestItem"]
    signed = "pay_1::TestMerchant:1001:1234:eur:AUTHORISATION:true"
    assert item["additionalData"]["hmacSignature"] == base64.b64encode(digest(bytes.fromhex(key), signed.encode())).decode()
    assert "hmacSignature" not in taken[0]["body"].decode()


@needs_tools
def test_an_ipn_is_posted_as_a_form(tmp_path: Path) -> None:
    _, taken = sent("paypal", tmp_path, "ipn")
    assert taken[0]["headers"]["content-type"] == "application/x-www-form-urlencoded"
    assert taken[0]["body"].decode().strip().startswith("payment_status=Completed&txn_id=pay_1&mc_gross=12.34")


# --- hostile code

EVIL = [
    "/x/$(touch pwned)",
    "/`touch pwned`",
    '/"; touch pwned; "',
    "/a\ntouch pwned\n",
    "/{id};touch${IFS}pwned",
    "/\\$(touch pwned)",
    "/!touch",
    "/<a b>$(touch pwned)",
]


@needs_tools
@pytest.mark.parametrize("route", EVIL)
def test_nothing_of_a_route_or_a_field_is_run(tmp_path: Path, route: str) -> None:
    """Everything of the plan that is shell is run, with the network's tools replaced by ones that do nothing."""
    fields = ("items[].qty", "a'; touch pwned; '", "$(touch pwned)", "price\ntouch pwned", "total")
    evil_file = "a$(touch pwned)\ntouch pwned\n.py"
    evil = way(route, fields=fields, file=evil_file)
    calls = tuple(call(op, 5, (evil,), file=evil_file) for op in ("payment.create", "refund.create", "payment.capture", "payment.cancel"))
    handlers = [
        handler(kind=k, route=route, file=evil_file, unit=evil_file, line=n) for n, k in enumerate(("webhook", "ipn", "redirect-return"))
    ]
    checks = (
        AMOUNT,
        MISSING,
        "inventory/oversell-race",
        "order/unguarded-transition",
        "tax-shipping/uncached-rates",
        "boundary/secret-logged",
    )
    obligations = [owed(c, "unknown", 5, file=evil_file) for c in checks]
    made = plan(handlers, obligations, ("stripe",), calls=calls, ways={(evil_file, 5): (evil,)})
    assert len(made) > 8
    fakes = tmp_path / "bin"
    fakes.mkdir()
    for name in ("curl", "toxiproxy-cli", "mitmdump", "dig", "grep", "env"):
        (fakes / name).write_text("#!/bin/sh\ncat >/dev/null 2>&1 </dev/null; exit 0\n")
        (fakes / name).chmod(0o755)
    for scenario in made:
        for text in (*scenario.preconditions, *scenario.steps):
            assert "touch pwned" not in {line.strip() for line in text.splitlines()}, text
        subprocess.run(
            ["bash", "-c", commands(scenario)],
            cwd=tmp_path,
            env={"PATH": f"{fakes}:/usr/bin:/bin", "STAGING_URL": "http://staging.invalid", "ORDER_ID": "1"},
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert not (tmp_path / "pwned").exists(), commands(scenario)


@pytest.mark.parametrize(
    ("route", "shown"),
    [
        ("/orders/<int:pk>/pay", "/orders/$PK/pay"),
        ("/orders/:id/pay", "/orders/$ID/pay"),
        ("/orders/{order_id}", "/orders/$ORDER_ID"),
        ("/shop/[slug]", "/shop/$SLUG"),
        ("/done/:orderId?", "/done/$ORDER_ID"),
        ("/a/[...rest]", "/a/$REST"),
        ("checkout", "/checkout"),
        ("/wc-api/wc_stripe?x=1&y=2", "/wc-api/wc_stripe?x=1&y=2"),
        ("/é", "/%C3%A9"),
        ("/{1st}", "/$PART_1ST"),
    ],
)
def test_routes_for_the_shell(route: str, shown: str) -> None:
    assert shell.path(route) == shown
