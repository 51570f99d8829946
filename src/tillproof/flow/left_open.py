"""Steps that a method leaves to the class of its object: ``cls.resolve_mutation()`` in a base that has none, ``super().mutate()`` in a
mixin."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.flow.above import names_above
from tillproof.flow.program import ClassId, Fn, Program
from tillproof.flow.values import FunctionV, Instance
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.flow.scope import Scope

_CLASS = ("cls", "static")
_ACTING = {Op.BRANCH, Op.STORE, Op.SET_FIELD, Op.SET_INDEX, Op.ECHO, Op.YIELD, Op.AWAIT}
_FEW = 2


def lent_to(program: Program, target: FunctionV) -> ClassId | None:
    """The class of ours on whose object a method is called that it inherits; None when it is the class's own, or no method."""
    this, owner = target.this, program.owner(target.fn)
    return this.cls if isinstance(this, Instance) and owner is not None and this.cls != owner else None


def asked_of_itself(scope: "Scope", cls: ClassId, fn: Fn) -> Iterator[tuple[int, str, Fn]]:
    """The calls by which a method asks its own object, which is of a class, for another of its methods: call, name, where it lands."""
    program = scope.program
    body = program.body(fn)
    for i, op in enumerate(body.op):
        kind = _kind(scope, fn, body, i) if op == Op.CALL else ""
        if kind:
            name = body.name(body.args(i)[0])
            found = scope.method(cls, name) if kind == "own" else _next(scope, cls, fn, name)
            if found is not None:
                yield i, name, found


def is_left_open(scope: "Scope", fn: Fn, i: int) -> bool:
    """Whether a call asks the object of a method for what the method's own class has not, or has empty, while a class derived from it, or
    one that it is mixed into, does."""
    program, body = scope.program, scope.program.body(fn)
    kind = _kind(scope, fn, body, i)
    name = body.name(body.args(i)[0]) if kind else ""
    named = program.functions_by_name.get(name, ())
    owner = program.owner(fn) if named else None
    if owner is None:
        return False
    if kind == "above":
        mixed = len(named) >= _FEW and program.language(fn.file) == "python" and _next(scope, owner, fn, name) is None
        return mixed and any(_next(scope, cls, fn, name) is not None for cls in scope.subclasses(owner))
    declared = scope.method(owner, name)
    return (declared is None or is_empty(program.body(declared))) and bool(scope.overrides(owner, name))


def lands_in(scope: "Scope", caller: Fn, i: int, fn: Fn) -> ClassId | None:
    """The class on whose objects such a call lands in a method; None when it never does."""
    owner, kind = scope.program.owner(fn), _kind(scope, caller, scope.program.body(caller), i)
    asking = scope.program.owner(caller) if owner is not None and kind and is_left_open(scope, caller, i) else None
    if asking is None or owner is None:
        return None
    if kind == "own":
        return owner if asking in scope.lineage(owner) else None
    name = scope.program.name(fn)
    return next((cls for cls in scope.subclasses(asking) if _next(scope, cls, caller, name) == fn), None)


def is_empty(body: Body) -> bool:
    """Whether a method does nothing but answer with what is written down, or raise that it is not there."""
    raised = {body.args(i)[0] for i, op in enumerate(body.op) if op == Op.RAISE}
    handed = {i for i, op in enumerate(body.op) if op == Op.STORE and body.op[body.args(i)[1]] == Op.PARAM}
    return all(op not in _ACTING and (op not in (Op.CALL, Op.NEW) or i in raised) for i, op in enumerate(body.op) if i not in handed)


def _kind(scope: "Scope", fn: Fn, body: Body, i: int) -> str:
    """Whether a call is of a method of the ``own`` object, or of that as one of the class ``above``; empty for any other."""
    callee = body.args(i)[0]
    if body.op[i] != Op.CALL or body.op[callee] != Op.FIELD:
        return ""
    holder = body.args(callee)[0]
    if body.is_self(holder) or (body.op[holder] == Op.NAME and body.name(holder) in _CLASS):
        return "own"
    return "above" if names_above(scope.program, fn, body, holder) else ""


def _next(scope: "Scope", cls: ClassId, fn: Fn, name: str) -> Fn | None:
    """The next method of a name after a method's own class, in the order in which a class looks for it."""
    lineage, owner = scope.lineage(cls), scope.program.owner(fn)
    after = lineage[lineage.index(owner) + 1 :] if owner in lineage else []
    return next((scope.program.methods(c)[name] for c in after if name in scope.program.methods(c)), None)
