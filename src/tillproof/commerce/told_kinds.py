"""Of what kind a record is that a call is told by the name of its table, or by nothing but its id."""

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from tillproof.commerce.chains import Chain
from tillproof.commerce.entities import entity
from tillproof.commerce.lexicon import snake
from tillproof.flow.program import Fn
from tillproof.flow.shape import shape
from tillproof.flow.values import Const, Ctx, Member, Overlay, Param, Record, Text, Value, constant, options, pattern
from tillproof.ir.ops import Kind, Op
from tillproof.knowledge.schema import Kinds

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_DATABASE = "db"
_READS = ("query", "get")
_OWN = ("_id", "id")
_DECLARES = "id"


def told_kind(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> str:
    """Of the first argument of a call: ``db.insert('orders', row)``, ``db.patch(order._id, row)``, ``db.get(args.orderId)``."""
    given = model.program.body(fn).call(i)[1]
    if not given:
        return ""
    value = model.evaluator.value(fn, given[0][1], ctx)
    text = constant(value)
    if text is not None and not (isinstance(value, Const) and value.kind != Kind.STRING):
        return entity(text)
    return next((kind for option in options(value) if (kind := _of_id(model, option))), "") or _spelt(model, fn, given[0][1])


def told_by_database(model: "Model", chain: Chain) -> str:
    """Of what a chain reads of a database that is handed over (``ctx.db.query('orders').first()``, ``ctx.db.get(orderId)``), or is told by
    what its calls are given."""
    for before, link in pairwise(chain.links):
        if before.name == _DATABASE and before.call < 0 and link.call >= 0 and link.name in _READS:
            return told_kind(model, link.fn, link.call, link.ctx)
    return told_in_call(model, chain)


def told_in_call(model: "Model", chain: Chain) -> str:
    """Of what the calls of a chain are given, as their framework is told it: ``payload.update({collection: 'orders', id, data})``,
    ``strapi.documents('api::order.order').update({…})``; the last that tells it counts."""
    for link in reversed(list(chain.calls())):
        given = model.program.body(link.fn).call(link.call)[1][:1]
        kinds = [f.kinds for f in model.wiring.active.of(link.fn.file) if f.kinds.keys or f.kinds.texts] if given else []
        if not kinds:
            continue
        value = model.evaluator.value(link.fn, given[0][1], link.ctx)
        for kind in kinds:
            if named := _under_keys(model, value, kind) or _in_text(value, kind):
                return named
        if named := next((of for o in options(value) if (of := _of_id(model, o))), ""):  # patch(product._id).dec({ stock: 1 })
            return named
    return ""


def _under_keys(model: "Model", value: Value, kinds: Kinds) -> str:
    if not kinds.keys or not any(isinstance(o, (Record, Overlay)) for o in options(value)):
        return ""
    got = shape(model.evaluator, value)
    held = {**got.may, **got.must}
    return next((named for key in kinds.keys if key in held and (named := entity(constant(held[key]) or ""))), "")


def _in_text(value: Value, kinds: Kinds) -> str:
    text = pattern(value) if kinds.texts and isinstance(value, (Const, Text)) else ""
    return next((entity(found[1]) for p in kinds.texts if (found := re.search(p, text))), "")


def _of_id(model: "Model", value: Value) -> str:
    """Of the id of a record that was read, or of one under whose name it was handed over, as its declaration says."""
    if isinstance(value, Member):
        if value.name in _OWN and (read := model.records.read_behind(value.base)) is not None:
            return read.entity
        handed = value.base if isinstance(value.base, Param) else None
        if handed is not None and (declared := _declared(model, handed.fn, value.name)):
            return declared
    return _named(value.name) if isinstance(value, (Member, Param)) else ""


def _spelt(model: "Model", fn: Fn, i: int) -> str:
    body = model.program.body(fn)
    return _named(body.name(i)) if body.op[i] in (Op.NAME, Op.FIELD) else ""


def _named(name: str) -> str:
    """What an id is named after: ``orderId``, ``order_id``."""
    plain = snake(name)
    return entity(plain.removesuffix("_id")) if plain.endswith("_id") and plain != "_id" else ""


def _declared(model: "Model", fn: Fn, name: str) -> str:
    """The table of which an argument is declared to be an id, beside the function: ``{ args: { id: v.id('orders') }, handler }``."""
    around = model.program.parent(fn)
    if around is None:
        return ""
    body = model.program.body(around)
    for i, op in enumerate(body.op):
        entries = dict(zip(body.args(i)[::2], body.args(i)[1::2], strict=True)) if op == Op.RECORD else {}
        if not any(v >= 0 and body.op[v] == Op.FUNCTION and body.args(v)[0] == fn.number for v in entries.values()):
            continue
        for listed in entries.values():
            for k, v in zip(body.args(listed)[::2], body.args(listed)[1::2], strict=True) if body.op[listed] == Op.RECORD else ():
                const = body.const(k) if k >= 0 else None
                if const is not None and const[1] == name and body.op[v] == Op.CALL and body.called(v) == _DECLARES and body.call(v)[1]:
                    return entity(constant(model.evaluator.value(around, body.call(v)[1][0][1])) or "")
    return ""
