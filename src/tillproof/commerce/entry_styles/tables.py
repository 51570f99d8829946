"""Routes listed in a table: Django's urlpatterns with includes, REST routers, resources added to an API."""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from tillproof.commerce.entry_styles import inherited
from tillproof.commerce.entry_styles.arguments import Arguments, handlers, items, path_text, words
from tillproof.commerce.entry_styles.scan import bodies
from tillproof.commerce.entry_styles.wiring import Declared, Wiring, join, named, plain_names
from tillproof.commerce.names import fits
from tillproof.flow.program import ClassId, Fn
from tillproof.flow.values import ClassV, Const, Member, Mix, Result, Seq, Value, constant, options
from tillproof.ir.ops import Kind, Op
from tillproof.knowledge.schema import Framework, Routes

_HTTP = {"get": "GET", "post": "POST", "put": "PUT", "patch": "PATCH", "delete": "DELETE"}
_ITEM_ACTIONS = {"retrieve", "update", "partial_update", "destroy"}


class _Line(NamedTuple):
    """One entry of a table: the call that makes it, and what the pack says of such calls."""

    fn: Fn
    call: int
    framework: Framework
    routes: Routes
    path: str


def declared(wiring: Wiring) -> Iterator[Declared]:
    """Routes of all Python tables."""
    for frameworks, files in wiring.active.files():
        rules = [(f, r) for f in frameworks for r in f.routes if r.style == "table" and r.names]
        if rules and files and wiring.program.language(files[0]) == "python":
            yield from _Tables(wiring, frameworks, rules).all(files)


