"""Frappe's doctypes: a table as the JSON file beside its controller describes it. The database keeps ``unique`` fields and the name, which
``autoname: "field:reference"`` makes of a field; that a number is not negative the form asks alone."""

import re
from collections.abc import Iterator

import msgspec

from tillproof.commerce.lexicon import snake
from tillproof.commerce.schema.changes import Change
from tillproof.commerce.schema.tables import Column, ColumnKind, Unique

_FILE = re.compile(r"/doctype/(\w+)/\1\.json$")
_NAMED_BY = re.compile(r"field:(\w+)")
_KINDS: dict[str, ColumnKind] = {
    "Int": "integer", "Long Int": "integer", "Float": "float", "Currency": "float", "Percent": "float", "Check": "integer",
    "Datetime": "time", "Date": "time", "Time": "time", "JSON": "json",
}  # fmt: skip
"""The database keeps a Currency as a decimal, and Frappe reads it as a float: CONVERSION_MAP in frappe/database/mariadb/database.py."""
_NO_COLUMN = ("Section Break", "Column Break", "Tab Break", "HTML", "Button", "Table", "Table MultiSelect", "Heading", "Fold")


class _Field(msgspec.Struct):
    """A field of the form."""

    fieldname: str = ""
    fieldtype: str = "Data"
    unique: int | bool = 0
    reqd: int | bool = 0
    default: object = None


class _DocType(msgspec.Struct):
    """What is read of the file."""

    doctype: str = ""
    name: str = ""
    autoname: str | None = None
    fields: list[_Field] = []
    issingle: int | bool = 0


def is_doctype(path: str) -> bool:
    """Whether a file is one that describes a table."""
    return _FILE.search(path) is not None


def read(text: str, file: str) -> Iterator[Change]:
    try:
        told = msgspec.json.decode(text, type=_DocType)
    except (msgspec.DecodeError, RecursionError):
        return
    if told.doctype != "DocType" or not told.name or told.issingle:
        return
    lines = {m[1]: text.count("\n", 0, m.start()) + 1 for m in re.finditer(r'"fieldname":\s*"(\w+)"', text)}
    change = Change("declare", f"tab{told.name}", file, 1, "frappe", names=[told.name, snake(told.name.replace(" ", "_"))])
    for field in told.fields:
        if field.fieldtype in _NO_COLUMN or not field.fieldname:
            continue
        at = lines.get(field.fieldname, 1)
        column = Column(field.fieldname, file, at, at, field.fieldtype, _KINDS.get(field.fieldtype, "string"))
        column.unique, column.nullable = bool(field.unique), not field.reqd
        column.default = str(field.default) if field.default is not None else None
        change.columns.append(column)
    named = _NAMED_BY.fullmatch(told.autoname or "")
    change.uniques.append(Unique(("name",), file, 1, primary=True))
    if named is not None:
        change.uniques.append(Unique((named[1],), file, lines.get(named[1], 1)))
    yield change
