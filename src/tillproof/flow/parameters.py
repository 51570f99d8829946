"""What a parameter is: the argument that a context gives for it, or what its declaration says."""

from typing import TYPE_CHECKING

from tillproof.flow.called_back import Spot, handed
from tillproof.flow.chained import given_before
from tillproof.flow.frames import Frame
from tillproof.flow.program import Fn
from tillproof.flow.supplied import in_place_of, supplied
from tillproof.flow.values import (
    ClassV,
    Const,
    Ctx,
    Element,
    External,
    FunctionV,
    Instance,
    Missing,
    Param,
    Place,
    Record,
    Result,
    Seq,
    Value,
    choice,
    options,
)
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.flow.evaluate import Evaluator

BY_OTHERS = ("call", "apply")
"""Methods of a function that call it, the first argument being its object."""
_INJECT = "Inject"


def parameter(ev: "Evaluator", f: Frame, number: int, at: Place) -> Value:
    """The value of a parameter of a function, in its context or for any caller."""
    fn, param = f.fn, f.body.params[number]
    if f.inside and (bound := _bound(ev, f, number)) is not None:
        return _one_of(ev, f, number, bound, at) if isinstance(bound, Element) and param.type else bound
    owner = ev.program.owner(fn)
    if owner and number == 0 and ev.is_python_method(fn) and param.name in ("self", "cls"):
        return Instance(at, owner) if param.name == "self" else ClassV(at, owner)
    if param.decorators and (told := _told(ev, fn, param.decorators, at)) is not None:
        return told
    if param.type and (held := ev.scope.listed(fn.file, param.type, at)) is not None:
        return Seq(at, (held,))
    typed = ev.scope.typed(fn.file, param.type, at) if param.type else None
    given = supplied(ev, fn, number)
    if isinstance(typed, Instance):
        if given and (known := in_place_of(ev.scope, typed, given, at)) is not None:
            return known
        one = Instance(at, typed.cls, None, Param(at, fn, number, param.name, ClassV(at, typed.cls)), typed.of, typed.known_as)
        return Seq(at, (one,)) if param.kind == "rest" and ev.program.language(fn.file) == "php" else one
    itself = Param(at, fn, number, param.name, typed.callee if isinstance(typed, Result) else None)
    return choice(at, [itself, *given]) if given and typed is None else itself


def _told(ev: "Evaluator", fn: Fn, decorators: list[tuple[str, str]], at: Place) -> Value | None:
    """The services that a container hands over under a token: ``@Inject(HANDLERS) private readonly handlers: Handler[]``."""
    for token in (text for mark, text in decorators if mark == _INJECT and text):
        known = ev.scope.dotted(fn.file, token) if token.isidentifier() else None
        text = Const(at, Kind.STRING, token)
        found = (ev.scope.listed_under(o) for o in (*(options(known) if known is not None else ()), text))
        if (handed_over := next((v for v in found if v is not None), None)) is not None:
            return handed_over
    return None


def _one_of(ev: "Evaluator", f: Frame, number: int, bound: Element, at: Place) -> Value:
    """One of many, which nobody knows more of than the type of the parameter that it is handed over for says."""
    typed = ev.scope.typed(f.file, f.body.params[number].type, at)
    return Instance(at, typed.cls, None, bound, typed.of, typed.known_as) if isinstance(typed, Instance) else bound


def arrives(ev: "Evaluator", fn: Fn, call: int, i: int, ctx: Ctx | None) -> list[Spot] | None:
    """Where a value that stands as an argument of a call arrives: the parameter, in each function of ours that is called; None where that
    is not seen."""
    body = ev.program.body(fn)
    callee, arguments = body.call(call)
    found: list[Spot] = []
    for option in options(ev.value(fn, callee, ctx)):
        if not isinstance(option, FunctionV):
            return None
        params = ev.program.body(option.fn).params
        shift = 1 if option.this is not None and ev.is_python_method(option.fn) else 0
        for number, (key, value) in enumerate(arguments):
            if value != i:
                continue
            at = next((n for n, p in enumerate(params) if p.name == key), -1) if key not in ("", "*", "**") else number + shift
            starred = key in ("*", "**") or any(k == "*" for k, _ in arguments[:number])
            if starred or not 0 <= at < len(params) or params[at].kind in ("rest", "named-rest"):
                return None
            inner = ev.program.body(option.fn)
            rows = (n for n, op in enumerate(inner.op) if op == Op.PARAM and inner.args(n)[0] == at)
            found += [Spot(option.fn, row, ev.context(option, fn, call, ctx)) for row in rows]
    return found or None


