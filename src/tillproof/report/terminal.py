"""The review in a terminal: verdict first, then the few lines that matter.

Lines are laid out here rather than by rich's tables, so that a ``path:line`` is never broken and can be clicked or copied.
"""

from collections.abc import Sequence
from io import StringIO

from rich.console import Console
from rich.text import Text

from tillproof.contract import Report, Severity
from tillproof.report import escape, wording
from tillproof.report.grouping import Group, groups
from tillproof.report.layout import Lines, columns, field, rule, sentence, wrapped
from tillproof.report.terminal_finding import SEVERITY_STYLES, detail

_NARROWEST = 60
_WIDEST = 120
_MOST_DETAILED = 6
_MOST_ALSO = 4
_MOST_LISTED = 25
_MOST_QUESTIONS = 5
_MOST_HANDLERS = 12

_VERDICT_STYLES = {"pass": "bold white on green", "conditional": "bold black on yellow", "blocked": "bold white on red"}
_STATUS_STYLES = {"held": "green", "broken": "red", "unknown": "yellow", "not-applicable": "dim"}
_PROOF_STYLES = {"held": "green", "broken": "red", "unknown": "yellow", "quiet": "dim"}


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


def _split(report: Report) -> tuple[list[Group], list[Group]]:
    """Those shown in full, and those that get a line each."""
    found = groups(report)
    grave = [group for group in found if group.severity in ("critical", "high")]
    return grave[:_MOST_DETAILED], found[min(len(grave), _MOST_DETAILED) :]


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


def _detailed(found: Sequence[Group], width: int) -> Lines:
    """The first of each group in full, and where else the same is."""
    if not found:
        return
    yield from rule("What has to change", width)
    for number, group in enumerate(found):
        if number:
            yield from (Text(), Text())
        yield from detail(group.first, width)
        others = group.findings[1:]
        if others:
            yield Text()
            yield Text("  ").append(f"Also at {wording.count(len(others), 'place')}", "bold")
            for finding in others[:_MOST_ALSO]:
                line = Text("    ").append(escape.line(wording.at(finding.file, finding.start_line)), "cyan")
                yield line if finding.title == group.first.title else line.append("  ") + sentence(finding.title)
            if len(others) > _MOST_ALSO:
                yield Text(f"    … and {len(others) - _MOST_ALSO} more", "dim")


def _listed(found: Sequence[Group], width: int, after_details: bool) -> Lines:
    if not found:
        return
    yield from rule("Further findings" if after_details else "Findings", width)
    shown = found[:_MOST_LISTED]
    rows = [
        (
            Text(group.severity, SEVERITY_STYLES[group.severity]),
            sentence(group.title),
            Text(_place(group), "cyan"),
        )
        for group in shown
    ]
    yield from columns(rows, width)
    if len(found) > len(shown):
        yield Text(f"  … and {len(found) - len(shown)} more kinds; --format html shows all of them", "dim")


def _place(group: Group) -> str:
    more = f" +{len(group.findings) - 1}" if len(group.findings) > 1 else ""
    return escape.line(wording.at(group.first.file, group.first.start_line)) + more


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
    """Messages before returns, and the least proven first."""
    if not report.handlers:
        return
    yield from rule("Entry points that providers call", width)
    ordered = sorted(report.handlers, key=lambda h: (h.kind == "redirect-return", ("no", "weak", "unknown", "yes").index(h.verified)))
    rows = []
    for handler in ordered:
        about = Text(f"{handler.kind} · ")
        (proof, proof_state), (guard, guard_state) = wording.sender(handler), wording.repetition(handler)
        about.append(f"sender {proof}", _PROOF_STYLES[proof_state])
        about.append(" · ").append(f"deduplication {guard}", _PROOF_STYLES[guard_state])
        place = Text(escape.line(wording.at(handler.file, handler.line)), "cyan")
        rows.append((Text(escape.line(handler.provider), "bold"), about, place))
    shown = rows[:_MOST_HANDLERS]
    yield from columns(shown, width)
    if len(rows) > len(shown):
        yield Text(f"  … and {len(rows) - len(shown)} more", "dim")


def _proof(report: Report, width: int) -> Lines:
    """A line per section of the procedure: its checks, and how often each was held."""
    held = wording.ruled(report, "held")
    if not held:
        return
    yield from rule("Held", width)
    sections: dict[str, list[Text]] = {}
    for check, obligations in held.items():
        section, _, name = check.partition("/")
        sections.setdefault(section, []).append(Text(escape.line(name or check)).append(f" {len(obligations)}", "dim"))
    for section, checks in sections.items():
        yield from field(section, Text(" · ").join(checks), width, mark="✓")


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
        yield Text(f"  … and {len(unknown) - _MOST_QUESTIONS} more; --format html asks all of them", "dim")


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
        yield from field(
            "staging", Text(f"{wording.count(len(report.test_plan), 'scenario')} to run, in the HTML or Markdown report"), width
        )
    checks = [finding.check for finding in wording.by_weight(report.findings)]
    if checks:
        yield from field("why", Text(f"tillproof explain {escape.line(checks[0])}"), width)
    yield from field("all of it", Text("--output review.html (or review.md, review.json)"), width)
    yield Text()
