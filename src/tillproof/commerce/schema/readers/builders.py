"""Tables built by chained calls on a table object, in a function handed to ``create`` or ``table``: Laravel's Blueprint, Knex, Lucid."""

import re
from collections.abc import Iterator

from tillproof.commerce.schema.changes import Change
from tillproof.commerce.schema.code import Call, Code, Node
from tillproof.commerce.schema.readers.reader import Reader
from tillproof.commerce.schema.tables import Check, Column, Unique
from tillproof.commerce.schema.types import is_positive, is_unsigned, kind_of
from tillproof.flow.program import Fn
from tillproof.flow.values import FunctionV, options
from tillproof.ir.ops import Op
from tillproof.source.kinds import words

_CREATE = ("create", "createtable", "createtableifnotexists", "createifnotexists")
_ALTER = ("table", "altertable")
_STEPS = {*_CREATE, *_ALTER, "rename", "renametable", "drop", "dropifexists", "droptable", "droptableifexists"}
_DOWN = ("down", "rollback", "revert", "safedown")
_NO_COLUMNS = words(
    "index foreign primary unique dropcolumn renamecolumn dropforeign dropunique dropindex dropprimary spatialindex fulltext engine "
    "charset collation comment check inherits droptimestamps dropsoftdeletes dropmorphs dropconstrainedforeignid dropcolumns dropnullable "
    "setnullable rawindex temporary"
)
_IMPLIED = {"id": "id", "timestamps": "created_at", "softdeletes": "deleted_at", "remembertoken": "remember_token"}


def read(code: Code, file: str) -> Iterator[Change]:
    for fn in code.program.functions_calling(file, _STEPS):
        if goes_down(code, fn):
            continue
        for call in code.calls(fn):
            yield from _step(code, call)


def goes_down(code: Code, fn: Fn) -> bool:
    """Whether a function, or one around it, takes a migration back."""
    return any(code.program.name(one).lower() in _DOWN for one in (fn, *code.program.around(fn)))


def _step(code: Code, call: Call) -> Iterator[Change]:
    word = call.word.lower()
    if not any("schema" in n.lower() for n in call.names) or not call.args:
        return
    table = _table(code, call.args[0])
    place = (call.node.fn.file, code.line(call.node))
    source = "laravel" if code.program.language(place[0]) == "php" else "knex"
    if word.startswith("drop"):
        yield Change("drop", table, *place, source)
    elif word.startswith("rename") and len(call.args) > 1:
        yield Change("rename", table, *place, source, to=_table(code, call.args[1]))
    elif (word in _CREATE or word in _ALTER) and len(call.args) > 1:
        for option in options(code.value(call.args[-1])):
            if isinstance(option, FunctionV):
                yield _built(code, option.fn, Change("create" if word in _CREATE else "alter", table, *place, source))


def _table(code: Code, node: Node) -> str:
    """The table's name, without a prefix that is put in from outside."""
    return code.pattern(node).strip("_ ")


def _built(code: Code, fn: Fn, change: Change) -> Change:
    body = code.program.body(fn)
    blueprint = body.params[0].name if body.params else "this"
    for i, op in enumerate(body.op):
        if op != Op.CALL or any(body.op[u] == Op.FIELD for u in code.evaluator.defuse(fn).uses(i)):
            continue  # only the last call of a chain
        root = code.root(Node(fn, i))
        if code.op(root) == Op.NAME and body.name(root.i) == blueprint:
            _line(code, code.chain(Node(fn, i)), change)
    return change


def _line(code: Code, chain: list[tuple[str, Call]], change: Change) -> None:
    word, first = chain[0]
    if word.lower() in _NO_COLUMNS:
        _of_table(code, word.lower(), first, change)
        return
    names = [code.text(first.args[0])] if first.args else [_IMPLIED.get(word.lower())]
    name = names[0]
    if not name:
        change.open = change.open or word.lower() not in _IMPLIED
        return
    place = first.node.fn.file, code.line(first.node), code.end_line(chain[-1][1].node)
    written = (code.text(first.args[1]) or word) if word == "specificType" and len(first.args) > 1 else word
    column = Column(name, *place, written, kind_of(written), is_positive(word) or is_unsigned(written))
    for modifier, call in chain[1:]:
        modify(code, column, modifier.lower(), call)
    change.columns.append(column)


def modify(code: Code, column: Column, word: str, call: Call) -> None:
    """What a call at the end of a column's chain says; ``word`` in lower case."""
    place = column.file, code.line(call.node)
    if word == "unsigned":
        column.unsigned = True
    elif word in ("nullable", "notnullable", "notnull", "null"):
        column.nullable = not word.startswith("not") and not (call.args and code.text(call.args[0]) == "false")
    elif word in ("default", "defaultto", "defaultvalue"):
        column.default = code.default(call.args[0]) if call.args else None
    elif word == "unique":
        column.unique = True
    elif word in ("primary", "increments"):
        column.primary = True
    elif word in ("storedas", "virtualas", "generatedas"):
        column.generated = True
    elif word == "checkpositive":
        column.checks.append(Check(f"{column.name} > 0", *place))
    elif word == "checkbetween" and call.args:
        low = code.texts(call.args[0])
        column.checks.append(Check(f"{column.name} between {low[0] if low else '?'} and ?", *place))


def _of_table(code: Code, word: str, call: Call, change: Change) -> None:
    place = call.node.fn.file, code.line(call.node)
    given = code.texts(call.args[0]) if call.args else ()
    if word in ("unique", "primary") and given:
        name = (code.text(call.args[1]) or "") if len(call.args) > 1 else ""
        change.uniques.append(Unique(given, *place, name, primary=word == "primary"))
    elif word in ("dropcolumn", "dropcolumns"):
        change.dropped += [t for a in call.args for t in code.texts(a)]
    elif word == "renamecolumn" and len(call.args) > 1:
        change.renamed.append((given[0] if given else "", code.text(call.args[1]) or ""))
    elif word in ("dropunique", "dropprimary"):
        change.released += [",".join(given)] if given else []
    elif word == "check" and call.args:
        text = code.text(call.args[0]) or ""
        for bound in code.texts(call.args[1]) if len(call.args) > 1 else ():
            text = text.replace("??", bound, 1) if "??" in text else text.replace("?", bound, 1)
        change.checks.append(Check(text, *place))


LARAVEL = Reader(
    "php", (b"Blueprint", b"Schema::create", b"Schema::table"), (re.compile(rb"[:>](?:create|table|rename|drop\w*)\s*\("),), read
)
_KNEX = re.compile(rb"\.(?:create|alter|drop|rename)?table\w*\s*(?:<[^()\n]*>)?\(", re.IGNORECASE)
KNEX = Reader("javascript", (b".schema", b"knex", b"Knex"), (_KNEX,), read)
