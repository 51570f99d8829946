"""Functions of ours that a platform hands out under an address made of the path of their file.

``strapi.service('api::order.order').pay(…)`` runs what ``api/order/services/order`` exports under ``pay``, be it written in a record, in
what a function gives, or in what the function gives that the platform's maker of services was handed. A plugin lists its own in one
record, under names that need not be those of files: ``strapi.plugin('shop').service('orders')``.
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from tillproof.commerce.entry_styles.arguments import Arguments
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import Program
from tillproof.flow.values import FunctionV, ModuleV, Overlay, Record, Result, Value, options
from tillproof.ir.ops import Op
from tillproof.knowledge.loader import Knowledge
from tillproof.knowledge.schema import Addressed
from tillproof.source.projects import read_json

_ENDINGS = (".ts", ".js", ".mjs", "/index.ts", "/index.js")

Entries = tuple[tuple[str | None, Value], ...]


class ByAddress:
    """What lies at an address is looked up when it is first asked for."""

    def __init__(self, program: Program, evaluator: Evaluator, knowledge: Knowledge, root: Path | None) -> None:
        self.program = program
        self.evaluator = evaluator
        self.root = root
        self._rules: dict[str, list[tuple[Addressed, re.Pattern[str]]]] = {}
        for rule in (rule for framework in knowledge.frameworks.values() for rule in framework.addressed):
            for call in rule.calls:
                self._rules.setdefault(call, []).append((rule, re.compile(rule.address)))
        self._found: dict[tuple[str, str], Entries] = {}

    def __call__(self, call: str, address: str, file: str) -> Entries:
        """The functions, by their names, at the address that a call in a file is given."""
        for rule, pattern in self._rules.get(call, ()):
            if (told := pattern.fullmatch(address)) is None:
                continue
            if (at := self._file(rule.files, told, file)) is not None:
                return self._once(rule, at, "")
            if (table := self._table(rule, told, file)) is not None:
                return self._once(rule, table, told.groups()[-1])
        return ()

    def _once(self, rule: Addressed, file: str, name: str) -> Entries:
        """What a file exports, or keeps in the record that it exports under a name."""
        if (file, name) not in self._found:
            self._found[file, name] = ()  # a service that asks for itself while it is read
            self._found[file, name] = self._entries(rule, self.evaluator.scope.exported(file, name or "default", (file, 1)))
        return self._found[file, name]

    def _file(self, paths: tuple[str, ...], told: re.Match[str], near: str) -> str | None:
        """The file at an address, of several applications the one that shares most of its path with whoever asks."""
        ends = [f"/{path.format(told[0], *told.groups())}{ending}" for path in paths for ending in _ENDINGS]
        found = [f for f in sorted(self.program.indices) if any(f"/{f}".endswith(end) for end in ends)]
        return max(found, key=lambda f: _shared(f, near), default=None)

    def _table(self, rule: Addressed, told: re.Match[str], near: str) -> str | None:
        """The file in which the plugin that an address names, and in which it is asked, lists what is its own."""
        at = self._file(rule.tables, told, near)
        return at if at is not None and told[1] in self._names(rule, at) else None

    def _names(self, rule: Addressed, file: str) -> Iterator[str]:
        """The names of the plugin that a file belongs to, as the project file above it says."""
        if self.root is None:
            return
        project = read_json(self.root / self.program.unit(file) / "package.json")
        for key in rule.named:
            said: object = project
            for part in key.split("."):
                said = said.get(part) if isinstance(said, dict) else None
            if isinstance(said, str):
                yield said

    def _entries(self, rule: Addressed, value: Value) -> Entries:
        made: list[tuple[str | None, Value]] = []
        for option in options(value):
            if isinstance(option, ModuleV):  # ``module.exports = { orders: require('./orders') }``
                names = [e.name for e in self.program.indices[option.file].exports]
                made += [(n, self.evaluator.scope.exported(option.file, n, option.at)) for n in names if n != "default"]
                if "default" in names:
                    made += self._entries(rule, self.evaluator.scope.exported(option.file, "default", option.at))
            made += _kept(option)
            if isinstance(option, FunctionV):
                made += self._given(option)
            elif isinstance(option, Result) and option.instr >= 0:
                given = Arguments(self.evaluator, option.fn, option.instr).first(rule.made)
                made += [entry for value in given for one in options(value) for entry in _kept(one)]
        return tuple(made)

    def _given(self, maker: FunctionV) -> list[tuple[str | None, Value]]:
        """What a function gives that is exported in the place of the record."""
        body = self.program.body(maker.fn)
        ends = [body.args(i)[0] for i, op in enumerate(body.op) if op == Op.RETURN and body.args(i)[0] >= 0]
        return [entry for end in ends for one in options(self.evaluator.value(maker.fn, end)) for entry in _kept(one)]


def _kept(value: Value) -> list[tuple[str | None, Value]]:
    if isinstance(value, Overlay):
        return [*_kept(value.base), *((key, written) for key, written, _ in value.writes)]
    return list(value.entries) if isinstance(value, Record) else []


def _shared(one: str, other: str) -> int:
    """How many of the first folders of two paths are the same."""
    return len(posixpath.commonprefix([one.split("/"), other.split("/")]))
