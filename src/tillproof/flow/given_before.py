"""What an object was given by the method that goes on to call this one of it: ``pay(data) { this.data = data; return this.charge(); }``."""

from typing import TYPE_CHECKING

from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx, Instance, Value
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.flow.evaluate import Evaluator
    from tillproof.flow.scope import Scope

_SELF = ("self", "this")


def within(evaluator: "Evaluator", this: Value | None, caller: Fn, call: int, ctx: Ctx | None) -> Value | None:
    """The object that a method is called on, with the call in which the method around it has just stored into it; ``this`` itself where the
    call is on another object, or nothing is stored there."""
    if ctx is None or not (this is None or isinstance(this, Instance)) or not _stores(evaluator, caller, call):
        return this
    if this is None:
        owner = evaluator.program.method_class(caller)
        this = Instance((caller.file, 1), owner) if owner is not None else None
    return this.called_within(ctx) if this is not None else None


def in_call(scope: "Scope", value: Instance, fn: Fn) -> Ctx | None:
    """The call in which a method has stored into an object before it went on to where the object is asked."""
    for ctx in value.within.chain() if value.within is not None else ():
        if ctx.fn == fn and isinstance(ctx.this, Instance) and value.cls in (ctx.this.cls, *scope.lineage(ctx.this.cls)):
            return ctx
    return None


def _stores(evaluator: "Evaluator", caller: Fn, call: int) -> bool:
    """Whether a call is one of the object itself, in a method that has stored into that object."""
    body = evaluator.program.body(caller)
    callee = body.args(call)[0] if call >= 0 else -1
    if callee < 0 or body.op[callee] != Op.FIELD or not body.params:
        return False
    holder = body.args(callee)[0]
    if body.op[holder] != Op.NAME or body.name(holder) not in _SELF:
        return False
    kept = (body.args(i)[0] for i, op in enumerate(body.op[:call]) if op == Op.SET_FIELD)
    return any(body.op[on] == Op.NAME and body.name(on) in _SELF for on in kept if on >= 0)
