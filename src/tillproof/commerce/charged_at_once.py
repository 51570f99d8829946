"""Calls that begin a payment and have it charged by the same request: their answer is the provider's own word on it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.flow.program import Fn
from tillproof.flow.shape import find_key, shape
from tillproof.flow.values import Ctx, Value, constant
from tillproof.knowledge.schema import Operation

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_CONFIRM = "confirm"


def confirms_at_once(model: "Model", fn: Fn, i: int, operation: Operation, ctx: Ctx | None) -> bool:
    """Whether what is created is surely confirmed by the same call, ``confirm: true``: its answer says whether the money came."""
    if operation.op != "payment.create" or operation.confirms:
        return False
    return any((constant(told) or "").lower() == "true" for told in _told(model, fn, i, ctx, certainly=True))


def is_confirmed(model: "Model", fn: Fn, i: int, operation: Operation, ctx: Ctx | None) -> bool:
    """Whether the answer to a call says whether the money came, by what the operation is or by what it is told."""
    return operation.confirms or confirms_at_once(model, fn, i, operation, ctx)


def may_charge_at_once(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> bool:
    """Whether what is created may be charged by the same request: ``confirm`` is given, and is not plainly false."""
    return any((constant(told) or "").lower() != "false" for told in _told(model, fn, i, ctx, certainly=False))


def _told(model: "Model", fn: Fn, i: int, ctx: Ctx | None, *, certainly: bool) -> Iterator[Value]:
    """What a call says of confirming: by an argument of that name, or in what it is given."""
    for key, row in model.program.body(fn).call(i)[1]:
        value = model.evaluator.value(fn, row, ctx)
        if key == _CONFIRM:
            yield value
        elif key in ("", "**") and certainly:
            yield from (v for k, v in shape(model.evaluator, value).must.items() if k == _CONFIRM)
        elif key in ("", "**") and (found := find_key(model.evaluator, value, {_CONFIRM})[0]) is not None:
            yield found.value
