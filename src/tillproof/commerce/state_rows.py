"""States that are rows of a table of their own, found by their name: ``OrderStatus.objects.get(code="cancelled")``, and the id of such a
row; in a statement the sub-query that looks for it."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.touches import text_of
from tillproof.flow.values import Member, Value, options

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_TABLE = re.compile(r"(\w+_)?(status|state|estado|statut)(_type)?")
_IDS = ("id", "pk", "_id", "uuid")
_WORD = re.compile(r"[A-Za-z][\w -]{2,30}")
_SUB_QUERY = re.compile(
    r"\(?\s*select\s+[\w.]+\s+from\s+[\w.]*(?:status(?:es)?|states?)\s+(?:as\s+)?(?:\w+\s+)?where\s+[\w.]+\s*=\s*'([A-Za-z][\w -]{2,30})'",
    re.IGNORECASE,
)


def state_of_row(model: "Model", value: Value) -> str | None:
    """The word by which the row was looked for that a value is, or is the id of."""
    row = value.base if isinstance(value, Member) and value.name in _IDS else value
    read = model.records.read_behind(row)
    if read is None or read.kind != "read" or _TABLE.fullmatch(read.entity) is None:
        return None
    return next((word for key in read.keys.values() for o in options(key) if (word := _word(o)) is not None), None)


def state_asked(text: str) -> str | None:
    """The word by which a sub-query looks for a state."""
    found = _SUB_QUERY.match(text)
    return found[1] if found is not None else None


def _word(value: Value) -> str | None:
    text = text_of(value)
    return text if text is not None and _WORD.fullmatch(text) else None
