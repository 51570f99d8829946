"""Migrations of PHP frameworks but Laravel: Yii, CodeIgniter, Phinx (CakePHP)."""

import re
from collections.abc import Iterator

from tillproof.commerce.schema.changes import Change
from tillproof.commerce.schema.code import Call, Code, Node
from tillproof.commerce.schema.readers.builders import goes_down, modify
from tillproof.commerce.schema.readers.reader import Reader
from tillproof.commerce.schema.tables import Column, Unique
from tillproof.commerce.schema.types import is_unsigned, kind_of
from tillproof.ir.ops import Op

_CALLS = {"createtable", "addcolumn", "altercolumn", "dropcolumn", "createindex", "addindex", "addfield", "droptable", "addprimarykey"}


def read(code: Code, file: str) -> Iterator[Change]:
    for fn in code.program.functions_calling(file, _CALLS):
        if goes_down(code, fn):
            continue
        waiting: list[Column] = []  # CodeIgniter names the fields first, then the table
        for call in code.calls(fn):
            receiver = next((n.lower() for n in call.names), "")
            if "forge" in receiver:
                yield from _codeigniter(code, call, waiting)
            elif (table := _phinx_table(code, call)) is not None:
                yield from _phinx(code, call, table)
            elif call.args and (name := code.text(call.args[0])) is not None:
                yield from _yii(code, call, re.sub(r"[{}%]", "", name))


def _change(code: Code, call: Call, table: str, source: str) -> Change:
    return Change("alter", table, call.node.fn.file, code.line(call.node), source)


# --- Yii: createTable('{{%stock}}', ['qty' => $this->integer()->unsigned()])


def _yii(code: Code, call: Call, table: str) -> Iterator[Change]:
    change = _change(code, call, table, "yii")
    rest = call.args[1:]
    first = code.text(rest[0]) if rest else None
    if call.word == "createTable" and rest:
        change.action = "create"
        change.columns = [_chained(code, e.key, e.value, e.at) for e in code.entries(rest[0])[0]]
    elif call.word in ("addColumn", "alterColumn") and first and len(rest) > 1:
        change.columns.append(_chained(code, first, rest[1], call.node))
    elif call.word == "dropColumn" and first:
        change.dropped.append(first)
    elif call.word == "dropTable":
        change.action = "drop"
    elif call.word == "createIndex" and len(rest) > 2 and code.is_true(rest[2]):
        change.table = re.sub(r"[{}%]", "", first or "")
        change.uniques.append(Unique(code.texts(rest[1]), change.file, change.line, table))
    else:
        return
    yield change


def _chained(code: Code, name: str, value: Node, at: Node) -> Column:
    """A column that is a chain of calls, or a text of SQL."""
    column = Column(name, at.fn.file, code.line(at), max(code.line(at), code.end_line(value)))
    chain = code.chain(code.resolve(value))
    written = chain[0][0] if chain else code.text(value) or ""
    column.type, column.kind, column.unsigned = written, kind_of(written), is_unsigned(written)
    for word, call in chain[1:]:
        modify(code, column, word.lower(), call)
    return column


# --- CodeIgniter: addField(['qty' => ['type' => 'INT', 'unsigned' => true]]); createTable('stock')


def _codeigniter(code: Code, call: Call, waiting: list[Column]) -> Iterator[Change]:
    if call.word in ("addField", "addColumn") and call.args:
        columns = [_settled(code, e.key, e.value, e.at) for e in code.entries(call.args[-1])[0]]
        if call.word == "addField":
            waiting += columns
            return
        change = _change(code, call, code.text(call.args[0]) or "", "codeigniter")
        change.columns = columns
        yield change
    elif call.word == "createTable" and call.args:
        change = _change(code, call, code.text(call.args[0]) or "", "codeigniter")
        change.action, change.columns = "create", list(waiting)
        waiting.clear()
        yield change


def _settled(code: Code, name: str, value: Node, at: Node) -> Column:
    given = {k.lower(): v for k, v in code.record(value).items()}
    written = code.text(given.get("type")) or ""
    column = Column(name, at.fn.file, code.line(at), max(code.line(at), code.end_line(value)), written, kind_of(written))
    column.unsigned = code.is_true(given.get("unsigned")) or is_unsigned(written)
    column.nullable = code.is_true(given.get("null"))
    column.default = code.default(given.get("default"))
    column.unique = code.is_true(given.get("unique"))
    return column


# --- Phinx: $this->table('stock')->addColumn('qty', 'integer', ['signed' => false])->create()


def _phinx_table(code: Code, call: Call) -> str | None:
    """The table of a chain that begins with ``table('…')``, also through a variable."""
    node = call.node
    for _ in range(60):
        callee = code.operands(node)[0]
        if code.op(callee) != Op.FIELD:
            return None
        node = code.resolve(code.operands(callee)[0])
        inner = code.call(node)
        if inner is None:
            return None
        if inner.word == "table" and inner.args:
            return code.text(inner.args[0])
    return None


def _phinx(code: Code, call: Call, table: str) -> Iterator[Change]:
    change = _change(code, call, table, "phinx")
    given = code.record(call.args[-1]) if len(call.args) > 1 else {}
    name = code.text(call.args[0]) if call.args else None
    if call.word in ("addColumn", "changeColumn") and name and len(call.args) > 1:
        written = code.text(call.args[1]) or ""
        column = Column(name, change.file, change.line, code.end_line(call.args[-1]), written, kind_of(written))
        column.line = code.line(call.args[0])
        column.unsigned = code.text(given.get("signed")) == "false"
        column.nullable = code.is_true(given.get("null"))
        column.default = code.default(given.get("default"))
        change.columns.append(column)
    elif call.word == "addIndex" and code.is_true(given.get("unique")):
        change.uniques.append(Unique(code.texts(call.args[0]), change.file, code.line(call.args[0])))
    elif call.word == "removeColumn" and name:
        change.dropped.append(name)
    else:
        return
    yield change


_DECLARES = re.compile(rb"->\s*(?:createTable|add(?:Column|Field)|alterColumn)\s*\(")
PHP_MIGRATIONS = Reader("php", (b"Migration", b"forge"), (_DECLARES,), read)
