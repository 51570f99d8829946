"""What the templates are given: the report in the order and grouping in which it is shown."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tillproof.contract import CheckRun, Finding, Obligation, Report, Scenario, Step
from tillproof.report import wording
from tillproof.report.grouping import Group, deciding, groups
from tillproof.report.html.boundary_graph import NARROW, WIDE, Graph, graph
from tillproof.report.html.code import Code, Line
from tillproof.report.setup import Shared, shared
from tillproof.report.trace import passages

_MARKS = {"source": "from", "step": "via", "guard": "guard", "sink": "hits", "missing": "missing"}
_NONE = "none"


class ShownStep(NamedTuple):
    """A step of a trace. ``lines`` are empty where a step before has shown them already; ``through``: the calls that it sums up."""

    step: Step
    mark: str
    lines: tuple[Line, ...]
    through: tuple[tuple[Step, Line | None], ...] = ()


class ShownFinding(NamedTuple):
    """``line``: the first line of what has to change, without the lines around it. ``tests``: the scenarios that show it."""

    finding: Finding
    line: Line | None
    lines: tuple[Line, ...]
    steps: tuple[ShownStep, ...]
    tests: tuple[str, ...]


class ShownGroup(NamedTuple):
    group: Group
    members: tuple[ShownFinding, ...]
    mend: str | None


class Proof(NamedTuple):
    """A held or open obligation, with the code of what proves or hides it."""

    obligation: Obligation
    steps: tuple[tuple[Step, Line | None], ...]
    lines: tuple[Line, ...]
    question: str


class Choice(NamedTuple):
    """A filter: its name, label, and values with how many findings and obligations have them."""

    name: str
    label: str
    values: tuple[tuple[str, str, int], ...]


class View(NamedTuple):
    report: Report
    verdict: str
    reason: str
    risk: str | None
    severities: tuple[tuple[str, int], ...]
    deciding: tuple[Group, ...]
    groups: tuple[ShownGroup, ...]
    unknown: tuple[tuple[str, tuple[Proof, ...]], ...]
    held: tuple[tuple[str, tuple[Proof, ...]], ...]
    idle: tuple[CheckRun, ...]
    choices: tuple[Choice, ...]
    graphs: tuple[tuple[str, Graph], ...]
    plan: Shared
    places: dict[str, str]


def view(report: Report) -> View:
    """Everything that is shown, with its code."""
    code = Code(report)
    tests = wording.shown_by(report)
    shown_groups = tuple(_group(group, code, tests) for group in groups(report))
    unknown = _proofs(report, "unknown", code)
    held = _proofs(report, "held", code)
    graphs = (("wide", graph(report, WIDE)), ("narrow", graph(report, NARROW))) if report.boundaries else ()
    return View(
        report=report,
        verdict=wording.VERDICTS[report.summary.verdict],
        reason=wording.reason(report),
        risk=wording.risk(report),
        severities=tuple(wording.severities(report.summary.counts)),
        deciding=tuple(deciding(report)),
        groups=shown_groups,
        unknown=unknown,
        held=held,
        idle=tuple(check for check in report.checks if not (check.held or check.broken or check.unknown)),
        choices=_choices(report),
        graphs=graphs,
        plan=shared(report.test_plan),
        places=_places(report),
    )


def _group(group: Group, code: Code, tests: dict[str, list[str]]) -> ShownGroup:
    mends = group.remediations
    members = tuple(_finding(finding, code, tests) for finding in group.findings)
    return ShownGroup(group, members, mends[0] if len(mends) == 1 and len(members) > 1 else None)


def _finding(finding: Finding, code: Code, tests: dict[str, list[str]]) -> ShownFinding:
    line = code.one(finding.file, finding.start_line)
    return ShownFinding(finding, line, tuple(code.snippet(finding)), _steps(finding, code), tuple(tests.get(finding.obligation, ())))


def _steps(finding: Finding, code: Code) -> tuple[ShownStep, ...]:
    seen = {(finding.file, finding.start_line)}
    steps = []
    for passage in passages(finding.trace):
        step = passage.first
        if len(passage.steps) > 1:
            through = tuple((each, code.one(each.file, each.line)) for each in passage.steps)
            steps.append(ShownStep(step, _MARKS[step.kind], (), through))
            continue
        place = (step.file, step.line)
        steps.append(ShownStep(step, _MARKS[step.kind], () if place in seen else tuple(code.around(step.file, step.line))))
        seen.add(place)
    return tuple(steps)


def _proofs(report: Report, ruling: str, code: Code) -> tuple[tuple[str, tuple[Proof, ...]], ...]:
    return tuple((check, tuple(_proof(o, code) for o in owed)) for check, owed in wording.ruled(report, ruling).items())


def _proof(obligation: Obligation, code: Code) -> Proof:
    steps = tuple((step, code.one(step.file, step.line)) for step in obligation.evidence)
    because = obligation.because
    lines = tuple(code.around(because.file, because.line)) if because is not None else ()
    return Proof(obligation, steps, lines, wording.question(obligation) if obligation.ruling == "unknown" else "")


def _choices(report: Report) -> tuple[Choice, ...]:
    """The filters beside the severities; one that has a single value would change nothing and is left out."""
    shown: list[Finding | Obligation] = [*report.findings, *(o for o in report.obligations if o.ruling != "broken")]
    sections = _counted(x.check.partition("/")[0] for x in shown)
    systems = _counted(system for x in shown for system in (x.systems or [_NONE]))
    units = _counted(x.unit if isinstance(x, Finding) else x.site.unit for x in shown)
    named = (
        Choice("section", "Section", tuple((v, wording.CATEGORIES.get(v, v), n) for v, n in sections)),
        Choice("system", "System", tuple((v, "no system" if v == _NONE else v, n) for v, n in systems)),
        Choice("unit", "Unit", tuple((v, report.target.path if v == "." else v, n) for v, n in units)),
    )
    return tuple(choice for choice in named if len(choice.values) > 1)


def _counted(values: Iterable[str]) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return sorted(counts.items())


def _places(report: Report) -> dict[str, str]:
    """Where on the page an obligation is told of, by its id."""
    found = {o.id: f"o-{o.id}" for o in report.obligations}
    found |= {finding.obligation: f"f-{finding.id}" for finding in report.findings}
    return found


def settled(scenario: Scenario, obligations: Sequence[Obligation]) -> list[Obligation]:
    """The obligations that a scenario settles, the open ones first."""
    by_id = {o.id: o for o in obligations}
    return sorted((by_id[i] for i in scenario.obligations if i in by_id), key=lambda o: ("unknown", "broken", "held").index(o.ruling))


def alike(obligations: Iterable[Obligation]) -> list[tuple[Obligation, int]]:
    """One obligation of each check and ruling, and how many there are."""
    found: dict[tuple[str, str], list[Obligation]] = {}
    for obligation in obligations:
        found.setdefault((obligation.check, obligation.ruling), []).append(obligation)
    return [(same[0], len(same)) for same in found.values()]
