"""What a field of an object gathers: services that a container hands to it one after the other, as its declarations say, and what methods
write into a record that it holds."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.flow import initialised
from tillproof.flow.class_texts import class_told
from tillproof.flow.program import ClassId, Fn
from tillproof.flow.values import (
    ClassV,
    Const,
    FunctionV,
    Instance,
    Missing,
    Overlay,
    Param,
    Record,
    Result,
    Seq,
    Unknown,
    Value,
    constant,
    options,
)  # fmt: skip
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.flow.scope import Scope

_MOST_ENTRIES = 40
_APPENDS = ("push", "append")
_SELF = ("self", "this")


def services(scope: "Scope", of: Instance, cls: ClassId, name: str, stored: list[Value]) -> list[Value]:
    """What is stored in a field; where that is a list of which nothing is known, the services that its docblock names, or that a method
    adds to it: ``$this->handlers = iterator_to_array($handlers)`` below ``@var Handler[]``, ``$this->handlers[] = $handler``; or a table of
    handlers that is filled one by one: ``$this->events[$class::NAME] = $class``."""
    if any(_is_told(v) for v in stored):
        lists = [v for v in stored if _is_told(v)]
        return lists if all(_is_told(v) or _is_list(v) for v in stored) else stored
    if stored and all(isinstance(v, Seq) and not v.items for v in stored):
        added = [v for fn, i in _added(scope, cls, name) for v in options(scope.evaluator.value(fn, i)) if _is_service(scope, v)]
        if added:
            return [Seq(stored[0].at, tuple(added))]
    if stored and all(_is_empty(v) for v in stored):
        entries = list(_entered(scope, of, cls, name))[:_MOST_ENTRIES]
        if entries and all(key is None for key, _ in entries):
            return [Seq(stored[0].at, tuple(v for _, v in entries))]
        return [Record(stored[0].at, tuple((key or "", v) for key, v in entries))] if entries else stored
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


def _entered(scope: "Scope", of: Instance, cls: ClassId, name: str) -> Iterator[tuple[str | None, Value]]:
    """The functions, objects and classes that methods of a class enter into the table in a field, each with its key: an
    empty text where that is not known, None where it is appended."""
    for fn, key_at, value_at in _entries(scope, cls, name):
        for ctx in initialised.contexts(scope, of, fn, of.at, _MOST_ENTRIES):
            key = None if key_at < 0 else (constant(scope.evaluator.value(fn, key_at, ctx)) or "")
            yield from ((key, v) for v in options(scope.evaluator.value(fn, value_at, ctx)) if _runs(scope, v))


def _entries(scope: "Scope", cls: ClassId, name: str) -> Iterator[tuple[Fn, int, int]]:
    """Where methods of a class write an entry into a field, with its key, or -1, and its value: ``$this->events[$key] = $value``,
    ``this.handlers.push(handler)``, ``self.handlers.append(handler)``."""
    for fn, i in _writes(scope, cls, name):
        args = scope.program.body(fn).args(i)
        if scope.program.body(fn).op[i] == Op.SET_INDEX:
            yield fn, args[1], args[2]
    for fn, i in _on_field(scope, cls, name, (Op.CALL,)):
        callee, given = scope.program.body(fn).call(i)
        if scope.program.body(fn).name(callee) in _APPENDS and [k for k, _ in given] == [""]:
            yield fn, -1, given[0][1]


def _runs(scope: "Scope", value: Value) -> bool:
    """Whether a value is something of ours that can be run: a function, an object that is made here, a class or in PHP its name."""
    if isinstance(value, Instance):
        return value.made is not None and any(map(scope.program.methods, scope.lineage(value.cls)))
    return isinstance(value, (FunctionV, ClassV)) or isinstance(class_told(scope.evaluator, value, value.at), ClassV)


def _is_empty(value: Value) -> bool:
    return (isinstance(value, Seq) and not value.items) or (isinstance(value, Record) and not value.entries)


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
    yield from _on_field(scope, cls, name, (Op.SET_INDEX, Op.SET_FIELD))


def _on_field(scope: "Scope", cls: ClassId, name: str, ops: tuple[int, ...]) -> Iterator[tuple[Fn, int]]:
    """The instructions of some kinds in methods of a class that do something to what a field of their object holds."""
    word, source = name.encode(), scope.program.sources[cls.file]
    for fn in scope.program.methods(cls).values():
        function = scope.program.function(fn)
        if function is None or word not in source[function.start : function.end]:
            continue
        body = scope.program.body(fn)
        for i, op in enumerate(body.op):
            held = body.args(i)[0] if op in ops else -1
            if op == Op.CALL and held >= 0:
                held = body.args(held)[0] if body.op[held] == Op.FIELD else -1
            if held >= 0 and body.op[held] == Op.FIELD and body.name(held) == name:
                owner = body.args(held)[0]
                if body.op[owner] == Op.NAME and body.name(owner) in _SELF:
                    yield fn, i
