"""Classes whose fields are columns by their decorators: TypeORM, MikroORM, sequelize-typescript, Nest's Mongoose, Typegoose."""

import re
from collections.abc import Iterator

from tillproof.commerce.lexicon import snake
from tillproof.commerce.schema.changes import Change
from tillproof.commerce.schema.code import Call, Code, Node
from tillproof.commerce.schema.readers.reader import Reader
from tillproof.commerce.schema.tables import Check, Column, Unique
from tillproof.commerce.schema.types import is_unsigned, kind_of
from tillproof.flow.program import TOP, ClassId, Fn
from tillproof.ir.ops import Op
from tillproof.source.kinds import words

_ENTITIES = ("Entity", "ViewEntity", "ChildEntity", "Table", "Schema", "modelOptions", "Embeddable")
_COLUMNS = words(
    "Column PrimaryColumn PrimaryGeneratedColumn CreateDateColumn UpdateDateColumn DeleteDateColumn VersionColumn ObjectIdColumn "
    "Property PrimaryKey SerializedPrimaryKey Enum Prop prop ManyToOne OneToOne BelongsTo ForeignKey Generated ViewColumn "
    "CreatedAt UpdatedAt"
)
_TYPES = {"number": "integer", "string": "string", "boolean": "boolean", "Date": "time", "bigint": "integer"}


def read(code: Code, file: str) -> Iterator[Change]:
    decorations = code.decorations(file)
    for number, declared in enumerate(code.program.indices[file].classes):
        marks = decorations.get(number, [])
        entity = next((m for m in marks if m.word in _ENTITIES), None)
        cls = ClassId(file, number)
        columns = list(_columns(code, cls, decorations))
        if not columns or (entity is None and (code.evaluator.scope.subclasses(cls) or not _own_entity(columns))):
            continue
        change = Change("declare", _table_name(code, declared.name, entity), file, declared.line, "typeorm", columns, model=cls)
        change.names = [declared.name]
        change.documents = entity is not None and (entity.word in ("Schema", "modelOptions") or any(c.type == "ObjectId" for c in columns))
        for base in code.evaluator.scope.lineage(cls)[1:]:
            inherited = list(_columns(code, base, code.decorations(base.file)))
            change.columns[:0] = [c for c in inherited if c.name not in {own.name for own in columns}]
        for mark in marks:
            _of_class(code, mark, change)
        yield change


def _own_entity(columns: list[Column]) -> bool:
    return False if not columns else any(c.primary for c in columns)


def _table_name(code: Code, name: str, entity: Call | None) -> str:
    if entity is not None and entity.args:
        given = code.text(entity.args[0])
        settings = code.record(entity.args[0])
        named = given or next((t for k in ("name", "tableName", "collection", "table") if (t := code.text(settings.get(k)))), None)
        if named:
            return named
    return snake(name)


def _columns(code: Code, cls: ClassId, decorations: dict[str | int, list[Call]]) -> Iterator[Column]:
    if code.program.language(cls.file) != "javascript":
        return
    prefix = code.program.cls(cls).name + "."
    stores = code.evaluator.defuse(Fn(cls.file, TOP)).stores
    for owner, marks in decorations.items():
        if isinstance(owner, str) and owner.startswith(prefix) and any(m.word in _COLUMNS for m in marks):
            found = stores.get(owner)
            yield _column(code, owner[len(prefix) :], marks, Node(Fn(cls.file, TOP), found[-1]) if found else marks[0].node)


def _column(code: Code, name: str, marks: list[Call], store: Node) -> Column:
    first = min(code.line(m.node) for m in marks)
    declared = _declared_type(code, store)
    column = Column(name, store.fn.file, first, code.end_line(store), declared, kind_of(_TYPES.get(declared, declared)))
    column.nullable = None
    for mark in marks:
        for arg in mark.args:
            _argument(code, column, mark, arg)
        column.version = column.version or mark.word in ("VersionColumn", "Version")
        column.unique = column.unique or mark.word in ("Unique", "OneToOne")
        column.primary = column.primary or mark.word.startswith("Primary") or mark.word == "PrimaryKey"
        if mark.word == "Check" and mark.args:
            column.checks.append(Check(code.sql(mark.args[-1]), column.file, code.line(mark.node)))
        elif mark.word == "Min" and mark.args:
            column.minimum = code.text(mark.args[0])
        elif mark.word == "Default" and mark.args:
            column.default = code.text(mark.args[0])
    return column


