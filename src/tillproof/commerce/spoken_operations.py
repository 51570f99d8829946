"""Which operation a call is that has one address for all: the document or the words among its arguments say it."""

import re
from collections.abc import Iterable, Sequence

from tillproof.flow.evaluate import Evaluator
from tillproof.flow.shape import gathers
from tillproof.flow.values import Const, Param, Result, Text, Value, constant, names, pattern, pieces
from tillproof.ir.ops import Kind

_MOST = 160  # a form of names and values is put together from many
_HOLE = "{}"
_FIELD = re.compile(r"(?:^|&)\w+=(\w+)(?=&|$)")
# What reads a document from its text and answers it: ``gql`…```, ``gql("…")``.
_READS = {"gql", "graphql", "parse"}


def says(evaluator: Evaluator, values: Sequence[Value], words: Iterable[str]) -> bool:
    """Whether one of the words is given as it stands (``execute_kw(…, 'sale.order', 'create', …)``) or as a field of a form
    (``METHOD=DoCapture&AMT=…``), or a document among the arguments asks for it by that name (``mutation { productUpdate(…) { … } }``)."""
    given = {constant(v) for v in _pieces(evaluator, values)}  # JSON-RPC has them in a list of its parameters
    texts = list(_texts(evaluator, values))
    asked = [text for text in texts if _is_document(text)]
    fields = {value for text in texts if "=" in text for value in _FIELD.findall(text)}
    return any(word in given or word in fields or any(re.search(rf"\b{re.escape(word)}\s*[({{@]", t) for t in asked) for word in words)


def is_open(evaluator: Evaluator, values: Sequence[Value]) -> bool:
    """Whether it is the caller who says it: a text is handed on, and none of them is a document."""
    found = list(_pieces(evaluator, values))
    return any(isinstance(v, Param) for v in found) and not any(_is_document(text) for text in _texts(evaluator, values))


def _is_document(text: str) -> bool:
    """Whether a text asks for fields in braces, which are no holes of ours."""
    return "{" in text.replace(_HOLE, "")


def _pieces(evaluator: Evaluator, values: Sequence[Value]) -> Iterable[Value]:
    """Values and what they are made of; those that are written out as a form or as JSON too: ``urlencode({"METHOD": method, …})``."""

    def onward(value: Value) -> Iterable[Value]:
        reads = isinstance(value, Result) and value.instr >= 0 and any(n.rpartition(".")[2] in _READS for n in names(value.callee))
        within = isinstance(value, Result) and value.instr >= 0 and (reads or gathers(value))
        return [v for _, v in evaluator.arguments(value)] if within and isinstance(value, Result) else value.parts()

    return pieces(values, _MOST, onward)


def _texts(evaluator: Evaluator, values: Sequence[Value]) -> Iterable[str]:
    for value in _pieces(evaluator, values):
        if isinstance(value, Text):
            yield pattern(value)
        elif isinstance(value, Const) and value.kind == Kind.STRING:
            yield value.text
