"""Findings that say the same of different places, told once: a review of eighty findings is read as twenty."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from tillproof.contract import Finding, Report, Severity
from tillproof.report.wording import by_weight


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
    titles = {check.id: check.title for check in report.checks}
    found: dict[tuple[str, Severity], list[Finding]] = {}
    for finding in by_weight(report.findings):
        found.setdefault((finding.check, finding.severity), []).append(finding)
    return [Group(check, severity, _title(members, titles.get(check, "")), tuple(members)) for (check, severity), members in found.items()]


def _title(members: Iterable[Finding], of_check: str) -> str:
    """The title that all share; else the commonest, or where none stands out what the check demands."""
    counts = Counter(finding.title for finding in members)
    title, times = counts.most_common(1)[0]
    if len(counts) == 1 or 2 * times > counts.total() or not of_check:
        return title
    return f"Not kept: {of_check[:1].lower()}{of_check[1:]}"
