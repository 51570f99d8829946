"""General stores of rows, which are told their table by whoever makes them or derives from them."""

from typing import TYPE_CHECKING

from tillproof.flow.program import Fn
from tillproof.flow.values import Param, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model


def lends_rows(model: "Model", fn: Fn, i: int) -> bool:
    """Whether a write stands in such a store: ``class Repository { constructor(model) … update(id, row) { this.model.updateOne(…) } }``.
    Which rows it writes is known only where it is called."""
    owner = model.program.method_class(fn)
    if owner is not None and model.evaluator.scope.subclasses(owner):
        return True
    body = model.program.body(fn)
    callee = body.args(i)[0]
    holder = body.args(callee)[0] if body.op[callee] == Op.FIELD else -1
    return holder >= 0 and any(isinstance(o, Param) for o in options(model.evaluator.value(fn, holder)))
