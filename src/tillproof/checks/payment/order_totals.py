"""Where sums of money enter an order's record, or decide whether anything has to be paid."""

import re
from collections.abc import Iterator
from dataclasses import replace

from tillproof.checks.payment.amounts import AmountSite
from tillproof.checks.payment.own_lines import OWN_LINE, line_fields, puts_line
from tillproof.commerce.declared_fields import declared_by_sender
from tillproof.commerce.entities import entity
from tillproof.commerce.given import depends_on_caller
from tillproof.commerce.items import ITEMS
from tillproof.commerce.lexicon import snake
from tillproof.commerce.messages_told import MADE_BY
from tillproof.commerce.model import Model
from tillproof.commerce.names import written
from tillproof.commerce.whole_bodies import handed_on, parts_by_sender, set_by_sender
from tillproof.flow.facts import Condition
from tillproof.flow.initialised import CONSTRUCTORS
from tillproof.flow.program import Fn
from tillproof.flow.shape import shape
from tillproof.flow.tries import reached_from
from tillproof.flow.values import ClassV, Const, Ctx, Instance, Value, before_writes, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op

CREATES = ("record.create", "record.write", "order.write")
_STORES = ("create", "write")
_MOST_CALLERS = 20
_LEVELS = 4
_CATALOGUE = re.compile(
    r"product|item|variant|listing|plan|price|pricing|catalog|sku|service|course|menu|room|event"
    r"|coupon|voucher|promo|discount|campaign|offer|goal|target|config|setting|budget|quota|tariff",
    re.IGNORECASE,
)
_PRICE_LIST = re.compile(r"((payment|pricing|price|billing|subscription|membership|product|service|hosting|site|internal)_)*plans?")
_DESCRIBES = frozenset(("title", "name", "description", "slug", "sku"))
_SHOWN_TO_ALL = re.compile(r"(\w+_)?slug(_\w+)?")  # what has an address of its own, as a visitor reads it, is no customer's
_MEASURE = frozenset(("unit", "units", "uom", "unit_of_measure", "measure"))
_LESSER = ("tax", "shipping", "delivery", "postage", "discount", "price", "cost")
_NESTED = ("data", "$set", "values", "create", "update", "defaults")
_TOLD = re.compile(r"(Answer|Response|Result|Reply|Out|Output|Summary|ViewModel)$")
_ABOUT = ("Model", "Repository", "Repo", "Service", "Schema", "Entity", "Collection", "Table", "Dao")
# Classes that tell of an order or show one, and keep none: ``Email_Invoice``, ``OrderPdf``.
_SPEAKS_OF = re.compile(r"(^|_)(e?mails?|mailer|mailable|notif\w+|pdf|page|view|widget|shortcode|exporter)(_|$)")
_BOUND = re.compile(r"(min|max|minimum|maximum|least|most)_")
_VOUCHER = re.compile(r"(\w+_)?vouchers?")
_OF_COUPON = re.compile(r"discount|percent|usage|use_limit|max_us|used_count|times_used|min_(order|cart|purchase|spend)")
_GIVEN_BACK = re.compile(r"(\w+_)?(refunds?(_?(requests?|claims?|items?|lines?))?|returns?_?requests?|credit_?memos?|credit_?notes?)")


def order_totals(model: Model) -> Iterator[AmountSite]:
    """Money fields of orders, payments and the like where a customer's request makes or changes a record; what counts most first."""
    for fn in model.customer_functions:
        if not (model.vocabulary.money(fn) or model.vocabulary.order(fn) or "save" in model.vocabulary.tokens(fn) or _keeps(model, fn)):
            continue
        for i, op in enumerate(model.program.body(fn).op):
            if op in (Op.CALL, Op.NEW, Op.SET_FIELD, Op.SET_INDEX):
                yield from _for_callers(model, fn, i)


def _keeps(model: Model, fn: Fn) -> bool:
    """Whether a function belongs to what keeps orders, however little it says itself: ``create`` of an ``OrderRepository``."""
    owner = model.program.owner(fn)
    return owner is not None and model.words.entity(_entity_name(model.program.cls(owner).name))


