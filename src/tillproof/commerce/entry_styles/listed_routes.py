"""Routes that a file lists as records, each with its handler by the names of a controller's file and method: Strapi's ``order.pay``."""

import posixpath
from collections.abc import Iterator

from tillproof.commerce.entry_styles.arguments import Arguments, entries, handlers, items, words
from tillproof.commerce.entry_styles.wiring import Declared, Wiring, path_expression
from tillproof.flow.values import Const, FunctionV, Place, Result, Seq, Value, constant, options
from tillproof.ir.body import returns
from tillproof.knowledge.schema import Framework, Routes

_ENDINGS = (".js", ".ts", ".mjs")
_STAFF = "admin"
"""The kind of routes that only the panel calls."""


def declared(wiring: Wiring) -> Iterator[Declared]:
    """The routes of all files that a pack names as such lists."""
    for frameworks, files in wiring.active.files():
        for framework in frameworks:
            for routes in framework.routes:
                if routes.style == "list":
                    for file in files:
                        if any(path_expression(p).match("/" + file) for p in routes.files):
                            yield from _in_file(wiring, framework, routes, file)


def _in_file(wiring: Wiring, framework: Framework, routes: Routes, file: str) -> Iterator[Declared]:
    whole = wiring.evaluator.scope.exported(file, "default", (file, 1))
    rows = [row for listed in _under(wiring, file, routes.names[0], (file, 1)) for row in items(listed)]
    kept = _STAFF in words(list(entries(whole, "type")))
    for row in rows or (items(whole) if isinstance(whole, Seq) else ()):
        path = next((t for v in entries(row, routes.path) if (t := constant(v)) is not None), None)
        named = next((t for key in routes.handler for v in entries(row, key) if (t := constant(v)) is not None), None)
        if path is None or named is None:
            continue
        methods = tuple(w.upper() for key in routes.methods for w in words(list(entries(row, key)))) or ("ANY",)
        least = "staff" if kept and not _is_open(row) else routes.role
        for target in _targets(wiring, routes, file, named, row):
            yield Declared(target, path, methods, framework.id, "table", row.at, _before(wiring, routes, file, row), least)


def _is_open(row: Value) -> bool:
    """Whether a line says that nobody is asked who he is, ``config: { auth: false }``."""
    said = (v for held in entries(row, "config") for v in entries(held, "auth"))
    return any(isinstance(v, Const) and v.falsy for v in said)


def _before(wiring: Wiring, routes: Routes, file: str, row: Value) -> tuple[Value, ...]:
    """The middleware and policies that a line names, ``plugin::shop.verifySignature``: a file of theirs, or what the folder exports
    under that name."""
    held = (below for key in routes.guards for folder, _, name in [key.rpartition(".")] for below in _named_in(row, folder, name))
    out: list[Value] = []
    for key, text in held:
        name = text.rpartition(".")[2].rpartition("::")[2]
        base = posixpath.normpath(posixpath.join(posixpath.dirname(file), "..", key))
        for found in (f for f in (f"{base}/{name}{e}" for e in _ENDINGS) if f in wiring.program.indices):
            out.append(wiring.evaluator.scope.exported(found, "default", row.at))
            break
        else:
            index = next((f for f in (f"{base}/index{e}" for e in _ENDINGS) if f in wiring.program.indices), None)
            out += list(_under(wiring, index, name, row.at)) if index else []
    return tuple(out)


def _named_in(row: Value, folder: str, key: str) -> Iterator[tuple[str, str]]:
    """What a line names under a key of its settings, with the key, which is the folder's name as well."""
    for held in entries(row, folder) if folder else (row,):
        yield from ((key, text) for listed in entries(held, key) for text in words(items(listed)))


def _targets(wiring: Wiring, routes: Routes, file: str, named: str, row: Value) -> list[FunctionV]:
    """The functions that a controller beside the list exports under the last of the names."""
    *_, controller, action = ["", *named.rpartition("::")[2].split(".")]
    for folder in routes.root:
        base = posixpath.normpath(posixpath.join(posixpath.dirname(file), "..", folder, controller))
        for found in (base + ending for ending in _ENDINGS if base + ending in wiring.program.indices):
            return [f for v in _under(wiring, found, action, row.at) for f, _ in handlers(wiring.evaluator, v)]
    return []


def _under(wiring: Wiring, file: str, key: str, at: Place) -> Iterator[Value]:
    """What a file exports under a key, in the record that it exports, or in what the function gives that a maker of controllers is
    handed."""
    if any(export.name == key for export in wiring.program.indices[file].exports):
        yield wiring.evaluator.scope.exported(file, key, at)
        return
    value = wiring.evaluator.scope.exported(file, "default", at)
    yield from entries(value, key)
    for option in options(value):
        if isinstance(option, FunctionV):  # ``({ strapi }) => ({ async pay(ctx) { … } })``
            body = wiring.program.body(option.fn)
            made = (wiring.evaluator.value(option.fn, body.args(i)[0]) for i in returns(body) if body.args(i)[0] >= 0)
            yield from (v for held in made for v in entries(held, key))
        elif isinstance(option, Result) and option.instr >= 0:
            given = Arguments(wiring.evaluator, option.fn, option.instr)
            yield from (v for held in (*given.at("1()"), *given.at("1")) for v in entries(held, key))
