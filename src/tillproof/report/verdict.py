"""May this be shipped? The one place where findings become a verdict."""

from collections import Counter
from collections.abc import Iterable, Sequence

from tillproof.contract import SEVERITIES, Finding, Obligation, Rulings, Summary, Verdict


def summarise(findings: Sequence[Finding], obligations: Iterable[Obligation], conditions: Sequence[str] = ()) -> Summary:
    """The summary of a review. Suppressed findings must not be among ``findings``: they do not count.

    ``conditions``: what a pass rests on besides the findings, a sentence each.
    """
    severities = Counter(finding.severity for finding in findings)
    rulings = Counter(obligation.ruling for obligation in obligations)
    return Summary(
        verdict=verdict(findings, conditions),
        primary_risk=primary_risk(findings),
        counts={severity: severities[severity] for severity in SEVERITIES},
        rulings=Rulings(held=rulings["held"], broken=rulings["broken"], unknown=rulings["unknown"]),
        conditions=list(conditions),
    )


def verdict(findings: Iterable[Finding], conditions: Sequence[str] = ()) -> Verdict:
    """Blocked by a critical finding that is at least likely; conditional by anything else above low, or on a condition; else pass."""
    worst: Verdict = "conditional" if conditions else "pass"
    for finding in findings:
        if finding.severity == "critical" and finding.confidence != "possible":
            return "blocked"
        if finding.severity in ("critical", "high", "medium"):
            worst = "conditional"
    return worst


def primary_risk(findings: Iterable[Finding]) -> str | None:
    """The category with the most findings of the worst severity, then of the next, then by name. Notes (info) are no risk."""
    counts: dict[str, list[int]] = {}
    for finding in findings:
        if finding.severity != "info":
            counts.setdefault(finding.category, [0] * len(SEVERITIES))[SEVERITIES.index(finding.severity)] += 1
    if not counts:
        return None
    return min(counts, key=lambda category: ([-count for count in counts[category]], category))
