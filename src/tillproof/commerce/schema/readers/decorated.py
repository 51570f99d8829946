"""Classes whose fields are columns by their decorators: TypeORM, MikroORM, sequelize-typescript, Nest's Mongoose, Typegoose."""

import re
from collections.abc import Iterator

from tillproof.commerce.lexicon import snake
from tillproof.commerce.schema.changes import Change
from tillproof.commerce.schema.code import Call, Code, Node
from tillproof.commerce.schema.readers.reader import Reader
from tillproof.commerce.schema.readers.settings import apply_settings, apply_type, type_words
from tillproof.commerce.schema.tables import Check, Column, Unique
from tillproof.commerce.schema.types import kind_of
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
        modelled = _is_modelled(code, file, declared.name)
        if not columns or (entity is None and not modelled and (code.evaluator.scope.subclasses(cls) or not _own_entity(columns))):
            continue
        change = Change("declare", _table_name(code, declared.name, entity), file, declared.line, "typeorm", columns, model=cls)
        change.names = [declared.name]
        object_ids = any(c.type == "ObjectId" for c in columns)
        change.documents = modelled or (entity is not None and (entity.word in ("Schema", "modelOptions") or object_ids))
        for base in code.evaluator.scope.lineage(cls)[1:]:
            inherited = list(_columns(code, base, code.decorations(base.file)))
            change.columns[:0] = [c for c in inherited if c.name not in {own.name for own in columns}]
        for mark in marks:
            _of_class(code, mark, change)
        yield change


def _is_modelled(code: Code, file: str, name: str) -> bool:
    """Whether Typegoose makes a model of a class: ``getModelForClass(Product)``."""
    return re.search(rb"getModelForClass\(\s*" + re.escape(name.encode()) + rb"\b", code.program.sources[file]) is not None


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
        if isinstance(owner, str) and owner.startswith(prefix) and any(_is_column(m.word) for m in marks):
            found = stores.get(owner)
            yield _column(code, owner[len(prefix) :], marks, Node(Fn(cls.file, TOP), found[-1]) if found else marks[0].node)


def _is_column(word: str) -> bool:
    """A decorator of the ORM, or one of the project's own that ends alike (``BigNumberProperty``)."""
    return word in _COLUMNS or word.endswith(("Column", "Property"))


def _column(code: Code, name: str, marks: list[Call], store: Node) -> Column:
    first = min(code.line(m.node) for m in marks)
    declared = re.sub(r"\s*\|\s*(?:null|undefined)|[?!]", "", code.declared_type(store)).strip()
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
            column.default = code.default(mark.args[0])
    return column


def _argument(code: Code, column: Column, mark: Call, arg: Node) -> None:
    """A column type (``'int'``, ``DataType.INTEGER.UNSIGNED``) or the record of its settings."""
    if mark.word in ("ManyToOne", "OneToOne", "BelongsTo", "ForeignKey"):
        column.kind = "reference"
        return
    given = code.record(arg)
    if given:
        apply_settings(code, column, given)
        return
    word = code.text(arg) or code.sql(arg)
    if kind_of(word) != "other" or "UNSIGNED" in type_words(code, arg):
        apply_type(code, column, arg)


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
_CLASS = re.compile(rb"\bclass\s+\w")
DECORATED = Reader("javascript", _MARKS, (_CLASS,), read)