def _bound(ev: "Evaluator", f: Frame, number: int) -> Value | None:
    """The argument that a context gives for a parameter; Missing when it gives none; None when that cannot be known."""
    ctx, params = f.ctx, f.body.params
    if ctx is None:
        return None
    method = ev.is_python_method(f.fn) and bool(params) and params[0].name in ("self", "cls")
    own = ctx.this is not None and (method or isinstance(ctx.this, External))  # a package's object, as of a task bound to itself
    if own and isinstance(ctx.this, ClassV) and params and params[0].name == "self" and not ctx.callback:
        own = False  # ``Base.settle(order, sum)``: the object stands first
    if own and number == 0:
        return ctx.this
    if ctx.call < 0:
        return None  # an entry point: called from outside
    caller = ev.frame(ctx.caller, ctx.parent)
    if caller.body.op[ctx.call] not in (Op.CALL, Op.NEW):
        return None
    if ctx.callback:  # of a method that is handed on, the object comes with it
        return handed(ev, caller, ctx.call, number - 1, params[1:]) if own and method else handed(ev, caller, ctx.call, number, params)
    if own and method and ev.program.name(f.fn) != caller.body.called(ctx.call) and not caller.body.call(ctx.call)[1]:
        return None  # a framework's own method, called by another name, has run it, and hands it what it was made with: `serializer.save()`
    return _given(ev, caller, ctx.call, f, number, 1 if own else 0)


def _given(ev: "Evaluator", caller: Frame, call: int, f: Frame, number: int, shift: int) -> Value:
    """The argument for a parameter in a call. ``shift``: how many parameters come before the first argument."""
    arguments = caller.body.call(call)[1]
    param, at = f.body.params[number], (caller.file, caller.body.line[call])
    positional, spreads = _listed(ev, caller, call)
    if (before := given_before(ev, caller.fn, call, caller.ctx)) is not None:
        if number == shift:
            return before
        shift += 1
    if param.kind == "rest":
        lists = [ev.at(caller, v) for v in spreads if ("**", v) not in arguments]
        listed = [item for value in lists for item in (value.items if isinstance(value, Seq) else (value,))]
        return Seq(at, (*[ev.at(caller, v) for v in positional[number - shift :]], *listed))
    if param.kind == "named-rest":
        known = {p.name for p in f.body.params}
        named = {k: v for k, v in arguments if k not in ("", "*", "**")}
        entries: list[tuple[str | None, Value]] = [(k, ev.at(caller, v)) for k, v in named.items() if k not in known]
        entries += [(None, ev.at(caller, v)) for v in spreads if ("*", v) not in arguments]
        return Record(at, tuple(entries))
    for key, v in reversed(arguments):
        if key == param.name and key not in ("", "*", "**"):
            return ev.at(caller, v)
    if 0 <= number - shift < len(positional):
        return ev.at(caller, positional[number - shift])
    if not spreads:
        return Missing(at)
    held, onward = ev.at(caller, spreads[-1]), number - shift - len(positional)
    if isinstance(held, Seq):
        return held.items[onward] if 0 <= onward < len(held.items) else Missing(at)
    return ev.member(held, param.name, at)


def _listed(ev: "Evaluator", caller: Frame, call: int) -> tuple[list[int], list[int]]:
    """The arguments of a call that go by their place, and those that are spread. ``charge.call(this, sum)`` and
    ``charge.apply(this, given)`` name the object first."""
    callee, arguments = caller.body.call(call)
    positional = [v for k, v in arguments if k == ""]
    spreads = [v for k, v in arguments if k in ("*", "**")]
    word = caller.body.name(callee) if caller.body.op[callee] == Op.FIELD else ""
    if word not in BY_OTHERS or ev.program.language(caller.file) == "python":
        return positional, spreads
    if not isinstance(ev.at(caller, caller.body.args(callee)[0]), FunctionV):
        return positional, spreads  # a method of that name
    return (positional[1:], spreads) if word == "call" else ([], positional[1:])
