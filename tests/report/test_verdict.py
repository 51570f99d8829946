import pytest

from tests.report.samples import finding, obligation
from tillproof.contract import Confidence, Severity
from tillproof.report.verdict import primary_risk, summarise, verdict


@pytest.mark.parametrize(
    ("severity", "confidence", "expected"),
    [
        ("critical", "certain", "blocked"),
        ("critical", "likely", "blocked"),
        ("critical", "possible", "conditional"),
        ("high", "certain", "conditional"),
        ("high", "possible", "conditional"),
        ("medium", "possible", "conditional"),
        ("low", "certain", "pass"),
        ("info", "certain", "pass"),
    ],
)
def test_one_finding_decides_by_severity_and_confidence(severity: Severity, confidence: Confidence, expected: str) -> None:
    assert verdict([finding(severity=severity, confidence=confidence)]) == expected


def test_the_worst_finding_decides_wherever_it_stands() -> None:
    mild, worst = finding(severity="low"), finding(severity="critical")
    assert verdict([mild, worst, mild]) == "blocked"
    assert verdict([]) == "pass"


def test_primary_risk_is_the_worst_severity_before_the_greatest_number() -> None:
    findings = [finding(category="order", severity="high")] * 5 + [finding(category="pci", severity="critical")]
    assert primary_risk(findings) == "pci"


def test_primary_risk_counts_within_the_worst_severity_then_the_next() -> None:
    even = [finding(category=name, severity="high") for name in ("payment", "order", "payment", "order")]
    assert primary_risk([*even, finding(category="payment", severity="low")]) == "payment"
    assert primary_risk(even) == "order"


def test_notes_are_no_risk() -> None:
    assert primary_risk([finding(severity="info")]) is None


def test_summary_counts_every_severity_and_ruling() -> None:
    rulings = [obligation(ruling=ruling) for ruling in ("held", "held", "broken", "unknown")]
    summary = summarise([finding(severity="high"), finding(severity="info")], rulings)
    assert summary.counts == {"critical": 0, "high": 1, "medium": 0, "low": 0, "info": 1}
    assert (summary.rulings.held, summary.rulings.broken, summary.rulings.unknown) == (2, 1, 1)
