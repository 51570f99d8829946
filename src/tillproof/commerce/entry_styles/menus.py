"""Paths that a function gives as a table, with the name of the function behind each: Drupal 7's ``hook_menu``."""

import re
from collections.abc import Iterator

from tillproof.commerce.entry_styles.arguments import entries
from tillproof.commerce.entry_styles.callables import php_callables
from tillproof.commerce.entry_styles.wiring import Declared, Wiring
from tillproof.flow.program import Fn
from tillproof.flow.values import Overlay, Record, Seq, Value, constant, options
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Framework, Role, Routes

_RULES = re.compile(r"administer|configure|manage")
_ANYBODY = ("access content", "access checkout")


def declared(wiring: Wiring) -> Iterator[Declared]:
    """The paths of all functions whose names end as a pack says."""
    for frameworks, files in wiring.active.files():
        for framework in frameworks:
            for routes in framework.routes:
                if routes.style == "menu":
                    for file in files:
                        yield from _in_file(wiring, framework, routes, file)


def _in_file(wiring: Wiring, framework: Framework, routes: Routes, file: str) -> Iterator[Declared]:
    for number, function in enumerate(wiring.program.indices[file].functions):
        if not function.name.endswith(routes.names) or routes.handler[0].encode() not in wiring.program.sources[file]:
            continue
        fn = Fn(file, number)
        body = wiring.program.body(fn)
        for i in (body.args(i)[0] for i, op in enumerate(body.op) if op == Op.RETURN):
            for path, row in _rows(wiring.evaluator.value(fn, i)) if i >= 0 else ():
                yield from _row(wiring, framework, routes, fn, path, row)


def _rows(value: Value) -> Iterator[tuple[str | None, Value]]:
    """Keys and entries of a table, those that were written into it later too."""
    for table in options(value):
        if isinstance(table, Record):
            yield from table.entries
        elif isinstance(table, Overlay):
            yield from _rows(table.base)
            yield from ((key, entry) for key, entry, _ in table.writes)


def _row(wiring: Wiring, framework: Framework, routes: Routes, fn: Fn, path: str | None, row: Value) -> Iterator[Declared]:
    for named in entries(row, routes.handler[0]):
        for target, wrappers in php_callables(wiring, named, fn):
            route = "/" + (path or "").lstrip("/")
            yield Declared(target, route, ("ANY",), framework.id, "table", row.at, wrappers, _least(row, routes.guards, route))


def _least(row: Value, guards: tuple[str, ...], route: str) -> Role:
    """The least that a caller must be: by the permission that is asked for, or by a function of its own that decides. Below ``/admin``
    whoever has one that is not everybody's is staff."""
    asked = [v for key in guards for v in entries(row, key)]
    told = [t for v in asked for item in (v.items if isinstance(v, Seq) else (v,)) if (t := constant(item)) is not None]
    plain = [t.lower() for t in told if t.lower() not in ("user_access", "true", "1")]
    if all(t in _ANYBODY for t in plain):
        return "public"
    return "staff" if route.startswith("/admin/") or any(_RULES.search(t) for t in plain) else "customer"
