"""Walks the code under review: which files there are, what each of them is, and what is deployed with what.

One pass with ``os.scandir``. Of each file only the first bytes are read, and of scripts a few from the midst.
"""

import os
import stat
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import msgspec

from tillproof.contract import Skipped, Unit
from tillproof.source import kinds, units
from tillproof.source.bundled import is_bundled, put_beside, renamed_into
from tillproof.source.files import Language, Role, SourceFile, Tree
from tillproof.source.ignore import IgnoreRules, is_ignored, read_lines, rules_above
from tillproof.source.text import OPEN_FLAGS
from tillproof.source.tracked import Tracked, tracked_below

MAX_SOURCE_BYTES = 5_000_000
MAX_DATA_BYTES = 1_000_000
_MAX_DEPTH = 200

_HEAD_BYTES = 2048
_MIDDLE_BYTES = 2048
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")

# Never entered, and nobody needs to be told: what package managers, build tools and editors put there.
_NEVER_ENTERED = kinds.words(
    ".git .hg .svn node_modules bower_components jspm_packages site-packages dist-packages __pycache__ .venv .tox .nox .eggs .mypy_cache "
    ".pytest_cache .ruff_cache .hypothesis .next .nuxt .svelte-kit .turbo .parcel-cache .angular .yarn .pnpm-store .gradle .terraform "
    ".serverless .cache .sass-cache .idea .vs"
)
# Web assets of other people are kept in a folder called vendor below one of these.
_ASSET_FOLDERS = kinds.words("public static assets asset js css lib libs dist wwwroot web htdocs media")
# Below these lie the browser libraries that a template for a shop or its back office brings along.
_LIBRARY_FOLDERS = kinds.words("plugins plugin lib libs vendor vendors bower_components assets asset static public js")


class _Folder(msgspec.Struct, frozen=True):
    """A folder that is still to be walked. ``path`` is relative, empty or ending in ``/``. ``ignored``: only what is tracked counts."""

    path: str
    depth: int
    role: Role | None
    unit: str
    rules: tuple[IgnoreRules, ...]
    ignored: bool = False


def discover(root: Path, exclude: Sequence[str] = ()) -> Tree:
    """The files and units below ``root``, which may also be a single file (then the tree's root is its folder).

    ``exclude`` holds patterns in the grammar of ``.gitignore``; they win over every ignore file. What git tracks is reviewed although it is
    ignored, and so are ``.env`` files where there is no repository to ask: whoever got this tree got them too. Symbolic links are never
    followed: what they point to is reviewed under its own name when it is inside the root, and is not ours when it is outside.
    Raises ``FileNotFoundError`` when there is nothing at ``root``.
    """
    root = root.resolve(strict=True)
    if not root.is_dir():
        walk = _Walk(root.parent, ())
        walk.take([(root.name, root.name, root.lstat())], _Folder("", 0, None, ".", ()))
        return walk.tree()
    walk = _Walk(root, exclude)
    waiting = [_Folder("", 0, None, ".", tuple(rules_above(root)))]
    while waiting:
        waiting.extend(walk.enter(waiting.pop()))
    return walk.tree()


