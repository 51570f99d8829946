"""Reading files as UTF-8 bytes, whatever they hold, and finding lines in them."""

import os
import stat
from pathlib import Path

MAX_BYTES = 5_000_000

# O_NONBLOCK: a pipe that took the place of a file must not make us wait; O_NOFOLLOW: nor may a link that did.
OPEN_FLAGS = (
    os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
)

_UTF8_MARK = b"\xef\xbb\xbf"
# The 32-bit marks first: the little-endian one begins with the 16-bit one.
_WIDE_MARKS = ((b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
LATIN_1_NOTE = "not valid UTF-8: read as latin-1"


def read(root: Path, path: str, limit: int = MAX_BYTES) -> tuple[bytes | None, str | None]:
    """The content of a file below ``root`` as UTF-8 without a byte order mark. Never raises.

    ``(data, None)``: read. ``(data, note)``: read, but by a guess that the note names. ``(None, reason)``: not read. Files of more than
    ``limit`` bytes are not read, nor are links, folders, devices and pipes.
    """
    try:
        raw = read_bytes(f"{root}{os.sep}{path}", limit)
    except OSError as error:
        return None, f"cannot be read: {error.strerror}"
    except ValueError as error:
        return None, str(error)
    return as_utf8(raw)


def read_bytes(path: str, limit: int = MAX_BYTES) -> bytes:
    """The bytes of a regular file. Raises ``OSError`` when it cannot be read and ``ValueError``, saying why, when it should not be."""
    descriptor = os.open(path, OPEN_FLAGS)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("not a regular file")
        # One byte more than announced shows a file that grew, or that has no honest size.
        wanted = min(status.st_size, limit) + 1
        if status.st_size > limit:
            raise ValueError(f"too large: {status.st_size / 1e6:.1f} MB")
        parts = []
        while wanted > 0 and (part := os.read(descriptor, wanted)):
            parts.append(part)
            wanted -= len(part)
    finally:
        os.close(descriptor)
    return b"".join(parts)


def as_utf8(raw: bytes) -> tuple[bytes | None, str | None]:
    """Bytes of any encoding as UTF-8, with the same meaning of the pair as ``read``."""
    for mark, encoding in _WIDE_MARKS:
        if raw.startswith(mark):
            try:
                return raw.decode(encoding).encode("utf-8"), None
            except UnicodeError:
                return None, f"broken {encoding}"
    if b"\0" in raw:
        return None, "binary content"
    data = raw.removeprefix(_UTF8_MARK)
    if data.isascii():
        return data, None
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1").encode("utf-8"), LATIN_1_NOTE
    return data, None