def _for_callers(model: Model, fn: Fn, i: int) -> list[AmountSite]:
    """The sums that an instruction stores; for each caller by itself where a sum is made of what callers hand over."""
    sites = [s for s in _sums(model, fn, i, None) if not costs_nothing(s.key)]
    waiting: list[Ctx | None] = [None] if _open(model, sites) or _hands_on(model, fn, i, None) or puts_line(model, fn, i) else []
    for _ in range(_LEVELS):
        above = [up for ctx in waiting for up in model.callers.above(fn, ctx) if not model.staff_only(up.caller)][:_MOST_CALLERS]
        waiting = []
        for ctx in above:
            sums = [replace(s, ctx=ctx) for s in _sums(model, fn, i, ctx) if not costs_nothing(s.key)]
            sites += sums
            if _open(model, sums) or (not sums and (_hands_on(model, fn, i, ctx) or puts_line(model, fn, i))):
                waiting.append(ctx)
    return sites


def costs_nothing(key: str) -> bool:
    """Whether a field keeps what goes back, or from which sum on or up to which something holds: ``refunded``, ``min_order_amount``."""
    return "refund" in key.lower() or _BOUND.match(snake(key)) is not None


def _open(model: Model, sites: list[AmountSite]) -> bool:
    return any(depends_on_caller(model, site.value) for site in sites)


def _hands_on(model: Model, fn: Fn, i: int, ctx: Ctx | None) -> bool:
    """Whether an order is made of what only the callers know, whole."""
    makes = model.program.body(fn).op[i] == Op.NEW or (model.program.body(fn).op[i] == Op.CALL and _writes(model, fn, i))
    return makes and bool(_order_made(model, fn, i)) and handed_on(model, fn, i, ctx)


def _sums(model: Model, fn: Fn, i: int, ctx: Ctx | None) -> Iterator[AmountSite]:
    body = model.program.body(fn)
    for field, held in line_fields(model, fn, i, ctx):
        if model.words.money(field):
            yield AmountSite("cart-line", OWN_LINE, fn, i, held, True, key=field)
    if body.op[i] == Op.SET_INDEX:
        return
    if body.op[i] != Op.SET_FIELD:
        found = (
            *_of_record(model, fn, i, ctx),
            *_of_setter(model, fn, i, ctx),
            *_read_into(model, fn, i, ctx),
            *_of_cart(model, fn, i, ctx),
            *_of_statement(model, fn, i, ctx),
        )
        yield from sorted(found, key=lambda s: _rank(s.key))
        return
    obj, _, value = body.args(i)
    name = body.name(i)
    holder = written(model.program, fn, obj).rpartition(".")[2]
    if model.exposed.is_component(model.evaluator.value(fn, obj)) or _is_for_sale(model, fn, obj, ctx) or _only_made(model, fn):
        return
    if (
        model.words.money(name)
        and not _PRICE_LIST.fullmatch(snake(holder))
        and (model.words.entity(holder) or _entity_value(model, fn, obj))
    ):
        yield AmountSite("order-total", "order record", fn, i, model.evaluator.value(fn, value, ctx), True, key=name)


def _rank(key: str) -> int:
    """A grand total before its parts."""
    name = snake(key)
    return 1 + any(w in name for w in _LESSER) if "total" not in name and "amount" not in name else int(any(w in name for w in _LESSER))


def _only_made(model: Model, fn: Fn) -> bool:
    """Whether a function makes an object beside the one that a table keeps: ``new Booking(request.body)`` stores nothing while there is a
    ``BookingModel`` that does."""
    owner = model.program.owner(fn)
    if owner is None or model.program.name(fn) not in CONSTRUCTORS or model.program.cls(owner).bases:
        return False
    table = model.schema.table(entity(model.program.cls(owner).name), fn.file)
    return table is not None and table.model != owner


def _is_for_sale(model: Model, fn: Fn, obj: int, ctx: Ctx | None) -> bool:
    """Whether a record is one of what is sold, whatever it is called: its table says how many there are, and what it is."""
    kind = model.records.holder(fn, obj, ctx)[0]
    table = model.schema.table(kind, fn.file) if kind else None
    names = [snake(column.name) for column in table.columns.values()] if table is not None else []
    return any(model.words.has("stock_fields", name) for name in names) and not _DESCRIBES.isdisjoint(names)


