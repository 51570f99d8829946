"""SQLAlchemy: declarative classes, ``Table(…)``, SQLModel, and the migrations that Alembic runs."""

import re
from collections.abc import Iterator

from tillproof.commerce.lexicon import snake
from tillproof.commerce.schema.changes import Change
from tillproof.commerce.schema.code import Call, Code, Node
from tillproof.commerce.schema.readers.reader import Reader
from tillproof.commerce.schema.tables import Check, Column, Unique
from tillproof.commerce.schema.types import kind_of
from tillproof.flow.program import TOP, ClassId
from tillproof.ir.ops import Kind, Op

_COLUMNS = ("Column", "mapped_column", "column")
_ANNOTATED = re.compile(r"Mapped\s*\[(.*)\]$", re.DOTALL)
_IS_TABLE = re.compile(rb"class\s+\w+\s*\([^)]*\btable\s*=\s*True")
_DOWN = ("downgrade",)


def read(code: Code, file: str) -> Iterator[Change]:
    for number in range(len(code.program.indices[file].classes)):
        change = _declarative(code, ClassId(file, number))
        if change is not None:
            yield change
    yield from _tables(code, file)


# --- classes


def _declarative(code: Code, cls: ClassId) -> Change | None:
    declared = code.program.cls(cls)
    if "." in declared.name:
        return None
    source = code.program.sources[cls.file][declared.start : declared.start + 400]
    sqlmodel = _IS_TABLE.match(source) is not None
    lineage = code.evaluator.scope.lineage(cls)
    named = code.text(next((n for c in lineage if (n := code.meta(c, "__tablename__")) is not None), None))
    columns = [c for base in reversed(lineage) for c in _columns(code, base, sqlmodel)]
    own = any(True for _ in _columns(code, cls, sqlmodel))
    if not columns or not (own or named) or code.is_true(code.meta(cls, "__abstract__")):
        return None
    if code.evaluator.scope.subclasses(cls) and not named and not sqlmodel:
        return None  # a mixin or base: its columns are in the tables of those that derive from it
    table = named or (declared.name.lower() if sqlmodel else snake(declared.name))
    change = Change("declare", table, cls.file, declared.line, "sqlalchemy", columns, model=cls, names=[declared.name])
    for base in lineage:
        for node in code.elements(code.meta(base, "__table_args__")):
            _constraint(code, node, change)
        version = code.record(code.meta(base, "__mapper_args__")).get("version_id_col")
        for column in columns:
            column.version = column.version or (version is not None and column.name == code.sql(version))
    return change


def _columns(code: Code, cls: ClassId, sqlmodel: bool) -> Iterator[Column]:
    if code.program.language(cls.file) != "python":
        return
    for name, node in code.fields(cls):
        annotation = code.declared_type(node)
        call = code.call(code.resolve(node))
        if call is not None and call.word in _COLUMNS:
            yield _column(code, name, node, call, annotation)
        elif call is not None and sqlmodel and call.word == "Field":
            yield _of_field(code, name, node, call, annotation)
        elif call is None and annotation and not name.startswith("_") and (sqlmodel or _ANNOTATED.search(annotation)):
            yield _bare(code, name, node, annotation)


def _bare(code: Code, name: str, node: Node, annotation: str) -> Column:
    inner = _ANNOTATED.search(annotation)
    written = (inner[1] if inner else annotation).strip()
    column = Column(name, node.fn.file, code.line(node), code.end_line(node), written)
    plain = re.sub(r"Optional\[(.*)\]|\|\s*None|None\s*\|", r"\1", written).strip()
    column.nullable = plain != written
    column.kind = kind_of(plain)
    return column


