"""Findings that say the same of different places, told once: a review of eighty findings is read as twenty."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from tillproof.contract import Finding, Report, Severity
from tillproof.report.wording import by_weight

_MOST_DECIDING = 5


class Group(NamedTuple):
    """The findings of one check and severity, the surest first; most often there is one. ``title`` speaks for all of them."""

    check: str
    severity: Severity
    title: str
    findings: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        return self.findings[0]

    @property
    def remediations(self) -> tuple[str, ...]:
        """The different ways to mend it, the commonest first."""
        return tuple(text for text, _ in Counter(finding.remediation for finding in self.findings).most_common())

    @property
    def units(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(finding.unit for finding in self.findings))


def groups(report: Report) -> list[Group]:
    """All findings, the worst groups first."""
    found: dict[tuple[str, Severity], list[Finding]] = {}
    for finding in by_weight(report.findings):
        found.setdefault((finding.check, finding.severity), []).append(finding)
    return [Group(check, severity, _title(members), tuple(members)) for (check, severity), members in found.items()]


def _title(members: Iterable[Finding]) -> str:
    """The title that all share, or else the commonest."""
    counts = Counter(finding.title for finding in members)
    title = counts.most_common(1)[0][0]
    return title if len(counts) == 1 else f"{title}, and similar"


def deciding(report: Report) -> list[Group]:
    """What the verdict rests on, the worst first and not too many: blocking findings, or else whatever is above low."""
    found = groups(report)
    blocking = [g for g in found if g.severity == "critical" and any(f.confidence != "possible" for f in g.findings)]
    return (blocking or [g for g in found if g.severity in ("critical", "high", "medium")])[:_MOST_DECIDING]
