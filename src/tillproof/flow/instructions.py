"""The value of each kind of instruction, in terms of the evaluator's answers for others."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from tillproof.flow.above import member_above
from tillproof.flow.copied import Entries, each_named
from tillproof.flow.defuse import spelt
from tillproof.flow.formats import by_percent
from tillproof.flow.frames import Frame
from tillproof.flow.included import of_all_files
from tillproof.flow.parameters import parameter
from tillproof.flow.passed_on import package_of
from tillproof.flow.program import ClassId, Fn
from tillproof.flow.values import (
    Choice,
    ClassV,
    Const,
    Element,
    External,
    FunctionV,
    Instance,
    Member,
    Missing,
    Mix,
    Param,
    Place,
    Record,
    Result,
    Seq,
    Text,
    Unknown,
    Value,
    choice,
    class_named,
    options,
)  # fmt: skip
from tillproof.ir.ops import NAMES, Kind, Op

if TYPE_CHECKING:
    from tillproof.flow.evaluate import Evaluator


# Parts of a request that hold what was sent.
_CARRIED = frozenset(["body", "rawBody", "raw_body", "query", "params", "headers", "payload", "cookies"])
_GLOBALS = "$GLOBALS."
Rule: TypeAlias = "Callable[[Evaluator, Frame, int, list[int], Place], Value]"
"""(evaluator, function in its context, instruction, its operands, its place) → its value."""


def _record(ev: "Evaluator", f: Frame, _: int, args: list[int], at: Place) -> Value:
    pairs = zip(args[::2], args[1::2], strict=True)
    return Record(at, tuple([entry for k, v in pairs for entry in _worked_out(ev, f, k, v) or [(_key(ev, f, k), ev.at(f, v))]]))


def _worked_out(ev: "Evaluator", f: Frame, k: int, v: int) -> Entries:
    """The entries of a record that is made of the names in a list."""
    key = ev.at(f, k) if k >= 0 and f.body.op[k] == Op.NAME else None
    return each_named(ev, key, ev.at(f, v)) if isinstance(key, Choice) else []


def _key(ev: "Evaluator", f: Frame, k: int) -> str | None:
    """A key's text; None for what is spread in, ``?`` for one that is computed."""
    if k < 0:
        return None
    const = f.body.const(k)
    if const:
        return const[1]
    if f.body.op[k] == Op.FIELD and isinstance(ev.at(f, f.body.args(k)[0]), ClassV) and ev.program.language(f.fn.file) == "python":
        return f.body.name(k)  # a column by its class: `update({Order.status: "paid"})`
    key = ev.at(f, k)
    if isinstance(key, External) and ev.program.language(f.fn.file) == "php":
        return key.name  # a constant of PHP's own: CURLOPT_TIMEOUT
    return key.text if isinstance(key, Const) else "?"


def _choice(ev: "Evaluator", f: Frame, _: int, args: list[int], at: Place) -> Value:
    word = f.body.text(args[0])
    if word == "and":
        return ev.at(f, args[-1])
    if word in ("ternary", "match") and f.ctx is not None:
        flow = ev.defuse(f.fn, f.ctx)
        taken = [a for a in args[1:] if a < 0 or flow.block_of[a] not in flow.dead]  # this caller may rule some out
        return choice(at, [ev.at(f, a) for a in taken or args[1:]])
    first = ev.at(f, args[1])
    if word == "default":
        if isinstance(first, Missing):
            return ev.at(f, args[2])
        if f.ctx is not None:
            return first
        default = ev.at(f, args[2])
        told = isinstance(default, Result) and isinstance(default.callee, External) and default.callee.name in ev.supplies
        return first if told else choice(at, [first, default])  # what only says who supplies it is never there itself
    if word in ("or", "coalesce") and len(args) > 2:
        if isinstance(first, Missing) or (isinstance(first, Const) and first.falsy):
            return ev.at(f, args[2])
        if isinstance(first, Record) and any(key is not None for key, _ in first.entries):
            return first  # a record with a key in it is neither null nor empty
    return choice(at, [first, *[ev.at(f, a) for a in args[2:]]])


