"""What a record says of whether it is still to be paid, or was paid before."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.lexicon import Words, snake
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, Ctx, External, Member, Value, options
from tillproof.ir.ops import Kind

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_OWN_STATE = re.compile(r"(is_)?(paid|payment_?(status|state)|pay_?status)")


def chooses_paid(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> bool:
    """Whether only records that are paid already are changed: ``where: { id, paymentStatus: 'PAID' }``."""
    touch = model.records.touch(fn, i, ctx)
    for name, value in touch.keys.items() if touch is not None and touch.kind == "write" else ():
        texts = [said_by(o) for o in options(value)]
        if _OWN_STATE.fullmatch(snake(name)) and texts and all(t is not None and model.words.has("paid_values", t) for t in texts):
            return True
    return False


def still_owed(words: Words, name: str, value: Value) -> bool:
    """Whether a record says beside its state how it stands with the payment, and that it has not come: ``paymentStatus: 'pending'``."""
    if not _OWN_STATE.fullmatch(snake(name)):
        return False
    texts = [said_by(o) for o in options(value)]
    open_ = all(t is not None and (words.has("open_values", t) or words.has("dead_values", t)) for t in texts)
    return open_ or all(isinstance(o, Const) and o.falsy for o in options(value))


def said_by(value: Value) -> str | None:
    """A constant's text, or the name of an enum's member or of the class constant that keeps a number."""
    if isinstance(value, Const) and value.name:
        return value.name
    if isinstance(value, Const) and value.kind == Kind.STRING:
        return value.text.strip("'\"")
    if isinstance(value, Member):
        return value.name
    if isinstance(value, External):
        return value.name.rpartition(".")[2]
    return None
