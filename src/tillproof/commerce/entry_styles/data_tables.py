"""Routes that stand in data files: Symfony's routing, Magento's web API and cron table."""

import posixpath
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from typing import NamedTuple

from tillproof.commerce.entry_styles.callables import named_class, php_callables
from tillproof.commerce.entry_styles.data_files import Record, records
from tillproof.commerce.entry_styles.wiring import Declared, Wiring, join, path_expression
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import Const, FunctionV
from tillproof.ir.ops import Kind
from tillproof.knowledge.schema import Framework, PathRules, Role, Routes

_ADMIN = re.compile(r"(^|[/_.-])(admin|backoffice|adminhtml)($|[/_.-])", re.IGNORECASE)


class _Table(NamedTuple):
    """A data file that declares routes, by one rule of a framework."""

    path: str
    framework: Framework
    routes: Routes
    records: list[Record]


def declared(wiring: Wiring) -> Iterator[Declared]:
    """Routes of all data files that a pack names."""
    tables = [t for frameworks, files in wiring.active.files() if files for t in _tables(wiring, frameworks, files[0])]
    prefixes = _imported(tables)
    access = Access(wiring)
    for table in tables:
        for record in table.records:
            yield from _routes(wiring, table, record, prefixes.get(table.path, [""]), access)


def _tables(wiring: Wiring, frameworks: tuple[Framework, ...], example: str) -> Iterator[_Table]:
    """The data files of the unit in which a file lies."""
    rules = [(f, r) for f in frameworks for r in f.routes if r.style == "table" and r.files]
    unit = wiring.program.unit(example)
    for path, file in sorted(wiring.program.files.items()) if rules else ():
        if file.unit != unit or file.language not in ("yaml", "xml") or file.role == "test":
            continue
        rule = next(((f, r) for f, r in rules if any(path_expression(p).match("/" + path) for p in r.files)), None)
        text = wiring.text(path) if rule else None
        if rule and text is not None:
            yield _Table(path, *rule, records(path, text))


def _imported(tables: list[_Table]) -> dict[str, list[str]]:
    """The prefixes under which files are imported by others."""
    out: dict[str, list[str]] = {}
    for table in tables:
        for record in table.records:
            resource = record.get("resource") or record.get("resource.path")
            prefix = next((record[p] for p in table.routes.prefixes if isinstance(record.get(p), str)), None)
            if not isinstance(resource, str) or prefix is None:
                continue
            tail = posixpath.normpath(resource.partition("/")[2] if resource.startswith("@") else resource).lstrip("./")
            for other in tables:
                if tail and other.path != table.path and (other.path == tail or other.path.endswith("/" + tail)):
                    out.setdefault(other.path, []).append(prefix)
    return out


def _routes(wiring: Wiring, table: _Table, record: Record, prefixes: list[str], access: "Access") -> Iterator[Declared]:
    routes = table.routes
    path = record.get(routes.path)
    handler = next((h for place in routes.handler if (h := _handler(record, place))), None)
    if not isinstance(path, str) or handler is None:
        return
    place = (table.path, int(record.get("") or 1))
    importer = Fn(next(iter(wiring.program.indices)), TOP)
    for target in _targets(wiring, handler, place, importer):
        for prefix in prefixes:
            route = None if routes.role == "internal" else join(prefix, path)
            methods = _words(record, routes.methods) or routes.without_methods or ("ANY",)
            least = _least(routes, record, route, table.path, access)
            yield Declared(target, route, methods if route else ("NONE",), table.framework.id, "table", place, (), least, "", bool(route))


def _handler(record: Record, place: str) -> str | None:
    """A handler's name; ``class::method`` where two places hold its parts, or the method is called the same in each class (``=name``)."""
    parts = [p[1:] if p.startswith("=") else record.get(p) for p in place.split("::")]
    return "::".join(str(p) for p in parts) if all(isinstance(p, str) and p for p in parts) else None


