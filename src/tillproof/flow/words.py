"""Which files hold which words: asked of every file, so answered from one look at each text."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property
from itertools import takewhile
from sys import intern

_IN_NAMES = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
_NAMES = bytes(c if c in _IN_NAMES or c > 127 else 32 for c in range(256))  # letters of other languages are of several bytes
_WORDS = bytes(c if c in b"$" + _IN_NAMES else 32 for c in range(256))
"""Every byte that stands in no word, as a space."""


class FileWords:
    """Words are the longest runs of ASCII letters, digits, ``_`` and ``$``; in names, texts and comments alike.

    A word is one string however many files hold it: apart, they would take more room than the code itself.
    """

    def __init__(self, sources: Mapping[str, bytes]) -> None:
        self._sources = sources
        self._words: dict[str, frozenset[str]] = {}
        self._lower: dict[str, frozenset[str]] = {}

    def of(self, file: str) -> frozenset[str]:
        """The words of a file."""
        found = self._words.get(file)
        if found is None:
            found = self._words[file] = frozenset(map(intern, set(split(self._sources[file]))))
        return found

    def lower(self, file: str) -> frozenset[str]:
        """The words of a file in lower case."""
        found = self._lower.get(file)
        if found is None:
            found = self._lower[file] = frozenset([intern(w.lower()) for w in self.of(file)])
        return found

    def files(self, word: str) -> list[str]:
        """The files that hold all the words of a text such as ``payment_intent.succeeded``, in the order of the sources."""
        parts = split(word.encode())
        if not parts:
            return list(self._sources)
        fewest = min((self._files.get(part, []) for part in parts), key=len)
        return [f for f in fewest if all(part in self.of(f) for part in parts)] if len(parts) > 1 else fewest

    def beginning(self, start: str) -> list[str]:
        """The words that begin so, each once, sorted."""
        words = self._sorted
        onward = (words[at] for at in range(bisect_left(words, start), len(words)))
        return list(takewhile(lambda word: word.startswith(start), onward))

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self._files)

    @cached_property
    def _files(self) -> dict[str, list[str]]:
        found: defaultdict[str, list[str]] = defaultdict(list)
        for file in self._sources:
            for word in self.of(file):
                found[word].append(file)
        return dict(found)


def split(text: bytes) -> list[str]:
    """The words of a text, in order."""
    return text.translate(_WORDS).decode("ascii").split()


def names(text: bytes) -> frozenset[str]:
    """The names in a text: words without ``$`` and leading digits, of two letters and more."""
    found = {name.lstrip("0123456789") for name in set(text.translate(_NAMES).decode("utf-8", "ignore").split())}
    return frozenset(intern(n) for n in found if len(n) > 1)
