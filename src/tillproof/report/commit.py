"""Which commit is checked out, read from git's files: git itself is never run on a tree that may be hostile."""

import re
from pathlib import Path

from tillproof.source.projects import read_text

_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REF = re.compile(r"ref: (refs/[\w./+@-]{1,200})")


def commit_of(root: Path) -> str | None:
    """The commit that HEAD of ``root/.git`` names; None when there is none, or it takes more than looking up a name."""
    git = root / ".git"
    head = read_text(git / "HEAD").strip()
    if _HASH.fullmatch(head):
        return head
    ref = _REF.fullmatch(head)
    if ref is None or ".." in ref[1]:
        return None
    loose = read_text(git / ref[1]).strip()
    if _HASH.fullmatch(loose):
        return loose
    for line in read_text(git / "packed-refs").splitlines():
        value, _, name = line.partition(" ")
        if name.strip() == ref[1] and _HASH.fullmatch(value):
            return value
    return None
