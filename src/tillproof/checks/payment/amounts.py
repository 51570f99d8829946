"""Where sums of money enter a charge or an order's record."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tillproof.commerce.model import Model
from tillproof.commerce.names import written
from tillproof.commerce.operations import OperationSite
from tillproof.flow.program import Fn
from tillproof.flow.shape import shape
from tillproof.flow.values import Choice, Const, Ctx, Element, Instance, Param, Record, Seq, Value, leaves, options
from tillproof.ir.ops import Op

_CHARGING = ("payment.create", "checkout.create", "payment.update", "transfer.create", "payout.create", "subscription.create")
_LEVELS = 3
_CATALOGUE = re.compile(r"product|item|variant|listing|plan|price|catalog|sku|service|course|menu|room|event", re.I)
_CREATES = ("record.create", "record.write", "order.write")


@dataclass(frozen=True, slots=True)
class AmountSite:
    """``what``: ``charge`` (given to a provider), ``order-total`` (written on an order), ``free`` (decides whether to charge at all).
    ``direct``: the value itself, not something it is computed with. ``trusted``: worth saying when it is held."""

    what: str
    operation: str
    fn: Fn
    instr: int
    value: Value
    direct: bool = False
    trusted: bool = False
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
    for value in _specific(model, site, path, site.ctx, 0):
        yield AmountSite("charge", f"{site.provider.name} {site.operation.op}", site.fn, site.instr, value, True, True)


def _specific(model: Model, site: OperationSite, path: str, ctx: Ctx | None, level: int) -> Iterator[Value]:
    """The values at a path; from the callers where a parameter hides it."""
    values = [v for a in _arguments(model, site, ctx) for v in _at_path(model, a, path.split("."))]
    if not values and path.isdigit():
        positional = [v for k, v in _keyed_arguments(model, site, ctx) if k == ""]
        values = positional[int(path) : int(path) + 1]
    open_ended = any(depends_on_caller(v) for v in values) or (not values and any(depends_on_caller(a) for a in _arguments(model, site, ctx)))
    if open_ended and level < _LEVELS and (ctx is None or ctx.depth <= level):
        contexts = [c for c in model.callers.contexts(site.fn, level + 1) if c.depth == level + 1]
        if contexts:
            for deeper in contexts[:24]:
                yield from _specific(model, site, path, deeper, level + 1)
            return
    yield from values


def depends_on_caller(value: Value) -> bool:
    """Whether a parameter that no caller has filled yet is part of a value."""
    return any(isinstance(x, Param) or (isinstance(x, Instance) and x.origin is not None) for x in leaves(value))


def _keyed_arguments(model: Model, site: OperationSite, ctx: Ctx | None) -> list[tuple[str, Value]]:
    if site.request is not None:
        request = model.http.request(site.fn, site.instr, ctx) or site.request
        return [("", a) for a in request.arguments]
    return [(k, model.evaluator.value(site.fn, v, ctx)) for k, v in model.program.body(site.fn).call(site.instr)[1]]


def _arguments(model: Model, site: OperationSite, ctx: Ctx | None) -> list[Value]:
    """What may hold named parameters: records given, and keyword arguments as one record."""
    out: list[Value] = []
    for key, value in _keyed_arguments(model, site, ctx):
        if key in ("", "*", "**"):
            out.append(value)
        else:
            out.append(Record(value.at, ((key, value),)))
    return out


def _at_path(model: Model, value: Value, path: list[str]) -> list[Value]:
    """The values at a dotted path: ``line_items[].price_data.unit_amount``."""
    if not path:
        return [value]
    if isinstance(value, Choice):
        return [v for o in value.options for v in _at_path(model, o, path)]
    word, rest = path[0], path[1:]
    name = word.removesuffix("[]")
    got = shape(model.evaluator, value)
    found = [keys[name] for keys in (got.must, got.may) if name in keys]
    if not found:
        nested = [e for k, e in {**got.may, **got.must}.items() if k in ("body", "data", "json", "form_params", "params")]
        return [v for e in nested for v in _at_path(model, e, path)] if nested else []
    out: list[Value] = []
    for entry in found[:1]:
        items = _elements(entry) if word.endswith("[]") else [entry]
        for item in items:
            out += _at_path(model, item, rest)
    return out


def _elements(value: Value) -> list[Value]:
    if isinstance(value, Seq):
        return list(value.items)
    if isinstance(value, Choice):
        return [e for o in value.options for e in _elements(o)]
    return [Element(value.at, value, None)]


def order_totals(model: Model) -> Iterator[AmountSite]:
    """Money fields of orders, payments and the like where a record is made or changed."""
    for fn in model.customer_functions:
        body = model.program.body(fn)
        for i, op in enumerate(body.op):
            if op in (Op.CALL, Op.NEW):
                yield from _of_record(model, fn, i)
            elif op == Op.SET_FIELD:
                obj, _, value = body.args(i)
                name = body.name(i)
                holder = written(model.program, fn, obj).rpartition(".")[2]
                if model.words.money(name) and (model.words.entity(holder) or _entity_value(model, fn, obj)):
                    yield AmountSite("order-total", "order record", fn, i, model.evaluator.value(fn, value), True)


def _entity_value(model: Model, fn: Fn, obj: int) -> bool:
    return any(isinstance(o, Instance) and model.words.entity(model.program.cls(o.cls).name) for o in options(model.evaluator.value(fn, obj)))


def _of_record(model: Model, fn: Fn, i: int) -> Iterator[AmountSite]:
    body = model.program.body(fn)
    callee, arguments = body.call(i)
    if body.op[callee] not in (Op.NAME, Op.FIELD) or model.operations.at(fn, i) is not None:
        return
    spelt = written(model.program, fn, callee)
    parts = spelt.split(".")
    made = any(isinstance(o, Instance) for o in options(model.evaluator.value(fn, i)))
    entity = parts[-1] if (body.op[i] == Op.NEW or made) else next((p for p in reversed(parts[:-1]) if model.words.entity(_entity_name(p))), "")
    got = model.recogniser.effect(fn, i)
    if not entity or not model.words.entity(_entity_name(entity)):
        if got is not None and got[0].effect in _CREATES and not _CATALOGUE.search(spelt):
            for _, argument in arguments:
                for site in _money_keys(model, fn, i, model.evaluator.value(fn, argument), 0):
                    if site.key and model.is_charged(site.key):
                        yield site
        return
    if not (body.op[i] == Op.NEW or made or (got is not None and got[0].effect in _CREATES)):
        return
    for key, argument in arguments:
        value = model.evaluator.value(fn, argument)
        if key and key not in ("*", "**"):
            if model.words.money(key):
                yield AmountSite("order-total", "order record", fn, i, value, True)
            continue
        yield from _money_keys(model, fn, i, value, 0)


def _entity_name(part: str) -> str:
    """``OrderModel``, ``orderRepository`` and ``OrdersService`` are about orders."""
    for suffix in ("Model", "Repository", "Repo", "Service", "Schema", "Entity", "Collection", "Table", "Dao"):
        part = part.removesuffix(suffix)
    return part


def _money_keys(model: Model, fn: Fn, i: int, value: Value, depth: int) -> Iterator[AmountSite]:
    if depth > 2 or isinstance(value, Const):
        return
    got = shape(model.evaluator, value)
    for key, entry in {**got.may, **got.must}.items():
        if model.words.money(key):
            yield AmountSite("order-total", "order record", fn, i, entry, True, key=key)
        elif key in ("data", "$set", "values", "create", "update", "defaults"):
            yield from _money_keys(model, fn, i, entry, depth + 1)


def free_by_choice(model: Model) -> Iterator[AmountSite]:
    """``if cost == 0`` where the client says what it costs, before something is recorded."""
    for fn in model.customer_functions:
        body = model.program.body(fn)
        for i, op in enumerate(body.op):
            if op != Op.BINARY or body.text(body.args(i)[0]) not in ("==", "===", "<=", ">", "!=", "!=="):
                continue
            _, left, right = body.args(i)
            const = body.const(right)
            if const is None or const[1] not in ("0", "0.0"):
                continue
            name = written(model.program, fn, left).rpartition(".")[2]
            if model.words.money(name) and any(body.op[u] in (Op.BRANCH, Op.CHOICE) for u in model.evaluator.defuse(fn).uses(i)) and _records(model, fn):
                yield AmountSite("free", "order", fn, i, model.evaluator.value(fn, left), False)


def _records(model: Model, fn: Fn) -> bool:
    body = model.program.body(fn)
    return any(
        op == Op.CALL and (got := model.recogniser.effect(fn, i)) is not None and got[0].effect in (*_CREATES, "order.paid") for i, op in enumerate(body.op)
    )
