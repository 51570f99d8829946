"""Where the test world of a provider is chosen: its keys, its hosts, the settings that name it. And under which condition."""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

from tillproof.commerce.addresses import Address, address_book, in_comment
from tillproof.commerce.config_nodes import config_nodes
from tillproof.commerce.environments import Environment
from tillproof.commerce.lexicon import snake
from tillproof.commerce.strange_sandboxes import names_live, strange_sandboxes
from tillproof.commerce.test_marks_code import WORLDS, CodeMarks, How
from tillproof.commerce.test_tokens import test_tokens
from tillproof.knowledge.schema import Provider
from tillproof.source.files import SourceFile
from tillproof.source.kinds import is_seed

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

Kind = Literal["key", "host", "mode", "token"]

# Where settings say themselves for which environment they are.
_STAGE = re.compile(r"(?:app|node|rails|django|flask|laravel|symfony|wp)?_?env(?:ironment)?(?:_type)?", re.IGNORECASE)
_LOCAL_STAGE = re.compile(r"local|dev\w*|test\w*|staging|ci", re.IGNORECASE)
_ASKS = re.compile(rb"\b(?:if|elif|elseif|else|unless|case|when|ng-if|v-if)\b|@(?:if|else|production|env)|\{%|\?\s*['\"]", re.IGNORECASE)
_ENVIRONMENT = re.compile(
    rb"sandbox|test_?mode|is_?test|testing|live_?mode|is_?live|production|\bprod\b|\benv\b|environment|debug|[._>]mode\b", re.IGNORECASE
)
# In front of an address that is only compared with, or that may be reached.
_LISTED = re.compile(
    rb"(?:[=!]==?|\bin)\s*[\[(]?\s*[\"'`](?:https?:)?/{0,2}$|(?:includes|startsWith|contains|strpos|match|test)\([^)\n]*$|allow|whitelist|origins|-src",
    re.IGNORECASE,
)
_TEMPLATES = ("html", "jinja", "twig", "blade", "ejs")
_LINES_ABOVE = 12
_PICTURE = re.compile(rb"[^\s\"'`<>()]*\.(?:svg|png|gif|jpe?g|webp|ico)\b")  # a logo, by which nobody pays
_TRIAL = re.compile(rb"client-id=(\w+)(?=[&\"'`\s])")


class Mark(NamedTuple):
    """A place where the test world of ``provider`` is written down. ``what``: in words. ``how``: see ``How``. ``guard``: the line that
    chooses. ``environment``: what its file is for."""

    file: SourceFile
    line: int
    provider: Provider
    kind: Kind
    what: str
    how: How
    guard: tuple[str, int] | None
    environment: Environment


