"""The report's contract, version 1: what every format is a view of, and what other tools may rely on.

Paths are relative to the reviewed root, with forward slashes; lines are 1-based; every list has a deterministic order.
Nothing in here holds a secret or a card number in clear: text that quotes code has passed ``source.mask`` before it gets here.
"""

from typing import Literal

import msgspec

SCHEMA_VERSION = "1"

Severity = Literal["critical", "high", "medium", "low", "info"]
Confidence = Literal["certain", "likely", "possible"]
Outcome = Literal["held", "broken", "unknown"]
Verdict = Literal["pass", "conditional", "blocked"]
StepKind = Literal["source", "step", "guard", "sink", "missing"]
Status = Literal["held", "broken", "unknown", "not-applicable"]

SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low", "info")


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every part of the report: immutable, built with keywords only."""


class Tool(Model):
    name: str
    version: str


class Unit(Model):
    """What is deployed together: a project file's folder, a plugin, a service. ``id`` is its path, ``.`` for the root."""

    id: str
    path: str
    kind: str


OURSELVES = "tillproof"
"""Stands for a file where it is the tool itself that went wrong."""


class Skipped(Model):
    """A file that was not read or not wholly understood, and why; the rest was reviewed."""

    file: str
    reason: str


class Target(Model):
    path: str
    commit: str | None
    languages: dict[str, int]
    files: int
    lines: int
    units: list[Unit]
    skipped: list[Skipped]


class Rulings(Model):
    held: int = 0
    broken: int = 0
    unknown: int = 0


class Summary(Model):
    verdict: Verdict
    primary_risk: str | None
    counts: dict[str, int]
    rulings: Rulings
    conditions: list[str] = []


class Location(Model):
    file: str
    line: int


class Boundary(Model):
    """An external system that the code talks to (outbound) or is called by (inbound)."""

    system: str
    kind: str
    direction: Literal["outbound", "inbound"]
    protocol: str
    auth: str
    locations: list[Location]
    unit: str


class Handler(Model):
    """An entry point that a provider, or a browser sent back by a provider, calls."""

    file: str
    line: int
    provider: str
    kind: Literal["webhook", "ipn", "redirect-return"]
    route: str | None
    role: str
    verified: Literal["yes", "no", "weak", "unknown"]
    dedup: Literal["yes", "no", "state-guard", "racy", "unknown"]
    acts: str
    unit: str


class Step(Model):
    """One line of evidence. ``kind`` says what it is in the argument: where it begins, passes, is guarded, ends, or what is missing."""

    file: str
    line: int
    note: str
    kind: StepKind


class ObligationSite(Model):
    kind: str
    file: str
    line: int
    unit: str


class Because(Model):
    """Why a ruling is unknown: the place and the thing that could not be decided, put as a question for a person."""

    file: str
    line: int
    what: str


class Obligation(Model):
    id: str
    check: str
    site: ObligationSite
    ruling: Outcome
    because: Because | None
    evidence: list[Step]
    systems: list[str] = []


class Finding(Model):
    id: str
    obligation: str
    check: str
    category: str
    severity: Severity
    confidence: Confidence
    file: str
    start_line: int
    end_line: int
    title: str
    message: str
    remediation: str
    trace: list[Step]
    references: list[str]
    snippet: str
    unit: str
    systems: list[str] = []


class ChecklistItem(Model):
    """A line of the procedure's checklist. ``statement``: why the status is what it is; ``checks``: those that settle it."""

    section: str
    item: str
    status: Status
    evidence: list[Step]
    statement: str = ""
    checks: list[str] = []


class Pci(Model):
    saq: Literal["A", "A-EP", "D", "none", "unclear"]
    statement: str
    evidence: list[Step]


class SystemAssessment(Model):
    """What an assessment says of one integration."""

    system: str
    status: Status
    statement: str
    evidence: list[Step]


class Assessment(Model):
    """One topic of the resilience assessment, over all, and by integration."""

    status: Status
    statement: str
    evidence: list[Step]
    by_system: list[SystemAssessment] = []


class Resilience(Model):
    idempotency: Assessment
    retry: Assessment
    deduplication: Assessment
    dead_letter: Assessment


class Scenario(Model):
    """One scenario of the staging test plan, and the obligations that running it would settle.

    ``kind``: what is tried (``replay``, ``refund`` …). In ``preconditions`` and ``steps`` the first line is a sentence; further lines are
    shell, to be run as they stand.
    """

    id: str
    scenario: str
    why: str
    preconditions: list[str]
    steps: list[str]
    expected: str
    obligations: list[str]
    kind: str = ""


class CheckRun(Model):
    """A check that ruled in this review, and how often it ruled what. All zeros: nothing was found that owes it."""

    id: str
    title: str
    held: int
    broken: int
    unknown: int


class Excerpt(Model):
    """A piece of a file around lines that evidence points at, masked; ``start_line`` is the line of its first."""

    file: str
    start_line: int
    code: str


class Suppressed(Model):
    id: str
    check: str
    file: str
    line: int
    by: Literal["comment", "baseline", "config"]
    reason: str


class Report(Model):
    schema_version: str
    tool: Tool
    target: Target
    summary: Summary
    boundaries: list[Boundary]
    handlers: list[Handler]
    obligations: list[Obligation]
    findings: list[Finding]
    checklist: list[ChecklistItem]
    pci: Pci
    resilience: Resilience
    test_plan: list[Scenario]
    suppressed: list[Suppressed]
    checks: list[CheckRun] = []
    excerpts: list[Excerpt] = []
