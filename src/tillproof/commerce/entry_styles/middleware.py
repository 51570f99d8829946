"""Middleware by class and by the names of Laravel and CodeIgniter: what the kernel, the bootstrap file or the table of filters maps them
to, and what controllers add themselves."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from tillproof.commerce.entry_styles.arguments import Arguments, entries, items, words
from tillproof.commerce.entry_styles.callables import php_class
from tillproof.commerce.entry_styles.scan import around
from tillproof.commerce.entry_styles.wiring import Wiring
from tillproof.flow.program import TOP, ClassId, Fn
from tillproof.flow.values import Const, FunctionV, Record, Result, Value, constant, options
from tillproof.ir.ops import Kind, Op

_MAPPING = re.compile(
    rb"(?:routeMiddleware|middlewareAliases|middlewareGroups|aliasMiddleware|middlewareGroup|->alias\(|->appendToGroup|->group\(|\$aliases\b)"
)
_RUN = ("handle", "process", "__invoke", "before")
"""The method of a middleware that runs: Laravel's, PSR-15's, Slim's of old, CodeIgniter's."""
_MEMBERS = ("routeMiddleware", "middlewareAliases", "middlewareGroups", "aliases")
_BY_PATH, _EVERYWHERE = "filters", "globals"
"""The members of CodeIgniter's table of filters that name paths, and those that run everywhere."""
_CALLS = ("alias", "aliasMiddleware", "middlewareGroup", "group", "appendToGroup")


class _Part(NamedTuple):
    """A filter that runs before the routes of some paths: all that fit one of ``paths`` and none of ``unless``."""

    name: Value
    paths: tuple[str, ...]
    unless: tuple[str, ...]


