"""Money that went back before the shop was sure that it would book it: a refusal that stands behind the call that refunds, and by which
what would have been written is never written, or is rolled back."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.conditions import Atom, flat
from tillproof.commerce.effects import Effect, Held, Place
from tillproof.commerce.lexicon import snake
from tillproof.commerce.refunds import Refund
from tillproof.commerce.rolled_back import transactions
from tillproof.flow.facts import Condition, Passed
from tillproof.flow.program import Fn
from tillproof.flow.tries import reached_from
from tillproof.flow.values import Ctx, FunctionV, Member, Result, options, pieces
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Operation

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_ORDER = ("<", "<=", ">", ">=")
_KEPT = re.compile(r"(^|_)(balance|points|credits?|stock|quantity)(_|$)")
_PIECES = 60


class LateRefusal(NamedTuple):
    """``refused``: where it is refused, in the function that calls the refund. ``asked``: the condition on which it is. ``begun``: the
    transaction that takes back what was written; None where nothing was written yet."""

    refund: Refund
    refused: Place
    asked: Place
    begun: Place | None


class LateRefusals:
    """Answers by refund."""

    def __init__(self, model: "Model") -> None:
        self.model = model

    def of(self, refund: Refund, written: list[Effect]) -> LateRefusal | None:
        """The refusal by which a refund that was made is not booked. ``written``: all that writes it down."""
        for n, (fn, i, ctx) in enumerate(refund.calls):
            above = [Place(*call) for call in refund.calls[n + 1 :]]
            for refused, asked in self._refusals(fn, i, ctx) if written else ():
                begun = self._taken_back(refused, above, written)
                if begun is not None or self._comes_first(refused, written):
                    return LateRefusal(refund, refused, asked, begun)
        return None

    def _refusals(self, fn: Fn, i: int, ctx: Ctx | None) -> Iterator[tuple[Place, Place]]:
        """Where a function refuses once a call has come back, by what it reads of its own records, with the condition."""
        body, facts = self.model.program.body(fn), self.model.effects.facts(fn)
        before = set(facts.at(i))
        for r, op in enumerate(body.op):
            if op not in (Op.RAISE, Op.CALL) or r == i or Passed(i) not in (now := facts.at(r)):
                continue
            if op == Op.CALL:
                yield from ((Place(fn, r, ctx), asked) for asked in self._inside(fn, r, ctx))
                continue
            since = [f for f in now if isinstance(f, Condition) and f not in before]
            if since and not any(self._is_of_answer(fn, f.instr, ctx, i) for f in since):
                asked = next((Place(fn, f.instr, ctx) for f in reversed(since) if self._compares_own(fn, f, ctx)), None)
                if asked is not None:
                    yield Place(fn, r, ctx), asked

    def _inside(self, fn: Fn, call: int, ctx: Ctx | None) -> Iterator[Place]:
        """The conditions on which a function that is called refuses."""
        callee = self.model.program.body(fn).args(call)[0]
        for option in options(self.model.evaluator.value(fn, callee, ctx)):
            if not isinstance(option, FunctionV) or option.fn == fn:
                continue
            within, inner = self.model.evaluator.context(option, fn, call, ctx), self.model.program.body(option.fn)
            for r, op in enumerate(inner.op):
                facts = self.model.effects.facts(option.fn).at(r) if op == Op.RAISE else []
                asked = [f for f in facts if isinstance(f, Condition)]
                if asked and self._compares_own(option.fn, asked[-1], within):
                    yield Place(option.fn, asked[-1].instr, within)

    def _compares_own(self, fn: Fn, fact: Condition, ctx: Ctx | None) -> bool:
        """Whether a condition holds how much there is, by our records, against something: it could have been asked before."""
        for atom in flat(self.model.conditions.behind(Held(fact, fn, ctx))):
            body = self.model.program.body(atom.fn)
            if body.op[atom.instr] != Op.BINARY or body.text(body.args(atom.instr)[0]) not in _ORDER:
                continue
            sides = body.args(atom.instr)[1:3]
            fields = all(body.op[s] in (Op.FIELD, Op.INDEX) for s in sides)
            if fields or self.model.states.reads(atom) or any(self._is_sum(atom, s) for s in sides):
                return True
        return False

    def _is_sum(self, atom: Atom, side: int) -> bool:
        """Whether what is compared is worked out of a sum on record: ``payment.amount - payment.refunded``."""
        made = pieces([self.model.evaluator.value(atom.fn, side, atom.ctx)], _PIECES)
        return any(isinstance(p, Member) and (self.model.words.money(p.name) or _KEPT.search(snake(p.name)) is not None) for p in made)

    def _is_of_answer(self, fn: Fn, condition: int, ctx: Ctx | None, call: int) -> bool:
        """Whether a condition looks at what the provider answered."""
        body = self.model.program.body(fn)
        sides = body.args(condition)[1:3] if body.op[condition] == Op.BINARY else [condition]
        for here in pieces([self.model.evaluator.value(fn, s, ctx) for s in sides], _PIECES):
            if isinstance(here, Result) and here.instr >= 0:
                known = self.model.operations.at(here.fn, here.instr, here.ctx)
                if (here.fn, here.instr) == (fn, call) or (known is not None and isinstance(known.thing, Operation)):
                    return True
        return False

    def _taken_back(self, refused: Place, above: list[Place], written: list[Effect]) -> Place | None:
        """The transaction in which all is written down that is, and that ends with the refusal."""
        for place in (refused, *above):
            begun = self.model.regions.transaction(place)
            if begun is not None:
                return begun if all(begun in transactions(self.model, e) for e in written) else None
            catch = self.model.failures.around(place)
            if catch is not None and not self.model.failures.raises_again(place.fn, catch):
                return None
        return None

    def _comes_first(self, refused: Place, written: list[Effect]) -> bool:
        """Whether all that is written down is written behind the refusal, in the function that refuses."""
        body, block_of = self.model.program.body(refused.fn), self.model.evaluator.defuse(refused.fn).block_of
        at = block_of[refused.instr]
        for effect in written:
            here = next((p for p in effect.way if p.fn == refused.fn), None)
            if here is None or here.instr < refused.instr or at in reached_from(body, block_of[here.instr]) - {block_of[here.instr]}:
                return False
        return self.model.failures.around(refused) is None
