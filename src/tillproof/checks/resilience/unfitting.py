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
from tillproof.ir.ops import Op


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
        for branch, _ in branches(body, defuse, atom.instr):
            if leads_past(model, place, branch) and not _said(model, place.fn, branch, defuse.block_of[place.instr]):
                return Place(place.fn, branch, place.ctx)
    return None


def _said(model: Model, fn: Fn, branch: int, target: int) -> bool:
    """Whether anything is done, logged or told on the side of a branch that does not lead to a block: whoever reads it can act."""
    body, defuse = model.program.body(fn), model.evaluator.defuse(fn)
    sides = [reached_from(body, t) for t in body.blocks[defuse.block_of[branch]].onward]
    own = frozenset().union(*(s for s in sides if target not in s)) - reached_from(body, target)
    rows = set(body.rows(own))
    logged = any(site.instr in rows for site in model.logs.sites(fn))
    calls = (i for i in rows if body.op[i] in (Op.CALL, Op.NEW))
    told = any(model.recogniser.is_(kind, fn, i) is not None for i in calls for kind in ("loggers", "journals", "reporters"))
    return logged or told or model.failures.acts_in(fn, own) or model.failures.passes_on(fn, own)
