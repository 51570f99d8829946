"""What all formats for people say in the same words."""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from tillproof.contract import SEVERITIES, Boundary, Confidence, Finding, Handler, Obligation, Report, Severity, Status, Verdict

VERDICTS: dict[Verdict, str] = {"pass": "PASS", "conditional": "CONDITIONAL PASS", "blocked": "BLOCKED"}

CATEGORIES: dict[str, str] = {
    "boundary": "integration boundaries and secrets",
    "payment": "payment",
    "idempotency": "idempotency and duplicates",
    "inventory": "inventory",
    "tax-shipping": "tax and shipping",
    "order": "order lifecycle",
    "pci": "card data (PCI)",
    "resilience": "errors and retries",
}

STATUSES: dict[Status, str] = {"held": "held", "broken": "broken", "unknown": "unknown", "not-applicable": "not applicable"}

VERIFIED: dict[str, str] = {"yes": "proven", "no": "not proven", "weak": "proof can be bypassed", "unknown": "undecided"}

DEDUP: dict[str, str] = {
    "yes": "by event id",
    "no": "none",
    "state-guard": "by order state",
    "racy": "racy",
    "unknown": "undecided",
}

_CONFIDENCE: dict[Confidence, int] = {"certain": 0, "likely": 1, "possible": 2}

_SENTENCE = re.compile(r"(?:`[^`]*`|[^`])*?(?<!e\.g)\.(?=\s+[A-Z`]|\s*$)", re.DOTALL)

_HIGHLIGHTING = {
    ".py": "python",
    ".pyi": "python",
    ".js": "javascript",
    ".cjs": "javascript",
    ".mjs": "javascript",
    ".jsx": "jsx",
    ".ts": "typescript",
    ".cts": "typescript",
    ".mts": "typescript",
    ".tsx": "tsx",
    ".php": "php",
    ".vue": "html",
    ".html": "html",
    ".sql": "sql",
    ".json": "json",
    ".yml": "yaml",
    ".yaml": "yaml",
    ".toml": "toml",
}


def reason(report: Report) -> str:
    """Why the verdict is what it is. A pass for want of anything to judge says so, and so does what it rests on besides the findings."""
    conditions = report.summary.conditions
    if conditions and not report.obligations:
        return " ".join(conditions)
    return " ".join((_by_rulings(report), *conditions))


def _by_rulings(report: Report) -> str:
    blocking = sum(1 for finding in report.findings if finding.severity == "critical" and finding.confidence != "possible")
    if blocking:
        return f"{count(blocking, 'critical finding')} must be mended before this is shipped."
    counts = report.summary.counts
    named = [f"{counts[severity]} {severity}" for severity in SEVERITIES[:3] if counts.get(severity)]
    if named:
        return f"To be mended or accepted before this is shipped: {', '.join(named)}."
    if not report.obligations:
        return "No integration point was found that owes anything, so nothing was verified."
    held = report.summary.rulings.held
    unknown = report.summary.rulings.unknown
    if unknown:
        return f"Nothing above low was found broken; {count(held, 'obligation')} held, {count(unknown, 'question')} left open."
    return f"Nothing above low was found broken; {count(held, 'obligation')} held."


def closing(report: Report) -> str:
    """The result in one line, for when the report itself went into a file."""
    rulings = report.summary.rulings
    found = ", ".join(f"{number} {severity}" for severity, number in severities(report.summary.counts) if number) or "no findings"
    return f"{VERDICTS[report.summary.verdict]}: {found}; {rulings.held} held, {rulings.unknown} unknown"


def sender(handler: Handler) -> tuple[str, str]:
    """Whether the sender of an entry point is proven, and the state that says how bad it is; a page that only shows needs no proof."""
    if _only_shows(handler):
        return "nothing to prove", "quiet"
    return VERIFIED[handler.verified], {"yes": "held", "unknown": "unknown"}.get(handler.verified, "broken")


def repetition(handler: Handler) -> tuple[str, str]:
    """What keeps a repetition from acting again, likewise."""
    if _only_shows(handler):
        return "nothing to repeat", "quiet"
    return DEDUP[handler.dedup], {"yes": "held", "state-guard": "held", "unknown": "unknown"}.get(handler.dedup, "broken")


def _only_shows(handler: Handler) -> bool:
    return handler.kind == "redirect-return" and handler.acts.startswith("changes nothing")


def shown_by(report: Report) -> dict[str, list[str]]:
    """The scenarios of the staging plan that show an obligation, by its id."""
    found: dict[str, list[str]] = {}
    for scenario in report.test_plan:
        for obligation in scenario.obligations:
            found.setdefault(obligation, []).append(scenario.id)
    return found


def lead(text: str) -> str:
    """The first sentence; a full stop within code ends none."""
    match = _SENTENCE.match(text)
    return match[0] if match else text


def risk(report: Report) -> str | None:
    """The primary risk category in words."""
    category = report.summary.primary_risk
    return None if category is None else CATEGORIES.get(category, category)


def question(obligation: Obligation) -> str:
    """An unknown ruling as a question for a person; code in backticks."""
    because = obligation.because
    if because is None:
        return f"Does the code keep `{_untick(obligation.check)}` here? Nothing was recorded that would settle it."
    what = because.what.strip()
    return what if "?" in what else f"Does the code keep `{_untick(obligation.check)}` here? It could not be decided: {what.rstrip('.')}."


def _untick(text: str) -> str:
    return text.replace("`", "'")


def by_weight(findings: Iterable[Finding]) -> list[Finding]:
    """Worst first, surest first, then by place."""

    def weight(finding: Finding) -> tuple[int, int, str, int, str]:
        return SEVERITIES.index(finding.severity), _CONFIDENCE[finding.confidence], finding.file, finding.start_line, finding.check

    return sorted(findings, key=weight)


def ruled(report: Report, ruling: str) -> dict[str, list[Obligation]]:
    """The obligations with this ruling, by check."""
    found: dict[str, list[Obligation]] = {}
    for obligation in report.obligations:
        if obligation.ruling == ruling:
            found.setdefault(obligation.check, []).append(obligation)
    return dict(sorted(found.items()))


def systems(boundaries: Iterable[Boundary]) -> dict[str, list[Boundary]]:
    """The boundaries by system."""
    found: dict[str, list[Boundary]] = {}
    for boundary in boundaries:
        found.setdefault(boundary.system, []).append(boundary)
    return dict(sorted(found.items()))


def at(file: str, line: int) -> str:
    """``file:line``, which editors and terminals can open; a whole file has no line."""
    return f"{file}:{line}" if line > 0 else file


def count(number: int, noun: str) -> str:
    """``1 finding``, ``2 findings``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def highlighting(file: str) -> str:
    """The name by which highlighters know the file's language, or nothing."""
    return _HIGHLIGHTING.get(PurePosixPath(file).suffix.lower(), "")


def severities(counts: dict[str, int]) -> list[tuple[Severity, int]]:
    """How many findings of each severity, worst first, zeros too."""
    return [(severity, counts.get(severity, 0)) for severity in SEVERITIES]
