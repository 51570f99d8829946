"""Orders that customers can still put something into while a payment for their sum is open."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.conditions import Atom
from tillproof.commerce.effects import Effect
from tillproof.commerce.entities import same
from tillproof.commerce.entries import Entry
from tillproof.commerce.lexicon import snake
from tillproof.commerce.operations import OperationSite
from tillproof.commerce.payment_ids import keeps_theirs
from tillproof.flow.values import Member, pieces

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_LINE = re.compile(r"_?(line_?)?(item|line|product|detail|entry|position)s?")
_COUNT = re.compile(r"(\w+_)?(quantity|qty|units|count)")
_PIECES = 80
_PUTS_IN = ("create", "write", "upsert")


def put_in_later(model: "Model", begun: OperationSite, order: str) -> Effect | None:
    """Where a customer's request adds to the lines of an order, or changes them, though a payment may have been begun for the order's sum:
    nothing on the way asks whether one was. The request that makes the order, and the one that begins the payment, are none."""
    entries = model.handlers.of_customers
    closes = any(_begins(model, e, begun) and _sets_state(model, e, order) for e in entries)
    for entry in entries:
        effects = model.effects.of(entry.target)
        if _begins(model, entry, begun) or any(_is_of(e, order) and e.touch is not None and e.touch.kind == "create" for e in effects):
            continue
        for effect in effects:
            if _is_line(model, effect, order) and not _asks(model, effect, order, closes):
                return effect
    return None


def _begins(model: "Model", entry: Entry, begun: OperationSite) -> bool:
    return any((e.fn, e.instr) == (begun.fn, begun.instr) for e in model.effects.of(entry.target))


def _sets_state(model: "Model", entry: Entry, order: str) -> bool:
    states = (e.touch for e in model.effects.of(entry.target) if _is_of(e, order))
    return any(touch is not None and touch.writes and any(model.words.says_state(name) for name in touch.fields) for touch in states)


def _is_of(effect: Effect, order: str) -> bool:
    return effect.touch is not None and same(effect.touch.entity, order)


def _is_line(model: "Model", effect: Effect, order: str) -> bool:
    """Whether a line of such an order is made or changed, or what it comes to is worked out anew from how many are in it."""
    touch = effect.touch
    if touch is None or touch.kind not in _PUTS_IN:
        return False
    if touch.entity.startswith(order) and _LINE.fullmatch(touch.entity.removeprefix(order)) is not None:
        return True
    sums = [v for name, v in touch.fields.items() if v is not None and same(touch.entity, order) and model.words.money(name)]
    made_of = pieces(sums, _PIECES, model.evaluator.made_of) if sums else ()
    return any(isinstance(p, Member) and _COUNT.fullmatch(snake(p.name)) is not None for p in made_of)


def _asks(model: "Model", effect: Effect, order: str, closes: bool) -> bool:
    """Whether it hangs on whether a payment was begun: on its id, or on the order's state where that is changed when one is begun."""
    for held in model.effects.held(effect):
        for atom in model.conditions.behind(held):
            for read in model.states.reads(atom) if isinstance(atom, Atom) else ():
                if keeps_theirs(snake(read.field)) or (closes and same(read.entity, order) and model.words.says_state(read.field)):
                    return True
    return False
