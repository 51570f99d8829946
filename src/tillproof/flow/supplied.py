"""What a framework supplies a parameter with by a function that its declaration names: ``gateway: Gateway = Depends(get_gateway)``,
``Annotated[Order, Depends(own_order)]``, or a type that has a name of its own for that."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.flow.members import is_message
from tillproof.flow.program import Fn
from tillproof.flow.values import Element, External, FunctionV, Instance, Place, Result, Seq, Value, choice, options
from tillproof.ir.body import returns
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.flow.evaluate import Evaluator
    from tillproof.flow.scope import Scope

_CALL = re.compile(r"([\w.]+)\(\s*([\w.]+)\s*[,)]")
_ALIAS = re.compile(r"[A-Za-z_][\w.]*")


def supplied(ev: "Evaluator", fn: Fn, number: int) -> list[Value]:
    """What the functions give that supply a parameter; nothing where its declaration names none."""
    if not ev.supplies or ev.program.language(fn.file) != "python":
        return []
    param = ev.program.body(fn).params[number]
    suppliers = [*_of_default(ev, fn, number), *_of_type(ev, fn.file, param.type)]
    return [one for o in dict.fromkeys(suppliers) if o.fn != fn for one in _given(ev, o)]


def _of_default(ev: "Evaluator", fn: Fn, number: int) -> Iterator[FunctionV]:
    """By the value that stands where the default would: ``Depends(get_gateway)``."""
    body = ev.program.body(fn)
    for i, op in enumerate(body.op):
        if op == Op.CHOICE and body.text(body.args(i)[0]) == "default":
            first, default = body.args(i)[1:3]
            if body.op[first] == Op.PARAM and body.args(first)[0] == number and body.op[default] in (Op.CALL, Op.NAME):
                yield from _named(ev, ev.value(fn, default))


def _of_type(ev: "Evaluator", file: str, text: str) -> Iterator[FunctionV]:
    """By the declared type, written out or by a name of its own."""
    for called, told in _CALL.findall(text):
        if any(name.rpartition(".")[2] == called.rpartition(".")[2] for name in ev.supplies):
            yield from (o for o in options(ev.scope.dotted(file, told)) if isinstance(o, FunctionV))
    if _ALIAS.fullmatch(text):
        named = ev.scope.dotted(file, text)
        parts = named.key.items if isinstance(named, Element) and isinstance(named.key, Seq) else ()
        if isinstance(named, Element) and isinstance(named.base, External) and named.base.name.endswith("Annotated"):
            yield from (o for part in parts for o in _named(ev, part))


def _named(ev: "Evaluator", value: Value) -> Iterator[FunctionV]:
    """The functions that a call is told which says what supplies a parameter."""
    for option in options(value):
        if isinstance(option, Result) and option.instr >= 0 and isinstance(option.callee, External) and option.callee.name in ev.supplies:
            told = ev.argument(option, ev.supplies[option.callee.name])
            yield from (o for o in options(told) if isinstance(o, FunctionV)) if told is not None else ()


def _given(ev: "Evaluator", supplier: FunctionV) -> list[Value]:
    """What a function gives, or lends."""
    body = ev.program.body(supplier.fn)
    ctx = ev.entry_context(supplier)
    if body.generator:
        lent = (i for i, op in enumerate(body.op) if op == Op.YIELD)
        return [ev.value(supplier.fn, body.args(i)[0], ctx) for i in lent if body.args(i)[0] >= 0]
    return [ev.value(supplier.fn, body.args(r)[0], ctx) for r in returns(body) if body.args(r)[0] >= 0]


def in_place_of(scope: "Scope", declared: Instance, given: list[Value], at: Place) -> Value | None:
    """What stands for an object that is declared by a class of ours: one of another class, where that only says what it can do, or what was
    sent and has been read into it. None where nothing more is known than the class."""
    told = [o for value in given for o in options(value) if isinstance(o, Instance)]
    read = is_message(scope, declared.cls)
    known = [o for o in told if o.cls != declared.cls or (read and (o.origin is not None or o.made is not None))]
    return choice(at, list(known)) if known else None
