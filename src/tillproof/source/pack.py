"""A pack: many cached entries in one file.

Layout: a magic word, the length of the head (8 bytes, little-endian), the head in MessagePack behind its checksum, then the entries one
after another. The head says where each entry lies and what its checksum is, so one entry is read without the others. A pack is written
whole and put in place in one step.
"""

import os
import tempfile
import zlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

_MAGIC = b"tillproof-pack-1\n"
_LENGTH_BYTES = 8
_MAX_HEAD_BYTES = 64_000_000


class BrokenPackError(Exception):
    """The file is no pack, or is damaged."""


class _Entry(msgspec.Struct, frozen=True, array_like=True):
    offset: int
    length: int
    checksum: int


class _Head(msgspec.Struct, frozen=True, array_like=True):
    stamp: str
    entries: dict[str, _Entry]


class Pack:
    """The entries of a pack file, read one at a time. ``stamp`` says by which version, and from what, they were derived."""

    __slots__ = ("_descriptor", "_entries", "_start", "_used", "stamp")

    def __init__(self, descriptor: int | None, head: _Head, start: int) -> None:
        self.stamp = head.stamp
        self._descriptor = descriptor
        self._entries = head.entries
        self._start = start
        self._used: dict[str, None] = {}

    @classmethod
    def empty(cls) -> "Pack":
        return cls(None, _Head("", {}), 0)

    @classmethod
    def open(cls, path: Path) -> "Pack":
        """Reads the head of a pack file. Raises ``BrokenPackError`` or ``OSError``."""
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0))
        try:
            return cls(descriptor, *_read_head(descriptor))
        except BaseException:
            os.close(descriptor)
            raise

    def __del__(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)

    def get(self, key: str) -> bytes | None:
        """An entry, or ``None`` when there is none. Raises ``BrokenPackError`` when it is damaged."""
        entry = self._entries.get(key)
        if entry is None or self._descriptor is None:
            return None
        data = _read_at(self._descriptor, entry.length, self._start + entry.offset)
        if len(data) != entry.length or zlib.crc32(data) != entry.checksum:
            raise BrokenPackError(key)
        self._used[key] = None
        return data

    def kept(self, room: int, replaced: Iterable[str]) -> Iterable[tuple[str, bytes]]:
        """The entries to carry over into ``room`` bytes: those used in this run first, then in their order; damaged ones are left."""
        gone = set(replaced)
        for key in (*self._used, *(key for key in self._entries if key not in self._used)):
            if key in gone or self._entries[key].length > room:
                continue
            try:
                data = self.get(key)
            except BrokenPackError:
                continue
            if data is not None:
                room -= len(data)
                yield key, data


def write_pack(path: Path, stamp: str, added: dict[str, bytes], earlier: Pack, limit: int) -> None:
    """Writes a pack of the added entries and as many earlier ones as ``limit`` bytes leave room for. Raises ``OSError``."""
    chosen: dict[str, bytes] = {}
    room = limit
    for key, data in added.items():
        if len(data) <= room:
            chosen[key] = data
            room -= len(data)
    chosen.update(earlier.kept(room, added))
    entries: dict[str, _Entry] = {}
    offset = 0
    for key, data in chosen.items():
        entries[key] = _Entry(offset, len(data), zlib.crc32(data))
        offset += len(data)
    head = msgspec.msgpack.encode(_Head(stamp, entries))
    checked = zlib.crc32(head).to_bytes(4, "little") + head
    replace_file(path, [_MAGIC, len(checked).to_bytes(_LENGTH_BYTES, "little"), checked, *chosen.values()])


def replace_file(path: Path, parts: Iterable[bytes]) -> None:
    """Puts a file in place whole, so that nobody ever sees half of it. Raises ``OSError``."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.writelines(parts)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink()
        raise


def _read_at(descriptor: int, length: int, offset: int) -> bytes:
    # Where there is fork there is pread, which children that share the descriptor need: it moves no common position.
    if hasattr(os, "pread"):
        return os.pread(descriptor, length, offset)
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.read(descriptor, length)


def _read_head(descriptor: int) -> tuple[_Head, int]:
    preamble = os.read(descriptor, len(_MAGIC) + _LENGTH_BYTES)
    length = int.from_bytes(preamble[len(_MAGIC) :], "little")
    if not preamble.startswith(_MAGIC) or not 4 < length <= _MAX_HEAD_BYTES:
        raise BrokenPackError("no pack")
    checked = os.read(descriptor, length)
    if len(checked) != length or zlib.crc32(checked[4:]) != int.from_bytes(checked[:4], "little"):
        raise BrokenPackError("damaged head")
    try:
        return msgspec.msgpack.decode(checked[4:], type=_Head), len(preamble) + length
    except (msgspec.DecodeError, ValueError) as error:
        raise BrokenPackError("damaged head") from error
