"""Small programs that look wrong and are right, each beside one that is wrong where it is right: the pages below ``programs``."""

import re
from pathlib import Path

import pytest

from tillproof.review import review
from tillproof.settings import Settings

_PAGES = Path(__file__).parent / "programs"
_PROGRAM = re.compile(r"^### (?P<name>.+)\n\n(?P<said>(?:\S+ (?:never|found)\n)+)(?P<files>(?s:.*?))(?=^### |\Z)", re.MULTILINE)
_FILE = re.compile(r"^```\w+ (?P<path>\S+)\n(?P<text>(?s:.*?))^```$", re.MULTILINE)


def _programs() -> list[object]:
    return [
        pytest.param(told["said"], told["files"], id=f"{page.stem}: {told['name']}")
        for page in sorted(_PAGES.glob("*.md"))
        for told in _PROGRAM.finditer(page.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize(("said", "files"), _programs())
def test_a_program_is_told_what_is_wrong_with_it_and_nothing_else(said: str, files: str, tmp_path: Path) -> None:
    for file in _FILE.finditer(files):
        path = tmp_path / file["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file["text"], encoding="utf-8")
    expected = dict(line.split() for line in said.splitlines())
    checks = tuple(name for name in expected if "/" in name)
    report = review(tmp_path, Settings(checks=checks, use_cache=False))
    found = {finding.check for finding in report.findings} | {report.pci.saq}
    assert {name: "found" if name in found else "never" for name in expected} == expected
