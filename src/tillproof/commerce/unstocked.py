"""Orders of goods of which the shop keeps stock, made without taking any."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

from tillproof.commerce.cart_orders import CartOrders
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.entities import ORDER, entity, same
from tillproof.commerce.entries import Entry
from tillproof.commerce.lexicon import counts, snake
from tillproof.commerce.schema.stock import Stock
from tillproof.commerce.schema.tables import Column, Table
from tillproof.commerce.stock_looks import BELOW
from tillproof.commerce.takings import Taking
from tillproof.flow.program import Fn
from tillproof.flow.values import options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_ORDER = re.compile(rf"(\w+_)?({ORDER}|ticket_order)(_(detail|info|master|header|head|data))?")
_NO_ORDER = re.compile(r"(.*_)?(return|refund|draft|work|sort|supplier|production|log|history|status|note|job|replacement)(_.*)?")
_CART = re.compile(r"cart|basket|shopping_?bag|hold|reserv", re.IGNORECASE)
_GOODS = re.compile(r"(\w+_)?(items?|lines?|products?|variants?|sku|basket|cart|quantity|quantities|qty)(_\w+)?")
_CLOSED = rb"['\"\])};?%>\s/]{1,16}"  # what ends the place at which a page shows a value
_LEFT = (
    rb"(?:(?:items?|pieces?|pcs\.?|units?|tickets?|seats?|more|are|is|still)\s+){0,2}"
    rb"(?:in stock|stocks?\s+(?:available|left)|left\b|available\b|remaining\b)"
)
# What stands before such a place: ``In stock: {{ book.quantity }}``, ``<td>Stock</td><td>{product.quantity}``.
_SAID_BEFORE = rb"\b(?:(?:in )?stock|available|availability|left|remaining)(?:\s+(?:quantity|qty|items?|pieces?|units?|stock))?\s*:?\s*"
_OPENED = rb"(?:<(?!\?)[^<>]{0,80}>|['\"(\s]){0,8}(?:\{\{-?|\{|\$\{|<\?=|<\?php\s+echo|<%=)\s*[^{}<\n]{0,40}?[\w$\])](?:\.|\?\.|->|\[['\"])"
# The most that a page lets somebody ask for: ``max="{{ book.quantity }}"``.
_BOUND = rb"\bmax\]?\s*=\s*['\"]?\s*(?:\{\{|\{|<\?=|<\?php\s+echo|<%=)?\s*[^{}<\n\"]{0,40}?[\w$\])](?:\.|\?\.|->|\[['\"])"
# How much of the goods is put aside for orders, counted beside what there is; what keeps it for one order.
_PUT_ASIDE = re.compile(r"(\w+_)?(reserved|allocated|committed|held|on_hold|blocked)(_(quantity|qty|stock|count|units|amount))?")
_RESERVATION = re.compile(r"(\w+_)?(reservation|stock_hold|stock_allocation|inventory_(hold|allocation))s?(_(item|line))?")
_ELSEWHERE = ("platform", "marketplace", "erp", "warehouse")


@dataclass(frozen=True, slots=True)
class Unstocked:
    """An order that a customer may place; ``stock``: what is kept of the goods; ``looks``: something on the way names it;
    ``hidden``: where something that was not understood may take it; ``elsewhere``: where another way to order takes it."""

    entry: Entry
    effect: Effect
    stock: Stock
    looks: bool
    hidden: tuple[str, int] | None
    elsewhere: Place | None = None


def unstocked(model: "Model") -> Iterator[Unstocked]:
    """One per place at which orders are made, in a program in which nothing takes stock for a customer, or only other ways to order do."""
    takings = model.takings
    if takings.triggers or not all(taken_with_order(model, taking) for taking in takings.all):
        return
    elsewhere = takings.all[0].place if takings.all else None
    taking = {taking.place.fn for taking in takings.all}
    is_shown = cache(partial(_is_shown, model))
    kept = [s for s in model.stock_writes.tables if not s.mirror]
    kept += _told(model, {s.table.unit for s in model.stock_writes.tables}, is_shown)
    if not any(s.sure or _is_asked(model, s) or any(is_shown(s.table.unit, c.name) for c in s.columns) for s in kept):
        return
    carts = any(_fills_cart(e) for fn in taking for e in model.entries_to(fn))
    carted = CartOrders(model, lambda _: "")
    seen: set[tuple[Fn, int]] = set()
    hidden: dict[str, tuple[str, int] | None] = {}  # by unit, of which the first stock counts
    for entry in model.entries:
        if entry.role not in ("public", "customer") or any(h.entry is entry and h.provider.kind in _ELSEWHERE for h in model.handlers.all):
            continue
        made = [e for e in model.effects.of(entry.target) if makes_order(e) and not _was_there(model, e)]
        if not made and (of_cart := carted.made_of_cart(entry)) is not None:
            made = [of_cart[0]]
        made = [e for e in made if not any(o.fn == e.fn and o.instr < e.instr for o in made)][:1]
        for effect in made:
            stock = _of_goods(model, kept, effect)
            if stock is None or (effect.fn, effect.instr) in seen or reserves(model, entry) or _takes_too(model, entry, taking, carts):
                continue
            seen.add((effect.fn, effect.instr))
            if (unit := stock.table.unit) not in hidden:
                hidden[unit] = _hidden(model, stock, taking)
            yield Unstocked(entry, effect, stock, not stock.sure or _looks(model, entry, stock), hidden[unit], elsewhere)


def taken_with_order(model: "Model", taking: Taking) -> bool:
    """Whether stock is taken only where an order is made, or where something is put into a cart: neither does it for orders that are made
    on another way. What takes behind a payment, or at a later step, may do so for any order."""
    entries = model.entries_to(taking.place.fn)
    return bool(entries) and all(_fills_cart(e) or any(map(_creates_order, model.effects.of(e.target))) for e in entries)


def _creates_order(effect: Effect) -> bool:
    return makes_order(effect) and effect.touch is not None and effect.touch.kind != "upsert"


def _fills_cart(entry: Entry) -> bool:
    return _CART.search(entry.route or "") is not None


def _takes_too(model: "Model", entry: Entry, taking: set[Fn], carts: bool) -> bool:
    """Whether an order's own way takes stock, or what it is made of was taken when the cart was filled, if that takes any (``carts``)."""
    near = model.handlers.closure(entry).functions
    if not taking.isdisjoint(near):
        return True
    return carts and any(_CART.search(t) for fn in near for t in model.vocabulary.tokens(fn))


