"""What a method asks of the class above its own: ``super().save()``, ``super.save()``, ``parent::save()``."""

from typing import TYPE_CHECKING

from tillproof.flow.program import ClassId, Fn, Program
from tillproof.flow.properties import is_property, read_property
from tillproof.flow.values import ClassV, FunctionV, Instance, Value
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.flow.frames import Frame
    from tillproof.flow.scope import Scope

ABOVE = {"javascript": "super", "php": "parent"}
"""The word for the object as one of the class above, where it is a name; in Python it is called, ``super()``."""


def names_above(program: Program, fn: Fn, body: Body, holder: int) -> bool:
    """Whether what a member is asked of is the object as one of the class above."""
    op = body.op[holder]
    if op == Op.CALL:
        callee = body.args(holder)[0]
        return body.op[callee] == Op.NAME and body.name(callee) == "super" and program.language(fn.file) == "python"
    return op == Op.NAME and body.name(holder) == ABOVE.get(program.language(fn.file))


def member_above(scope: "Scope", f: "Frame", holder: int, name: str, at: tuple[str, int]) -> Value | None:
    """The method of the nearest class above that has it, on the same object; None when none of ours does, or nothing above is asked."""
    if not names_above(scope.program, f.fn, f.body, holder) or ABOVE.get(scope.program.language(f.fn.file)) in f.flow.stores:
        return None  # PHP's ``$parent`` is a variable
    owner = scope.program.method_class(f.fn)
    if owner is None:
        return None
    this = scope.evaluator.this(f, at)
    found = next((scope.program.methods(c)[name] for c in _after(scope, owner, this) if name in scope.program.methods(c)), None)
    if found is None:
        return None
    bound = FunctionV(at, found, None, this if isinstance(this, (ClassV, Instance)) else Instance(at, owner))
    return read_property(scope, bound) if is_property(scope, found) else bound


def _after(scope: "Scope", owner: ClassId, this: Value) -> list[ClassId]:
    """The classes above the one that a method stands in, nearest first: in Python those of the object's own class, so that a mixin finds
    what stands behind it there."""
    if isinstance(this, (ClassV, Instance)) and scope.program.language(owner.file) == "python":
        lineage = scope.lineage(this.cls)
        if owner in lineage[:-1]:
            return lineage[lineage.index(owner) + 1 :]
    return scope.lineage(owner)[1:]
