"""Credentials in code that was commented out: whoever reads the file reads them all the same."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.addresses import in_comment
from tillproof.commerce.credentials import Credential
from tillproof.commerce.hosts import is_local
from tillproof.commerce.stand_ins import is_random
from tillproof.commerce.written_parts import Written, offsets, telling
from tillproof.source.files import SourceFile

if TYPE_CHECKING:
    from tillproof.commerce.model import Model
    from tillproof.commerce.written_code import ClientTable

_NAMED = re.compile(r"([A-Za-z_][\w.-]{2,79})[\"'\]]{0,3}\s{0,4}(?:=>|:|=|,)\s{0,4}[\"'`]([^\"'`\r\n]{6,300})[\"'`]")
_LITERAL = re.compile(r"[\"'`]([^\"'`\r\n]{20,300})[\"'`]")
_CONNECTION = re.compile(rb"[a-z][a-z0-9+.-]{2,20}://[^\s:/\"'`]{1,80}:[^\s/@\"'`]{1,200}@[^\s\"'`]{1,300}", re.IGNORECASE)
# ``'mailer' => [``: what a group of settings is called
_GROUP = re.compile(r"[\"'`]?([A-Za-z_][\w.-]{1,79})[\"'`]?\s{0,4}(?:=>|:|=)\s{0,4}(?:\[|\{|array\s?\()\s*$")
_CLOSES = re.compile(r"^\W*[\])}]")
_WORD = re.compile(r"[A-Za-z_][\w-]{2,59}")
# What shows how something is used is not what was used.
_SHOWS_HOW = re.compile(r"example|e\.g\.|usage|sample|such as|looks like|format:", re.IGNORECASE)
_DOCUMENTS = ("*", "/**")
_TRIPLE = re.compile(rb'"""|\'\'\'')
_AROUND = 10  # lines of a comment that may say whose a credential is
_ENOUGH = 240  # of what a client is made with
_LONGEST_LINE = 2_000


class CommentReader:
    """Reads the comments of one analysed file. ``spoken_of``: providers that its code uses or names."""

    def __init__(self, model: "Model", file: SourceFile, spoken_of: tuple[str, ...], clients: "ClientTable") -> None:
        self._model, self._file, self._clients = model, file, clients
        self._source = model.program.sources[file.path]
        self._lines = self._source.decode("utf-8", "replace").split("\n")
        self._spoken_of = spoken_of

    def written(self) -> Iterator[Written]:
        """The credentials that stand in comments under a telling name, in a client that is made there, or in an address."""
        lower = self._source.lower()
        told = {self._source.count(b"\n", 0, at): at for at in telling(lower)}
        for number, at in sorted(told.items()):
            if _NAMED.search(self._lines[number]) and self._is_comment(at, number):
                yield from self._named(number)
        for at in [at for call in self._clients.every for at in offsets(lower, call)]:
            number = self._source.count(b"\n", 0, at)
            if self._is_comment(at, number):
                yield from self._given(number, at)
        for match in _CONNECTION.finditer(self._source) if b"://" in lower else ():
            number = self._source.count(b"\n", 0, match.start())
            found = self._model.credentials.of((), match[0].decode("utf-8", "replace")) if self._is_comment(match.start(), number) else None
            if found is not None and not is_local(found.host):
                yield self._at(number, found, "database_url")

    def _is_comment(self, at: int, number: int) -> bool:
        """Whether an offset lies in code that was commented out, and not in what documents some."""
        line = self._lines[number]
        if len(line) > _LONGEST_LINE or line.lstrip().startswith(_DOCUMENTS):
            return False
        begin = self._source.rfind(b"\n", 0, at) + 1
        commented = in_comment(self._source, at, begin)
        if not commented and self._file.language == "python":
            commented = len(_TRIPLE.findall(self._source, 0, at)) % 2 == 1
        return commented and not any(_SHOWS_HOW.search(text) for text in self._lines[max(0, number - _AROUND // 2) : number + 1])

    def _named(self, number: int) -> Iterator[Written]:
        group = self._group(number)
        own = self._model.credentials.owners.of_name(group) if group else None
        owners = self._owners(number) if not group else (own.id,) if own else ()
        for match in _NAMED.finditer(self._lines[number]):
            names = (*reversed(match[1].split(".")), *((group,) if group else ()))
            found = self._model.credentials.of((*names, *(owners if len(owners) == 1 else ())), match[2], owners)
            if found is not None and found.sort == "secret":
                yield self._at(number, found, *names)

    def _group(self, number: int) -> str:
        """The name of the group of settings that a line of a comment stands in: it says whose they are, whoever stands around."""
        for line in reversed(self._lines[max(0, number - _AROUND) : number]):
            if (opened := _GROUP.search(line)) is not None:
                return opened[1]
            if not line.strip() or _CLOSES.match(line):
                break
        return ""

    def _given(self, number: int, at: int) -> Iterator[Written]:
        """``# client = razorpay.Client(auth=("rzp_live_…", "…"))``: the last of what a client is made with is its secret."""
        text = self._source[at : at + _ENOUGH].decode("utf-8", "replace").split(")")[0]
        for match in [m for m in _LITERAL.finditer(text) if is_random(m[1])][-1:]:
            owners = self._owners(number)
            found = self._model.credentials.of(("secret_key", *owners), match[1], owners) if len(owners) == 1 else None
            if found is not None and found.sort == "secret":
                yield self._at(number + text[: match.start()].count("\n"), found, "secret_key")

    def _owners(self, number: int) -> tuple[str, ...]:
        """The systems that the lines around speak of, else the file."""
        near = "\n".join(self._lines[max(0, number - _AROUND) : number + _AROUND + 1])
        owners = self._model.credentials.owners
        made = [m.providers[0].id for m in self._model.credentials.makes.find(near, self._spoken_of)]
        found = {o.id for word in _WORD.findall(near) if (o := owners.of_name(word)) is not None}
        return tuple(dict.fromkeys(made)) or tuple(sorted(found)) or self._spoken_of

    def _at(self, number: int, credential: Credential, *names: str) -> Written:
        return Written(self._file, number + 1, credential, names)
