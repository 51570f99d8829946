"""Sums of money that an order is stored with far behind the request: by a repository that is handed the whole order, made elsewhere."""

from collections.abc import Iterator

from tillproof.checks.payment.amounts import AmountSite
from tillproof.checks.payment.order_totals import costs_nothing, is_coupon
from tillproof.commerce.items import ITEMS
from tillproof.commerce.model import Model
from tillproof.commerce.touches import Touch
from tillproof.flow.program import Fn

_ASKING = ("public", "customer")
_NEAREST = 2  # of those that a request leads to in one step the place itself tells


def stored_behind(model: Model) -> Iterator[tuple[AmountSite, frozenset[Fn]]]:
    """Each with the functions on the way that leads there."""
    handlers = {h.entry.target.fn for h in model.handlers.all}
    for entry in model.entries:
        if entry.role not in _ASKING or entry.target.fn in handlers:
            continue  # what a provider says was paid is no price that a customer sets
        for effect in model.effects.of(entry.target):
            touch = effect.touch
            if touch is None or len(effect.way) <= _NEAREST or not _is_new(touch) or not model.words.entity(touch.entity):
                continue
            if is_coupon(model, touch.entity, touch.fn.file):
                continue
            way = frozenset(place.fn for place in effect.way)
            for name, value in touch.fields.items():
                if value is not None and name not in touch.relative and model.words.money(name) and not costs_nothing(name):
                    yield AmountSite("order-total", "order record", effect.fn, effect.instr, value, True, key=name), way


def _is_new(touch: Touch) -> bool:
    return touch.kind == "create" or (touch.kind == "upsert" and touch.effect == ITEMS)
