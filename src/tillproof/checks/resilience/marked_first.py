"""Messages that are written down as handled before anything is done: when the work fails, the provider's next delivery finds the row, is
answered as done, and nobody does the work."""

import re
from typing import NamedTuple

from tillproof.checks.resilience.losses import comes_round_again
from tillproof.checks.resilience.unheard_of import around
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.firsts import first_only
from tillproof.commerce.handled import Handler
from tillproof.commerce.model import Model
from tillproof.commerce.repeats import Guard, Repeat
from tillproof.commerce.rolled_back import in_one
from tillproof.commerce.touches import Touch
from tillproof.flow.facts import Condition, Passed
from tillproof.flow.program import Fn
from tillproof.flow.values import FunctionV, constant
from tillproof.ir.ops import Op

_TRANSACTION = re.compile(r"transaction|atomic|query_?runner|unit_?of_?work|(^|_)begin", re.IGNORECASE)
_STATEMENT = re.compile(r"[\"'`]?\s*(begin|start\s+transaction)\b", re.IGNORECASE)
_WORK = ("money", "goods", "record")
# By what a key of a cache is dropped, and when.
_DROPS = frozenset(["del", "delete", "unlink", "forget", "delete_transient", "wp_cache_delete", "hdel"])
_EXPIRES = ("expire", "pexpire")
_SHORT = 3600  # seconds: providers go on for hours or days


class Marked(NamedTuple):
    """``asked``: where a delivery is taken for one that came before; ``mark``: the row that says so; ``work``: what comes after it."""

    asked: Place
    mark: Effect
    work: Effect


def marked_first(model: Model, handler: Handler) -> Marked | None:
    """Where a row of the message is made before the work, outside its transaction, and a later delivery is passed over as soon as it finds
    the row, whatever became of the work. None where a failure takes the row away, or a run of the shop's own comes back to it."""
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
        if _rests(model, repeat.effect):
            continue
        if all(g is asked[0] or (g.atom.fn, g.atom.instr) == (mark.fn, mark.instr) for g in repeat.guards):
            return Marked(Place(asked[0].atom.fn, asked[0].atom.instr, asked[0].atom.ctx), mark, repeat.effect)
    return None


def claimed_first(model: Model, handler: Handler, stakes: list[Effect]) -> Marked | None:
    """Where a message is claimed by what lets only the first delivery through, a unique row or a key that is set where there is none, and
    the work comes after it: when that fails, nobody gives the claim back, and the next delivery is taken for one that was handled."""
    target = handler.entry.target
    effects = model.effects.of(target)
    for claim, (touch, behind) in _claims(model, target).items():
        if _is_given_back(model, claim, touch.entity, effects) or _runs_out(model, claim, touch):
            continue
        if touch.entity != "cache" and (_kept_later(model, target.fn.file, effects) or any(_begins(model, p.fn) for p in claim.way)):
            continue
        for work in stakes:
            if work.kind in ("job", "flush") or not _comes_after(model, claim, behind, work) or comes_round_again(model, work.fn):
                continue
            if not _rests(model, work) and not in_one(model, claim, work):
                return Marked(claim.place, claim, work)
    return None


def _rests(model: Model, work: Effect) -> bool:
    """Whether work that fails rests where somebody finds it."""
    return any(model.failures.leaves_trace(place.fn, catch.caught) for place in work.way for catch in around(model, place))


def _claims(model: Model, target: FunctionV) -> dict[Effect, tuple[Touch, Effect]]:
    """The effects that are guards by themselves, ``if (await redis.setnx(key, 1))``, each with the record that it makes and with one that
    it guards."""
    found: dict[Effect, tuple[Touch, Effect]] = {}
    for repeat in model.repeats.of(target):
        for guard in (g for g in repeat.guards if g.atomic and first_only(model.states, g.atom) is not None):
            for effect in guard.by:
                touch = effect.touch if effect.fn == guard.atom.fn else None
                if touch is not None and touch.kind in ("create", "upsert"):
                    found.setdefault(effect, (touch, repeat.effect))
    return found


def _comes_after(model: Model, claim: Effect, guarded: Effect, work: Effect) -> bool:
    """Whether work is done only where the claim is won, as something is that it guards: where their ways part from the claim's, all that
    was asked before the one was asked before the other."""
    for a, c, b in zip(reversed(claim.way), reversed(guarded.way), reversed(work.way), strict=False):
        if not a.fn == b.fn == c.fn:
            return False
        if a.instr not in (b.instr, c.instr):
            at = model.effects.facts(a.fn).at
            asked = {f for f in at(c.instr) if isinstance(f, Condition) and f not in at(a.instr)}
            return b.instr > a.instr and asked.issubset(at(b.instr))
        if a.instr != b.instr or a.instr != c.instr:
            return False
    return False


def _is_given_back(model: Model, claim: Effect, kept: str, effects: list[Effect]) -> bool:
    """Whether anything near takes a claim, which is ``kept`` as a record of that kind, away again, or writes into it how far the work
    came."""
    others = (e.touch for e in effects if e.touch is not None and (e.fn, e.instr) != (claim.fn, claim.instr))
    if any(touch.entity == kept and touch.writes for touch in others):
        return True
    files = {place.fn.file for e in (claim, *effects) for place in e.way}
    return kept == "cache" and any(_DROPS & model.program.called(file).keys() for file in files)


def _runs_out(model: Model, claim: Effect, touch: Touch) -> bool:
    """Whether a claim is a lock for the time of the work: the provider's next attempts find it gone."""
    body = model.program.body(claim.fn)
    kept = model.cache_marks.seconds(touch) if touch.entity == "cache" else None
    expires = [v for i, op in enumerate(body.op) if op == Op.CALL and body.called(i) in _EXPIRES for _, v in body.call(i)[1][1:]]
    told = (constant(model.evaluator.value(claim.fn, v, claim.ctx)) for v in expires)
    short = any(text is not None and text.isdigit() and int(text) < _SHORT for text in told)
    return short or (kept is not None and kept < _SHORT) or "lock" in " ".join(model.vocabulary.tokens(claim.fn)).lower()


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
    if in_one(model, first, repeat.effect) or any(_begins(model, p.fn) for p in first.way):
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
