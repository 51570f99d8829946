"""A comparison of signatures of which both sides are made the same before: ``if (refund) { $made = 'skipped'; $sent = $made; }``."""

from collections.abc import Iterator
from typing import NamedTuple

from tillproof.commerce.model import Model
from tillproof.commerce.proof import Proven
from tillproof.flow.choosing import conditions_of
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx, Member, Result, Value, leaves
from tillproof.ir.ops import Op

_MOST_PIECES = 60
_DEEPEST = 4


class Overwritten(NamedTuple):
    """Where one side is overwritten, and the condition under which it is."""

    fn: Fn
    store: int
    condition: int


def made_the_same(model: Model, proof: Proven) -> Overwritten | None:
    """Where both sides of a proof that compares are made the same because of something that was sent."""
    for fn, left, right, ctx in _sides(model, proof):
        body, defuse = model.program.body(fn), model.evaluator.defuse(fn)
        if body.op[left] != Op.NAME or body.op[right] != Op.NAME:
            continue
        names = body.name(left), body.name(right)
        stores = [defuse.reaching(i, name).stores for i, name in zip((left, right), names, strict=True)]
        for store in (s for side in stores if len(side) > 1 for s in side if body.op[s] == Op.STORE):
            if not _equals_other(model, fn, store, names, stores):
                continue
            for condition in conditions_of(body, defuse, store):
                if _is_sent(model, fn, condition.instr, ctx):
                    return Overwritten(fn, store, condition.instr)
    return None


def _equals_other(model: Model, fn: Fn, store: int, names: tuple[str, str], stores: list[tuple[int, ...]]) -> bool:
    """Whether a variable is given what the other one holds then, or the same text as that one is given beside it."""
    body, block_of = model.program.body(fn), model.evaluator.defuse(fn).block_of
    value, other = body.args(store)[1], names[1] if body.name(store) == names[0] else names[0]
    if body.op[value] == Op.NAME and body.name(value) == other:
        return True
    const = body.const(value)
    beside = [s for side in stores for s in side if body.op[s] == Op.STORE and body.name(s) == other and block_of[s] == block_of[store]]
    return const is not None and any(body.const(body.args(s)[1]) == const for s in beside)


def _sides(model: Model, proof: Proven) -> Iterator[tuple[Fn, int, int, Ctx | None]]:
    """The two things that are compared, here and in the callers that hand both over."""
    body = model.program.body(proof.fn)
    given = body.args(proof.instr)[1:3] if body.op[proof.instr] == Op.BINARY else [a for _, a in body.call(proof.instr)[1]]
    fn, ctx = proof.fn, proof.ctx
    for _ in range(_DEEPEST):
        if len(given) != 2:
            return
        yield fn, given[0], given[1], ctx
        body, defuse = model.program.body(fn), model.evaluator.defuse(fn)
        numbers = []
        for i in given:
            kept = [body.args(s)[1] for s in defuse.reaching(i, body.name(i)).stores] if body.op[i] == Op.NAME else [i]
            numbers += [body.args(n)[0] for n in kept if body.op[n] == Op.PARAM]
        if len(numbers) != 2 or ctx is None or ctx.fn != fn or ctx.call < 0 or ctx.callback:
            return
        handed = [model.records.chains.argument(fn, number, ctx) for number in numbers]
        above = [h for h in handed if h is not None]
        if len(above) != 2 or above[0][0] != above[1][0]:
            return
        fn, given, ctx = above[0][0], [above[0][1], above[1][1]], above[0][2]


def _is_sent(model: Model, fn: Fn, i: int, ctx: Ctx | None) -> bool:
    """Whether a condition hangs on what was sent."""
    body = model.program.body(fn)
    rows = body.args(i)[1:3] if body.op[i] == Op.BINARY else [a for _, a in body.call(i)[1]] if body.op[i] == Op.CALL else [i]
    waiting: list[Value] = [model.evaluator.value(fn, row, ctx) for row in rows]
    seen = 0
    while waiting and seen < _MOST_PIECES:
        value = waiting.pop()
        seen += 1
        if model.requests.sources_in(value, _MOST_PIECES) or any(model.requests.source(leaf) is not None for leaf in leaves(value, 40)):
            return True
        if isinstance(value, Result) and value.instr >= 0:
            waiting += [v for _, v in model.evaluator.arguments(value)]
            waiting += [value.callee.base] if isinstance(value.callee, Member) else []
    return False
