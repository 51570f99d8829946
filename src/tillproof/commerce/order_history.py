"""Conditions that look through the history of an order's states: ``in_array($state, $order->getHistory(…))``."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.conditions import Atom
from tillproof.commerce.lexicon import snake
from tillproof.flow.values import Element, External, Member, Result, Value, pieces
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_TABLE = re.compile(r"(\w+_)?order_(status_|state_)?histor(y|ies)")
_GETTER = re.compile(r"get_(order_)?(status_|state_)?histor(y|ies)")
_MOST = 40


def asks_history(model: "Model", atom: Atom) -> bool:
    """Whether a condition looks for something in the history of an order: rows of its table, or what the platform gives of it."""
    sought = model.states.existence(atom)
    if sought is not None and _TABLE.fullmatch(sought.entity):
        return True
    return any(_is_history(model, piece) for piece in _looked_at(model, atom))


def _looked_at(model: "Model", atom: Atom) -> Iterator[Value]:
    body = model.program.body(atom.fn)
    op, args = body.op[atom.instr], body.args(atom.instr)
    rows = list(args[1:3]) if op == Op.BINARY else [a for _, a in body.call(atom.instr)[1]] if op == Op.CALL else [atom.instr]
    yield from pieces([model.evaluator.value(atom.fn, row, atom.ctx) for row in rows], _MOST, model.evaluator.made_of)


def _is_history(model: "Model", value: Value) -> bool:
    callee = value.callee if isinstance(value, Result) else None
    if isinstance(callee, (Member, External)) and _GETTER.fullmatch(snake(callee.name.rpartition(".")[2])):
        return True
    read = model.records.read_behind(value) if isinstance(value, (Result, Element)) else None
    return read is not None and _TABLE.fullmatch(read.entity) is not None