def _declared_type(code: Code, store: Node) -> str:
    value = code.operands(store)[1] if code.op(store) == Op.STORE else store
    body = code.program.body(store.fn)
    written = body.text(body.args(value.i)[0]) if code.op(value) == Op.CAST else ""
    return re.sub(r"\s*\|\s*(?:null|undefined)|[?!]", "", written).strip()


def _argument(code: Code, column: Column, mark: Call, arg: Node) -> None:
    """A column type (``'int'``, ``DataType.INTEGER.UNSIGNED``) or the record of its settings."""
    if mark.word in ("ManyToOne", "OneToOne", "BelongsTo", "ForeignKey"):
        column.kind = "reference"
        return
    entries, _ = code.entries(arg)
    if not entries:
        word = code.text(arg) or code.sql(arg)
        chain = ".".join(n for n in mark_chain(code, arg))
        if kind_of(word) != "other" or "UNSIGNED" in chain:
            _typed(column, word, chain)
        return
    given = {e.key: e.value for e in entries}
    for key in ("type", "columnType"):
        if key in given and (word := code.text(given[key]) or code.sql(given[key])):
            _typed(column, word, ".".join(mark_chain(code, given[key])))
    column.unsigned = column.unsigned or code.is_true(given.get("unsigned"))
    column.unique = column.unique or code.is_true(given.get("unique"))
    column.primary = column.primary or code.is_true(given.get("primary")) or code.is_true(given.get("primaryKey"))
    column.version = column.version or code.is_true(given.get("version"))
    column.generated = column.generated or "asExpression" in given or "generated" in given
    if "nullable" in given or "allowNull" in given:
        column.nullable = code.is_true(given.get("nullable") or given.get("allowNull"))
    column.default = code.text(given.get("default") or given.get("defaultValue")) or column.default
    if "check" in given:
        column.checks.append(Check(code.sql(given["check"]), column.file, code.line(given["check"])))
    if "min" in given:
        column.minimum = (code.texts(given["min"]) or ("?",))[0]
    validate = code.record(given.get("validate"))
    if "min" in validate:
        column.minimum = code.text(validate["min"]) or "?"


def mark_chain(code: Code, node: Node) -> list[str]:
    """``DataType.INTEGER.UNSIGNED`` and ``DataTypes.INTEGER(11).UNSIGNED`` as words, outermost first."""
    node = code.resolve(node)
    out: list[str] = []
    while code.op(node) in (Op.FIELD, Op.CALL, Op.NEW):
        if code.op(node) == Op.FIELD:
            out.append(code.program.body(node.fn).name(node.i))
        node = code.operands(node)[0]
    return out


def _typed(column: Column, word: str, chain: str) -> None:
    words_of = [w for w in chain.split(".") if w and w not in ("UNSIGNED", "ZEROFILL", "BINARY")]
    column.type = words_of[0] if words_of else word
    column.kind = kind_of(column.type) if kind_of(column.type) != "other" else kind_of(word)
    column.unsigned = column.unsigned or "UNSIGNED" in chain or is_unsigned(word)


def _of_class(code: Code, mark: Call, change: Change) -> None:
    line = code.line(mark.node)
    settings = code.record(mark.args[-1]) if mark.args else {}
    if mark.word == "Check" and mark.args:
        text = code.sql(settings["expression"]) if "expression" in settings else code.sql(mark.args[-1])
        change.checks.append(Check(text, change.file, line, code.text(mark.args[0]) or "" if len(mark.args) > 1 else ""))
    elif mark.word == "Unique" or (mark.word in ("Index", "CompoundIndex") and code.is_true(settings.get("unique"))):
        columns = next((t for a in mark.args for t in [code.texts(a)] if t and code.op(code.resolve(a)) == Op.LIST), ())
        columns = columns or code.texts(settings.get("properties")) or code.texts(settings.get("columns"))
        if columns:
            change.uniques.append(Unique(columns, change.file, line, where=code.text(settings.get("where")) or ""))
    elif mark.word in _ENTITIES:
        for node in code.elements(settings.get("checks")):
            change.checks.append(Check(code.sql(code.record(node).get("expression", node)), change.file, code.line(node)))


_MARKS = (b"@Entity", b"@Column", b"@Property", b"@Prop", b"@Schema", b"@prop", b"@Table", b"@ViewEntity", b"@ChildEntity")
_CLASS = re.compile(rb"^\s*(?:@[^\n]*\n\s*)*(?:export\s+)?(?:default\s+)?(?:abstract\s+)?class\s", re.MULTILINE)
DECORATED = Reader("javascript", _MARKS, _CLASS, read)
