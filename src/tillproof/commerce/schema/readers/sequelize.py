"""Sequelize: models that are defined or initialised with a record of attributes, and its migrations; those of node-pg-migrate, which are
written alike.
"""

import re
from collections.abc import Iterator

from tillproof.commerce.schema.changes import Change
from tillproof.commerce.schema.code import Call, Code, Entry, Node
from tillproof.commerce.schema.readers.builders import goes_down
from tillproof.commerce.schema.readers.reader import Reader
from tillproof.commerce.schema.readers.settings import apply_settings, apply_type, type_words
from tillproof.commerce.schema.tables import Check, Column, Unique
from tillproof.flow.program import ClassId, Fn
from tillproof.flow.values import ClassV, options
from tillproof.ir.ops import Op

_OPERATORS = {"gte": ">=", "gt": ">", "lte": "<=", "lt": "<", "eq": "=", "ne": "<>", "between": "between"}
_STEPS = {
    "createtable", "addcolumn", "addcolumns", "changecolumn", "altercolumn", "removecolumn", "dropcolumn", "dropcolumns", "renamecolumn",
    "addconstraint", "createconstraint", "removeconstraint", "dropconstraint", "addindex", "createindex", "droptable", "renametable",
}  # fmt: skip


def read(code: Code, file: str) -> Iterator[Change]:
    for fn in code.program.functions_calling(file, {"define", "init"}):
        for call in code.calls(fn):
            if call.word == "define" and len(call.args) > 1 and (name := code.text(call.args[0])) is not None:
                change = _model(code, call, name, call.args[1], call.args[2:3])
            elif call.word == "init" and len(call.args) == 2 and _is_model(code, call):
                cls = _class_of(code, call)
                settings = code.record(call.args[1])
                name = code.text(settings.get("modelName")) or (code.program.cls(cls).name if cls else "")
                change = _model(code, call, name, call.args[0], call.args[1:2])
                if change is not None and cls is not None:
                    change.model = cls
                    change.names.append(code.program.cls(cls).name)
            else:
                continue
            if change is not None:
                yield change


def _is_model(code: Code, call: Call) -> bool:
    return "sequelize" in code.record(call.args[1])


def _class_of(code: Code, call: Call) -> ClassId | None:
    """The class whose ``init`` is called, by its name or as ``this`` or ``super`` in a method of its own."""
    body = code.program.body(call.node.fn)
    callee = body.args(call.node.i)[0]
    holder = Node(call.node.fn, body.args(callee)[0]) if body.op[callee] == Op.FIELD else None
    if holder is None:
        return None
    found = next((o.cls for o in options(code.value(holder)) if isinstance(o, ClassV)), None)
    return found or code.program.method_class(call.node.fn)


def _model(code: Code, call: Call, name: str, attributes: Node, rest: list[Node]) -> Change | None:
    entries, more = code.entries(attributes)
    columns = [c for e in entries if (c := _column(code, e)) is not None]
    settings = code.record(rest[0]) if rest else {}
    if not columns or not name:
        return None
    table = code.text(settings.get("tableName")) or name
    change = Change("declare", table, call.node.fn.file, code.line(call.node), "sequelize", columns, names=[name], open=more)
    change.names += code.variables(call.node)
    version = settings.get("version")
    if version is not None and code.text(version) != "false":
        named, line = code.text(version), code.line(version)
        own = "version" if named in (None, "true") else named
        change.columns.append(Column(own or "version", change.file, line, line, "INTEGER", "integer", version=True))
    for node in code.elements(settings.get("indexes")):
        index = code.record(node)
        if code.is_true(index.get("unique")):
            where = "partial" if "where" in index else ""
            change.uniques.append(Unique(code.texts(index.get("fields")), change.file, code.line(node), where=where))
    return change


def _column(code: Code, entry: Entry) -> Column | None:
    """An attribute: a type alone, or a record with ``type``; None for what is neither."""
    node = code.resolve(entry.value)
    at = entry.at
    column = Column(entry.key, at.fn.file, code.line(at), max(code.line(at), code.end_line(entry.value)))
    if code.op(node) == Op.RECORD:
        given = code.record(node)
        if "type" not in given:
            return None
        apply_settings(code, column, given)
        column.attribute, column.name = entry.key, code.text(given.get("field")) or entry.key
        if "references" in given and column.kind == "other":
            column.kind = "reference"
        return column
    if not type_words(code, node):
        return None
    apply_type(code, column, node)
    return column


# --- migrations


def read_migration(code: Code, file: str) -> Iterator[Change]:
    for fn in code.program.functions_calling(file, _STEPS):
        if not goes_down(code, fn):
            for call in code.calls(fn):
                if call.word.lower() in _STEPS and call.args:
                    yield from _step(code, fn, call)