class Middleware:
    """Middleware names of one unit."""

    def __init__(self, wiring: Wiring, files: list[str]) -> None:
        self.wiring = wiring
        self.program = wiring.program
        self._names: dict[str, list[tuple[Value, Fn]]] = {}
        self._parts: list[_Part] = []
        self._controllers: dict[ClassId, list[tuple[Value, frozenset[str], frozenset[str]]]] = {}
        for file in files:
            if _MAPPING.search(self.program.sources[file]):
                self._map(file)

    def _map(self, file: str) -> None:
        top = Fn(file, TOP)
        for cls in self.program.indices[file].classes:
            for member in _MEMBERS:
                for store in self.wiring.evaluator.defuse(top).stores.get(f"{cls.name}.{member}", ()):
                    self._keep(self.wiring.evaluator.value(top, store), top)
            for store in self.wiring.evaluator.defuse(top).stores.get(f"{cls.name}.{_BY_PATH}", ()):
                self._parts += _by_path(self.wiring.evaluator.value(top, store))
            for store in self.wiring.evaluator.defuse(top).stores.get(f"{cls.name}.{_EVERYWHERE}", ()):
                self._parts += _everywhere(self.wiring.evaluator.value(top, store))
        places = {
            m.start()
            for m in re.finditer(rb"->(?:alias|aliasMiddleware|middlewareGroup|appendToGroup|group)\(", self.program.sources[file])
        }
        for fn in around(self.wiring, file, places) if places else ():
            body = self.program.body(fn)
            for i, op in enumerate(body.op):
                if op == Op.CALL and body.op[body.args(i)[0]] == Op.FIELD and body.name(body.args(i)[0]) in _CALLS:
                    given = Arguments(self.wiring.evaluator, fn, i).positional
                    if len(given) == 1:
                        self._keep(given[0], fn)
                    elif len(given) == 2 and isinstance(given[0], Const):
                        self._names.setdefault(given[0].text, []).extend((v, fn) for v in items(given[1]))

    def _keep(self, value: Value, fn: Fn) -> None:
        for option in options(value):
            if isinstance(option, Record):
                for key, entry in option.entries:
                    if key:
                        self._names.setdefault(key, []).extend((v, fn) for v in items(entry))

    def before(self, route: str | None) -> tuple[Value, ...]:
        """The filters that run before a route because of its path: CodeIgniter's table of filters names paths."""
        path = (route or "").strip("/ ")
        return tuple(p.name for p in self._parts if _fits(path, p.paths) and not _fits(path, p.unless))

    def resolved(self, chain: tuple[Value, ...], target: FunctionV) -> tuple[Value, ...]:
        """Middleware names followed by the methods that they stand for, and what the handler's controller adds in its constructor."""
        out: list[Value] = []
        for value in (*chain, *self._of_controller(target)):
            out.append(value)
            out += self._handles(value, target.fn, 0)
        return tuple(out)

    def _handles(self, value: Value, fn: Fn, depth: int) -> list[Value]:
        if depth > 3:
            return []
        text = constant(value)
        if text is not None and "\\" not in text:
            name, _, _ = text.partition(":")
            out: list[Value] = []
            for mapped, where in self._names.get(text, []) or self._names.get(name, []):
                if isinstance(mapped, Const) and "\\" not in mapped.text:
                    out.append(mapped)
                out += self._handles(mapped, where, depth + 1)
            return out
        cls = php_class(self.wiring, value, fn)
        method = next((m for name in _RUN if (m := self.wiring.method(cls, name, value.at))), None) if cls else None
        return [method] if method else []

    def _of_controller(self, target: FunctionV) -> list[Value]:
        owner = self.program.owner(target.fn)
        if owner is None:
            return []
        if owner not in self._controllers:
            self._controllers[owner] = [*self._added(owner), *self._told(owner)]
        name = self.program.name(target.fn)
        return [v for v, only, unless in self._controllers[owner] if (not only or name in only) and name not in unless]

    def _added(self, owner: ClassId) -> list[tuple[Value, frozenset[str], frozenset[str]]]:
        constructor = self.wiring.evaluator.scope.method(owner, "__construct")
        if constructor is None:
            return []
        body = self.program.body(constructor)
        limits: dict[int, tuple[frozenset[str], frozenset[str]]] = {}
        out = []
        for i in range(len(body.op) - 1, -1, -1):
            if body.op[i] != Op.CALL or body.op[body.args(i)[0]] != Op.FIELD:
                continue
            callee = body.args(i)[0]
            word = body.name(callee)
            if word in ("only", "except"):
                named = frozenset(words(Arguments(self.wiring.evaluator, constructor, i).positional))
                limits[body.args(callee)[0]] = (named, frozenset()) if word == "only" else (frozenset(), named)
            elif word == "middleware":
                only, unless = limits.get(i, (frozenset(), frozenset()))
                out += [(m, only, unless) for v in Arguments(self.wiring.evaluator, constructor, i).positional for m in items(v)]
        return out

    def _told(self, owner: ClassId) -> list[tuple[Value, frozenset[str], frozenset[str]]]:
        """What a controller's own ``middleware()`` lists: names, or objects that say for which of its methods they are."""
        listing = self.wiring.evaluator.scope.method(owner, "middleware")
        if listing is None or self.program.language(listing.file) != "php":
            return []
        body, evaluator = self.program.body(listing), self.wiring.evaluator
        out: list[tuple[Value, frozenset[str], frozenset[str]]] = []
        for given in (body.args(i)[0] for i, op in enumerate(body.op) if op == Op.RETURN and body.args(i)[0] >= 0):
            for one in items(evaluator.value(listing, given)):
                if not isinstance(one, Result) or one.instr < 0:
                    out.append((one, frozenset(), frozenset()))
                    continue
                arguments = Arguments(evaluator, one.fn, one.instr)
                only, unless = (frozenset(words(arguments.at(key))) for key in ("only", "except"))
                out += [(m, only, unless) for v in arguments.positional[:1] for m in items(v)]
        return out


def _by_path(value: Value) -> Iterator[_Part]:
    """``['auth' => ['before' => ['admin/*', 'orders']]]``"""
    for option in options(value):
        for key, entry in option.entries if isinstance(option, Record) else ():
            paths = tuple(words([v for told in entries(entry, "before") for v in items(told)]))
            if key and paths:
                yield _Part(Const(option.at, Kind.STRING, key), paths, ())


def _everywhere(value: Value) -> Iterator[_Part]:
    """``['before' => ['auth' => ['except' => ['login']], 'log']]``"""
    for told in entries(value, "before"):
        for option in options(told):
            for key, entry in option.entries if isinstance(option, Record) else [(None, v) for v in items(option)]:
                name = key if key and not key.isdigit() else constant(entry)
                if name:
                    unless = tuple(words([v for said in entries(entry, "except") for v in items(said)]))
                    yield _Part(Const(option.at, Kind.STRING, name), ("*",), unless)


def _fits(path: str, patterns: tuple[str, ...]) -> bool:
    """Whether a path is one that a table names, ``*`` standing for whatever comes."""
    return any(re.fullmatch(re.escape(p.strip("/ ")).replace(r"\*", ".*"), path, re.IGNORECASE) for p in patterns)
