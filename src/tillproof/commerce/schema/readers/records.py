"""Tables as records of chained types: Drizzle's ``pgTable('products', {…})`` and Medusa's ``model.define('product', {…})``."""

import re
from collections.abc import Iterator

from tillproof.commerce.lexicon import snake
from tillproof.commerce.schema.changes import Change
from tillproof.commerce.schema.code import Call, Code, Entry, Node
from tillproof.commerce.schema.readers.reader import Reader
from tillproof.commerce.schema.tables import Check, Column, Unique
from tillproof.commerce.schema.types import kind_of
from tillproof.flow.program import Fn
from tillproof.flow.values import FunctionV, options
from tillproof.ir.ops import Op

_TABLES = ("pgTable", "mysqlTable", "sqliteTable", "table", "singlestoreTable", "cockroachTable", "createTable")
_KEEPS = {"generatedAlwaysAs", "computed"}
_THERE = re.compile(r"`?\s*[\w.]+\s+IS NOT NULL`?", re.IGNORECASE)


def read(code: Code, file: str) -> Iterator[Change]:
    for fn in code.program.functions_calling(file, {*(t.lower() for t in _TABLES), "define"}):
        for call in code.calls(fn):
            drizzle = call.word in _TABLES
            if len(call.args) < 2 or not (drizzle or _is_medusa(call)):
                continue
            change = _table(code, call, drizzle)
            if change is not None:
                yield change


def _is_medusa(call: Call) -> bool:
    return call.word == "define" and any("medusa" in n or n.endswith("model.define") for n in call.names)


def _table(code: Code, call: Call, drizzle: bool) -> Change | None:
    given = code.record(call.args[0])
    name = code.text(call.args[0]) or code.text(given.get("tableName") or given.get("name"))
    entries, more = code.entries(call.args[1])
    columns = [c for e in entries if (c := _column(code, e, drizzle)) is not None]
    if name is None or not columns:
        return None
    source = "drizzle" if drizzle else "medusa"
    change = Change("declare", name, call.node.fn.file, code.line(call.node), source, columns, open=more)
    last = _last_of_chain(code, call.node)
    change.names = code.variables(last)
    if drizzle and len(call.args) > 2:
        for option in options(code.value(call.args[2])):
            if isinstance(option, FunctionV):
                _extras(code, option.fn, change)
    elif not drizzle:
        for word, link in code.chain(last)[1:]:
            _medusa_link(code, word, link, change)
    return change


def _last_of_chain(code: Code, node: Node) -> Node:
    """The whole chain of calls that begins with a call: ``model.define(…).indexes(…).checks(…)``."""
    body = code.program.body(node.fn)
    uses = code.evaluator.defuse(node.fn)
    for _ in range(8):
        field = next((u for u in uses.uses(node.i) if body.op[u] == Op.FIELD), None)
        following = next((u for u in uses.uses(field) if body.op[u] == Op.CALL), None) if field is not None else None
        if following is None:
            return node
        node = Node(node.fn, following)
    return node


def _column(code: Code, entry: Entry, drizzle: bool) -> Column | None:
    chain = code.chain(code.resolve(entry.value))
    if not chain:
        return None
    word, first = chain[0]
    node = chain[-1][1].node
    column = Column(entry.key, entry.at.fn.file, code.line(entry.at), max(code.line(entry.at), code.end_line(node)), word, kind_of(word))
    if word in ("hasMany", "hasOne", "manyToMany", "belongsTo", "references"):
        column.kind = "reference"
    if drizzle and first.args and (named := code.text(first.args[0])) is not None:
        column.attribute, column.name = entry.key, named
    for arg in first.args:
        given = code.record(arg)
        column.unsigned = column.unsigned or code.is_true(given.get("unsigned"))
        if code.text(given.get("mode")) == "boolean":
            column.kind = "boolean"
        elif code.text(given.get("mode")) in ("timestamp", "timestamp_ms"):
            column.kind = "time"
    column.nullable = not any(w in ("notNull", "primaryKey") for w, _ in chain) if drizzle else any(w == "nullable" for w, _ in chain)
    for modifier, call in chain[1:]:
        column.unsigned = column.unsigned or modifier == "unsigned"
        column.unique = column.unique or modifier == "unique"
        column.primary = column.primary or modifier == "primaryKey"
        column.generated = column.generated or modifier in _KEEPS
        if modifier == "default" and call.args:
            column.default = code.default(call.args[0])
    return column


def _extras(code: Code, fn: Fn, change: Change) -> None:
    """The constraints that Drizzle's third argument returns."""
    for call in code.calls(fn):
        line = code.line(call.node)
        if call.word == "check" and len(call.args) > 1:
            change.checks.append(Check(code.sql(call.args[1]), fn.file, line, code.text(call.args[0]) or ""))
        elif call.word == "on":
            made = code.chain(call.node)[0][0]
            if made in ("uniqueIndex", "unique"):
                columns = tuple(code.sql(a) for a in call.args)
                asked = [c.args for w, c in code.chain(_last_of_chain(code, call.node)) if w == "where"]
                said = [code.sql(args[0]) for args in asked if args]
                all_there = bool(said) and all(_THERE.fullmatch(text.strip()) for text in said)  # rows without a value never clash anyway
                where = "partial" if asked and not all_there else ""
                change.uniques.append(Unique(columns, fn.file, line, where=where))
        elif call.word == "primaryKey" and call.args:
            columns = tuple(code.sql(e) for e in code.elements(code.record(call.args[0]).get("columns")))
            change.uniques.append(Unique(columns, fn.file, line, primary=True))


def _medusa_link(code: Code, word: str, call: Call, change: Change) -> None:
    for node in code.elements(call.args[0]) if call.args else ():
        given = code.record(node)
        line = code.line(node)
        if word == "indexes" and code.is_true(given.get("unique")):
            where = "partial" if "where" in given else ""
            change.uniques.append(Unique(tuple(map(snake, code.texts(given.get("on")))), change.file, line, where=where))
        elif word == "checks":
            text = _check_text(code, given.get("expression") or node)
            change.checks.append(Check(text, change.file, line, code.text(given.get("name")) or ""))


def _check_text(code: Code, node: Node) -> str:
    """A check is a text, or a function of the columns that returns one."""
    for option in options(code.value(node)):
        if isinstance(option, FunctionV):
            body = code.program.body(option.fn)
            returned = [Node(option.fn, body.args(i)[0]) for i, op in enumerate(body.op) if op == Op.RETURN and body.args(i)[0] >= 0]
            return " ".join(code.sql(n) for n in returned)
    return code.sql(node)


_DECLARES = re.compile(rb"\b(?:\w+Table|table|define)\s*\(\s*[\"'{]")
RECORDS = Reader("javascript", (b"drizzle-orm", b"medusajs"), (_DECLARES,), read)
