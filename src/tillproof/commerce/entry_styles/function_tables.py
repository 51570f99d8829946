"""Functions of a cloud that a table of its deployment names: the Serverless Framework's ``functions``, the resources of AWS SAM.

A handler is named by the path of its file and what that exports, ``handlers/orders.create``; what sets it off stands beside it.
"""

import posixpath
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from tillproof.commerce.entry_styles.arguments import handlers
from tillproof.commerce.entry_styles.data_files import Record, records
from tillproof.commerce.entry_styles.wiring import Declared, Wiring, path_expression
from tillproof.flow.values import FunctionV, Place, Value
from tillproof.knowledge.schema import Framework, Role, Routes

_HTTP = ("http", "httpApi", "websocket", "alb")
_SAM_HTTP = ("Api", "HttpApi")
_ENDINGS = {"javascript": (".js", ".ts", ".mjs", ".cjs", ".mts", ".tsx", ".jsx"), "python": (".py",)}
_NOBODY = ("none", "aws_iam")


class _Way(NamedTuple):
    """What sets a function off: a request, whose path and method may be told, or an event of the cloud (no methods)."""

    route: str | None
    methods: tuple[str, ...]
    least: Role


_EVENT = _Way(None, ("NONE",), "internal")


def declared(wiring: Wiring) -> Iterator[Declared]:
    """Functions of all tables that a pack names."""
    for frameworks, files in wiring.active.files():
        for framework in frameworks:
            for routes in framework.routes:
                if routes.style == "functions" and files:
                    yield from _tables(wiring, framework, routes, files[0])


def _tables(wiring: Wiring, framework: Framework, routes: Routes, example: str) -> Iterator[Declared]:
    unit = wiring.program.unit(example)
    for path, file in sorted(wiring.program.files.items()):
        if file.unit != unit or file.language != "yaml" or file.role == "test":
            continue
        if any(path_expression(p).match("/" + path) for p in routes.files) and (text := wiring.text(path)) is not None:
            for record in records(path, text):
                yield from _function(wiring, framework, path, record)


def _function(wiring: Wiring, framework: Framework, table: str, record: Record) -> Iterator[Declared]:
    sam = isinstance(record.get("Properties.Handler"), str)
    named = record.get("Properties.Handler") if sam else record.get("handler")
    if not isinstance(named, str):
        return
    place = (table, int(record.get("") or 1))
    folder = str(record.get("Properties.CodeUri") or "").lstrip("/") if sam else ""
    ways = list(dict.fromkeys(_sam_ways(record) if sam else _ways(record))) or [_EVENT]
    for target, wrappers in _targets(wiring, framework, table, folder, named, place):
        for way in ways:
            yield Declared(target, way.route, way.methods, framework.id, "table", place, wrappers, way.least)


def _targets(
    wiring: Wiring, framework: Framework, table: str, folder: str, named: str, place: Place
) -> list[tuple[FunctionV, tuple[Value, ...]]]:
    """The functions that a name leads to: below the folder of the table, or of what is packed for it."""
    module, _, export = named.lstrip("/").rpartition(".")
    for spelt in (module, module.replace(".", "/")):
        base = posixpath.normpath(posixpath.join(posixpath.dirname(table), folder, spelt))
        for ending in _ENDINGS.get(framework.language, ()):
            if (file := base + ending) in wiring.program.indices:
                return handlers(wiring.evaluator, wiring.evaluator.scope.exported(file, export, place))
    return []


def _ways(record: Record) -> Iterator[_Way]:
    """The events of a function of the Serverless Framework."""
    if record.get("url"):
        yield _Way("/", ("ANY",), "public")
    events = record.get("events")
    for event in events if isinstance(events, list) else ():
        told = next(((k, event[k]) for k in _HTTP if k in event), None) if isinstance(event, dict) else None
        if told is None:
            yield _EVENT
            continue
        said = told[1]
        if isinstance(said, str):  # ``http: POST /orders``
            method, _, path = said.strip().partition(" ")
            yield _way(path.strip() if path else None, method if path else "*", None)
        elif isinstance(said, dict):
            yield _way(said.get("path"), said.get("method"), said.get("authorizer") or said.get("private"))


def _sam_ways(record: Record) -> Iterator[_Way]:
    """The events of a function of SAM, and the address of its own."""
    if isinstance(record.get("Properties.FunctionUrlConfig"), dict):
        yield _Way("/", ("ANY",), "customer" if record.get("Properties.FunctionUrlConfig.AuthType") == "AWS_IAM" else "public")
    events = record.get("Properties.Events")
    for event in events.values() if isinstance(events, dict) else ():
        if not isinstance(event, dict):
            continue
        said = event.get("Properties")
        if event.get("Type") in _SAM_HTTP and isinstance(said, dict):
            auth = said.get("Auth")
            yield _way(said.get("Path"), said.get("Method"), auth.get("Authorizer") if isinstance(auth, dict) else None)
        else:
            yield _EVENT


def _way(path: Any, method: Any, authorizer: Any) -> _Way:
    known = isinstance(path, str) and path not in ("", "*", "$default")
    route = "/" + re.sub(r"\+\}", "}", path).lstrip("/") if known else "/"
    word = str(method or "*").upper()
    asks = bool(authorizer) and str(authorizer).lower() not in _NOBODY
    return _Way(route, ("ANY",) if word in ("*", "ANY", "$DEFAULT") else (word,), "customer" if asks else "public")