# Conversions that may change the number or its spelling: ``(int) $x``. What is declared to be of a type is not converted.
_CONVERSIONS = {
    "(int)": "(int)", "(integer)": "(int)", "(float)": "(float)", "(double)": "(float)", "(real)": "(float)", "(string)": "(string)",
}  # fmt: skip


def _is_text(value: Value) -> bool:
    """Whether a value is a text as it stands, the name of a class too."""
    return all(isinstance(o, (Text, Const)) or class_named(o) is not None for o in options(value))


def _cast(ev: "Evaluator", f: Frame, i: int, args: list[int], at: Place) -> Value:
    """What a declared type adds, where nothing better is known; a conversion, where it may change the value."""
    value = ev.at(f, args[1])
    conversion = _CONVERSIONS.get(f.body.text(args[0]))
    if conversion is not None:
        kept = isinstance(value, (Const, Missing, Unknown)) or (conversion == "(string)" and _is_text(value))
        return value if kept else Mix(at, conversion, (value,), f.fn, i, f.ctx)
    if isinstance(value, Element) and (service := ev.scope.served(f.file, f.body.text(args[0]), at)) is not None:
        return service
    empty = isinstance(value, (Unknown, Missing)) or (isinstance(value, Const) and value.kind == Kind.NULL) or value == Seq(value.at, ())
    if empty and (held := ev.scope.listed(f.file, f.body.text(args[0]), at)) is not None:
        return Seq(at, (held,))
    if isinstance(value, (Const, Unknown, Missing)) or (isinstance(value, Member) and isinstance(value.base, Param)):
        typed = ev.scope.typed(f.file, f.body.text(args[0]), at)
        if isinstance(value, Member) and typed is not None:
            # what is asserted of a part of what was handed over says nothing of where it comes from: `req.body as Order`
            if isinstance(typed, Instance):
                return Instance(at, typed.cls, None, value, typed.of, typed.known_as)
            return value if value.name in _CARRIED else typed
        if typed is not None and (not isinstance(value, Const) or value.kind == Kind.NULL):
            return typed
    return value


def _function(ev: "Evaluator", f: Frame, _: int, args: list[int], at: Place) -> Value:
    made = Fn(f.file, args[0])
    if package := package_of(ev.program, made):
        return External(at, package)
    this = ev.this(f, at) if ev.program.method_class(f.fn) else None
    return FunctionV(at, made, f.ctx, this)


def _opaque(ev: "Evaluator", f: Frame, i: int, args: list[int], at: Place) -> Value:
    made_of = tuple([ev.at(f, a) for a in args])
    return Mix(at, "opaque", made_of, f.fn, i, f.ctx) if args else Unknown(at, "this expression is not modelled")


def _computed(ev: "Evaluator", f: Frame, i: int, args: list[int], at: Place) -> Value:
    return Mix(at, f.body.text(args[0]), tuple([ev.at(f, a) for a in args[1:]]), f.fn, i, f.ctx)


def _unary(ev: "Evaluator", f: Frame, i: int, args: list[int], at: Place) -> Value:
    """What an operator makes of one value; a number with a sign is a number."""
    value = ev.at(f, args[1])
    if f.body.text(args[0]) == "-" and isinstance(value, Const) and value.kind == Kind.NUMBER and value.text[:1].isdigit():
        return Const(at, Kind.NUMBER, f"-{value.text}")
    return Mix(at, f.body.text(args[0]), (value,), f.fn, i, f.ctx)


def _member(ev: "Evaluator", f: Frame, i: int, args: list[int], at: Place) -> Value:
    """A member; of something outside on which this function keeps what it makes once, what it keeps there:
    ``if not hasattr(frappe.local, "gateway"): frappe.local.gateway = stripe`` before ``return frappe.local.gateway``."""
    found = ev.member(ev.at(f, args[0]), f.body.text(args[1]), at)
    if not isinstance(found, External) or f.body.op[args[0]] != Op.FIELD or not f.flow.kept or ".env." in found.name:
        return found
    kept = f.flow.kept.get(spelt(f.body, i))
    return choice(at, [ev.at(f, k) for k in kept]) if kept else found