class _Tables:
    """The tables of one unit."""

    def __init__(self, wiring: Wiring, frameworks: tuple[Framework, ...], rules: list[tuple[Framework, Routes]]) -> None:
        self.wiring = wiring
        self.evaluator = wiring.evaluator
        self.program = wiring.program
        self.frameworks = frameworks
        self.rules = rules
        self.lines: dict[tuple[Fn, int], _Line] = {}
        self.above: dict[tuple[object, ...], list[tuple[_Line, tuple[Value, ...]]]] = defaultdict(list)
        self.classes = [(f, r) for f in frameworks for r in f.routes if r.style == "class"]

    def all(self, files: list[str]) -> Iterator[Declared]:
        last = {n.rpartition(".")[2] for _, r in self.rules for n in r.names}
        for fn in bodies(self.wiring, self.frameworks, files):
            body = self.program.body(fn)
            for i, op in enumerate(body.op):
                if op == Op.CALL and body.op[body.args(i)[0]] in (Op.NAME, Op.FIELD) and body.name(body.args(i)[0]) in last:
                    self._line(fn, i)
        for line in list(self.lines.values()):
            self._includes(line)
        for line in self.lines.values():
            yield from self._views(line)

    def _line(self, fn: Fn, i: int) -> None:
        callee = self.evaluator.value(fn, self.program.body(fn).args(i)[0])
        for framework, routes in self.rules:
            if not named(callee, routes.names):
                continue
            if routes.receivers:
                base = callee.base if isinstance(callee, Member) else callee
                found = plain_names(base)
                if not any(fits(r, n.removesuffix("." + "register")) for r in routes.receivers for n in found):
                    continue
            arguments = Arguments(self.evaluator, fn, i)
            path = next(
                (
                    t
                    for v in [*arguments.at(routes.path), *arguments.at("route"), *arguments.at("prefix")]
                    if (t := path_text(v)) is not None
                ),
                None,
            )
            if path is not None:
                self.lines[fn, i] = _Line(fn, i, framework, routes, _plain_path(path))
            return

    def _includes(self, line: _Line) -> None:
        """What a line includes instead of a view: another table, a list, or a router."""
        body = self.program.body(line.fn)
        for _, argument in body.call(line.call)[1][1:]:
            if body.op[argument] == Op.FIELD and body.name(argument) == "urls":
                self._include(line, self.evaluator.value(line.fn, argument))
            elif body.op[argument] in (Op.LIST, Op.NAME) and line.routes.mounts:
                self._include(line, self.evaluator.value(line.fn, argument), only_lists=True)
            if body.op[argument] != Op.CALL or not named(self.evaluator.value(line.fn, body.args(argument)[0]), line.routes.mounts):
                continue
            for _, inner in body.call(argument)[1][:1]:
                self._include(line, self.evaluator.value(line.fn, inner))

    def _include(self, line: _Line, value: Value, only_lists: bool = False) -> None:
        for option in options(value):
            if isinstance(option, Const) and not only_lists:
                target = self.evaluator.scope.modules.find(line.fn.file, option.text)
                if target:
                    self.above["file", target].append((line, ()))
            elif isinstance(option, Member) and option.name == "urls":
                base = option.base
                if isinstance(base, Result) and base.instr >= 0:
                    self.above["router", base.fn, base.instr].append((line, ()))
            elif getattr(option, "file", None) and not only_lists:
                self.above["file", option.file].append((line, ()))  # type: ignore[attr-defined]
            else:
                for item in _flat(option):
                    if isinstance(item, Result) and (item.fn, item.instr) in self.lines:
                        self.above["line", item.fn, item.instr].append((line, ()))

    def _prefixes(self, line: _Line, depth: int = 0) -> list[str]:
        """The paths before a line, for each way in which its table is included."""
        key: tuple[object, ...] = ("line", line.fn, line.call)
        receiver = self._router(line)
        parents = self.above.get(receiver, []) if receiver else self.above.get(key, []) or self.above.get(("file", line.fn.file), [])
        parents = [p for p in parents if p[0] != line]
        if not parents or depth > 6:
            return [""]
        out = []
        for parent, _ in parents[:3]:
            out += [join(prefix, parent.path) for prefix in self._prefixes(parent, depth + 1)]
        return list(dict.fromkeys(out))[:4]

    def _router(self, line: _Line) -> tuple[object, ...] | None:
        if not line.routes.receivers:
            return None
        callee = self.evaluator.value(line.fn, self.program.body(line.fn).args(line.call)[0])
        base = callee.base if isinstance(callee, Member) else None
        return ("router", base.fn, base.instr) if isinstance(base, Result) else None

    # --- views

    def _views(self, line: _Line) -> Iterator[Declared]:
        body = self.program.body(line.fn)
        given = body.call(line.call)[1]
        places = line.routes.handler
        positional = [v for k, v in given if k == ""]
        instr = next(
            (positional[int(p)] for p in places if p.isdigit() and int(p) < len(positional)),
            next((v for k, v in given if k in places), -1),
        )
        if instr < 0 or self._mounts(line, instr):
            return
        place = (line.fn.file, body.line[line.call])
        for prefix in self._prefixes(line):
            path = join(prefix, line.path)
            for cls, wrappers in self._classes(line.fn, instr):
                yield from self._class_view(line, cls, path, place, wrappers)
            for target, wrappers in handlers(self.evaluator, self._view(line, instr)) if not self._classes(line.fn, instr) else ():
                methods = words(Arguments(self.evaluator, line.fn, line.call).first(line.routes.methods)) if line.routes.methods else ()
                yield Declared(
                    target, path, methods or line.routes.without_methods or ("ANY",), line.framework.id, "table", place, wrappers
                )

    def _mounts(self, line: _Line, instr: int) -> bool:
        """Whether another table stands in the place of a view: ``include([...])``."""
        body = self.program.body(line.fn)
        return body.op[instr] == Op.CALL and named(self.evaluator.value(line.fn, body.args(instr)[0]), line.routes.mounts)

    def _view(self, line: _Line, instr: int) -> Value:
        """What a line names as its view, by a text perhaps: ``url(r"^pay/$", "shop.views.pay")``, or ``"pay"`` in ``patterns("shop.views",
        …)``."""
        value = self.evaluator.value(line.fn, instr)
        if not isinstance(value, Const) or value.kind != Kind.STRING:
            return value
        module, _, name = f"{self._text_before(line)}.{value.text}".strip(".").rpartition(".")
        file = self.evaluator.scope.modules.find(line.fn.file, module) if module else None
        return self.evaluator.scope.exported(file, name, value.at) if file else value

    def _text_before(self, line: _Line) -> str:
        """The text that a list of lines puts before the names of its views."""
        body = self.program.body(line.fn)
        for i in self.evaluator.defuse(line.fn).uses(line.call):
            first = body.call(i)[1][0][1] if body.op[i] == Op.CALL and body.called(i) == "patterns" else -1
            if first >= 0 and (const := body.const(first)) is not None:
                return const[1]
        return ""

    def _classes(self, fn: Fn, i: int, depth: int = 0) -> list[tuple[ClassId, tuple[Value, ...]]]:
        """View classes: given as such, or through ``as_view()``, wrapped or not."""
        body = self.program.body(fn)
        if body.op[i] == Op.CALL and depth < 4:
            callee = body.args(i)[0]
            if body.op[callee] == Op.FIELD and body.name(callee) in ("as_view", "as_asgi"):
                return self._classes(fn, body.args(callee)[0], depth + 1)
            wrapper = self.evaluator.value(fn, callee)
            out = [found for _, a in body.call(i)[1] for found in self._classes(fn, a, depth + 1)]
            return [(cls, (wrapper, *w)) for cls, w in out]
        value = self.evaluator.value(fn, i) if body.op[i] in (Op.NAME, Op.FIELD) else None
        return [(o.cls, ()) for o in options(value) if isinstance(o, ClassV)] if value is not None else []

    def _class_view(self, line: _Line, cls: ClassId, path: str, place: tuple[str, int], wrappers: tuple[Value, ...]) -> Iterator[Declared]:
        bases = self.evaluator.scope.foreign_bases(cls)
        verbs: dict[str, str] = {}
        guards: dict[str, None] = {}
        before: dict[str, None] = {}
        for _, routes in self.classes:
            if any(fits(b, base) for b in routes.bases for base in bases):
                verbs.update(routes.verbs)
                guards.update(dict.fromkeys(routes.guards))
                before.update(dict.fromkeys(routes.before))
        from tillproof.commerce.entry_styles.classes import first_of_all, members

        handled = [name for name in verbs or _HTTP if name not in before]
        first = first_of_all(self.wiring, cls, tuple(before), handled, place)
        chain = (*wrappers, *members(self.wiring, cls, tuple(guards)), *first)
        router = bool(line.routes.receivers)
        for name, verb in (verbs or _HTTP).items():
            if first and name in before:
                continue  # what every request passes, on its way to a handler
            if target := self.wiring.method(cls, name, place):
                route = join(path, "{pk}") if router and name in _ITEM_ACTIONS else path
                yield Declared(target, route, (verb,), line.framework.id, "table", place, chain)
        for name, target in inherited.handlers(self.wiring, self.frameworks, cls, place):
            route = join(path, "{pk}") if router and name in _ITEM_ACTIONS else path
            yield Declared(target, route, (verbs.get(name, "ANY"),), line.framework.id, "table", place, chain)
        if router:
            yield from self._actions(line, cls, path, place, chain)

    def _actions(self, line: _Line, cls: ClassId, path: str, place: tuple[str, int], chain: tuple[Value, ...]) -> Iterator[Declared]:
        """Methods of a viewset that are routes of their own by an ``@action`` decorator."""
        for name, fn in self.program.methods(cls).items():
            top = self.wiring.around(fn)
            for i, kind, number in self.wiring.decorations(top):
                if kind or number != fn.number:
                    continue
                value = self.wiring.decorated(top, i)
                if not any(
                    n.endswith(("decorators.action", "decorators.detail_route", "decorators.list_route")) for n in plain_names(value)
                ):
                    continue
                arguments = Arguments(self.evaluator, top, self.program.body(top).args(i)[2])
                detail = any((constant(v) or "").lower() == "true" for v in arguments.at("detail"))
                tail = next((t for v in arguments.at("url_path") if (t := path_text(v))), name)
                methods = tuple(w.upper() for w in words(arguments.at("methods"))) or ("GET",)
                route = join(path, "{pk}", tail) if detail else join(path, tail)
                guards = tuple(g for v in arguments.at("permission_classes") for g in items(v)) or chain
                target = self.wiring.method(cls, name, place)
                if target:
                    yield Declared(target, route, methods, line.framework.id, "table", place, guards, rows=frozenset({(top, i)}))


def _flat(value: Value) -> Iterator[Value]:
    for option in options(value):
        if isinstance(option, Seq):
            for item in option.items:
                yield from _flat(item)
        elif isinstance(option, Mix) and option.op == "+":
            for operand in option.operands:
                yield from _flat(operand)
        else:
            yield option


def _plain_path(path: str) -> str:
    """A path without the anchors of a regular expression."""
    return path.removeprefix("^").removesuffix("$").removesuffix("/?")
