"""Beanie and ODMantic: documents of MongoDB whose fields are the annotations of a class."""

import re
from collections.abc import Iterator

from tillproof.commerce.lexicon import snake
from tillproof.commerce.schema.changes import Change
from tillproof.commerce.schema.code import Code, Node
from tillproof.commerce.schema.readers.reader import Reader
from tillproof.commerce.schema.tables import Column
from tillproof.commerce.schema.types import kind_of
from tillproof.flow.program import ClassId

_BASES = ("beanie.Document", "beanie.odm.documents.Document", "odmantic.Model")
_OPTIONAL = re.compile(r"Optional\[(.*)\]|\|\s*None|None\s*\||Indexed\(\s*(\w+)[^)]*\)|Annotated\[\s*(\w+).*\]")
_CLASS = re.compile(rb"^class\s+\w+\s*\(", re.MULTILINE)


def read(code: Code, file: str) -> Iterator[Change]:
    for number, declared in enumerate(code.program.indices[file].classes):
        cls = ClassId(file, number)
        scope = code.evaluator.scope
        if "." in declared.name or not any(base in _BASES for base in scope.foreign_bases(cls)):
            continue
        columns = [c for base in reversed(scope.lineage(cls)) for c in _columns(code, base)]
        if columns:
            change = Change("declare", snake(declared.name), file, declared.line, "documents", columns, model=cls, names=[declared.name])
            change.documents = True
            yield change


def _columns(code: Code, cls: ClassId) -> Iterator[Column]:
    for name, node in code.fields(cls):
        annotation = code.declared_type(node)
        if annotation and not name.startswith("_"):
            yield _column(code, name, node, annotation)


def _column(code: Code, name: str, node: Node, annotation: str) -> Column:
    column = Column(name, node.fn.file, code.line(node), code.end_line(node), annotation)
    plain = _OPTIONAL.sub(r"\1\2\3", annotation).strip()
    column.nullable = "None" in annotation or "Optional" in annotation
    column.kind = kind_of(plain)
    call = code.call(code.resolve(node))
    if call is not None and call.word == "Field":
        column.minimum = code.text(call.named.get("ge"))
    return column


ANNOTATED_DOCUMENTS = Reader("python", (b"beanie", b"odmantic"), (_CLASS,), read)
