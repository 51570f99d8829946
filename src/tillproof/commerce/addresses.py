"""Addresses of known systems written down in source, templates and configuration, found without parsing.

Only an address that is called, configured, loaded or posted to counts: none in a comment, in prose or behind a link.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from tillproof.commerce.triggers import words
from tillproof.knowledge.loader import Knowledge
from tillproof.knowledge.schema import Provider
from tillproof.source.kinds import words as words_of

Use = Literal["call", "page"]

BROWSER_PACKAGE = re.compile(r"react|(?:[-/]js|inline-js|-web|web-[\w-]+|frames|drop-?in)$")
"""Names of packages, by their end, that a page is built with: what they send, the browser sends."""
_REST_OF_HOST = re.compile(rb"[a-z.]+(?![\w@-])([^\s\"'`<>)\\]{0,80})")
_HOST_BEFORE = re.compile(rb"(?:[a-z0-9-]+\.)*[a-z0-9-]*\Z")
_LONGEST_HOST = 80
_SHORT = 4
_SCHEME = re.compile(rb"(?:https?:|ssl:|tls:)?\Z")
_LINK = re.compile(rb"href\W{0,8}\Z", re.IGNORECASE)
_PAGE = re.compile(rb"(?:\bsrc|\baction|data-main)\W{1,8}\Z", re.IGNORECASE)
_POLICY = re.compile(rb"(?:script|frame|connect|default|img|style|form)[-_]src|security[-_]policy|\bcsp\b|allowed_?hosts", re.IGNORECASE)
_COMMENT_LINE = re.compile(rb"\s*(?:#|//|\*|/\*|<!--|\{#|\{\{--)|.*(?:\s//|\s#)\s")
_BLOCK = re.compile(rb"(?:(?:^|\s)(/\*)|(<!--)|(\{\{--)|(\{#))", re.MULTILINE)
_CLOSERS = (b"*/", b"-->", b"--}}", b"#}")
_BACK = 6_000
_SOCKETS = (b"ssl://", b"tls://")
# A host that also serves people's pages: only an address with a path that a program asks for is an integration.
_FOR_PROGRAMS = re.compile(rb"/(?:cgi-bin|v\d|api|oauth|sdk|web-sdk|nvp|rest|admin/api|graphql|checkoutnow|xmlrpc|jsonrpc|services|data)\b")
_FOR_PEOPLE = words_of("www docs doc help support community blog dashboard developer developers status apps partners admin learn app")


@dataclass(frozen=True, slots=True)
class Address:
    """An address of ``provider`` at ``offset`` (bytes). ``use``: a ``page`` loads it or posts to it, else a program may ``call`` it.
    ``host`` as written; ``sandbox``: it is one of the provider's test world."""

    provider: Provider
    offset: int
    use: Use
    host: str = ""
    sandbox: bool = False


