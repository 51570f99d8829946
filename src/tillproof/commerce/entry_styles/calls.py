"""Routes declared by calls and decorators on an application, router or blueprint: Express, Koa, Fastify, Flask, FastAPI and their kin."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tillproof.commerce.entry_styles.arguments import Arguments, functions_in, handlers, items, path_text, used_before, words
from tillproof.commerce.entry_styles.classes import members
from tillproof.commerce.entry_styles.file_routes import file_route
from tillproof.commerce.entry_styles.guarded_paths import is_middleware
from tillproof.commerce.entry_styles.mounts import Key, Mounts
from tillproof.commerce.entry_styles.route_rows import by_row
from tillproof.commerce.entry_styles.scan import bodies, by_word
from tillproof.commerce.entry_styles.wiring import Declared, Wiring, join, named, plain_names
from tillproof.commerce.names import fits, strip
from tillproof.flow.program import ClassId, Fn
from tillproof.flow.values import ClassV, External, FunctionV, Instance, Member, Param, Result, Unknown, Value, names, options
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Framework, Routes

_UNKNOWN = (Param, Unknown, Member)
_PATH = re.compile(r"[/*{]|$")
_BEFORE = {"before_request", "before_app_request", "middleware", "addHook"}


@dataclass(slots=True)
class _Route:
    declared: Declared
    keys: list[Key]
    order: tuple[Fn, int]
    path: str


def declared(wiring: Wiring) -> Iterator[Declared]:
    """Routes of all frameworks that are declared by a call or a decorator."""
    for frameworks, files in wiring.active.files():
        if files and wiring.program.language(files[0]) != "php":
            yield from _Calls(wiring, frameworks).all(files)


class _Calls:
    """The routes of one unit."""

    def __init__(self, wiring: Wiring, frameworks: tuple[Framework, ...]) -> None:
        self.wiring = wiring
        self.frameworks = frameworks
        self.evaluator = wiring.evaluator
        self.program = wiring.program
        self.mounts = Mounts(wiring)
        self.routes: list[_Route] = []
        self._calls = by_word(frameworks, ("call",))
        self._decorators = by_word(frameworks, ("decorator",))
        self._mounting = {m.rpartition(".")[2] for f in frameworks for r in f.routes if r.style in ("call", "decorator") for m in r.mounts}
        receivers = [x for f in frameworks for r in f.routes if r.style in ("call", "decorator") for x in r.receivers]
        self._receivers = tuple(dict.fromkeys(receivers))

    def all(self, files: list[str]) -> Iterator[Declared]:
        scanned = list(bodies(self.wiring, self.frameworks, files))
        for fn in scanned:
            self._body(fn)
        for fn in scanned:
            self._handed_on(fn)
        self.mounts.settle()
        for route in self.routes:
            if self.mounts.left_out(route.keys):
                continue
            for prefix, chain in self.mounts.above(route.keys, route.order, route.path, route.declared.methods):
                one = route.declared
                path = join(prefix, route.path) if route.declared.route is not None else None
                yield Declared(
                    one.target,
                    path,
                    one.methods,
                    one.framework,
                    one.style,
                    one.place,
                    (*chain, *one.chain),
                    one.least,
                    one.note,
                    one.certain,
                    one.rows,
                )

    def _body(self, fn: Fn) -> None:
        body = self.program.body(fn)
        for i, op in enumerate(body.op):
            if op in (Op.CALL, Op.NEW):
                self._call(fn, i)
            elif op == Op.DECORATE and body.args(i)[0] == 0:
                self._decorate(fn, i)

    # --- calls

    def _call(self, fn: Fn, i: int) -> None:
        body = self.program.body(fn)
        callee = body.args(i)[0]
        if body.op[callee] in (Op.FIELD, Op.INDEX) and body.op[i] == Op.CALL and self._rows(fn, i):
            return
        if body.op[callee] not in (Op.FIELD, Op.NAME):
            return
        word = body.name(callee).rpartition(".")[2]
        method = body.op[callee] == Op.FIELD and body.op[i] == Op.CALL
        if method and word in self._mounting:
            receiver = self.evaluator.value(fn, body.args(callee)[0])
            if self._is_router(receiver, self._receivers) is not False:
                self._mount(receiver, word, fn, i)
        for framework, routes in self._calls.get(word, ()):
            if not is_middleware(routes) and self._route_call(framework, routes, word, fn, i):
                return

    def _rows(self, fn: Fn, i: int) -> bool:
        """The routes that one call in a loop declares, by the rows of the table that is gone through."""
        body = self.program.body(fn)
        callee = body.args(i)[0]
        if body.op[callee] == Op.FIELD and body.name(callee) not in self._calls:
            return False
        found = False
        for word, arguments in by_row(self.evaluator, fn, i):
            rules = (r for r in self._calls.get(word, ()) if not is_middleware(r[1]))
            found = any(self._route_call(framework, routes, word, fn, i, arguments) for framework, routes in rules) or found
        return found

    def _mount(self, receiver: Value, word: str, fn: Fn, i: int) -> None:
        if word == "addHook":
            arguments = Arguments(self.evaluator, fn, i)
            for value in arguments.positional[1:]:
                self.mounts.before(receiver, value, (fn, i))
        elif word != "add_middleware":
            self.mounts.use(receiver, word, fn, i)

    def _route_call(self, framework: Framework, routes: Routes, word: str, fn: Fn, i: int, given: Arguments | None = None) -> bool:
        """Whether a call declares a route. ``given``: its arguments where a row of a table says them."""
        body = self.program.body(fn)
        callee = body.args(i)[0]
        dotted = any(n.startswith(".") for n in routes.names)
        receiver: Value | None = None
        certain: bool | None = True
        if dotted and body.op[callee] in (Op.FIELD, Op.INDEX):
            receiver = self.evaluator.value(fn, body.args(callee)[0])
            certain = self._is_router(receiver, routes.receivers)
        elif not named(self.evaluator.value(fn, callee), routes.names):
            return False
        if certain is False:
            return False
        arguments = given or Arguments(self.evaluator, fn, i)
        through_route = routes.path == "route" and any(".route." in n for n in routes.names)
        before = self._route_before(fn, callee)
        if through_route != (before is not None) and (before is not None or dotted):
            return False
        if through_route:
            path = before
        elif routes.path:
            path = next((path_text(v) for v in arguments.at(routes.path)), None)
        else:
            path = _by_place(routes, fn)
        found = [h for v in arguments.first(routes.handler) for one in (v, *functions_in(v)) for h in handlers(self.evaluator, one)]
        if (
            not found
            and path is not None
            and receiver is not None
            and self._class_views(framework, routes, arguments, path, receiver, (fn, i))
        ):
            return True
        if not found and not through_route and len(arguments.positional) == 1:
            return False
        if not found and path and receiver is not None and certain:
            self.mounts.pass_on(receiver, routes.verbs.get(word, "ANY"), path, fn, i)
        if certain is None and (path is None or not found or not _PATH.match(path)):
            return False
        guards = tuple(g for place in routes.guards for v in arguments.at(place) for g in items(v))
        chained = tuple(place.removeprefix(".") for place in routes.guards if place.startswith("."))
        if chained and receiver is not None:
            guards = (*used_before(self.evaluator, receiver, chained), *guards)
        verb = routes.verbs.get(word)
        methods = (verb,) if verb else _upper(words(arguments.first(routes.methods))) or routes.without_methods or ("ANY",)
        keys = self.mounts.declares(receiver) if receiver is not None else []
        for target, wrappers in found:
            place = (fn.file, body.line[i])
            note = routes.note if routes.role != "public" else ""
            one = Declared(target, path, methods, framework.id, "call", place, (*guards, *wrappers), routes.role, note, certain is True)
            self.routes.append(_Route(one, keys, (fn, i), path or ""))
        return bool(found)

    def _class_views(
        self, framework: Framework, routes: Routes, arguments: Arguments, path: str, receiver: Value, order: tuple[Fn, int]
    ) -> bool:
        place = (order[0].file, self.program.body(order[0]).line[order[1]])
        views = [v for given in arguments.first(routes.handler) for v in self._views(framework, given, place)]
        for target, verb, guards in views:
            one = Declared(target, path, (verb,), framework.id, "call", place, guards, routes.role)
            self.routes.append(_Route(one, self.mounts.declares(receiver), order, path))
        return bool(views)

    def _views(self, framework: Framework, value: Value, place: tuple[str, int]) -> Iterator[tuple[FunctionV, str, tuple[Value, ...]]]:
        """The methods of a class that is given as a view, ``Pay.as_view("pay")``, or an object of it as a resource, ``Pay()``, by their
        verbs, with what its members put before them."""
        for option in options(value):
            for cls in [option.cls] if isinstance(option, Instance) else self._viewed(option):
                for routes in (r for r in framework.routes if r.style == "class"):
                    guards = members(self.wiring, cls, routes.guards)
                    for name, verb in routes.verbs.items():
                        if target := self.wiring.method(cls, name, place):
                            yield target, verb, guards

    def _viewed(self, value: Value) -> list[ClassId]:
        """The classes whose ``as_view()`` a value is."""
        if not isinstance(value, Result) or value.instr < 0:
            return []
        body = self.program.body(value.fn)
        callee = body.args(value.instr)[0]
        if body.op[callee] != Op.FIELD or body.name(callee) != "as_view":
            return []
        return [g.cls for g in options(self.evaluator.value(value.fn, body.args(callee)[0])) if isinstance(g, ClassV)]

    def _route_before(self, fn: Fn, callee: int) -> str | None:
        """The path given to ``route()`` earlier in the chain."""
        body = self.program.body(fn)
        here = body.args(callee)[0] if body.op[callee] == Op.FIELD else -1
        while here >= 0 and body.op[here] == Op.CALL:
            inner = body.args(here)[0]
            if body.op[inner] != Op.FIELD:
                return None
            if body.name(inner) == "route":
                given = body.call(here)[1]
                return path_text(self.evaluator.value(fn, given[0][1])) if given else None
            here = body.args(inner)[0]
        return None

    def _is_router(self, value: Value, receivers: tuple[str, ...]) -> bool | None:
        """Whether calls on a value declare routes: yes, no, or not known."""
        known: bool | None = False
        for option in options(value):
            verdict = self._one_router(option, receivers)
            if verdict:
                return True
            known = None if verdict is None else known
        return known

    def _one_router(self, value: Value, receivers: tuple[str, ...]) -> bool | None:
        for base in _chain(value):
            if any(fits(r, n) for r in receivers for n in plain_names(base)):
                return True
            if isinstance(base, Instance):
                foreign = self.evaluator.scope.foreign_bases(base.cls)
                return any(fits(r, n) for r in receivers for n in foreign)
        root = _chain(value)[-1]
        if isinstance(root, Param) and isinstance(root.type, External):
            return False
        if isinstance(root, External):
            return None if "." not in root.name and root.name in ("app", "router", "server", "fastify", "api") else False
        return None if isinstance(root, _UNKNOWN) else False

    def _handed_on(self, fn: Fn) -> None:
        """``routes(app)``: a router given to a function of ours."""
        body = self.program.body(fn)
        for i, op in enumerate(body.op):
            if op != Op.CALL:
                continue
            callee, given = body.call(i)
            if not any(k == "" and body.op[v] == Op.NAME for k, v in given):
                continue
            if body.op[callee] == Op.FIELD and body.name(callee) in self._mounting:
                continue
            for number, (key, argument) in enumerate(given):
                if key or body.op[argument] != Op.NAME:
                    continue
                value = self.evaluator.value(fn, argument)
                if self._is_router(value, self._receivers) is not True:
                    continue
                for option in options(self.evaluator.value(fn, callee)):
                    for target, _ in handlers(self.evaluator, option):
                        shift = 1 if target.this is not None and self.program.language(target.fn.file) == "python" else 0
                        for parent in self.mounts.keys(value):
                            self.mounts.give(parent, target.fn, number + shift, (fn, i))

    # --- decorators

    def _decorate(self, fn: Fn, i: int) -> None:
        body = self.program.body(fn)
        _, number, applied = body.args(i)
        callee = body.args(applied)[0] if body.op[applied] == Op.CALL else applied
        if body.op[callee] not in (Op.FIELD, Op.NAME):
            return
        word = body.name(callee)
        target = self.wiring.handler(Fn(fn.file, number), (fn.file, body.line[i]))
        if body.op[callee] == Op.FIELD and word in _BEFORE and word in self._mounting:
            hooked = self.evaluator.value(fn, body.args(callee)[0])
            for j in (j for j, op in enumerate(body.op) if op == Op.DECORATE and body.args(j)[:2] == body.args(i)[:2]):
                guard = target if j == i else self.evaluator.value(fn, body.args(j)[2])  # `@login_required` of the hook guards as it does
                self.mounts.before(hooked, guard, (fn, j))
            return
        for framework, routes in self._decorators.get(word, ()):
            dotted = any(n.startswith(".") and n.rpartition(".")[2] == word for n in routes.names) and body.op[callee] == Op.FIELD
            receiver = self.evaluator.value(fn, body.args(callee)[0]) if dotted else None
            arguments = Arguments(self.evaluator, fn, applied)
            path = (
                next((path_text(v) for v in (arguments.at(routes.path) or arguments.at("path") or arguments.at("rule"))), None)
                if routes.path
                else ""
            )
            if receiver is not None:
                certain = self._is_router(receiver, routes.receivers) if routes.receivers else True
                if certain is False or (certain is None and routes.role == "public" and path is None):
                    continue
                if routes.receivers and certain is None and not _plausible(receiver, path, routes):
                    continue
            elif not named(self.evaluator.value(fn, callee), routes.names):
                continue
            verb = routes.verbs.get(word)
            otherwise = routes.without_methods or (("NONE",) if routes.role == "internal" else ("ANY",))
            methods = (verb,) if verb else _upper(words(arguments.first(routes.methods))) or otherwise
            guards = tuple(g for place in routes.guards for v in arguments.at(place) for g in items(v))
            role = routes.role
            one = Declared(
                target, path if routes.path else None, methods, framework.id, "decorator", (fn.file, body.line[i]), guards, role,
                routes.note if role != "public" else "", True, frozenset({(fn, i)}),
            )  # fmt: skip
            self.routes.append(_Route(one, self.mounts.declares(receiver) if receiver is not None else [], (fn, i), path or ""))
            return


def _by_place(routes: Routes, fn: Fn) -> str:
    """The path of a function that a platform serves below the folder in which it lies; none when it lies elsewhere."""
    return file_route(routes, fn.file) if any(f"/{root}/" in f"/{fn.file}" for root in routes.root) else ""


def _chain(value: Value) -> list[Value]:
    """A value and what the calls that made it were made on, outermost first."""
    out = [value]
    while isinstance(value, Result) and isinstance(value.callee, Member) and len(out) < 20:
        value = value.callee.base
        out.append(value)
    return out


def _plausible(receiver: Value, path: str | None, routes: Routes) -> bool:
    """A decorator on an object that is not known declares a route when it names a path, or when its own name says so."""
    if routes.role != "public":
        return any(strip(n).lstrip("?").rpartition(".")[2] in ("app", "celery", "celery_app", "scheduler", "huey") for n in names(receiver))
    return path is not None and path[:1] in ("/", "")


def _upper(found: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(w.upper() for w in found if w)