def _entity_value(model: Model, fn: Fn, obj: int) -> bool:
    held = (before_writes(o) for o in options(model.evaluator.value(fn, obj)))  # other fields of it may be set already
    named = [model.program.cls(o.cls).name for o in held if isinstance(o, Instance)]
    return any(model.words.entity(name) and not _SPEAKS_OF.search(snake(name)) for name in named)


def _of_setter(model: Model, fn: Fn, i: int, ctx: Ctx | None) -> Iterator[AmountSite]:
    """``$order->set_total($x)``"""
    body = model.program.body(fn)
    callee, arguments = body.call(i)
    if body.op[i] != Op.CALL or body.op[callee] != Op.FIELD or len(arguments) != 1:
        return
    field = snake(body.name(callee)).removeprefix("set_")
    holder = body.args(callee)[0]
    if field == snake(body.name(callee)) or not model.words.money(field):
        return
    if model.words.entity(written(model.program, fn, holder).rpartition(".")[2]) or _entity_value(model, fn, holder):
        yield AmountSite("order-total", "order record", fn, i, model.evaluator.value(fn, arguments[0][1], ctx), True, key=field)


def _read_into(model: Model, fn: Fn, i: int, ctx: Ctx | None) -> Iterator[AmountSite]:
    """``Order.model_validate(data)``: an order that is read of the object which a request was read into, field by field."""
    body = model.program.body(fn)
    if body.op[i] != Op.CALL or body.called(i) not in MADE_BY or body.op[body.args(i)[0]] != Op.FIELD:
        return
    kinds = [o for o in options(model.evaluator.value(fn, body.args(body.args(i)[0])[0], ctx)) if isinstance(o, ClassV)]
    named = [model.program.cls(o.cls).name for o in kinds]
    if not any(model.words.entity(n) and model.schema.table(entity(n), fn.file) is not None for n in named):
        return
    for _, given in body.call(i)[1][:1]:
        for name, value in declared_by_sender(model, model.evaluator.value(fn, given, ctx)).items():
            if model.words.money(name):
                yield AmountSite("order-total", "order record", fn, i, value, True, key=name)


def _of_cart(model: Model, fn: Fn, i: int, ctx: Ctx | None) -> Iterator[AmountSite]:
    """``Cart::add($id, $name, $quantity, $price)``: a cart of a library, which keeps the price that it is given."""
    got = model.recogniser.effect(fn, i, ctx)
    if got is None or got[0].effect != "cart.write" or not got[0].writes:
        return
    arguments = model.program.body(fn).call(i)[1]
    for field, place in got[0].writes.items():
        if model.words.money(field) and place.isdigit() and int(place) < len(arguments):
            value = model.evaluator.value(fn, arguments[int(place)][1], ctx)
            yield AmountSite("cart-line", "line of the cart", fn, i, value, True, key=field)
    for _, argument in arguments[:1]:
        for site in _money_keys(model, fn, i, model.evaluator.value(fn, argument, ctx), 0):
            yield replace(site, what="cart-line", operation="line of the cart")


def _of_statement(model: Model, fn: Fn, i: int, ctx: Ctx | None) -> Iterator[AmountSite]:
    """``INSERT INTO orders (total) VALUES ($total)``; what writes over a row that is there keeps a copy of somebody else's order."""
    got = model.recogniser.effect(fn, i, ctx)
    touch = model.records.touch(fn, i, ctx) if got is not None and (got[0].effect == "sql" or got[0].items) else None
    kinds = (*_STORES, "upsert") if touch is not None and touch.effect == ITEMS else _STORES
    if touch is None or touch.kind not in kinds or not model.words.entity(touch.entity) or _GIVEN_BACK.fullmatch(touch.entity):
        return
    for name, value in touch.fields.items():
        if value is not None and name not in touch.relative and model.words.money(name):
            yield AmountSite("order-total", "order record", fn, i, value, True, key=name)


