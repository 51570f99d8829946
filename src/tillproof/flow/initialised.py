"""What is handed to a method of an object that stores it: by its constructor, ``$this->setClient($url)``, or where the object is made,
``(new Charge())->setAmount($sum)``."""

from typing import TYPE_CHECKING

from tillproof.flow.above import names_above
from tillproof.flow.given_before import in_call
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx, FunctionV, Instance, Value, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.flow.scope import Scope

CONSTRUCTORS = ("__init__", "constructor", "__construct")
_SELF = ("self", "this", "static")
_INSIDE = ("_", "#")
_HEADER = 40
_MOST = 3


def run_by_making(scope: "Scope", made: Value, fn: Fn, at: int) -> FunctionV | None:
    """The constructor of ours that runs where an object is made: that of its class, or the nearest that it inherits. None where several
    classes may be made there, or the object comes from elsewhere."""
    if not isinstance(made, Instance) or made.made is None or made.made[:2] != (fn, at):
        return None
    own = next((c for name in CONSTRUCTORS if (c := scope.method(made.cls, name)) is not None), None)
    return FunctionV(made.at, own, None, made) if own is not None else None


def contexts(scope: "Scope", value: Instance, fn: Fn, at: tuple[str, int], most: int = _MOST) -> list[Ctx | None]:
    """The calls in which a method of an object stores into it, as far as the object's making tells them; None for all others."""
    if scope.program.name(fn) in CONSTRUCTORS:
        return [_made(scope, value, fn, at)]
    function = scope.program.function(fn)
    if function is None or not scope.program.body(fn).params:
        return [None]
    if (before := in_call(scope, value, fn)) is not None:
        return [before]
    if filled := _filled(scope, value, fn, at):
        return filled[:most]
    told: list[Ctx | None] = []
    for cls in scope.lineage(value.cls):
        methods = scope.program.methods(cls)
        for maker in (methods[name] for name in CONSTRUCTORS if name in methods):
            for call in _calls(scope, maker, scope.program.name(fn)):
                bound = FunctionV(at, fn, None, value)
                told.append(scope.evaluator.context(bound, maker, call, _made(scope, value, maker, at)))
        if told:
            break
    inside = scope.program.name(fn).startswith(_INSIDE) or b"private" in scope.program.sources[fn.file][function.start :][:_HEADER]
    return told[:most] if told and inside else [None, *told[:most]]


def _filled(scope: "Scope", value: Instance, fn: Fn, at: tuple[str, int]) -> list[Ctx | None]:
    """The calls of a method on an object in the function that makes it."""
    if value.made is None:
        return []
    maker, made_at, ctx = value.made
    body, told = scope.program.body(maker), list[Ctx | None]()
    for i in _calls_on(scope, maker, scope.program.name(fn)):
        held = body.args(body.args(i)[0])[0]
        on = options(scope.evaluator.value(maker, held, ctx))
        if held == made_at or any(isinstance(o, Instance) and o.made == value.made for o in on):
            told.append(scope.evaluator.context(FunctionV(at, fn, None, value), maker, i, ctx))
    return told


def _made(scope: "Scope", value: Instance, constructor: Fn, at: tuple[str, int]) -> Ctx | None:
    """The call of a constructor by which an object was made: that of its own class, from where it is made; that of a base, from the
    constructor of the class derived from it (``super(Order)``), which knows what it hands on also where nobody is seen making one."""
    name = scope.program.name(constructor)
    here = scope.method(value.cls, name)
    ctx = scope.evaluator.context(FunctionV(at, here, None, value), *value.made) if here is not None and value.made else None
    for _ in range(_MOST):
        if here is None or here == constructor:
            return ctx
        handed = _to_base(scope, here)
        if handed is None:
            return None
        call, above, bound = handed
        ctx = scope.evaluator.context(FunctionV(at, above, None, value if bound else None), here, call, ctx)
        here = above
    return ctx if here == constructor else None


def _to_base(scope: "Scope", fn: Fn) -> tuple[int, Fn, bool] | None:
    """The call by which a constructor calls its base's, that constructor, and whether the object goes without saying: in Python it is
    handed over where the base is called by its name."""
    owner, body, name = scope.program.owner(fn), scope.program.body(fn), scope.program.name(fn)
    bases = scope.lineage(owner)[1:] if owner is not None else []
    base = next((c for c in bases if name in scope.program.methods(c)), None)
    if base is None:
        return None
    above = scope.program.methods(base)[name]
    for i, op in enumerate(body.op):
        callee = body.args(i)[0] if op == Op.CALL else -1
        if callee < 0:
            continue
        if body.op[callee] == Op.NAME and body.name(callee) == "super" and name == "constructor":
            return i, above, True
        if body.op[callee] == Op.FIELD and body.name(callee) == name:
            holder = body.args(callee)[0]
            if names_above(scope.program, fn, body, holder):
                return i, above, True
            if body.op[holder] == Op.NAME and body.name(holder) == scope.program.cls(base).name:
                return i, above, False
    return None


def _calls(scope: "Scope", fn: Fn, name: str) -> list[int]:
    """The calls of a method of the same object in a function."""
    body = scope.program.body(fn)
    holders = ((i, body.args(body.args(i)[0])[0]) for i in _calls_on(scope, fn, name))
    return [i for i, holder in holders if body.op[holder] == Op.NAME and body.name(holder) in _SELF]


def _calls_on(scope: "Scope", fn: Fn, name: str) -> list[int]:
    """The calls of a method of that name, on whatever object, in a function."""
    if name.encode() not in scope.program.sources[fn.file]:
        return []
    body = scope.program.body(fn)
    calls = ((i, body.args(i)[0]) for i, op in enumerate(body.op) if op == Op.CALL)
    return [i for i, callee in calls if body.op[callee] == Op.FIELD and body.name(callee) == name]
