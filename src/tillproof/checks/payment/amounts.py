"""Where sums of money enter a charge."""

from collections.abc import Iterator
from dataclasses import dataclass

from tillproof.checks.operation_words import thing
from tillproof.commerce.given import given_at
from tillproof.commerce.model import Model
from tillproof.commerce.operations import OperationSite
from tillproof.commerce.requests import Source
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx, Place, Value

_PIECES = 200
_KEPT = 6  # keys of a session on the way to one sum
_CHARGING = ("payment.create", "checkout.create", "payment.update", "transfer.create", "payout.create", "subscription.create")


@dataclass(frozen=True, slots=True)
class AmountSite:
    """``what``: ``charge`` (given to a provider), ``order-total`` (written on an order), ``cart-line`` (the price of a line of a library's
    cart), ``free`` (decides whether to charge at all).
    ``direct``: the value itself, not something it is computed with. ``key``: the field or argument that holds it. ``ctx``: the calls that
    lead there, where the value hangs on them."""

    what: str
    operation: str
    fn: Fn
    instr: int
    value: Value
    direct: bool = False
    key: str = ""
    ctx: Ctx | None = None

    @property
    def begins_at(self) -> Fn:
        """The outermost function that is known to lead there."""
        return list(self.ctx.chain())[-1].caller if self.ctx is not None else self.fn


def amount_sites(model: Model) -> Iterator[AmountSite]:
    """The amount of every charge, per context where it depends on a caller."""
    seen: set[tuple[Fn, int, str]] = set()
    charging = {site.fn for site in model.operations.sites if site.operation.op in _CHARGING}
    for site in model.operations.sites:
        op = site.operation
        # A price made where it is charged at once is what is charged; others are the catalogue's.
        if op.op not in _CHARGING and not (op.op == "catalog.write" and site.fn in charging):
            continue
        told = False  # by another name of the sum already: what was sent beside it and handed on whole is none then
        for path in op.amount:
            key = (site.fn, site.instr, path)
            if key in seen and site.ctx is None:
                continue
            seen.add(key)
            found = [s for s in _amounts(model, site, path) if not (told and _only_sent(model, s.value, path))]
            told = told or bool(found)
            yield from found


def _only_sent(model: Model, value: Value, path: str) -> bool:
    """Whether a value is the piece of a request that goes by a sum's name."""
    sent = model.requests.source(value)
    return sent is not None and sent.key == path


def _amounts(model: Model, site: OperationSite, path: str) -> Iterator[AmountSite]:
    charge = f"{site.provider.name} {thing(site.operation.op)}"
    for ctx, value in given_at(model, site, path):
        yield AmountSite("charge", charge, site.fn, site.instr, value, True, path.rpartition(".")[2], ctx)


@dataclass(slots=True)
class Chosen:
    """A piece of an amount that the client chose. ``at``: where it is read of the request, before it is handed
    on to another file."""

    key: str | None
    value: Value
    at: Place

    @property
    def word(self) -> str:
        """The last word of the key: ``quantity`` of ``items[].quantity``."""
        return (self.key or "").rpartition(".")[2].removesuffix("[]")


def chosen_by_client(model: Model, value: Value) -> list[Chosen]:
    """The pieces of the client's request that a value is made of: of this one, or sums of an earlier one that the session has kept."""
    found = model.requests.sources_in(value, _PIECES)
    return [*_sent(found), *(c for c in _kept_earlier(model, found, set()) if model.words.money(c.word))]


def _kept_earlier(model: Model, found: list[tuple[Source, Value]], seen: set[str]) -> Iterator[Chosen]:
    """What earlier requests brought of what the session holds; a total may be kept that was made of lines that were kept before it."""
    for source, part in found:
        if source.kind == "session" and source.key and source.key not in seen and len(seen) < _KEPT:
            seen.add(source.key)
            for value in model.sessions.stored(source.key, part.at[0]):
                before = model.requests.sources_in(value, _PIECES)
                yield from _sent(before)
                yield from _kept_earlier(model, before, seen)


def _sent(found: list[tuple[Source, Value]]) -> list[Chosen]:
    return [Chosen(s.key, v, s.at if s.at[0] != v.at[0] else v.at) for s, v in found if s.kind in ("body", "query", "path", "raw")]


def beside_the_price(model: Model, word: str) -> bool:
    """Whether a field is what is added to or taken off the price of the goods: tax, shipping, a discount."""
    return any(model.words.has(kind, word) for kind in ("tax_fields", "shipping_fields", "discount_fields"))


def told_by_provider(model: Model, fn: Fn, ctx: Ctx | None = None) -> bool:
    """Whether only messages and returns of a provider reach a record, on this way to it: what they say was paid is no price that a customer
    sets."""
    handlers = {h.entry.target.fn for h in model.handlers.all}
    if ctx is not None and (fn := list(ctx.chain())[-1].caller) in handlers:
        return True
    outside = [e.target.fn for e in model.entries_to(fn) if e.role in ("public", "customer", "platform")]
    return bool(outside) and handlers.issuperset(outside)
