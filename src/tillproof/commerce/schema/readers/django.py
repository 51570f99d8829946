"""Django models, and those of Peewee, Tortoise and MongoEngine, which are written alike: a class whose fields are calls.

Migrations of Django are not read: they repeat the models, which the framework compares them with. What they run as SQL is read as SQL.
"""

import re
from collections.abc import Iterator

from tillproof.commerce.lexicon import snake
from tillproof.commerce.schema.changes import Change
from tillproof.commerce.schema.code import Call, Code, Node
from tillproof.commerce.schema.readers.reader import Reader
from tillproof.commerce.schema.tables import Check, Column, Unique
from tillproof.commerce.schema.types import is_positive, kind_of
from tillproof.flow.program import ClassId
from tillproof.ir.ops import Op

_ROOTS = re.compile(r"(?:django\.(?:contrib\.\w+\.)?db\.|peewee\.|playhouse\.|tortoise\.fields|mongoengine\.)")
_NOT_FIELDS = re.compile(r"\b(?:forms|serializers|filters|graphene|admin|marshmallow|wtforms|import_export|factory|ninja)\b")
_FIELD = re.compile(r"\w*(?:Field|ForeignKey|OneToOne|ManyToMany)\w*$")
_LOOKUPS = {"gte": ">=", "gt": ">", "lte": "<=", "lt": "<", "exact": "=", "": "="}
_VERSIONS = ("IntegerVersionField", "AutoIncVersionField", "TriggerVersionField", "ConditionalVersionField")


def read(code: Code, file: str) -> Iterator[Change]:
    for number in range(len(code.program.indices[file].classes)):
        cls = ClassId(file, number)
        if "." not in code.program.cls(cls).name and (change := _model(code, cls)) is not None:
            yield change


def _model(code: Code, cls: ClassId) -> Change | None:
    """The table of a class; None for a class that is no model, and for an abstract one that others derive from."""
    lineage = code.evaluator.scope.lineage(cls)
    columns: list[Column] = []
    known = documents = False
    for base in reversed(lineage):
        if base.file not in code.program.indices or code.program.language(base.file) != "python":
            continue
        for name, node in code.fields(base):
            call = code.call(code.resolve(node))
            names = code.made_of(code.resolve(node)) if call is not None else []
            if call is not None and any(_FIELD.search(n) and not _NOT_FIELDS.search(n) for n in names):
                known = known or any(_ROOTS.match(n) for n in names)
                documents = documents or any(n.startswith("mongoengine.") for n in names)
                columns.append(_column(code, name, node, call, names))
    if not known or (code.is_true(code.meta(cls, "Meta.abstract")) and code.evaluator.scope.subclasses(cls)):
        return None
    name = code.program.cls(cls).name
    place = code.program.cls(cls)
    change = Change("declare", _table_name(code, cls), cls.file, place.line, "django", columns, model=cls, names=[name])
    change.documents = documents
    for base in lineage:
        _constraints(code, base, change)
    return change


def _table_name(code: Code, cls: ClassId) -> str:
    metas = ("Meta.db_table", "Meta.table_name", "Meta.table")
    collection = code.text(code.record(code.meta(cls, "meta")).get("collection"))  # MongoEngine
    named = next((t for m in metas if (t := code.text(code.meta(cls, m)))), collection)
    if named:
        return named
    folders = [p for p in cls.file.removesuffix(".py").split("/")[:-1] if p not in ("models", "src")]
    app = code.text(code.meta(cls, "Meta.app_label")) or (folders[-1] if folders else "")
    return f"{app}_{code.program.cls(cls).name.lower()}" if app else code.program.cls(cls).name.lower()


def _column(code: Code, name: str, node: Node, call: Call, names: list[str]) -> Column:
    words = [n.rpartition(".")[2] for n in names]
    kinds = [k for w in words if (k := kind_of(w)) != "other"]
    column = Column(name, node.fn.file, code.line(node), code.end_line(code.resolve(node)), call.word)
    column.kind = kinds[0] if kinds else "other"
    column.unsigned = any(is_positive(w) and w.lower().startswith("positive") for w in words)
    if column.unsigned:  # with a CHECK on every database but MySQL, whose type says it
        column.checks.append(Check(f"{name} >= 0", column.file, column.line))
    if (named := code.text(call.named.get("db_column"))) is not None:
        column.attribute, column.name = name, named
    column.version = any(w in _VERSIONS for w in words)
    column.unique = code.is_true(call.named.get("unique")) or any("OneToOne" in w for w in words)
    column.primary = code.is_true(call.named.get("primary_key")) or code.is_true(call.named.get("pk"))
    column.nullable = code.is_true(call.named.get("null"))
    column.default = code.default(call.named.get("default"))
    column.minimum = code.text(call.named.get("min_value")) or _least(code, call)
    for constraint in code.elements(call.named.get("constraints")):  # Peewee
        column.checks.append(Check(code.sql(constraint), node.fn.file, code.line(constraint)))
    return column


