"""What a check says: rulings with their evidence, and the finding that a broken one makes."""

from dataclasses import dataclass, field

from tillproof.contract import Confidence, Outcome, Severity, StepKind
from tillproof.flow.program import Fn, Program


@dataclass(frozen=True, slots=True)
class Evidence:
    """One line of evidence."""

    file: str
    line: int
    note: str
    kind: StepKind = "step"


@dataclass(slots=True)
class Ruling:
    """One obligation of one site, ruled. A broken one carries the finding's words; an unknown one its ``question``.

    ``anchor`` is where the finding stands: the line that has to change; the site itself when None. ``hides``: what must not be shown
    anywhere in the report: the secrets and numbers that this ruling is about.
    """

    check: str
    outcome: Outcome
    kind: str
    file: str
    line: int
    evidence: list[Evidence] = field(default_factory=list)
    question: Evidence | None = None
    severity: Severity = "high"
    confidence: Confidence = "likely"
    anchor: tuple[str, int, int] | None = None
    title: str = ""
    message: str = ""
    remediation: str = ""
    references: tuple[str, ...] = ()
    hides: tuple[str, ...] = ()


def at(program: Program, fn: Fn, i: int, note: str, kind: StepKind = "step") -> Evidence:
    """Evidence at an instruction."""
    body = program.body(fn)
    return Evidence(fn.file, body.line[i] if 0 <= i < len(body.line) else 1, note, kind)
