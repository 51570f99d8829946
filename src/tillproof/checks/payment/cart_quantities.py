"""Quantities that a customer's request puts on a line of a cart or order, which our own sums then multiply by the price."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from tillproof.checks.payment.amounts import AmountSite, Chosen, chosen_by_client
from tillproof.checks.payment.bounds import floor_under, lets_fractions, lower_bound
from tillproof.checks.payment.declared_bounds import Barrier, declared_bound
from tillproof.checks.payment.own_lines import CART, LINE, line_fields, of_lines, ways
from tillproof.checks.ruling import Evidence
from tillproof.commerce.effects import Effect
from tillproof.commerce.entries import Entry
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.names import written
from tillproof.flow.program import Fn
from tillproof.flow.values import Instance, Record, Value, constant, options, pieces
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op

# What an order or a cart that is one document calls the lines within it.
_LINES = re.compile(r"((cart|order|line|checkout|basket)_?)?(items?|lines?|products?|details|entries|articles|goods|cart|order_list)")
_HEAD = re.compile(r"[.\[]")
_SHAPES = ("integer", "float", "decimal", "value", "raw")  # how an object of a price is read as a number
_MOST_CALLERS = 6
_FEW = 40
_PER_PIECE = ("unit_amount", "unit_amount_decimal")
_STATEMENT = re.compile(
    r"(quantity|qty)\w*[`\"\]]?\s*\*\s*[\w.`\"\[]*(price|amount|cost)|(price|amount|cost)\w*[`\"\]]?\s*\*\s*[\w.`\"\[]*(quantity|qty)",
    re.IGNORECASE,
)


class StoredQuantity(NamedTuple):
    """A quantity of the client's that is kept: where it is written, by what request, what bounds it, and where a sum multiplies it.
    ``fraction``: the comparison that refuses nothing and less, and lets a hundredth of an article through."""

    site: AmountSite
    reached_by: Fn
    chosen: Chosen
    bound: Barrier | None
    multiplied: Evidence
    fraction: Barrier | None = None


class Product(NamedTuple):
    """A quantity times a price. ``sent``: it is that of the request at hand, and none that was kept before."""

    fn: Fn
    at: Evidence
    sent: bool


def stored_quantities(model: Model, charged: Sequence[AmountSite]) -> Iterator[StoredQuantity]:
    """The quantities that customers' requests write on lines, in units whose own code works out what lines cost: where only the provider
    multiplies, it refuses what is below one. What a declaration bounds is left out, since it may be of another record's field."""
    if not _we_multiply(charged):
        return
    seen: set[tuple[Fn, Fn, int]] = set()
    sums: dict[str, list[Product]] = {}
    for entry in model.entries:
        for site in (
            (*_line_writes(model, entry), *_session_lines(model, entry), *_own_lines(model, entry))
            if entry.role in ("public", "customer")
            else ()
        ):
            sent = chosen_by_client(model, site.value)
            within = model.handlers.closure(entry).functions
            counted = [c for c in sent if c.key and _may_count(model, site, c)]
            chosen = counted or list(_of_whole_lines(model, site, sent, within))
            unit = model.program.unit(site.fn.file)
            if not chosen or (entry.target.fn, site.fn, site.instr) in seen:
                continue
            seen.add((entry.target.fn, site.fn, site.instr))
            if unit not in sums:
                sums[unit] = list(_products(model, unit))
            multiplied = next((p.at for p in sums[unit] if not p.sent or p.fn in within), None)
            around = [fn for fn in within if chosen[0].word in model.vocabulary.tokens(fn)]
            if multiplied is not None and declared_bound(model, around, chosen[0].word) is None:
                floor = lower_bound(model, around, chosen[0].word) or floor_under(model, site.value)
                bound = floor or _column_bound(model, site)
                plain = not counted and model.program.language(site.fn.file) == "javascript"  # a number of JSON, as it came
                parted = bound if bound is not None and _may_be_parted(model, site, around, chosen[0].word, bound, plain) else None
                yield StoredQuantity(site, entry.target.fn, chosen[0], None if parted else bound, multiplied, parted)


def _may_count(model: Model, site: AmountSite, chosen: Chosen) -> bool:
    """Whether a piece of the request may be how many are bought: what finds an article is not."""
    return _counts(model, chosen.word) or (site.direct and not snake(chosen.word).endswith("id"))


def _of_whole_lines(model: Model, site: AmountSite, sent: list[Chosen], within: Iterable[Fn]) -> Iterator[Chosen]:
    """The quantities of lines that a cart's document keeps as they were sent, whole: ``items: JSON.stringify([...others, item])``. Of what
    is in them code says no more than it asks of it."""
    touch = model.records.touch(site.fn, site.instr, site.ctx)
    if site.direct or touch is None or CART.fullmatch(touch.entity) is None:
        return
    asked = [t for fn in (site.fn, *within) for t in sorted(model.vocabulary.tokens(fn)) if model.words.has("quantity_fields", snake(t))]
    for piece in sent if asked else ():
        if piece.key is None:
            yield Chosen(asked[0], piece.value, piece.at, piece.read)


