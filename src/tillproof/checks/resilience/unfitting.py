"""Payments that are dropped since what was paid is not what is owed: the sums or currencies differ, nothing is done, nothing is even
logged, and success is answered."""

from typing import NamedTuple

from tillproof.checks.resilience.losses import goes_on_quietly
from tillproof.checks.resilience.refused_requests import leads_past
from tillproof.checks.resilience.unfound import pays
from tillproof.commerce.conditions import Atom
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.handled import Handler
from tillproof.commerce.model import Model
from tillproof.commerce.reconciling import Reconciling
from tillproof.flow.asked import branches
from tillproof.flow.program import Fn
from tillproof.flow.tries import reached_from
from tillproof.flow.values import FunctionV, options
from tillproof.ir.body import EDGE_FALSE, EDGE_TRUE, Body
from tillproof.ir.ops import Op

_DEEPEST = 2
_EQUAL = ("==", "===", "is")
_UNEQUAL = ("!=", "!==", "is not")


class Unfitting(NamedTuple):
    """What is left undone, and the comparison behind which a payment that does not fit is dropped."""

    effect: Effect
    dropped: Place


def unfitting(model: Model, handler: Handler) -> Unfitting | None:
    """The first comparison of what was paid with what is owed by which a message is passed over without a word to anybody."""
    if handler.kind == "redirect-return":
        return None
    reconciling = Reconciling(model)
    for change in model.transitions.of(handler.entry.target):
        if not pays(model, change):
            continue
        tied = reconciling.of(change.effect)
        for atom in (*tied.amount, *tied.currency):
            dropped = _dropped(model, change.effect, atom)
            if dropped is not None:
                return Unfitting(change.effect, dropped)
    return None


def _dropped(model: Model, effect: Effect, atom: Atom) -> Place | None:
    for n, place in enumerate(effect.way):
        if place.fn != atom.fn or not (n + 1 == len(effect.way) or goes_on_quietly(model, effect.way[n + 1 :])):
            continue
        body, defuse = model.program.body(place.fn), model.evaluator.defuse(place.fn)
        for branch, truth in branches(body, defuse, atom.instr):
            if (
                leads_past(model, place, branch)
                and not _fits(body, atom.instr, truth, _leaving(model, place, branch))
                and not _said(model, place.fn, branch, defuse.block_of[place.instr])
            ):
                return Place(place.fn, branch, place.ctx)
    return None


def _leaving(model: Model, place: Place, branch: int) -> bool | None:
    """On which answer of a condition a place is passed by; None when on neither, or on both."""
    body, defuse = model.program.body(place.fn), model.evaluator.defuse(place.fn)
    target = defuse.block_of[place.instr]
    passing = [
        kind
        for kind, to in body.blocks[defuse.block_of[branch]].next
        if kind in (EDGE_TRUE, EDGE_FALSE) and target not in reached_from(body, to)
    ]
    return passing[0] == EDGE_TRUE if len(passing) == 1 else None


def _fits(body: Body, compared: int, truth: bool, leaving: bool | None) -> bool:
    """Whether a way is taken where the two sides of a comparison are the same: what was booked before is passed over there."""
    if leaving is None or body.op[compared] != Op.BINARY:
        return False
    word = body.text(body.args(compared)[0])
    return (word in _EQUAL and leaving == truth) or (word in _UNEQUAL and leaving != truth)


def _said(model: Model, fn: Fn, branch: int, target: int) -> bool:
    """Whether anything is done, logged or told on the side of a branch that does not lead to a block: whoever reads it can act."""
    body, defuse = model.program.body(fn), model.evaluator.defuse(fn)
    sides = [reached_from(body, t) for t in body.blocks[defuse.block_of[branch]].onward]
    own = frozenset().union(*(s for s in sides if target not in s)) - reached_from(body, target)
    rows = set(body.rows(own))
    logged = any(site.instr in rows for site in model.logs.sites(fn))
    calls = [i for i in rows if body.op[i] in (Op.CALL, Op.NEW)]
    if any(_notes(model, o.fn, 0) for i in calls for o in options(model.evaluator.value(fn, body.args(i)[0])) if isinstance(o, FunctionV)):
        return True
    told = any(model.recogniser.is_(kind, fn, i) is not None for i in calls for kind in ("loggers", "journals", "reporters"))
    return logged or told or model.failures.acts_in(fn, own) or model.failures.passes_on(fn, own)


def _notes(model: Model, fn: Fn, depth: int) -> bool:
    """Whether a function of ours logs or writes something down, itself or by another: ``needs_attention(order, why)``."""
    body = model.program.body(fn)
    if model.logs.sites(fn) or model.failures.acts_in(fn, frozenset(range(len(body.blocks)))):
        return True
    return depth < _DEEPEST and any(_notes(model, callee, depth + 1) for callee in model.reach.callees(fn))
