"""What git tracks, read from its index without running git.

A file that was committed before somebody ignored it is ignored by name and part of every clone all the same; for settings with secrets in
them that is the commonest way out.
"""

import os
import struct
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path

from tillproof.source.text import read_bytes

_LARGEST_INDEX = 200_000_000
_HEADER = struct.Struct(">4sII")
# Ten words of stat data, then the object's name, then the flags.
_STAT_BYTES = 40
_NAME_LENGTH, _EXTENDED = 0x0FFF, 0x4000


class Tracked:
    """The tracked files at or below a folder, by their paths relative to it, in order."""

    def __init__(self, paths: list[str]) -> None:
        self._paths = sorted(paths)
        self._files = frozenset(paths)

    def file(self, path: str) -> bool:
        """Whether a file is tracked."""
        return path in self._files

    def below(self, folder: str) -> bool:
        """Whether anything below a folder is; the folder is written without a slash at its end."""
        at = bisect_left(self._paths, f"{folder}/")
        return at < len(self._paths) and self._paths[at].startswith(f"{folder}/")


def tracked_below(root: Path) -> Tracked | None:
    """What the repository around ``root`` tracks there; nothing when its index is missing or broken. None where there is no repository."""
    repository = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), None)
    if repository is None:
        return None
    try:
        data = read_bytes(str(_git_folder(repository) / "index"), _LARGEST_INDEX)
        paths = [os.fsdecode(path) for path in _entries(data, _hash_bytes(repository))]
    except (OSError, ValueError, struct.error, IndexError):
        return Tracked([])
    prefix = "".join(f"{segment}/" for segment in root.relative_to(repository).parts)
    return Tracked([path[len(prefix) :] for path in paths if path.startswith(prefix)])


def _git_folder(repository: Path) -> Path:
    """``.git`` itself, or the folder that the file of this name points to: in a worktree or a submodule."""
    place = repository / ".git"
    if not place.is_file():
        return place
    pointer = read_bytes(str(place), 4096).decode("utf-8", "replace").strip()
    return repository / pointer.removeprefix("gitdir:").strip()


def _hash_bytes(repository: Path) -> int:
    """The length of an object's name: 32 bytes where the repository was made for SHA-256, else 20."""
    try:
        config = read_bytes(str(repository / ".git" / "config"), 1_000_000)
    except (OSError, ValueError):
        return 20
    return 32 if b"objectformat = sha256" in config.lower() else 20


def _entries(data: bytes, hash_bytes: int) -> Iterator[bytes]:
    """The paths of an index of version 2, 3 or 4. Raises ValueError when it is none."""
    mark, version, count = _HEADER.unpack_from(data)
    if mark != b"DIRC" or version not in (2, 3, 4):
        raise ValueError("not an index of git")
    at = _HEADER.size
    path = b""
    for _ in range(count):
        begin = at
        at += _STAT_BYTES + hash_bytes
        flags = int.from_bytes(data[at : at + 2], "big")
        at += 4 if flags & _EXTENDED else 2
        if version == 4:
            cut, at = _offset(data, at)
            end = data.index(b"\0", at)
            path = path[: len(path) - cut] + data[at:end]
            at = end + 1
        else:
            length = flags & _NAME_LENGTH
            end = at + length if length < _NAME_LENGTH else data.index(b"\0", at)
            path = data[at:end]
            # One to eight zero bytes end an entry, so that the next one begins at a multiple of eight from this one's beginning.
            at = begin + (end - begin) // 8 * 8 + 8
        if len(path) == 0 or at > len(data):
            raise ValueError("the index ends too early")
        yield path


def _offset(data: bytes, at: int) -> tuple[int, int]:
    """A number as pack files write offsets, and the place after it."""
    byte = data[at]
    value = byte & 0x7F
    while byte & 0x80:
        at += 1
        byte = data[at]
        value = ((value + 1) << 7) | (byte & 0x7F)
    return value, at + 1
