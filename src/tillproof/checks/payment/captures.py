"""Captures of an amount: where the amount comes from, and what it is held to. What both capture checks share."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeGuard

from tillproof.checks.ruling import Evidence, at
from tillproof.commerce.ceilings import ceilings
from tillproof.commerce.entries import Entry
from tillproof.commerce.given import depends_on_caller, given_at
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.operations import OperationSite
from tillproof.commerce.requests import Source
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, Ctx, Element, External, FunctionV, Member, Param, Result, Value, constant, pieces
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Operation

_LEFT = re.compile(
    r"authori[sz]ed|auth_amount|amount_capturable|capturable|un_?captured|captured|remaining|outstanding|charge_amount|refundable|reserved|"
    r"(amount|total)_(due|left|paid)|left_to_capture|^(left|rest|limit|maximum|max)$"
)
_MONEY = re.compile(r"(^|_)(total|amount|amt|price|sum|value|due)(_|$)")
_ORDER = ("<", "<=", ">", ">=")
_LEAST = ("min", "Math.min")
_NEAR = 4
_PIECES = 80


@dataclass(frozen=True, slots=True)
class Capture:
    """A capture call that is given an amount. ``asked``: the pieces of the request that the amount is made of; ``origin`` says where it
    comes from else; ``entries``: the ways in by which it is reached."""

    site: OperationSite
    ctx: Ctx | None
    value: Value
    asked: tuple[Source, ...]
    origin: Literal["request", "provider", "authorised", "own", "platform", "unknown"]
    entries: tuple[Entry, ...]
    around: tuple[Fn, ...] = field(default=())


def captures(model: Model) -> list[Capture]:
    """Every capture of an amount, once per place and origin, in order."""
    found: dict[tuple[Fn, int, str], Capture] = {}
    for site in model.operations.sites:
        if site.operation.op == "payment.capture" and site.provider.kind == "payment" and site.operation.amount:
            for ctx, value in _amounts(model, site):
                one = _capture(model, site, ctx, value)
                found.setdefault((site.fn, site.instr, one.origin), one)
    return [found[key] for key in sorted(found)]


def _amounts(model: Model, site: OperationSite) -> Iterator[tuple[Ctx | None, Value]]:
    for path in site.operation.amount:
        given = list(given_at(model, site, path)) or (list(given_at(model, site, path.partition(".")[0])) if "." in path else [])
        given = [(ctx, v) for ctx, v in given if not isinstance(v, Const)]
        if given:
            yield from given
            return


def _capture(model: Model, site: OperationSite, ctx: Ctx | None, value: Value) -> Capture:
    outer = [c for c in (ctx.chain() if ctx else ()) if c.call >= 0]
    functions = [site.fn, *(c.caller for c in outer)]
    top = functions[-1]
    entries = tuple(model.entries_to(top))
    sources = (source for part in _least_of(model, value) for source, _ in model.requests.sources_in(part, _PIECES))
    asked = tuple(dict.fromkeys(source for source in sources if source.kind != "session"))
    near = [f for e in entries for f, depth in model.handlers.closure(e).functions.items() if depth <= _NEAR]
    around = tuple(dict.fromkeys([*functions, *near]))
    return Capture(site, ctx, value, asked, _origin(model, value, asked, entries), entries, around)


def _least_of(model: Model, value: Value) -> list[Value]:
    """The values of which the smallest is taken; the value itself where none is."""
    if isinstance(value, Result) and value.instr >= 0 and isinstance(value.callee, External) and value.callee.name in _LEAST:
        return [v for _, v in model.evaluator.arguments(value)]
    return [value]


def _origin(
    model: Model, value: Value, asked: tuple[Source, ...], entries: tuple[Entry, ...]
) -> Literal["request", "provider", "authorised", "own", "platform", "unknown"]:
    names = [snake(n) for n in _names(value)]
    if any(s.kind in ("body", "query", "path", "raw") for s in asked):
        return "request"
    if _of_provider(model, value):
        return "provider"
    if any(_LEFT.search(n) for n in names):
        return "authorised"
    if any(isinstance(p, Member) and _MONEY.search(snake(p.name)) for p in pieces([value], _PIECES)):
        return "own"
    platform = depends_on_caller(model, value) and entries and all(e.role == "platform" for e in entries)
    return "platform" if platform else "unknown"


def _names(value: Value) -> list[str]:
    """The names of members and elements that a value is read from."""
    out: list[str] = []
    for piece in pieces([value], _PIECES):
        if isinstance(piece, (Member, Param)):
            out.append(piece.name)
        elif isinstance(piece, Element) and piece.key is not None and (text := constant(piece.key)):
            out.append(text)
    return out


def _of_provider(model: Model, value: Value) -> bool:
    """Whether an amount is read from what the provider answered."""

    def onward(here: Value) -> list[Value]:
        given = model.evaluator.arguments(here) if _is_call(here) and model.requests.cleans(here) else ()
        return [*(v for _, v in given if not isinstance(v, FunctionV)), *here.parts()]

    for here in pieces([value], _PIECES, onward):
        known = model.operations.at(here.fn, here.instr, here.ctx) if _is_call(here) else None
        if known is not None and isinstance(known.thing, Operation):
            return True
    return False


def _is_call(value: Value) -> TypeGuard[Result]:
    return isinstance(value, Result) and value.instr >= 0 and not value.new


def bound(model: Model, capture: Capture) -> Evidence | None:
    """The line that holds the amount to what was authorised and is not captured yet: a comparison, or the smaller of the two."""
    words = (
        {s.key.rpartition(".")[2] for s in capture.asked if s.key}
        | {n for n in _names(capture.value) if _MONEY.search(snake(n))}
        | {"amount"}
    )
    for fn in capture.around:
        if not (words & model.vocabulary.tokens(fn)):
            continue
        body = model.program.body(fn)
        for i, op in enumerate(body.op):
            if op == Op.BINARY and body.text(body.args(i)[0]) in _ORDER:
                sides = body.args(i)[1:3]
            elif op == Op.CALL and body.op[body.args(i)[0]] in (Op.NAME, Op.FIELD) and body.name(body.args(i)[0]) == "min":
                sides = [a for _, a in body.call(i)[1]]
            else:
                continue
            if _holds_to(model, fn, sides, words):
                return at(model.program, fn, i, "the amount is held to what was authorised", "guard")
        for i, key, limits in ceilings(body):
            named = {name for limit in limits for name in _written(model, fn, limit)} if key in words else set()
            if any(_LEFT.search(snake(n)) or _MONEY.search(snake(n)) for n in named - words):
                return at(model.program, fn, i, "what is sent may not be more than was authorised", "guard")
    return None


def _holds_to(model: Model, fn: Fn, sides: list[int], words: set[str]) -> bool:
    """Whether one side is the amount and another something of ours that limits it."""
    told = [set(_written(model, fn, s)) for s in sides]
    for n, names in enumerate(told):
        others = {w for m, t in enumerate(told) if m != n for w in t}
        if names & words and any(_LEFT.search(snake(w)) or _MONEY.search(snake(w)) for w in others - words):
            return True
    return False


def _written(model: Model, fn: Fn, i: int, depth: int = 0) -> Iterator[str]:
    """The names that an operand is written with, calls and arithmetic looked through; a member's name outweighs that of its object."""
    body = model.program.body(fn)
    op, args = body.op[i], body.args(i)
    if depth > 6:
        return
    if op in (Op.NAME, Op.FIELD):
        yield body.name(i).lstrip("$")
    elif op == Op.INDEX:
        const = body.const(args[1])
        yield const[1].strip("'\"") if const else ""
    elif op == Op.CALL:
        yield from _written(model, fn, args[0], depth + 1)
        for _, given in body.call(i)[1]:
            yield from _written(model, fn, given, depth + 1)
    elif op in (Op.BINARY, Op.CAST, Op.UNARY, Op.CHOICE):
        for a in args[1:]:
            yield from _written(model, fn, a, depth + 1)
    elif op == Op.AWAIT:
        yield from _written(model, fn, args[0], depth + 1)


def staff_only(capture: Capture) -> bool:
    """Whether nobody but staff can ask for the capture."""
    return bool(capture.entries) and all(e.role in ("staff", "internal") for e in capture.entries)
