"""Whoever sends a message says by which of our keys it is proven: one that nobody has set up is empty, and everybody can sign with it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tillproof.checks.payment.empty_keys import empty_option
from tillproof.checks.ruling import Evidence, at
from tillproof.commerce.effects import Place
from tillproof.commerce.handled import Handler
from tillproof.commerce.model import Model
from tillproof.commerce.proof import Proven
from tillproof.commerce.requests import Source
from tillproof.commerce.salted import digests
from tillproof.flow.defuse import value_operands
from tillproof.flow.facts import Condition, Either
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx, Param, Result, Value, pieces
from tillproof.ir.ops import Op

_PIECES = 120
_MOST_CALLERS = 12
_DEEPEST = 6
_TRIED = re.compile(r"test|sandbox|demo|dev|debug|mode|env")
_KEY_AT = {"hash_hmac": 2}


@dataclass(frozen=True, slots=True)
class ChosenKey:
    """``place``: where the key is taken; ``chooser``: what the sender chooses it by; ``empty``: why it may be empty. ``spare``: the empty
    one is another than that by which real messages are proven, so that nobody misses it."""

    place: Place
    chooser: Evidence
    empty: Evidence
    spare: bool


def chosen_key(model: Model, handler: Handler, proof: Proven) -> ChosenKey | None:
    """Where the sender chooses the key of the digest that a proof compares, one that may be empty among them; None where he does not."""
    if not proof.mac or model.program.language(proof.fn.file) != "php":
        return None
    for key in _keys(model, proof):
        found = _by_setting(model, handler, key) or _by_branch(model, handler, key)
        if found is not None:
            return found
    return None


def _keys(model: Model, proof: Proven) -> Iterator[Value]:
    """What the digests of a proof are keyed by; all that goes into those without a key of their own."""
    body = model.program.body(proof.fn)
    given = [a for _, a in body.call(proof.instr)[1]] if body.op[proof.instr] == Op.CALL else list(body.args(proof.instr)[1:3])
    for argument in given:
        for made in digests(model, model.evaluator.value(proof.fn, argument, proof.ctx)):
            name = model.program.body(made.fn).called(made.instr)
            number = _KEY_AT.get(name)
            arguments = [v for _, v in model.evaluator.arguments(made)]
            yield from arguments if number is None else arguments[number : number + 1]


def _by_setting(model: Model, handler: Handler, key: Value) -> ChosenKey | None:
    """A setting whose name is put together from what is sent: ``Configuration::get("key_$method")``."""
    for piece in _with_callers(model, handler, key):
        if not isinstance(piece, Result) or piece.instr < 0 or not model.recogniser.result_is("config", piece):
            continue
        body = model.program.body(piece.fn)
        given = body.call(piece.instr)[1]
        kept = [body.name(use) for use in model.evaluator.defuse(piece.fn).uses(piece.instr) if body.op[use] == Op.STORE]
        if any(_is_asked(model, piece.fn, name) for name in kept):
            continue
        source = _hangs_on(model, piece.fn, given[0][1], 0) if given else None
        if source is not None:
            place = at(
                model.program, piece.fn, piece.instr, "a setting of which the name hangs on it, and that need not be there", "source"
            )
            said = Evidence(*source.at, f"`{source.key}` is what the sender says", "source")
            return ChosenKey(Place(piece.fn, piece.instr, piece.ctx), said, place, True)
    return None


def _hangs_on(model: Model, fn: Fn, i: int, depth: int) -> Source | None:
    """The piece of the message by which a value is chosen: it is one, is put together with it, or looked up by it in a table of ours."""
    source = model.requests.source(model.evaluator.value(fn, i))
    if source is not None and source.key and source.kind in ("body", "query", "path"):
        return source
    body = model.program.body(fn)
    if depth > _DEEPEST:
        return None
    if body.op[i] == Op.NAME:
        below = [body.args(s)[1] for s in model.evaluator.defuse(fn).reaching(i, body.name(i)).stores]
    elif body.op[i] in (Op.CALL, Op.NEW):
        below = [v for _, v in body.call(i)[1]]
    else:
        below = value_operands(body, i)
    return next((found for one in below if (found := _hangs_on(model, fn, one, depth + 1)) is not None), None)


def _with_callers(model: Model, handler: Handler, key: Value) -> Iterator[Value]:
    """What a key is made of; a parameter that the way to it has lost, as of an object that is made once, is what callers hand over."""
    near = handler.closure.functions
    for piece in pieces([key], _PIECES, model.evaluator.made_of):
        yield piece
        if isinstance(piece, Param):
            for ctx in model.callers.above(piece.fn, None)[:_MOST_CALLERS]:
                if ctx.caller in near and (given := _handed(model, piece, ctx)) is not None:
                    yield from pieces([given], _PIECES, model.evaluator.made_of)


def _handed(model: Model, piece: Param, ctx: Ctx) -> Value | None:
    given = [v for k, v in model.program.body(ctx.caller).call(ctx.call)[1] if k == ""]
    return model.evaluator.value(ctx.caller, given[piece.number], ctx.parent) if piece.number < len(given) else None


def _by_branch(model: Model, handler: Handler, key: Value) -> ChosenKey | None:
    """A variable that gets one key or another by what is sent, and one of them may be empty."""
    for fn in handler.closure.functions:
        for name, stores in _stored(model, fn).items():
            values = [(s, model.evaluator.value(fn, model.program.body(fn).args(s)[1])) for s in stores]
            mine = [(s, v) for s, v in values if _is_part(model, v, key)]
            if len(mine) < 2 or len({id(v) for _, v in mine}) < 2:
                continue
            for store, value in mine:
                empty = empty_option(model, value)
                told = _chosen_by(model, fn, store) if empty is not None and not _is_asked(model, fn, name) else None
                if empty is not None and told is not None:
                    why = Evidence(*empty.at, f"`{name}` is empty where nothing has been set up", "source")
                    return ChosenKey(Place(fn, store, None), told[0], why, told[1])
    return None


def _stored(model: Model, fn: Fn) -> dict[str, list[int]]:
    """The variables of a function that are written more than once."""
    found: dict[str, list[int]] = {}
    body = model.program.body(fn)
    for i, op in enumerate(body.op):
        if op == Op.STORE:
            found.setdefault(body.name(i), []).append(i)
    return {name: stores for name, stores in found.items() if len(stores) > 1}


def _is_part(model: Model, value: Value, key: Value) -> bool:
    """Whether a value is one of those that a key is made of, by where it comes from."""
    places = {p.at for p in pieces([key], _PIECES, model.evaluator.made_of) if not p.parts()}
    return any(p.at in places for p in pieces([value], _PIECES) if not p.parts())


def _is_asked(model: Model, fn: Fn, name: str) -> bool:
    """Whether a function asks if a variable holds anything: ``if (!$key) { exit; }``."""
    body = model.program.body(fn)
    for i, op in enumerate(body.op):
        asked = body.args(i)[0] if op == Op.BRANCH else -1
        while asked >= 0 and body.op[asked] == Op.UNARY:
            asked = body.args(asked)[1]
        if asked >= 0 and body.op[asked] == Op.CALL and body.called(asked) in ("empty", "isset", "strlen") and body.call(asked)[1]:
            asked = body.call(asked)[1][0][1]
        sides = body.args(asked)[1:3] if asked >= 0 and body.op[asked] == Op.BINARY else [asked]
        if any(s >= 0 and body.op[s] == Op.NAME and body.name(s) == name for s in sides):
            return True
    return False


def _chosen_by(model: Model, fn: Fn, store: int) -> tuple[Evidence, bool] | None:
    """The condition on what is sent under which a store is made, and whether it says that all is only tried out."""
    body = model.program.body(fn)
    found: tuple[Evidence, bool] | None = None
    for fact in model.effects.facts(fn).at(store):
        conditions = fact.conditions if isinstance(fact, Either) else (fact,) if isinstance(fact, Condition) else ()
        for condition in conditions:
            i = condition.instr
            sides = body.args(i)[1:3] if body.op[i] == Op.BINARY else [v for _, v in body.call(i)[1]] if body.op[i] == Op.CALL else [i]
            sent = (model.requests.source(model.evaluator.value(fn, side)) for side in sides)
            source = next((s for s in sent if s is not None and s.key and s.kind in ("body", "query", "path")), None)
            if source is not None:
                tried = _TRIED.search((source.key or "").lower()) is not None
                if found is None or tried:
                    found = at(model.program, fn, i, f"`{source.key}` is what the sender says", "source"), tried
    return found
