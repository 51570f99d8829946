"""The functions through which payment data passes: those near a provider's handler, and those around a payment operation."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tillproof.commerce.handled import Handler
from tillproof.flow.program import Fn
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
    for site in model.operations.sites:
        if site.provider.kind != "payment" or not site.operation.op.startswith(_MOVES):
            continue
        asking = [site.fn, *(c.caller for c in (site.ctx.chain() if site.ctx else ()))]
        for fn in asking:
            found.setdefault(fn, PaymentPlace(fn, site.provider, None))
        for caller, _, _ in model.callers.of(asking[-1])[:_MOST_CALLERS]:
            found.setdefault(caller, PaymentPlace(caller, site.provider, None))
    for place in [p for p in found.values() if p.handler is None]:
        for fn in model.reach.callees(place.fn):
            if fn not in found and (fn.file == place.fn.file or fn.file in model.operations.telling_files):
                found[fn] = PaymentPlace(fn, place.provider, None)
    return {fn: place for fn, place in found.items() if not model.browser.runs(fn.file)}
