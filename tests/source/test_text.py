"""Reading whatever lies on a disk, and finding lines in it."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillproof.source.text import LATIN_1_NOTE, LineIndex, read


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


@given(st.binary(max_size=200).map(lambda data: data.replace(b"x", b"\n")))
def test_lines_are_counted_as_newlines_are(data: bytes) -> None:
    index = LineIndex(data)
    for offset in range(len(data) + 1):
        line = index.line(offset)
        assert line == data.count(b"\n", 0, offset) + 1
        assert index.start(line) <= offset
    assert len(index) == len(data.splitlines()) or b"\r" in data or any(byte in data for byte in b"\x0b\x0c\x1c\x1d\x1e\x85")


def test_the_text_of_a_line() -> None:
    index = LineIndex(b"eins\r\nzwei\n\nvier")
    assert [index.text(line) for line in (1, 2, 3, 4)] == ["eins", "zwei", "", "vier"]
    assert index.text(1, limit=2) == "ei"
    assert (index.line(-5), index.line(10**6), len(index)) == (1, 4, 4)
    for line in (0, 5):
        with pytest.raises(IndexError):
            index.text(line)
