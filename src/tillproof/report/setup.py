"""What the scenarios of a staging plan have in common, so that it is told once."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from tillproof.contract import Scenario


class Shared(NamedTuple):
    """``setup``: preconditions of several scenarios, in the order in which they are first needed. ``scenarios``: each with its own ones."""

    setup: tuple[str, ...]
    scenarios: tuple[tuple[Scenario, tuple[str, ...]], ...]


def shared(plan: Sequence[Scenario]) -> Shared:
    """Takes what more than one scenario asks for out of them."""
    counts = Counter(condition for scenario in plan for condition in dict.fromkeys(scenario.preconditions))
    setup = tuple(condition for condition, times in counts.items() if times > 1)
    return Shared(setup, tuple((scenario, tuple(c for c in scenario.preconditions if c not in setup)) for scenario in plan))


def parts(step: str) -> tuple[str, str]:
    """The sentence of a step or precondition, and the shell on its further lines."""
    sentence, _, shell = step.partition("\n")
    return sentence, shell
