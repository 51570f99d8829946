"""The value of each kind of instruction, in terms of the evaluator's answers for others."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from tillproof.flow.program import ClassId, Fn
from tillproof.flow.values import (
    ClassV,
    Const,
    Ctx,
    Element,
    External,
    FunctionV,
    Member,
    Missing,
    Mix,
    Param,
    Place,
    Record,
    Seq,
    Text,
    Unknown,
    Value,
    choice,
)  # fmt: skip
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.flow.evaluate import Evaluator


class Row(NamedTuple):
    """One instruction in its context."""

    fn: Fn
    body: Body
    instr: int
    args: list[int]
    ctx: Ctx | None
    at: Place


Rule: TypeAlias = "Callable[[Evaluator, Row], Value]"


def _operand(ev: "Evaluator", row: Row, n: int) -> Value:
    return ev.value(row.fn, row.args[n], row.ctx)


def _operands(ev: "Evaluator", row: Row, first: int = 0) -> tuple[Value, ...]:
    return tuple(ev.value(row.fn, a, row.ctx) for a in row.args[first:])


def _record(ev: "Evaluator", row: Row) -> Value:
    pairs = zip(row.args[::2], row.args[1::2], strict=True)
    return Record(row.at, tuple((_key(ev, row, k), ev.value(row.fn, v, row.ctx)) for k, v in pairs))


def _key(ev: "Evaluator", row: Row, k: int) -> str | None:
    """A key's text; None for what is spread in, ``?`` for one that is computed."""
    if k < 0:
        return None
    const = row.body.const(k)
    if const:
        return const[1]
    key = ev.value(row.fn, k, row.ctx)
    return key.text if isinstance(key, Const) else "?"


def _choice(ev: "Evaluator", row: Row) -> Value:
    word = row.body.text(row.args[0])
    values = list(_operands(ev, row, 1))
    first = values[0]
    if word == "default":
        if isinstance(first, Missing):
            return values[1]
        return first if row.ctx is not None else choice(row.at, values)
    if word == "and":
        return values[-1]
    if word in ("or", "coalesce") and len(values) > 1:
        if isinstance(first, Missing) or (isinstance(first, Const) and first.falsy):
            return values[1]
        if isinstance(first, Record) and any(key is not None for key, _ in first.entries):
            return first  # a record with a key in it is neither null nor empty
    return choice(row.at, values)


def _cast(ev: "Evaluator", row: Row) -> Value:
    """What a declared type adds, where nothing better is known."""
    value = _operand(ev, row, 1)
    if isinstance(value, (Const, Unknown, Missing)) or (isinstance(value, Member) and isinstance(value.base, Param)):
        typed = ev.scope.typed(row.fn.file, row.body.text(row.args[0]), row.at)
        if typed is not None and (not isinstance(value, Const) or value.kind == Kind.NULL):
            return typed
    return value


def _function(ev: "Evaluator", row: Row) -> Value:
    this = ev.this(row.fn, row.ctx, row.at) if ev.program.method_class(row.fn) else None
    return FunctionV(row.at, Fn(row.fn.file, row.args[0]), row.ctx, this)


def _opaque(ev: "Evaluator", row: Row) -> Value:
    return Mix(row.at, "opaque", _operands(ev, row)) if row.args else Unknown(row.at, "this expression is not modelled")


def _computed(ev: "Evaluator", row: Row) -> Value:
    return Mix(row.at, row.body.text(row.args[0]), _operands(ev, row, 1))


RULES: dict[int, Rule] = {
    Op.CONST: lambda _, r: Const(r.at, r.args[0], r.body.text(r.args[1])),
    Op.NAME: lambda ev, r: ev.read(r.fn, r.instr, r.body.text(r.args[0]), r.ctx),
    Op.FIELD: lambda ev, r: ev.member(_operand(ev, r, 0), r.body.text(r.args[1]), r.at),
    Op.CALL: lambda ev, r: ev.call(r.fn, r.instr, r.ctx, r.at, False),
    Op.NEW: lambda ev, r: ev.call(r.fn, r.instr, r.ctx, r.at, True),
    Op.TEXT: lambda ev, r: Text(r.at, _operands(ev, r)),
    Op.RECORD: _record,
    Op.LIST: lambda ev, r: Seq(r.at, _operands(ev, r)),
    Op.INDEX: lambda ev, r: ev.index(_operand(ev, r, 0), _operand(ev, r, 1), r.at),
    Op.CHOICE: _choice,
    Op.AWAIT: lambda ev, r: _operand(ev, r, 0),
    Op.SPREAD: lambda ev, r: _operand(ev, r, 0),
    Op.REST: lambda ev, r: _operand(ev, r, 0),
    Op.STORE: lambda ev, r: _operand(ev, r, 1),
    Op.CAST: _cast,
    Op.FUNCTION: _function,
    Op.CLASS: lambda _, r: ClassV(r.at, ClassId(r.fn.file, r.args[0])),
    Op.PARAM: lambda ev, r: ev.param(r.fn, r.body, r.args[0], r.ctx, r.at),
    Op.ELEMENT: lambda ev, r: ev.element(_operand(ev, r, 0), r.at),
    Op.KEY: lambda ev, r: Element(r.at, _operand(ev, r, 0), None),
    Op.BINARY: _computed,
    Op.UNARY: _computed,
    Op.OPAQUE: _opaque,
    Op.CAUGHT: lambda _, r: External(r.at, "exception"),
}