def _least(code: Code, call: Call) -> str | None:
    """The bound of a validator, which the database does not know of."""
    for validator in code.elements(call.named.get("validators")):
        made = code.call(validator)
        if made is not None and made.word == "MinValueValidator" and (made.args or made.named):
            return code.text([*made.args, *made.named.values()][0])
    return None


def _constraints(code: Code, cls: ClassId, change: Change) -> None:
    for node in code.elements(code.meta(cls, "Meta.constraints")):
        call = code.call(node)
        if call is None:
            continue
        name = code.text(call.named.get("name")) or ""
        if call.word == "CheckConstraint":
            condition = call.named.get("check") or call.named.get("condition") or (call.args[0] if call.args else None)
            if condition is not None:
                change.checks.append(Check(q_text(code, condition), cls.file, code.line(node), name))
        elif call.word == "UniqueConstraint":
            columns = code.texts(call.named.get("fields")) or tuple(t for a in call.args if (t := _field_name(code, a)))
            where = q_text(code, call.named["condition"]) if "condition" in call.named else ""
            change.uniques.append(Unique(columns, cls.file, code.line(node), name, where))
    together = code.meta(cls, "Meta.unique_together")
    if together is not None:
        rows = code.elements(together)
        groups = [code.texts(row) for row in rows] if any(code.op(r) == Op.LIST for r in rows) else [code.texts(together)]
        change.uniques += [Unique(g, cls.file, code.line(together)) for g in groups if g]
    for node in code.elements(code.meta(cls, "Meta.indexes")):  # Peewee: ((columns, unique), …)
        parts = code.elements(node)
        if len(parts) == 2 and code.is_true(parts[1]):
            change.uniques.append(Unique(code.texts(parts[0]), cls.file, code.line(node)))


def _field_name(code: Code, node: Node) -> str:
    """``Lower("email")`` is unique too, and more so."""
    call = code.call(node)
    return code.text(call.args[0] if call is not None and call.args else node) or ""


def q_text(code: Code, node: Node, depth: int = 0) -> str:
    """A ``Q`` object as SQL: ``Q(quantity__gte=0) & Q(x=1)`` is ``quantity >= 0 AND x = 1``."""
    node = code.resolve(node)
    body = code.program.body(node.fn)
    op = code.op(node)
    if depth > 6:
        return "?"
    if op == Op.BINARY:
        _, left, right = code.operands(node)
        word = {"&": "AND", "|": "OR"}.get(body.text(body.args(node.i)[0]), "?")
        return f"{q_text(code, left, depth + 1)} {word} {q_text(code, right, depth + 1)}"
    if op == Op.UNARY:
        return f"NOT ({q_text(code, code.operands(node)[1], depth + 1)})"
    call = code.call(node)
    if call is None:
        return "?"
    parts = [q_text(code, a, depth + 1) for a in call.args]
    for name, value in call.named.items():
        column, _, lookup = name.rpartition("__") if "__" in name else (name, "", "")
        if column and lookup not in _LOOKUPS:
            parts.append(f"{snake(column)} {lookup} ?")
        else:
            parts.append(f"{column} {_LOOKUPS[lookup]} {_compared(code, value)}")
    return " AND ".join(parts)


def _compared(code: Code, node: Node) -> str:
    """A number, or ``F("reserved")``: the column of that name."""
    call = code.call(code.resolve(node))
    if call is not None and call.args:
        return code.text(call.args[0]) or "?"
    return code.text(node) or "?"


_FIELD_IS = rb"^[ \t]+\w+[ \t]*(?::[^=\n]+)?=[ \t\n]*"
_FIELD_OF_MODELS = _FIELD_IS + rb"\w*(?:models|fields|peewee|pw)\.\w*(?:Field|Key|ManyToMany)\w*[ \t]*\("
_DERIVED = rb"^[ \t]*class[ \t]+\w+\((?:[ \t\n]*(?:\w+\.)*Abstract\w+|[\w., \n]{0,200}\bmodels\.Model\b)"
_LIBRARY = rb"^from[ \t]+(?:django\.db\.models|peewee|playhouse|tortoise|mongoengine)[\w.]*[ \t]+import[ \t]*"
_IMPORTED = _LIBRARY + rb"(?:\*|(?:\([^)]{0,2000}|[^\n(]{0,500})\w+Field\b)"
_NOT_MIGRATIONS = b"migrations.Migration"
_DECLARES = re.compile(_FIELD_OF_MODELS + rb"|" + _DERIVED, re.MULTILINE)
_NAMED_ALONE = (re.compile(_IMPORTED, re.MULTILINE), re.compile(_FIELD_IS + rb"\w+Field[ \t]*\(", re.MULTILINE))
DJANGO = Reader("python", (b"models", b"fields", b"peewee", b"Abstract"), (_DECLARES,), read, _NOT_MIGRATIONS)
FIELDS = Reader("python", (b"django.db", b"peewee", b"playhouse", b"tortoise", b"mongoengine"), _NAMED_ALONE, read, _NOT_MIGRATIONS)
