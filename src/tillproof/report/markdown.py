"""The review as Markdown, for a pull request or an issue: everything the contract holds, in the order in which a reviewer reads it."""

from collections.abc import Iterable, Iterator, Sequence

from tillproof.contract import Assessment, Finding, Report, Scenario, Step
from tillproof.report import escape, wording
from tillproof.report.boundary_map import boundary_table, flowchart, handler_table
from tillproof.report.markdown_table import table

_MOST_HELD = 400
_MOST_PLACES = 8


def to_markdown(report: Report) -> str:
    """The whole review, ending in a newline."""
    parts = (
        _summary(report),
        _boundaries(report),
        _handlers(report),
        _findings(report),
        _evidence(report),
        _held(report),
        _unknown(report),
        _checklist(report),
        _pci(report),
        _resilience(report),
        _test_plan(report),
        _suppressed(report),
        _skipped(report),
    )
    return "\n".join(line for part in parts for line in part).rstrip() + "\n"


def _summary(report: Report) -> Iterator[str]:
    yield "# E-commerce integration review"
    yield ""
    yield f"**{wording.VERDICTS[report.summary.verdict]}.** {escape.prose(wording.reason(report))}"
    yield ""
    if (risk := wording.risk(report)) is not None:
        yield f"Primary risk: **{escape.prose(risk)}**."
        yield ""
    rulings = report.summary.rulings
    yield from table(
        ("Critical", "High", "Medium", "Low", "Info"), [[str(number) for _, number in wording.severities(report.summary.counts)]]
    )
    yield f"Obligations: {rulings.held} held, {rulings.broken} broken, {rulings.unknown} unknown."
    yield ""
    target = report.target
    languages = ", ".join(f"{escape.prose(name)} {files}" for name, files in sorted(target.languages.items()))
    commit = f" at commit {escape.code(target.commit)}" if target.commit else ""
    extent = f"{wording.count(target.files, 'file')}, {wording.count(target.lines, 'line')}"
    yield f"Reviewed: {escape.code(target.path)}{commit}; {extent}{f' ({languages})' if languages else ''}."
    yield f"Made by {escape.prose(report.tool.name)} {escape.prose(report.tool.version)}, which read the code and ran none of it."
    yield ""


def _boundaries(report: Report) -> Iterator[str]:
    yield from _heading("Integration boundaries")
    if not report.boundaries:
        yield from _paragraph("No external system was found.")
        return
    yield from boundary_table(report.boundaries)
    yield from flowchart(report.boundaries)


def _handlers(report: Report) -> Iterator[str]:
    yield from _heading("Entry points that providers call")
    if not report.handlers:
        yield from _paragraph("No webhook, IPN or return route was found.")
        return
    yield from handler_table(report.handlers)


def _findings(report: Report) -> Iterator[str]:
    yield from _heading("Findings")
    if not report.findings:
        yield from _paragraph("None." if report.obligations else "None; but nothing was found that could have been judged.")
        return
    rows = [
        [finding.severity, escape.cell(finding.category), _description(finding), escape.cell(finding.remediation)]
        for finding in wording.by_weight(report.findings)
    ]
    yield from table(("Severity", "Category", "Description", "Remediation"), rows)


def _description(finding: Finding) -> str:
    place = escape.code_cell(wording.at(finding.file, finding.start_line))
    return f"**{escape.cell(finding.title)}**<br>{escape.cell(finding.message)}<br>{place}"


def _evidence(report: Report) -> Iterator[str]:
    if not report.findings:
        return
    yield from _heading("Evidence")
    for number, finding in enumerate(wording.by_weight(report.findings), 1):
        yield from _finding(number, finding)


def _finding(number: int, finding: Finding) -> Iterator[str]:
    yield f"### {number}. {escape.prose(finding.title)}"
    yield ""
    place = escape.code(wording.at(finding.file, finding.start_line))
    yield f"{place} · **{finding.severity}** · {finding.confidence} · {escape.code(finding.check)} · id {escape.code(finding.id)}"
    yield ""
    if finding.snippet.strip():
        yield from escape.block(finding.snippet, wording.highlighting(finding.file))
        yield ""
    yield from _paragraph(escape.prose(finding.message))
    yield from _numbered(finding.trace)
    yield from _paragraph(f"**Remediation:** {escape.prose(finding.remediation)}")
    if finding.references:
        yield from _paragraph("References: " + ", ".join(_reference(each) for each in finding.references))


def _reference(text: str) -> str:
    shown = escape.line(text)
    is_plain_link = shown.startswith(("https://", "http://")) and not any(mark in shown for mark in "<>`\\ ")
    return f"<{shown}>" if is_plain_link else escape.prose(shown)


def _held(report: Report) -> Iterator[str]:
    held = wording.ruled(report, "held")
    yield from _heading("What was held, and by what")
    if not held:
        yield from _paragraph("Nothing was proven to be held.")
    left = _MOST_HELD
    for check, obligations in held.items():
        yield f"- {escape.code(check)}: {wording.count(len(obligations), 'place')}"
        for obligation in obligations[: max(left, 0)]:
            site = obligation.site
            proof = "; ".join(_step(step) for step in obligation.evidence) or "no line was recorded"
            yield f"  - {escape.prose(site.kind)} at {escape.code(wording.at(site.file, site.line))}: {proof}"
        left -= len(obligations)
    if left < 0:
        yield f"- … and {wording.count(-left, 'place')} more; the JSON report names each."
    yield ""