def _spelt_out(handler: str) -> str:
    """Symfony's short way of naming a controller, ``ShopBundle:Order:pay``, as its class and method."""
    bundle, _, rest = handler.partition(":")
    name, colon, action = rest.partition(":")
    if not (bundle and name and colon and action) or ":" in action or "\\" in handler:
        return handler
    return f"{name.rpartition('/')[2]}Controller::{action}Action"


def _targets(wiring: Wiring, handler: str, place: tuple[str, int], importer: Fn) -> list[FunctionV]:
    """The methods that a name leads to, of a class or of the service that goes by it: of an interface, those of the classes that
    implement it."""
    name, _, method = _spelt_out(handler).replace("@", "::").partition("::")
    if "\\" not in name and (known := wiring.evaluator.scope.service(name)):
        name = known
    cls = named_class(wiring, name, importer.file)
    if cls is None and name != handler and ":" in handler:  # of the bundle that the short way names
        cls = next(iter(wiring.program.classes_by_name.get(name, ())), None)
    if cls is None:
        return []
    if not method:
        return [f for f, _ in php_callables(wiring, Const(place, Kind.STRING, "\\" + name.lstrip("\\")), importer)]
    implementing = [wiring.method(c, method, place) for c in wiring.evaluator.scope.subclasses(cls)]
    own = wiring.method(cls, method, place)
    return [f for f in implementing if f] or ([own] if own else [])


def _words(record: Record, places: tuple[str, ...]) -> tuple[str, ...]:
    for place in places:
        found = record.get(place)
        texts = found if isinstance(found, list) else re.split(r"[|,\s]+", found) if isinstance(found, str) else []
        if texts:
            return tuple(str(t).upper() for t in texts if t)
    return ()


def _least(routes: Routes, record: Record, route: str | None, file: str, access: "Access") -> Role:
    """The least that a caller must be: by the resource that the record names, or by what holds for its path."""
    if routes.role != "public":
        return routes.role
    told = next((str(record[p]) for p in routes.guards if record.get(p)), None)
    if told is not None:
        return "public" if told in routes.everybodys else "customer" if told in routes.own else "staff"
    named = _ADMIN.search(posixpath.basename(file)) is not None
    return access.of(route or "", named or (not access.known and _ADMIN.search(route or "") is not None))


class Access:
    """The rules of the tree's settings that say which role a path needs, of whichever framework. Read when they are first asked."""

    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring

    @property
    def known(self) -> bool:
        """Whether there are rules in the tree."""
        return bool(self._written)

    @cached_property
    def _written(self) -> list[tuple[PathRules, str, str]]:
        """The patterns of paths, with the roles that they ask for, and what the framework's pack says of such rules."""
        found: list[tuple[PathRules, str, str]] = []
        kinds = [rules for framework in self.wiring.knowledge.frameworks.values() for rules in framework.access]
        for path, file in sorted(self.wiring.program.files.items()):
            if file.role == "test":
                continue
            for kind in (k for k in kinds if posixpath.basename(path) in k.files):
                for record in records(path, self.wiring.text(path) or b""):
                    rules = record.get(kind.rules)
                    told = [rule for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []
                    found += [(kind, r[kind.path], _roles(kind, r)) for r in told if isinstance(r.get(kind.path), str)]
        return found

    @cached_property
    def _rules(self) -> list[tuple[PathRules, re.Pattern[str], str]]:
        out: list[tuple[PathRules, re.Pattern[str], str]] = []
        for kind, path, told in self._written:
            with suppress(re.error):
                out.append((kind, re.compile(path), told))
        return out

    def of(self, route: str, administrative: bool) -> Role:
        """The role that a path needs; what is named for administrators is theirs where no rule says otherwise."""
        for kind, pattern, told in self._rules:
            if pattern.search(route):
                if not told or any(word in told for word in kind.open):
                    return "public"
                return "customer" if any(word in told for word in kind.customer) else "staff"
        return "staff" if administrative else "public"


def _roles(kind: PathRules, rule: dict[str, object]) -> str:
    return str(next((rule[key] for key in kind.roles if rule.get(key)), ""))