class TestMarks:
    """Finds the marks of payment, tax, shipping and trade; those of tests, examples and development are left out."""

    def __init__(self, model: "Model") -> None:
        self._model = model
        self._book = address_book(model.knowledge)
        self._code = CodeMarks(model)
        self._local: dict[str, bool] = {}

    def all(self) -> list[Mark]:
        """The marks, in order of file and line, one for each place and kind."""
        found: dict[tuple[str, int, str], Mark] = {}
        for mark in (*self._keys(), *self._hosts_and_modes(), *self._strange(), *self._tokens(), *self._declared()):
            found.setdefault((mark.file.path, mark.line, mark.kind), mark)
        return [found[key] for key in sorted(found)]

    def _counts(self, file: SourceFile) -> bool:
        """Whether what is written in a file may reach production."""
        return self._model.texts.environment(file) in ("production", "any") and not is_seed(file.path)

    def _is_local(self, file: SourceFile) -> bool:
        """Whether settings say themselves that they are for development: ``APP_ENV=local``."""
        if file.path not in self._local:
            stages = [e.value for e in self._model.texts.entries(file) if _STAGE.fullmatch(e.key.rpartition(".")[2])]
            self._local[file.path] = bool(stages) and all(_LOCAL_STAGE.fullmatch(stage.strip()) for stage in stages)
        return self._local[file.path]

    def _mark(
        self, file: SourceFile, line: int, provider: Provider, kind: Kind, what: str, how: How, guard: tuple[str, int] | None
    ) -> Mark:
        return Mark(file, line, provider, kind, what, how, guard, self._model.texts.environment(file))

    # --- keys

    def _keys(self) -> Iterator[Mark]:
        for written in self._model.written.found:
            credential, file = written.credential, written.file
            if credential.mode != "test" or credential.owner is None or not credential.made or not self._counts(file):
                continue
            if file.role == "config" and self._is_local(file):
                continue
            what = f"{credential.owner.name}'s {credential.name.removeprefix(credential.owner.name).strip()} for tests"
            how, guard = self._chosen(file, written.line, credential.secret.encode())
            if how == "named":
                how, guard = self._beside_live(file, written.names, guard)
            yield self._mark(file, written.line, credential.owner, "key", what, how, guard)

    def _beside_live(self, file: SourceFile, names: tuple[str, ...], guard: tuple[str, int] | None) -> tuple[How, tuple[str, int] | None]:
        """A key that is called one for tests is chosen by somebody where its live twin is there too; else nobody is seen to take it."""
        text = self._model.texts.text(file.path).lower()
        twins = [re.sub(rb"test|sandbox", live, name.lower().encode()) for name in names[:2] for live in (b"live", b"prod", b"production")]
        twin = next((t for t in twins if t in text and t not in [n.lower().encode() for n in names]), None)
        at = text.find(twin) if twin else -1
        return ("chosen", (file.path, text.count(b"\n", 0, at) + 1)) if at >= 0 else ("unused", guard)

    def _chosen(self, file: SourceFile, line: int, literal: bytes) -> tuple[How, tuple[str, int] | None]:
        if file.path in self._model.program.indices:
            return self._code.how(file.path, line, literal.decode("utf-8", "replace"))
        if file.role == "config":
            return "settings", None
        guard = self._asked_above(file, line) if file.language in _TEMPLATES else None
        return ("chosen", guard) if guard else ("always", None)

    def _asked_above(self, file: SourceFile, line: int) -> tuple[str, int] | None:
        """The line of a template that asks for the environment, on the line itself or not far above it."""
        lines = self._model.texts.text(file.path).split(b"\n")
        for number in range(line, max(0, line - _LINES_ABOVE), -1):
            if number <= len(lines) and _ASKS.search(lines[number - 1]) and _ENVIRONMENT.search(lines[number - 1]):
                return file.path, number
        return None

    def _tokens(self) -> Iterator[Mark]:
        for path, line, provider, text in test_tokens(self._model):
            file = self._model.program.files[path]
            if self._counts(file):
                how, guard = self._code.how(path, line, text)
                yield self._mark(file, line, provider, "token", f"{provider.name}'s test payment method `{text}`", how, guard)

    def _declared(self) -> Iterator[Mark]:
        """Settings of a bundle that say the test world unless somebody sets them; whose it is, by their names or the one system that the
        bundle speaks to."""
        for path in self._model.program.indices:
            for line, name, value in config_nodes(self._model, path):
                file = self._model.program.files[path]
                provider = self._model.credentials.owners.of((name, path), WORLDS) or self._only_one(file.unit)
                if provider is not None and self._counts(file) and self._code.says_test(name, value):
                    yield self._mark(file, line, provider, "mode", f"`{name}` set to {snake(value)}", "default", None)

    def _only_one(self, unit: str) -> Provider | None:
        """The one system to which the code of a unit speaks."""
        sites = (s.provider for s in self._model.operations.sites if self._model.program.unit(s.fn.file) == unit)
        spoken_to = {provider.id: provider for provider in sites if provider.kind in WORLDS}
        return next(iter(spoken_to.values())) if len(spoken_to) == 1 else None

    # --- hosts and modes

    def _hosts_and_modes(self) -> Iterator[Mark]:
        for file in self._model.texts.files:
            if not self._counts(file) or file.role == "generated":
                continue
            index = self._model.program.indices.get(file.path)
            if index is not None and not index.words and not self._code.may_hold_settings(file):
                continue
            data = self._model.texts.text(file.path) if index or file.role in ("config", "template") else b""
            if file.role == "config" and not (self._names_a_system(data) and not self._is_local(file)):
                continue
            yield from self._hosts(file, data)
            yield from self._trials(file, data)
            if index is not None and (system := self._code.strange(file.path)) is not None:
                yield from self._begun_with(file, system)
            if index is not None:
                for code_mark in self._code.modes(file.path):
                    how, guard = code_mark.how, code_mark.guard
                    yield self._mark(file, code_mark.line, code_mark.provider, "mode", code_mark.what, how, guard)
            elif file.role == "config":
                yield from self._modes_in_settings(file)

    @cached_property
    def _system_names(self) -> tuple[bytes, ...]:
        packs = [p for p in self._model.knowledge.providers.values() if p.kind in WORLDS]
        return tuple(
            sorted({p.id.partition("-")[0].partition(".")[0].encode() for p in packs} | {n.encode() for p in packs for n in p.names})
        )

    def _names_a_system(self, data: bytes) -> bool:
        lower = data.lower()
        return any(word in lower for word in (b"sandbox", b"test", b"uat", b"playground", b"live", b"production")) and any(
            name in lower for name in self._system_names
        )

    def _hosts(self, file: SourceFile, data: bytes) -> Iterator[Mark]:
        index = self._model.program.indices.get(file.path)
        for address in self._book.find(data, index.words if index else None, unquoted=file.role == "config"):
            if not address.sandbox:
                continue
            line = data.count(b"\n", 0, address.offset) + 1
            if self._is_listed(data, address) or _PICTURE.match(data, address.offset):
                continue
            how, guard = self._chosen(file, line, address.host.encode())
            if how in ("named", "always"):
                guard = self._live_host(file, address.provider, anywhere=how == "named")
                how = "chosen" if guard else "always"
            elif how == "settings" and (guard := self._live_host(file, address.provider, anywhere=False)):
                how = "chosen"
            yield self._mark(file, line, address.provider, "host", f"the test host {address.host}", how, guard)

    def _strange(self) -> Iterator[Mark]:
        """Test hosts of payment systems that no pack knows, which requests are sent to."""
        for path, line, host, system in strange_sandboxes(self._model):
            file = self._model.program.files[path]
            if not self._counts(file):
                continue
            how, guard = self._chosen(file, line, host.encode())
            if how in ("named", "always"):
                how = "chosen" if names_live(self._model.program.sources[path], host) else "always"
            yield self._mark(file, line, system, "host", f"the test host {host}", how, guard)

    def _begun_with(self, file: SourceFile, system: Provider) -> Iterator[Mark]:
        """The test hosts that a plugin's settings begin with."""
        for line, host in self._code.defaults(file.path):
            yield self._mark(file, line, system, "host", f"the test host {host}", "default", None)

    def _trials(self, file: SourceFile, data: bytes) -> Iterator[Mark]:
        """Scripts that are loaded with an id for trying out: ``https://www.paypal.com/sdk/js?client-id=sb``."""
        for match in _TRIAL.finditer(data) if b"client-id=" in data else ():
            for provider in self._model.knowledge.providers.values():
                begin = data.rfind(b"\n", 0, match.start()) + 1
                known = any(key.whole and key.mode == "test" and key.prefix.encode() == match[1] for key in provider.keys)
                if in_comment(data, match.start(), begin):
                    continue
                if known and any(script.partition("//")[2].encode() in data[begin : match.start()] for script in provider.scripts):
                    line = data.count(b"\n", 0, match.start()) + 1
                    yield self._mark(
                        file, line, provider, "key", f"the client id `{match[1].decode()}`, which is for trying out", "always", None
                    )

    def _is_listed(self, data: bytes, address: Address) -> bool:
        """Whether an address only stands in a list of those that may be reached, or in a comparison."""
        begin = data.rfind(b"\n", 0, address.offset) + 1
        return _LISTED.search(data[begin : address.offset]) is not None

    @cached_property
    def _live_hosts(self) -> dict[tuple[str, str], tuple[str, int]]:
        """The first live address of each provider in each unit."""
        found: dict[tuple[str, str], tuple[str, int]] = {}
        for file in self._model.texts.files:
            index = self._model.program.indices.get(file.path)
            if index is None or not index.words:
                continue
            data = self._model.program.sources[file.path]
            for address in self._book.find(data, index.words):
                if not address.sandbox and address.use == "call":
                    at = (file.path, data.count(b"\n", 0, address.offset) + 1)
                    found[file.unit, address.provider.id] = min(at, found.get((file.unit, address.provider.id), at))
        return found

    def _live_host(self, file: SourceFile, provider: Provider, anywhere: bool) -> tuple[str, int] | None:
        """A live address in the same file: then something chooses. It may be ``anywhere`` in the unit of one called the test one."""
        data = self._model.texts.text(file.path)
        for address in self._book.find(data, unquoted=file.role == "config"):
            if (
                address.provider.id == provider.id
                and not address.sandbox
                and not in_comment(data, address.offset, data.rfind(b"\n", 0, address.offset) + 1)
            ):
                return file.path, data.count(b"\n", 0, address.offset) + 1
        return self._live_hosts.get((file.unit, provider.id)) if anywhere else None

    def _modes_in_settings(self, file: SourceFile) -> Iterator[Mark]:
        for entry in self._model.texts.entries(file):
            names = [part for part in reversed(entry.key.split(".")) if part and not part.isdigit()]
            if not names or not self._code.says_test(names[0], entry.value):
                continue
            provider = self._model.credentials.owners.of(names, WORLDS)
            if provider is not None:
                what = f"`{names[0]}` set to {snake(entry.value)}"
                yield self._mark(file, entry.line, provider, "mode", what, "settings", None)
