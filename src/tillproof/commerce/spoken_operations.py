"""Which operation a call is that has one address for all: the document or the words among its arguments say it."""

import re
from collections.abc import Iterable, Sequence

from tillproof.flow.values import Const, Param, Text, Value, constant, pattern, pieces
from tillproof.ir.ops import Kind

_MOST = 60
_HOLE = "{}"


def says(values: Sequence[Value], words: Iterable[str]) -> bool:
    """Whether one of the words is given as it stands (``execute_kw(…, 'sale.order', 'create', …)``), or a document among the arguments
    asks for it by that name (``mutation { productUpdate(input: $input) { … } }``)."""
    given = {constant(v) for v in values}
    asked = [text for text in _texts(values) if _is_document(text)]
    return any(word in given or any(re.search(rf"\b{re.escape(word)}\s*[({{@]", text) for text in asked) for word in words)


def is_open(values: Sequence[Value]) -> bool:
    """Whether it is the caller who says it: a text is handed on, and none of them is a document."""
    found = list(pieces(values, _MOST))
    return any(isinstance(v, Param) for v in found) and not any(_is_document(text) for text in _texts(values))


def _is_document(text: str) -> bool:
    """Whether a text asks for fields in braces, which are no holes of ours."""
    return "{" in text.replace(_HOLE, "")


def _texts(values: Sequence[Value]) -> Iterable[str]:
    for value in pieces(values, _MOST):
        if isinstance(value, Text):
            yield pattern(value)
        elif isinstance(value, Const) and value.kind == Kind.STRING:
            yield value.text
