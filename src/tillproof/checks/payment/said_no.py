"""Orders that go on where the provider's own answer is that no payment was made: ``if ($valid) { …; return; } if (sandbox()) { … }``."""

from collections.abc import Iterator
from itertools import chain

from tillproof.commerce.model import Model
from tillproof.commerce.paid import PaidPolicy
from tillproof.flow.facts import Condition, Passed
from tillproof.flow.proofs import Happening
from tillproof.flow.values import Result, pieces

_PIECES = 60


def said_no(model: Model, policy: PaidPolicy, act: Happening, paid: list[Happening]) -> bool:
    """Whether an order is paid where what is asked of the provider's answer came out as no, and paid elsewhere in the same function where
    it came out as yes. Where something else that he answers came out as yes, it was asked which of two ways of paying this is."""
    if any(c.truth and _of_answer(model, policy, act, c.instr) for either in _asked(model, act) for c in either):
        return False
    yes = {c.instr for other in paid if other.fn == act.fn for c in chain.from_iterable(_asked(model, other)) if c.truth}
    for either in _asked(model, act):
        if all(not c.truth and c.instr in yes for c in either) and any(_of_answer(model, policy, act, c.instr) for c in either):
            return True
    return False


def _asked(model: Model, act: Happening) -> Iterator[tuple[Condition, ...]]:
    """The conditions that have come out before it, and of an `or` those of which one has."""
    for fact in model.effects.facts(act.fn).at(act.instr):
        if not isinstance(fact, Passed):
            yield (fact,) if isinstance(fact, Condition) else fact.conditions


def _of_answer(model: Model, policy: PaidPolicy, act: Happening, i: int) -> bool:
    """Whether a condition is made of what the provider answered where he was asked."""
    asked = {(p.fn, p.instr) for p in policy.proofs.values() if p.refetch}
    inside = pieces([model.evaluator.value(act.fn, i, act.ctx)], _PIECES, model.evaluator.made_of)
    return any(isinstance(p, Result) and (p.fn, p.instr) in asked for p in inside)
