"""Route tables written as PHP calls: Laravel, Lumen, CodeIgniter, Slim, routers of packages and of one's own, with their groups, prefixes
and middleware."""

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from tillproof.commerce.entry_styles.arguments import Arguments, entries, items, path_text, words
from tillproof.commerce.entry_styles.callables import php_callables, php_class
from tillproof.commerce.entry_styles.middleware import Middleware
from tillproof.commerce.entry_styles.scan import around
from tillproof.commerce.entry_styles.wiring import Declared, Wiring, join
from tillproof.flow.program import TOP, ClassId, Fn
from tillproof.flow.values import FunctionV, Record, Result, Value, constant, options, pattern
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Framework, Routes

_CALLS = re.compile(
    rb"(?<![\w$])(?:Routes?|Router|Flight)::|\$(?:router|routes?|app|api|r|group|slim)->|->router->|loadRoutesFrom|->group\("
)
_ROOTS = {"Route", "Routes", "Router", "Flight", "router", "routes", "route", "app", "api", "r", "group", "slim"}
_GUARDING = ("middleware", "can", "add", "addMiddleware", "withMiddleware", "middlewares", "before")
_SPOKEN = re.compile(r"((?:[A-Z]+\|?)+) +(/.*|\*)")
"""Method and path in one text: ``POST /orders``."""


class _Link(NamedTuple):
    """One call of a chain: its word and its instruction."""

    word: str
    call: int


class _Group(NamedTuple):
    """What holds for the routes inside a group. ``outer``: the function in which the group stands."""

    outer: Fn | None
    prefix: str
    middleware: tuple[Value, ...]
    controller: ClassId | None


def declared(wiring: Wiring) -> Iterator[Declared]:
    """Routes of PHP route files, wherever they lie."""
    for frameworks, files in wiring.active.files():
        if not files or wiring.program.language(files[0]) != "php":
            continue
        table = _table(frameworks)
        if table:
            yield from _Tables(wiring, table).all(files)


def _table(frameworks: tuple[Framework, ...]) -> dict[str, tuple[Framework, Routes]]:
    """Declaring words of the chained route calls: ``post``, ``match``, ``resource``."""
    out: dict[str, tuple[Framework, Routes]] = {}
    for framework in frameworks:
        for routes in framework.routes:
            for name in routes.names if routes.style == "call" else ():
                *before, last = name.lstrip(".").split(".")
                if before and before[-1] in _ROOTS and last != "group":
                    out.setdefault(last, (framework, routes))
    return out


