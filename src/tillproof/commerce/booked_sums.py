"""Payments that are booked with the sum that was paid: less paid is less booked, and nothing has to be compared."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.lexicon import snake
from tillproof.commerce.touches import Touch
from tillproof.flow.values import Element, FunctionV, Member, Param, Result, Value, options, pieces
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Operation

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_MOST_PIECES = 60
_LONGEST_PATH = 8
_MOST_CALLS = 40
# Records of the payment itself, which order nothing.
_OF_PAYMENT = re.compile(r"(\w+_)?(payment|transaction|charge|top_?up|deposit|recharge)")
# What is bought, as a field of an order or as a record that hangs on one.
_GOODS = re.compile(
    r"(\w+_)?(items?|lines?|products?|carts?|baskets?|details?|plans?|tiers?|packages?|courses?|tickets?|enrol\w*|skus?|books?|services?)(_ids?)?"
)
_GIVES = re.compile(
    r"(\w+_)?(top_?up|credit|deposit|recharge|refill|add_(funds?|balance|credits?|money)|increase_(balance|credits?))(_\w+)?"
)


def booked(model: "Model", effect: Effect, others: list[Effect]) -> Place | None:
    """Where the sum that was paid goes along: into the call by which the platform books it, or, for a record of the payment alone, into
    what is credited for it; or where an order is made that says no more than what was paid. ``others``: all effects of the entry point."""
    touch = effect.touch
    if touch is None:
        return None
    if touch.effect == "order.paid" and _hands_sum(model, effect.place):
        return effect.place
    if touch.kind == "create" and _books_alone(model, effect, others):
        return effect.place
    if not _OF_PAYMENT.fullmatch(touch.entity):
        return None
    for other in others:
        adds = other.touch.relative if other.touch is not None else ()
        if other.touch is not None and any(_is_paid_sum(model, v) for n in adds if (v := other.touch.fields.get(n)) is not None):
            return other.place
    return next((call for place in effect.way for call in _giving(model, place) if _hands_sum(model, call)), None)


def _books_alone(model: "Model", effect: Effect, others: list[Effect]) -> bool:
    """Whether a new order has the sum that was paid for its own, and nothing says what is sent for it but what the message tells."""
    touch = effect.touch
    told = {snake(n): v for n, v in touch.fields.items() if v is not None} if touch is not None else {}
    if touch is not None and not told and _is_kept_whole(model, touch):
        return True
    if not any(model.words.money(name) and _is_paid_sum(model, value) for name, value in told.items()):
        return False
    goods = [e for e in others if e.touch is not None and e.touch.kind == "create" and _GOODS.fullmatch(e.touch.entity)]
    return not goods and not any(_GOODS.fullmatch(name) and not _is_said(model, value) for name, value in told.items())


def _is_said(model: "Model", value: Value) -> bool:
    """Whether a field is given what a verified message says, as we gave it to the payment with the sum: ``intent.metadata.items``. What a
    browser sends it says of itself."""
    found = list(options(value))
    return bool(found) and all(
        isinstance(o, (Member, Element)) and model.requests.source(o) is None and _is_told(model, o.base) for o in found
    )


def _is_kept_whole(model: "Model", touch: Touch) -> bool:
    """Whether the message itself, or the object that it is about, is put away as it came."""
    given = model.program.body(touch.fn).call(touch.instr)[1] if touch.keys == {} else []
    values = [model.evaluator.value(touch.fn, v, touch.ctx) for _, v in given[:1]]
    return any(isinstance(o, Member) and _is_told(model, o) for v in values for o in options(v))


def _giving(model: "Model", place: Place) -> Iterator[Place]:
    """The calls beside a place, in its function, of functions of ours that credit somebody by their name."""
    body = model.program.body(place.fn)
    calls = [i for i, op in enumerate(body.op) if op == Op.CALL and _GIVES.fullmatch(snake(body.called(i)))]
    for i in calls[:_MOST_CALLS]:
        callee = model.evaluator.value(place.fn, body.args(i)[0], place.ctx)
        if any(isinstance(o, FunctionV) and model.effects.acts(o.fn) for o in options(callee)):
            yield Place(place.fn, i, place.ctx)


def _hands_sum(model: "Model", place: Place) -> bool:
    given = model.program.body(place.fn).call(place.instr)[1]
    return any(_is_paid_sum(model, model.evaluator.value(place.fn, v, place.ctx)) for _, v in given)


def _is_paid_sum(model: "Model", value: Value) -> bool:
    """Whether a value is made of a sum that the provider's message or answer tells."""
    parts = (p for p in pieces([value], _MOST_PIECES, lambda v: _within(model, v)) if isinstance(p, Member))
    return any(model.words.money(snake(p.name)) and _is_told(model, p.base) for p in parts)


def _within(model: "Model", value: Value) -> list[Value]:
    """What a value is made of. By which client a provider is asked makes no sum."""
    if isinstance(value, Result) and value.instr >= 0 and model.operations.at(value.fn, value.instr, value.ctx) is not None:
        return []
    given = [v for _, v in model.evaluator.arguments(value)] if isinstance(value, Result) and value.instr >= 0 else []
    return [*value.parts(), *given]


def _is_told(model: "Model", value: Value) -> bool:
    """Whether an object is of a verified message, or of the answer to a question about a payment."""
    for option in options(value):
        here = option
        for _ in range(_LONGEST_PATH):
            if not isinstance(here, (Member, Element)):
                break
            here = next(iter(options(here.base)))
        if isinstance(here, Result) and here.instr >= 0:
            known = model.operations.at(here.fn, here.instr, here.ctx)
            asked = known is not None and isinstance(known.thing, Operation) and known.thing.confirms
            if asked or model.operations.verifier_at(here.fn, here.instr, here.ctx) is not None:
                return True
        source = model.requests.source(option) if not isinstance(option, Param) else None
        if source is not None and source.kind in ("body", "raw"):
            return True
    return False
