"""Where sums of money enter a charge."""

from collections.abc import Iterator
from dataclasses import dataclass

from tillproof.commerce.model import Model
from tillproof.commerce.operations import OperationSite
from tillproof.flow.program import Fn
from tillproof.flow.shape import shape
from tillproof.flow.values import Choice, Ctx, Element, Instance, Param, Record, Result, Seq, Value

_CHARGING = ("payment.create", "checkout.create", "payment.update", "transfer.create", "payout.create", "subscription.create")
_LEVELS = 3
_PIECES = 200


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
    for value in _specific(model, site, path, site.ctx, 0):
        yield AmountSite(
            "charge", f"{site.provider.name} {site.operation.op}", site.fn, site.instr, value, True, key=path.rpartition(".")[2]
        )


def _specific(model: Model, site: OperationSite, path: str, ctx: Ctx | None, level: int) -> Iterator[Value]:
    """The values at a path; from the callers where a parameter hides it."""
    values = [v for a in _arguments(model, site, ctx) for v in _at_path(model, a, path.split("."))]
    if not values and path.isdigit():
        positional = [v for k, v in _keyed_arguments(model, site, ctx) if k == ""]
        values = positional[int(path) : int(path) + 1]
    open_ended = any(depends_on_caller(model, v) for v in values or _arguments(model, site, ctx))
    if open_ended and level < _LEVELS and (ctx is None or ctx.depth <= level):
        contexts = [c for c in model.callers.contexts(site.fn, level + 1) if c.depth == level + 1]
        if contexts:
            for deeper in contexts[:24]:
                yield from _specific(model, site, path, deeper, level + 1)
            return
    yield from values


def depends_on_caller(model: Model, value: Value) -> bool:
    """Whether a parameter that no caller has filled yet is part of a value, cleaned or converted perhaps."""
    stack, seen = [value], set[int]()
    while stack and len(seen) < _PIECES:
        here = stack.pop()
        if id(here) in seen:
            continue
        seen.add(id(here))
        if isinstance(here, Param) or (isinstance(here, Instance) and here.origin is not None):
            return True
        stack += [*here.parts(), *(model.requests.carried(here) if isinstance(here, Result) else ())]
    return False


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