def _unknown(report: Report) -> Iterator[str]:
    unknown = wording.ruled(report, "unknown")
    yield from _heading("Questions that the code does not answer")
    if not unknown:
        yield from _paragraph("None.")
        return
    yield from _paragraph("Each of these is neither held nor broken as far as the code tells. Answer it, or settle it with the test plan.")
    for check, obligations in unknown.items():
        yield f"- {escape.code(check)}"
        for obligation in obligations:
            site = obligation.site
            because = obligation.because
            place = escape.code(wording.at(site.file, site.line))
            hidden = f" (see {escape.code(wording.at(because.file, because.line))})" if because else ""
            yield f"  - {escape.prose(site.kind)} at {place}: {escape.prose(wording.question(obligation))}{hidden}"
    yield ""


def _checklist(report: Report) -> Iterator[str]:
    if not report.checklist:
        return
    yield from _heading("Checklist")
    rows = [
        [escape.cell(item.section), escape.cell(item.item), f"**{wording.STATUSES[item.status]}**", _places(item.evidence)]
        for item in report.checklist
    ]
    yield from table(("Section", "Item", "Status", "Evidence"), rows)


def _pci(report: Report) -> Iterator[str]:
    yield from _heading("PCI note")
    saq = report.pci.saq
    level = {"none": "No card payment was found", "unclear": "SAQ level: unclear"}.get(saq, f"SAQ level: {saq}")
    yield from _paragraph(f"**{level}.** {escape.prose(report.pci.statement)}")
    yield from _numbered(report.pci.evidence)


def _resilience(report: Report) -> Iterator[str]:
    yield from _heading("Resilience assessment")
    named: tuple[tuple[str, Assessment], ...] = (
        ("Idempotency", report.resilience.idempotency),
        ("Retries", report.resilience.retry),
        ("Webhook deduplication", report.resilience.deduplication),
        ("Dead letter", report.resilience.dead_letter),
    )
    rows = [[name, f"**{wording.STATUSES[each.status]}**", escape.cell(each.statement), _places(each.evidence)] for name, each in named]
    yield from table(("What", "Status", "Statement", "Evidence"), rows)


def _test_plan(report: Report) -> Iterator[str]:
    yield from _heading("Staging test plan")
    if not report.test_plan:
        yield from _paragraph("No scenario follows from what was found.")
    for scenario in report.test_plan:
        yield from _scenario(scenario)


def _scenario(scenario: Scenario) -> Iterator[str]:
    yield f"### {escape.prose(scenario.id)}: {escape.prose(scenario.scenario)}"
    yield ""
    yield from _paragraph(f"**Why:** {escape.prose(scenario.why)}")
    if scenario.preconditions:
        yield "Before:"
        yield ""
        yield from (f"- {escape.prose(each)}" for each in scenario.preconditions)
        yield ""
    yield from (f"{number}. {escape.prose(each)}" for number, each in enumerate(scenario.steps, 1))
    yield ""
    yield from _paragraph(f"**Expected:** {escape.prose(scenario.expected)}")
    if scenario.obligations:
        yield from _paragraph(f"Settles {wording.count(len(scenario.obligations), 'obligation')}.")


def _suppressed(report: Report) -> Iterator[str]:
    if not report.suppressed:
        return
    yield from _heading("Suppressed findings")
    yield from _paragraph("Found, but set aside by the project; they do not count for the verdict.")
    rows = [
        [escape.code_cell(each.check), escape.code_cell(wording.at(each.file, each.line)), each.by, escape.cell(each.reason)]
        for each in report.suppressed
    ]
    yield from table(("Check", "Place", "By", "Reason"), rows)


def _skipped(report: Report) -> Iterator[str]:
    skipped = report.target.skipped
    if not skipped:
        return
    yield from _heading("Not wholly read")
    yield from (f"- {escape.code(each.file)}: {escape.prose(each.reason)}" for each in skipped[:100])
    if len(skipped) > 100:
        yield f"- … and {len(skipped) - 100} more"


def _heading(text: str) -> Iterator[str]:
    yield f"## {text}"
    yield ""


def _paragraph(text: str) -> Iterator[str]:
    yield text
    yield ""


def _numbered(steps: Sequence[Step]) -> Iterator[str]:
    if steps:
        yield from (f"{number}. {_step(step)}" for number, step in enumerate(steps, 1))
        yield ""


def _step(step: Step) -> str:
    return f"{escape.code(wording.at(step.file, step.line))} {escape.prose(step.note)}"


def _places(steps: Iterable[Step]) -> str:
    """The distinct places of the evidence, for a table cell."""
    places = list(dict.fromkeys(wording.at(step.file, step.line) for step in steps))
    shown = "<br>".join(escape.code_cell(place) for place in places[:_MOST_PLACES])
    return f"{shown}<br>+{len(places) - _MOST_PLACES} more" if len(places) > _MOST_PLACES else shown
