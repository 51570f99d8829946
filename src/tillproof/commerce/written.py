"""Every credential that is written down in the tree, and every place where one is read from the settings instead."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.credentials import Credential
from tillproof.commerce.pack_tables import LANGUAGES
from tillproof.commerce.written_arguments import ArgumentReader
from tillproof.commerce.written_code import ClientTable, CodeReader
from tillproof.commerce.written_comments import CommentReader
from tillproof.commerce.written_parts import Kept, Written, telling
from tillproof.source.files import SourceFile

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

# A name that gets a value; tried where a telling word stands. A connection string needs no name.
_FOLLOWED = re.compile(
    rb"[\w.-]{0,60}[\"'\]]?\s*(?:=>|[:=>,])\s*[\"'`]?(?:[^\s\"'<{\[\],]{6}|[a-z]{4} [a-z]{4} )|[\w.-]{0,60}[\"']?\s+(?:value\b|[^\s=:])",
    re.IGNORECASE,
)
_CONNECTION = re.compile(rb"://[^\s:/]{0,80}:[^\s/@]{1,200}@")
_NAME_BEFORE = re.compile(r"([A-Za-z_][\w.-]{0,79})[\"'\]]{0,3}\s{0,4}(?:=>|:=|=|:|,|\()\s{0,4}[\"'`]?$")
# An assignment in a language of which no bodies are read.
_ASSIGNED = re.compile(
    r"([A-Za-z_][\w.:-]{2,79})[\"'\]]{0,3}[ \t]{0,8}(?:=>|:=|=|:|,)[ \t]{0,8}(?:new \w+\()?[\"'`]([^\"'`\r\n]{6,300})[\"'`]"
)
_FOREIGN = ("ruby", "java", "csharp", "go", "kotlin", "shell", "other")
_LONGEST_LINE = 2_000
# In bytes; nobody writes longer files by hand.
_LARGEST_WRITTEN = 400_000


class WrittenDown:
    """Finds credentials by their make in any text, by name in settings, and by name and value in code."""

    def __init__(self, model: "Model") -> None:
        self._model = model
        self._credentials = model.credentials
        self.kept: list[Kept] = []
        self.found: list[Written] = []
        self._clients = {str(lang): ClientTable(model.knowledge, lang) for lang in LANGUAGES}
        self._seen: dict[tuple[str, int, str], int] = {}
        for file in model.texts.files:
            self._read(file)
        self.found.sort(key=lambda w: (w.file.path, w.line, w.credential.secret))
        self.kept.sort(key=lambda k: (k.file, k.line))

    def _read(self, file: SourceFile) -> None:
        data = self._model.texts.text(file.path)
        if not data:
            return
        spoken_of = self._spoken_of(file)
        if spoken_of or self._credentials.makes.worth_a_look(data):
            self._add_all(self._by_make(file, data, spoken_of))
        if file.role == "generated" or file.size > _LARGEST_WRITTEN:
            return
        if file.role == "config":
            if _is_telling(data):
                self._add_all(self._in_settings(file))
        elif file.path in self._model.program.indices:
            clients = self._clients[self._model.program.language(file.path)]
            reader = CodeReader(self._model, file, spoken_of, clients)
            self._add_all(reader.written())
            self.kept += reader.kept
            self._add_all(CommentReader(self._model, file, spoken_of, clients).written())
            self._add_all(ArgumentReader(self._model, file).written())
        elif file.language in _FOREIGN and _is_telling(data):
            self._add_all(self._assigned(file, data, spoken_of))

    def _add_all(self, found: Iterator[Written]) -> None:
        for written in found:
            key = (written.file.path, written.line, written.credential.secret)
            before = self._seen.get(key)
            if before is None:
                self._seen[key] = len(self.found)
                self.found.append(written)
            elif written.used is not None and self.found[before].used is None:
                self.found[before] = self.found[before]._replace(used=written.used)

    def _spoken_of(self, file: SourceFile) -> tuple[str, ...]:
        """Providers that a file imports or names."""
        if file.path not in self._model.program.indices:
            owner = self._credentials.owners.of_name(file.path)
            return (owner.id,) if owner else ()
        return self._model.recogniser.usage.of(file.path)

    def _by_make(self, file: SourceFile, data: bytes, spoken_of: tuple[str, ...]) -> Iterator[Written]:
        text = data.decode("utf-8", "replace")
        for made in self._credentials.makes.find(text, spoken_of):
            begin = text.rfind("\n", 0, made.offset) + 1
            before = _NAME_BEFORE.search(text[max(begin, made.offset - 120) : made.offset])
            names = (before[1],) if before else ()
            credential = self._credentials.by_make(made, self._credentials.owners.of(names))
            yield Written(file, text.count("\n", 0, made.offset) + 1, credential, names)

    def _in_settings(self, file: SourceFile) -> Iterator[Written]:
        entries = self._model.texts.entries(file)
        owners: dict[str, set[str]] = {}
        for entry in entries:
            made = self._credentials.makes.of(entry.value, ())
            owner = made.providers[0] if made else self._credentials.owners.of(_names(entry.key))
            if owner is not None:
                owners.setdefault(entry.key.rpartition(".")[0], set()).add(owner.id)
        for entry in entries:
            names = _names(entry.key)
            if not names or not (self._may_keep(names, entry.value)):
                continue
            beside = sorted(owners.get(entry.key.rpartition(".")[0], ()))
            credential = self._credentials.of(names, entry.value.strip(), beside)
            if credential is not None:
                yield Written(file, entry.line, credential, names)

    def _may_keep(self, names: tuple[str, ...], value: str) -> bool:
        """A quick look at a setting: most are nobody's."""
        lower = names[0].lower()
        return "://" in value or any(
            word in lower for word in ("key", "secret", "token", "pass", "salt", "hmac", "pwd", "client_id", "client-id", "merchant")
        )

    def _assigned(self, file: SourceFile, data: bytes, spoken_of: tuple[str, ...]) -> Iterator[Written]:
        for number, line in enumerate(data.decode("utf-8", "replace").split("\n"), 1):
            for match in _ASSIGNED.finditer(line) if len(line) <= _LONGEST_LINE else ():
                names = _names(match[1].replace("::", "."))
                credential: Credential | None = self._credentials.of(names, match[2], spoken_of)
                if credential is not None:
                    yield Written(file, number, credential, names)


def _is_telling(data: bytes) -> bool:
    return any(_FOLLOWED.match(data, at) for at in telling(data.lower())) or (b"://" in data and _CONNECTION.search(data) is not None)


def _names(key: str) -> tuple[str, ...]:
    """The parts of a dotted key, the last one first, without the numbers of list elements."""
    return tuple(part for part in reversed(key.split(".")) if part and not part.isdigit())