class _Walk:
    """The state of one walk: what was found so far."""

    def __init__(self, root: Path, exclude: Sequence[str]) -> None:
        self._root = root
        self._start = f"{root}{os.sep}" if root.name else str(root)
        self._exclude = IgnoreRules(exclude)
        self._files: list[SourceFile] = []
        self._units: dict[str, Unit] = {}
        self._skipped: list[Skipped] = []
        self._renamed: set[str] = set()

    @cached_property
    def _tracked(self) -> Tracked | None:
        return tracked_below(self._root)

    def tree(self) -> Tree:
        self._units.setdefault(".", Unit(id=".", path=".", kind="app"))
        return Tree(
            root=self._root,
            files=sorted(self._reviewed_once(), key=lambda file: file.path),
            units=sorted(self._units.values(), key=lambda unit: (unit.id != ".", unit.id)),
            skipped=sorted(self._skipped, key=lambda skipped: (skipped.file, skipped.reason)),
        )

    def _reviewed_once(self) -> list[SourceFile]:
        """The files without what a compiler wrote of others that are there: their sources are reviewed."""
        paths = {file.path for file in self._files}
        outputs = [f for f in self._files if not paths.isdisjoint(kinds.compiled_from(f.path, f.role == "generated"))]
        for folder, found in sorted(Counter(f.path.rpartition("/")[0] for f in outputs).items()):
            self._skip(folder, f"compiled, their sources are reviewed: {found} files")
        left_out = {f.path for f in outputs}
        return [f for f in self._files if f.path not in left_out]

    def enter(self, folder: _Folder) -> list[_Folder]:
        """Takes the files of a folder; returns the folders in it that are to be walked."""
        try:
            with os.scandir(self._start + folder.path) as listing:
                entries = list(listing)
        except OSError as error:
            self._skip(folder.path.rstrip("/") or ".", f"folder cannot be read: {error.strerror}")
            return []
        names = {entry.name for entry in entries}
        rules = folder.rules
        if ".gitignore" in names:
            ignores = IgnoreRules(read_lines(Path(self._start + folder.path + ".gitignore")), folder.path)
            rules = (*rules, ignores) if ignores else rules
        found, folders = self._sort_out(entries, folder, rules, names)
        if folder.depth and is_bundled(Path(self._start + folder.path), names):
            own = put_beside(Path(self._start + folder.path), names)
            self.take([one for one in found if one[1] in own], folder)
            found = [one for one in found if one[1] not in own]
            folder = msgspec.structs.replace(folder, role="vendored")
        if "composer.json" in names:
            self._renamed.update(f"{folder.path}{path}/" for path in renamed_into(Path(self._start + folder.path)))
        unit = self._unit_at(folder, names)
        self.take(found, msgspec.structs.replace(folder, unit=unit))
        if folders and folder.depth == _MAX_DEPTH:
            self._skip(folder.path.rstrip("/"), f"folders below a depth of {_MAX_DEPTH} were not entered")
            return []
        return [
            _Folder(f"{folder.path}{name}/", folder.depth + 1, self._role_of_folder(name, folder), unit, rules, ignored)
            for name, ignored in folders
        ]

    def _sort_out(
        self, entries: list[os.DirEntry[str]], folder: _Folder, rules: tuple[IgnoreRules, ...], names: set[str]
    ) -> tuple[list[tuple[str, str, os.stat_result]], list[tuple[str, bool]]]:
        """The files (relative path, name, stat) and the folders (name, whether ignored) that are neither left out nor of no interest."""
        files: list[tuple[str, str, os.stat_result]] = []
        folders: list[tuple[str, bool]] = []
        stack = (*rules, self._exclude)
        for entry in entries:
            name = entry.name
            path = folder.path + name
            if not path.isascii() and not _is_unicode(path):
                self._skip(path.encode("utf-8", "replace").decode(), "its name is not valid UTF-8")
                continue
            try:
                if entry.is_symlink():
                    if not is_ignored(stack, path, name, folder=False):
                        self._note_link(path)
                elif entry.is_dir(follow_symlinks=False):
                    if self._never_entered(path, name, names):
                        continue
                    ignored = folder.ignored or is_ignored(stack, path, name, folder=True)
                    if not ignored or (not self._is_excluded(path, name, True) and self._tracks_below(path)):
                        folders.append((name, ignored))
                elif not kinds.is_asset(name):
                    ignored = folder.ignored or is_ignored(stack, path, name, folder=False)
                    if not ignored or (not self._is_excluded(path, name, False) and self._comes_along(path, name)):
                        files.append((path, name, entry.stat(follow_symlinks=False)))
            except OSError as error:
                self._skip(path, f"cannot be read: {error.strerror}")
        return files, folders

    def _is_excluded(self, path: str, name: str, folder: bool) -> bool:
        """Whether the user wants it left out, whatever git says."""
        return self._exclude.decide(path, name, folder) is True

    def _tracks_below(self, path: str) -> bool:
        return self._tracked is not None and self._tracked.below(path)

    def _comes_along(self, path: str, name: str) -> bool:
        """Whether an ignored file is part of what is handed on all the same."""
        if self._tracked is None:
            return kinds.language_of(name) == "env"
        return self._tracked.file(path)

    def take(self, found: list[tuple[str, str, os.stat_result]], folder: _Folder) -> None:
        """Classifies files and keeps them, or says why not."""
        for path, name, status in found:
            if not stat.S_ISREG(status.st_mode):
                continue
            language = kinds.language_of(name)
            if _too_large(status.st_size, language):
                if _is_missed(name, language, folder.role):
                    self._skip(path, f"too large: {status.st_size / 1e6:.1f} MB")
                continue
            head = middle = b""
            if language in _PEEKED or (language is None and "." not in name):
                try:
                    head, middle = _peek(self._start + path, status.st_size, language)
                except OSError as error:
                    self._skip(path, f"cannot be read: {error.strerror}")
                    continue
                if b"\0" in head and not head.startswith(_BYTE_ORDER_MARKS):
                    if language is not None:
                        self._skip(path, "binary content under the name of a source file")
                    continue
                language = kinds.language_of_content(language, name, head)
            compiled = kinds.is_compiled(path, language, head)
            role = "generated" if compiled else kinds.file_role(name, language, folder.role, head, middle)
            self._files.append(SourceFile(path, language, role, status.st_size, status.st_mtime_ns, status.st_ino, folder.unit))

    def _unit_at(self, folder: _Folder, names: set[str]) -> str:
        """The unit of the files in a folder: its own when it holds a project file, else that of the folder around it."""
        path = folder.path.rstrip("/") or "."
        if folder.role in ("test", "docs", "vendored"):
            return folder.unit
        kind = units.kind_of(Path(self._start + folder.path), names)
        if kind is None:
            return folder.unit
        self._units[path] = Unit(id=path, path=path, kind=kind)
        return path

    def _never_entered(self, path: str, name: str, beside: set[str]) -> bool:
        if name in _NEVER_ENTERED:
            return True
        if name in ("venv", "env"):
            return Path(self._start + path, "pyvenv.cfg").exists()
        # In a marketplace a vendor is a merchant: only what a package manager filled is left out.
        return name == "vendor" and (
            not beside.isdisjoint(("composer.json", "Gemfile", "go.mod"))
            or any(Path(self._start + path, sign).exists() for sign in ("autoload.php", "composer", "modules.txt", "bundle", "cache"))
        )

    def _role_of_folder(self, name: str, parent: _Folder) -> Role | None:
        if f"{parent.path}{name}/" in self._renamed:
            return "vendored"
        if name in ("vendor", "vendors"):
            segments = parent.path.rstrip("/").lower().split("/")
            return "vendored" if segments[-1] in _ASSET_FOLDERS else parent.role
        if kinds.is_library(name) and not _LIBRARY_FOLDERS.isdisjoint(parent.path.lower().split("/")):
            return "vendored"
        return kinds.folder_role(name, parent.role)

    def _note_link(self, path: str) -> None:
        """Says of a link only what a user should know: that it leads out of the root, or round in a circle."""
        if kinds.is_asset(path):
            return
        try:
            target = Path(self._start + path).resolve(strict=True)
        except (OSError, RuntimeError) as error:
            if not isinstance(error, FileNotFoundError):
                self._skip(path, "symbolic link that leads back to itself")
            return
        if (self._root / path).is_relative_to(target):
            self._skip(path, "symbolic link to a folder that contains it")
        elif not target.is_relative_to(self._root):
            self._skip(path, "symbolic link out of the reviewed folder")

    def _skip(self, path: str, reason: str) -> None:
        self._skipped.append(Skipped(file=path, reason=reason))


_PEEKED: frozenset[Language | None] = kinds.CODE | kinds.DATA | {"html", "jinja", "twig", "blade", "ejs"}


def _is_unicode(name: str) -> bool:
    """False for names with bytes that are no UTF-8: no report could hold them."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _is_missed(name: str, language: Language | None, role: Role | None) -> bool:
    """Whether a user should know that a file is too large: not of lockfiles, recorded test data, or what would not be analysed anyway."""
    return language not in (None, "other") and name.lower() not in kinds.LOCKFILES and not (role and language in kinds.DATA)


def _too_large(size: int, language: Language | None) -> bool:
    return size > (MAX_DATA_BYTES if language in kinds.DATA else MAX_SOURCE_BYTES)


def _peek(path: str, size: int, language: Language | None) -> tuple[bytes, bytes]:
    """The first bytes of a file and, of a long script, some from its midst."""
    descriptor = os.open(path, OPEN_FLAGS)
    try:
        head = os.read(descriptor, _HEAD_BYTES)
        if size <= 4 * _HEAD_BYTES or language != "javascript":
            return head, b""
        os.lseek(descriptor, size // 2, os.SEEK_SET)
        return head, os.read(descriptor, _MIDDLE_BYTES)
    finally:
        os.close(descriptor)
