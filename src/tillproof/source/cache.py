"""Remembers derived data between runs: what was computed from a file, under the hash of its content. Never the file's text.

One folder per reviewed root, in it an index of file hashes and one pack of entries per kind of data. As in git's index, a file whose
size, time and inode are unchanged is taken to be unchanged. Whatever is wrong with the cache, the review goes on without it.
"""

import contextlib
import hashlib
import os
import re
import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import msgspec

from tillproof import __version__
from tillproof.source.files import SourceFile
from tillproof.source.pack import BrokenPackError, Pack, replace_file, write_pack
from tillproof.source.text import read_bytes

# A file changed this shortly before it was hashed may have changed again without its time showing it: clocks of file systems are coarse.
_RACY_NS = 2_000_000_000
_INDEX = "index.msgpack"
_MAX_READ = 64_000_000
_FOLDER_NAME = re.compile(r"[0-9a-f]{32}")
_UNREADABLE = "unreadable"
_DAMAGED = "the cache is damaged and is built anew"
_FOREIGN = "the cache is of another version and is built anew"


@lru_cache(maxsize=1)
def engine(root: Path) -> str:
    """Which tillproof lies at ``root``: its version, and the state of its code, which a checkout changes without changing the version."""
    states = ((p.relative_to(root).as_posix(), p.stat()) for p in sorted(root.rglob("*.py")))
    told = "".join(f"{name} {s.st_size} {s.st_mtime_ns}\n" for name, s in states)
    return f"{__version__} {hashlib.sha256(told.encode()).hexdigest()[:16]}"


class _Known(msgspec.Struct, frozen=True, array_like=True):
    """What was known of a file when it was hashed."""

    size: int
    mtime_ns: int
    inode: int
    sha256: str


class _Index(msgspec.Struct, frozen=True, array_like=True):
    stamp: str
    as_of_ns: int
    files: dict[str, _Known]


