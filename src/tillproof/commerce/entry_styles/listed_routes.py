"""Routes that a file lists as records, each with its handler by the names of a controller's file and method: Strapi's ``order.pay``."""

import posixpath
from collections.abc import Iterator

from tillproof.commerce.entry_styles.arguments import Arguments, entries, handlers, items, words
from tillproof.commerce.entry_styles.wiring import Declared, Wiring, path_expression
from tillproof.flow.values import FunctionV, Place, Result, Value, constant, options
from tillproof.knowledge.schema import Framework, Routes

_ENDINGS = (".js", ".ts", ".mjs")


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
    for row in (row for listed in _under(wiring, file, routes.names[0], (file, 1)) for row in items(listed)):
        path = next((t for v in entries(row, routes.path) if (t := constant(v)) is not None), None)
        named = next((t for key in routes.handler for v in entries(row, key) if (t := constant(v)) is not None), None)
        if path is None or named is None:
            continue
        methods = tuple(w.upper() for key in routes.methods for w in words(list(entries(row, key)))) or ("ANY",)
        for target in _targets(wiring, routes, file, named, row):
            yield Declared(target, path, methods, framework.id, "table", row.at)


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
        if isinstance(option, Result) and option.instr >= 0:
            given = Arguments(wiring.evaluator, option.fn, option.instr)
            yield from (v for held in (*given.at("1()"), *given.at("1")) for v in entries(held, key))
