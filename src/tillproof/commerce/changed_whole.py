"""Orders that a request changes as it likes: ``order.update($request->all())``, ``findByIdAndUpdate(id, { ...req.body })``,
``repository.update(id, dto)``. What says that they are paid is changed with the rest."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.declared_fields import declared_by_sender
from tillproof.commerce.declared_states import may_be_paid
from tillproof.commerce.entities import ORDERS
from tillproof.commerce.said_paid import is_sent
from tillproof.commerce.touches import Touch
from tillproof.commerce.whole_bodies import handed_on, set_by_sender
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model


def changed_whole(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> bool:
    """Whether a call changes an order to whatever the request says, and what says that it is paid is among that."""
    touch = _change(model, fn, i, ctx)
    return touch is not None and any(_says_paid(model, touch, name) for name in _sent(model, touch))


def may_change_whole(model: "Model", fn: Fn, i: int) -> bool:
    """The same of a call, for some caller."""
    return _change(model, fn, i, None) is not None and (handed_on(model, fn, i, None) or changed_whole(model, fn, i, None))


def _change(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> Touch | None:
    """What a call does to an order that is there already."""
    if model.program.body(fn).op[i] != Op.CALL:
        return None
    touch = model.records.touch(fn, i, ctx)
    return touch if touch is not None and touch.kind == "write" and ORDERS.fullmatch(touch.entity) else None


def _sent(model: "Model", touch: Touch) -> Iterator[str]:
    """The columns that the sender of a request sets though no line of the code names them."""
    yield from set_by_sender(model, touch.entity, touch.fn, touch.instr, touch.ctx)
    given = [model.evaluator.value(touch.fn, v, touch.ctx) for _, v in model.program.body(touch.fn).call(touch.instr)[1]]
    for value in given:
        yield from declared_by_sender(model, value)
    if model.program.body(touch.fn).called(touch.instr) == "setattr":
        yield from (name for name, v in touch.fields.items() if v is not None and is_sent(model, v))


def _says_paid(model: "Model", touch: Touch, name: str) -> bool:
    """Whether a column says that an order is paid, by its name, or by one of the states that it may hold."""
    if model.words.has("paid_fields", name):
        return True
    return model.words.has("status_fields", name) and may_be_paid(model, touch.entity, name, touch.fn.file)
