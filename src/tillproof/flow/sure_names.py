"""Calls on objects of unknown class that land in one method all the same, by the name alone."""

from tillproof.flow.scope import Scope
from tillproof.flow.values import Member, Value


def lands_surely(scope: Scope, callee: Value, language: str) -> bool:
    """Whether a call that only its name resolves lands there for certain: the one private method of that name in Python, or one of ours
    that a platform runs when it is told to."""
    if not isinstance(callee, Member):
        return False
    private = language == "python" and callee.name.startswith("_") and not callee.name.startswith("__")
    return callee.name in scope.stand_ins or (private and len(scope.by_name(callee, language)) == 1)
