"""Verifiers that verify nothing: a handler asks one before it acts, and it answers yes whatever was sent."""

import re

from tillproof.commerce.entries import Entry
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.flow.facts import Passed
from tillproof.flow.program import TOP, Fn
from tillproof.flow.proofs import Happening
from tillproof.flow.tries import reached_from
from tillproof.flow.values import Const, Ctx, FunctionV, options
from tillproof.ir.ops import Op

_VERIFIES = re.compile(r"verif|valid|signature|signed|authentic|genuine|trusted|hmac|webhook_?(guard|auth)")
_WORKS = (Op.RAISE, Op.BRANCH, Op.BINARY, Op.SET_FIELD, Op.SET_INDEX)


def empty_verifier(model: Model, entry: Entry, act: Happening) -> Fn | None:
    """The function of ours that is asked before the handler, or on the way to an act, whether the message is genuine, and that says so of
    any."""
    before = [v.fn for v in entry.chain if isinstance(v, FunctionV) and v.fn != entry.target.fn]
    if (found_before := next((fn for fn in before if _is_empty(model, fn)), None)) is not None:
        return found_before
    places: list[tuple[Fn, int, Ctx | None]] = [(act.fn, act.instr, act.ctx)]
    places += [(c.caller, c.call, c.parent) for c in (act.ctx.chain() if act.ctx else ()) if c.call >= 0]
    for fn, i, ctx in places:
        body = model.program.body(fn)
        for fact in model.effects.facts(fn).at(i):
            if not isinstance(fact, Passed) or body.op[fact.instr] != Op.CALL:
                continue
            found = options(model.evaluator.value(fn, body.args(fact.instr)[0], ctx))
            targets = [o.fn for o in found if isinstance(o, FunctionV)]
            if targets and len(targets) == len(found) and all(_is_empty(model, t) for t in targets):
                return targets[0]
    return None


def _is_empty(model: Model, fn: Fn) -> bool:
    """Whether a function that is called a verifier looks at nothing: it only says yes, or does nothing at all."""
    program = model.program
    if fn.number == TOP or not _VERIFIES.search(snake(program.qualified(fn))):
        return False
    body = program.body(fn)
    given = [p.name for p in body.params]  # `next()` hands on
    calls = [i for i, op in enumerate(body.op) if op in (Op.CALL, Op.NEW) and body.called(i) not in given]
    if any(op in _WORKS for op in body.op) or any(model.recogniser.is_("loggers", fn, i) is None for i in calls):
        return False
    normal = body.rows(reached_from(body, 0))  # what it answers to a failure is never come to: nothing here can fail
    answers = [body.args(i)[0] for i in normal if body.op[i] == Op.RETURN and body.args(i)[0] >= 0]
    values = [o for a in answers for o in options(model.evaluator.value(fn, a))]
    return all(isinstance(o, Const) and not o.falsy for o in values)
