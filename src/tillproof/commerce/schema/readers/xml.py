"""Tables that XML files declare: Magento's ``db_schema.xml`` and Doctrine's mappings. Read by patterns: entities and the like are not
expanded.
"""

import re
from collections.abc import Iterator

from tillproof.commerce.lexicon import snake
from tillproof.commerce.schema.changes import Change
from tillproof.commerce.schema.tables import Column, Unique
from tillproof.commerce.schema.types import is_unsigned, kind_of

ENDINGS = ("db_schema.xml", ".orm.xml", ".dcm.xml")
_TABLE = re.compile(r"<table\s([^>]*)>(.*?)</table>", re.DOTALL)
_ENTITY = re.compile(r"<(?:entity|mapped-superclass)\s([^>]*)>(.*?)</(?:entity|mapped-superclass)>", re.DOTALL)
_COLUMN = re.compile(r"<column\s([^>]*?)/?>", re.DOTALL)
_FIELD = re.compile(r"<(?:field|id)\s([^>]*?)(?:/>|>(.*?)</(?:field|id)>)", re.DOTALL)
_CONSTRAINT = re.compile(r"<constraint\s([^>]*)>(.*?)</constraint>", re.DOTALL)
_UNIQUE = re.compile(r"<unique-constraint\s([^>]*?)/?>", re.DOTALL)
_ATTRIBUTE = re.compile(r"([\w:-]+)\s*=\s*\"([^\"]*)\"")


def read(text: str, file: str) -> Iterator[Change]:
    if file.endswith("db_schema.xml"):
        yield from (_magento(text, m, file) for m in _TABLE.finditer(text))
    else:
        yield from (_doctrine(text, m, file) for m in _ENTITY.finditer(text))


def _attributes(text: str) -> dict[str, str]:
    return dict(_ATTRIBUTE.findall(text))


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _magento(text: str, match: "re.Match[str]", file: str) -> Change:
    change = Change("create", _attributes(match[1]).get("name", ""), file, _line(text, match.start()), "magento")
    for found in _COLUMN.finditer(match[2]):
        given = _attributes(found[1])
        if "xsi:type" not in given:
            continue  # a column that a constraint names
        start, end = (_line(text, match.start(2) + at) for at in (found.start(), found.end()))
        column = Column(given.get("name", ""), file, start, end, given["xsi:type"], kind_of(given["xsi:type"]))
        column.unsigned = given.get("unsigned") == "true"
        column.nullable = given.get("nullable") != "false"
        column.default = given.get("default")
        change.columns.append(column)
    for found in _CONSTRAINT.finditer(match[2]):
        kind = _attributes(found[1]).get("xsi:type")
        names = tuple(n for c in _COLUMN.finditer(found[2]) if (n := _attributes(c[1]).get("name")))
        if kind in ("unique", "primary") and names:
            line = _line(text, match.start(2) + found.start())
            change.uniques.append(Unique(names, file, line, primary=kind == "primary"))
    return change


def _doctrine(text: str, match: "re.Match[str]", file: str) -> Change:
    given = _attributes(match[1])
    name = re.split(r"[\\.]", given.get("name", ""))[-1]
    change = Change("declare", given.get("table") or snake(name), file, _line(text, match.start()), "doctrine", names=[name])
    for found in _FIELD.finditer(match[2]):
        field = _attributes(found[1])
        start, end = (_line(text, match.start(2) + at) for at in (found.start(), found.end()))
        column = Column(
            field.get("column") or field.get("name", ""), file, start, end, field.get("type", ""), kind_of(field.get("type", ""))
        )
        column.attribute = field.get("name", "")
        column.unique = field.get("unique") == "true"
        column.nullable = field.get("nullable") == "true"
        column.version = field.get("version") == "true"
        column.primary = found[0].startswith("<id")
        options = re.search(r"<option\s+name=\"unsigned\"\s*>\s*(true|1)", found[2] or "")
        column.unsigned = options is not None or is_unsigned(field.get("column-definition", ""))
        change.columns.append(column)
    for found in _UNIQUE.finditer(match[2]):
        listed = _attributes(found[1]).get("columns") or _attributes(found[1]).get("fields") or ""
        columns = tuple(c.strip() for c in listed.split(",") if c.strip())
        if columns:
            change.uniques.append(Unique(columns, file, _line(text, match.start(2) + found.start())))
    return change