class _Tables:
    """The route files of one unit."""

    def __init__(self, wiring: Wiring, table: dict[str, tuple[Framework, Routes]]) -> None:
        self.wiring = wiring
        self.program = wiring.program
        self.evaluator = wiring.evaluator
        self.table = table
        self._spelt = {word.lower(): word for word in table}  # ``Route::POST``: PHP does not tell methods apart by case
        self.groups: dict[Fn, list[_Group]] = defaultdict(list)
        self._handed: dict[Fn, str] = {}
        """What a function that a group is written in calls the router, where that is no usual name."""

    def all(self, files: list[str]) -> Iterator[Declared]:
        bodies: list[Fn] = []
        for file in files:
            places = {m.start() for m in _CALLS.finditer(self.program.sources[file])}
            if places:
                bodies += around(self.wiring, file, places)
        chains = [(fn, chain) for fn, found in self._by_body(bodies).items() for chain in found]
        waiting = list(dict.fromkeys([*(fn.file for fn in bodies), *(fn.file for fn in self.groups)]))
        for file in waiting:
            waiting += [target for target in self._required(file) if target not in waiting]
        middleware = Middleware(self.wiring, files) if chains else None
        for fn, chain in chains:
            for one in self._route(fn, chain):
                one.chain = middleware.resolved((*middleware.before(one.route), *one.chain), one.target) if middleware else one.chain
                yield one

    def _by_body(self, bodies: list[Fn]) -> dict[Fn, list[list[_Link]]]:
        """The chains of each function, and of those that groups are written in, whatever these call the router that they are handed."""
        found: dict[Fn, list[list[_Link]]] = {}
        waiting = list(dict.fromkeys(bodies))
        for fn in waiting:
            found[fn] = self._chains(fn)
            for chain in found[fn]:
                waiting += self._group(fn, chain)
        return found

    def _chains(self, fn: Fn) -> list[list[_Link]]:
        """Chained calls that begin at a route facade or a router variable, innermost first."""
        body = self.program.body(fn)
        inner: set[int] = set()
        found: list[tuple[int, list[_Link]]] = []
        for i, op in enumerate(body.op):
            if op != Op.CALL:
                continue
            chain: list[_Link] = []
            here = i
            while body.op[here] == Op.CALL and body.op[body.args(here)[0]] == Op.FIELD:
                callee = body.args(here)[0]
                chain.append(_Link(self._spelt.get(body.name(callee).lower(), body.name(callee)), here))
                here = body.args(callee)[0]
            if chain and self._is_root(fn, here, chain):
                inner.update(link.call for link in chain[1:])
                found.append((i, chain[::-1]))
        return [chain for i, chain in found if i not in inner]

    def _is_root(self, fn: Fn, i: int, chain: list[_Link]) -> bool:
        body = self.program.body(fn)
        if body.op[i] == Op.NAME:
            name = body.name(i).rpartition(".")[2].lstrip("$")
            return (
                name in _ROOTS
                or (self._handed.get(fn) == name)
                or (name in ("this", "static", "self") and chain[-1].word in ("loadRoutesFrom", "group", "middleware", "prefix"))
            )
        return body.op[i] == Op.FIELD and body.name(i) in _ROOTS

    def _attributes(self, fn: Fn, links: list[_Link]) -> tuple[str, tuple[Value, ...], ClassId | None]:
        """Prefix, middleware and controller that chained calls (or a group's options) set."""
        prefix, controller = "", None
        middleware: list[Value] = []
        for link in links:
            arguments = Arguments(self.evaluator, fn, link.call)
            if link.word == "prefix" and arguments.positional:
                prefix = join(prefix, path_text(arguments.positional[0]) or "")
            elif link.word in _GUARDING:
                middleware += [m for v in arguments.positional for m in _members(v)]
            elif link.word == "withoutMiddleware":
                gone = set(words(arguments.positional))
                middleware = [m for m in middleware if not gone & set(words([m]))]
            elif link.word == "controller" and arguments.positional:
                controller = php_class(self.wiring, arguments.positional[0], fn)
            elif link.word in ("group", "mount") and arguments.positional:
                if (text := path_text(arguments.positional[0])) and len(arguments.positional) > 1:
                    prefix = join(prefix, text)
                for told in arguments.positional[:2]:  # what holds inside stands first, or behind the path
                    prefix = join(prefix, *[t for v in entries(told, "prefix") if (t := path_text(v))])
                    middleware += [m for key in ("middleware", "filter", "before") for v in entries(told, key) for m in items(v)]
                    for value in entries(told, "controller"):
                        controller = php_class(self.wiring, value, fn)
        return ("" if prefix == "/" else prefix), tuple(middleware), controller

    def _group(self, fn: Fn, chain: list[_Link]) -> list[Fn]:
        """Notes a group; the functions in which it is written and that have a name of their own for the router."""
        last = next((link for link in chain if link.word in ("group", "mount", "loadRoutesFrom")), None)
        if last is None:
            return []
        arguments = Arguments(self.evaluator, fn, last.call)
        group = _Group(fn, *self._attributes(fn, chain))
        named: list[Fn] = []
        for value in arguments.positional[-1:]:
            for option in options(value):
                if isinstance(option, FunctionV):
                    if group not in self.groups[option.fn]:
                        self.groups[option.fn].append(group)
                    params = self.program.body(option.fn).params
                    if params and params[0].name not in _ROOTS and option.fn not in self._handed:
                        self._handed[option.fn] = params[0].name
                        named.append(option.fn)
                elif target := self._route_file(option, fn.file):
                    self.groups[Fn(target, TOP)].append(group)
        return named

    def _route_file(self, value: Value, importer: str) -> str | None:
        if isinstance(value, Result) and value.instr >= 0:
            given = self.evaluator.arguments(value)
            value = given[-1][1] if given else value
        text = pattern(value)
        if not text.endswith(".php"):
            return None
        relative = text.rpartition("{}")[2]
        if "{}" in text:  # __DIR__ stands before it
            exact = posixpath.normpath(posixpath.join(posixpath.dirname(importer), relative.lstrip("/")))
            if exact in self.program.indices:
                return exact
        return self.evaluator.scope.modules.find(importer, relative)

    def _required(self, file: str) -> list[str]:
        """``require __DIR__.'/x.php'`` puts that file's routes into the group around it."""
        index = self.program.indices[file]
        targets = []
        for item in index.imports:
            target = self.evaluator.scope.modules.find(file, item.module) if item.local == "*" and item.module.endswith(".php") else None
            if target is None or target == file:
                continue
            holding = [n for n, f in enumerate(index.functions) if f.line <= item.line <= f.end_line]
            inner = max(holding, key=lambda n: index.functions[n].start, default=TOP)
            self.groups[Fn(target, TOP)].append(_Group(Fn(file, inner), "", (), None))
            targets.append(target)
        return targets

    def _within(self, fn: Fn | None, depth: int = 0) -> list[tuple[str, tuple[Value, ...], ClassId | None]]:
        """Prefix, middleware and controller of all groups around a function, for each way it is included."""
        if fn is None or depth > 10:
            return [("", (), None)]
        groups = self.groups.get(fn)
        if not groups:
            if fn.number == TOP:
                return [("/api" if fn.file.endswith("routes/api.php") else "", (), None)]
            return self._within(self.program.parent(fn), depth + 1)
        out = []
        for group in groups[:3]:
            for prefix, middleware, controller in self._within(group.outer, depth + 1):
                out.append((join(prefix, group.prefix), (*middleware, *group.middleware), group.controller or controller))
        return out[:4]

    def _route(self, fn: Fn, chain: list[_Link]) -> Iterator[Declared]:
        link = next((link for link in chain if link.word in self.table), None)
        if link is None:
            return
        framework, routes = self.table[link.word]
        arguments = Arguments(self.evaluator, fn, link.call)
        path = next((path_text(v) or "{}" for v in arguments.at(routes.path)), None)  # a setting may say which
        handler = arguments.first(routes.handler) or self._chained(fn, chain, "controller")
        if path is None or not handler:
            return
        said = spoken(path)
        path = said[1] if said else path
        handler += [u for v in handler for u in entries(v, "uses")]
        inline = tuple(m for v in handler for key in ("middleware",) for e in entries(v, key) for m in items(e))
        inline += tuple(m for v in arguments.at("2") if "2" in routes.guards for m in items(v))
        inline += tuple(m for g in routes.guards for a in arguments.positional[2:] for v in entries(a, g) for m in items(v))
        own_prefix, own_middleware, own_controller = self._attributes(fn, [c for c in chain if c is not link])
        place = (fn.file, self.program.body(fn).line[link.call])
        for prefix, middleware, controller in self._within(fn):
            guards = (*middleware, *own_middleware, *inline)
            whole = join(prefix, own_prefix, path)
            if "index" in routes.verbs and "destroy" in routes.verbs:
                yield from self._resource(framework, routes, handler, fn, whole, guards, place)
                continue
            verb = routes.verbs.get(link.word)
            told = (said[0],) if said else words(arguments.first(routes.methods) or self._chained(fn, chain, "methods"))
            methods = (verb,) if verb and not said else tuple(m for w in told for m in w.upper().split("|") if m) or ("ANY",)
            for value in handler:
                for target, wrappers in self._targets(value, arguments, fn, own_controller or controller):
                    yield Declared(target, whole, methods, framework.id, "call", place, (*guards, *wrappers))

    def _chained(self, fn: Fn, chain: list[_Link], word: str) -> list[Value]:
        """What a call further on in the chain is given: ``->add('pay', '/pay')->controller([Pay::class, 'start'])->methods(['POST'])``."""
        return [v for link in chain if link.word == word for v in Arguments(self.evaluator, fn, link.call).positional[:1]]

    def _targets(self, value: Value, arguments: Arguments, fn: Fn, controller: ClassId | None) -> list[tuple[FunctionV, tuple[Value, ...]]]:
        """The functions that a handler may be; of a class with the method's name beside it, that method: ``(Checkout::class, 'pay')``."""
        cls = None if isinstance(value, FunctionV) else php_class(self.wiring, value, fn)
        given = arguments.positional
        after = next((n + 1 for n, v in enumerate(given) if v is value), len(given))
        name = constant(given[after]) if cls and after < len(given) else None
        method = self.wiring.method(cls, name, value.at) if cls and name else None
        return [(method, ())] if method else php_callables(self.wiring, value, fn, controller)

    def _resource(
        self,
        framework: Framework,
        routes: Routes,
        handler: list[Value],
        fn: Fn,
        path: str,
        guards: tuple[Value, ...],
        place: tuple[str, int],
    ) -> Iterator[Declared]:
        for value in handler:
            cls = php_class(self.wiring, value, fn)
            for name, verb in routes.verbs.items() if cls else ():
                target = self.wiring.method(cls, name, place) if cls else None
                if target:
                    route = path if name in ("index", "store") else join(path, "create") if name == "create" else join(path, "{id}")
                    yield Declared(target, route, (verb,), framework.id, "call", place, guards)


def spoken(text: str) -> tuple[str, str] | None:
    """Method and path of a text that says both."""
    found = _SPOKEN.fullmatch(text)
    return (found[1], found[2]) if found else None


def _members(value: Value) -> list[Value]:
    """The members of a list, those that were given a key too: ``['middleware' => 'auth', 'verified']``."""
    if isinstance(value, Record):
        return [m for _, v in value.entries for m in items(v)]
    return items(value)
