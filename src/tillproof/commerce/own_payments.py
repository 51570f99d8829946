"""Payments that we began ourselves for a record of ours: under a name that the record keeps, or with the record's id among what the
provider keeps for us, and for the record's own sum."""

import re
from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.changed_later import put_in_later
from tillproof.commerce.effects import Effect
from tillproof.commerce.entities import entity
from tillproof.commerce.given import given_at, is_open, values_at
from tillproof.commerce.lexicon import snake
from tillproof.commerce.money import name_of
from tillproof.commerce.operations import OperationSite
from tillproof.flow.program import Fn
from tillproof.flow.shape import shape
from tillproof.flow.values import Const, Element, Instance, Member, Overlay, Param, Result, Value, names, options, pieces
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model
    from tillproof.commerce.touches import Touch
    from tillproof.knowledge.schema import Provider

BEGIN = ("payment.create", "checkout.create")
# The arguments by which providers are told what we call a payment.
OUR_NAMES = (
    "reference", "tx_ref", "txRef", "tran_id", "order_id", "orderId", "merchant_order_id", "merchantOrderId", "merchant_reference",
    "merchantReference", "transaction_details.order_id", "external_id", "externalId", "out_trade_no", "outTradeNo",
)  # fmt: skip
# Those of them, and the like, that what is told of the payment brings back under the same name.
_COMES_BACK = (
    *OUR_NAMES, "basketId", "conversationId", "custom_id", "purchase_units[].custom_id", "purchase_units[].invoice_id",
    "purchase_units[].reference_id", "invoice_id", "receipt", "reference_id", "external_reference", "extOrderId", "merchantTransactionId",
    "invoice_number", "invoiceNumber", "order_number", "orderNumber", "merchant_reference1", "orderRef",
)  # fmt: skip
NOTES = ("metadata", "notes", "payment_intent_data.metadata", "client_reference_id", "custom_data", "meta")
_ID = re.compile(r"(\w+_)?(id|pk|uuid|number|no|reference|ref|key)|_id")
_NUMBERED = re.compile(r"_?(id|pk|uuid|number|no|reference|ref|key)$")
_BAGS = ("metadata", "notes", "payment_intent_data.metadata", "custom_data", "meta")  # of names that we choose
_CONVERSIONS = ("string", "str", "number", "int", "parseint", "strval", "intval", "objectid")
_WRITTEN = ("to_string", "to_hex_string", "value_of")
_FURTHER = 2
_STILL_OPEN = ("cart", "basket", "quote", "checkout", "session")
_ANYBODYS = ("self", "cls", "request", "req", "event", "context", "ctx", "settings", "config")
_PIECES = 80