def _indexed(ev: "Evaluator", f: Frame, _: int, args: list[int], at: Place) -> Value:
    """An element; of a field that this function keeps things in, what it keeps there: ``self::$made[$id] = $x`` before
    ``return self::$made[$id]``."""
    found = ev.index(ev.at(f, args[0]), ev.at(f, args[1]), at)
    if isinstance(found, External) and found.name.startswith(_GLOBALS):
        return of_all_files(ev.scope, f.file, found.name.removeprefix(_GLOBALS), at) or found
    if not isinstance(found, Element) or f.body.op[args[0]] != Op.FIELD or not f.flow.elements:
        return found
    kept = f.flow.elements.get((spelt(f.body, args[0]), spelt(f.body, args[1])))
    return choice(at, [ev.at(f, k) for k in kept]) if kept else found


def _name(ev: "Evaluator", f: Frame, i: int, args: list[int], at: Place) -> Value:
    name = f.body.text(args[0])
    return (ev.referred(f.fn, i) if name in ev.referring else None) or ev.read(f, i, name, at)


def _field(ev: "Evaluator", f: Frame, i: int, args: list[int], at: Place) -> Value:
    name = f.body.text(args[1])
    found = (ev.referred(f.fn, i) if name in ev.referring else None) or member_above(ev.scope, f, args[0], name, at)
    return found or _member(ev, f, i, args, at)


def _first(ev: "Evaluator", f: Frame, _: int, args: list[int], __: Place) -> Value:
    return ev.at(f, args[0])


def _second(ev: "Evaluator", f: Frame, _: int, args: list[int], __: Place) -> Value:
    return ev.at(f, args[1])


def _no_value(_: "Evaluator", __: Frame, ___: int, ____: list[int], at: Place) -> Value:
    return Unknown(at, "this is no value")


def _text(ev: "Evaluator", f: Frame, _: int, args: list[int], at: Place) -> Value:
    pieces = tuple([ev.at(f, a) for a in args])
    return (by_percent(pieces, at) if len(pieces) == 2 else None) or Text(at, pieces)


_RULES: dict[int, Rule] = {
    Op.CONST: lambda _, f, __, args, at: Const(at, args[0], f.body.text(args[1])),
    Op.NAME: _name,
    Op.FIELD: _field,
    Op.CALL: lambda ev, f, i, _, at: ev.call(f, i, at, False),
    Op.NEW: lambda ev, f, i, _, at: ev.call(f, i, at, True),
    Op.TEXT: _text,
    Op.RECORD: _record,
    Op.LIST: lambda ev, f, _, args, at: Seq(at, tuple([ev.at(f, a) for a in args])),
    Op.INDEX: _indexed,
    Op.CHOICE: _choice,
    Op.AWAIT: _first,
    Op.SPREAD: _first,
    Op.REST: _first,
    Op.STORE: _second,
    Op.CAST: _cast,
    Op.FUNCTION: _function,
    Op.CLASS: lambda _, f, __, args, at: ClassV(at, ClassId(f.file, args[0])),
    Op.PARAM: lambda ev, f, _, args, at: parameter(ev, f, args[0], at),
    Op.ELEMENT: lambda ev, f, _, args, at: ev.element(ev.at(f, args[0]), at),
    Op.KEY: lambda ev, f, _, args, at: Element(at, ev.at(f, args[0]), None),
    Op.BINARY: _computed,
    Op.UNARY: _unary,
    Op.OPAQUE: _opaque,
    Op.CAUGHT: lambda _, __, ___, ____, at: External(at, "exception"),
}
RULES: tuple[Rule, ...] = tuple(_RULES.get(op, _no_value) for op in range(len(NAMES)))
"""By operation."""
