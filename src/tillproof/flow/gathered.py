"""What a field of an object gathers: services that a container hands to it one after the other, as its declarations say, and what methods
write into a record that it holds."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.flow import initialised
from tillproof.flow.program import ClassId, Fn
from tillproof.flow.values import Const, Instance, Missing, Overlay, Param, Record, Result, Seq, Unknown, Value, options
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


def written_into(scope: "Scope", value: Instance, name: str, held: Value, at: tuple[str, int]) -> Value:
    """A record in a field with what methods write into it: ``setKey($key) { $this->options['idempotency_key'] = $key; … }``."""
    if not isinstance(held, (Record, Seq)):
        return held
    writes: list[tuple[str | None, Value, bool]] = []
    for owner in scope.lineage(value.cls):
        for fn, i in _writes(scope, owner, name):
            body = scope.program.body(fn)
            key = body.text(body.args(i)[1]) if body.op[i] == Op.SET_FIELD else (body.const(body.args(i)[1]) or (0, ""))[1]
            calls = initialised.contexts(scope, value, fn, at)
            told = calls != [None] and scope.evaluator.defuse(fn).block_of[i] == 0
            writes += [(key, scope.evaluator.value(fn, body.args(i)[2], ctx), told) for ctx in calls if key]
    return Overlay(at, held, tuple(writes)) if writes else held


def _is_told(value: Value) -> bool:
    return isinstance(value, Seq) and bool(value.items) and all(isinstance(v, Instance) and v.made is None for v in value.items)


def _is_list(value: Value) -> bool:
    """Whether a value may be the list itself, of which nothing more is known."""
    return isinstance(value, (Const, Missing, Param, Result, Unknown)) or (isinstance(value, Seq) and not value.items)


def _is_service(scope: "Scope", value: Value) -> bool:
    return isinstance(value, Instance) and bool(scope.subclasses(value.cls)) and any(map(scope.program.methods, scope.lineage(value.cls)))


def _added(scope: "Scope", cls: ClassId, name: str) -> Iterator[tuple[Fn, int]]:
    """The values that methods of a class put into the list in a field."""
    for fn, i in _writes(scope, cls, name):
        body = scope.program.body(fn)
        if body.op[i] == Op.SET_INDEX:
            yield fn, body.args(i)[2]


def _writes(scope: "Scope", cls: ClassId, name: str) -> Iterator[tuple[Fn, int]]:
    """The instructions by which methods of a class write into what a field of their object holds."""
    word, source = name.encode(), scope.program.sources[cls.file]
    for fn in scope.program.methods(cls).values():
        function = scope.program.function(fn)
        if function is None or word not in source[function.start : function.end]:
            continue
        body = scope.program.body(fn)
        for i, op in enumerate(body.op):
            held = body.args(i)[0] if op in (Op.SET_INDEX, Op.SET_FIELD) else -1
            if held >= 0 and body.op[held] == Op.FIELD and body.name(held) == name:
                owner = body.args(held)[0]
                if body.op[owner] == Op.NAME and body.name(owner) in _SELF:
                    yield fn, i
