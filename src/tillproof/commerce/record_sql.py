"""A statement in SQL as a touch of records: enough of the grammar for the statements that shops write, holes included."""

import re
from dataclasses import dataclass, field

_NAME = r"[`\"\[]?(?:[\w{}$.:>-]*[.}])?[`\"\[]?(\w+)[`\"\]]?"
_UPDATE = re.compile(
    rf"\bupdate\s+(?:ignore\s+|only\s+)?{_NAME}(?:\s+(?:as\s+)?\w+)?\s+set\s+(.*?)(?:\bwhere\b(.*))?$", re.IGNORECASE | re.DOTALL
)
_INSERT = re.compile(rf"\b(?:insert(\s+ignore)?|replace)\s+into\s+{_NAME}\s*(?:\(([^)]*)\))?", re.IGNORECASE | re.DOTALL)
_DELETE = re.compile(rf"\bdelete\s+from\s+{_NAME}(?:.*?\bwhere\b(.*))?", re.IGNORECASE | re.DOTALL)
_SELECT = re.compile(rf"\bselect\b.*?\bfrom\s+{_NAME}(?:.*?\bwhere\b(.*))?", re.IGNORECASE | re.DOTALL)
_ASSIGNED = re.compile(r"[`\"\[]?(\w+)[`\"\]]?\s*=\s*((?:'[^']*'|\([^()]*\)|[^,()]|\w+\([^()]*\))+)")
_COMPARED = re.compile(r"[`\"\[]?(\w+)[`\"\]]?\s*(=|<>|!=|>=|<=|>|<|\bis\b|\bin\b|\bnot\s+in\b|\blike\b)", re.IGNORECASE)
_CONFLICT = re.compile(r"\bon\s+(conflict|duplicate\s+key)\b", re.IGNORECASE)
_LOCK = re.compile(r"\bfor\s+(no\s+key\s+)?update\b", re.IGNORECASE)
_WORDS = re.compile(r"\b(update|insert|replace|delete|select)\b", re.IGNORECASE)


@dataclass(slots=True)
class Statement:
    """``kind``: read, create, upsert, write or delete. ``fields``: column → the text of what is written (None when it is not spelt out).
    ``relative``: columns worked out from their old value. ``compared``: columns of the WHERE clause; ``equal``: those compared by ``=``."""

    kind: str
    table: str
    fields: dict[str, str | None] = field(default_factory=dict)
    relative: set[str] = field(default_factory=set)
    compared: set[str] = field(default_factory=set)
    equal: set[str] = field(default_factory=set)
    locked: bool = False


def statement(text: str) -> Statement | None:
    """The first statement of a text; None when it is no SQL that touches records. ``{}`` stands for a hole."""
    first = _WORDS.search(text)
    if first is None:
        return None
    return _READERS[first[1].lower()](text[first.start() :])


def _update(text: str) -> Statement | None:
    found = _UPDATE.search(text)
    if found is None:
        return None
    out = Statement("write", found[1])
    for name, value in _ASSIGNED.findall(found[2]):
        out.fields[name] = value.strip()
        if re.search(rf"\b{re.escape(name)}\b[`\"\]]?\s*[-+*]", value, re.IGNORECASE):
            out.relative.add(name)
    _where(found[3], out)
    return out


def _insert(text: str) -> Statement | None:
    found = _INSERT.search(text)
    if found is None:
        return None
    out = Statement("upsert" if found[1] or _CONFLICT.search(text) or text.lower().startswith("replace") else "create", found[2])
    columns = [c.strip(' `"[]\n\t') for c in (found[3] or "").split(",")]
    values = re.search(r"\bvalues\s*\((.*?)\)\s*(?:on\b|returning\b|;|$)", text, re.IGNORECASE | re.DOTALL)
    given = [v.strip() for v in values[1].split(",")] if values else []
    for n, column in enumerate(columns):
        if re.fullmatch(r"\w+", column):
            out.fields[column] = given[n] if n < len(given) and len(given) == len(columns) else None
    return out


def _delete(text: str) -> Statement | None:
    found = _DELETE.search(text)
    if found is None:
        return None
    out = Statement("delete", found[1])
    _where(found[2], out)
    return out


def _select(text: str) -> Statement | None:
    found = _SELECT.search(text)
    if found is None:
        return None
    out = Statement("read", found[1], locked=bool(_LOCK.search(text)))
    _where(found[2], out)
    return out


def _where(text: str | None, out: Statement) -> None:
    for name, operator in _COMPARED.findall(text or ""):
        out.compared.add(name)
        if operator == "=":
            out.equal.add(name)


_READERS = {"update": _update, "insert": _insert, "replace": _insert, "delete": _delete, "select": _select}
