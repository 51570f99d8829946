"""Messages that are written down as handled before anything is done: when the work fails, the provider's next delivery finds the row, is
answered as done, and nobody does the work."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tillproof.checks.resilience.losses import comes_round_again
from tillproof.checks.resilience.unheard_of import around
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.firsts import first_only
from tillproof.commerce.handled import Handler
from tillproof.commerce.model import Model
from tillproof.commerce.refused_repeats import acknowledged
from tillproof.commerce.repeats import Guard
from tillproof.commerce.rolled_back import in_one, rolled_back, transactions
from tillproof.commerce.touches import Touch
from tillproof.flow.facts import Passed
from tillproof.flow.program import Fn
from tillproof.flow.rejected import answered_failure
from tillproof.flow.values import FunctionV, constant, options
from tillproof.ir.ops import Op

_TRANSACTION = re.compile(r"transaction|atomic|query_?runner|unit_?of_?work|(^|_)begin", re.IGNORECASE)
_STATEMENT = re.compile(r"[\"'`]?\s*(begin|start\s+transaction)\b", re.IGNORECASE)
# What stores of documents keep by themselves, in Python.
_ONE_BY_ONE = re.compile(r"(insert|update|replace)_one|find_one_and_\w+")
# By what a key of a cache is dropped, and when.
_DROPS = frozenset(["del", "delete", "unlink", "forget", "delete_transient", "wp_cache_delete", "hdel"])
_EXPIRES = ("expire", "pexpire")
_SHORT = 3600  # seconds: providers go on for hours or days


class Marked(NamedTuple):
    """``asked``: where a delivery is taken for one that came before; ``mark``: the row that says so; ``work``: what comes after it."""

    asked: Place
    mark: Effect
    work: Effect

    @property
    def too_early(self) -> Place:
        """Where the message is marked, in the function that does the work afterwards."""
        parted = (a for a, b in zip(reversed(self.mark.way), reversed(self.work.way), strict=False) if a.instr != b.instr)
        return next(parted, self.mark.place)


def counted_first(model: Model, handler: Handler, stakes: list[Effect]) -> Marked | None:
    """Where a message counts as handled before the work, outside its transaction: a row of it is made that a later delivery is passed over
    for, or it is claimed by what lets only the first delivery through (a unique row, a key that is set where there is none). None where a
    failure takes that away again, or a run of the shop's own comes back to the work."""
    effects = model.effects.of(handler.entry.target)
    for work, guards in told_of_failure(model, handler, stakes):
        found = _marked(model, guards, work, effects) or _claimed(model, guards, work, effects)
        if found is not None:
            return found
    return None


def told_of_failure(model: Model, handler: Handler, stakes: list[Effect]) -> Iterator[tuple[Effect, Sequence[Guard]]]:
    """The work of whose failure the provider hears, so that it sends the message again, with what a second delivery passes on the way."""
    effects = model.effects.of(handler.entry.target)
    for work in stakes:
        if work.kind in ("job", "flush") or comes_round_again(model, work.fn) or _rests(model, work):
            continue
        if any(_answers_failure(model, place) for place in work.way) or rolled_back(model, work, effects) is not None:
            continue
        if any(model.failures.swallows(place.fn, catch) for _, place, catch in model.failures.on_the_way(work.way)):
            continue  # success is answered as it is
        yield work, model.repeats.guards(work, handler.entry.target)


def _marked(model: Model, guards: Sequence[Guard], work: Effect, effects: list[Effect]) -> Marked | None:
    """The row of the message that a delivery looks for, and that is made before the work."""
    asked = [g for g in guards if g.atom.truth is not None]
    mark = _mark(model, asked[0], work, effects) if len(asked) == 1 else None
    if mark is None or not kept_for_good(model, mark, work, effects):
        return None
    if all(g is asked[0] or (g.atom.fn, g.atom.instr) == (mark.fn, mark.instr) for g in guards):
        return Marked(Place(asked[0].atom.fn, asked[0].atom.instr, asked[0].atom.ctx), mark, work)
    return None


def _claimed(model: Model, guards: Sequence[Guard], work: Effect, effects: list[Effect]) -> Marked | None:
    """What lets only the first delivery through to the work."""
    for guard in (g for g in guards if g.atomic):
        for claim in guard.by:
            touch = claim.touch if claim is not work else None
            if touch is None or claim.fn != guard.atom.fn or touch.kind not in ("create", "upsert"):
                continue
            if guard.atom.truth is None:
                refused = _refused_at(model, claim, effects)
                if claim.instr != guard.atom.instr or not acknowledged(model, refused, work):
                    continue
            elif first_only(model.states, guard.atom) is None:
                continue
            if _is_given_back(model, claim, touch.entity, effects) or _runs_out(model, claim, touch):
                continue
            if kept_for_good(model, claim, work, effects):
                return Marked(claim.place, claim, work)
    return None