def _may_be_parted(model: Model, site: AmountSite, around: list[Fn], word: str, bound: Barrier, plain: bool) -> bool:
    """Whether a bound only keeps a number above nothing that may have a fraction where it is kept."""
    touch = model.records.touch(site.fn, site.instr, site.ctx)
    column = model.schema.column(touch.entity, site.key, site.fn.file) if touch is not None else None
    return bound.least == "0" and (column is None or column.kind != "integer") and lets_fractions(model, around, word, plain)


def _column_bound(model: Model, site: AmountSite) -> Barrier | None:
    """The column of whole numbers by which the database refuses a line of less than nothing: the cart is then never read with one."""
    touch = model.records.touch(site.fn, site.instr, site.ctx)
    table = model.schema.table(touch.entity, site.fn.file) if touch is not None else None
    column = table.column(site.key) if table is not None else None
    if table is None or column is None or column.kind != "integer" or table.documents:
        return None
    where = model.schema.non_negative(table, column.name)
    return Barrier(*where, f"the database takes no `{column.name}` below zero, and no fraction") if where is not None else None


def _we_multiply(charged: Sequence[AmountSite]) -> bool:
    """Whether some charge is given a whole sum, and not only prices of one piece."""
    keys = {site.key for site in charged}
    return not keys or not keys.issubset(_PER_PIECE)


def _line_writes(model: Model, entry: Entry) -> Iterator[AmountSite]:
    for effect in model.effects.of(entry.target):
        touch = effect.touch
        if touch is not None and touch.kind == "flush":
            yield from _set_before(model, effect)
        if touch is None or not touch.writes or touch.kind == "delete":
            continue
        line, holds = LINE.fullmatch(touch.entity), model.words.entity(touch.entity)
        for field, value in touch.fields.items():
            if value is not None and line and _counts(model, field) and not snake(field).endswith("_id"):
                yield AmountSite("line", "line of the cart", effect.fn, effect.instr, value, True, field, effect.ctx)
            elif value is not None and (line or holds) and _LINES.fullmatch(snake(field)):
                yield AmountSite("line", "line of the order", effect.fn, effect.instr, value, False, field, effect.ctx)
                yield from _made_lines(model, value)


def _made_lines(model: Model, value: Value) -> Iterator[AmountSite]:
    """The quantities of the lines that an order is given as objects, which are stored with it: ``Order(items=[OrderItem(quantity=n)])``."""
    for made in (p.made for p in pieces([value], _FEW) if isinstance(p, Instance) and p.made is not None):
        fn, call, ctx = made
        for key, given in model.program.body(fn).call(call)[1]:
            if key and _counts(model, key):
                yield AmountSite("line", "line of the order", fn, call, model.evaluator.value(fn, given, ctx), False, key, ctx)


def _counts(model: Model, name: str) -> bool:
    return model.words.has("quantity_fields", snake(name))


def _set_before(model: Model, kept: Effect) -> Iterator[AmountSite]:
    """The quantities that are set on a line which is kept after that: ``$entry->quantity = $quantity; $entry->save();``."""
    for place in kept.way:
        body = model.program.body(place.fn)
        for i in range(place.instr):
            if body.op[i] != Op.SET_FIELD or not _counts(model, body.name(i)):
                continue
            touch = model.records.touch(place.fn, i, place.ctx)
            value = touch.fields.get(body.name(i)) if touch is not None and LINE.fullmatch(touch.entity) else None
            if value is not None:
                yield AmountSite("line", "line of the cart", place.fn, i, value, True, body.name(i), place.ctx)


def _session_lines(model: Model, entry: Entry) -> Iterator[AmountSite]:
    """The quantities that are put into a cart which the customer's session holds: ``$_SESSION['cart'][$id]['qty'] = $qty``,
    ``req.session.cart[id].quantity = quantity``, ``$_SESSION['cart'][$id] = $qty``."""
    for fn in model.handlers.closure(entry).functions:
        if not _speaks_of_session(model, fn):
            continue
        body, value_of = model.program.body(fn), model.evaluator.value
        for i, op in enumerate(body.op):
            if op not in (Op.SET_INDEX, Op.SET_FIELD) or not _is_session_cart(model, fn, body.args(i)[0]):
                continue
            _, key, given = body.args(i)
            name = body.name(i) if op == Op.SET_FIELD else constant(value_of(fn, key)) if key >= 0 else None
            for ctx in (None, *model.callers.above(fn, None)[:_MOST_CALLERS]):
                value = value_of(fn, given, ctx)
                records = [o for o in options(value) if isinstance(o, Record)]
                kept = [(k, v) for record in records for k, v in record.entries] or [(name or "quantity", value)]
                for field, piece in kept:
                    if model.words.has("quantity_fields", snake(str(field))):
                        yield AmountSite("line", "line of the cart", fn, i, piece, True, key=str(field))


