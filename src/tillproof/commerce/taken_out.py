"""What is there for one request alone, because reading it takes it away: ``session()->pull('payment')``."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.conditions import Atom
from tillproof.commerce.names import written
from tillproof.flow.values import Const, Result, Value, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_TAKES = ("pull", "pop", "getdel", "getanddelete", "get_and_delete")
_KEEPS = re.compile(r"session|cache|redis", re.IGNORECASE)
_EQUAL = {"==": True, "===": True, "!=": False, "!==": False}


def is_taken_out(model: "Model", atom: Atom) -> bool:
    """Whether a condition holds only while something lies in a session or cache that is taken out to be asked for."""
    body, value = model.program.body(atom.fn), model.evaluator.value
    op, args = body.op[atom.instr], body.args(atom.instr)
    if op in (Op.NAME, Op.CALL):
        return atom.truth is True and _is_taken(model, value(atom.fn, atom.instr, atom.ctx))
    if op != Op.BINARY or _EQUAL.get(body.text(args[0])) is not atom.truth:
        return False
    sides = [value(atom.fn, side, atom.ctx) for side in args[1:3]]
    return not any(isinstance(side, Const) for side in sides) and any(_is_taken(model, side) for side in sides)


def _is_taken(model: "Model", value: Value) -> bool:
    for one in options(value):
        if not isinstance(one, Result) or one.instr < 0:
            return False
        body = model.program.body(one.fn)
        callee = body.args(one.instr)[0]
        if body.op[one.instr] != Op.CALL or body.called(one.instr).rpartition(".")[2].lower() not in _TAKES:
            return False
        if not _KEEPS.search(written(model.program, one.fn, callee)):
            return False
    return True
