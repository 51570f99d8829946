"""The review in a terminal: verdict first, then the few lines that matter.

Lines are laid out here rather than by rich's tables, so that a ``path:line`` is never broken and can be clicked or copied.
"""

from collections.abc import Sequence
from io import StringIO

from rich.console import Console
from rich.text import Text

from tillproof.contract import Finding, Report, Severity
from tillproof.report import escape, wording
from tillproof.report.layout import Lines, columns, field, rule, sentence, wrapped
from tillproof.report.terminal_finding import SEVERITY_STYLES, detail

_NARROWEST = 60
_WIDEST = 120
_MOST_DETAILED = 10
_MOST_LISTED = 25
_MOST_QUESTIONS = 5

_VERDICT_STYLES = {"pass": "bold white on green", "conditional": "bold black on yellow", "blocked": "bold white on red"}
_STATUS_STYLES = {"held": "green", "broken": "red", "unknown": "yellow", "not-applicable": "dim"}
_PROOF_STYLES = {"yes": "green", "state-guard": "green", "no": "red", "weak": "red", "racy": "red", "unknown": "yellow"}


def to_terminal(report: Report, width: int = 80, colour: bool = False) -> str:
    """The text to print, ending in a newline. ``width`` is in columns; ``colour`` adds ANSI colours, and nothing else differs."""
    width = min(max(width, _NARROWEST), _WIDEST)
    detailed, listed = _split(report)
    parts = (
        _verdict(report, width),
        _detailed(detailed, width),
        _listed(listed, width, bool(detailed)),
        _boundaries(report, width),
        _handlers(report, width),
        _proof(report, width),
        _questions(report, width),
        _assessment(report, width),
        _further(report, width),
    )
    out = StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        no_color=not colour,
        legacy_windows=False,
        highlight=False,
        emoji=False,
    )
    for part in parts:
        for line in part:
            line.rstrip()
            console.print(line, soft_wrap=True)
    return out.getvalue()


def _split(report: Report) -> tuple[list[Finding], list[Finding]]:
    """Those shown in full, and those that get a line each."""
    findings = wording.by_weight(report.findings)
    grave = [finding for finding in findings if finding.severity in ("critical", "high")]
    return grave[:_MOST_DETAILED], findings[min(len(grave), _MOST_DETAILED) :]


def _verdict(report: Report, width: int) -> Lines:
    summary = report.summary
    yield Text()
    headline = Text(" ").append(f" {wording.VERDICTS[summary.verdict]} ", _VERDICT_STYLES[summary.verdict]).append("  ")
    yield from wrapped(headline, Text(wording.reason(report), "bold"), width)
    yield Text()
    if (risk := wording.risk(report)) is not None:
        yield from field("risk", Text(f"mostly {escape.line(risk)}"), width)
    counts = Text(" · ").join(_counted(number, severity) for severity, number in wording.severities(summary.counts))
    yield from field("findings", counts, width)
    rulings = summary.rulings
    tally = (("held", rulings.held, "green"), ("broken", rulings.broken, "red"), ("unknown", rulings.unknown, "yellow"))
    yield from field("obligations", Text(" · ").join(Text(f"{n} {word}", style if n else "dim") for word, n, style in tally), width)
    languages = ", ".join(escape.line(name) for name in sorted(report.target.languages))
    extent = f"{wording.count(report.target.files, 'file')}, {wording.count(report.target.lines, 'line')}"
    yield from field("reviewed", Text(f"{extent}{f' · {languages}' if languages else ''}"), width)
    if report.target.skipped:
        yield from field("", Text(f"{wording.count(len(report.target.skipped), 'file')} not wholly read", "yellow"), width)


def _counted(number: int, severity: Severity) -> Text:
    return Text(f"{number} {severity}", SEVERITY_STYLES[severity] if number else "dim")


def _detailed(findings: Sequence[Finding], width: int) -> Lines:
    if not findings:
        return
    yield from rule("What has to change", width)
    for number, finding in enumerate(findings):
        if number:
            yield from (Text(), Text())
        yield from detail(finding, width)


