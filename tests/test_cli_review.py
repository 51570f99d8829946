"""``review`` from arguments to exit status, with a pipeline that hands over a report made by hand."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.report.samples import empty, finding, hostile, plausible, report
from tillproof.cli import main
from tillproof.contract import Report
from tillproof.settings import Settings

Deliver = Callable[[Report | Exception], list[Settings]]


@pytest.fixture
def deliver(monkeypatch: pytest.MonkeyPatch) -> Deliver:
    """Puts the pipeline's place under a stand-in that answers with the given report, and tells with which settings it was called."""

    def stand_in(answer: Report | Exception) -> list[Settings]:
        seen: list[Settings] = []

        def review(root: Path, settings: Settings, progress: Any) -> Report:
            seen.append(settings)
            if isinstance(answer, Exception):
                raise answer
            return answer

        module = ModuleType("tillproof.review")
        module.__dict__["review"] = review
        monkeypatch.setitem(sys.modules, "tillproof.review", module)
        return seen

    return stand_in


CONDITIONAL = report([finding(severity="medium")], [])


@pytest.mark.parametrize(
    ("answer", "fail_on", "status"),
    [
        (empty(), "conditional", 0),
        (CONDITIONAL, "conditional", 10),
        (CONDITIONAL, "blocked", 0),
        (CONDITIONAL, "never", 0),
        (plausible(), "conditional", 20),
        (plausible(), "blocked", 20),
        (plausible(), "never", 0),
    ],
)
def test_the_verdict_becomes_the_exit_status(deliver: Deliver, tmp_path: Path, answer: Report, fail_on: str, status: int) -> None:
    deliver(answer)
    assert main(["review", str(tmp_path), "--fail-on", fail_on]) == status


def test_a_conditional_pass_fails_by_default(deliver: Deliver, tmp_path: Path) -> None:
    deliver(CONDITIONAL)
    assert main(["review", str(tmp_path)]) == 10


def test_json_goes_to_stdout_and_nothing_else(deliver: Deliver, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    deliver(hostile())
    main(["review", str(tmp_path), "--format", "json"])
    out, err = capfdbinary.readouterr()
    assert json.loads(out)["summary"]["verdict"] == "blocked"
    assert err == b""


@pytest.mark.parametrize(
    ("name", "begins"), [("review.json", '{\n  "schema_version": "1"'), ("review.md", "# E-commerce"), ("review.txt", "\n  BLOCKED")]
)
def test_the_ending_of_the_output_chooses_the_format(
    deliver: Deliver, tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, begins: str
) -> None:
    deliver(plausible())
    assert main(["review", str(tmp_path), "--output", str(tmp_path / name)]) == 20
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(begins)
    out, err = capfd.readouterr()
    assert out == ""
    assert err == "tillproof: BLOCKED: 1 critical, 2 high, 1 medium, 1 low; 1 held, 2 unknown\n"


def test_a_format_that_is_named_wins_over_the_ending(deliver: Deliver, tmp_path: Path) -> None:
    deliver(plausible())
    main(["review", str(tmp_path), "--format", "markdown", "--output", str(tmp_path / "x.json")])
    assert (tmp_path / "x.json").read_text(encoding="utf-8").startswith("# E-commerce")


def test_quiet_says_nothing(deliver: Deliver, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    deliver(plausible())
    main(["review", str(tmp_path), "--quiet", "--output", str(tmp_path / "x.json")])
    assert capfd.readouterr() == ("", "")


def test_an_output_that_cannot_be_written_is_2(deliver: Deliver, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    deliver(plausible())
    assert main(["review", str(tmp_path), "--output", str(tmp_path)]) == 2
    assert "cannot be written" in capfd.readouterr().err


def test_no_colour_where_there_is_no_terminal(deliver: Deliver, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    deliver(plausible())
    main(["review", str(tmp_path)])
    assert "\x1b" not in capfd.readouterr().out


def test_settings_reach_the_pipeline(deliver: Deliver, tmp_path: Path) -> None:
    seen = deliver(empty())
    (tmp_path / ".tillproof" / "packs").mkdir(parents=True)
    (tmp_path / ".tillproof" / "config.toml").write_text('exclude = ["legacy/**"]\n')
    (tmp_path / "mine").mkdir()
    main(["review", str(tmp_path), "--no-cache", "--cache-dir", str(tmp_path / "c"), "--packs", str(tmp_path / "mine")])
    (settings,) = seen
    assert (settings.use_cache, settings.cache_dir) == (False, tmp_path / "c")
    assert settings.packs == (tmp_path / ".tillproof" / "packs", tmp_path / "mine")
    assert settings.config.exclude == ("legacy/**",)


def test_the_cache_follows_the_platform(deliver: Deliver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = deliver(empty())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    main(["review", str(tmp_path)])
    assert (seen[0].cache_dir, seen[0].use_cache) == (tmp_path / "tillproof", True)
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    main(["review", str(tmp_path)])
    assert seen[1].cache_dir == tmp_path / "home" / ".cache" / "tillproof"


def test_a_failure_of_the_tool_is_1_and_one_line(deliver: Deliver, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    deliver(RuntimeError("first\nsecond \x1b[2J"))
    assert main(["review", str(tmp_path)]) == 1
    err = capfd.readouterr().err
    assert err.startswith("tillproof: internal error: RuntimeError: first second ")
    assert err.count("\n") == 1
    assert "\x1b" not in err
    assert "TILLPROOF_DEBUG=1" in err


def test_the_debug_variable_raises(deliver: Deliver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(RuntimeError("boom"))
    monkeypatch.setenv("TILLPROOF_DEBUG", "1")
    with pytest.raises(RuntimeError, match="boom"):
        main(["review", str(tmp_path)])