class AddressBook:
    """Which host is whose."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._hosts: dict[str, Provider] = {}
        # Where two packs share a host, it is that of the pack with an SDK; the other one is told by its operations.
        known = sorted(knowledge.providers.values(), key=lambda p: (not p.packages, p.id))
        for provider in known:
            for host in (*provider.hosts, *provider.sandbox_hosts, *(_bare(s).partition("/")[0] for s in provider.scripts)):
                self._hosts.setdefault(host, provider)
        self._sandboxes = frozenset(host for provider in known for host in provider.sandbox_hosts)
        self._labels = frozenset(host.split(".")[-2] for host in self._hosts)
        told = words(knowledge)
        self._untold = frozenset(label for label in self._labels if label.encode() not in told)
        self._spelt = {name: p for p in known if p.kind == "payment" for name in (p.id, *(w for w in p.words if p.id in w))}
        spelt = b"|".join(_in_name(name) for name in sorted(self._spelt, key=lambda name: (-len(name), name)))
        self._form = re.compile(
            rb"<form\b[^>]{0,300}?\baction\s*=\W{1,6}(?:env|config|getenv|settings?)\W{1,3}[\w.]{0,40}?(" + (spelt or b"(?!)") + rb")",
            re.IGNORECASE,
        )

    def find(self, data: bytes, trigger_words: Iterable[str] | None = None, unquoted: bool = False) -> Iterator[Address]:
        """The addresses in a text, in no order.

        ``trigger_words``: those of the file, where they are known, so that most hosts need no search. ``unquoted``: settings, where an
        address need not stand in quotes.
        """
        labels = self._labels if trigger_words is None else self._untold | self._labels.intersection(trigger_words)
        for label in labels:
            dotted = label.encode() + b"."
            at = data.find(dotted)
            while at >= 0:
                address = self._address(data, at, len(dotted), unquoted)
                if address is not None:
                    yield address
                at = data.find(dotted, at + 1)

    def find_forms(self, page: bytes) -> Iterator[Address]:
        """Forms that post to an address of a provider which only the settings know."""
        for match in self._form.finditer(page):
            if not in_comment(page, match.start(), page.rfind(b"\n", 0, match.start()) + 1):
                yield Address(self._spelt[match[1].decode().lower()], match.start(1), "page")

    def _address(self, data: bytes, at: int, length: int, unquoted: bool) -> Address | None:
        """The address whose host has a known label at an offset."""
        before = _HOST_BEFORE.search(data, max(0, at - _LONGEST_HOST), at)
        rest = _REST_OF_HOST.match(data, at + length)
        if before is None or rest is None:
            return None
        start = before.start()
        host = data[start : rest.start(1)].decode()
        owner, generic = self._owner(host)
        socket = data[max(0, start - 6) : start] in _SOCKETS
        if owner is None or (generic and not socket and not _is_for_programs(owner, host, rest[1])):
            return None
        begin = data.rfind(b"\n", 0, start) + 1
        opened = _opened(data[begin:start], unquoted)
        if opened is None or _LINK.search(opened) or _POLICY.search(opened) or in_comment(data, start, begin):
            return None
        page = _PAGE.search(opened) is not None or _is_script(owner, host.encode() + rest[1])
        return Address(owner, start, "page" if page else "call", host, self._is_sandbox(host))

    def _is_sandbox(self, host: str) -> bool:
        parts = host.strip(".").split(".")
        return any(".".join(parts[start:]) in self._sandboxes for start in range(len(parts) - 1))

    def _owner(self, host: str) -> tuple[Provider | None, bool]:
        """Whose host it is, and whether it is one that people visit too."""
        parts = host.strip(".").split(".")
        for start in range(len(parts) - 1):
            owner = self._hosts.get(".".join(parts[start:]))
            if owner is not None:
                return owner, parts[0] in _FOR_PEOPLE or len(parts) == 2
        return None, False


@lru_cache(maxsize=2)
def address_book(knowledge: Knowledge) -> AddressBook:
    """The hosts of all packs; the same book for the same packs."""
    return AddressBook(knowledge)


def _is_for_programs(owner: Provider, host: str, path: bytes) -> bool:
    return _FOR_PROGRAMS.match(path) is not None or _is_script(owner, host.encode() + path)


def _in_name(provider: str) -> bytes:
    """How a provider's name is looked for in that of a setting: a short one stands apart, since ``DATAPATH`` names no ``tap``."""
    name = re.escape(provider.encode())
    return name if len(provider) > _SHORT else rb"(?<![a-z])" + name + rb"(?![a-z])"


def _opened(before: bytes, unquoted: bool) -> bytes | None:
    """What stands on the line before the literal that holds an address; None when no literal does.

    ``before`` is the line up to the host, of which the first piece may be computed: ``https://${shop}.`` and the like.
    """
    scheme = before.rfind(b"//")
    if scheme >= 0 and not re.search(rb"[\s\"'`]", before[scheme:]):
        head = before[:scheme]
        match = _SCHEME.search(head)
        before = head[: match.start()] if match else head
        if before.endswith((b'"', b"'", b"`")):
            return before
    elif before.endswith((b'"', b"'", b"`")):
        return before
    return before if unquoted and before.rstrip().endswith((b"=", b":", b"-", b">")) else None


def in_comment(data: bytes, offset: int, line_start: int) -> bool:
    """Whether an offset lies in a comment, by the marks of all languages at once."""
    if _COMMENT_LINE.match(data, line_start, offset):
        return True
    openers = list(_BLOCK.finditer(data, max(0, offset - _BACK), offset))
    if not openers:
        return False
    closer = _CLOSERS[(openers[-1].lastindex or 1) - 1]
    return data.find(closer, openers[-1].end(), offset) < 0


def _is_script(provider: Provider, address: bytes) -> bool:
    return any(address.startswith(_bare(script).encode()) for script in provider.scripts)


def _bare(address: str) -> str:
    return address.partition("//")[2] or address
