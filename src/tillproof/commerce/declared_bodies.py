"""The classes that declare what requests hold: those of Python's handlers, ``cart: CartIn``, with those that their fields are of."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tillproof.flow.program import ClassId, Fn
from tillproof.flow.values import ClassV, Instance, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_NAMES = re.compile(r"\b[A-Z]\w*")
_BASES = ("BaseModel", "Schema", "ModelSchema", "SQLModel", "Struct", "Serializer", "ModelSerializer")
_DEEPEST = 3
_LINES = 6  # of one declaration
_VALIDATES = re.compile(r"\s*@\w*(validator|validates)\b")


def bodies(model: "Model", around: Iterable[Fn]) -> list[ClassId]:
    """The classes of what handlers are handed from a request, with the classes of ours that their fields name."""
    program = model.program
    found: dict[ClassId, int] = {}
    waiting: list[tuple[ClassId, int]] = []
    for fn in around:
        body = program.body(fn)
        values = (model.evaluator.value(fn, i) for i, op in enumerate(body.op) if op == Op.PARAM) if body.params else ()
        of_ours = [o.cls for v in values for o in options(v) if isinstance(o, Instance) and o.origin is not None]
        waiting += [(cls, 0) for cls in of_ours if program.language(cls.file) == "python" and _declares(model, cls)]
    while waiting:
        cls, depth = waiting.pop()
        if cls in found or depth > _DEEPEST:
            continue
        found[cls] = depth
        for name in dict.fromkeys(_NAMES.findall(_source(model, cls))):
            held = model.evaluator.scope.dotted(cls.file, name)
            waiting += [(o.cls, depth + 1) for o in options(held) if isinstance(o, ClassV) and _declares(model, o.cls)]
    return list(found)


def fields_of(model: "Model", cls: ClassId, word: str) -> list[tuple[int, str]]:
    """(line, text) of the declaration of a field in a class, and of what validates it there."""
    lines = _source(model, cls).splitlines()
    first = model.program.cls(cls).line
    out: list[tuple[int, str]] = []
    for number, line in enumerate(lines):
        if re.match(rf"\s*{re.escape(word)}\s*[:=]", line):
            text = line
            for further in lines[number + 1 : number + _LINES]:
                text = f"{text} {further}" if text.count("(") > text.count(")") else text
            out.append((first + number, text))
        elif out and _VALIDATES.match(line) and word in line:
            out.append((first + number, "min"))  # it refuses what it does not like
    return out


def _declares(model: "Model", cls: ClassId) -> bool:
    named = (base.rpartition(".")[2] for one in model.evaluator.scope.lineage(cls) for base in model.program.cls(one).bases)
    return any(base in _BASES for base in named)


def _source(model: "Model", cls: ClassId) -> str:
    return model.program.class_text(cls).decode("utf-8", "replace")
