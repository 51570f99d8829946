"""What a customer's request makes only as long as there is none yet: a booking, a return, a subscription. Two requests at once both find
none, and make two."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tillproof.commerce.entities import same
from tillproof.commerce.entries import Entry
from tillproof.commerce.once_only import OnceOnly
from tillproof.commerce.repeats import Guard, Repeat
from tillproof.flow.program import Fn

if TYPE_CHECKING:
    from tillproof.commerce.effects import Effect
    from tillproof.commerce.model import Model

# What there is to be only one of, for a customer or an order.
_ONE = re.compile(
    r"(\w+_)?(return|refund|exchange|cancellation|claim)(_?request)?s?"
    r"|(\w+_)?(booking|reservation|registration|enrol(l)?ment|subscription|membership)s?"
    r"|(\w+_)?(coupon|voucher|promo(tion)?|discount|gift_?card)_?(code_?)?(usage|use|redemption|user)s?"
)
_AT_PROVIDER = ("subscription.create",)


@dataclass(frozen=True, slots=True)
class Sought:
    """``repeat``: what is made, ``look``: the condition that found none. ``kept``: why two at once do not both make one, or empty."""

    entry: Entry
    repeat: Repeat
    look: Guard
    kept: str


class SoughtFirst:
    """Found once. ``kept``: why the database or the provider keeps something from happening twice, or empty."""

    def __init__(self, model: "Model", once: OnceOnly, kept: Callable[[Repeat], str]) -> None:
        self.model = model
        self._once = once
        self._kept_by_rows = kept

    @cached_property
    def all(self) -> list[Sought]:
        """One for each look, behind the routes of customers."""
        found: dict[tuple[Fn, int], Sought] = {}
        for entry in self.model.handlers.of_customers:
            for one in self._of(entry):
                found.setdefault((one.look.atom.fn, one.look.atom.instr), one)
        return list(found.values())

    def _of(self, entry: Entry) -> Iterator[Sought]:
        for effect in self.model.effects.of(entry.target):
            if not effect.certain or not self._is_one(effect):
                continue
            guards = self.model.repeats.guards(effect, entry.target)
            looks = [g for g in guards if self._looks_for(g, effect)]
            if looks:
                repeat = Repeat(effect, "record", guards)
                kept = next((g.atomic for g in guards if g.atomic), "") or self._kept_by_rows(repeat) or self._unique(looks, effect)
                yield Sought(entry, repeat, looks[-1], kept or self._once.refused(looks[-1]))

    def _is_one(self, effect: "Effect") -> bool:
        if effect.kind in _AT_PROVIDER:
            return True
        return effect.touch is not None and effect.touch.kind == "create" and _ONE.fullmatch(effect.touch.entity) is not None

    def _looks_for(self, guard: Guard, effect: "Effect") -> bool:
        """Whether a condition asks whether there is such a row."""
        read = self.model.states.existence(guard.atom)
        if read is None:
            return False
        entity = effect.touch.entity if effect.touch is not None else "subscription"
        return same(read.entity, entity) or (effect.touch is None and read.entity.endswith(entity))

    def _unique(self, looks: list[Guard], effect: "Effect") -> str:
        """Whether the database takes only one row with what was looked for."""
        for look in looks:
            read = self.model.states.existence(look.atom)
            found = self.model.schema.unique(read.entity, tuple(read.compared), effect.fn.file) if read is not None else None
            if found is not None:
                return f"the database refuses a second one ({found.file}:{found.line})"
        return ""
