"""Payments that are noted as made before the order is: when our own code refuses the order, the next delivery finds the payment made, and
is answered as done."""

from collections.abc import Sequence

from tillproof.checks.resilience.marked_first import Marked, comes_before, kept_for_good, told_of_failure
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.entities import same
from tillproof.commerce.handled import Handler
from tillproof.commerce.model import Model
from tillproof.commerce.repeats import Guard
from tillproof.commerce.transitions import moved_to_paid
from tillproof.flow.program import Fn
from tillproof.ir.ops import Op


def stated_first(model: Model, handler: Handler, stakes: list[Effect]) -> Marked | None:
    """Where a payment's state, which a later delivery is passed over for, is written outside the transaction of the order that hangs on it,
    and before code that may refuse that order."""
    target = handler.entry.target
    paid = {(t.effect.fn, t.effect.instr) for t in model.transitions.of(target) if moved_to_paid(model.words, t)}
    effects = model.effects.of(target)
    for work, guards in told_of_failure(model, handler, stakes):
        found = _stated(model, guards, work, effects, paid) if _is_owed(model, work) else None
        if found is not None:
            return found
    return None


def _stated(model: Model, guards: Sequence[Guard], work: Effect, effects: list[Effect], paid: set[tuple[Fn, int]]) -> Marked | None:
    for guard in guards:
        atom = guard.atom
        if guard.atomic or atom.truth is None or not any(model.words.says_state(r.field) for r in model.states.reads(atom)):
            continue
        mark = next((e for e in guard.by if (e.fn, e.instr) in paid and _is_apart(e, work) and comes_before(model, e, work)), None)
        if mark is None or len(guard.by) != 1 or not _may_refuse(model, mark, work):
            continue
        if kept_for_good(model, mark, work, effects) and model.outcomes.passes_over(atom.fn, atom.instr, answers=True):
            return Marked(Place(atom.fn, atom.instr, atom.ctx), mark, work)
    return None


def _is_owed(model: Model, work: Effect) -> bool:
    """Whether an effect is what the customer has paid for: his order, or the goods."""
    touch = work.touch
    owed = touch is not None and (model.words.has("order_entities", touch.entity) or model.words.has("goods_entities", touch.entity))
    return owed and touch is not None and touch.kind in ("write", "upsert")


def _is_apart(mark: Effect, work: Effect) -> bool:
    """Whether two effects are on records of different kinds."""
    return mark.touch is not None and work.touch is not None and not same(mark.touch.entity, work.touch.entity)


def _may_refuse(model: Model, mark: Effect, work: Effect) -> bool:
    """Whether code that is entered for the work alone raises something before it."""
    shared = {place.fn for place in mark.way}
    own = [place for place in work.way if place.fn not in shared]
    return any(op == Op.RAISE for place in own for op in model.program.body(place.fn).op[: place.instr])
