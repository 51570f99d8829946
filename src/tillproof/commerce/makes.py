"""Credentials that are known by how they begin, found in any text."""

import base64
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tillproof.commerce.stand_ins import is_stand_in
from tillproof.knowledge.loader import Knowledge
from tillproof.knowledge.schema import KeyPrefix, Provider

_BODIES = {
    "word": re.compile(r"[A-Za-z0-9_-]*+"),
    "hex": re.compile(r"[0-9a-fA-F-]*+"),
    "base64": re.compile(r"[A-Za-z0-9+/=_-]*+"),
    "any": re.compile(r"[A-Za-z0-9+/=_$.|-]*+"),
}
_JOINED = re.compile(r"[A-Za-z0-9_]")
# Pieces that many prefixes have in common, so that few searches tell whether a text is worth a closer look.
_COMMON = (b"_live_", b"_test_", b"_sbox_", b"sq0", b"shp")
_LONGEST = 300
_WORDS = re.compile(r"[a-z]+(?:[_-][a-z]+)+")  # the name of a setting: a key is no words, and has digits


class Made(NamedTuple):
    """A credential of a known make at ``offset`` (characters of the text). ``providers``: whose prefix it is, at least one."""

    offset: int
    text: str
    prefix: KeyPrefix
    providers: tuple[Provider, ...]


class Makes:
    """Every prefix of every pack."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._by_prefix: dict[str, list[tuple[Provider, KeyPrefix]]] = {}
        for provider in knowledge.providers.values():
            for key in provider.keys:
                self._by_prefix.setdefault(key.prefix, []).append((provider, key))
        self.published = frozenset(number for group in knowledge.published.keys for number in group.numbers)
        whole = {p for p, owners in self._by_prefix.items() if all(key.whole for _, key in owners)}
        self._texts = sorted(self._by_prefix.keys() - whole, key=lambda p: (-len(p), p))
        self._telling = [p for p in self._texts if not all(key.shared for _, key in self._by_prefix[p])]
        self._cores = sorted({next((core for core in _COMMON if core in p), p) for p in map(str.encode, self._telling)})
        self._by_letter: dict[str, list[str]] = {}
        for prefix in self._texts:
            self._by_letter.setdefault(prefix[0], []).append(prefix)
        self._shared: dict[str, list[str]] = {}
        for prefix in self._texts:
            for provider, key in self._by_prefix[prefix]:
                if key.shared:
                    self._shared.setdefault(provider.id, []).append(prefix)

    def worth_a_look(self, data: bytes) -> bool:
        """Whether a text holds a piece of a telling prefix."""
        return any(core in data for core in self._cores)

    def find(self, text: str, spoken_of: Iterable[str]) -> Iterator[Made]:
        """The credentials in a text that are none of those published. ``spoken_of``: providers whose shared prefixes count here too."""
        known = frozenset(spoken_of)
        shared = {prefix for provider in known for prefix in self._shared.get(provider, ())}
        taken: list[range] = []
        for prefix in self._texts:  # the longest first
            if prefix not in shared and prefix not in self._telling:
                continue
            at = text.find(prefix)
            while at >= 0:
                if not any(at in whole for whole in taken) and not self._is_inside(prefix, text, at):
                    made = self._made(prefix, text[at + len(prefix) : at + len(prefix) + _LONGEST], at, known)
                    if made is not None:
                        taken.append(range(at, at + len(made.text)))
                        yield made
                at = text.find(prefix, at + 1)

    def _is_inside(self, prefix: str, text: str, at: int) -> bool:
        """Whether a prefix is only a part of something longer. Base64 that fills lines, as certificates do, begins anyhow."""
        before = text[at - 1] if at else "\n"
        if before == "\n" and all(key.chars == "base64" for _, key in self._by_prefix[prefix]):
            return True
        return _JOINED.match(before) is not None

    def of(self, value: str, spoken_of: Iterable[str]) -> Made | None:
        """The credential that a value is, whole."""
        known = frozenset(spoken_of)
        for provider, key in self._by_prefix.get(value, ()):
            if key.whole and (not key.shared or provider.id in known):
                return Made(0, value, key, (provider,))
        for prefix in self._by_letter.get(value[:1], ()):
            if value.startswith(prefix):
                made = self._made(prefix, value[len(prefix) :][:_LONGEST], 0, known)
                return made if made is not None and made.text == value else None
        return None

    def _made(self, prefix: str, rest: str, offset: int, known: frozenset[str]) -> Made | None:
        fitting: list[tuple[Provider, KeyPrefix, str]] = []
        for provider, key in self._by_prefix[prefix]:
            body = _BODIES[key.chars].match(rest)
            text = (body[0] if body else "").rstrip("-=." if key.chars != "base64" else "")
            if not key.whole and len(text) >= key.least and (not key.shared or provider.id in known):
                fitting.append((provider, key, text))
        if not fitting:
            return None
        spoken = [f for f in fitting if f[0].id in known] or fitting
        _, key, text = spoken[0]
        stands_in = text in self.published or is_stand_in(text, made=True) or _WORDS.fullmatch(text)
        if stands_in or (key.kind == "publishable" and _is_address(rest)):
            return None
        return Made(offset, prefix + text, key, tuple(p for p, k, _ in spoken if k.kind == key.kind))


def _is_address(rest: str) -> bool:
    """Whether what follows ``pk_live_`` or ``pk_test_`` is the address of an instance that is signed in to, and no payment provider's key:
    https://clerk.com/docs/guides/how-clerk-works/overview#publishable-key"""
    text = re.match(r"[A-Za-z0-9+/]*=*", rest)
    try:
        return text is not None and base64.b64decode(text[0] + "=" * (-len(text[0]) % 4)).endswith(b"$")
    except ValueError:
        return False
