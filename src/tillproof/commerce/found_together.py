"""A row of ours that keeps an order and its payment together, and is asked for by both: who names another payment finds none."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.bindings import found_by_sent, sent_pieces
from tillproof.commerce.conditions import flat
from tillproof.commerce.effects import Effect, Held, Place
from tillproof.commerce.lexicon import snake
from tillproof.commerce.payment_ids import PAYMENT_ID
from tillproof.commerce.told_answers import asked_with
from tillproof.flow.facts import Passed
from tillproof.flow.values import Result, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model
    from tillproof.commerce.proof import Proven
    from tillproof.commerce.touches import Touch

_RAISES = ("get", "firstorfail", "findorfail", "findoneorfail", "findfirstorthrow", "finduniqueorthrow", "get_object_or_404", "one", "sole")
"""Look-ups that do not return where they find nothing."""


def found_together(model: "Model", effect: Effect, proof: "Proven") -> Place | None:
    """The look-up on the way to an effect by which the payment that the provider is asked for, as the sender names it, is the one that was
    kept with the order that he names beside it: ``findOne({ orderId: query.order, paymentId: query.payment })``."""
    asked = {key for _, key in sent_pieces(model, asked_with(model, proof.fn, proof.instr, proof.ctx))}
    order = _order_named(model, effect.touch) if effect.touch is not None else set()
    for held in model.effects.held(effect) if asked and order else ():
        for row in _there(model, held):
            sent = {name: {key for _, key in sent_pieces(model, [value])} for name, value in row.keys.items()}
            payment = any(keys and keys <= asked and PAYMENT_ID.fullmatch(_column(name)) for name, keys in sent.items())
            if payment and any(keys and keys <= order - asked for keys in sent.values()):
                return Place(row.fn, row.instr, row.ctx)
    return None


def _order_named(model: "Model", touch: "Touch") -> set[str]:
    """The pieces of the request by which the changed order is chosen, or that its look-up is given: ``wc_get_order($_GET['order'])``."""
    fetched = (o for o in options(touch.record) if isinstance(o, Result) and o.instr >= 0) if touch.record is not None else ()
    given = [v for o in fetched for _, v in model.evaluator.arguments(o)]
    return found_by_sent(model, touch) or {key for _, key in sent_pieces(model, given)}


def _column(name: str) -> str:
    return snake(name).rpartition(".")[2]


def _there(model: "Model", held: Held) -> "Iterator[Touch]":
    """The reads that have found a row where a fact holds."""
    if isinstance(held.fact, Passed):
        body = model.program.body(held.fn)
        raises = body.op[held.fact.instr] == Op.CALL and body.called(held.fact.instr).lower() in _RAISES
        read = model.records.touch(held.fn, held.fact.instr, held.ctx) if raises else None
        if read is not None and read.kind == "read":
            yield read
    for atom in flat(model.conditions.behind(held)):
        read = model.states.existence(atom) if atom.truth is not None else None
        if read is not None and read.kind == "read" and model.states.exists_means(atom) is atom.truth:
            yield read
