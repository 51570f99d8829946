"""Payments and subscriptions that a provider is told to end or give back, which nothing but the request of a customer chooses."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.entries import Entry
from tillproof.commerce.lexicon import snake
from tillproof.commerce.payment_ids import PAYMENT_ID
from tillproof.flow.facts import Condition, Either
from tillproof.flow.fixed import EQUALITY
from tillproof.flow.program import Fn
from tillproof.flow.values import Record, Value, options
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Operation

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_CHOSEN = ("path", "query", "body", "raw")
_NAMES = re.compile(r"(\w+_)?(subscription|payment_intent|charge|capture|order|payment|transaction)(_?id)?|id")


class EndedAbroad(NamedTuple):
    """What ends or gives back a payment, behind which entry point, and the piece of its request that says which."""

    entry: Entry
    effect: Effect
    named: str


def ended_abroad(model: "Model") -> Iterator[EndedAbroad]:
    """One per call to a provider behind a route of customers or of everybody, whose id is the request's own, and which is looked up in no
    record of ours, handed to nobody who could ask whose it is, and compared with nothing on the way but for its state."""
    for entry in model.handlers.of_customers:
        for effect in model.effects.of(entry.target):
            if effect.certain and effect.operation is not None and _ends(effect.operation):
                named = _named(model, effect)
                if named and not _is_asked(model, effect) and model.counter.of(entry) is None:
                    yield EndedAbroad(entry, effect, named)


def _ends(operation: Operation) -> bool:
    """Whether a call ends a subscription or gives money back. Who knows the id of a payment that is still to be made is mostly the browser
    that begins it."""
    return operation.op == "refund.create" or (operation.op == "payment.cancel" and "subscr" in operation.resource.lower())


def _named(model: "Model", effect: Effect) -> str:
    """The key of the request's piece that is the id which a call is given; empty where it is, or may be, anything else."""
    arguments = model.program.body(effect.fn).call(effect.instr)[1]
    given = [(key, model.evaluator.value(effect.fn, v, effect.ctx)) for key, v in arguments]
    ids = [v for key, v in given[:1] if key == "" and not isinstance(v, Record)]
    for key, value in given:
        held = value.entries if isinstance(value, Record) else ((key, value),) if key else ()
        ids += [v for k, v in held if k and (_NAMES.fullmatch(snake(k)) or PAYMENT_ID.fullmatch(snake(k)))]
    return _piece(model, ids[0]) if ids else ""


def _piece(model: "Model", value: Value) -> str:
    """The key of the one piece of a request that a value is, as it was sent."""
    found = [model.requests.source(option) for option in options(value)]
    keys = {s.key or "" if s is not None and s.kind in _CHOSEN else "" for s in found}
    return keys.pop() if len(keys) == 1 else ""


def _is_asked(model: "Model", effect: Effect) -> bool:
    """Whether anything on the way could tell whose it is: any condition but one on its state, a record that is read, or anything of ours
    that is told more than what is written down, besides what leads to the provider."""
    certain = (held for place in effect.way for held in model.effects.held_at(place))  # a guard before asks who it is that calls
    facts = (held for held in certain if isinstance(held.fact, (Condition, Either)))
    if any(not isinstance(held.fact, Condition) or not _is_of_state(model, held.fn, held.fact.instr) for held in facts):
        return True
    return any(_asks_about(model, place) for place in effect.way)


def _is_of_state(model: "Model", fn: Fn, condition: int) -> bool:
    """Whether a condition compares a status with a word: ``subscription.status == "canceled"``."""
    body = model.program.body(fn)
    if body.op[condition] != Op.BINARY or body.text(body.args(condition)[0]) not in EQUALITY:
        return False
    sides = body.args(condition)[1:3]
    fields = [side for side in sides if body.op[side] == Op.FIELD and model.words.has("status_fields", snake(body.name(side)))]
    return len(fields) == 1 and any(body.const(side) is not None for side in sides)


def _asks_about(model: "Model", place: Place) -> bool:
    """Whether a function on the way reads a record, or tells anything of ours more than what is written down."""
    body = model.program.body(place.fn)
    for i, op in enumerate(body.op):
        if op != Op.CALL or i == place.instr or model.operations.at(place.fn, i, place.ctx) is not None:
            continue
        touch = model.records.touch(place.fn, i, place.ctx)
        if touch is not None and touch.kind == "read":
            return True
        if model.recogniser.is_ours(place.fn, i, place.ctx) and any(body.const(v) is None for _, v in body.call(i)[1]):
            return True
    return False
