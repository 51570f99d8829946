"""The functions through which payment data passes: those near a provider's handler, and those around a payment operation."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tillproof.commerce.handled import Handler
from tillproof.commerce.strange_calls import asked_again, begins_payment
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx
from tillproof.knowledge.schema import Provider

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_NEAR = 5
_MOST_CALLERS = 12
_MOVES = ("payment.", "checkout.", "refund.", "subscription.", "transfer.", "payout.")


@dataclass(frozen=True, slots=True)
class PaymentPlace:
    """A function that payment data passes through. ``handler``: the handler that it belongs to, if any; else it asks ``provider``."""

    fn: Fn
    provider: Provider
    handler: Handler | None


def payment_places(model: "Model") -> dict[Fn, PaymentPlace]:
    """The functions near a handler of a payment, order or shop provider, then those that ask a payment provider and their callers."""
    found: dict[Fn, PaymentPlace] = {}
    for handler in sorted(model.handlers.all, key=lambda h: h.kind == "redirect-return"):
        for fn, depth in handler.closure.functions.items():
            if depth <= _NEAR:
                found.setdefault(fn, PaymentPlace(fn, handler.provider, handler))
    for provider, sender, ctx in _asking(model):
        asking = [sender, *(c.caller for c in (ctx.chain() if ctx else ()))]
        for fn in asking:
            found.setdefault(fn, PaymentPlace(fn, provider, None))
        for caller, _, _ in model.callers.of(asking[-1])[:_MOST_CALLERS]:
            found.setdefault(caller, PaymentPlace(caller, provider, None))
    for place in [p for p in found.values() if p.handler is None]:
        for fn in model.reach.callees(place.fn):
            if fn not in found and (fn.file == place.fn.file or fn.file in model.operations.telling_files):
                found[fn] = PaymentPlace(fn, place.provider, None)
    return {fn: place for fn, place in found.items() if not model.browser.runs(fn.file)}


def _asking(model: "Model") -> Iterator[tuple[Provider, Fn, Ctx | None]]:
    """What asks a payment system to move money, or one that no pack knows for a payment or its outcome."""
    for site in model.operations.sites:
        if site.provider.kind == "payment" and site.operation.op.startswith(_MOVES):
            yield site.provider, site.fn, site.ctx
    for (fn, _), provider in model.strange_payments.items():
        yield provider, fn, None


def strange_payments(model: "Model") -> dict[tuple[Fn, int], Provider]:
    """The requests to payment systems that no pack knows: those that begin a payment or ask what became of one, and whatever else is asked
    of such a system."""
    asked: dict[tuple[Fn, int], str] = {}
    others: dict[tuple[Fn, int], str] = {}
    for sending in model.sendings.strange:
        host = sending.request.url.partition("://")[2].partition("/")[0] if sending.request is not None else ""
        pays = begins_payment(model, sending) or (host if asked_again(model, sending.fn, sending.instr, None) else "")
        if pays or host:
            (asked if pays else others)[sending.fn, sending.instr] = pays or host
    found = {place: model.strangers.at(host) for place, host in asked.items() if "{}" not in host}
    return found | {place: model.strangers.at(host) for place, host in others.items() if model.strangers.is_system(host)}
