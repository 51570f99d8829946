"""What a check says: rulings with their evidence, and the finding that a broken one makes."""

from collections.abc import Iterable, Iterator
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

    @property
    def place(self) -> tuple[Outcome, str, int]:
        """Where it stands: what is ruled alike on one line is the same to whoever has to change it."""
        return (self.outcome, *(self.anchor or (self.file, self.line))[:2])


def each_once(rulings: Iterable[Ruling]) -> Iterator[Ruling]:
    """Rulings, the first of each place."""
    said: set[tuple[Outcome, str, int]] = set()
    for ruling in rulings:
        if ruling.place not in said:
            said.add(ruling.place)
            yield ruling


def at(program: Program, fn: Fn, i: int, note: str, kind: StepKind = "step") -> Evidence:
    """Evidence at an instruction."""
    body = program.body(fn)
    return Evidence(fn.file, body.line[i] if 0 <= i < len(body.line) else 1, note, kind)