def _of_record(model: Model, fn: Fn, i: int, ctx: Ctx | None) -> Iterator[AmountSite]:
    body = model.program.body(fn)
    callee, arguments = body.call(i)
    if body.op[callee] not in (Op.NAME, Op.FIELD) or model.operations.at(fn, i) is not None:
        return
    entity = _order_made(model, fn, i)
    owner = [*written(model.program, fn, callee).split(".")[:-1], *_tables(body, callee)]
    if any(_GIVEN_BACK.fullmatch(snake(name)) for name in (*owner[-1:], entity)):
        return  # what goes back is held against what was paid: order/refund-exceeds-capture
    if not entity:
        if _writes(model, fn, i) and not _is_the_shops(model, fn, i):
            for _, argument in arguments:
                for site in _money_keys(model, fn, i, model.evaluator.value(fn, argument, ctx), 0):
                    if site.key and model.is_charged(site.key):
                        yield site
        return
    adds_up = _adds_up_lines(model, entity, fn)
    yield from _of_arguments(model, fn, i, ctx, adds_up)
    columns = set_by_sender(model, entity, fn, i, ctx)
    lines = [c for c in columns if "." in c and model.words.money(c.rpartition(".")[2])]
    for column, value in parts_by_sender(model, entity, fn, i, ctx).items():
        if model.words.money(column.rpartition(".")[2]):
            yield AmountSite("order-total", "order record", fn, i, value, True, key=column.rpartition(".")[2])
    for column, value in columns.items():
        if model.words.money(column) or (adds_up and column in lines[:1]):
            yield AmountSite("order-total", "order record", fn, i, value, True, key=column)


def _of_arguments(model: Model, fn: Fn, i: int, ctx: Ctx | None, adds_up: bool) -> Iterator[AmountSite]:
    """The sums that a call which makes an order is given, by name or in a record; those of its lines where it costs what they say."""
    for key, argument in model.program.body(fn).call(i)[1]:
        value = model.evaluator.value(fn, argument, ctx)
        if key and key not in ("*", "**"):
            if model.words.money(key):
                yield AmountSite("order-total", "order record", fn, i, value, True, key=key)
            continue
        yield from _money_keys(model, fn, i, value, 0)
        if adds_up:
            yield from _lines_made(model, fn, i, value)


def _adds_up_lines(model: Model, kind: str, fn: Fn) -> bool:
    """Whether an order keeps no sum of its own, so that it costs what its lines say."""
    table = model.schema.table(kind, fn.file)
    return table is not None and not any(model.words.money(column.name) for column in table.columns.values() if "." not in column.name)


def _order_made(model: Model, fn: Fn, i: int) -> str:
    """The order, payment or the like that a call makes or writes; empty when it does neither."""
    body = model.program.body(fn)
    callee = body.args(i)[0]
    if body.op[callee] not in (Op.NAME, Op.FIELD):
        return ""
    parts = written(model.program, fn, callee).split(".")
    made = body.op[i] == Op.NEW or any(isinstance(o, ClassV) for o in options(model.evaluator.value(fn, callee)))
    if made and _TOLD.search(parts[-1]):
        return ""  # what the customer is told, and nothing that is kept
    named = [parts[-1]] if made else reversed([*parts[:-1], *_tables(body, callee)])
    entity = next((name for p in named if model.words.entity(name := _entity_name(p))), "") or _row_of(model, fn, i)
    if _PRICE_LIST.fullmatch(snake(entity)) or is_coupon(model, entity, fn.file):
        return ""  # what a plan costs is laid down for everybody
    return entity if entity and (made or _writes(model, fn, i)) else ""


def is_coupon(model: Model, name: str, file: str) -> bool:
    """Whether a voucher is one that takes something off a price, by what its table keeps, and none that is bought."""
    table = model.schema.table(name, file) if _VOUCHER.fullmatch(snake(name)) else None
    return table is not None and any(_OF_COUPON.match(snake(column.name)) for column in table.columns.values())


def _row_of(model: Model, fn: Fn, i: int) -> str:
    """The order or payment of whose table a call writes a row, the table being an object: ``db.insert(orders).values(row)``."""
    touch = model.records.touch(fn, i, None)
    return touch.entity if touch is not None and touch.kind in ("create", "write", "upsert") and model.words.entity(touch.entity) else ""


def _is_the_shops(model: Model, fn: Fn, i: int) -> bool:
    """Whether what a call writes is of the catalogue, or what the shop else lays down for everybody: coupons, aims, settings."""
    body = model.program.body(fn)
    callee = body.args(i)[0]
    touch = model.records.touch(fn, i, None)
    table = (touch.entity,) if touch is not None else ()
    if touch is not None and any(_SHOWN_TO_ALL.fullmatch(snake(name)) for name in touch.fields):
        return True
    return any(_CATALOGUE.search(p) for p in (written(model.program, fn, callee), *_tables(body, callee), *table))