def _own_lines(model: Model, entry: Entry) -> Iterator[AmountSite]:
    """The quantities that are set on a line of a cart which is an object of ours: ``$this->quantity = $quantity`` in the line's class,
    ``$items[$index]->quantity = intval($data['quantity'])`` in the cart's."""
    reached = list(model.handlers.closure(entry).functions)
    for fn in reached:
        body = model.program.body(fn)
        for i, op in enumerate(body.op):
            if op not in (Op.SET_FIELD, Op.SET_INDEX, Op.CALL) or not any(_counts(model, n) for n, _ in line_fields(model, fn, i, None)):
                continue
            for ctx in ways(model, fn, reached):
                held = ((name, value) for name, value in line_fields(model, fn, i, ctx) if _counts(model, name))
                yield from (AmountSite("line", "line of the cart", fn, i, value, True, name, ctx) for name, value in held)


def _speaks_of_session(model: Model, fn: Fn) -> bool:
    """Whether a function, or another method of its class, names the session: a cart's class takes it in its constructor."""
    owner = model.program.owner(fn)
    near = (fn, *model.program.methods(owner).values()) if owner is not None else (fn,)
    return any(t.lower().endswith("session") for one in near for t in model.vocabulary.tokens(one))


def _is_session_cart(model: Model, fn: Fn, holder: int) -> bool:
    """Whether something is set on the cart that the customer's session holds, or on one of its lines: ``self.cart[key]["quantity"]``."""
    body = model.program.body(fn)
    while True:
        source = model.requests.source(model.evaluator.value(fn, holder))
        said = (_HEAD.split((source.key if source is not None else None) or "")[0], written(model.program, fn, holder).rpartition(".")[2])
        if source is not None and source.kind == "session" and any(CART.fullmatch(snake(name)) for name in said):
            return True
        if body.op[holder] != Op.INDEX:
            return False
        holder = body.args(holder)[0]


def _products(model: Model, unit: str) -> Iterator[Product]:
    """Where code of a unit that customers reach, or a line's own class, multiplies a quantity by a price."""
    for fn in (*model.customer_functions, *of_lines(model)):
        if model.program.unit(fn.file) != unit or not model.vocabulary.money(fn):
            continue
        body = model.program.body(fn)
        for i, op in enumerate(body.op):
            told = Evidence(fn.file, body.line[i], "a sum multiplies the quantity that is kept by the price", "step")
            if op == Op.BINARY and body.text(body.args(i)[0]) == "*" and _is_product(model, fn, body, i):
                yield Product(fn, told, _is_sent(model, fn, body.args(i)[1:3]))
            elif op == Op.CONST and body.args(i)[0] == Kind.STRING and _STATEMENT.search(body.name(i)):
                yield Product(fn, told, False)


def _is_sent(model: Model, fn: Fn, sides: Sequence[int]) -> bool:
    """Whether one of two figures stands in the body of the request at hand."""
    ways = (None, *model.callers.above(fn, None)[:_MOST_CALLERS])
    sources = (model.requests.source(model.evaluator.value(fn, side, ctx)) for ctx in ways for side in sides)
    return any(source is not None and source.kind == "body" for source in sources)


def _is_product(model: Model, fn: Fn, body: Body, i: int) -> bool:
    """Whether a multiplication is of a quantity with a price: ``item.quantity * item.product.price``, ``F("quantity") * F("price")``."""
    said = [snake(_said(model, fn, body, side)) for side in body.args(i)[1:3]]
    counted = [model.words.has("quantity_fields", s) for s in said]
    return any(c and model.words.money(said[1 - n]) for n, c in enumerate(counted))


def _said(model: Model, fn: Fn, body: Body, i: int) -> str:
    """The last name of an operand, within calls that only convert or name it."""
    while body.op[i] in (Op.CALL, Op.CAST, Op.AWAIT):
        given = body.call(i)[1] if body.op[i] == Op.CALL else [("", body.args(i)[-1])]
        if len(given) != 1:
            break
        i = given[0][1]
    if body.op[i] == Op.INDEX and (key := body.const(body.args(i)[1])) is not None and key[0] == Kind.STRING:
        return key[1].strip("'\"")
    if body.op[i] == Op.CONST:
        return body.name(i).strip("'\"").rpartition("__")[2]
    said = written(model.program, fn, i).replace("()", "").split(".")
    return said[-2] if len(said) > 1 and said[-1] in _SHAPES else said[-1]
