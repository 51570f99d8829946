"""Routes that do nothing of their own: several addresses of one handler, ``POST = (request) => receive(request, 'label')``."""

from typing import TYPE_CHECKING

from tillproof.flow.program import TOP, Fn
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_OWN = (Op.BRANCH, Op.SET_FIELD, Op.SET_INDEX, Op.RAISE, Op.NEW)


def only_hands_on(model: "Model", fn: Fn, call: int) -> bool:
    """Whether all that an entry point does is one call, and to give back its answer."""
    if fn.number == TOP or not any(entry.target.fn == fn for entry in model.handlers.entries):
        return False
    body = model.program.body(fn)
    return not any(op in _OWN or (op == Op.CALL and i != call) for i, op in enumerate(body.op))
