"""Prisma's schema files. They can say nothing of CHECK constraints: those stand in the SQL of the migrations, if anywhere."""

import re
from collections.abc import Iterator

from tillproof.commerce.schema.changes import Change
from tillproof.commerce.schema.tables import Column, ColumnKind, Unique
from tillproof.commerce.schema.types import is_unsigned, kind_of

_MODEL = re.compile(r"^[ \t]*model\s+(\w+)\s*\{(.*?)^[ \t]*\}", re.DOTALL | re.MULTILINE)
_FIELD = re.compile(r"^[ \t]*(\w+)[ \t]+(\w+|Unsupported\([^)]*\))(\[\])?(\?)?([^\n]*)$", re.MULTILINE)
_BLOCK = re.compile(r"^[ \t]*@@(unique|id|map|index)\(([^\n]*)\)", re.MULTILINE)
_DEFAULT = re.compile(r"@default\(((?:[^()]|\([^()]*\))*)\)")
_NATIVE = re.compile(r"@db\.(\w+)")
_MAPPED = re.compile(r"(?<!@)@map\(\s*(?:name:\s*)?\"([^\"]+)\"")
_KINDS: dict[str, ColumnKind] = {
    "Int": "integer", "BigInt": "integer", "Decimal": "decimal", "Float": "float", "DateTime": "time", "Json": "json", "Bytes": "binary",
}  # fmt: skip
_DOCUMENTS = re.compile(r"provider\s*=\s*\"mongodb\"")


def read(text: str, file: str) -> Iterator[Change]:
    documents = _DOCUMENTS.search(text) is not None
    models = {m[1] for m in _MODEL.finditer(text)}
    for match in _MODEL.finditer(text):
        start = text.count("\n", 0, match.start(2)) + 1
        line = text.count("\n", 0, match.start(1)) + 1
        change = Change("declare", match[1], file, line, "prisma", names=[match[1]], documents=documents)
        for found in _FIELD.finditer(match[2]):
            if found[1].startswith("//") or found[2] in models or found[3]:
                continue  # a relation: its key is a field of its own
            change.columns.append(_column(found, file, start + match[2].count("\n", 0, found.start(1))))
        for block in _BLOCK.finditer(match[2]):
            at = start + match[2].count("\n", 0, block.start(1))
            listed = re.search(r"\[([^\]]*)\]", block[2])
            columns = tuple(re.findall(r"\w+", re.sub(r"\([^)]*\)", "", listed[1]))) if listed else ()
            if block[1] in ("unique", "id") and columns:
                change.uniques.append(Unique(columns, file, at, primary=block[1] == "id"))
            elif block[1] == "map":
                change.table = block[2].strip("\"' ").removeprefix("name:").strip("\"' ")
        yield change


def _column(found: "re.Match[str]", file: str, line: int) -> Column:
    rest = found[5].partition("//")[0]
    native = _NATIVE.search(rest)
    default = _DEFAULT.search(rest)
    column = Column(found[1], file, line, line, f"{found[2]} {native[0]}" if native else found[2])
    column.kind = _KINDS.get(found[2]) or kind_of(found[2])
    column.unsigned = native is not None and is_unsigned(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", native[1]))
    mapped = _MAPPED.search(rest)
    if mapped:
        column.attribute, column.name = found[1], mapped[1]
    column.nullable = found[4] == "?"
    column.default = default[1].strip('"') if default else None
    column.unique = re.search(r"@unique\b", rest) is not None
    column.primary = re.search(r"(?<!@)@id\b", rest) is not None
    return column
