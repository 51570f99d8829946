"""A trace as people read it: calls that only pass something on are one step, however many there are."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from tillproof.contract import Step

_FOLDED = 2


class Passage(NamedTuple):
    """One step, or several of the same kind and note that follow one another."""

    steps: tuple[Step, ...]

    @property
    def first(self) -> Step:
        return self.steps[0]


def passages(trace: Iterable[Step]) -> list[Passage]:
    """The steps of a trace, runs of equal ones of the kind ``step`` put together."""
    found: list[Passage] = []
    for (kind, _), run in groupby(trace, key=lambda step: (step.kind, step.note)):
        steps = tuple(run)
        if kind == "step" and len(steps) >= _FOLDED:
            found.append(Passage(steps))
        else:
            found += [Passage((step,)) for step in steps]
    return found


def guards(evidence: Sequence[Step]) -> list[Step]:
    """The lines that prove a ruling; where none is marked as such, all of them. Each once."""
    kept = [step for step in evidence if step.kind == "guard"] or list(evidence)
    return list(dict.fromkeys(kept))
