"""Where a customer spends what the shop keeps for him: credit, a wallet, points; and what keeps two requests from spending it twice."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tillproof.commerce.conditions import Atom, flat
from tillproof.commerce.effects import Effect
from tillproof.commerce.entities import same
from tillproof.commerce.entries import Entry
from tillproof.commerce.lexicon import snake
from tillproof.commerce.purse_names import holds_balance, may_be_balance
from tillproof.commerce.touches import Touch
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import Member, Mix, Record, Value, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_TAKING = re.compile(rb"decrement|-=|[\w\])]\s+-\s+[\w$(]")
_ORDER = ("<", ">", "<=", ">=")
_SPENDS = ("public", "customer", "internal")
_MOST_ENTRIES = 4


@dataclass(frozen=True, slots=True)
class Spending:
    """A line that takes from a balance that was looked at before. ``kept``: why two requests cannot both take the same, or empty."""

    entry: Entry
    effect: Effect
    touch: Touch
    field: str
    look: Atom
    kept: str


class Spendings:
    """Found once."""

    def __init__(self, model: "Model") -> None:
        self.model = model

    @cached_property
    def all(self) -> list[Spending]:
        """One per line that takes, in order of file and place."""
        found = (self._spending(fn, i) for fn, i in self._takings())
        return [s for s in found if s is not None]

    def _takings(self) -> Iterator[tuple[Fn, int]]:
        """The lines by which a balance goes down."""
        program = self.model.program
        named = ((file, word) for file in program.indices for word in self.model.vocabulary.tokens(Fn(file, TOP)) if may_be_balance(word))
        around = {fn for file, word in named for fn in program.functions_around(file, word)}
        for fn in sorted(around):
            if not self._takes(fn):
                continue
            for i, op in enumerate(program.body(fn).op):
                if op in (Op.CALL, Op.SET_FIELD):
                    touch = self.model.records.touch(fn, i, None)
                    if touch is not None and self._taken(touch):
                        yield fn, i

    def _takes(self, fn: Fn) -> bool:
        """Whether anything is taken from anything in a function, or in those around it, whose variables it writes."""
        program = self.model.program
        function = program.function(fn)
        while function is not None and not _TAKING.search(program.sources[fn.file], function.start, function.end):
            function = program.function(Fn(fn.file, function.parent)) if function.parent >= 0 else None
        return function is not None

    def _taken(self, touch: Touch) -> str:
        """The field of a balance that a write makes smaller by something; empty when there is none."""
        if touch.kind != "write":
            return ""
        body = self.model.program.body(touch.fn)
        counts_down = body.op[touch.instr] == Op.CALL and body.called(touch.instr).lower().startswith("decrement")
        for name, value in touch.fields.items():
            if not holds_balance(touch.entity, name):
                continue
            parts = options(value) if value is not None else []
            less = any(isinstance(o, Mix) and o.op == "-" and self._reads(o.operands[0], name) for o in parts) or _less(body, touch.instr)
            if less or counts_down or any(isinstance(o, Record) and o.entries and o.entries[0][0] == "decrement" for o in parts):
                return name
        return ""

    def _reads(self, value: Value, name: str) -> bool:
        return any(isinstance(o, Member) and o.name == name for o in options(value))

    def _spending(self, fn: Fn, i: int) -> Spending | None:
        """A taking as the first entry point reaches it that looks at the balance before."""
        for entry in [e for e in self.model.entries_to(fn) if e.role in _SPENDS][:_MOST_ENTRIES]:
            for effect in self.model.effects.of(entry.target):
                touch = effect.touch
                if (effect.fn, effect.instr) != (fn, i) or touch is None or not (field := self._taken(touch)):
                    continue
                looks = [a for a in self._looks(effect) if self._asks_for(a, touch, field)]
                if looks:
                    return Spending(entry, effect, touch, field, looks[0], self._kept(effect, touch, field, looks))
        return None

    def _looks(self, effect: Effect) -> list[Atom]:
        return [a for held in self.model.effects.held(effect) for a in flat(self.model.conditions.behind(held))]

    def _asks_for(self, atom: Atom, touch: Touch, field: str) -> bool:
        """Whether a condition compares that balance with a sum."""
        body = self.model.program.body(atom.fn)
        if body.op[atom.instr] != Op.BINARY or body.text(body.args(atom.instr)[0]) not in _ORDER:
            return False
        return any(snake(r.field) == snake(field) and same(r.entity, touch.entity) for r in self.model.states.reads(atom))

    def _in_transaction(self, effect: Effect) -> bool:
        """Whether a row lock lasts until the write: PHP's databases commit each statement by itself unless a transaction was begun, while
        other languages' libraries refuse such a lock outside of one."""
        program = self.model.program
        if program.language(effect.fn.file) != "php":
            return True
        calls = [(program.body(p.fn), p.instr) for p in effect.way]
        begun = any(body.op[i] == Op.CALL and body.called(i).lower().endswith("transaction") for body, i in calls)
        return begun or any(self.model.regions.transaction(place) is not None for place in effect.way)

    def _kept(self, effect: Effect, touch: Touch, field: str, looks: list[Atom]) -> str:
        """Why two requests at once cannot both take: the row is locked, a lock is held, or the database looks as it takes."""
        if field in touch.compared:
            return "the update is conditional on what is left"
        regions, within = self.model.regions, self._in_transaction(effect)
        read = any(r.parts.locked for a in looks for r in self.model.states.reads(a))
        if (touch.locked or read) and within:
            return "the row is locked while it is looked at and changed"
        for place in effect.way:
            lock = regions.lock(place)
            if lock is not None and (within or not regions.locks_rows(lock)):
                return "it is looked at and changed under a lock"
        return ""


def _less(body: Body, i: int) -> bool:
    """Whether a member is set to what it held and something less: ``self.balance -= amount``, whatever its class declares it to be."""
    if body.op[i] != Op.SET_FIELD:
        return False
    value = body.args(i)[2]
    minus = body.op[value] == Op.BINARY and body.text(body.args(value)[0]) == "-"
    held = body.args(value)[1] if minus else -1
    return held >= 0 and body.op[held] == Op.FIELD and body.name(held) == body.name(i)
