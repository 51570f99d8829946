"""The command line as people use it: a process, its output and its exit status."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tillproof import __version__

ROOT = Path(__file__).parents[1]


def tillproof(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tillproof", *arguments],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), **environment},
        check=False,
    )


def test_version() -> None:
    done = tillproof("--version")
    assert (done.returncode, done.stdout) == (0, f"tillproof {__version__}\n")


def test_help_and_version_load_nothing_heavy() -> None:
    loaded = (
        "import sys; from tillproof.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\nprint(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(ROOT / "src")}
    )
    names = {name.split(".")[0] for name in done.stderr.split()}
    assert "tillproof" in names
    assert names.isdisjoint({"tree_sitter", "rich", "yaml", "pathspec"})


@pytest.mark.parametrize(
    "arguments", [[], ["review"], ["review", ".", "--format", "pdf"], ["review", ".", "--fail-on", "high"], ["audit", "."]]
)
def test_wrong_usage_is_2(arguments: list[str]) -> None:
    done = tillproof(*arguments)
    assert done.returncode == 2
    assert "usage: tillproof" in done.stderr


def test_a_missing_path_is_2_and_one_clear_line(tmp_path: Path) -> None:
    done = tillproof("review", str(tmp_path / "nowhere"))
    assert done.returncode == 2
    assert done.stderr == f"tillproof: there is no {tmp_path / 'nowhere'}; give the folder to review\n"


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    file = tmp_path / "shop.py"
    file.write_text("")
    done = tillproof("review", str(file))
    assert done.returncode == 2
    assert "is not a folder" in done.stderr


def test_an_output_without_a_folder_is_refused_before_the_review(tmp_path: Path) -> None:
    done = tillproof("review", str(tmp_path), "--output", str(tmp_path / "no" / "review.json"))
    assert done.returncode == 2
    assert "there is no folder" in done.stderr


def test_a_missing_pack_folder_is_2(tmp_path: Path) -> None:
    done = tillproof("review", str(tmp_path), "--packs", str(tmp_path / "none"))
    assert done.returncode == 2
    assert "for --packs" in done.stderr


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("exclude = [", "is not valid TOML"),
        ("exclude = 'legacy'", "Expected `array`, got `str`"),
        ("exlude = []", "unknown field `exlude`"),
        ("[severity]\n'payment/amount-unit' = 'awful'", "Invalid enum value 'awful'"),
    ],
)
def test_a_malformed_configuration_is_2_and_one_line(tmp_path: Path, config: str, said: str) -> None:
    (tmp_path / ".tillproof").mkdir()
    (tmp_path / ".tillproof" / "config.toml").write_text(config)
    done = tillproof("review", str(tmp_path))
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert ".tillproof/config.toml" in done.stderr


def test_a_configuration_that_is_no_text_is_2(tmp_path: Path) -> None:
    folder = tmp_path / ".tillproof"
    folder.mkdir()
    (folder / "config.toml").write_bytes(b"\xff\xfe\x00")
    assert "is not UTF-8" in tillproof("review", str(tmp_path)).stderr
    (folder / "config.toml").unlink()
    (folder / "config.toml").mkdir()
    done = tillproof("review", str(tmp_path))
    assert (done.returncode, "must be a file" in done.stderr) == (2, True)


def test_terminal_escapes_in_arguments_are_written_out() -> None:
    done = tillproof("review", "/no\x1b[2Jwhere")
    assert "\x1b" not in done.stderr
    assert r"\x1b[2J" in done.stderr
