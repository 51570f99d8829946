"""Services that an object goes through one after the other, which a container hands to it: what its declarations say that they are."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.flow.program import ClassId, Fn
from tillproof.flow.values import Const, Instance, Missing, Param, Result, Seq, Unknown, Value, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.flow.scope import Scope

_SELF = ("self", "this")


def services(scope: "Scope", cls: ClassId, name: str, stored: list[Value]) -> list[Value]:
    """What is stored in a field; where that is a list of which nothing is known, the services that its docblock names, or that a method
    adds to it: ``$this->handlers = iterator_to_array($handlers)`` below ``@var Handler[]``, ``$this->handlers[] = $handler``."""
    if any(_is_told(v) for v in stored):
        lists = [v for v in stored if _is_told(v)]
        return lists if all(_is_told(v) or _is_list(v) for v in stored) else stored
    if stored and all(isinstance(v, Seq) and not v.items for v in stored):
        added = [v for fn, i in _added(scope, cls, name) for v in options(scope.evaluator.value(fn, i)) if _is_service(scope, v)]
        return [Seq(stored[0].at, tuple(added))] if added else stored
    return stored


def _is_told(value: Value) -> bool:
    return isinstance(value, Seq) and bool(value.items) and all(isinstance(v, Instance) and v.made is None for v in value.items)


def _is_list(value: Value) -> bool:
    """Whether a value may be the list itself, of which nothing more is known."""
    return isinstance(value, (Const, Missing, Param, Result, Unknown)) or (isinstance(value, Seq) and not value.items)


def _is_service(scope: "Scope", value: Value) -> bool:
    return isinstance(value, Instance) and bool(scope.subclasses(value.cls)) and any(map(scope.program.methods, scope.lineage(value.cls)))


def _added(scope: "Scope", cls: ClassId, name: str) -> Iterator[tuple[Fn, int]]:
    """The values that methods of a class put into the list in a field."""
    word, source = name.encode(), scope.program.sources[cls.file]
    for fn in scope.program.methods(cls).values():
        function = scope.program.function(fn)
        if function is None or word not in source[function.start : function.end]:
            continue
        body = scope.program.body(fn)
        for i, op in enumerate(body.op):
            held = body.args(i)[0] if op == Op.SET_INDEX else -1
            if held >= 0 and body.op[held] == Op.FIELD and body.name(held) == name:
                owner = body.args(held)[0]
                if body.op[owner] == Op.NAME and body.name(owner) in _SELF:
                    yield fn, body.args(i)[2]
