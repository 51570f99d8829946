"""Every example of every page, reviewed as a project of its own: the broken ones are found where they say, the sound ones are held."""

from pathlib import Path

import pytest

from tests.checks.every_page import PAGES
from tillproof.checks.pages import Example, load
from tillproof.contract import Report
from tillproof.review import review
from tillproof.settings import Settings

# Lines around the marker in which the finding may stand: a call may be anchored at its head or at the argument.
NEAR = 2


def cases(kind: str) -> list[object]:
    found: list[object] = []
    for check, path in PAGES.items():
        page = load(path)
        examples = page.broken if kind == "broken" else page.sound
        found += [pytest.param(check, example, id=f"{check}: {example.title}") for example in examples]
    return found


def review_of(example: Example, folder: Path, *checks: str) -> Report:
    """The example written into a folder and reviewed by some checks."""
    for name, code in example.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code, encoding="utf-8")
    return review(folder, Settings(use_cache=False, checks=checks))


@pytest.mark.parametrize(("check", "example"), cases("broken"))
def test_broken_example_is_found_where_it_is_marked(check: str, example: Example, tmp_path: Path) -> None:
    report = review_of(example, tmp_path, check)
    findings = [(finding.file, finding.start_line) for finding in report.findings if finding.check == check]
    missed = [(file, line) for file, line in example.expect if not any(file == at and abs(line - there) <= NEAR for at, there in findings)]
    assert not missed, f"no finding near {missed}; found {findings}; {unsettled(report, check)}"


@pytest.mark.parametrize(("check", "example"), cases("sound"))
def test_sound_example_is_held(check: str, example: Example, tmp_path: Path) -> None:
    report = review_of(example, tmp_path, check)
    assert [(finding.file, finding.start_line, finding.message) for finding in report.findings if finding.check == check] == []
    held = [obligation for obligation in report.obligations if obligation.check == check and obligation.ruling == "held"]
    assert held, f"nothing is held; {unsettled(report, check)}"


def unsettled(report: Report, check: str) -> str:
    """What the review could not decide about this check, to say in a failure why."""
    unknown = [obligation.because for obligation in report.obligations if obligation.check == check and obligation.because]
    return "; ".join(f"unknown at {because.file}:{because.line}: {because.what}" for because in unknown) or "nothing is unknown"
