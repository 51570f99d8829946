"""Where sums of money enter a charge."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tillproof.checks.operation_words import thing
from tillproof.commerce.bindings import all_signed
from tillproof.commerce.entities import ORDERS
from tillproof.commerce.given import given_at
from tillproof.commerce.handled import Handler
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.operations import OperationSite
from tillproof.commerce.requests import Source
from tillproof.flow.alike import worked_out_by_row
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx, External, Member, Place, Value, pieces

_PIECES = 200
_SENT = ("body", "query", "path", "raw")
_KEPT = 6  # keys of a session on the way to one sum
_SUM_ALONE = re.compile(r"(amount|value|cost|fee|price|charge|rate|cents|total)s?(_?(in_)?(cents|minor|[a-z]{3}))?")
_OF_A_CHOICE = re.compile(r"_(methods?|options?|rates?|info|details?|data|quotes?|selections?|choices?|zones?|codes?)$")
_NOTES = re.compile(r"(\w+_)?(payment|transaction)_(details?|infos?|records?|logs?)")
_CHARGING = ("payment.create", "checkout.create", "payment.update", "transfer.create", "payout.create", "subscription.create")


@dataclass(frozen=True, slots=True)
class AmountSite:
    """``what``: ``charge`` (given to a provider), ``order-total`` (written on an order), ``cart-line`` (the price of a line of a library's
    cart), ``article`` (the price of an article that is made for the order), ``free`` (decides whether to charge at all).
    ``direct``: the value itself, not something it is computed with. ``key``: the field or argument that holds it. ``ctx``: the calls that
    lead there, where the value hangs on them. ``asked``: where the provider is asked by a function of ours that sends whatever it is given,
    the call of that function."""

    what: str
    operation: str
    fn: Fn
    instr: int
    value: Value
    direct: bool = False
    key: str = ""
    ctx: Ctx | None = None
    asked: tuple[Fn, int] | None = None

    @property
    def place(self) -> tuple[Fn, int]:
        """The call that says what is asked for."""
        return self.asked or (self.fn, self.instr)

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
        yield AmountSite("charge", charge, site.fn, site.instr, value, True, path.rpartition(".")[2], ctx, site.asked)


@dataclass(slots=True)
class Chosen:
    """A piece of an amount that the client chose. ``at``: where it enters the amount, or where it is read of the request when that is in
    another file. ``read``: where it is read."""

    key: str | None
    value: Value
    at: Place
    read: Place

    @property
    def word(self) -> str:
        """The last word of the key: ``quantity`` of ``items[].quantity``."""
        return (self.key or "").rpartition(".")[2].removesuffix("[]")

    @property
    def named(self) -> str:
        """That word, with what it is a sum of where it says no more than that it is one: ``shipping_price`` of ``shippingMethod.price``."""
        plain = _SUM_ALONE.fullmatch(snake(self.word))
        holder = (self.key or "").rpartition(".")[0].rpartition(".")[2].removesuffix("[]")
        return f"{_OF_A_CHOICE.sub('', snake(holder))}_{plain[1]}" if plain is not None and holder else self.word


def chosen_by_client(model: Model, value: Value) -> list[Chosen]:
    """The pieces of the client's request that a value is made of: of this one, or sums of an earlier one that the session has kept."""
    found = model.requests.sources_in(value, _PIECES)
    of_cookies = (c for c in _as_chosen(found, ("headers",)) if model.words.money(c.word) and not _is_signed(model, c.value))
    return [*_as_chosen(found), *of_cookies, *(c for c in _kept_earlier(model, found, set()) if model.words.money(c.word))]


def _is_signed(model: Model, value: Value) -> bool:
    """Whether a cookie is one that the server has signed, so that nobody else writes it."""
    read = (p.name for p in pieces([value], _PIECES, model.evaluator.made_of) if isinstance(p, (Member, External)))
    return any("signed" in snake(name) for name in read)


def _kept_earlier(model: Model, found: list[tuple[Source, Value]], seen: set[str]) -> Iterator[Chosen]:
    """What earlier requests brought of what the session holds; a total may be kept that was made of lines that were kept before it."""
    for source, part in found:
        if source.kind == "session" and source.key and source.key not in seen and len(seen) < _KEPT:
            seen.add(source.key)
            for value in model.sessions.kept(source.key, part.at[0]):
                worked_out = worked_out_by_row(model.evaluator.scope, value)
                before = model.requests.sources_in(value if worked_out is None else worked_out, _PIECES)
                yield from _as_chosen(before)
                yield from _kept_earlier(model, before, seen)


def _as_chosen(found: list[tuple[Source, Value]], kinds: tuple[str, ...] = _SENT) -> list[Chosen]:
    return [Chosen(s.key, v, s.at if s.at[0] != v.at[0] else v.at, s.at) for s, v in found if s.kind in kinds]


def beside_the_price(model: Model, word: str) -> bool:
    """Whether a field is what is added to or taken off the price of the goods: tax, shipping, a discount."""
    return any(model.words.has(kind, word) for kind in ("tax_fields", "shipping_fields", "discount_fields"))


def notes_payment(model: Model, site: AmountSite) -> bool:
    """Whether a sum is noted as that of a payment, beside an order that keeps its own: that the browser is believed is another flaw."""
    touch = model.records.touch(site.fn, site.instr, site.ctx)
    if touch is None or not _NOTES.fullmatch(touch.entity):
        return False
    hung = (snake(name) for name in (*touch.fields, *touch.keys))
    orders = (o for name in hung if ORDERS.fullmatch(o := name.removesuffix("_id")) and o != name)
    tables = (model.schema.table(order, site.fn.file) for order in orders)
    return any(model.words.money(snake(c.name)) for table in tables if table is not None for c in table.columns.values())


def told_by_provider(model: Model, fn: Fn, chosen: Iterable[Chosen], ctx: Ctx | None = None) -> bool:
    """Whether only messages and returns of a provider reach a record, on this way to it: what they say was paid is no price that a customer
    sets. What a browser that comes back says beside it is."""
    keys = frozenset(c.key for c in chosen if c.key)
    handlers = {h.entry.target.fn for h in model.handlers.all if not _says_more(model, h, keys)}
    if ctx is not None:
        callers = [fn, *(c.caller for c in ctx.chain())]
        if not handlers.isdisjoint(callers):  # one may stand in the call that registers it: `serve(async (req) => …)`
            return True
        fn = callers[-1]
    outside = [e.target.fn for e in model.entries_to(fn) if e.role in ("public", "customer", "platform")]
    return bool(outside) and handlers.issuperset(outside)


def _says_more(model: Model, handler: Handler, keys: frozenset[str]) -> bool:
    """Whether pieces of what a returning browser sends are its own words: the signature that comes along is over a few ids, or the provider
    is asked what it knows."""
    proofs = handler.walked.proofs
    if handler.kind != "redirect-return" or not proofs:
        return False
    return (bool(handler.inbound.binds) or all(p.refetch for p in proofs)) and not all_signed(model, handler, keys)
