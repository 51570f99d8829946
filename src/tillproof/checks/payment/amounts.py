"""Where sums of money enter a charge."""

from collections.abc import Iterator
from dataclasses import dataclass

from tillproof.commerce.given import given_at
from tillproof.commerce.model import Model
from tillproof.commerce.operations import OperationSite
from tillproof.flow.program import Fn
from tillproof.flow.values import Value

_CHARGING = ("payment.create", "checkout.create", "payment.update", "transfer.create", "payout.create", "subscription.create")


@dataclass(frozen=True, slots=True)
class AmountSite:
    """``what``: ``charge`` (given to a provider), ``order-total`` (written on an order), ``free`` (decides whether to charge at all).
    ``direct``: the value itself, not something it is computed with. ``key``: the field or argument that holds it."""

    what: str
    operation: str
    fn: Fn
    instr: int
    value: Value
    direct: bool = False
    key: str = ""


def amount_sites(model: Model) -> Iterator[AmountSite]:
    """The amount (and currency) of every charge, per context where it depends on a caller."""
    seen: set[tuple[Fn, int, str]] = set()
    for site in model.operations.sites:
        op = site.operation
        if op.op not in _CHARGING or not (op.amount or op.currency):
            continue
        for path in (*op.amount, *op.currency):
            key = (site.fn, site.instr, path)
            if key in seen and site.ctx is None:
                continue
            seen.add(key)
            yield from _amounts(model, site, path)


def _amounts(model: Model, site: OperationSite, path: str) -> Iterator[AmountSite]:
    for _, value in given_at(model, site, path):
        yield AmountSite(
            "charge", f"{site.provider.name} {site.operation.op}", site.fn, site.instr, value, True, key=path.rpartition(".")[2]
        )
