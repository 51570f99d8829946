"""TypeORM without decorators: ``new EntitySchema({…})``, and the tables that its migrations build."""

import re
from collections.abc import Iterator

from tillproof.commerce.schema.changes import Change
from tillproof.commerce.schema.code import Call, Code, Node
from tillproof.commerce.schema.readers.builders import goes_down
from tillproof.commerce.schema.readers.reader import Reader
from tillproof.commerce.schema.readers.settings import apply_settings
from tillproof.commerce.schema.tables import Check, Column, Unique

_CALLS = {
    "entityschema", "createtable", "addcolumn", "addcolumns", "createcheckconstraint", "createuniqueconstraint", "createindex", "droptable",
    "dropcolumn", "renametable", "renamecolumn", "dropcheckconstraint", "dropuniqueconstraint",
}  # fmt: skip


def read(code: Code, file: str) -> Iterator[Change]:
    for fn in code.program.functions_calling(file, _CALLS):
        if goes_down(code, fn):
            continue
        for call in code.calls(fn):
            if call.word == "EntitySchema" and call.args:
                yield _schema(code, call)
            elif call.args and any(n.lower().rpartition(".")[0].endswith("runner") for n in call.names):
                yield from _step(code, call)


def _schema(code: Code, call: Call) -> Change:
    given = code.record(call.args[0])
    name = code.text(given.get("name")) or ""
    change = Change("declare", code.text(given.get("tableName")) or name, call.node.fn.file, code.line(call.node), "typeorm", names=[name])
    entries, change.open = code.entries(given.get("columns") or given.get("properties"))
    for entry in entries:
        column = Column(entry.key, change.file, code.line(entry.at), max(code.line(entry.at), code.end_line(entry.value)))
        apply_settings(code, column, code.record(entry.value))
        change.columns.append(column)
    _constraints(code, given, change)
    return change


def _constraints(code: Code, given: dict[str, Node], change: Change) -> None:
    for node in code.elements(given.get("checks")):
        change.checks.append(_check(code, node, change.file))
    for node in [*code.elements(given.get("uniques")), *code.elements(given.get("indices"))]:
        unique = _unique(code, node, change.file)
        if unique is not None:
            change.uniques.append(unique)


def _settings(code: Code, node: Node) -> dict[str, Node]:
    """The record of a constraint or column, also inside ``new TableCheck({…})``."""
    made = code.call(code.resolve(node))
    return code.record(made.args[0] if made is not None and made.args else node)


def _check(code: Code, node: Node, file: str) -> Check:
    given = _settings(code, node)
    return Check(code.sql(given.get("expression") or node), file, code.line(node), code.text(given.get("name")) or "")


def _unique(code: Code, node: Node, file: str) -> Unique | None:
    given = _settings(code, node)
    made = code.call(code.resolve(node))
    index = "isUnique" in given or (made is not None and made.word == "TableIndex")
    columns = code.texts(given.get("columnNames") or given.get("columns"))
    if not columns or (index and not code.is_true(given.get("isUnique"))):
        return None
    return Unique(columns, file, code.line(node), code.text(given.get("name")) or "", code.text(given.get("where")) or "")


def _column(code: Code, node: Node) -> Column | None:
    given = _settings(code, node)
    name = code.text(given.get("name"))
    if name is None:
        return None
    column = Column(name, node.fn.file, code.line(node), code.end_line(node))
    apply_settings(code, column, given)
    return column


def _step(code: Code, call: Call) -> Iterator[Change]:
    file, line = call.node.fn.file, code.line(call.node)
    if call.word == "createTable":
        given = _settings(code, call.args[0])
        name = code.text(given.get("name"))
        if name is not None:
            change = Change("create", name, file, line, "typeorm")
            change.columns = [c for n in code.elements(given.get("columns")) if (c := _column(code, n)) is not None]
            _constraints(code, given, change)
            yield change
        return
    table = code.text(call.args[0])
    if table is None:
        return
    change = Change("alter", table, file, line, "typeorm")
    rest = call.args[1] if len(call.args) > 1 else None
    if call.word == "dropTable":
        change.action = "drop"
    elif rest is None:
        return
    elif call.word in ("addColumn", "addColumns"):
        change.columns = [c for n in code.elements(rest) if (c := _column(code, n)) is not None]
    elif call.word == "createCheckConstraint":
        change.checks.append(_check(code, rest, file))
    elif call.word in ("createUniqueConstraint", "createIndex"):
        unique = _unique(code, rest, file)
        change.uniques += [unique] if unique is not None else []
    elif call.word == "dropColumn":
        change.dropped += code.texts(rest)
    elif call.word in ("dropCheckConstraint", "dropUniqueConstraint"):
        change.released += code.texts(rest)
    elif call.word == "renameTable":
        change.action, change.to = "rename", code.text(rest) or ""
    else:
        return
    yield change


_USED = re.compile(rb"EntitySchema\s*(?:<[^()]*>)?\(|[rR]unner\s*\.\s*(?:create|add|drop|rename)\w+\s*\(")
TYPEORM = Reader("javascript", (b"EntitySchema", b"ueryRunner"), (_USED,), read)
