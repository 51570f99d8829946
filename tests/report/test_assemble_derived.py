"""What is derived from rulings and handlers: the checklist, the resilience assessment, the PCI note and the staging plan."""

from pathlib import Path
from typing import Any

import pytest

from tests.commerce.small_models import model_of
from tillproof.commerce.boundaries import find_boundaries
from tillproof.contract import Because, Handler, Obligation, ObligationSite, Pci, Step
from tillproof.report.checklist import checklist
from tillproof.report.pci import pci_note
from tillproof.report.plan import staging_plan
from tillproof.report.resilience import resilience

UNVERIFIED, WEAK = "payment/webhook-unverified", "payment/webhook-weak-verification"
MISSING, UNSTABLE = "idempotency/missing-key", "idempotency/unstable-key"
RAN = {UNVERIFIED, WEAK, MISSING, UNSTABLE}


def owed(check: str, ruling: Any, line: int = 3, id_: str = "o1") -> Obligation:
    kind: Any = {"held": "guard", "broken": "missing", "unknown": "step"}[ruling]
    because = Because(file="app.py", line=line, what="Is it?") if ruling == "unknown" else None
    evidence = [Step(file="app.py", line=line, note="here", kind=kind)]
    site = ObligationSite(kind="webhook", file="app.py", line=line, unit=".")
    return Obligation(id=id_, check=check, site=site, ruling=ruling, because=because, evidence=evidence)


def handler(**changes: Any) -> Handler:
    values: dict[str, Any] = {
        "file": "app.py", "line": 3, "provider": "stripe", "kind": "webhook", "route": "POST /hooks/stripe", "role": "public",
        "verified": "yes", "dedup": "unknown", "acts": "marks the order paid", "unit": ".",
    }  # fmt: skip
    return Handler(**{**values, **changes})


def item(obligations: list[Obligation], begins: str) -> tuple[str, int]:
    (found,) = (i for i in checklist(obligations, RAN) if i.item.startswith(begins))
    return found.status, len(found.evidence)


def test_the_checklist_takes_the_worst_ruling() -> None:
    signature = "A webhook's signature"
    assert item([], signature) == ("not-applicable", 0)
    assert item([owed(UNVERIFIED, "held"), owed(WEAK, "held", 4)], signature) == ("held", 2)
    assert item([owed(UNVERIFIED, "held"), owed(WEAK, "unknown", 4)], signature) == ("unknown", 1)
    assert item([owed(UNVERIFIED, "broken"), owed(WEAK, "unknown", 4)], signature) == ("broken", 1)


def test_what_no_check_examines_is_unknown_and_says_nothing() -> None:
    assert item([], "Stock is decremented") == ("unknown", 0)
    assert item([], "No test credentials") == ("unknown", 0)
    assert item([], "Every payment initiation") == ("not-applicable", 0)
    assert next(i.section for i in checklist([], RAN)) == "Payment"
    assert len({i.section for i in checklist([], RAN)}) == 7


def test_half_of_an_item_held_is_not_the_whole() -> None:
    (found,) = (i for i in checklist([owed(MISSING, "held")], {MISSING}) if i.item.startswith("Every payment initiation"))
    assert found.status == "unknown"


def test_resilience_counts_and_admits_what_it_does_not_know() -> None:
    assessed = resilience([owed(MISSING, "held", 1), owed(MISSING, "broken", 2)], [handler(dedup="racy")], [], RAN)
    assert (assessed.idempotency.status, assessed.idempotency.statement) == (
        "broken",
        "Payment calls that carry an idempotency key: 1 of 2.",
    )
    assert assessed.idempotency.evidence[0].line == 2
    assert assessed.deduplication.status == "broken"
    assert assessed.dead_letter.status == "unknown"
    assert "Not yet examined by this version" in assessed.dead_letter.statement


@pytest.mark.parametrize(
    ("dedup", "status"), [("yes", "held"), ("state-guard", "held"), ("unknown", "unknown"), ("no", "broken"), ("racy", "broken")]
)
def test_deduplication_follows_the_handlers(dedup: str, status: str) -> None:
    assert resilience([], [handler(dedup="yes"), handler(dedup=dedup)], [], RAN).deduplication.status == status


def test_without_integration_nothing_is_owed() -> None:
    assessed = resilience([], [handler(kind="redirect-return", dedup="no")], [], RAN)
    assert {a.status for a in (assessed.idempotency, assessed.retry, assessed.deduplication, assessed.dead_letter)} == {"not-applicable"}


def note(root: Path, files: dict[str, str]) -> Pci:
    model, tree = model_of(root, files)
    return pci_note(model, tree, find_boundaries(model, tree, []))


SESSION = "import stripe\n\n\ndef pay(o):\n    return stripe.checkout.Session.create(mode='payment', line_items=o.items)\n"
ORDER = "const Razorpay = require('razorpay')\nconst rzp = new Razorpay({})\nexports.pay = (o) => rzp.orders.create({ amount: o.total })\n"
CHARGE = "import stripe\n\n\ndef pay(o):\n    return stripe.Charge.create(amount=o.total, currency='eur', source=o.token)\n"


