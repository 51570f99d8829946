"""Mongoose schemas. Their bounds (``min: 0``) are checked by the application on ``save`` alone; MongoDB itself knows unique indexes."""

import re
from collections.abc import Iterator

from tillproof.commerce.schema.changes import Change
from tillproof.commerce.schema.code import Call, Code, Entry, Node
from tillproof.commerce.schema.readers.reader import Reader
from tillproof.commerce.schema.tables import Column, Unique
from tillproof.commerce.schema.types import kind_of
from tillproof.flow.program import Fn
from tillproof.flow.values import options
from tillproof.ir.ops import Op

_DEPTH = 4
_DECORATORS = "@nestjs/mongoose."


def read(code: Code, file: str) -> Iterator[Change]:
    for fn in code.program.functions_calling(file, {"schema"}):
        for call in code.calls(fn):
            if call.word == "Schema" and call.args and _is_mongoose(code, call):
                yield _schema(code, fn, call)


def _is_mongoose(code: Code, call: Call) -> bool:
    if any(n.startswith(_DECORATORS) for n in call.names):
        return False  # `@Schema({ timestamps: true })` above a class, whose fields are told by decorators of their own
    return any("mongoose" in n.lower() for n in call.names) or any(
        i.module == "mongoose" for i in code.program.indices[call.node.fn.file].imports
    )


def _schema(code: Code, fn: Fn, call: Call) -> Change:
    file = fn.file
    variables = code.variables(call.node)
    models = _models(code, call, variables)
    stem = file.rpartition("/")[2].partition(".")[0]
    name = models[0] if models else next((v.removesuffix("Schema").removesuffix("schema") for v in variables), "") or stem
    change = Change("declare", name, file, code.line(call.node), "mongoose", documents=True)
    change.names = [*models, *variables, *(v.removesuffix("Schema") for v in variables)]
    entries, change.open = code.entries(call.args[0])
    for entry in entries:
        change.columns += _fields(code, entry, "", 0)
    settings = code.record(call.args[1]) if len(call.args) > 1 else {}
    if code.is_true(settings.get("optimisticConcurrency")):
        change.columns.append(Column("__v", file, change.line, change.line, "Number", "integer", version=True))
    for index in _on_variables(code, fn, variables, "index"):
        columns = tuple(e.key for e in code.entries(index.args[0])[0]) if index.args else ()
        given = code.record(index.args[1]) if len(index.args) > 1 else {}
        if columns and code.is_true(given.get("unique")):
            partial = "partialFilterExpression" in given or code.is_true(given.get("sparse"))
            change.uniques.append(Unique(columns, file, code.line(index.node), where="partial" if partial else ""))
    return change


def _models(code: Code, schema: Call, variables: list[str]) -> list[str]:
    """The names under which models of a schema are made, in its file or where it is imported."""
    files = [schema.node.fn.file, *(f for v in variables for f in code.program.mentioning(v) if f != schema.node.fn.file)]
    out: list[str] = []
    for file in dict.fromkeys(files):
        if b"model" not in code.program.sources[file]:
            continue
        for fn in code.program.functions_calling(file, {"model", "discriminator"}):
            for call in code.calls(fn):
                if call.word in ("model", "discriminator") and len(call.args) > 1 and _is_of(code, call.args[1], schema):
                    out += [t for t in (code.text(call.args[0]), *code.variables(call.node)) if t]
                    if len(call.args) > 2 and (collection := code.text(call.args[2])):
                        out.append(collection)
    return list(dict.fromkeys(out))


def _is_of(code: Code, node: Node, schema: Call) -> bool:
    place = (schema.node.fn.file, code.line(schema.node))
    return code.resolve(node) == schema.node or any(o.at == place for o in options(code.value(node)))


def _on_variables(code: Code, fn: Fn, variables: list[str], word: str) -> Iterator[Call]:
    body = code.program.body(fn)
    for call in code.calls(fn):
        callee = body.args(call.node.i)[0]
        if call.word == word and body.op[callee] == Op.FIELD:
            holder = body.args(callee)[0]
            if body.op[holder] == Op.NAME and body.name(holder) in variables:
                yield call


def _fields(code: Code, entry: Entry, prefix: str, depth: int) -> Iterator[Column]:
    """A field, and those of the documents in it, by dotted path."""
    node = code.resolve(entry.value)
    path = prefix + entry.key
    if code.op(node) == Op.LIST:
        items = code.elements(node)
        if items and depth < _DEPTH:
            yield from _fields(code, Entry(entry.key, items[0], entry.at), prefix, depth + 1)
        return
    inner = code.call(node)
    if inner is not None and inner.word == "Schema" and inner.args:
        yield from _below(code, inner.args[0], path, depth)
        return
    if code.op(node) != Op.RECORD:
        yield _column(code, path, entry, node, {})
        return
    given = code.record(node)
    if not code.entries(node)[0]:  # `transaction_id: {}` holds anything
        yield _column(code, path, entry, node, {})
        return
    of = given.get("type")
    resolved = code.resolve(of) if of is not None else None
    if resolved is None or (code.op(resolved) == Op.RECORD and "type" in code.record(resolved)):
        yield from _below(code, node, path, depth)
    elif code.op(resolved) in (Op.RECORD, Op.LIST) or (code.call(resolved) is not None and code.op(resolved) == Op.NEW):
        yield from _fields(code, Entry(entry.key, resolved, entry.at), prefix, depth + 1)
    else:
        yield _column(code, path, entry, resolved, given)


def _below(code: Code, node: Node, path: str, depth: int) -> Iterator[Column]:
    if depth < _DEPTH:
        for entry in code.entries(node)[0]:
            yield from _fields(code, entry, path + ".", depth + 1)


def _column(code: Code, path: str, entry: Entry, of: Node, given: dict[str, Node]) -> Column:
    word = code.text(of) or code.sql(of)
    column = Column(path, entry.at.fn.file, code.line(entry.at), max(code.line(entry.at), code.end_line(entry.value)), word, kind_of(word))
    if word == "Number":
        column.kind = "float"  # a double, whatever is meant
    column.unique = code.is_true(given.get("unique"))
    column.nullable = not code.is_true(given.get("required"))
    column.default = code.default(given.get("default"))
    if "min" in given:
        column.minimum = (code.texts(given["min"]) or ("?",))[0]
    return column


MONGOOSE = Reader("javascript", (b"mongoose",), (re.compile(rb"\bSchema\s*(?:<[^()]*>)?\("),), read)
