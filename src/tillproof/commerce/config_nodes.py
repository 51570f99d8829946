"""Defaults that a Symfony bundle declares for its settings: ``->booleanNode('sandbox')->defaultTrue()``."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_TREE = b"TreeBuilder"
_PLAIN = {"defaultTrue": "true", "defaultFalse": "false"}
_TOLD = "defaultValue"
_NODES = ("booleanNode", "scalarNode", "enumNode")
_NODE = re.compile(rb"Node\(")
_LONGEST = 8


def config_nodes(model: "Model", file: str) -> Iterator[tuple[int, str, str]]:
    """(line, name, default) of the settings that a file declares in a tree."""
    source = model.program.sources[file]
    if _TREE not in source or not file.endswith(".php"):
        return
    places = [found.start() for found in _NODE.finditer(source)]
    for fn in model.program.functions_at(file, places):
        body = model.program.body(fn)
        for i, op in enumerate(body.op):
            if op == Op.CALL and (value := _default(body, i)) and (named := _declared(body, i)) is not None:
                yield body.line[named], body.name(named).strip("'\""), value


def _default(body: Body, i: int) -> str:
    called, given = body.called(i), body.call(i)[1]
    told = body.const(given[0][1]) if called == _TOLD and given else None
    return _PLAIN.get(called, told[1].strip("'\"") if told is not None else "")


def _declared(body: Body, i: int) -> int | None:
    """What names the node on whose chain a call stands."""
    for _ in range(_LONGEST):
        callee = body.args(i)[0]
        if body.op[callee] != Op.FIELD or body.op[body.args(callee)[0]] != Op.CALL:
            return None
        i = body.args(callee)[0]
        given = body.call(i)[1]
        if body.called(i) in _NODES:
            return given[0][1] if given and body.const(given[0][1]) is not None else None
    return None
