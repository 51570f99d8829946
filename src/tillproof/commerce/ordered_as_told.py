"""Orders that are made because a browser says that it has paid: they keep the id of a payment that it names, and nobody asks about that.

``new Order({ ...cart, transaction_id: req.body.transaction_id })`` of a shop in which nothing else ever says of an order that it is paid.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.effects import Effect
from tillproof.commerce.entities import ORDERS
from tillproof.commerce.entries import Entry
from tillproof.commerce.lexicon import snake
from tillproof.commerce.whole_bodies import set_by_sender
from tillproof.flow.values import Result, Value, options

if TYPE_CHECKING:
    from tillproof.commerce.model import Model
    from tillproof.commerce.touches import Touch

_PIECES = 40
# What a provider calls a payment, as an order keeps it; a method or a plan of payment has ids, too.
_THEIRS = re.compile(
    r"(\w+_)?(transaction|txn|trx|charge|capture|payment|payment_?intent|paypal|stripe|razorpay|braintree|paystack|flutterwave|square|mollie)"
    r"_?(transaction_|payment_|charge_|order_|intent_)?(id|reference|ref)|(\w+_)?payment_?intent"
)
_TRACKS = re.compile(r"(\w+_)?(payment|paid|pay)_?(status|state|at|on|date)")


class Ordered(NamedTuple):
    """The route of a customer's browser that makes an order, the line that does, and the column that keeps what it says of the payment."""

    entry: Entry
    effect: Effect
    brought: str


@lru_cache(maxsize=2)
def ordered_as_told(model: "Model") -> tuple[Ordered, ...]:
    """One for each such route, in order of the entries."""
    return tuple(_ordered(model))


def _ordered(model: "Model") -> Iterator[Ordered]:
    if any(h.kind != "redirect-return" and h.provider.kind == "payment" for h in model.handlers.all):
        return  # a message of the provider's says which orders are paid
    for entry in model.entries:
        if entry.role not in ("public", "customer") or not model.handlers.paying(model.program.unit(entry.target.fn.file)):
            continue
        closure = model.handlers.closure(entry)
        if not any(model.vocabulary.order(fn) for fn in closure.functions) or _asks(model, entry):
            continue
        for effect in model.effects.of(entry.target):
            touch = effect.touch
            if touch is None or touch.kind != "create" or not effect.certain or ORDERS.fullmatch(touch.entity) is None:
                continue
            brought = _brought(model, touch)
            if brought and not _tracked(model, touch):
                yield Ordered(entry, effect, brought)
                break


def _asks(model: "Model", entry: Entry) -> bool:
    """Whether anything behind an entry, or before it, asks a provider, takes the money itself, or proves what was sent."""
    closure = model.handlers.closure(entry)
    before = model.reach.of(list(entry.chain))
    return bool(closure.operations or closure.verifiers or before.operations or before.verifiers)


def _brought(model: "Model", touch: "Touch") -> str:
    """The column in which a new order keeps the id of a payment that the request names."""
    named = [(name, v) for name, v in touch.fields.items() if v is not None and _THEIRS.fullmatch(snake(name))]
    for name, value in named:
        if any(s.kind in ("body", "raw", "query") for s, _ in model.requests.sources_in(value, _PIECES)):
            return name
    whole = {} if named else _whole(model, touch)
    return next((name for name in whole if _THEIRS.fullmatch(snake(name))), "")


def _whole(model: "Model", touch: "Touch") -> dict[str, Value]:
    """The columns that a new order takes over as they are sent, where it is stored or was made before: ``new Order(req.body)``."""
    made = [(o.fn, o.instr, o.ctx) for o in options(touch.record) if isinstance(o, Result) and o.new] if touch.record is not None else []
    places = [(touch.fn, touch.instr, touch.ctx), *made]
    return {name: v for fn, i, ctx in places for name, v in set_by_sender(model, touch.entity, fn, i, ctx).items()}


def _tracked(model: "Model", touch: "Touch") -> bool:
    """Whether an order says elsewhere whether it is paid, so that a new one need not count as that."""
    table = model.schema.table(touch.entity, touch.fn.file)
    columns = [snake(c.name) for c in table.columns.values()] if table is not None else []
    names = {*columns, *(snake(name) for name in touch.fields)}
    return table is None or any(model.words.has("paid_fields", n) or _TRACKS.fullmatch(n) for n in names)
