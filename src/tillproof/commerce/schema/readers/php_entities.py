"""PHP classes that stand for tables: Doctrine's entities, by attributes or annotations, and Eloquent's models, which name a table only."""

import re
from collections.abc import Iterator

from tillproof.commerce.lexicon import snake
from tillproof.commerce.schema.changes import Change
from tillproof.commerce.schema.code import Call, Code, Node
from tillproof.commerce.schema.readers.reader import Reader
from tillproof.commerce.schema.tables import Check, Column, Unique
from tillproof.commerce.schema.types import is_unsigned, kind_of
from tillproof.flow.program import TOP, ClassId, Fn

_PROPERTY = re.compile(
    r"/\*\*(?P<doc>(?:[^*]|\*(?!/))*?@(?:ORM\\|Doctrine\\ORM\\Mapping\\)?(?:Column|Version|JoinColumn)\b(?:[^*]|\*(?!/))*)\*/\s*"
    r"(?:(?:public|protected|private|readonly|var|static)\s+)+(?P<type>\??[\w\\|]+\s+)?\$(?P<name>\w+)",
)
_OPTION = re.compile(r"(\w+)\"?\s*[=:]\s*(\"[^\"]*\"|\{[^}]*\}|[\w.]+)")
_UNIQUE = re.compile(r"UniqueConstraint\s*\((?:[^()]|\([^()]*\))*?(?:columns|fields)\s*=\s*\{([^}]*)\}")
_MODEL = re.compile(r"(?:^|\.)(?:Model|Pivot|Authenticatable|\w+Model)$")
_TABLE = re.compile(r"@(?:ORM\\)?Table\s*\(\s*(?:name\s*=\s*)?\"([^\"]+)\"")


def read_doctrine(code: Code, file: str) -> Iterator[Change]:
    decorations = code.decorations(file)
    text = code.program.sources[file].decode("latin-1")
    for number, declared in enumerate(code.program.indices[file].classes):
        cls = ClassId(file, number)
        marks = decorations.get(number, [])
        span = text[declared.start : declared.end]
        above = text[: declared.start].rpartition("/**")[2] if text[: declared.start].rstrip().endswith("*/") else ""
        columns = [*_attributed(code, cls, decorations), *_annotated(span, file, text.count("\n", 0, declared.start) + 1)]
        if not columns:
            continue
        table = _table_name(code, marks, above) or snake(declared.name)
        change = Change("declare", table, file, declared.line, "doctrine", columns, model=cls, names=[declared.name])
        for mark in marks:
            if mark.word in ("UniqueConstraint", "Table"):
                _uniques(code, mark, change)
        for listed in _UNIQUE.findall(above):
            change.uniques.append(Unique(tuple(re.findall(r"\"(\w+)\"", listed)), file, declared.line))
        yield change


def _table_name(code: Code, marks: list[Call], above: str) -> str:
    for mark in marks:
        if mark.word == "Table" and (named := code.text(mark.named.get("name") or (mark.args[0] if mark.args else None))):
            return named.strip("`")
    found = _TABLE.search(above)
    return found[1].strip("`") if found else ""


def _uniques(code: Code, mark: Call, change: Change) -> None:
    if mark.word == "UniqueConstraint":
        columns = code.texts(mark.named.get("columns") or mark.named.get("fields"))
        change.uniques.append(Unique(columns, change.file, code.line(mark.node)))
    for node in code.elements(mark.named.get("uniqueConstraints")):
        inner = code.call(node)
        if inner is not None:
            _uniques(code, inner, change)


def _attributed(code: Code, cls: ClassId, decorations: dict[str | int, list[Call]]) -> Iterator[Column]:
    prefix = code.program.cls(cls).name + "."
    stores = code.evaluator.defuse(Fn(cls.file, TOP)).stores
    for owner, marks in decorations.items():
        if isinstance(owner, str) and owner.startswith(prefix) and any(m.word in ("Column", "ManyToOne", "OneToOne") for m in marks):
            found = stores.get(owner)
            yield _of_attributes(code, owner[len(prefix) :], marks, Node(Fn(cls.file, TOP), found[-1]) if found else marks[0].node)


