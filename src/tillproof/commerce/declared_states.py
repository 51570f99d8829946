"""The states that a column's declaration lists: ``enum: [...]``, ``choices=STATES``, ``$table->enum('status', [...])``."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.lexicon import snake

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_QUOTED = re.compile(r"""['"]([\w -]{3,30})['"]""")
_NAMED = re.compile(r"(?:choices\s*=|enum\s*[:=]|Enum\()\s*(?:Object\.values\()?([A-Za-z_][\w.]*)")
_PAID = re.compile(r"(?!un|not_)(\w+_)?paid")
_MOST_LINES = 60


def declared_states(model: "Model", entity: str, field: str, file: str) -> Iterator[str]:
    """The words that stand at the column, or under the name of a list or an enumeration in its file."""
    table = model.schema.table(entity, file)
    column = table.column(field) if table is not None else None
    if column is None:
        return
    whole = model.texts.text(column.file).decode(errors="replace")
    here = _lines(whole, column.line, column.end_line)
    yield from _QUOTED.findall(here)
    for name in (column.type, *(m[1].rpartition(".")[2] for m in _NAMED.finditer(here))):
        if not name.isidentifier():
            continue
        listed = re.search(rf"\benum\s+{name}\s*\{{([^}}]*)\}}", whole)
        if listed is not None:
            yield from re.findall(r"\w+", listed[1])
        listed = re.search(rf"\b{name}\b[^=\n]*=\s*[\[({{]((?s:.){{0,600}})", whole)
        if listed is not None:
            yield from _QUOTED.findall(listed[1])


def may_be_paid(model: "Model", entity: str, field: str, file: str) -> bool:
    """Whether one of the states that a column may hold says that it is paid."""
    return any(_PAID.fullmatch(snake(state)) for state in declared_states(model, entity, field, file))


def listed_in_lines(model: "Model", file: str, first: int, last: int) -> list[str]:
    """The words in some lines of a file."""
    return _QUOTED.findall(_lines(model.texts.text(file).decode(errors="replace"), first, last))


def _lines(whole: str, first: int, last: int) -> str:
    """Lines of a file of any kind: columns are declared in files that are no code, too."""
    return "\n".join(whole.splitlines()[first - 1 : min(last, first + _MOST_LINES)])
