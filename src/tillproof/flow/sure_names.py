"""Calls on objects of unknown class that land in one method all the same, by the name alone."""

from tillproof.flow.scope import Scope
from tillproof.flow.values import Const, Member, Value, options
from tillproof.ir.ops import Kind


def lands_surely(scope: Scope, callee: Value, language: str) -> bool:
    """Whether a call that only its name resolves lands there for certain: the one private method of that name in Python, or one of ours
    that a platform runs when it is told to."""
    told = [o for o in options(callee) if not (isinstance(o, Member) and _is_null(o.base))]  # what is asked of nothing runs nowhere
    return bool(told) and all(_is_sure(scope, o, language) for o in told)


def _is_sure(scope: Scope, callee: Value, language: str) -> bool:
    if not isinstance(callee, Member):
        return False
    private = language == "python" and callee.name.startswith("_") and not callee.name.startswith("__")
    return callee.name in scope.stand_ins or (private and len(scope.by_name(callee, language)) == 1)


def _is_null(value: Value) -> bool:
    """Whether a value is nothing at all."""
    return isinstance(value, Const) and value.kind == Kind.NULL
