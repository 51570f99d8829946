"""Quantities that a customer's request puts on a line of an order which the platform itself multiplies by the price, whatever they are."""

import re
from collections.abc import Iterator

from tillproof.checks.payment.amounts import AmountSite, chosen_by_client
from tillproof.checks.payment.bounds import floor_under, lower_bound
from tillproof.checks.payment.cart_quantities import StoredQuantity
from tillproof.checks.payment.declared_bounds import declared_bound
from tillproof.checks.ruling import at
from tillproof.commerce.model import Model
from tillproof.flow.program import Fn
from tillproof.ir.ops import Op

_WHOLE = re.compile(r"int(eger)?|intval|absint|wc_stock_amount|floor|ceil|round|parseInt|trunc")
_THROUGH = (Op.CAST, Op.CHOICE, Op.CALL)
_DEEPEST = 8


def platform_quantities(model: Model) -> Iterator[StoredQuantity]:
    """The quantities of the client's that a platform is told for a line of an order: `$order->add_product($product, $_POST['qty'])`."""
    seen: set[tuple[Fn, int]] = set()
    for entry in model.entries:
        for effect in model.effects.of(entry.target) if entry.role in ("public", "customer") else ():
            told = model.recogniser.effect(effect.fn, effect.instr, effect.ctx)
            place = told[0].counts if told is not None else ""
            body = model.program.body(effect.fn)
            given = [v for k, v in body.call(effect.instr)[1] if k == ""] if place and body.op[effect.instr] == Op.CALL else []
            if not place or int(place) >= len(given) or (effect.fn, effect.instr) in seen:
                continue
            row = given[int(place)]
            value = model.evaluator.value(effect.fn, row, effect.ctx)
            site = AmountSite("line", "line of the order", effect.fn, effect.instr, value, True, "quantity", effect.ctx)
            chosen = [c for c in chosen_by_client(model, value) if c.key and model.words.has("quantity_fields", c.word)]
            if not chosen:
                continue
            seen.add((effect.fn, effect.instr))
            around = [fn for fn in model.handlers.closure(entry).functions if chosen[0].word in model.vocabulary.tokens(fn)]
            bound = lower_bound(model, around, chosen[0].word) or floor_under(model, value) or declared_bound(model, around, chosen[0].word)
            if bound is None and _is_whole(model, effect.fn, row, 0):
                continue  # less than one is no line at all
            multiplied = at(model.program, effect.fn, effect.instr, "the platform multiplies the quantity by the price here", "step")
            yield StoredQuantity(site, entry.target.fn, chosen[0], bound, multiplied)


def _is_whole(model: Model, fn: Fn, i: int, depth: int) -> bool:
    """Whether a figure is made a whole number on its way, in the function that hands it over."""
    body = model.program.body(fn)
    op = body.op[i]
    if depth > _DEEPEST:
        return False
    if op == Op.NAME:
        stores = model.evaluator.defuse(fn).reaching(i, body.name(i)).stores
        return bool(stores) and all(_is_whole(model, fn, body.args(store)[1], depth + 1) for store in stores)
    if op == Op.CAST and _WHOLE.fullmatch(body.text(body.args(i)[0]).strip("()").lower()):
        return True
    if op == Op.CALL:
        return bool(_WHOLE.fullmatch(body.called(i))) or any(_is_whole(model, fn, a, depth + 1) for _, a in body.call(i)[1])
    if op == Op.CONST:
        return True
    return op in _THROUGH and all(_is_whole(model, fn, a, depth + 1) for a in body.args(i)[1:] if a >= 0)
