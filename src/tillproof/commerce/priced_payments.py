"""Payments that are begun for what they say is bought, at a price of the server's own: what the message of such a payment says was bought
is what was paid for, though there is no order yet whose sum it could be held against.

``metadata: {product: product.id}`` beside ``unit_amount: product.price``; ``metadata: {plan}`` beside ``PLANS[plan].amount``."""

import re
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.given import given_at
from tillproof.commerce.lexicon import snake
from tillproof.commerce.money import name_of
from tillproof.commerce.operations import OperationSite
from tillproof.commerce.own_payments import BEGIN, NOTES, keys_of
from tillproof.flow.program import Fn
from tillproof.flow.shape import shape
from tillproof.flow.values import Choice, Const, Element, External, Member, Result, Value, options, pieces
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model
    from tillproof.knowledge.schema import Provider

_PIECES = 120
_FINDS = ("find", "get", "filter", "next", "first")
_SOMEBODY = re.compile(
    r"(^|_)(user|customer|account|member|profile|tenant|org\w*|team|workspace|session|auth|owner|email|locale|lang\w*)(_|$)"
)
_STILL_OPEN = re.compile(r"(^|_)(cart|basket|quote|bag)(_|s?$)")
_Sent = set[tuple[str, str]]


class PricedPayments:
    """Answers by provider; kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._begun: dict[str, OperationSite | None] = {}

    def begun(self, provider: "Provider") -> OperationSite | None:
        """The call that begins a payment for what it notes; None when one of the calls asks for a sum that has nothing to do with it."""
        if provider.id not in self._begun:
            sites = [s for s in self.model.operations.sites if s.provider.id == provider.id and s.operation.op in BEGIN]
            self._begun[provider.id] = sites[0] if sites and all(self._is_priced(s) for s in sites) else None
        return self._begun[provider.id]

    def _is_priced(self, site: OperationSite) -> bool:
        notes = list(self._notes(site))
        sums = [v for path in (*site.operation.amount, *site.operation.priced_by) for _, v in given_at(self.model, site, path)]
        if not notes or not sums:
            return False
        noted = self._sent(v for _, v in notes)
        if not self._sent(sums, worked_out=True) <= noted:
            return False  # the customer names the sum, or a part of it that the payment does not say
        parts = list(pieces(sums, _PIECES, self.model.evaluator.made_of))
        chosen_by = self._sent(parts) | (
            selecting(self.model, site.fn) if all(isinstance(o, Const) for v in sums for o in options(v)) else set()
        )
        objects = {key for p in parts for key in keys_of(p)}
        return all(self._belongs(name, value, chosen_by, objects) for name, value in notes)

    def _notes(self, site: OperationSite) -> Iterator[tuple[str, Value]]:
        """What a payment says of itself: names and values."""
        for path in NOTES:
            for _, value in given_at(self.model, site, path):
                kept = shape(self.model.evaluator, value)
                yield from {**kept.may, **kept.must}.items() or ((path, value),)

    def _belongs(self, name: str, value: Value, chosen_by: _Sent, objects: set[Hashable]) -> bool:
        """Whether a note says who buys, or what chose the sum, or is of the object that the sum is of."""
        made_of = [p for p in pieces([value], _PIECES, self.model.requests.carried) if not isinstance(p, (Choice, Result, External))]
        if _SOMEBODY.search(snake(name)) or (made_of and all(isinstance(p, Const) for p in made_of)):
            return True
        if _STILL_OPEN.search(snake(name)):
            return False
        sent = self._sent([value])
        if sent:
            return sent <= chosen_by
        parts = list(pieces([value], _PIECES, self.model.evaluator.made_of))
        if any(isinstance(p, Member) and _STILL_OPEN.search(snake(name_of(p.base))) for p in parts):
            return False
        return any(key in objects for p in parts for key in keys_of(p))

    def _sent(self, values: "Iterator[Value] | list[Value]", *, worked_out: bool = False) -> _Sent:
        """The pieces of a request in values; ``worked_out``: without those by which something was only chosen or looked up."""
        return _pieces_sent(self.model, values, self._made_of if worked_out else self.model.requests.carried)

    def _made_of(self, value: Value) -> list[Value]:
        if isinstance(value, Element):
            return [value.base]
        return self.model.requests.carried(value)


def selecting(model: "Model", fn: Fn) -> _Sent:
    """The pieces of a request by which a function chooses an entry of a table of constants: ``PLANS[plan]``,
    ``PLANS.find((p) => p.id === plan)``."""
    body = model.program.body(fn)
    found: list[Value] = []
    for i, op in enumerate(body.op):
        if op == Op.INDEX:
            found.append(model.evaluator.value(fn, body.args(i)[1]))
        elif op == Op.CALL and body.called(i) in _FINDS:
            for _, a in body.call(i)[1]:
                found += _compared(model, Fn(fn.file, body.args(a)[0])) if body.op[a] == Op.FUNCTION else [model.evaluator.value(fn, a)]
    return _pieces_sent(model, found, model.requests.carried)


def _compared(model: "Model", fn: Fn) -> list[Value]:
    """What a function compares."""
    body = model.program.body(fn)
    return [model.evaluator.value(fn, side) for i, op in enumerate(body.op) if op == Op.BINARY for side in body.args(i)[1:3]]


def _pieces_sent(model: "Model", values: Iterable[Value], onward: Callable[[Value], Iterable[Value]]) -> _Sent:
    found: _Sent = set()
    for here in pieces(list(values), _PIECES, onward):
        source = model.requests.source(here)
        if source is not None and source.key and source.kind != "session":
            found.add((source.kind, source.key))
    return found
