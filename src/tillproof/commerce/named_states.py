"""The state of a payment that the sender of a request names himself: ``update({ payment_status: body.status })``."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.claims import went_well
from tillproof.commerce.declared_states import may_be_paid
from tillproof.commerce.entities import ORDER, ORDERS
from tillproof.commerce.lexicon import snake
from tillproof.commerce.said_paid import is_sent
from tillproof.commerce.touches import Touch
from tillproof.commerce.whole_bodies import set_by_sender
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx, Param, Value, leaves, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_PAYMENT = re.compile(r"(\w+_)?(payment|transaction|charge)")
_NEW = re.compile(rf"(\w+_)?({ORDER})s?")
_STATE = re.compile(r"_(state|status)$")


def state_named(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> bool:
    """Whether the state of its payment that the sender names is written into an order: ``update({ payment_status: body.status })``.
    Words of states among which none means paid are those that he may name."""
    words = model.words
    if not model.vocabulary.status(fn):
        return False
    touch = model.records.touch(fn, i, ctx)
    if touch is None or touch.kind != "write" or not words.entity(touch.entity):
        return False
    own = _PAYMENT.fullmatch(touch.entity) is not None
    fields = _paying_states(model, fn, touch)
    calls = model.program.body(fn).op[i] == Op.CALL
    filled = own and calls and model.inherited.filled(fn, i, ctx) is not None  # `serializer.save()` of the payment
    whole = set_by_sender(model, touch.entity, fn, i, ctx) if filled else {}
    if not any(is_sent(model, v) for v in fields) and not any(words.has("status_fields", k) for k in whole):
        return False
    body = model.program.body(fn)
    listed = (x for n, op in enumerate(body.op) if op == Op.LIST for x in body.args(n) if x >= 0 and body.op[x] == Op.CONST)
    texts = (*model.reach.compared(fn), *(body.name(x).strip("'\"") for x in listed))
    states = [t for t in texts if any(words.has(kind, t) for kind in ("open_values", "dead_values", "paid_values"))]
    return not states or any(map(went_well(model), texts))


def state_open(model: "Model", fn: Fn, i: int) -> bool:
    """Whether the state of its payment that a caller chooses is written into an order: ``function setStatus($id, $status)``."""
    body, words = model.program.body(fn), model.words
    if not body.params or body.op[i] != Op.CALL or not model.vocabulary.status(fn):
        return False
    touch = model.records.touch(fn, i, None)
    if touch is None or touch.kind != "write" or not words.entity(touch.entity):
        return False
    return any(isinstance(leaf, Param) for v in _paying_states(model, fn, touch) for leaf in leaves(v, 60))


def begun_as_named(model: "Model", fn: Fn, i: int, ctx: Ctx | None, handed: bool = False) -> bool:
    """Whether a statement in SQL makes an order that begins in the state which its sender names: ``INSERT INTO orders (payment_status) …``.
    ``handed``: also in one that a caller chooses."""
    if not model.vocabulary.status(fn):
        return False
    touch = model.records.touch(fn, i, ctx)
    if touch is None or touch.kind != "create" or touch.effect != "sql" or _NEW.fullmatch(touch.entity) is None:
        return False
    words = model.words
    states = [v for k, v in touch.fields.items() if v is not None and (words.has("status_fields", k) or words.has("paid_fields", k))]
    return any(is_sent(model, v) or (handed and any(isinstance(o, Param) for o in options(v))) for v in states)


def _paying_states(model: "Model", fn: Fn, touch: Touch) -> Iterator[Value]:
    """What a write puts into the fields that say whether an order is paid: a payment's own state says so, and so does
    an order's where one of those that it may hold is that it is paid."""
    own = _PAYMENT.fullmatch(touch.entity) is not None
    for field, v in touch.fields.items():
        if v is None or not model.words.has("status_fields", field):
            continue
        ordered = ORDERS.fullmatch(touch.entity) is not None and may_be_paid(model, touch.entity, field, touch.fn.file)
        if own or ordered or model.words.has("paid_fields", field) or _kept_for_provider(model, fn, field):
            yield v


def _kept_for_provider(model: "Model", fn: Fn, field: str) -> bool:
    """Whether a field keeps the state that a provider which is paid by tells, by its name: ``mercadoPagoStatus``."""
    stem = _letters(_STATE.sub("", snake(field)))
    return bool(stem) and any(stem == _letters(p.id) for p in model.handlers.paying(model.program.unit(fn.file)))


def _letters(name: str) -> str:
    return "".join(c for c in name if c.isalnum())
