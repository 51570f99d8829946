"""Routes by which customers, or strangers, have something marked as paid, whatever they are called: as handlers, since the browser comes
there from paying, or says that it does."""

from collections.abc import Sequence

from tillproof.checks.ruling import Ruling
from tillproof.checks.ways import entry_line, named_after
from tillproof.commerce.entries import Entry
from tillproof.commerce.handled import Handler
from tillproof.commerce.model import Model
from tillproof.knowledge.schema import Inbound, Provider

_BACK = Inbound(kind="redirect-return", proof="refetch")
_NOBODY = Provider(id="unknown", name="Payment", kind="payment", docs="", auth="unknown", inbound=(_BACK,))


def customer_calls(model: Model, rulings: Sequence[Ruling]) -> list[tuple[Handler, Ruling]]:
    """Those that are no handlers by what they are called or ask, each with what ``payment/fulfil-on-redirect`` says of it."""
    sites = {(r.file, r.line): r for r in rulings if r.check == "payment/fulfil-on-redirect" and r.kind == "client-route"}
    found: dict[tuple[str, int], tuple[Handler, Ruling]] = {}
    for entry in model.handlers.of_customers if sites else ():
        place = entry_line(model, entry)
        if place not in sites or place in found:
            continue
        provider = _paid_by(model, entry)
        inbound = next((b for b in provider.inbound if b.kind == "redirect-return"), _BACK)
        why = "customers call it, and something is paid by that"
        handler = Handler(entry, provider, inbound, "redirect-return", model.handlers.closure(entry), why)
        handler.walked = model.handlers.walk(entry, frozenset())
        found[place] = handler, sites[place]
    return list(found.values())


def _paid_by(model: Model, entry: Entry) -> Provider:
    """The system that the unit is paid by: the one that the route is named after, else the one that is asked most."""
    asked = model.handlers.paying(model.program.unit(entry.target.fn.file))
    return next((p for p in asked if named_after(entry, p)), None) or next(iter(asked), _NOBODY)
