"""Fields that are set by their names, as general repositories do: ``for field, value in data.items(): setattr(record, field, value)``."""

import re

from tillproof.flow.copied import gone_through
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import ClassId, Fn, Program
from tillproof.flow.shape import shape
from tillproof.flow.values import Ctx, Value, constant, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

_MOST = 40
_ARGUMENT = re.compile(rb"[\[<]\s*([A-Za-z_]\w*)")
_HEAD = 400  # bytes in which the head of a class stands


def sets_named(body: Body, i: int) -> bool:
    """Whether an instruction is ``setattr(record, name, value)``."""
    callee = body.args(i)[0]
    return body.op[i] == Op.CALL and body.op[callee] == Op.NAME and body.name(callee) == "setattr" and len(body.call(i)[1]) == 3


def set_one_by_one(evaluator: Evaluator, fn: Fn, i: int, ctx: Ctx | None) -> Value | None:
    """The record whose names it sets one by one, if it goes through one."""
    named = evaluator.value(fn, evaluator.program.body(fn).call(i)[1][1][1], ctx)
    return next((record for o in options(named) if (record := gone_through(evaluator, o)) is not None), None)


def named_fields(evaluator: Evaluator, fn: Fn, i: int, ctx: Ctx | None) -> dict[str, Value | None]:
    """The fields that it sets, with their values: every key of the record that is gone through; empty where only the caller knows."""
    (_, _), (_, name), (_, given) = evaluator.program.body(fn).call(i)[1]
    named, value = evaluator.value(fn, name, ctx), evaluator.value(fn, given, ctx)
    if (field := constant(named)) is not None:
        return {field: value}
    found: dict[str, Value | None] = {}
    for option in options(named):
        if (record := gone_through(evaluator, option)) is not None:
            got = shape(evaluator, record)
            found.update(list({**got.may, **got.must}.items())[:_MOST])
    return found


def type_argument(program: Program, cls: ClassId) -> str:
    """The first type that a class gives its base: ``Order`` of ``class Orders(Repository[Order])`` or ``extends Repository<Order>``."""
    declared = program.cls(cls)
    head = program.sources[cls.file][declared.start : min(declared.end, declared.start + _HEAD)]
    found = _ARGUMENT.search(re.split(rb":\s*\n|\{", head, maxsplit=1)[0])
    return found[1].decode() if found else ""


def grows(body: Body, i: int) -> bool:
    """Whether a member is set to its old value and something more or less: ``campaign.raised += amount``."""
    value = body.args(i)[2]
    sides = body.args(value)[1:3] if body.op[value] == Op.BINARY and body.text(body.args(value)[0]) in ("+", "-") else []
    return any(body.op[side] == Op.FIELD and body.name(side) == body.name(i) for side in sides)
