"""What a request for tax is put together from: arguments, or the methods of a builder beside it."""

from collections.abc import Iterator
from dataclasses import dataclass

from tillproof.commerce.given import given_at, is_open, values_at
from tillproof.commerce.model import Model
from tillproof.commerce.operations import OperationSite
from tillproof.flow.program import Fn
from tillproof.flow.shape import shape
from tillproof.flow.values import Const, Ctx, External, Member, Missing, Place, Value, options
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Need

_EMPTY = ("null", "undefined", "none", "")


@dataclass(frozen=True, slots=True)
class Part:
    """A part that a request needs, in one calling context. ``at``: where it is given; None when it is not. ``values``: what is given at its
    paths. ``hidden``: it may come with something that is not known."""

    need: Need
    at: Place | None
    values: tuple[Value, ...]
    hidden: bool


def parts_of(model: Model, site: OperationSite, ctx: Ctx | None) -> list[Part]:
    """Every part that the provider needs, found or not."""
    builder = {c.partition("(")[0] for n in site.operation.needs for c in n.calls}
    called = list(_builder_calls(model, site.fn.file, builder)) if builder else []
    out = []
    for need in site.operation.needs:
        values = [v for path in need.at for v in values_at(model, site, path, ctx) if not _nothing(v)]
        added = next((v.at for name, v in called if _adds(need, name, v)), None)
        at = values[0].at if values else added
        hidden = at is None and not called and any(is_open(model, site, path, ctx) for path in need.at)
        out.append(Part(need, at, tuple(values), hidden))
    return out


def contexts_of(model: Model, site: OperationSite) -> list[Ctx | None]:
    """The calling contexts that decide what a request holds."""
    found: dict[int, Ctx | None] = {}
    for path in (p for need in site.operation.needs for p in need.at):
        for ctx, _ in given_at(model, site, path):
            found.setdefault(id(ctx), ctx)
    return list(found.values()) or [site.ctx]


def _builder_calls(model: Model, file: str, names: set[str]) -> Iterator[tuple[str, Value]]:
    """(method, first argument) of the builder's methods that are called in a file."""
    for fn in model.program.functions_calling(file, {n.lower() for n in names}):
        body = model.program.body(fn)
        for i, op in enumerate(body.op):
            if op == Op.CALL and body.op[body.args(i)[0]] == Op.FIELD and body.name(body.args(i)[0]) in names:
                yield body.name(body.args(i)[0]), _first(model, fn, i)


def _first(model: Model, fn: Fn, i: int) -> Value:
    arguments = model.program.body(fn).call(i)[1]
    at = (fn.file, model.program.body(fn).line[i])
    return model.evaluator.value(fn, arguments[0][1]) if arguments else Missing(at)


def _adds(need: Need, name: str, first: Value) -> bool:
    """Whether a method of the builder adds a part: ``withAddress('ShipFrom', …)``."""
    for call in need.calls:
        wanted, _, text = call.rstrip(")").partition("(")
        if wanted == name and (not text or any(_says(o, text) for o in options(first))):
            return True
    return False


def _says(value: Value, text: str) -> bool:
    """Whether a value is a text, or a constant of that name; a value that is not known may be it."""
    if isinstance(value, Const):
        return value.text.strip("'\"").lower() == text.lower()
    if isinstance(value, (External, Member)):
        return text.lower() in value.name.replace("_", "").lower()
    return True


def _nothing(value: Value) -> bool:
    return isinstance(value, Missing) or (isinstance(value, Const) and value.text.strip("'\"").lower() in _EMPTY)


def written_down(model: Model, value: Value, depth: int = 0) -> bool:
    """Whether a value is the same for every request: a record of constants."""
    if isinstance(value, Const):
        return True
    if depth > 4:
        return False
    got = shape(model.evaluator, value)
    entries = {**got.may, **got.must}
    return bool(entries) and not got.open and all(written_down(model, v, depth + 1) for v in entries.values())