def reserves(model: "Model", entry: Entry) -> bool:
    """Whether goods are put aside on the way, in a count of their own beside the stock or in a record that keeps them for the order."""
    for touch in (e.touch for e in model.effects.of(entry.target) if e.touch is not None and e.touch.writes):
        counted = (*touch.relative, *(touch.fields if model.words.has("goods_entities", touch.entity) else ()))
        aside = any(_PUT_ASIDE.fullmatch(snake(name.rpartition(".")[2])) for name in counted)
        if aside or (touch.kind == "create" and _RESERVATION.fullmatch(touch.entity)):
            return True
    return False


def _told(model: "Model", known: set[str], is_shown: Callable[[str, str], bool]) -> Iterator[Stock]:
    """Stock that only statements tell of, in a part that declares none: ``INSERT INTO products (name, stock) VALUES (?, ?)``. What a system
    elsewhere may keep is no shop's own."""
    found: dict[str, Stock] = {}
    for write in model.stock_writes.all:
        touch, fn = write.touch, write.place.fn
        unit, name = model.program.unit(fn.file), snake(write.field)
        if unit in known | set(found) or write.how != "set" or touch.kind not in ("write", "upsert", "create"):
            continue
        sold = model.words.has("goods_entities", touch.entity) and (
            model.words.has("stock_columns", name) or (counts(name) and is_shown(unit, write.field))
        )
        if sold and model.schema.table(touch.entity, fn.file) is None and not _mirrors(model, unit):
            line = model.program.body(fn).line[write.place.instr]
            column = Column(write.field, fn.file, line, line)
            found[unit] = Stock(Table(touch.entity, fn.file, line, unit, "statements", columns={name: column}), (column,), (), True)
    yield from found.values()


def _mirrors(model: "Model", unit: str) -> bool:
    """Whether a deployed part speaks to a system that keeps stock itself."""
    return any(s.provider.kind in _ELSEWHERE and model.program.unit(s.fn.file) == unit for s in model.operations.sites)


def _is_asked(model: "Model", stock: Stock) -> bool:
    """Whether something is compared with a column of goods whose name alone may mean anything: ``wanted > product.quantity``."""
    kind = entity(stock.table.entity or stock.table.name)
    for column in stock.columns:
        name = column.attribute or column.name.rpartition(".")[2]
        for file in model.program.mentioning(name):
            for fn in model.program.functions_around(file, name) if model.program.unit(file) == stock.table.unit else ():
                body = model.program.body(fn)
                for i, op in enumerate(body.op):
                    if op == Op.BINARY and body.text(body.args(i)[0]) in BELOW:
                        reads = (r for a in body.args(i)[1:] for r in model.states.field(fn, a, None))
                        if any(same(r.entity, kind) and snake(r.field) == snake(name) for r in reads):
                            return True
    return False


