"""Conditions that refuse too little: the ends of an order that the shop itself writes, and from which a change still goes through."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tillproof.commerce.conditions import Atom
from tillproof.commerce.declared_states import declared_states, listed_in_lines
from tillproof.commerce.effects import Place
from tillproof.commerce.entities import holds_state_of, same
from tillproof.commerce.free_changes import CHOSEN
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.touches import text_of
from tillproof.commerce.transitions import Transition
from tillproof.flow.values import Const, Mix, options
from tillproof.ir.ops import Op

# What a later payment does not mend: one that failed may be tried again.
_OVER = re.compile(
    r"cancell?(ed|ation)|void(ed)?|expired|abandoned|annul\w*|cancelad[oa]|anulad[oa]|(partially_?)?refunded|charged?_?back|reembolsad[oa]"
)
_CALLED_OFF = re.compile(r"cancell?ed|void(ed)?|annul\w*|cancelad[oa]|anulad[oa]")
_GONE_OUT = re.compile(r"shipped|dispatched|sent|in_?transit|out_?for_?delivery|delivered|enviad[oa]|entregad[oa]|entregue")
_FAILED = re.compile(r"fail(ed|ure)|declined|rejected|fallid[oa]|echouee?|fehlgeschlagen")
_AT_WORK = "processing"  # of an order that is paid, where shops put it together then
# What comes behind a payment that was made.
_DONE = re.compile(rf"completed?|{_GONE_OUT.pattern}")

_LISTS = ("status", "state", "statuses", "states")


class LeftOpen(NamedTuple):
    """What the conditions on the way to a change let through: the states, the place where the first of them is written (None where the
    platform has it, or a list of states), the states that are refused, and the condition that refuses the last of them."""

    states: tuple[str, ...]
    written: Place | None
    refused: tuple[str, ...]
    guard: Place


class Ends:
    """The states that orders of a kind get anywhere in the shop; read once."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._written: list[tuple[Transition, str]] | None = None

    def of(self, transition: Transition, *, field: str = "") -> dict[str, Place | None]:
        """The states that a record may be in when it is changed, by what else writes them: into any of its fields, or into one alone."""
        touch = transition.touch
        out: dict[str, Place | None] = {}
        if touch.effect.startswith("order."):
            packs = self.model.requests.active.of(touch.fn.file)
            out.update((snake(state), None) for pack in packs for state in pack.order_states)
        for other, state in self._everywhere():
            if same(other.touch.entity, touch.entity) and field in ("", snake(other.field)):
                out.setdefault(state, other.effect.place)
        for word in (*self._listed(transition), *declared_states(self.model, touch.entity, transition.field, touch.fn.file)):
            out.setdefault(snake(word), None)
        return out

    def _listed(self, transition: Transition) -> Iterator[str]:
        """The states beside those that are written and asked for, in the class that lists them: ``OrderStatus.CANCELLED``."""
        program, evaluator = self.model.program, self.model.evaluator
        values = [transition.touch.fields.get(transition.field)]
        for atom in transition.guards:
            body = program.body(atom.fn)
            sides = body.args(atom.instr)[1:3] if body.op[atom.instr] == Op.BINARY else []
            values += [evaluator.value(atom.fn, side, atom.ctx) for side in sides]
        for file, line in dict.fromkeys(o.at for v in values if v is not None for o in options(v) if isinstance(o, Const)):
            classes = program.indices[file].classes if file in program.indices else ()
            around = [c for c in classes if c.line <= line <= c.end_line]
            if around:
                yield from listed_in_lines(self.model, file, around[-1].line, around[-1].end_line)

    def _everywhere(self) -> list[tuple[Transition, str]]:
        if self._written is None:
            found = (t for entry in self.model.handlers.entries for t in self.model.transitions.of(entry.target))
            self._written = [(t, snake(state)) for t in found for state in self._set_to(t)]
        return self._written

    def _set_to(self, transition: Transition) -> Iterator[str]:
        """The states that a change makes of a record; where the request names it, those that it may name."""
        if transition.sent:
            yield from (word for fn in {p.fn: None for p in transition.effect.way} for word in self.model.listed_states.of(fn))
        else:
            yield from transition.to

    def left_open(self, transition: Transition) -> LeftOpen | None:
        """What the conditions on a change of state let through that has come to its end; None where they say from which states it may be
        made, where they refuse an end, or where nothing else ends such a record."""
        words, to = self.model.words, {snake(t) for t in transition.to}
        if transition.sent or not words.has("status_fields", transition.field):
            return None
        refused = self._refused(transition)
        if refused is None:
            return None
        last = self._last(transition)
        if behind := self._behind(transition, to, refused):
            return LeftOpen(tuple(behind), next(iter(behind.values())), tuple(sorted(refused)), last)
        if all(words.has("paid_values", t) or words.has("fulfil_values", t) for t in to):
            over = _OVER
        elif all(_CALLED_OFF.fullmatch(t) for t in to) and any(_GONE_OUT.fullmatch(t) for t in refused):
            over = _GONE_OUT
        elif all(_FAILED.fullmatch(t) for t in to) and any(words.has("paid_values", t) or t == _AT_WORK for t in refused):
            over = _DONE
        else:
            return None
        known = {state: place for state, place in self.of(transition).items() if over.fullmatch(state) and state not in to}
        through = tuple(state for state in known if state not in refused)
        if not through or (over is _OVER and len(through) < len(known)) or any(over is _OVER and over.fullmatch(t) for t in refused - to):
            return None
        return LeftOpen(through, known[through[0]], tuple(sorted(refused)), last)

    def _last(self, transition: Transition) -> Place:
        """Where the last thing is asked on the way to a change; the change itself, where its rows are chosen."""
        if not transition.guards:
            return transition.effect.place
        last = transition.guards[-1]
        return Place(last.fn, last.instr, last.ctx)

    def _refused(self, transition: Transition) -> set[str] | None:
        """The states from which a change is not made, by what is asked on the way or by which rows it chooses; None where more is said."""
        if transition.held:
            return self._left_out(transition) if transition.held == CHOSEN and not transition.guards else None
        refused: set[str] = set()
        for atom in transition.guards:
            ruled_out = self._ruled_out(atom)
            if ruled_out is None:
                return None
            refused |= ruled_out
        return refused or None

    def _left_out(self, transition: Transition) -> set[str] | None:
        """The states of which a write leaves rows out: ``WHERE status <> 'paid'``; None where it says from which ones it takes them."""
        refused: set[str] = set()
        for name, value in transition.touch.keys.items():
            if not self.model.words.says_state(name):
                continue
            if not isinstance(value, Mix) or value.op != "!=" or snake(name) != snake(transition.field):
                return None
            words = {text_of(o) for part in value.operands for o in options(part)}
            if None in words:
                return None
            refused |= {snake(w) for w in words if w}
        return refused or None

    def _behind(self, transition: Transition, to: set[str], refused: set[str]) -> dict[str, Place | None]:
        """The states that come after a payment and fall back to it, since no more is asked than whether the record is just paid: the same
        field says that it has been sent since."""
        words = self.model.words
        pays = all((words.has("paid_values", t) and not _DONE.fullmatch(t)) or t == _AT_WORK for t in to)
        if not pays or not to <= refused or not self._of_this_field(transition):
            return {}
        known = {state: place for state, place in self.of(transition, field=snake(transition.field)).items() if _GONE_OUT.fullmatch(state)}
        return {} if any(_DONE.fullmatch(state) for state in refused) else known

    def _of_this_field(self, transition: Transition) -> bool:
        """Whether what is asked looks at the very field that is set then, and at no other: one beside it may stay as it was."""
        field, entity = snake(transition.field), transition.touch.entity
        for atom in transition.guards:  # a member of an enumeration of states is read as one of its fields
            reads = [r for r in self.model.states.reads(atom) if r.entity not in _LISTS and not holds_state_of(r.entity, entity)]
            if not reads or not all(snake(r.field) == field and same(r.entity, entity) for r in reads):
                return False
        return True

    def _ruled_out(self, atom: Atom) -> set[str] | None:
        """The states that a condition says a record is not in; None where it says more."""
        if atom.truth is None:
            return None
        states = self.model.states
        if excluded := states.excluded(atom):
            return {snake(word) for word in excluded}
        reads = states.reads(atom)
        flags = bool(reads) and all(
            self.model.words.has("paid_fields", r.field) and not self.model.words.has("status_fields", r.field) for r in reads
        )
        return {"paid"} if flags and not states.required(atom) and states.exists_means(atom) is not atom.truth else None


def told(states: Iterable[str]) -> str:
    """Some states for people."""
    shown = [f"`{s}`" for s in states][:3]
    return " or ".join((", ".join(shown[:-1]), shown[-1])) if len(shown) > 1 else shown[0]