def _rests(model: Model, work: Effect) -> bool:
    """Whether work that fails rests where somebody finds it."""
    if any(model.failures.leaves_trace(place.fn, catch.caught) for place in work.way for catch in around(model, place)):
        return True
    return any(model.failures.writes_down(handler) for place in work.way for handler in _told_of_rejection(model, place))


def _told_of_rejection(model: Model, place: Place) -> Iterator[Fn]:
    """The functions of ours that are handed to ``catch`` for what a call promises."""
    body = model.program.body(place.fn)
    for i, op in enumerate(body.op):
        answered = answered_failure(body, i) if op == Op.CALL and i > place.instr else None
        if answered is not None and answered[0] == place.instr:
            yield from (o.fn for o in options(model.evaluator.value(place.fn, answered[1])) if isinstance(o, FunctionV))


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


def kept_for_good(model: Model, claim: Effect, work: Effect, effects: list[Effect]) -> bool:
    """Whether a row is there for good when the work begins. A unit of work that keeps all at once must have done so in between; nothing
    is kept before its end in a transaction that is begun by hand, or that the framework puts around each request."""
    if claim.touch is not None and claim.touch.entity == "cache":
        return True
    if in_one(model, claim, work) or (not transactions(model, claim) and any(_begins(model, p) for p in claim.way)):
        return False
    if any(_keeps_all(e) for e in effects):
        return _kept_by(model, claim, work, effects) is not None
    if model.program.language(claim.fn.file) != "python":
        return True
    if any(f.id == "django" for f in model.wiring.active.of(claim.fn.file)):
        return not model.program.mentioning("ATOMIC_REQUESTS")
    return _ONE_BY_ONE.fullmatch(model.program.body(claim.fn).called(claim.instr)) is not None


def _keeps_all(effect: Effect) -> bool:
    """Whether an effect is that a unit of work is written, whatever belongs to it."""
    return effect.touch is not None and effect.touch.kind == "flush" and not effect.touch.entity


def _kept_by(model: Model, claim: Effect, work: Effect, effects: list[Effect]) -> Effect | None:
    """What writes a claim for good before the work, of a unit of work that keeps all at once."""
    only = "commit" if model.program.language(claim.fn.file) == "python" else ""
    return next(
        (
            e
            for e in effects
            if _keeps_all(e)
            and only in model.program.body(e.fn).called(e.instr)
            and comes_before(model, claim, e)
            and comes_before(model, e, work)
        ),
        None,
    )


def _refused_at(model: Model, claim: Effect, effects: list[Effect]) -> Effect:
    """Where the database refuses a row that is there: where a unit of work is written, else where the row is made."""
    written = (e for e in effects if _keeps_all(e) and comes_before(model, claim, e))
    return next(written, claim)


def _answers_failure(model: Model, place: Place) -> bool:
    """Whether a place stands where an exception is caught: what is done there is done about a failure."""
    block = model.evaluator.defuse(place.fn).block_of[place.instr]
    return any(block in c.blocks for c in model.failures.catches(place.fn))


def _mark(model: Model, guard: Guard, work: Effect, effects: list[Effect]) -> Effect | None:
    """The row of the message that is made before the work and that alone keeps a second delivery from it."""
    atom = guard.atom
    sought = model.states.existence(atom)
    if sought is None or model.states.exists_means(atom) is atom.truth or any(model.words.says_state(k) for k in sought.compared):
        return None
    if any(model.words.says_state(r.field) for r in model.states.reads(atom)):
        return None  # a row that says how far it came
    made = [e for e in guard.by if e.touch is not None and e.touch.kind == "create" and e is not work]
    first = next((e for e in made if comes_before(model, e, work)), None)
    if first is None or first.touch is None or len(made) != len(guard.by):
        return None
    kept = first.touch.entity
    if any(e.touch is not None and e.touch.kind == "delete" and e.touch.entity == kept for e in effects):
        return None  # what failed is taken for new again
    return first if model.outcomes.passes_over(atom.fn, atom.instr, answers=True) else None


def _begins(model: Model, place: Place) -> bool:
    """Whether a transaction is begun by hand before a place, which may still be open where the row is made and the work done."""
    body = model.program.body(place.fn)
    return any(
        (op in (Op.CALL, Op.NEW) and _TRANSACTION.search(body.called(i)) is not None)
        or (op == Op.CONST and _STATEMENT.match(body.name(i)) is not None)
        for i, op in enumerate(body.op[: place.instr])
    )


def comes_before(model: Model, mark: Effect, work: Effect) -> bool:
    """Whether the row is there for certain when the work begins: its call has come back on every way."""
    for a, b in zip(reversed(mark.way), reversed(work.way), strict=False):
        if a.fn != b.fn:
            return False
        if a.instr != b.instr:
            return any(isinstance(f, Passed) and f.instr == a.instr for f in model.effects.facts(a.fn).at(b.instr))
    return False
