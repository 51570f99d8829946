"""Middleware that stands before the routes of a path or a controller: Medusa's ``defineMiddlewares``, the ``matcher`` of Next.js, what a
module of Nest applies."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from tillproof.commerce.entry_styles.arguments import Arguments, entries, handlers, items, words
from tillproof.commerce.entry_styles.wiring import Declared, Wiring, path_expression
from tillproof.flow.program import TOP, ClassId, Fn
from tillproof.flow.values import ClassV, External, Result, Value, constant, options
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Framework, Routes

_NOTHING = re.compile(r"(?!)")
_VERBS = frozenset(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
_PARAMETER = re.compile(r"/:\w+\*|/:\w+\?|:\w+(?:\((?:[^()]|\([^()]*\))*\))?|\*")


class Guarded(NamedTuple):
    """What stands before the routes of a unit that a pattern fits, or those of ``cls``. No ``methods``: before all of them."""

    unit: str
    framework: str
    pattern: re.Pattern[str]
    methods: tuple[str, ...]
    guards: tuple[Value, ...]
    cls: ClassId | None = None
    besides: tuple[re.Pattern[str], ...] = ()


def is_middleware(routes: Routes) -> bool:
    """Whether a call declares what stands before routes, and no routes."""
    return routes.style == "call" and bool(routes.guards) and routes.guards == routes.handler


def guarded(wiring: Wiring) -> list[Guarded]:
    """All middleware that is declared by the paths that it guards."""
    out: list[Guarded] = []
    for frameworks, files in wiring.active.files():
        for framework in frameworks:
            if framework.applies.by:
                out += _applied(wiring, framework, files)
            for routes in framework.routes:
                if is_middleware(routes):
                    out += _by_call(wiring, framework, routes, files)
                elif routes.style == "file" and routes.path.startswith("config.matcher"):
                    out += _by_file(wiring, framework, routes, files)
    return out


def before(wiring: Wiring, found: list[Guarded], one: Declared) -> tuple[Value, ...]:
    """What stands before a route."""
    unit, owner = wiring.program.unit(one.place[0]), wiring.program.owner(one.target.fn)
    out: list[Value] = []
    for guard in found:
        if guard.unit != unit or guard.framework != one.framework or any(p.fullmatch(one.route or "") for p in guard.besides):
            continue
        fits = guard.cls == owner if guard.cls is not None else one.route is not None and guard.pattern.fullmatch(one.route)
        if fits and (not guard.methods or set(guard.methods) & {*one.methods, "ANY"}):
            out += guard.guards
    return tuple(out)


def _applied(wiring: Wiring, framework: Framework, files: list[str]) -> Iterator[Guarded]:
    """``consumer.apply(Verify).forRoutes(HookController, 'webhooks')``; a path holds for all below it."""
    rule = framework.applies
    for file in (f for f in files if rule.to.encode() in wiring.program.sources[f]):
        for fn in wiring.program.functions_calling_name(file, rule.to):
            body = wiring.program.body(fn)
            for i in (i for i, op in enumerate(body.op) if op == Op.CALL and body.called(i) == rule.to):
                given = {rule.by: list[Value](), rule.besides: list[Value]()}
                here = body.args(i)[0]
                while body.op[here] == Op.FIELD and body.op[chained := body.args(here)[0]] == Op.CALL:
                    if (word := body.called(chained)) in given:
                        given[word] += Arguments(wiring.evaluator, fn, chained).positional
                    here = body.args(chained)[0]
                guards = tuple(g for value in given[rule.by] for g in items(value))
                besides = tuple(p for value in given[rule.besides] for p in _below(value))
                for value in Arguments(wiring.evaluator, fn, i).positional if guards else ():
                    unit, methods = wiring.program.unit(file), tuple(w.upper() for w in words(list(entries(value, "method"))))
                    for option in options(value):
                        if isinstance(option, ClassV):
                            yield Guarded(unit, framework.id, _NOTHING, (), guards, option.cls, besides)
                    for pattern in _below(value):
                        yield Guarded(unit, framework.id, pattern, methods if set(methods) <= _VERBS else (), guards, None, besides)


def _below(value: Value) -> Iterator[re.Pattern[str]]:
    """A path that a text names, or the record of one, with all that lies below it."""
    for path in (*options(value), *entries(value, "path")):
        if (text := constant(path)) is not None:
            made = ".*".join(re.escape(part) for part in re.split(r"\(\.\*\)|\*\w*|:\w+", text.strip("/")))
            yield re.compile(rf"(?:/.*)?/{made}(?:/.*)?")


def _by_call(wiring: Wiring, framework: Framework, routes: Routes, files: list[str]) -> Iterator[Guarded]:
    """``defineMiddlewares({ routes: [{ matcher, method, middlewares }] })``, or the list alone."""
    last = {n.rpartition(".")[2] for n in routes.names}
    for file in files:
        if not any(w.encode() in wiring.program.sources[file] for w in last):
            continue
        top = Fn(file, TOP)
        body = wiring.program.body(top)
        for i, op in enumerate(body.op):
            callee = body.args(i)[0] if op == Op.CALL else -1
            if callee < 0 or body.op[callee] not in (Op.NAME, Op.FIELD) or body.name(callee) not in last:
                continue
            given = Arguments(wiring.evaluator, top, i).positional[:1]
            for value in given:
                listed = [v for r in entries(value, "routes") for v in items(r)] or items(value)
                for item in listed:
                    yield from _one(framework, item, wiring.program.unit(file))


def _one(framework: Framework, item: Value, unit: str) -> Iterator[Guarded]:
    guards = tuple(g for m in entries(item, "middlewares") for g in items(m))
    methods = tuple(w.upper() for key in ("method", "methods") for w in words(list(entries(item, key))))
    for matcher in entries(item, "matcher"):
        text = constant(matcher)
        if text is not None and guards:
            yield from _pattern(unit, framework.id, text, methods, guards)


def _by_file(wiring: Wiring, framework: Framework, routes: Routes, files: list[str]) -> Iterator[Guarded]:
    """The module that runs before the routes that its ``config.matcher`` names; one that asks for the path itself guards none for
    certain."""
    for file in files:
        if not any(path_expression(p).match("/" + file) for p in routes.files) or b"pathname" in wiring.program.sources[file]:
            continue
        at = (file, 1)
        config = wiring.evaluator.scope.exported(file, "config", at)
        matcher = wiring.evaluator.member(config, "matcher", at)
        told = [t for o in options(matcher) for v in items(o) if (t := constant(v)) is not None]
        names = [n for n in routes.verbs if any(e.name == n for e in wiring.program.indices[file].exports)]
        exported = [wiring.evaluator.scope.exported(file, n, at) for n in names]
        own = (f for value in exported for f, _ in handlers(wiring.evaluator, value))
        wrappers = (o for value in exported for o in options(value) if isinstance(o, (Result, External)))  # ``withAuth({ … })``
        guards = (*own, *wrappers)
        for text in told if guards else ():
            yield from _pattern(wiring.program.unit(file), framework.id, text, (), guards)


def _pattern(unit: str, framework: str, text: str, methods: tuple[str, ...], guards: tuple[Value, ...]) -> Iterator[Guarded]:
    """A path with parameters and stars as an expression; none where it cannot be read."""
    made, at = "", 0
    for found in _PARAMETER.finditer(text):
        made += _plain(text[at : found.start()])
        word = found[0]
        made += "(?:/.*)?" if word.startswith("/:") and word.endswith("*") else "(?:/[^/]*)?" if word.endswith("?") else ".*"
        at = found.end()
    try:
        yield Guarded(unit, framework, re.compile(made + _plain(text[at:]) + "/?"), methods, guards)
    except re.error:
        return


def _plain(text: str) -> str:
    """Text between parameters; what stands in parentheses is an expression already."""
    return text if "(" in text else re.escape(text)
