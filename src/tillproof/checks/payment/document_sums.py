"""Sums of requests that are documents, XML put together far away, of which nobody says where the sum stands: what the functions on the way
put under the name of a sum."""

from collections.abc import Iterator

from tillproof.checks.operation_words import thing
from tillproof.checks.payment.amounts import AmountSite, chosen_by_client
from tillproof.commerce.model import Model
from tillproof.flow.program import Fn
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

_BEGINS = ("payment.create", "checkout.create")
_MOST_CALLERS = 20
_LEVELS = 2


def document_sums(model: Model) -> Iterator[AmountSite]:
    """The sums that a client chose, one of each function that leads to such a request."""
    for site in model.operations.sites:
        op = site.operation
        if op.op in _BEGINS and op.says and not op.amount and not op.priced_by:
            for fn in _leading(model, site.fn):
                yield from _put(model, fn, f"{site.provider.name} {thing(op.op)}")


def _leading(model: Model, fn: Fn) -> list[Fn]:
    """A function, who calls it, and who calls these."""
    found, layer = {fn: None}, [fn]
    for _ in range(_LEVELS):
        layer = [c.caller for here in layer for c in model.callers.above(here, None)[:_MOST_CALLERS] if c.caller not in found]
        found.update(dict.fromkeys(layer))
    return list(found)


def _put(model: Model, fn: Fn, charge: str) -> Iterator[AmountSite]:
    body = model.program.body(fn)
    for i, key, given in _named(body):
        const = body.const(key)
        word = const[1].strip("'\"") if const is not None else ""
        for ctx in (None, *model.callers.above(fn, None)[:_MOST_CALLERS]) if word and model.words.money(word) else ():
            value = model.evaluator.value(fn, given, ctx)
            if chosen_by_client(model, value):
                yield AmountSite("charge", charge, fn, i, value, True, word)
                return


def _named(body: Body) -> Iterator[tuple[int, int, int]]:
    """What is put under a key, with the key and the value."""
    for i, op in enumerate(body.op):
        args = body.args(i)
        if op == Op.SET_INDEX and args[1] >= 0:
            yield i, args[1], args[2]
        elif op == Op.RECORD:
            yield from ((i, k, v) for k, v in zip(args[::2], args[1::2], strict=True) if k >= 0)