@pytest.mark.parametrize(
    ("files", "saq", "where"),
    [
        ({"a.py": "print('hello')\n"}, "none", None),
        ({"pay.py": SESSION}, "A", ("pay.py", 5)),
        ({"pay.html": '<p>\n<script src="https://js.stripe.com/v3/"></script>\n'}, "A", ("pay.html", 2)),
        ({"pay.js": ORDER}, "unclear", ("pay.js", 3)),
        ({"pay.py": CHARGE, "b.py": "import stripe\nx = {'client_secret': 1}\n"}, "A", ("b.py", 2)),
        ({"pay.py": CHARGE, "f.html": '<input data-stripe="number"><input name="cardNumber">\n'}, "A-EP", ("f.html", 1)),
        ({"pay.py": SESSION, "f.html": '<form>\n<input type="text" name="card_number">\n</form>\n'}, "D", ("f.html", 2)),
        ({"pay.py": SESSION, "f.jsx": "const F = () => (\n  <input\n    autoComplete='cc-number' />\n)\n"}, "D", ("f.jsx", 2)),
        ({"pay.py": SESSION, "v.py": "def v(request):\n    return request.POST['card_number']\n"}, "D", ("v.py", 2)),
        ({"pay.py": SESSION, "v.js": "app.post('/x', (req) => {\n  const { cardNumber, cvv } = req.body\n})\n"}, "D", ("v.js", 2)),
        ({"pay.py": SESSION, "v.php": "<?php\n$n = $_POST['cc_number'];\n"}, "D", ("v.php", 2)),
        ({"pay.py": SESSION, "m.py": "class Card(Model):\n    cvv = models.CharField()\n"}, "D", ("m.py", 2)),
        ({"pay.py": SESSION, "v.py": "def v(request):\n    return request.POST['gift_card_number']\n"}, "A", ("pay.py", 5)),
        ({"pay.py": SESSION, "v.php": "<?php\n// $n = $_POST['cc_number'];\n"}, "A", ("pay.py", 5)),
        ({"pay.py": SESSION, "tests/test_v.py": "def v(request):\n    return request.POST['card_number']\n"}, "A", ("pay.py", 5)),
    ],
)
def test_the_pci_note(tmp_path: Path, files: dict[str, str], saq: str, where: tuple[str, int] | None) -> None:
    found = note(tmp_path, files)
    assert found.saq == saq
    assert [(s.file, s.line) for s in found.evidence][:1] == ([where] if where else [])
    assert found.statement.endswith(".")


def test_an_embedded_form_owes_script_controls(tmp_path: Path) -> None:
    page = {"pay.html": '<script src="https://js.stripe.com/v3/"></script>\n'}
    assert "No content security policy" in note(tmp_path / "a", page).statement
    assert "policy is set" in note(tmp_path / "b", {**page, "s.py": "H = {'Content-Security-Policy': 'x'}\n"}).statement


def test_every_delivery_is_forged_and_replayed() -> None:
    plan = staging_plan([handler()], [owed(UNVERIFIED, "held")])
    assert [s.scenario.split()[0] for s in plan] == ["Replay", "Replay", "Unsigned", "Forged", "Stale"]
    assert [s.id for s in plan] == ["T1", "T2", "T3", "T4", "T5"]
    forged = plan[3]
    assert forged.obligations == ["o1"]
    assert '"$STAGING_URL/hooks/stripe"' in forged.steps[1]
    assert "Stripe-Signature: t=$TIME" in forged.steps[1]


def test_what_settles_an_unknown_comes_first() -> None:
    known = handler(file="b.py", dedup="yes", route="/b")
    plan = staging_plan([known, handler(dedup="yes")], [owed(UNVERIFIED, "unknown")])
    assert all("/hooks/stripe" in s.scenario for s in plan[:3])
    assert "/b" in plan[3].scenario


def test_an_ipn_is_posted_as_a_form_and_a_return_is_opened_unpaid() -> None:
    handlers = [
        handler(provider="paypal", kind="ipn", route="POST /ipn/<int:shop>"),
        handler(kind="redirect-return", route="GET /orders/:id/return"),
    ]
    plan = {s.scenario.split()[0]: s for s in staging_plan(handlers, [owed("payment/fulfil-on-redirect", "broken")])}
    assert "payment_status=Completed" in plan["Unsigned"].steps[0]
    assert '"$STAGING_URL/ipn/$SHOP"' in plan["Unsigned"].steps[0]
    assert "Forged" not in plan
    assert '"$STAGING_URL/orders/$ID/return?' in plan["Return"].steps[1]
    assert plan["Return"].obligations == ["o1"]


def test_tampered_totals_and_double_submission() -> None:
    obligations = [
        owed("payment/client-amount", "broken", 5, "a"),
        owed("payment/client-amount", "held", 6, "b"),
        owed(MISSING, "broken", 7, "c"),
        owed(UNSTABLE, "unknown", 7, "d"),
    ]
    plan = staging_plan([], obligations)
    assert [(s.scenario.split(":")[0], s.obligations) for s in plan] == [("Submit twice", ["c", "d"]), ("Tampered total", ["a"])]


def test_a_plan_never_leaves_staging() -> None:
    every = [
        handler(kind=kind, provider=p) for kind in ("webhook", "ipn", "redirect-return") for p in ("stripe", "paypal", "adyen", "acme")
    ]
    plan = staging_plan(every, [owed(MISSING, "broken"), owed("payment/client-amount", "unknown")])
    text = "\n".join(step for s in plan for step in s.steps)
    assert text.count("curl ") == text.count("$STAGING_URL") > 20
    assert "http" not in text
    assert "_live_" not in text
