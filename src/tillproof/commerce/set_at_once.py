"""Several fields of a record set by one call of the language's own: ``setattr(order, name, value)``, ``Object.assign(order, { status })``;
and whether a document store is told to leave what else a document holds."""

from typing import TYPE_CHECKING

from tillproof.commerce.declared_fields import declared_by_sender
from tillproof.commerce.named_fields import named_fields, set_one_by_one, sets_named
from tillproof.commerce.touches import Touch
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, Ctx, Record
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.records import Records

_MERGES = ("merge", "mergeFields", "mergeFieldPaths")
_PUTS = ("set", "setdoc")


def sets_at_once(body: Body, i: int) -> bool:
    """Whether a call is one of the language's own that sets fields of its first argument."""
    return sets_named(body, i) or _assigns(body, i)


def _assigns(body: Body, i: int) -> bool:
    callee = body.args(i)[0]
    holder = body.args(callee)[0] if body.op[callee] == Op.FIELD and body.name(callee) == "assign" else -1
    return holder >= 0 and body.op[holder] == Op.NAME and body.name(holder) == "Object" and len(body.call(i)[1]) > 1


def set_fields(records: "Records", fn: Fn, i: int, ctx: Ctx | None) -> Touch | None:
    """What such a call does to a record of ours; of an object in JavaScript only where it was looked up."""
    evaluator, body = records.evaluator, records.program.body(fn)
    obj, *given = (v for _, v in body.call(i)[1])
    found, parts = records.holder(fn, obj, ctx)
    record = evaluator.value(fn, obj, ctx)
    if not found or (_assigns(body, i) and records.read_behind(record) is None):
        return None
    if sets_named(body, i):
        parts.fields.update({k: v for k, v in named_fields(evaluator, fn, i, ctx).items() if v is not None})
        if not parts.fields and (rows := set_one_by_one(evaluator, fn, i, ctx)) is not None:
            parts.fields.update(declared_by_sender(records.model, rows))
    else:
        for value in (evaluator.value(fn, row, ctx) for row in given):
            records.parts.record(value, parts, 0)
            parts.fields.update(declared_by_sender(records.model, value))
    relative = frozenset(parts.relative)
    return Touch("write", found, dict(parts.fields), relative, parts.keys, frozenset(parts.compared), parts.locked, record, fn, i, ctx)


def merges(records: "Records", touch: Touch) -> bool:
    """Whether a document that is there is changed by what is put: ``set(data, { merge: true })``, ``set(data, merge=True)``."""
    body = records.program.body(touch.fn)
    given = body.call(touch.instr)[1] if body.op[touch.instr] == Op.CALL and body.called(touch.instr).lower() in _PUTS else []
    told = [(k, records.evaluator.value(touch.fn, v, touch.ctx)) for k, v in given]
    told += [(k or "", v) for _, value in told if isinstance(value, Record) for k, v in value.entries]
    return any(k in _MERGES and not (isinstance(v, Const) and v.falsy) for k, v in told)
