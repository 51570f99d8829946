"""Reading whatever lies on a disk, and finding lines in it."""

import os
from pathlib import Path

import pytest

from tillproof.source.text import LATIN_1_NOTE, read


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", (b"", None)),
        (b"\xef\xbb\xbfx", (b"x", None)),
        ("größe".encode(), ("größe".encode(), None)),
        ("größe".encode("latin-1"), ("größe".encode(), LATIN_1_NOTE)),
        ("\ufeffgröße".encode("utf-16-le"), ("größe".encode(), None)),
        ("\ufeffgröße".encode("utf-16-be"), ("größe".encode(), None)),
        ("\ufeffgröße".encode("utf-32-le"), ("größe".encode(), None)),
        ("\ufeffgröße".encode("utf-32-be"), ("größe".encode(), None)),
        (b"\xff\xfea", (None, "broken utf-16")),
        (b"a\0b", (None, "binary content")),
    ],
)
def test_encodings(tmp_path: Path, raw: bytes, expected: tuple[bytes | None, str | None]) -> None:
    (tmp_path / "f").write_bytes(raw)
    assert read(tmp_path, "f") == expected


def test_what_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.js").open("wb") as stream:
        stream.truncate(50_000_000)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("huge.js")
    assert read(tmp_path, "huge.js") == (None, "too large: 50.0 MB")
    assert read(tmp_path, "pipe") == (None, "not a regular file")
    for path in ("missing", "link", ".", "huge.js/inside"):
        data, reason = read(tmp_path, path)
        assert data is None
        assert reason


def test_a_limit_may_be_given(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x" * 100)
    assert read(tmp_path, "f", 100) == (b"x" * 100, None)
    assert read(tmp_path, "f", 99)[0] is None
