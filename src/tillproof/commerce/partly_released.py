"""Cancellations that put the goods back in some of the states in which an order may be cancelled, and leave another's where they are."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.compared_states import compared_states
from tillproof.commerce.conditions import AnyOf, Atom
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.entities import same
from tillproof.commerce.lexicon import snake
from tillproof.commerce.stock_writes import StockWrite
from tillproof.commerce.touches import text_of
from tillproof.commerce.transitions import Transition
from tillproof.flow.program import Fn
from tillproof.flow.values import FunctionV, options

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_MOST_ENTRIES = 8


class Left(NamedTuple):
    """``states``: those in which nothing is put back. ``taken``: where stock is taken for an order that gets the first of them. ``freed``:
    what is done instead is to free what was promised, which it is no more."""

    states: tuple[str, ...]
    taken: Place
    freed: bool = False


class PartlyReleased:
    """Answers by cancellation. ``taken``: where stock is taken away."""

    def __init__(self, model: "Model", taken: list[StockWrite]) -> None:
        self.model = model
        self._taken = taken
        self._held: dict[bool, dict[str, Place]] = {}

    def left(self, transition: Transition, releases: list[Effect]) -> Left | None:
        """The states in which an order is cancelled without its goods being put back, while stock is taken for an order that gets one.
        ``releases``: all that puts goods back in such a run."""
        allowed = self.allowed(transition)
        if not allowed or not releases:
            return None
        own = {(a.fn, a.instr) for a in transition.guards}
        missing, freed = set(allowed), set[str]()
        for effect in releases:
            among = [self._among(found, allowed, transition, own) for found in self._asked(effect)]
            given = allowed.intersection(*(words for words in among if words is not None))
            kept = given & self._sold().keys() if self._takes_back_promise(effect) else set()
            missing -= given - kept
            freed |= kept
        held = {**self._taken_for(promised=True), **self._sold()} if missing else {}
        states = tuple(sorted(s for s in missing if s in held))
        return Left(states, held[states[0]], states[0] in freed) if states else None

    def _takes_back_promise(self, effect: Effect) -> bool:
        """Whether no goods are put back but only those promised to an order are free again: what was sold since is no promise any more."""
        write = self.model.stock_writes.write(effect.touch) if effect.touch is not None else None
        return write is not None and write.promised

    def _sold(self) -> dict[str, Place]:
        """The states that an order gets where goods are taken off what there is."""
        return self._taken_for(promised=False)

    def allowed(self, transition: Transition) -> set[str]:
        """The states of which the order has to be in one, by the conditions on its own state."""
        out: set[str] = set()
        for atom in transition.guards:
            words = self.model.states.required(atom)
            if words and self._is_about(atom, transition):
                out = (out & words) or out | words  # the sides of an `or` stand one by one
        return out - {"null"}

    def _asked(self, effect: Effect) -> Iterator[Atom | AnyOf]:
        """The conditions that hold when goods are put back."""
        return (one for held in self.model.effects.held(effect) for one in self.model.conditions.behind(held))

    def _among(self, found: Atom | AnyOf, allowed: set[str], transition: Transition, own: set[tuple[Fn, int]]) -> set[str] | None:
        """Those of some states that a condition on the order's own state lets through; None where it is none, or the cancellation's own."""
        if isinstance(found, AnyOf):
            sides = [[self._among(one, allowed, transition, own) for one in group] for group in found.groups]
            told = [[words for words in side if words is not None] for side in sides]
            return set().union(*(allowed.intersection(*side) for side in told)) if told and all(told) else None
        states = self.model.states
        required, excluded = states.required(found), states.excluded(found)
        if (found.fn, found.instr) in own or not (required or excluded) or not self._is_about(found, transition):
            return None
        return (allowed & required if required else allowed) - excluded

    def _is_about(self, atom: Atom, transition: Transition) -> bool:
        reads = self.model.states.reads(atom)
        return any(snake(r.field) == snake(transition.field) and same(r.entity, transition.touch.entity) for r in reads)

    def _taken_for(self, *, promised: bool) -> dict[str, Place]:
        """The states that an order gets in a run that takes stock for it, or promises it, each with where that is."""
        if promised not in self._held:
            held = self._held[promised] = {}
            for write in (w for w in self._taken if w.promised is promised):
                for entry in self.model.entries_to(write.place.fn)[:_MOST_ENTRIES]:
                    for state in self._got(entry.target, write):
                        held.setdefault(state, write.place)
        return self._held[promised]

    def _got(self, target: FunctionV, write: StockWrite) -> set[str]:
        """The states that a run which takes stock gives to an order, by a change or from the beginning."""
        effects = self.model.effects.of(target)
        takes = [e for e in effects if (e.fn, e.instr) == (write.place.fn, write.place.instr)]
        out: set[str] = set()
        for effect in effects:
            touch = effect.touch
            if touch is None or not touch.writes or not self.model.words.entity(touch.entity):
                continue
            if not any(self.model.repeats.together(effect, take) for take in takes):
                continue
            values = (v for n, v in touch.fields.items() if v is not None and self.model.words.has("status_fields", n))
            out |= {t.lower() for v in values for o in options(v) if (t := text_of(o)) is not None}
            told = (words for take in takes for _, words in compared_states(self.model, take, touch))  # `if (next === 'CONFIRMED')`
            out |= {word.lower() for words in told for word in words}
        return out
