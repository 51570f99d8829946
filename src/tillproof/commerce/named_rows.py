"""The functions that name a table of a kind, by any of the words that stand in the code."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tillproof.flow.program import Fn

if TYPE_CHECKING:
    from tillproof.commerce.model import Model


@dataclass(frozen=True, slots=True)
class NamedRows:
    """Rows of one kind. ``named``: whether a word is the name of a table of such rows. ``stands``: whether such a name counts in a file."""

    named: Callable[[str], bool]
    stands: Callable[[str], bool]


def functions_naming(model: "Model", kinds: Sequence[NamedRows]) -> list[set[Fn]]:
    """The functions that name a table of each kind; the words of the whole code are gone through once for all of them. What runs in the
    browser has no tables."""
    program = model.program
    found: list[set[Fn]] = [set() for _ in kinds]
    for word in program.words.beginning(""):
        for kind, functions in zip(kinds, found, strict=True):
            if kind.named(word):
                files = (f for f in program.mentioning(word) if kind.stands(f) and not model.browser.runs(f))
                functions.update(fn for file in files for fn in program.functions_around(file, word))
    return found
