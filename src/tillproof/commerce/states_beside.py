"""Conditions on the state of what an order has of its own, moved on beside the order: its payment, a return, a claim."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.conditions import AnyOf, Atom
from tillproof.commerce.effects import Effect
from tillproof.commerce.entities import same
from tillproof.commerce.lexicon import snake
from tillproof.commerce.states import Writes
from tillproof.commerce.touches import Touch, text_of
from tillproof.flow.values import options

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

# What one order has of its own, with a state that moves on together with the order's.
_OF_ONE = re.compile(
    r"(\w+_)?(return|refund|cancellation|dispute|claim|exchange)(_?(request|item|line))?|(\w+_)?(payment|transaction|invoice)"
)
_PAYMENT = re.compile(r"(\w+_)?(payment|transaction)")


def turned_beside(model: "Model", effect: Effect, effects: list[Effect]) -> list[Atom]:
    """The conditions on the state of what the order has of its own, moved on beside the order so that they let nobody in again:
    ``if (item.returnRequest.status !== 'pending') return`` before that is ``approved``. Of a payment they may stand in any function on the
    way: while it is open, its order was neither paid nor sent."""
    beside, on_way = Writes(e for e in effects if e.fn == effect.fn), {place.fn for place in effect.way}
    out = []
    for held in model.effects.held(effect):
        for atom in model.conditions.behind(held):
            if isinstance(atom, AnyOf):
                continue
            here = atom.truth is not None and atom.fn == effect.fn and _of_its_own(model, atom)
            paying = _open_payments(model, atom) if atom.fn in on_way else ()
            if (here and model.states.turned(atom, beside)) or any(_moves_on(model, effects, entity) for entity in paying):
                out.append(atom)
    return out


def _of_its_own(model: "Model", atom: Atom) -> bool:
    return any(_OF_ONE.fullmatch(r.entity) and model.words.says_state(r.field) for r in model.states.reads(atom))


def _open_payments(model: "Model", atom: Atom) -> Iterator[str]:
    """The kinds of payment of which a condition says that they are open still: ``payment.status !== 'pending'`` has left, or the payment
    was looked for by that state and is there."""
    states = model.states
    if atom.truth is not None:
        wanted = states.required(atom)
        if wanted and all(_is_open(model, word) for word in wanted):
            yield from (r.entity for r in states.reads(atom) if _PAYMENT.fullmatch(r.entity) and model.words.has("status_fields", r.field))
    there = states.existence(atom) if atom.truth is not None else model.records.touch(atom.fn, atom.instr, atom.ctx)
    is_there = atom.truth is None or states.exists_means(atom) is atom.truth
    if there is not None and is_there and there.kind == "read" and _PAYMENT.fullmatch(there.entity) and _sought_open(model, there):
        yield there.entity


def _sought_open(model: "Model", read: Touch) -> bool:
    """Whether records are looked for by a state that is open, and by no other."""
    asked = [v for name, v in read.keys.items() if model.words.has("status_fields", name.rpartition(".")[2])]
    texts = [text_of(option) for value in asked for option in options(value)]
    return bool(texts) and all(text is not None and _is_open(model, text) for text in texts)


def _is_open(model: "Model", word: str) -> bool:
    """Whether a payment that is called so has neither come nor failed."""
    return model.words.has("open_values", word) or model.words.has("open_values", f"payment_{snake(word)}")


def _moves_on(model: "Model", effects: list[Effect], entity: str) -> bool:
    """Whether the state of such a payment is written as well."""
    touches = (e.touch for e in effects if e.touch is not None and e.touch.writes and same(e.touch.entity, entity))
    return any(model.words.says_state(name) for touch in touches for name in touch.fields)