def _step(code: Code, fn: Fn, call: Call) -> Iterator[Change]:
    table = code.text(call.args[0]) or code.text(code.record(call.args[0]).get("tableName"))
    rest = call.args[1:]
    if not table:
        return
    change = Change("alter", table, fn.file, code.line(call.node), "sequelize")
    first = code.text(rest[0]) if rest else None
    if call.word == "createTable" and rest:
        change.action = "create"
        entries, change.open = code.entries(rest[0])
        change.columns = [c for e in entries if (c := _column(code, e)) is not None]
        _keys(code, rest[1:2], change)
        if not change.columns:
            return  # another library's way to say the same
    elif call.word in ("addColumn", "changeColumn") and first and len(rest) > 1:
        column = _column(code, Entry(first, rest[1], call.node))
        change.columns += [column] if column is not None else []
    elif call.word in ("addColumn", "addColumns") and rest:
        change.columns += [c for e in code.entries(rest[0])[0] if (c := _column(code, e)) is not None]
    elif call.word in ("removeColumn", "dropColumn", "dropColumns") and rest:
        change.dropped += code.texts(rest[0])
    elif call.word == "renameColumn" and first and len(rest) > 1:
        change.renamed.append((first, code.text(rest[1]) or ""))
    elif call.word in ("removeConstraint", "dropConstraint") and first:
        change.released.append(first)
    elif call.word in ("addConstraint", "createConstraint") and first and len(rest) > 1:
        _named_constraint(code, first, rest[1], change)
    elif call.word in ("addConstraint", "addIndex", "createIndex") and rest:
        _constraint(code, call, rest, change)
    elif call.word == "dropTable":
        change.action = "drop"
    elif call.word == "renameTable" and first:
        change.action, change.to = "rename", first
    else:
        return
    yield change


def _named_constraint(code: Code, name: str, node: Node, change: Change) -> None:
    """``pgm.addConstraint('stock', 'positive', 'CHECK (qty >= 0)')``, or ``{ check: 'qty >= 0' }``."""
    given = code.record(node)
    line = code.line(node)
    for check in code.texts(given.get("check")) or re.findall(r"(?i)check\s*(\(.*\))", code.text(node) or ""):
        change.checks.append(Check(check, change.file, line, name))
    unique = code.texts(given.get("unique")) or tuple(
        c.strip(' "`') for listed in re.findall(r"(?i)unique\s*\(([^)]*)\)", code.text(node) or "") for c in listed.split(",")
    )
    if unique:
        change.uniques.append(Unique(unique, change.file, line, name))


def _keys(code: Code, rest: list[Node], change: Change) -> None:
    for node in code.record(code.record(rest[0]).get("uniqueKeys")).values() if rest else ():
        change.uniques.append(Unique(code.texts(code.record(node).get("fields")), change.file, code.line(node)))


def _constraint(code: Code, call: Call, rest: list[Node], change: Change) -> None:
    """``addConstraint(table, {fields, type, where})``, or the older ``addConstraint(table, fields, {type})``; ``addIndex`` alike."""
    listed = code.op(code.resolve(rest[0])) == Op.LIST
    given = code.record(rest[1] if listed and len(rest) > 1 else rest[0])
    columns = code.texts(rest[0]) if listed else code.texts(given.get("fields"))
    name = code.text(given.get("name")) or ""
    kind = (code.text(given.get("type")) or "").lower()
    if kind == "check" and "where" in given:
        change.checks.append(Check(where_text(code, given["where"]), change.file, code.line(call.node), name))
    elif kind in ("unique", "primary key") or code.is_true(given.get("unique")):
        where = where_text(code, given["where"]) if "where" in given else ""
        change.uniques.append(Unique(columns, change.file, code.line(call.node), name, where, kind == "primary key"))


def where_text(code: Code, node: Node, column: str = "", depth: int = 0) -> str:
    """A condition that is written as a record: ``{ stock: { [Op.gte]: 0 } }`` is ``stock >= 0``."""
    node = code.resolve(node)
    if code.op(node) != Op.RECORD or depth > 4:
        return code.text(node) or code.sql(node)
    operands = code.program.body(node.fn).args(node.i)
    parts: list[str] = []
    for k, v in zip(operands[::2], operands[1::2], strict=False):
        value = Node(node.fn, v)
        name = code.text(Node(node.fn, k)) or code.sql(Node(node.fn, k)).lstrip("$") if k >= 0 else ""
        if name in _OPERATORS and column:
            parts.append(f"{column} {_OPERATORS[name]} {' and '.join(code.texts(value)) or code.sql(value)}")
        elif name in ("and", "or"):
            parts.append(f" {name} ".join(where_text(code, e, column, depth + 1) for e in code.elements(value)))
        elif code.op(code.resolve(value)) == Op.RECORD:
            parts.append(where_text(code, value, name or column, depth + 1))
        elif name:
            parts.append(f"{name} = {code.text(value) or '?'}")
    return " AND ".join(p for p in parts if p)


_MODELS = re.compile(rb"\.(?:define|init)\s*(?:<[^()]*>)?\(")
SEQUELIZE = Reader("javascript", (b"sequelize", b"Sequelize", b"DataTypes"), (_MODELS,), read)
_MIGRATES = re.compile(rb"\.(?:(?:create|drop|rename)Table|\w+(?:Columns?|Constraint|Index))\s*\(")
SEQUELIZE_MIGRATION = Reader("javascript", (b"queryInterface", b"QueryInterface", b"Sequelize", b"pgm"), (_MIGRATES,), read_migration)
