"""The review as Markdown, for a pull request or an issue: everything the contract holds, in the order in which a reviewer reads it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from tillproof.contract import Assessment, Finding, Obligation, Report, Scenario, Step
from tillproof.report import escape, wording
from tillproof.report.boundary_map import boundary_table, flowchart, handler_table
from tillproof.report.grouping import Group, deciding, groups
from tillproof.report.markdown_table import table
from tillproof.report.setup import parts, shared
from tillproof.report.trace import guards, passages

_MOST_HELD = 400
_MOST_PLACES = 8
_MOST_IN_FULL = 3
_MOST_GUARDS = 3


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
    first = deciding(report)
    if first:
        yield from (f"- **{group.severity}** {escape.prose(group.title)} ({_where(group)})" for group in first)
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
        [group.severity, escape.cell(group.first.category), _description(number, group), escape.cell(wording.lead(group.remediations[0]))]
        for number, group in enumerate(groups(report), 1)
    ]
    yield from table(("Severity", "Category", "Description", "Remediation"), rows)


def _where(group: Group) -> str:
    """The first place of a group, and how many more there are."""
    more = len(group.findings) - 1
    return escape.code(wording.at(group.first.file, group.first.start_line)) + (f" and {wording.count(more, 'more place')}" if more else "")


def _description(number: int, group: Group) -> str:
    """What is wrong, and where; what it leads to stands in the evidence."""
    places = [wording.at(finding.file, finding.start_line) for finding in group.findings]
    shown = "<br>".join(escape.code_cell(place) for place in places[:_MOST_PLACES])
    if len(places) > _MOST_PLACES:
        shown += f"<br>+{len(places) - _MOST_PLACES} more"
    times = f" ({wording.count(len(places), 'place')})" if len(places) > 1 else ""
    return f"**{number}. {escape.cell(group.title)}**{times}<br>{shown}"


def _evidence(report: Report) -> Iterator[str]:
    if not report.findings:
        return
    yield from _heading("Evidence")
    tests = wording.shown_by(report)
    for number, group in enumerate(groups(report), 1):
        yield from _group(number, group)
        shown = list(dict.fromkeys(test for finding in group.findings for test in tests.get(finding.obligation, ())))
        if shown:
            yield from _paragraph(f"**Shown by:** {', '.join(map(escape.prose, shown))} of the staging test plan.")


def _group(number: int, group: Group) -> Iterator[str]:
    """The first few in full, with the way that leads there; the rest by their place and the line that has to change."""
    several = len(group.findings) > 1
    times = f" ({wording.count(len(group.findings), 'place')})" if several else ""
    yield f"### {number}. {escape.prose(group.title)}{times}"
    yield ""
    shared_mend = group.remediations[0] if len(group.remediations) == 1 else None
    for place, finding in enumerate(group.findings[:_MOST_IN_FULL]):
        if several and finding.title != group.title:
            yield from _paragraph(f"**{escape.prose(finding.title)}**")
        yield from _finding(finding, repeated=place > 0 and finding.message == group.first.message)
        if shared_mend is None:
            yield from _paragraph(f"**Remediation:** {escape.prose(finding.remediation)}")
    rest = group.findings[_MOST_IN_FULL:]
    if rest:
        yield from _paragraph("The same at:")
        yield from (f"- {_brief(finding)}" for finding in rest)
        yield ""
    if shared_mend is not None:
        yield from _paragraph(f"**Remediation:** {escape.prose(shared_mend)}")
    references = list(dict.fromkeys(each for finding in group.findings for each in finding.references))
    if references:
        yield from _paragraph("References: " + ", ".join(_reference(each) for each in references))


def _finding(finding: Finding, repeated: bool) -> Iterator[str]:
    place = escape.code(wording.at(finding.file, finding.start_line))
    yield f"{place} · **{finding.severity}** · {finding.confidence} · {escape.code(finding.check)} · id {escape.code(finding.id)}"
    yield ""
    if finding.snippet.strip():
        yield from escape.block(finding.snippet, wording.highlighting(finding.file))
        yield ""
    if not repeated:
        yield from _paragraph(escape.prose(finding.message))
    yield from _trace(finding.trace)


def _brief(finding: Finding) -> str:
    lines = escape.code_lines(finding.snippet) if finding.snippet.strip() else []
    code = f" {escape.code(lines[0])}" if lines else ""
    return f"{escape.code(wording.at(finding.file, finding.start_line))} ({finding.confidence}, id {escape.code(finding.id)}){code}"


def _reference(text: str) -> str:
    """An address, or a label with its address behind it."""
    label, _, address = escape.line(text).rpartition(": ")
    is_plain_link = address.startswith(("https://", "http://")) and not any(mark in address for mark in "<>`\\ ()")
    if not is_plain_link:
        return escape.prose(text)
    return f"{escape.prose(label)} (<{address}>)" if label else f"<{address}>"


def _held(report: Report) -> Iterator[str]:
    """By check, each place with the lines that prove it; places that are proven by the same lines are one."""
    held = wording.ruled(report, "held")
    yield from _heading("What was held, and by what")
    if not held:
        yield from _paragraph("Nothing was proven to be held.")
    left = _MOST_HELD
    for check, obligations in held.items():
        yield f"- {escape.code(check)}: {wording.count(len(obligations), 'place')}"
        told: dict[str, list[str]] = {}
        for obligation in obligations:
            told.setdefault(_proven(obligation), []).append(_owing(obligation))
        yield from (f"  - {text}{_whose(places)}" for text, places in list(told.items())[: max(left, 0)])
        left -= len(told)
    if left < 0:
        yield f"- … and {wording.count(-left, 'place')} more; the JSON report names each."
    yield ""


def _proven(obligation: Obligation) -> str:
    proof = guards(obligation.evidence)
    shown = "; ".join(_step(step) for step in proof[:_MOST_GUARDS]) or "no line was recorded"
    return shown + (f" and {len(proof) - _MOST_GUARDS} more" if len(proof) > _MOST_GUARDS else "")


def _owing(obligation: Obligation) -> str:
    """Where it is owed; nothing where the proof stands at the same place."""
    site, proof = obligation.site, guards(obligation.evidence)
    own = len(proof) == 1 and (proof[0].file, proof[0].line) == (site.file, site.line)
    return "" if own else f"{escape.prose(site.kind)} at {escape.code(wording.at(site.file, site.line))}"


def _whose(places: Sequence[str]) -> str:
    """What a proof serves, behind it."""
    named = [place for place in dict.fromkeys(places) if place]
    more = f" and {len(named) - _MOST_PLACES} more" if len(named) > _MOST_PLACES else ""
    return f" — {', '.join(named[:_MOST_PLACES])}{more}" if named else ""


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
        [
            escape.cell(item.section),
            escape.cell(item.item),
            f"**{wording.STATUSES[item.status]}**",
            "<br>".join(filter(None, (escape.cell(item.statement), _places(item.evidence)))),
        ]
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
    systems = [
        [name, escape.cell(each.system), f"**{wording.STATUSES[each.status]}**", escape.cell(each.statement), _places(each.evidence)]
        for name, assessment in named
        for each in assessment.by_system
        if len(assessment.by_system) > 1
    ]
    if systems:
        yield from _paragraph("By integration:")
        yield from table(("What", "Integration", "Status", "Statement", "Evidence"), systems)


def _test_plan(report: Report) -> Iterator[str]:
    yield from _heading("Staging test plan")
    if not report.test_plan:
        yield from _paragraph("No scenario follows from what was found.")
        return
    yield from _paragraph(
        "To be run by a person against a staging shop, never in production. What settles an open question comes first, then what shows a "
        "finding, then what shows that all is well."
    )
    plan = shared(report.test_plan)
    if plan.setup:
        yield "### Set-up that several scenarios share"
        yield ""
        for number, condition in enumerate(plan.setup, 1):
            yield from _told(f"{number}. ", condition)
        yield ""
    owed = {obligation.id: obligation for obligation in report.obligations}
    numbers = {f.obligation: number for number, group in enumerate(groups(report), 1) for f in group.findings}
    for scenario, own in plan.scenarios:
        yield from _scenario(scenario, own, [owed[each] for each in scenario.obligations if each in owed], numbers)


def _scenario(scenario: Scenario, conditions: Sequence[str], owed: Sequence[Obligation], numbers: Mapping[str, int]) -> Iterator[str]:
    yield f"### {escape.prose(scenario.id)}: {escape.prose(scenario.scenario)}"
    yield ""
    yield from _paragraph(f"**Why:** {escape.prose(scenario.why)}")
    if conditions:
        yield "Before:"
        yield ""
        for condition in conditions:
            yield from _told("- ", condition)
        yield ""
    for number, step in enumerate(scenario.steps, 1):
        yield from _told(f"{number}. ", step)
    yield ""
    yield from _paragraph(f"**Expected:** {escape.prose(scenario.expected)}")
    if owed:
        yield from _paragraph(f"**Settles:** {_settled(owed, numbers)}.")


def _settled(owed: Sequence[Obligation], numbers: Mapping[str, int]) -> str:
    """What a scenario settles: findings by their numbers, the rest by check and ruling."""
    findings = sorted({numbers[o.id] for o in owed if o.id in numbers})
    counts: dict[tuple[str, str], int] = {}
    for obligation in owed:
        if obligation.id not in numbers:
            counts[obligation.check, obligation.ruling] = counts.get((obligation.check, obligation.ruling), 0) + 1
    told = [f"finding{'s' if len(findings) > 1 else ''} {', '.join(map(str, findings))}"] if findings else []
    return ", ".join((*told, *(f"{escape.code(check)} ({number} {ruling})" for (check, ruling), number in counts.items())))


def _told(mark: str, text: str) -> Iterator[str]:
    """A list item: a sentence, and the shell that does it in a block of its own."""
    sentence, shell = parts(text)
    yield mark + escape.prose(sentence)
    if shell:
        margin = " " * len(mark)
        yield ""
        yield from (f"{margin}{line}".rstrip() for line in escape.block(shell, "sh"))
        yield ""


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


def _trace(trace: Sequence[Step]) -> Iterator[str]:
    """A numbered way; calls that follow one another stand in one line."""
    if not trace:
        return
    for number, passage in enumerate(passages(trace), 1):
        if len(passage.steps) == 1:
            yield f"{number}. {_step(passage.first)}"
        else:
            places = " → ".join(escape.code(wording.at(step.file, step.line)) for step in passage.steps)
            yield f"{number}. {escape.prose(passage.first.note)}: {places}"
    yield ""


def _step(step: Step) -> str:
    return f"{escape.code(wording.at(step.file, step.line))} {escape.prose(step.note)}"


def _places(steps: Iterable[Step]) -> str:
    """The distinct places of the evidence, for a table cell."""
    places = list(dict.fromkeys(wording.at(step.file, step.line) for step in steps))
    shown = "<br>".join(escape.code_cell(place) for place in places[:_MOST_PLACES])
    return f"{shown}<br>+{len(places) - _MOST_PLACES} more" if len(places) > _MOST_PLACES else shown
