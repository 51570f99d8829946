"""What a module of this folder gives."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from tillproof.commerce.schema.changes import Change
from tillproof.commerce.schema.code import Code


class Reader(NamedTuple):
    """``language``: the family of languages. ``marks``: a file must hold one of them to be read. ``read``: what a file declares."""

    language: str
    marks: tuple[bytes, ...]
    read: Callable[[Code, str], Iterable[Change]]
