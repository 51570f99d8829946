"""What rows are looked for by, put together step by step: ``filter.paymentStatus = 'paid'`` before ``Order.find(filter)`` says nothing of
any order."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.lexicon import snake
from tillproof.flow.program import Fn
from tillproof.flow.shape import shape
from tillproof.flow.values import Ctx, FunctionV, Value, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_LEVELS = 3
_CHOOSES = re.compile(r"(or_|and_)?where|filter(_by)?|exclude|count(_documents)?|get_where|paginate|find_and_count(_all)?")
_TELLS = re.compile(r"log|info|debug|warn|error|print|stringify|dumps|json_encode|keys|entries|items|len|count|isset|empty")
"""Calls that only look at what they are given, or note it down."""
_CLAUSE = re.compile(r"where|filters?|\$match")
_SELF = ("self", "cls")


def is_search_term(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> bool:
    """Whether an assignment adds to what rows are looked for by: the object that it is set on is handed to lookups, and to nothing else."""
    body = model.program.body(fn)
    obj = body.args(i)[0]
    if body.op[obj] == Op.FIELD:
        return _CLAUSE.fullmatch(body.name(obj)) is not None  # `options.where.paymentStatus = 'PAID'`
    return body.op[obj] == Op.NAME and not body.is_self(obj) and _only_looked_by(model, fn, body.name(obj), body.name(i), ctx, 0)


def chosen_apart(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> list[tuple[str, Value]]:
    """The arguments of a call that writes, without the one that chooses the rows: ``updateOne({ id, status: 'paid' }, { seen: true })``."""
    given = [(key, model.evaluator.value(fn, argument, ctx)) for key, argument in model.program.body(fn).call(i)[1]]
    touch = model.records.touch(fn, i, ctx) if len(given) > 1 and not given[0][0] else None
    if touch is None or touch.kind != "write":
        return given
    keys = [{**got.may, **got.must}.keys() for got in (shape(model.evaluator, value) for _, value in given)]
    chooses = bool(keys[0]) and keys[0] <= {*touch.compared, *touch.keys} and bool(keys[1]) and not any("where" in k for k in keys)
    return given[1:] if chooses else given


def _only_looked_by(model: "Model", fn: Fn, variable: str, field: str, ctx: Ctx | None, depth: int) -> bool:
    bodies = [(at, model.program.body(at)) for at in _with_inner(model, fn, variable)]
    used = [
        _looks(model, at, i, number, key, field, ctx if at == fn else None, depth)
        for at, body in bodies
        for i, number, key in _handed_to(body, variable)
    ]
    if not any(used) or False in used:
        return False
    returned = ((body, v) for _, body in bodies for i, op in enumerate(body.op) if op == Op.RETURN for v in body.args(i))
    return not any(_holds(body, v, variable) for body, v in returned) and not any(_method_called(body, variable) for _, body in bodies)


def _with_inner(model: "Model", fn: Fn, variable: str) -> Iterator[Fn]:
    """A function and those written down in it that have no variable of their own by that name."""
    yield fn
    body = model.program.body(fn)
    for inner in (Fn(fn.file, body.args(i)[0]) for i, op in enumerate(body.op) if op == Op.FUNCTION):
        if all(p.name != variable for p in model.program.body(inner).params):
            yield from _with_inner(model, inner, variable)


def _handed_to(body: Body, variable: str) -> Iterator[tuple[int, int, str]]:
    """The calls that are given a variable, itself or in something that is written down around it: which argument, and its name."""
    for i, op in enumerate(body.op):
        if op in (Op.CALL, Op.NEW):
            yield from ((i, number, key) for number, (key, v) in enumerate(body.call(i)[1]) if _holds(body, v, variable))


def _holds(body: Body, i: int, variable: str) -> bool:
    if i < 0:
        return False
    if body.op[i] in (Op.RECORD, Op.LIST):
        return any(_holds(body, v, variable) for v in body.args(i))
    return body.op[i] == Op.NAME and body.name(i) == variable


def _method_called(body: Body, variable: str) -> bool:
    """Whether the object does something itself: ``order.save()``."""
    callees = (body.args(i)[0] for i, op in enumerate(body.op) if op == Op.CALL)
    methods = (c for c in callees if body.op[c] == Op.FIELD and _holds(body, body.args(c)[0], variable))
    return any(not _TELLS.fullmatch(snake(body.name(c))) for c in methods)


def _looks(model: "Model", fn: Fn, i: int, number: int, key: str, field: str, ctx: Ctx | None, depth: int) -> bool | None:
    """Whether a call chooses rows by what it is given; None for one that does nothing with it."""
    body = model.program.body(fn)
    inside = [o for o in options(model.evaluator.value(fn, body.args(i)[0], ctx)) if isinstance(o, FunctionV)]
    if inside and depth < _LEVELS:
        return all(_looks_inside(model, target, number, key, field, depth) for target in inside)
    name = snake(body.called(i))
    if _TELLS.fullmatch(name):
        return None
    touch = model.records.touch(fn, i, ctx) if body.op[i] == Op.CALL else None
    if touch is not None and touch.writes:
        return field in touch.compared and field not in touch.fields
    if touch is not None and touch.kind == "flush":
        return False  # ``session.add(order)``
    return touch is not None or model.recogniser.is_("reads", fn, i, ctx) is not None or _CHOOSES.fullmatch(name) is not None


def _looks_inside(model: "Model", target: FunctionV, number: int, key: str, field: str, depth: int) -> bool:
    """Whether a function of ours only looks for rows by what it is given."""
    params = [p.name for p in model.program.body(target.fn).params]
    params = params[1:] if params[:1] and params[0] in _SELF else params
    name = key if key in params else params[number] if number < len(params) else ""
    return bool(name) and _only_looked_by(model, target.fn, name, field, None, depth + 1)