def _of_attributes(code: Code, name: str, marks: list[Call], store: Node) -> Column:
    declared = code.declared_type(store).strip("?")
    first = min(code.line(m.node) for m in marks)
    column = Column(name, store.fn.file, first, max(first, code.end_line(store)), declared, kind_of(declared))
    for mark in marks:
        column.version = column.version or mark.word == "Version"
        column.primary = column.primary or mark.word == "Id"
        if mark.word in ("ManyToOne", "OneToOne"):
            column.kind = "reference"
        if mark.word != "Column":
            continue
        type_node = mark.named.get("type")
        if type_node is not None:
            column.type = code.text(type_node) or code.sql(type_node)
            column.kind = kind_of(column.type)
        column.attribute, column.name = name, code.text(mark.named.get("name")) or name
        column.unique = code.is_true(mark.named.get("unique"))
        column.nullable = code.is_true(mark.named.get("nullable"))
        given = code.record(mark.named.get("options"))
        column.unsigned = code.is_true(given.get("unsigned"))
        column.default = code.default(given.get("default"))
        _raw(column, code.text(mark.named.get("columnDefinition")) or "")
    return column


def _raw(column: Column, definition: str) -> None:
    """A column that is defined by a piece of SQL."""
    column.unsigned = column.unsigned or is_unsigned(definition)
    check = re.search(r"check\s*\((.*)\)", definition, re.IGNORECASE)
    if check:
        column.checks.append(Check(check[1], column.file, column.line))


def _annotated(span: str, file: str, first: int) -> Iterator[Column]:
    for found in _PROPERTY.finditer(span):
        doc = found["doc"]
        mark = re.search(r"@(?:ORM\\)?Column\b(\s*\((?:[^()]|\([^()]*\))*\))?", doc)
        line = first + span.count("\n", 0, found.start("doc") + (mark.start() if mark else 0))
        given = {k: v.strip('"') for k, v in _OPTION.findall(mark[1] or "")} if mark else {}
        options = dict(_OPTION.findall(given.get("options", "")))
        declared = given.get("type") or (found["type"] or "").strip("? ")
        last = first + span.count("\n", 0, found.end())
        column = Column(given.get("name") or found["name"], file, line, last, declared, kind_of(declared))
        column.attribute = found["name"]
        column.unsigned = options.get("unsigned", "").lower() == "true"
        column.default = options.get("default", "").strip('"') or None
        column.unique = given.get("unique", "").lower() == "true"
        column.nullable = given.get("nullable", "").lower() == "true"
        column.primary = re.search(r"@(?:ORM\\)?Id\b", doc) is not None
        column.version = re.search(r"@(?:ORM\\)?Version\b", doc) is not None
        if not mark:
            column.kind = "reference"
        _raw(column, given.get("columnDefinition", ""))
        yield column


def read_eloquent(code: Code, file: str) -> Iterator[Change]:
    for number, declared in enumerate(code.program.indices[file].classes):
        cls = ClassId(file, number)
        if not any(_MODEL.search(n) for n in code.evaluator.scope.foreign_bases(cls)) or declared.name.startswith("class@"):
            continue
        named = next((t for c in code.evaluator.scope.lineage(cls) if (t := code.text(code.meta(c, "table")))), None)
        yield Change(
            "declare", named or snake(declared.name) + "s", file, declared.line, "eloquent", model=cls, names=[declared.name], open=True
        )


_ENTITY = re.compile(rb"(?:#\[|@)\s*(?:ORM\\|Doctrine\\ORM\\Mapping\\)?(?:Column|Entity|Id|Version)\b")
DOCTRINE = Reader("php", (b"ORM", b"Doctrine"), (_ENTITY,), read_doctrine)
_EXTENDS = re.compile(rb"^\s*(?:final\s+|abstract\s+)*class\s+\w+\s+extends\s+\\?[\w\\]*(?:Model|Pivot|Authenticatable)\b", re.MULTILINE)
ELOQUENT = Reader("php", (b"Model",), (_EXTENDS,), read_eloquent)
