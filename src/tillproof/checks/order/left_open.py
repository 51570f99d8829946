"""Conditions that refuse too little: the ends of an order that the shop itself writes, and from which a change still goes through."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tillproof.commerce.conditions import Atom
from tillproof.commerce.effects import Place
from tillproof.commerce.entities import same
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.transitions import Transition
from tillproof.flow.values import Const, options
from tillproof.ir.ops import Op

# What a later payment does not mend: one that failed may be tried again.
_OVER = re.compile(
    r"cancell?(ed|ation)|void(ed)?|expired|abandoned|annul\w*|cancelad[oa]|anulad[oa]|(partially_?)?refunded|charged?_?back|reembolsad[oa]"
)
_QUOTED = re.compile(r"""['"]([\w -]{3,30})['"]""")
_NAMED = re.compile(r"(?:choices\s*=|enum\s*[:=]|Enum\()\s*(?:Object\.values\()?([A-Za-z_][\w.]*)")
_CALLED_OFF = re.compile(r"cancell?ed|void(ed)?|annul\w*|cancelad[oa]|anulad[oa]")
_GONE_OUT = re.compile(r"shipped|dispatched|sent|in_?transit|out_?for_?delivery|delivered|enviad[oa]|entregad[oa]|entregue")
_FAILED = re.compile(r"fail(ed|ure)|declined|rejected|fallid[oa]|echouee?|fehlgeschlagen")
_AT_WORK = "processing"  # of an order that is paid, where shops put it together then
# What comes behind a payment that was made.
_DONE = re.compile(rf"completed?|{_GONE_OUT.pattern}")

_MOST_LINES = 60


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
        self._written: list[tuple[str, str, Place]] | None = None

    def of(self, transition: Transition) -> dict[str, Place | None]:
        """The states that a record may be in when it is changed, by what else writes them."""
        touch = transition.touch
        out: dict[str, Place | None] = {}
        if touch.effect.startswith("order."):
            packs = self.model.requests.active.of(touch.fn.file)
            out.update((snake(state), None) for pack in packs for state in pack.order_states)
        for entity, state, place in self._everywhere():
            if same(entity, touch.entity):
                out.setdefault(state, place)
        for word in (*self._listed(transition), *self._declared(transition)):
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
                yield from _QUOTED.findall(self._text(file, around[-1].line, around[-1].end_line))

    def _declared(self, transition: Transition) -> Iterator[str]:
        """The states that the column's declaration lists, there or under the name of a list or an enumeration in its file."""
        table = self.model.schema.table(transition.touch.entity, transition.touch.fn.file)
        column = table.column(transition.field) if table is not None else None
        if column is None:
            return
        here = self._text(column.file, column.line, column.end_line)
        yield from _QUOTED.findall(here)
        whole = self.model.texts.text(column.file).decode(errors="replace")
        for name in (column.type, *(m[1].rpartition(".")[2] for m in _NAMED.finditer(here))):
            listed = re.search(rf"\benum\s+{re.escape(name)}\s*\{{([^}}]*)\}}", whole) if name.isidentifier() else None
            if listed is not None:
                yield from re.findall(r"\w+", listed[1])
            listed = re.search(rf"\b{re.escape(name)}\b[^=\n]*=\s*[\[({{]((?s:.){{0,600}})", whole) if name.isidentifier() else None
            if listed is not None:
                yield from _QUOTED.findall(listed[1])

    def _text(self, file: str, first: int, last: int) -> str:
        """Lines of a file of any kind: columns are declared in files that are no code, too."""
        lines = self.model.texts.text(file).decode(errors="replace").splitlines()
        return "\n".join(lines[first - 1 : min(last, first + _MOST_LINES)])

    def _everywhere(self) -> list[tuple[str, str, Place]]:
        if self._written is None:
            found = (t for entry in self.model.handlers.entries for t in self.model.transitions.of(entry.target))
            self._written = [(t.touch.entity, snake(state), t.effect.place) for t in found for state in self._set_to(t)]
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
        if not transition.guards or transition.held or transition.sent or not self.model.words.has("status_fields", transition.field):
            return None
        refused: set[str] = set()
        for atom in transition.guards:
            ruled_out = self._ruled_out(atom)
            if ruled_out is None:
                return None
            refused |= ruled_out
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
        last = transition.guards[-1]
        return LeftOpen(through, known[through[0]], tuple(sorted(refused)), Place(last.fn, last.instr, last.ctx))

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
