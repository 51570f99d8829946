"""Records that take over a request's body whole: ``new Order(req.body)``, ``{$set: req.body}``, ``{...body}``.

Whoever sends the request sets every column of the table that way, its state and its sums among them, though no line of the code names them.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.declared_serializers import writable
from tillproof.commerce.inherited import Filled
from tillproof.commerce.let_through import let_through
from tillproof.commerce.lexicon import snake
from tillproof.commerce.mass_assigned import mass_assigned
from tillproof.commerce.removed_keys import left_over, removed_keys, spelt, stored_in
from tillproof.flow.program import ClassId, Fn
from tillproof.flow.shape import shape
from tillproof.flow.values import Ctx, Element, Instance, Member, Param, Result, Value
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_NESTED = ("data", "$set", "values", "set", "update", "create")
_DEEPEST = 2
# Methods of a serializer, and of a form, that look at what was sent; for one field with its name behind.
_JUDGES = ("validate", "clean")
# Parts of an order that are lists.
_LINES = re.compile(r"(\w+_)?(items?|lines?|products?|articles?|goods|details|entries|cart|basket)")


def set_by_sender(model: "Model", entity: str, fn: Fn, i: int, ctx: Ctx | None) -> dict[str, Value]:
    """The columns of an entity's table that a call sets to whatever the request says, since it hands over the body whole; without those
    that it sets to something else."""
    if model.program.language(fn.file) == "php":
        return mass_assigned(model, entity, fn, i, ctx, _taken_out(model, fn, i))
    if (filled := model.inherited.filled(fn, i, ctx)) is not None:
        return _filled_in(model, filled, fn, i, ctx)
    arguments = [model.evaluator.value(fn, a, ctx) for _, a in model.program.body(fn).call(i)[1]]
    bodies = [body for value in arguments for body in _bodies(model, value, 0)]
    table = model.schema.table(entity, fn.file) if bodies else None
    if table is None:
        return {}
    named = {key for value in arguments for key in shape(model.evaluator, value).must} | {
        key for key, _ in model.program.body(fn).call(i)[1]
    }
    named -= {key for _, a in model.program.body(fn).call(i)[1] for key in _written_over(model, fn, a, ctx)}
    named |= _taken_out(model, fn, i)
    passing = [let_through(model, body) for body in bodies]
    sent = [c.name for c in table.columns.values() if named.isdisjoint(_within(c.name)) and any(lets(c.name) for lets in passing)]
    columns = (Member(bodies[0].at, bodies[0], name) for name in sent)
    return {column.name: column for column in columns if model.requests.source(column) is not None}


def parts_by_sender(model: "Model", entity: str, fn: Fn, i: int, ctx: Ctx | None) -> dict[str, Value]:
    """The columns within the parts of a document that a call sets to parts of the request as they were sent: ``financials.total`` and
    ``payment.status`` of ``new Order({ financials, payment })``. A part that is a list holds lines, which have sums of their own."""
    if model.program.language(fn.file) == "php":
        return {}
    arguments = [model.evaluator.value(fn, a, ctx) for _, a in model.program.body(fn).call(i)[1]]
    given = {key: v for value in arguments for key, v in shape(model.evaluator, value).must.items()}
    parts = {key: v for key, v in given.items() if _LINES.fullmatch(snake(key)) is None and _is_part_of_body(model, v)}
    table = model.schema.table(entity, fn.file) if parts else None
    columns = [c.name for c in table.columns.values() if "." in c.name] if table is not None else []
    return {c: Member(v.at, v, c.rpartition(".")[2]) for c in columns if (v := parts.get(c.partition(".")[0])) is not None}


def _is_part_of_body(model: "Model", value: Value) -> bool:
    """Whether a value is a part of the body, of one name, as it was sent."""
    if isinstance(value, (Element, Instance)) or (isinstance(value, Result) and model.requests.cleans(value)):
        return False
    found = model.requests.source(value)
    return found is not None and found.kind == "body" and bool(found.key) and "." not in (found.key or "")


def _within(column: str) -> list[str]:
    """A column of an inner document and those that hold it: ``lines.product.price``, ``lines.product``, ``lines``."""
    parts = column.split(".")
    return [".".join(parts[:n]) for n in range(1, len(parts) + 1)]


def _written_over(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> Iterator[str]:
    """The keys of a record that stand before the body in it, and so are what the body says: ``{ total, ...req.body }``."""
    body = model.program.body(fn)
    if i < 0 or body.op[i] != Op.RECORD:
        return
    before: list[str] = []
    for key, value in zip(body.args(i)[::2], body.args(i)[1::2], strict=True):
        const = body.const(key) if key >= 0 else None
        if const is not None:
            before.append(const[1].strip("'\""))
            yield from _written_over(model, fn, value, ctx) if before[-1] in _NESTED else ()
        elif key < 0 and value >= 0 and before and _is_body(model, model.evaluator.value(fn, value, ctx)):
            yield from before


def _taken_out(model: "Model", fn: Fn, i: int) -> frozenset[str]:
    """The keys that what a call is given does not have any more: they were left out, or deleted before."""
    body = model.program.body(fn)
    gone: frozenset[str] = frozenset()
    for name in {spelt(body, a) for _, given in body.call(i)[1] for a in _inside(body, given)} - {""}:
        gone |= left_over(body, name)
        other = [spelt(body, v) for v in stored_in(body, name)]
        for known_as in {name, *(other if len(other) == 1 else ())} - {""}:
            gone |= removed_keys(body, model.effects.facts(fn), known_as, i)
    return gone


def _inside(body: Body, i: int) -> Iterator[int]:
    """An argument, or what the records that are written down there are made of."""
    if i >= 0 and body.op[i] in (Op.RECORD, Op.SPREAD):
        for below in body.args(i):
            yield from _inside(body, below)
    elif i >= 0:
        yield i


def _filled_in(model: "Model", filled: Filled, fn: Fn, i: int, ctx: Ctx | None) -> dict[str, Value]:
    """The columns that a serializer fills with what was sent, without those that are set beside it, or looked at by a method of its own."""
    body = model.program.body(fn)
    callee, arguments = body.call(i)
    at, beside = (fn.file, body.line[i]), {key for key, _ in arguments}
    sent = Member(at, model.evaluator.value(fn, body.args(callee)[0], ctx), "validated_data")
    return {c: Member(at, sent, c) for c in sendable(model, filled.cls, filled.kind, fn.file) if c not in beside}


def sendable(model: "Model", cls: ClassId, kind: ClassId, file: str) -> list[str]:
    """The columns of a kind of record that whoever sends a request may fill in by a serializer or form of a class."""
    table, (named, barred) = model.schema.table(kind, file), writable(model.evaluator, cls)
    method = model.evaluator.scope.method
    judged = frozenset(t for name in _JUDGES if (judge := method(cls, name)) is not None for t in model.vocabulary.tokens(judge))
    out = []
    for declared in table.columns.values() if table is not None else ():
        column = declared.attribute or declared.name.rpartition(".")[2]
        own = any(method(cls, f"{before}_{column}") is not None for before in _JUDGES)
        if (named is None or column in named) and not own and column not in judged | barred:
            out.append(column)
    return out


def handed_on(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> bool:
    """Whether a call hands over whole what only the callers of its function know."""
    arguments = (model.evaluator.value(fn, a, ctx) for _, a in model.program.body(fn).call(i)[1])
    return any(isinstance(v, Param) for value in arguments for v in shape(model.evaluator, value).open)


def _bodies(model: "Model", value: Value, depth: int) -> Iterator[Value]:
    got = shape(model.evaluator, value)
    yield from (v for v in got.open if _is_body(model, v))
    if depth < _DEEPEST:
        for key, entry in {**got.may, **got.must}.items():
            if key in _NESTED:
                yield from _bodies(model, entry, depth + 1)


def _is_body(model: "Model", value: Value) -> bool:
    """Whether a value is the body as it was sent: nothing has checked it, and no class of ours says what it may hold."""
    if isinstance(value, (Element, Instance)) or (isinstance(value, Result) and model.requests.cleans(value)):
        return False
    found = model.requests.source(value)
    return found is not None and found.kind == "body" and found.key is None
