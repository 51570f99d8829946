"""Names for obligations and findings that stay the same when code above them moves.

A name is made of the check, the file, the function that the line stands in, and the number among its like there.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from tillproof.flow.program import TOP, Fn, Program

_LENGTH = 12


class Place(NamedTuple):
    """What a check says something about: a line of a file."""

    check: str
    file: str
    line: int


def identify(program: Program, kind: str, places: Sequence[Place]) -> list[str]:
    """A stable id for each place, in the same order. ``kind`` keeps the ids of findings and obligations apart."""
    numbers: Counter[tuple[str, str, str]] = Counter()
    ids = [""] * len(places)
    for n in sorted(range(len(places)), key=lambda n: (places[n], n)):
        place = places[n]
        home = (place.check, place.file, enclosing(program, place.file, place.line))
        text = "\0".join((kind, *home, str(numbers[home])))
        ids[n] = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:_LENGTH]
        numbers[home] += 1
    return ids


def enclosing(program: Program, file: str, line: int) -> str:
    """The function around a line by name, with those around it; one without a name goes by the text of its first line."""
    index = program.indices.get(file)
    if index is None:
        return ""
    around = [(f.line, -f.end_line, n) for n, f in enumerate(index.functions) if f.line <= line <= f.end_line]
    names: list[str] = []
    for _, _, number in sorted(around):
        fn = Fn(file, number)
        named = number != TOP and index.functions[number].name
        names.append(program.qualified(fn) if named else " ".join(program.line_text(file, index.functions[number].line).split()))
    return "/".join(names)
