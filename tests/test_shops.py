"""The two example shops, reviewed by the command line: every plant is found at its place, and the sound twin passes with all of it held.

``examples/README.md`` lists the plants. Lines are looked up by the code that stands there, so that the shops may be edited.
"""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
CHECKS = [
    "idempotency/missing-key",
    "idempotency/unstable-key",
    "payment/client-amount",
    "payment/fulfil-on-redirect",
    "payment/webhook-unverified",
    "payment/webhook-weak-verification",
]


class Plant(NamedTuple):
    """A mistake: where one must be told of it. The finding stands there, or its trace passes there."""

    number: str
    check: str
    file: str
    marker: str


PLANTS = [
    Plant("1", "payment/webhook-unverified", "shop/routes/webhooks.py", "def stripe_webhook("),
    Plant("2 unset", "payment/webhook-weak-verification", "shop/security.py", "if not webhook_id:"),
    Plant("2 no header", "payment/webhook-weak-verification", "shop/security.py", 'if "paypal-transmission-sig" in headers'),
    Plant("3a Stripe payment", "idempotency/missing-key", "shop/payments/stripe_client.py", "stripe.PaymentIntent.create("),
    Plant("3a Stripe refund", "idempotency/missing-key", "shop/payments/stripe_client.py", "stripe.Refund.create("),
    Plant("3a Stripe cancel", "idempotency/missing-key", "shop/payments/stripe_client.py", "stripe.PaymentIntent.cancel("),
    Plant("3a PayPal refund", "idempotency/missing-key", "shop/payments/paypal_client.py", "refund = self._send("),
    Plant("3a PayPal capture", "idempotency/missing-key", "shop/payments/paypal_client.py", '/capture", json={})'),
    Plant("3b", "idempotency/unstable-key", "shop/payments/paypal_client.py", '"PayPal-Request-Id": str(uuid.uuid4())'),
    Plant("4", "payment/client-amount", "shop/services/orders.py", "unit_price_cents=line.unit_price_cents"),
    Plant("5", "payment/fulfil-on-redirect", "shop/routes/checkout.py", "orders.mark_paid("),
]


@cache
def reviewed(shop: str) -> tuple[int, dict[str, Any]]:
    """The exit status and the report of a shop."""
    command = [sys.executable, "-m", "tillproof", "review", str(EXAMPLES / shop), "--format", "json", "--no-cache"]
    done = subprocess.run(command, capture_output=True, check=False, cwd=EXAMPLES)
    assert done.stderr == b""
    return done.returncode, json.loads(done.stdout)


def line_of(shop: str, file: str, marker: str) -> int:
    lines = (EXAMPLES / shop / file).read_text(encoding="utf-8").splitlines()
    found = [number for number, line in enumerate(lines, start=1) if marker in line]
    assert len(found) == 1, f"{marker!r} stands in {len(found)} lines of {file}"
    return found[0]


def passes(finding: dict[str, Any], file: str, line: int) -> bool:
    """Whether a finding stands on a line (or begins or ends beside it), or its trace has a step there."""
    if finding["file"] == file and finding["start_line"] - 1 <= line <= finding["end_line"] + 1:
        return True
    return any(step["file"] == file and step["line"] == line for step in finding["trace"])


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: f"{plant.number} {plant.check}")
def test_a_plant_in_the_leaky_shop_is_found_at_its_place(plant: Plant) -> None:
    _, report = reviewed("leaky-shop")
    line = line_of("leaky-shop", plant.file, plant.marker)
    findings = [finding for finding in report["findings"] if finding["check"] == plant.check]
    places = [(finding["file"], finding["start_line"], finding["title"]) for finding in findings]
    assert any(passes(finding, plant.file, line) for finding in findings), f"nothing at {plant.file}:{line}; found {places}"


def test_the_leaky_shop_is_blocked() -> None:
    status, report = reviewed("leaky-shop")
    assert (status, report["summary"]["verdict"]) == (20, "blocked")


@pytest.mark.parametrize(
    ("check", "severity"),
    [
        ("payment/webhook-unverified", "critical"),
        ("payment/webhook-weak-verification", "critical"),
        ("payment/client-amount", "critical"),
        ("payment/fulfil-on-redirect", "critical"),
        ("idempotency/unstable-key", "high"),
    ],
)
def test_the_gravest_finding_of_a_check_is_as_grave_as_the_plant(check: str, severity: str) -> None:
    _, report = reviewed("leaky-shop")
    assert severity in {finding["severity"] for finding in report["findings"] if finding["check"] == check}


@pytest.mark.parametrize("check", CHECKS)
def test_every_check_holds_something_in_the_sound_shop(check: str) -> None:
    _, report = reviewed("sound-shop")
    obligations = [obligation for obligation in report["obligations"] if obligation["check"] == check]
    rulings = [(o["ruling"], o["site"]["file"], o["site"]["line"], (o["because"] or {}).get("what")) for o in obligations]
    held = [obligation for obligation in obligations if obligation["ruling"] == "held"]
    assert held, f"nothing is held; {rulings}"
    assert all(any(step["kind"] == "guard" for step in obligation["evidence"]) for obligation in held)


def test_the_sound_shop_has_no_finding_that_matters() -> None:
    _, report = reviewed("sound-shop")
    grave = [finding for finding in report["findings"] if finding["severity"] in ("critical", "high", "medium")]
    assert [(finding["check"], finding["file"], finding["start_line"], finding["title"]) for finding in grave] == []


def test_the_sound_shop_passes() -> None:
    status, report = reviewed("sound-shop")
    assert (status, report["summary"]["verdict"]) == (0, "pass")