def _column(code: Code, name: str, node: Node, call: Call, annotation: str) -> Column:
    column = _bare(code, name, node, annotation) if annotation else Column(name, node.fn.file, code.line(node), code.line(node))
    column.end_line = code.end_line(call.node)
    args = list(call.args)
    body = code.program.body(call.node.fn)
    if args and code.op(args[0]) == Op.CONST and body.args(args[0].i)[0] == Kind.STRING:
        column.attribute, column.name = name, code.text(args.pop(0)) or name
    args += [call.named[k] for k in ("type_",) if k in call.named]
    for arg in args:
        _part(code, column, code.resolve(arg))
    for key in ("unique", "nullable"):
        if key in call.named:
            setattr(column, key, code.is_true(call.named[key]))
    column.primary = code.is_true(call.named.get("primary_key"))
    default = call.named.get("default") or call.named.get("server_default")
    column.default = code.default(default)
    column.generated = column.generated or "Computed" in [c.word for a in args if (c := code.call(code.resolve(a)))]
    return column


def _part(code: Code, column: Column, node: Node) -> None:
    """A positional argument of a column: its type, a key, a constraint."""
    call = code.call(node)
    word = call.word if call is not None else code.sql(node)
    if call is not None and word == "CheckConstraint":
        column.checks += _checks(code, call)
    elif word.startswith("ForeignKey"):
        column.kind = "reference" if column.kind == "other" else column.kind
    elif word not in ("Sequence", "Identity", "Computed", "?"):
        column.type = word
        column.kind = kind_of(word) if kind_of(word) != "other" else column.kind
        column.unsigned = call is not None and code.is_true(call.named.get("unsigned"))


def _of_field(code: Code, name: str, node: Node, call: Call, annotation: str) -> Column:
    """SQLModel's ``Field``: bounds in it are checked by the application, and not even that for tables."""
    column = _bare(code, name, node, annotation)
    column.end_line = code.end_line(call.node)
    column.unique = code.is_true(call.named.get("unique"))
    column.primary = code.is_true(call.named.get("primary_key"))
    column.default = code.default(call.named.get("default") or (call.args[0] if call.args else None))
    column.minimum = code.text(call.named.get("ge"))
    inner = code.call(code.resolve(call.named["sa_column"])) if "sa_column" in call.named else None
    if inner is not None:
        made = _column(code, name, node, inner, "")
        column.checks, column.unsigned, column.type = made.checks, made.unsigned, made.type
        column.kind = made.kind if made.kind != "other" else column.kind
    for arg in code.elements(call.named.get("sa_column_args")):
        _part(code, column, arg)
    return column


# --- constraints


def _checks(code: Code, call: Call) -> list[Check]:
    condition = call.args[0] if call.args else call.named.get("sqltext")
    name = code.text(call.named.get("name")) or ""
    return [Check(code.sql(condition), call.node.fn.file, code.line(call.node), name)] if condition is not None else []


def _constraint(code: Code, node: Node, change: Change) -> None:
    call = code.call(node)
    if call is None:
        return
    line = code.line(node)
    name = code.text(call.named.get("name")) or ""
    where = next((code.sql(v) for k, v in call.named.items() if k.endswith("_where")), "")
    if call.word == "CheckConstraint":
        change.checks += _checks(code, call)
    elif call.word in ("UniqueConstraint", "PrimaryKeyConstraint"):
        columns = tuple(t for a in call.args if (t := _column_name(code, a)))
        change.uniques.append(Unique(columns, node.fn.file, line, name, primary=call.word.startswith("Primary")))
    elif call.word == "Index" and code.is_true(call.named.get("unique")):
        columns = tuple(t for a in call.args[1:] if (t := _column_name(code, a)))
        change.uniques.append(Unique(columns, node.fn.file, line, code.text(call.args[0]) or "", where))


def _column_name(code: Code, node: Node) -> str:
    return code.text(node) or code.sql(node)


# --- tables that are no classes, and migrations


def _tables(code: Code, file: str) -> Iterator[Change]:
    for fn in code.program.functions_calling(file, {"table"}):
        for call in code.calls(fn):
            if call.word != "Table" or len(call.args) < 3:
                continue
            change = _created(code, call, call.args[0], call.args[2:], "declare")
            if change is not None:
                change.names += code.variables(call.node)
                yield change


