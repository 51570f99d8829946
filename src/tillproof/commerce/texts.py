"""The text of any file of the tree, and the files in which what is written down counts."""

import re
from functools import cached_property

from tillproof.commerce.environments import Environment, Environments
from tillproof.commerce.lexicon import Words
from tillproof.source.config import read_config
from tillproof.source.entries import ConfigEntry
from tillproof.source.files import SourceFile, Tree
from tillproof.source.kinds import LOCKFILES
from tillproof.source.kinds import words as words_of
from tillproof.source.text import read

_SILENT = ("test", "docs", "vendored", "minified")
_NO_SETTINGS = words_of("css scss sass less styl po pot lock sum svg graphql gql proto mod coffee pug c h cc cpp hpp")
# What is said to people, under the names of what is asked for.
_TRANSLATIONS = re.compile(
    r"(?:^|/)(?:langs?|languages?|locales?|i18n|l10n|translations?|messages)/|[._-](?:messages|translations?)\.", re.IGNORECASE
)
_LARGEST_UNKNOWN = 200_000
_LARGEST = 5_000_000
# Nobody's settings are longer; what is holds data.
_LARGEST_SETTINGS = 200_000


class Texts:
    """Reads files when asked and keeps them. ``sources``: the text of the analysed files, which need not be read again."""

    def __init__(self, tree: Tree | None, sources: dict[str, bytes], words: Words) -> None:
        self._tree = tree
        self._sources = sources
        self._read: dict[str, bytes] = {}
        self._entries: dict[str, list[ConfigEntry]] = {}
        self.environments = Environments(words)

    @cached_property
    def files(self) -> list[SourceFile]:
        """All files but tests, documentation, translations, and what others or machines wrote, in order of path."""
        return [file for file in self._tree.files if _counts(file)] if self._tree else []

    @cached_property
    def documents(self) -> list[SourceFile]:
        """Documentation: what is written there is read by everybody, but is seldom meant."""
        return [f for f in self._tree.files if f.role == "docs" and f.size <= _LARGEST_UNKNOWN] if self._tree else []

    def environment(self, file: SourceFile) -> Environment:
        """The environment that a file is for."""
        return self.environments.of(file)

    def text(self, path: str) -> bytes:
        """The text of a file; empty when it cannot be read."""
        if path in self._sources:
            return self._sources[path]
        if path not in self._read:
            self._read[path] = (read(self._tree.root, path, _LARGEST)[0] or b"") if self._tree else b""
        return self._read[path]

    def entries(self, file: SourceFile) -> list[ConfigEntry]:
        """The settings in a configuration file; none in one that is too large for settings."""
        if file.path not in self._entries:
            if file.language in ("json", "xml") and file.size > _LARGEST_SETTINGS:
                return []
            found, _ = read_config(file.path, file.language, self.text(file.path).decode("utf-8", "replace"))
            self._entries[file.path] = found
        return self._entries[file.path]

    def line(self, path: str, number: int) -> str:
        """A line of a file, without its end."""
        lines = self.text(path).split(b"\n")
        return lines[number - 1].decode("utf-8", "replace").rstrip() if 0 < number <= len(lines) else ""


def _counts(file: SourceFile) -> bool:
    name = file.path.rpartition("/")[2].lower()
    if file.role in _SILENT or name in LOCKFILES or _TRANSLATIONS.search(file.path):
        return False
    if file.language is None:
        return file.size <= _LARGEST_UNKNOWN
    return not (file.language == "other" and name.rpartition(".")[2] in _NO_SETTINGS)