def _writes(model: Model, fn: Fn, i: int) -> bool:
    got = model.recogniser.effect(fn, i)
    return got is not None and got[0].effect in CREATES


def _tables(body: Body, i: int) -> list[str]:
    """Texts given to the calls of a chain: ``db.from_("orders").insert`` writes to ``orders``."""
    found: list[str] = []
    while i >= 0 and body.op[i] in (Op.FIELD, Op.CALL, Op.AWAIT):
        if body.op[i] == Op.CALL:
            found += [
                body.name(a).strip("'\"") for _, a in body.call(i)[1][:1] if body.op[a] == Op.CONST and body.args(a)[0] == Kind.STRING
            ]
        i = body.args(i)[0]
    return found


def _entity_name(part: str) -> str:
    """``OrderModel``, ``orderRepository`` and ``OrdersService`` are about orders."""
    for suffix in _ABOUT:
        part = part.removesuffix(suffix)
    return part


def _money_keys(model: Model, fn: Fn, i: int, value: Value, depth: int) -> Iterator[AmountSite]:
    if depth > 2 or isinstance(value, Const):
        return
    got = shape(model.evaluator, value)
    entries = {**got.may, **got.must}
    measured = not _MEASURE.isdisjoint(map(snake, entries))
    for key, entry in entries.items():
        if measured and key == "amount":
            continue  # so many grams of it
        if model.words.money(key):
            yield AmountSite("order-total", "order record", fn, i, entry, True, key=key)
        elif key in _NESTED:
            yield from _money_keys(model, fn, i, entry, depth + 1)


def _lines_made(model: Model, fn: Fn, i: int, value: Value) -> Iterator[AmountSite]:
    """The sums on lines that are made along with their order: ``data: { lines: { create: [{ price }] } }``."""
    got = shape(model.evaluator, value)
    for key, entry in {**got.may, **got.must}.items():
        if key in _NESTED:
            yield from _lines_made(model, fn, i, entry)
            continue
        made = shape(model.evaluator, entry)
        for how in ("create", "createMany"):
            if how in made.must:
                yield from (replace(s, key=f"{key}.{s.key}") for s in _money_keys(model, fn, i, made.must[how], 0))


def free_by_choice(model: Model) -> Iterator[AmountSite]:
    """``if cost == 0`` where the client says what it costs, before something is recorded."""
    for fn in model.customer_functions:
        if not model.vocabulary.money(fn):
            continue
        body = model.program.body(fn)
        for i, op in enumerate(body.op):
            if op != Op.BINARY or body.text(body.args(i)[0]) not in ("==", "===", "<=", ">", "!=", "!=="):
                continue
            _, left, right = body.args(i)
            const = body.const(right)
            if const is None or const[1] not in ("0", "0.0"):
                continue
            name = written(model.program, fn, left).rpartition(".")[2]
            if (
                model.words.money(name)
                and any(body.op[u] in (Op.BRANCH, Op.CHOICE) for u in model.evaluator.defuse(fn).uses(i))
                and _free_is_recorded(model, fn, i)
            ):
                yield AmountSite("free", "order", fn, i, model.evaluator.value(fn, left), False, key=name)


def _free_is_recorded(model: Model, fn: Fn, compared: int) -> bool:
    """Whether something is recorded, beside what the shop lays down, behind the answer that there is nothing to pay as well: where that
    is refused, nobody gets anything for nothing."""
    body, defuse = model.program.body(fn), model.evaluator.defuse(fn)
    nothing = body.text(body.args(compared)[0]) in ("==", "===", "<=")
    behind = reached_from(body, defuse.block_of[compared])  # what is recorded on another way knows nothing of the answer
    for i, op in enumerate(body.op):
        got = model.recogniser.effect(fn, i) if op == Op.CALL and defuse.block_of[i] in behind else None
        if got is None or got[0].effect not in (*CREATES, "order.paid") or _is_the_shops(model, fn, i):
            continue
        held = model.effects.facts(fn).at(i)
        if not any(isinstance(f, Condition) and f.instr == compared and f.truth != nothing for f in held):
            return True
    return False
