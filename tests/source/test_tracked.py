"""What git tracks, as git itself writes it, and what the walk makes of it."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.source.test_discover import paths, write
from tillproof.source.discover import discover
from tillproof.source.tracked import tracked_below

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git writes what is read here")


def git(folder: Path, *arguments: str) -> str:
    own = ("-c", "core.excludesFile=", "-c", "user.name=a", "-c", "user.email=a@example.com")
    return subprocess.run(["git", *own, *arguments], cwd=folder, capture_output=True, check=True, text=True).stdout


@pytest.mark.parametrize("version", ["2", "3", "4"])
@pytest.mark.parametrize("objects", ["sha1", "sha256"])
def test_every_version_of_the_index_is_read(tmp_path: Path, version: str, objects: str) -> None:
    names = ["a", "folder/a-file-with-a-long-name.py", "folder/a-file-with-a-longer-name.py", "folder/deep/er/x.py", "z" * 200, "ü.py"]
    write(tmp_path, {name: name for name in names})
    git(tmp_path, "init", "-q", f"--object-format={objects}")
    git(tmp_path, "add", ".")
    if version == "3":  # git writes it only for entries that need it
        write(tmp_path, {"later.py": "x"})
        git(tmp_path, "add", "-N", "later.py")
        names.append("later.py")
    git(tmp_path, "update-index", f"--index-version={version}")
    tracked = tracked_below(tmp_path)
    assert tracked is not None
    assert all(tracked.file(name) for name in names)
    assert not tracked.file("folder")
    assert tracked.below("folder")
    assert tracked.below("folder/deep")
    assert not tracked.below("fold")
    inner = tracked_below(tmp_path / "folder")
    assert inner is not None
    assert inner.file("deep/er/x.py")
    assert not inner.file("a")


def test_a_worktree_has_an_index_of_its_own(tmp_path: Path) -> None:
    main, other = tmp_path / "main", tmp_path / "other"
    write(main, {"a.py": ""})
    git(main, "init", "-q")
    git(main, "add", ".")
    git(main, "commit", "-q", "-m", "first")
    git(main, "worktree", "add", "-q", str(other))
    write(other, {".env": "A=b\n"})
    git(other, "add", "-f", ".env")
    tracked = tracked_below(other)
    assert tracked is not None
    assert tracked.file(".env")
    assert tracked.file("a.py")


def test_what_was_committed_before_it_was_ignored_is_reviewed(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            ".gitignore": ".env\nconfig/\n*.local.py\n",
            ".env": "A=b\n",
            "config/shop.yaml": "a: b\n",
            "config/mine.yaml": "a: b\n",
            "a.local.py": "",
            "sub/.env": "A=b\n",
        },
    )
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-f", ".gitignore", ".env", "config/shop.yaml")
    assert paths(discover(tmp_path)) == [".env", ".gitignore", "config/shop.yaml"]
    assert paths(discover(tmp_path, [".env"])) == [".gitignore", "config/shop.yaml"]
    assert paths(discover(tmp_path, ["config/"])) == [".env", ".gitignore"]


def test_without_a_repository_settings_of_the_environment_are_reviewed(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": ".env*\n*.py\nout/\n", ".env": "A=b\n", ".env.production": "A=b\n", "a.py": "", "out/.env": "A=b\n"})
    assert paths(discover(tmp_path)) == [".env", ".env.production", ".gitignore"]
    git(tmp_path, "init", "-q")
    assert paths(discover(tmp_path)) == [".gitignore"]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.sampled_from([b"", b"DIRC\0\0\0\2\0\0\0\3", b"DIRC\0\0\0\4\0\0\0\3"]))
def test_a_broken_index_says_nothing_and_ends(data: bytes, head: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), {".git/index": head + data, "a.py": ""})
        assert tracked_below(Path(folder)) is not None
        assert paths(discover(Path(folder))) == ["a.py"]
