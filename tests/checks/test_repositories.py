"""Small repositories as shops are written: where a mark stands a flaw is told, and nowhere else.

A page of ``repositories`` holds many of them: ``##### name``, then ``=== path`` before each file. ``!!missing-key`` at the end of a line
marks a finding of that check of the page's section, which its own name begins with: ``idempotency-keys.txt``.
"""

import re
from pathlib import Path

import pytest

from tillproof.checks.catalog import all_checks
from tillproof.review import review
from tillproof.settings import Settings

_PAGES = Path(__file__).parent / "repositories"
_MARK = re.compile(r"\s*(?:#|//|/\*|<!--)?\s*!!([\w-]+)\s*$")
_NEAR = 1  # a call of several lines begins before the line that is marked


def _repositories() -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = []
    for page in sorted(_PAGES.glob("*.txt")):
        for text in re.split(r"^##### ", page.read_text(), flags=re.MULTILINE)[1:]:
            name, _, files = text.partition("\n")
            found.append((page.stem.partition("-")[0], f"{page.stem}: {name.strip()}", files))
    return found


def _laid_out(root: Path, files: str) -> set[tuple[str, str, int]]:
    """Writes the files without their marks; the marks as (check, file, line)."""
    marks: set[tuple[str, str, int]] = set()
    for text in re.split(r"^=== ", files, flags=re.MULTILINE)[1:]:
        path, _, content = text.partition("\n")
        lines: list[str] = []
        for number, line in enumerate(content.split("\n"), 1):
            bare = line
            while (mark := _MARK.search(bare)) is not None:
                marks.add((mark[1], path.strip(), number))
                bare = bare[: mark.start()]
            lines.append(bare)
        target = root / path.strip()
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("\n".join(lines))
    return marks


@pytest.mark.parametrize(("section", "files"), [pytest.param(s, f, id=name) for s, name, f in _repositories()])
def test_flaws_are_told_where_they_are_marked_and_nowhere_else(tmp_path: Path, section: str, files: str) -> None:
    marks = _laid_out(tmp_path, files)
    checks = tuple(check.id for check in all_checks() if check.id.startswith((f"{section}/", f"{section}-")))
    report = review(tmp_path, Settings(use_cache=False, checks=checks))
    told = {(f.check.partition("/")[2], f.file, f.start_line) for f in report.findings}
    missed = {m for m in marks if not any(m[:2] == t[:2] and abs(m[2] - t[2]) <= _NEAR for t in told)}
    beside = {t for t in told if not any(m[:2] == t[:2] and abs(m[2] - t[2]) <= _NEAR for m in marks)}
    assert (missed, beside) == (set(), set())