class Cache:
    """The cache of one reviewed root. Nothing is written before ``save``.

    ``directory`` ``None`` means to work without one. ``salt`` is whatever else the entries depend on (the packs' hash); entries of another
    salt or another version of tillproof are as good as none. ``limit`` is what one pack may grow to and ``total`` what all roots together
    may take, in bytes; the least recently used goes first. ``notes`` says, once each, what was wrong with the cache.
    """

    def __init__(self, directory: Path | None, root: Path, salt: str = "", limit: int = 256_000_000, total: int = 4_000_000_000) -> None:
        self.notes: list[str] = []
        self._root = root
        self._directory = directory
        self._folder = directory / hashlib.sha256(os.fsencode(root.absolute())).hexdigest()[:32] if directory else None
        self._stamp = f"tillproof {engine(Path(__file__).parent.parent)} {salt}"
        self._limit = limit
        self._total = total
        self._as_of_ns = time.time_ns()
        self._index: _Index | None = None
        self._hashed: dict[str, _Known] = {}
        self._index_changed = False
        self._packs: dict[str, Pack] = {}
        self._added: dict[str, dict[str, bytes]] = {}

    def digests(self, files: Sequence[SourceFile]) -> dict[str, str]:
        """The SHA-256 of each file's content by path. Reads only files that changed; ``unreadable`` for one that cannot be read."""
        index = self._index = self._index or self._read_index()
        trusted_before = min(index.as_of_ns, self._as_of_ns) - _RACY_NS
        for file in files:
            known = index.files.get(file.path)
            if (
                known is not None
                and known.mtime_ns == file.mtime_ns
                and known.size == file.size
                and known.inode == file.inode
                and file.mtime_ns < trusted_before
            ):
                self._hashed[file.path] = known
                continue
            fresh = _Known(file.size, file.mtime_ns, file.inode, self._hash(file.path))
            self._hashed[file.path] = fresh
            self._index_changed = True
        self._index_changed |= len(self._hashed) != len(index.files)
        return {file.path: self._hashed[file.path].sha256 for file in files}

    def fingerprint(self, files: Sequence[SourceFile]) -> str:
        """One hash over what the files are called, hold and were classified as. Cheap when nothing changed."""
        digests = self.digests(files)
        whole = hashlib.sha256()
        for file in sorted(files, key=lambda file: file.path):
            parts = (file.path, digests[file.path], file.language or "", file.role, file.unit)
            whole.update("\0".join(parts).encode("utf-8", "surrogateescape") + b"\n")
        return whole.hexdigest()

    def get(self, kind: str, key: str) -> bytes | None:
        """What was put under this kind and key, in this run or an earlier one; ``None`` when nothing was, or it is damaged."""
        added = self._added.get(kind, {}).get(key)
        if added is not None or self._folder is None:
            return added
        try:
            return self._pack(kind).get(key)
        except (BrokenPackError, OSError):
            self._note(_DAMAGED)
            self._packs[kind] = Pack.empty()
            return None

    def put(self, kind: str, key: str, data: bytes) -> None:
        """Remembers derived data. ``kind`` is a plain word and names the pack; ``data`` must not hold source text."""
        if not re.fullmatch(r"[a-z][a-z0-9_-]*", kind):
            raise ValueError(f"not a kind of cached data: {kind!r}")
        self._added.setdefault(kind, {})[key] = data

    def save(self) -> None:
        """Writes what is new, each file in one step, and keeps within the bounds. A cache that cannot be written is only noted."""
        if self._folder is None or self._directory is None or not (self._added or self._index_changed):
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for kind, added in self._added.items():
                write_pack(self._folder / f"{kind}.pack", self._stamp, added, self._pack(kind), self._limit)
            if self._index_changed:
                readable = {path: known for path, known in self._hashed.items() if known.sha256 != _UNREADABLE}
                data = msgspec.msgpack.encode(_Index(self._stamp, self._as_of_ns, readable))
                replace_file(self._folder / _INDEX, [data])
            _prune(self._directory, self._folder, self._total)
        except OSError as error:
            self._note(f"the cache cannot be written: {error.strerror}")
        self._added.clear()
        self._packs.clear()
        self._index_changed = False

    def _hash(self, path: str) -> str:
        try:
            return hashlib.sha256(read_bytes(f"{self._root}{os.sep}{path}", _MAX_READ)).hexdigest()
        except (OSError, ValueError):
            return _UNREADABLE

    def _read_index(self) -> _Index:
        empty = _Index(self._stamp, 0, {})
        if self._folder is None:
            return empty
        try:
            index = msgspec.msgpack.decode(read_bytes(str(self._folder / _INDEX), _MAX_READ), type=_Index)
        except (FileNotFoundError, NotADirectoryError):
            return empty
        except (OSError, ValueError, msgspec.DecodeError):
            self._note(_DAMAGED)
            return empty
        if index.stamp != self._stamp:
            self._note(_FOREIGN)
            return empty
        return index

    def _pack(self, kind: str) -> Pack:
        pack = self._packs.get(kind)
        if pack is None:
            pack = self._packs[kind] = self._open_pack(kind)
        return pack

    def _open_pack(self, kind: str) -> Pack:
        if self._folder is None:
            return Pack.empty()
        try:
            pack = Pack.open(self._folder / f"{kind}.pack")
        except (FileNotFoundError, NotADirectoryError):
            return Pack.empty()
        except (BrokenPackError, OSError):
            self._note(_DAMAGED)
            return Pack.empty()
        if pack.stamp != self._stamp:
            self._note(_FOREIGN)
            return Pack.empty()
        return pack

    def _note(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)


def _prune(directory: Path, own: Path, total: int) -> None:
    """Deletes the caches of roots, the longest unwritten first, until the rest fits into ``total`` bytes. Touches only our own files."""
    roots = []
    for folder in directory.iterdir():
        if _FOLDER_NAME.fullmatch(folder.name) and folder.is_dir() and not folder.is_symlink():
            files = [file for file in folder.iterdir() if file.name == _INDEX or file.suffix == ".pack"]
            sizes = [file.stat() for file in files]
            newest = max((size.st_mtime_ns for size in sizes), default=0)
            roots.append((folder == own, newest, folder, sum(size.st_size for size in sizes), files))
    taken = sum(root[3] for root in roots)
    for is_own, _, folder, size, files in sorted(roots, key=lambda root: root[:2]):
        if taken <= total or is_own:
            return
        for file in files:
            file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            folder.rmdir()
        taken -= size
