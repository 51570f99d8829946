"""Tables that XML files declare: Magento's ``db_schema.xml`` and Doctrine's mappings. Read element by element as they stand; entities and
the like are not expanded.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from tillproof.commerce.lexicon import snake
from tillproof.commerce.schema.changes import Change
from tillproof.commerce.schema.tables import Column, Unique
from tillproof.commerce.schema.types import is_unsigned, kind_of

ENDINGS = ("db_schema.xml", ".orm.xml", ".dcm.xml")
_ATTRIBUTE = re.compile(r"([\w:-]{1,60})\s{0,9}=\s{0,9}\"([^\"]{0,500})\"")
_UNSIGNED = re.compile(r"name=\"unsigned\"[^<]{0,9}>\s{0,9}(?:true|1)")


class _Element(NamedTuple):
    """An element: its attributes, what stands inside, where that begins in the whole text, and its first and last line."""

    attributes: dict[str, str]
    inner: str
    at: int
    line: int
    end_line: int


def read(text: str, file: str) -> Iterator[Change]:
    if file.endswith("db_schema.xml"):
        yield from (_magento(text, element, file) for element in _elements(text, "table"))
        return
    for tag in ("entity", "mapped-superclass"):
        yield from (_doctrine(text, element, file) for element in _elements(text, tag))


def _elements(text: str, tag: str, inside: _Element | None = None) -> Iterator[_Element]:
    """The elements of a name, in the whole text or inside of another element."""
    at, end = (inside.at, inside.at + len(inside.inner)) if inside else (0, len(text))
    line, counted = text.count("\n", 0, at) + 1, at
    while (begin := text.find(f"<{tag}", at, end)) >= 0:
        close = text.find(">", begin, end)
        if close < 0:
            return
        at = close + 1
        if text[begin + len(tag) + 1] not in " \t\r\n/>":
            continue  # another tag that begins alike
        line, counted = line + text.count("\n", counted, begin), begin
        inner = ""
        if text[close - 1] != "/":
            stop = text.find(f"</{tag}>", close, end)
            if stop < 0:
                return
            inner, at = text[close + 1 : stop], stop
        yield _Element(dict(_ATTRIBUTE.findall(text[begin:close])), inner, close + 1, line, line + text.count("\n", begin, at))


def _magento(text: str, table: _Element, file: str) -> Change:
    change = Change("create", table.attributes.get("name", ""), file, table.line, "magento")
    for element in _elements(text, "column", table):
        given = element.attributes
        if "xsi:type" not in given:
            continue  # a column that a constraint names
        kind = given["xsi:type"]
        column = Column(given.get("name", ""), file, element.line, element.end_line, kind, kind_of(kind), given.get("unsigned") == "true")
        column.nullable = given.get("nullable") != "false"
        column.default = given.get("default")
        change.columns.append(column)
    for element in _elements(text, "constraint", table):
        kind = element.attributes.get("xsi:type", "")
        names = tuple(n for c in _elements(text, "column", element) if (n := c.attributes.get("name")))
        if kind in ("unique", "primary") and names:
            change.uniques.append(Unique(names, file, element.line, primary=kind == "primary"))
    return change


def _doctrine(text: str, entity: _Element, file: str) -> Change:
    name = re.split(r"[\\.]", entity.attributes.get("name", ""))[-1]
    table = entity.attributes.get("table") or snake(name)
    change = Change("declare", table, file, entity.line, "doctrine", names=[name])
    for tag in ("id", "field"):
        change.columns += [_field(element, tag, file) for element in _elements(text, tag, entity)]
    for element in _elements(text, "unique-constraint", entity):
        listed = element.attributes.get("columns") or element.attributes.get("fields") or ""
        columns = tuple(c.strip() for c in listed.split(",") if c.strip())
        if columns:
            change.uniques.append(Unique(columns, file, element.line))
    return change


def _field(element: _Element, tag: str, file: str) -> Column:
    given = element.attributes
    kind = given.get("type", "")
    column = Column(given.get("column") or given.get("name", ""), file, element.line, element.end_line, kind, kind_of(kind))
    column.attribute = given.get("name", "")
    column.unique = given.get("unique") == "true"
    column.nullable = given.get("nullable") == "true"
    column.version = given.get("version") == "true"
    column.primary = tag == "id"
    column.unsigned = _UNSIGNED.search(element.inner) is not None or is_unsigned(given.get("column-definition", ""))
    return column