def _listed(findings: Sequence[Finding], width: int, after_details: bool) -> Lines:
    if not findings:
        return
    yield from rule("Further findings" if after_details else "Findings", width)
    shown = findings[:_MOST_LISTED]
    rows = [
        (
            Text(finding.severity, SEVERITY_STYLES[finding.severity]),
            sentence(finding.title),
            Text(escape.line(wording.at(finding.file, finding.start_line)), "cyan"),
        )
        for finding in shown
    ]
    yield from columns(rows, width)
    if len(findings) > len(shown):
        yield Text(f"  … and {len(findings) - len(shown)} more; --format markdown lists all of them", "dim")


def _boundaries(report: Report, width: int) -> Lines:
    if not report.boundaries:
        return
    yield from rule("Boundaries", width)
    rows = []
    for system, boundaries in wording.systems(report.boundaries).items():
        ways = dict.fromkeys(f"{each.direction} {escape.line(each.protocol)} ({escape.line(each.auth)})" for each in boundaries)
        places = sum(len(each.locations) for each in boundaries)
        about = Text(f"{escape.line(boundaries[0].kind)} · {', '.join(ways)}")
        rows.append((Text(escape.line(system), "bold"), about, Text(wording.count(places, "place"), "dim")))
    yield from columns(rows, width)


def _handlers(report: Report, width: int) -> Lines:
    if not report.handlers:
        return
    yield from rule("Entry points that providers call", width)
    rows = []
    for handler in report.handlers:
        about = Text(f"{handler.kind} · ")
        about.append(f"sender {wording.VERIFIED[handler.verified]}", _PROOF_STYLES[handler.verified])
        about.append(" · ").append(f"deduplication {wording.DEDUP[handler.dedup]}", _PROOF_STYLES[handler.dedup])
        place = Text(escape.line(wording.at(handler.file, handler.line)), "cyan")
        rows.append((Text(escape.line(handler.provider), "bold"), about, place))
    shown = rows[:_MOST_LISTED]
    yield from columns(shown, width)
    if len(rows) > len(shown):
        yield Text(f"  … and {len(rows) - len(shown)} more", "dim")


def _proof(report: Report, width: int) -> Lines:
    held = wording.ruled(report, "held")
    if not held:
        return
    yield from rule("Held", width)
    for check, obligations in held.items():
        yield Text("  ").append("✓ ", "green").append(escape.line(check)).append(f"  {wording.count(len(obligations), 'place')}", "dim")


def _questions(report: Report, width: int) -> Lines:
    unknown = [obligation for obligations in wording.ruled(report, "unknown").values() for obligation in obligations]
    if not unknown:
        return
    yield from rule("Unknown: questions for a person", width)
    for obligation in unknown[:_MOST_QUESTIONS]:
        site = obligation.site
        yield Text("  ").append("? ", "yellow").append(escape.line(wording.at(site.file, site.line)), "cyan")
        yield from wrapped(Text("    "), sentence(wording.question(obligation)), width)
    if len(unknown) > _MOST_QUESTIONS:
        yield Text(f"  … and {len(unknown) - _MOST_QUESTIONS} more; --format markdown asks all of them", "dim")


def _assessment(report: Report, width: int) -> Lines:
    yield from rule("PCI and resilience", width)
    saq = {"none": "no cards", "unclear": "SAQ unclear"}.get(report.pci.saq, f"SAQ {report.pci.saq}")
    yield from field(saq, sentence(report.pci.statement), width)
    resilience = report.resilience
    for name, each in (
        ("idempotency", resilience.idempotency),
        ("retries", resilience.retry),
        ("deduplicated", resilience.deduplication),
        ("dead letter", resilience.dead_letter),
    ):
        status = Text(wording.STATUSES[each.status], _STATUS_STYLES[each.status])
        yield from field(name, status + Text(": ") + sentence(each.statement) if each.statement else status, width)


def _further(report: Report, width: int) -> Lines:
    yield from rule("", width)
    if report.suppressed:
        yield from field("suppressed", Text(wording.count(len(report.suppressed), "finding")), width)
    if report.test_plan:
        yield from field("staging", Text(f"{wording.count(len(report.test_plan), 'scenario')} to run, in the Markdown report"), width)
    checks = [finding.check for finding in wording.by_weight(report.findings)]
    if checks:
        yield from field("why", Text(f"tillproof explain {escape.line(checks[0])}"), width)
    yield from field("all of it", Text("--format markdown or --format json, with --output FILE"), width)
    yield Text()
