"""A field of a record of ours that is set by a method of its class: ``$product->setStock($n)``, on a product that was declared as one."""

from dataclasses import replace
from typing import TYPE_CHECKING

from tillproof.commerce.touches import Touch
from tillproof.flow.program import Fn
from tillproof.flow.values import FunctionV, Instance, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_MOST_ROWS = 12  # a setter says little more than what it sets


def set_through(model: "Model", fn: Fn, i: int) -> Touch | None:
    """What a call of a setter of ours writes, at the call: there it is said what the field is set to, of which the setter knows nothing."""
    body = model.program.body(fn)
    callee = body.args(i)[0] if body.op[i] == Op.CALL else -1
    if callee < 0 or body.op[callee] != Op.FIELD or not body.called(i).lower().startswith("set") or len(body.call(i)[1]) != 1:
        return None
    for option in options(model.evaluator.value(fn, callee)):
        if not isinstance(option, FunctionV) or not isinstance(option.this, Instance):
            continue
        inner = model.program.body(option.fn)
        sets = [j for j, op in enumerate(inner.op) if op == Op.SET_FIELD and inner.is_self(inner.args(j)[0])]
        touch = model.records.touch(option.fn, sets[0], model.evaluator.context(option, fn, i, None)) if len(sets) == 1 else None
        if touch is not None and len(inner.op) <= _MOST_ROWS:
            return replace(touch, fn=fn, instr=i, ctx=None)
    return None
