"""What is derived from rulings and handlers: the checklist and the resilience assessment."""

from typing import Any

import msgspec
import pytest

from tillproof.checks.catalog import all_checks
from tillproof.contract import Because, Handler, Obligation, ObligationSite, Step
from tillproof.report.checklist import checklist
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


def test_an_item_says_what_was_held_and_what_nobody_looked_at() -> None:
    items = checklist([owed(UNVERIFIED, "held"), owed(WEAK, "broken", 4)], RAN)
    signature, stock, key = (
        next(i for i in items if i.item.startswith(w)) for w in ("A webhook's", "Stock is", "Every payment initiation")
    )
    assert (signature.statement, signature.checks) == ("Broken at 1 place, held at 1 place.", [UNVERIFIED, WEAK])
    assert stock.statement == "Not examined: `inventory/non-atomic-write`, `inventory/no-db-constraint`."
    assert key.statement == "No call was found that moves money."


def test_every_check_of_the_catalogue_has_a_line_in_the_checklist() -> None:
    covered = {check for item in checklist([], RAN) for check in item.checks}
    assert len(covered) == 45
    assert {check.id for check in all_checks()} <= covered


def test_resilience_is_told_by_integration() -> None:
    def call(ruling: Any, line: int, system: str, check: str = "resilience/no-timeout") -> Obligation:
        return msgspec.structs.replace(owed(check, ruling, line), systems=[system])

    ran = {"resilience/no-timeout", "resilience/no-retry", "resilience/retry-without-backoff", "resilience/retry-on-client-error"}
    retry = resilience([call("held", 1, "stripe"), call("unknown", 2, "paypal"), call("held", 3, "paypal")], [], [], ran).retry
    assert (retry.status, retry.statement) == ("unknown", "Calls with a bounded timeout: 2 of 3 (1 undecided).")
    assert [(s.system, s.status, s.statement) for s in retry.by_system] == [
        ("paypal", "unknown", "Calls with a bounded timeout: 1 of 2 (1 undecided)."),
        ("stripe", "held", "Calls with a bounded timeout: 1 of 1."),
    ]


def test_resilience_counts_and_admits_what_it_does_not_know() -> None:
    assessed = resilience([owed(MISSING, "held", 1), owed(MISSING, "broken", 2)], [handler(dedup="racy")], [], RAN)
    assert (assessed.idempotency.status, assessed.idempotency.statement) == (
        "broken",
        "Payment calls that carry an idempotency key: 1 of 2.",
    )
    assert assessed.idempotency.evidence[0].line == 2
    assert assessed.deduplication.status == "broken"
    assert assessed.dead_letter.status == "unknown"
    assert "Not examined by this version" in assessed.dead_letter.statement


@pytest.mark.parametrize(
    ("dedup", "status"), [("yes", "held"), ("state-guard", "held"), ("unknown", "unknown"), ("no", "broken"), ("racy", "broken")]
)
def test_deduplication_follows_the_handlers(dedup: str, status: str) -> None:
    assert resilience([], [handler(dedup="yes"), handler(dedup=dedup)], [], RAN).deduplication.status == status


def test_without_integration_nothing_is_owed() -> None:
    assessed = resilience([], [handler(kind="redirect-return", dedup="no")], [], RAN)
    assert {a.status for a in (assessed.idempotency, assessed.retry, assessed.deduplication, assessed.dead_letter)} == {"not-applicable"}