def _created(code: Code, call: Call, name: Node, parts: list[Node], action: str) -> Change | None:
    table = code.text(name)
    if table is None:
        return None
    change = Change("declare" if action == "declare" else "create", table, call.node.fn.file, code.line(call.node), "sqlalchemy")
    for part in parts:
        node = code.resolve(part)
        column = code.call(node)
        if column is not None and column.word in _COLUMNS:
            change.columns.append(_column(code, "", node, column, ""))
        else:
            _constraint(code, node, change)
    return change


def read_migration(code: Code, file: str) -> Iterator[Change]:
    for fn in code.program.all_functions(file):
        if fn.number == TOP or code.program.name(fn) in _DOWN:
            continue
        for call in code.calls(fn):
            yield from _operation(code, call)


def _operation(code: Code, call: Call) -> Iterator[Change]:
    file, line = call.node.fn.file, code.line(call.node)
    receiver = code.program.body(call.node.fn)
    callee = receiver.args(call.node.i)[0]
    if receiver.op[callee] != Op.FIELD or not call.args:
        return
    if call.word == "create_table" and (change := _created(code, call, call.args[0], call.args[1:], "create")) is not None:
        yield change
        return
    batch = _batch_table(code, Node(call.node.fn, receiver.args(callee)[0]))
    args = list(call.args)
    if call.word in ("add_column", "drop_column", "alter_column"):
        table = batch or code.text(args.pop(0)) or ""
        if not table or not args:
            return
        change = Change("alter", table, file, line, "sqlalchemy")
        column = code.call(code.resolve(args[0]))
        if call.word == "add_column" and column is not None:
            change.columns.append(_column(code, "", code.resolve(args[0]), column, ""))
        elif call.word == "drop_column":
            change.dropped.append(code.text(args[0]) or "")
        elif "new_column_name" in call.named:
            change.renamed.append((code.text(args[0]) or "", code.text(call.named["new_column_name"]) or ""))
        yield change
    elif call.word in ("create_check_constraint", "create_unique_constraint", "create_index", "drop_constraint"):
        yield from _constrained(code, call, args, batch)
    elif call.word == "drop_table":
        yield Change("drop", code.text(args[0]) or "", file, line, "sqlalchemy")
    elif call.word == "rename_table" and len(args) > 1:
        yield Change("rename", code.text(args[0]) or "", file, line, "sqlalchemy", to=code.text(args[1]) or "")


def _constrained(code: Code, call: Call, args: list[Node], batch: str) -> Iterator[Change]:
    file, line = call.node.fn.file, code.line(call.node)
    name = code.text(args[0]) or ""
    table = batch or code.text(args[1] if len(args) > 1 else call.named.get("table_name") or call.named.get("source_table")) or ""
    rest = args[1:] if batch else args[2:]
    if not table:
        return
    change = Change("alter", table, file, line, "sqlalchemy")
    condition = rest[0] if rest else call.named.get("condition")
    if call.word == "drop_constraint":
        change.released.append(name)
    elif call.word == "create_check_constraint" and condition is not None:
        change.checks.append(Check(code.sql(condition), file, line, name))
    elif call.word == "create_unique_constraint" or code.is_true(call.named.get("unique")):
        columns = code.texts(rest[0] if rest else call.named.get("columns"))
        where = next((code.sql(v) for k, v in call.named.items() if k.endswith("_where")), "")
        change.uniques.append(Unique(columns, file, line, name, where))
    else:
        return
    yield change


def _batch_table(code: Code, receiver: Node) -> str:
    """``with op.batch_alter_table('products') as batch``: what the object is about."""
    made = code.call(code.resolve(receiver))
    return (code.text(made.args[0]) or "") if made is not None and made.word == "batch_alter_table" and made.args else ""


_DECLARES = re.compile(rb"^\s*(?:class\s|\w+\s*=)", re.MULTILINE)
SQLALCHEMY = Reader("python", (b"Column(", b"mapped_column", b"Mapped[", b"table=True"), (_DECLARES,), read)
_OPERATIONS = (b"op.create_", b"op.add_", b"op.alter_", b"op.drop_", b"op.rename_", b"batch_alter_table")
ALEMBIC = Reader("python", _OPERATIONS, (re.compile(rb"def\s+upgrade"),), read_migration)
