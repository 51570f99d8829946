"""Calls that begin a payment and have it charged by the same request: their answer is the provider's own word on it."""

from typing import TYPE_CHECKING

from tillproof.flow.program import Fn
from tillproof.flow.shape import shape
from tillproof.flow.values import Ctx, Value, constant
from tillproof.knowledge.schema import Operation

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_CONFIRM = "confirm"


def confirms_at_once(model: "Model", fn: Fn, i: int, operation: Operation, ctx: Ctx | None) -> bool:
    """Whether what is created is confirmed by the same call, ``confirm: true``, so that its answer says whether the money came."""
    if operation.op != "payment.create" or operation.confirms:
        return False
    for key, row in model.program.body(fn).call(i)[1]:
        value = model.evaluator.value(fn, row, ctx)
        told: Value | None = value if key == _CONFIRM else shape(model.evaluator, value).must.get(_CONFIRM) if key in ("", "**") else None
        if told is not None and (constant(told) or "").lower() == "true":
            return True
    return False