class OwnPayments:
    """Answers by provider; kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._named: dict[tuple[str, str], bool] = {}
        self._begun: dict[tuple[str, tuple[str, ...]], OperationSite | None] = {}
        self._changed: dict[tuple[str, str, tuple[str, ...]], Effect | None] = {}

    def _sites(self, provider: "Provider") -> list[OperationSite]:
        return [s for s in self.model.operations.sites if s.provider.id == provider.id and s.operation.op in BEGIN]

    def begins(self, provider: "Provider") -> bool:
        """Whether code of ours begins payments at a provider."""
        return bool(self._sites(provider))

    def named_by(self, provider: "Provider", field: str) -> bool:
        """Whether a payment of that provider is begun under the name that a field of ours keeps: Paystack's ``reference`` is the order's
        own ``tx_ref``, and no second payment can be begun under it."""
        key = (provider.id, field)
        if key not in self._named:
            self._named[key] = any(self._is_named(s, field) for s in self._sites(provider))
        return self._named[key]

    def _is_named(self, site: OperationSite, field: str) -> bool:
        keys = site.provider.idempotency.names if site.provider.idempotency is not None else ()
        names = dict.fromkeys((*site.operation.key_names, *keys, *OUR_NAMES))
        values = [v for name in names for _, v in given_at(self.model, site, name)]
        return any(
            isinstance(p, Member) and snake(p.name).strip("_") == field
            for v in values
            for p in pieces([v], _PIECES, self.model.evaluator.made_of)
        ) or any(self._is_kept(o, field) for v in values for o in options(v) if not isinstance(o, (Const, Param)))

    def _is_kept(self, name: Value, field: str) -> bool:
        """Whether the function that makes up a name for a payment keeps it in that field of a record: ``Payment(reference=reference)``."""
        return any(_holds(touch.fields.get(field), name) for touch in self._written_around(name))

    def _written_around(self, name: Value) -> Iterator["Touch"]:
        """What the function that makes up a name writes down."""
        program, (file, line) = self.model.program, name.at
        around = (
            (n for n, f in enumerate(program.indices[file].functions) if f.line <= line <= f.end_line) if file in program.indices else ()
        )
        for fn in (Fn(file, n) for n in around):
            for i, op in enumerate(program.body(fn).op):
                touch = self.model.records.touch(fn, i, None) if op in (Op.CALL, Op.NEW, Op.SET_FIELD) else None
                if touch is not None and touch.writes:
                    yield touch

    def _kept_beside(self, site: OperationSite, under: tuple[str, ...], sums: list[Value]) -> bool:
        """Whether the name that is made up for a payment is kept in one record with the sum that it is begun for, which nobody sent."""
        made = (o for path in under if path not in _BAGS for _, v in given_at(self.model, site, path) for o in options(v))
        names_ = [o for o in made if isinstance(o, Result) and o.instr >= 0]
        if not names_ or not sums or any(self.model.requests.sources_in(v) for v in sums):
            return False
        return all(
            any(
                any(_holds(v, name) for v in touch.fields.values())
                and all(any(_holds(v, o) for v in touch.fields.values()) for sum_ in sums for o in options(sum_))
                for touch in self._written_around(name)
            )
            for name in names_
        )

    def begun_for(self, provider: "Provider", under: tuple[str, ...] = NOTES) -> OperationSite | None:
        """The call that begins a payment with the id of a record of ours ``under`` one of some names and with that record's own sum; None
        when one of the calls does not."""
        under = tuple(dict.fromkeys((*under, *(name for name in OUR_NAMES if name.rpartition(".")[2] in under))))
        key = (provider.id, under)
        if key not in self._begun:
            sites = [s for s in self._sites(provider) if self._may_name_ours(s, under)]
            self._begun[key] = sites[0] if sites and all(self._is_for_ours(s, under) for s in sites) else None
        return self._begun[key]

    def put_in_later(self, provider: "Provider", order: str, under: tuple[str, ...] = NOTES) -> Effect | None:
        """Where customers can put something into such an order while a payment that was begun for its sum is open."""
        begun = self.begun_for(provider, under)
        key = (provider.id, order, under)
        if key not in self._changed:
            self._changed[key] = put_in_later(self.model, begun, order) if begun is not None and order else None
        return self._changed[key]

    def _may_name_ours(self, site: OperationSite, under: tuple[str, ...]) -> bool:
        """Whether a payment may carry an id of ours; one that is begun without a word to keep cannot be taken for a record's."""
        return any(is_open(self.model, site, path, site.ctx) or any(True for _ in given_at(self.model, site, path)) for path in under)

    def _is_for_ours(self, site: OperationSite, under: tuple[str, ...]) -> bool:
        if self._is_composed(site):
            return True
        owners = [o for path in under for _, v in given_at(self.model, site, path) for o in self._owners(v)]
        sums = [v for path in site.operation.amount for _, v in given_at(self.model, site, path) if not isinstance(v, Const)]
        prices = [v for path in site.operation.priced_by for _, v in given_at(self.model, site, path)]
        if owners and (sums or prices) and self._made_along(site, owners, [*sums, *prices]):
            return True
        if (sums or prices) and self._looked_up_by_name(site, under, [*sums, *prices]):
            return True
        if self._kept_beside(site, under, sums):
            return True
        if not owners or not sums:
            return False
        ours = {key for o in owners for key in (*keys_of(o), *self._put_in(o), *self._columns(o))}
        return all(
            not ours.isdisjoint(k for p in pieces([v], _PIECES, self.model.evaluator.made_of) for k in (*keys_of(p), p.at)) for v in sums
        )

    def _looked_up_by_name(self, site: OperationSite, under: tuple[str, ...], sums: list[Value]) -> bool:
        """Whether all that is charged is read from the very order that the payment is told to be for, or from its lines: the id among what
        the provider keeps for us is the one by which they were looked up."""
        # by what the caller gave, and as the function itself knows it: a sum may be read from what it looked up by its own parameter
        given = [(p, v) for p in under for v in (*(v for _, v in given_at(self.model, site, p)), *values_at(self.model, site, p, site.ctx))]
        named = {k for path, v in given for told in self._told_ids(path, v) for k in self._marks(told)}
        return bool(named) and all(self._of_order(v, named) for v in sums)

    def _told_ids(self, path: str, value: Value) -> Iterator[Value]:
        """What a provider is told of an order's id; beside that of an order, a cart's is only where it came from."""
        told = {_NUMBERED.sub("", snake(key)): held for key, held in shape(self.model.evaluator, value).must.items()}
        told = {kind: held for kind, held in told.items() if self.model.words.entity(kind)}
        fixed = {kind: held for kind, held in told.items() if kind.rpartition("_")[2] not in _STILL_OPEN}
        yield from (fixed or told).values()
        if path not in _BAGS:
            yield value

    def _of_order(self, sum_: Value, named: set[Hashable]) -> bool:
        """Whether a sum is worked out from rows that were found by an id that was told, and from nothing that anybody sent."""
        found = False
        for piece in pieces([sum_], _PIECES, self.model.evaluator.made_of):
            if isinstance(piece, Member) and (read := self.model.records.read_behind(piece.base)) is not None:
                found = found or self._found_by(read, named, _FURTHER)
            found = found or (isinstance(piece, Result) and self._answered_for(piece, named))
        return found and not self.model.requests.sources_in(sum_)

    def _answered_for(self, answer: Result, named: set[Hashable]) -> bool:
        """Whether something is what a service that keeps orders answers of the one with an id that was told:
        ``fetch(`${ORDERS_URL}/orders/${orderId}`)``."""
        request = self.model.http.request(answer.fn, answer.instr, answer.ctx) if answer.instr >= 0 else None
        if request is None or request.method != "GET" or request.url_value is None or self.model.http.provider(request) is not None:
            return False
        segments = {entity(segment) for path in request.paths for segment in path.split("/")}
        asked = pieces([request.url_value], _PIECES)
        return any(map(self.model.words.entity, segments)) and any(not named.isdisjoint(self._marks(p)) for p in asked)

    def _found_by(self, read: "Touch", named: set[Hashable], further: int) -> bool:
        """Whether a read is of an order, or of rows that hang on one, by an id that was told, or by that of a row so found."""
        for column, key in read.keys.items():
            name = snake(column)
            hangs = self.model.words.entity(_NUMBERED.sub("", name)) or (_ID.fullmatch(name) and self.model.words.entity(read.entity))
            if not hangs:
                continue
            if not named.isdisjoint(self._marks(key)):
                return True
            before = [self.model.records.read_behind(o.base) for o in options(key) if isinstance(o, Member)] if further else []
            if any(b is not None and self._found_by(b, named, further - 1) for b in before):
                return True
        return False

    def _marks(self, value: Value) -> Iterator[Hashable]:
        """By what two ids are known to be the same: the piece of the request that they are, else the object that they are."""
        for here in pieces([value], _PIECES, self._as_given):
            source = self.model.requests.source(here)
            if source is not None and source.key:
                yield source.kind, source.key
            else:
                yield from keys_of(here)

    def _as_given(self, value: Value) -> list[Value]:
        """What an id is written from: ``String(orderId)``, ``orderId.toString()``."""
        if isinstance(value, Member) or self.model.requests.source(value) is not None:
            return []
        if not isinstance(value, Result) or value.instr < 0:
            return list(value.parts())
        given = [v for _, v in self.model.evaluator.arguments(value)]
        if isinstance(value.callee, Member):
            return [value.callee.base] if not given and snake(value.callee.name) in _WRITTEN else []
        converts = any(n.rpartition(".")[2].lower() in _CONVERSIONS for n in names(value.callee))
        return given if converts and len(given) == 1 else []

    def _made_along(self, site: OperationSite, owners: list[Value], sums: list[Value]) -> bool:
        """Whether a record of ours is created along with the payment that carries its id, for a sum that the server alone worked out."""
        made = [read for o in owners for one in options(o) if (read := self.model.records.read_behind(one)) is not None]
        along = {site.fn, *(ctx.caller for ctx in self.model.callers.above(site.fn, site.ctx))}  # or by whoever calls what begins it
        fresh = any(read.kind == "create" and read.fn in along for read in made)
        return fresh and not any(self.model.requests.sources_in(v) for v in sums)

    def _is_composed(self, site: OperationSite) -> bool:
        """Whether a platform hands a client of ours what builders of ours have put together of its order: the order's id among what the
        provider keeps for us, beside its sum. ``placeRequest`` of Magento is given what ``build`` of the request builders answered."""
        callers = self.model.entries_to(site.fn)
        if not callers or any(e.role != "platform" for e in callers):
            return False
        program, evaluator = self.model.program, self.model.evaluator
        unit = program.unit(site.fn.file)
        for entry in self.model.entries:
            fn = entry.target.fn
            if entry.role != "platform" or program.name(fn) != "build" or program.unit(fn.file) != unit:
                continue
            body = program.body(fn)
            for end in (body.args(i)[0] for i, op in enumerate(body.op) if op == Op.RETURN and body.args(i)[0] >= 0):
                held = shape(evaluator, evaluator.value(fn, end)).must
                notes = [held[key] for key in NOTES if key in held]
                if any(True for v in notes for _ in self._owners(v)) and any(
                    path.partition(".")[0] in held for path in site.operation.amount
                ):
                    return True
        return False

    def _owners(self, value: Value) -> Iterator[Value]:
        """The orders and payments of ours whose ids stand in what a provider keeps for us; what may still be added to is none."""
        told = list(shape(self.model.evaluator, value).must.values()) or [value]
        for here in pieces(told, _PIECES, self.model.evaluator.made_of):
            if not isinstance(here, Member) or not _ID.fullmatch(snake(here.name).removeprefix("get_")):
                continue
            read = self.model.records.read_behind(here.base)
            kind = read.entity if read is not None else name_of(here.base).removeprefix("get_")
            if self.model.words.entity(kind) and kind.rpartition("_")[2] not in _STILL_OPEN:
                yield here.base

    def _columns(self, owner: Value) -> Iterator[Hashable]:
        """Where the sums of a record are declared: what is read of a typed one is known by its column alone."""
        read = self.model.records.read_behind(owner)
        kind = read.entity if read is not None else name_of(owner)
        table = self.model.schema.table(kind, owner.at[0])
        if table is not None:
            yield from ((c.file, c.line) for c in table.columns.values() if self.model.words.money(c.name))

    def _put_in(self, owner: Value) -> Iterator[Hashable]:
        """What a record was made with, as far as it is money: the sum that is charged may be taken from there, too."""
        made = self.model.records.read_behind(owner)
        if made is None or made.kind != "create":
            return
        for name, value in made.fields.items():
            if value is not None and self.model.words.money(name):
                yield from (k for p in pieces([value], _PIECES, self.model.evaluator.made_of) for k in keys_of(p))


def went_out(name: str) -> str:
    """The path at which a provider was given what it brings back as a member of that name; empty where that is not ours."""
    plain = snake(name).removeprefix("merchant_")
    return next((path for path in _COMES_BACK if snake(path.rpartition(".")[2]).removeprefix("merchant_") == plain), "")


def keys_of(value: Value) -> Iterator[Hashable]:
    """By what two values are known to be the same object: the call that gave it, the parameter that brought it, an element of such."""
    for one in options(value):
        if isinstance(one, Result) and one.instr >= 0:
            yield one.fn, one.instr
        elif isinstance(one, Param) and one.name not in _ANYBODYS:
            yield one.fn, one.name
        elif isinstance(one, Overlay):
            yield from keys_of(one.base)
        elif isinstance(one, Element):
            yield from (("element", k) for k in keys_of(one.base))
        elif isinstance(one, Instance) and one.made is not None:
            yield one.made[0], one.made[1]
        elif isinstance(one, Instance) and one.origin is not None:
            yield from keys_of(one.origin)


def _holds(kept: Value | None, value: Value) -> bool:
    """Whether what is kept in a field is what one place of the code gives."""
    return kept is not None and any(type(o) is type(value) and o.at == value.at for o in options(kept))
