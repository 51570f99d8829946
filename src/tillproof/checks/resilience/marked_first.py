"""Messages that are written down as handled before anything is done: when the work fails, the provider's next delivery finds the row, is
answered as done, and nobody does the work."""

import re
from typing import NamedTuple

from tillproof.checks.resilience.losses import comes_round_again
from tillproof.checks.resilience.unheard_of import around
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.handled import Handler
from tillproof.commerce.model import Model
from tillproof.commerce.repeats import Guard, Repeat
from tillproof.commerce.rolled_back import transactions
from tillproof.flow.facts import Passed
from tillproof.flow.program import Fn
from tillproof.ir.ops import Op

_TRANSACTION = re.compile(r"transaction|atomic|query_?runner|unit_?of_?work|(^|_)begin", re.IGNORECASE)
_STATEMENT = re.compile(r"[\"'`]?\s*(begin|start\s+transaction)\b", re.IGNORECASE)
_WORK = ("money", "goods", "record")


class Marked(NamedTuple):
    """``asked``: where a delivery is taken for one that came before; ``mark``: the row that says so; ``work``: what comes after it."""

    asked: Place
    mark: Effect
    work: Effect


def marked_first(model: Model, handler: Handler) -> Marked | None:
    """Where a row of the message is made before the work, outside its transaction, and a later delivery is passed over as soon as it finds
    the row, whatever became of the work. None where a failure takes the row away, or a run of the shop's own comes back to it."""
    if handler.kind == "redirect-return":
        return None
    effects = model.effects.of(handler.entry.target)
    if _kept_later(model, handler.entry.target.fn.file, effects):
        return None
    for repeat in model.repeats.of(handler.entry.target):
        if repeat.harm not in _WORK or repeat.effect.kind == "job" or repeat.refused is not None:
            continue
        if any(_answers_failure(model, place) for place in repeat.effect.way):
            continue
        asked = [g for g in repeat.guards if g.atom.truth is not None]
        mark = _mark(model, asked[0], repeat, effects) if len(asked) == 1 else None
        if mark is None or comes_round_again(model, repeat.effect.fn):
            continue
        if any(model.failures.leaves_trace(place.fn, catch.caught) for place in repeat.effect.way for catch in around(model, place)):
            continue  # what failed rests where somebody finds it
        if all(g is asked[0] or (g.atom.fn, g.atom.instr) == (mark.fn, mark.instr) for g in repeat.guards):
            return Marked(Place(asked[0].atom.fn, asked[0].atom.instr, asked[0].atom.ctx), mark, repeat.effect)
    return None


def _kept_later(model: Model, file: str, effects: list[Effect]) -> bool:
    """Whether what is written is only kept once the work is done: by a unit of work that is flushed or committed in the end, or in a
    transaction that the framework puts around each request."""
    if any(e.kind == "flush" or (e.touch is not None and e.touch.kind == "flush") for e in effects):
        return True
    django = any(f.id == "django" for f in model.wiring.active.of(file))
    return model.program.language(file) == "python" and (not django or bool(model.program.mentioning("ATOMIC_REQUESTS")))


def _answers_failure(model: Model, place: Place) -> bool:
    """Whether a place stands where an exception is caught: what is done there is done about a failure."""
    block = model.evaluator.defuse(place.fn).block_of[place.instr]
    return any(block in c.blocks for c in model.failures.catches(place.fn))


def _mark(model: Model, guard: Guard, repeat: Repeat, effects: list[Effect]) -> Effect | None:
    """The row of the message that is made before the work and that alone keeps a second delivery from it."""
    atom = guard.atom
    sought = model.states.existence(atom)
    if sought is None or model.states.exists_means(atom) is atom.truth or any(model.words.says_state(k) for k in sought.compared):
        return None
    if any(model.words.says_state(r.field) for r in model.states.reads(atom)):
        return None  # a row that says how far it came
    made = [e for e in guard.by if e.touch is not None and e.touch.kind == "create" and e is not repeat.effect]
    first = next((e for e in made if _before(model, e, repeat.effect)), None)
    if first is None or first.touch is None or len(made) != len(guard.by):
        return None
    kept = first.touch.entity
    if any(e.touch is not None and e.touch.kind == "delete" and e.touch.entity == kept for e in effects):
        return None  # what failed is taken for new again
    if transactions(model, first).keys() & transactions(model, repeat.effect).keys() or any(_begins(model, p.fn) for p in first.way):
        return None
    return first if model.outcomes.passes_over(atom.fn, atom.instr, answers=True) else None


def _begins(model: Model, fn: Fn) -> bool:
    """Whether a function begins a transaction by hand, which may still be open where the row is made and the work done."""
    body = model.program.body(fn)
    return any(
        (op in (Op.CALL, Op.NEW) and _TRANSACTION.search(body.called(i)) is not None)
        or (op == Op.CONST and _STATEMENT.match(body.name(i)) is not None)
        for i, op in enumerate(body.op)
    )


def _before(model: Model, mark: Effect, work: Effect) -> bool:
    """Whether the row is there for certain when the work begins: its call has come back on every way."""
    for a, b in zip(reversed(mark.way), reversed(work.way), strict=False):
        if a.fn != b.fn:
            return False
        if a.instr != b.instr:
            return any(isinstance(f, Passed) and f.instr == a.instr for f in model.effects.facts(a.fn).at(b.instr))
    return False
