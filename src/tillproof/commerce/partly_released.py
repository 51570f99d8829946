"""Cancellations that put the goods back in some of the states in which an order may be cancelled, and leave another's where they are."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

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
    """``states``: those in which nothing is put back. ``taken``: where stock is taken for an order that gets the first of them."""

    states: tuple[str, ...]
    taken: Place


class PartlyReleased:
    """Answers by cancellation. ``taken``: where stock is taken away."""

    def __init__(self, model: "Model", taken: list[StockWrite]) -> None:
        self.model = model
        self._taken = taken
        self._held: dict[str, Place] | None = None

    def left(self, transition: Transition, releases: list[Effect]) -> Left | None:
        """The states in which an order is cancelled without its goods being put back, while stock is taken for an order that gets one.
        ``releases``: all that puts goods back in such a run."""
        allowed = self.allowed(transition)
        if not allowed or not releases:
            return None
        own = {(a.fn, a.instr) for a in transition.guards}
        missing = set(allowed)
        for effect in releases:
            among = [self._among(found, allowed, transition, own) for found in self._asked(effect)]
            if all(words is None for words in among):
                return None  # whatever the state
            missing -= allowed.intersection(*(words for words in among if words is not None))
        held = self._taken_for() if missing else {}
        states = tuple(sorted(s for s in missing if s in held))
        return Left(states, held[states[0]]) if states else None

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

    def _taken_for(self) -> dict[str, Place]:
        """The states that an order gets in a run that takes stock for it, each with where that is."""
        if self._held is None:
            self._held = {}
            for write in self._taken:
                for entry in self.model.entries_to(write.place.fn)[:_MOST_ENTRIES]:
                    for state in self._got(entry.target, write):
                        self._held.setdefault(state, write.place)
        return self._held

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
        return out
