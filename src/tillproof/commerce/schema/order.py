"""The order in which migrations run: by the number or date that their files are named after, and Alembic's by what each says it follows;
and which steps are there only to take others back.
"""

import re
from collections.abc import Callable, Iterable, Mapping

from tillproof.commerce.schema.changes import Change

_NUMBER = re.compile(r"(\d+)")
_BACK = re.compile(r"(?:reverse|backward|rollback|revert|undo|downgrade|down)\w*\s*[:=]\s*[(\[\s]*[rfu]?[\"'`]*\s*$", re.IGNORECASE)
_SECOND = re.compile(r"[\"']\s*,\s*[rfu]?[\"']*\s*$", re.IGNORECASE)
_REVISION = re.compile(rb"^(down_)?revision\b[^=\n]*=\s*(?:\(?\s*)[\"']([\w-]+)[\"']", re.MULTILINE)


def migration_order(steps: Iterable[Change], sources: Mapping[str, bytes]) -> Callable[[Change], "tuple[object, ...]"]:
    """A sorting key. Files of one name order by number, then by path; a folder's own number counts where files are all called alike."""
    files = list(dict.fromkeys(c.file for c in steps))
    depth = _depths({f: sources[f] for f in files if f in sources and b"revision" in sources[f]})

    def order(change: Change) -> tuple[object, ...]:
        return depth.get(change.file, 0), _natural(change.file), change.file, change.line

    return order


def _natural(path: str) -> tuple[tuple[int, int, str], ...]:
    """The parts of a file's name, numbers by value; files that are all named alike (``migration.sql``) are known by their folder."""
    parts = path.split("/")
    name = parts[-1] if _NUMBER.search(parts[-1]) or len(parts) < 2 else "/".join(parts[-2:])
    return tuple((0, int(p), "") if p.isdecimal() else (1, 0, p.lower()) for p in _NUMBER.split(name) if p)


def _depths(sources: Mapping[str, bytes]) -> dict[str, int]:
    """How many revisions stand before each of Alembic's files."""
    revision: dict[str, str] = {}
    before: dict[str, str] = {}
    for file, source in sources.items():
        for down, name in _REVISION.findall(source):
            if down:
                before[file] = name.decode()
            else:
                revision[name.decode()] = file
    depths: dict[str, int] = {}
    for file in sources:
        here: str | None = file
        steps = 0
        while here is not None and here in before and steps < 5_000:
            here = revision.get(before[here])
            steps += 1
        depths[file] = steps
    return depths


def takes_back(before: str) -> bool:
    """Whether a statement, by the code before it, is the one that undoes another: the second argument of Django's ``RunSQL``, or what is
    assigned to a name that says so."""
    if _BACK.search(before[-200:]):
        return True
    begin = before.rfind("RunSQL(")
    if begin < 0:
        return False
    given = before[begin + len("RunSQL(") :]
    if given.count("(") < given.count(")"):
        return False  # that call is over
    return re.search(r"\]\s*,", given) is not None if given.lstrip().startswith("[") else _SECOND.search(given) is not None
