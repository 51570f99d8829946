"""What a module of this folder gives."""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from tillproof.commerce.schema.changes import Change
from tillproof.commerce.schema.code import Code


class Reader(NamedTuple):
    """``language``: the family of languages. ``marks``: a file must hold one of them to be read, a place for each of ``patterns``, and not
    ``unless``. ``read``: what a file declares."""

    language: str
    marks: tuple[bytes, ...]
    patterns: "tuple[re.Pattern[bytes], ...]"
    read: Callable[[Code, str], Iterable[Change]]
    unless: bytes | None = None

    def fits(self, source: bytes) -> bool:
        """Whether a file is worth reading, by its text alone."""
        if not any(m in source for m in self.marks) or (self.unless is not None and self.unless in source):
            return False
        return all(p.search(source) is not None for p in self.patterns)
