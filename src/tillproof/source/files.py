"""What a walk over the reviewed code yields: its files, its units, and what could not be looked at."""

from pathlib import Path
from typing import Literal

import msgspec

from tillproof.contract import Skipped, Unit

Language = Literal[
    "python", "javascript", "typescript", "tsx", "php", "html", "jinja", "twig", "blade", "ejs", "env", "yaml", "json", "toml", "ini",
    "properties", "xml", "sql", "prisma", "dockerfile", "ruby", "java", "csharp", "go", "kotlin", "shell", "markdown", "other",
]  # fmt: skip
Role = Literal["source", "test", "docs", "vendored", "generated", "minified", "config", "template", "migration"]


class SourceFile(msgspec.Struct, frozen=True):
    """One file under review.

    ``path`` is relative to the root, with forward slashes. ``language`` is ``other`` for a known language that is not analysed and ``None``
    when the name says nothing. ``size`` is in bytes; ``mtime_ns`` and ``inode`` are what the cache trusts. ``unit`` is the id of the unit
    the file is deployed with.
    """

    path: str
    language: Language | None
    role: Role
    size: int
    mtime_ns: int
    inode: int
    unit: str


class Tree(msgspec.Struct, frozen=True):
    """The reviewed root (absolute), its files sorted by path, its units sorted by id with the root first, and what was left out and why."""

    root: Path
    files: list[SourceFile]
    units: list[Unit]
    skipped: list[Skipped]