def _is_shown(model: "Model", unit: str, field: str) -> bool:
    """Whether a page tells that what a field holds is left, ``Only <?= $row['quantity'] ?> left``, ``In stock: {product.qty}``, or lets
    nobody ask for more."""
    plain = field.rpartition(".")[2].encode()
    name = re.escape(plain)
    before = rb"(?:" + _SAID_BEFORE + _OPENED + rb"|" + _BOUND + rb")" + name + rb"\b"
    shown = re.compile(rb"\b" + name + _CLOSED + _LEFT + rb"|" + before, re.IGNORECASE)
    said = plain.lower()  # looked for first: few texts name the field at all
    return any(file.unit == unit and said in text.lower() and shown.search(text) for file, text in model.card_pages.texts())


def makes_order(effect: Effect) -> bool:
    """Whether a customer's order comes about by an effect."""
    touch = effect.touch if effect.kind in ("create", "upsert", "flush") else None
    if touch is None or (touch.kind == "flush" and not touch.fields):
        return False
    return bool(_ORDER.fullmatch(touch.entity)) and not _NO_ORDER.fullmatch(touch.entity)


def _was_there(model: "Model", effect: Effect) -> bool:
    """Whether what is saved is a record that was read before, which only changes."""
    record = effect.touch.record if effect.touch is not None and effect.touch.kind == "flush" else None
    return record is not None and all(model.records.read_behind(o) is not None for o in options(record))


def _of_goods(model: "Model", kept: list[Stock], effect: Effect) -> Stock | None:
    """The stock of the goods that an order is of: the way to it speaks of goods, or an order is declared to hold some, and the stock is
    kept in the same deployed part."""
    if not speaks_of_goods(model, effect):
        return None
    unit = model.program.unit(effect.fn.file)
    near = [s for s in kept if s.table.unit == unit]
    return near[0] if near else None


def speaks_of_goods(model: "Model", effect: Effect) -> bool:
    """Whether the way to a new order speaks of goods, or an order is declared to hold some."""
    spoken = any(_GOODS.fullmatch(snake(t)) for fn in {p.fn for p in effect.way} for t in model.vocabulary.tokens(fn))
    return spoken or _holds_goods(model, effect)


def _holds_goods(model: "Model", effect: Effect) -> bool:
    """Whether an order is declared with goods in it: what a request sends may be stored as a whole, ``Order({ ...body })``."""
    table = model.schema.table(effect.touch.entity, effect.fn.file) if effect.touch is not None else None
    names = [part for column in table.columns.values() for part in column.name.split(".")] if table is not None else []
    return any(_GOODS.fullmatch(snake(name)) for name in names)


def _looks(model: "Model", entry: Entry, stock: Stock) -> bool:
    """Whether anything on the way to an order names the column."""
    names = {c.name.rpartition(".")[2] for c in stock.columns} | {c.attribute for c in stock.columns if c.attribute}
    return any(names & model.vocabulary.tokens(fn) for fn in model.handlers.closure(entry).functions)


_KEYS = re.compile(rb"redis|memcache|\bkv\b", re.IGNORECASE)
# Stock that is counted in a store of keys: ``redis.decr(`stock:${id}`)``, a script that it runs.
_COUNTER = re.compile(
    rb"\b(decr|decrby|hincrby|incrby|eval|evalsha)\s*\([^;]{0,120}?(stock|inventory|seats|tickets|quantity|qty|available)", re.IGNORECASE
)


def _hidden(model: "Model", stock: Stock, taking: set[Fn]) -> tuple[str, int] | None:
    """A line that, by its words, takes stock, though it was not understood; ``taking``: the functions that are known to."""
    for file, source in model.program.sources.items():
        kept = model.program.unit(file) == stock.table.unit and _KEYS.search(source) and not model.browser.runs(file)
        if kept and (counted := _COUNTER.search(source)) is not None:
            return file, source.count(b"\n", 0, counted.start()) + 1
    for column in stock.columns:
        name = re.escape((column.attribute or column.name).rpartition(".")[2].encode())
        taken = re.compile(
            rb"decrement[^\n;]{0,60}\b"
            + name
            + rb"\b|\b"
            + name
            + rb"\b[`\"'\]\s)}]*(?:-=|=[^=\n;]{0,60}\b"
            + name
            + rb"\b[^\n;]{0,12}\s-\s*|:\s*-)"
            rb"|\b" + name + rb"\b[^\n;]{0,20}decrement"
        )
        for file in model.program.mentioning(column.attribute or column.name.rpartition(".")[2]):
            source = model.program.sources[file]
            own = model.program.unit(file) == stock.table.unit and not model.browser.runs(file)
            for match in taken.finditer(source) if own else ():
                at = model.program.functions_at(file, [match.start()])
                if not any(fn in taking or model.staff_only(fn) for fn in at):
                    return file, source.count(b"\n", 0, match.start()) + 1
    return None
