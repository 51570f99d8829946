"""Runs that carry a catalogue, stock or orders from one system to another, and what one item's failure does to the rest."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from tillproof.commerce.carried_items import OUTSIDE, SYSTEMS, CarriedItems, goes_through, spoken, words_of
from tillproof.commerce.effects import Effect, Place, Plain
from tillproof.commerce.failed_items import answers_failed, notes_failed, notes_in
from tillproof.commerce.lexicon import snake
from tillproof.commerce.names import written
from tillproof.commerce.refused_items import MARK, notes_refused, raises, refused_unheard
from tillproof.commerce.sendings import Sending
from tillproof.commerce.sync_marks import moved_past
from tillproof.commerce.sync_parts import is_part_of_turn
from tillproof.commerce.sync_turns import (
    BEGUN,
    EACH,
    answer_is_read,
    begun_beside,
    caught_together,
    chained_catch,
    forgotten,
    gathered_unread,
    left_alone,
    settled_unread,
    turns,
)
from tillproof.flow.asked import reads
from tillproof.flow.common_names import COMMON_METHODS
from tillproof.flow.loops import Loop
from tillproof.flow.program import TOP, Fn
from tillproof.flow.tries import Catch
from tillproof.flow.values import Ctx, FunctionV, Instance, Value, options
from tillproof.ir.ops import Op
from tillproof.source.kinds import is_seed

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_SYNC = re.compile(
    r"(.*_)?(sync\w*|import\w*|export\w*|ingest\w*|push|pull|publish\w*|feeds?|upload\w*|upserts?|backfill\w*|replicat\w*|mirror\w*|reconcil\w*|refresh)(_.*)?"
)
_NO_SYNC = re.compile(
    r"(.*_)?(async|asynchronous|migration|migrate|seed\w*|fixture\w*|image\w*|translation\w*|theme|locale|importlib)(_.*)?"
)
_WAITING = re.compile(r"(_sync|Sync)$")
_GOODS = re.compile(
    r"(.*_)?(product|variant|variation|sku|inventory|stock|catalog|catalogue|listing|item|order|price|offer|article|fulfillment|shipment)s?(_.*)?"
)
# What is written of the work itself is nothing that is carried over.
_WORK = re.compile(r"(.*_)?(sync\w*|jobs?|tasks?|queues?|logs?|events?|runs?|histor(y|ies)|audits?|reports?|attempts?)(_.*)?")
_NEAR = 2
_WRITING = ("catalog.write", "order.write", "shipment.create")

_ANSWERED = re.compile(
    r"HTTP\w*Error|HttpError|HTTPStatusError|RequestException|ResponseException|ClientError|Api\w*(Error|Exception)", re.IGNORECASE
)

_SENT = Plain("sent", True, None, False)

What = Literal["dropped", "passed", "stops", "kept"]


@dataclass(frozen=True, slots=True)
class Sync:
    """A loop of ``fn`` over items that are carried over, or a call that has each of them done, which begins at ``first``; ``effect``: what
    is done with each. ``what`` happens when that fails: it is ``dropped`` (``at`` is where), ``passed`` by the mark of what was carried
    over (``at`` is where that is kept), it ``stops`` the run, or it is ``kept`` (``at`` is how)."""

    fn: Fn
    first: int
    effect: Effect
    what: What
    at: Place


class Syncs:
    """Finds them; kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self.program = model.program
        self.carried = CarriedItems(model)

    @cached_property
    def all(self) -> list[Sync]:
        """One per loop, in order of file and place: a dropped item before one that stops the run, before one that is kept."""
        found: list[Sync] = []
        for fn in self.candidates:
            named = self._is_named(fn) and self.reaches_out(fn)
            writes = named or (self._asks_to_write(fn) and self.reaches_out(fn))
            judged = [*self._in_function(fn, named, writes), *self._by_callbacks(fn, named, writes)]
            found += [s for s in judged if named or s.what != "stops" or self._is_refused_loudly(s.effect) or self._is_of_run(fn)]
        once: dict[tuple[Fn, int], Sync] = {}
        for sync in found:
            if sync.what in ("dropped", "passed"):  # what several runs share is dropped in one place
                once.setdefault((sync.at.fn, sync.at.instr), sync)
            else:
                once.setdefault((sync.fn, sync.first), sync)
        turns_ = [(s.fn, s.first) for s in once.values()]
        return [
            s
            for s in once.values()
            if s.what != "stops" or _SYNC.fullmatch(self._names(s.fn)[0]) or not is_part_of_turn(self.model, s.fn, turns_)
        ]

    @cached_property
    def candidates(self) -> list[Fn]:
        """The functions that may carry something over, in order of file and place; what runs in a browser carries nothing over."""
        files = (file for file in self.program.indices if not self.model.browser.runs(file))
        return [fn for file in files for fn in self.program.all_functions(file) if self._may(fn)]

    def asks_outside(self, fn: Fn, i: int) -> bool:
        """Whether a call asks a system outside, itself or by a function of ours."""
        if any(s.instr == i for s in self._sendings.get(fn, ())):
            return True
        callee = self.program.body(fn).args(i)[0]
        targets: list[Value] = [o for o in options(self.model.evaluator.value(fn, callee)) if isinstance(o, FunctionV)]
        near = self.model.reach.of(targets).functions if targets else {}
        return any(depth <= _NEAR and f in self._sendings for f, depth in near.items())

    def _may(self, fn: Fn) -> bool:
        """Whether a function goes through items that may be carried over: it speaks of goods or orders, or asks a system outside to write
        some, and its name says nothing else."""
        if any(_NO_SYNC.fullmatch(n) for n in self._names(fn)[:2]) or is_seed(fn.file):
            return False
        if not self._asks_to_write(fn) and not any(_GOODS.fullmatch(snake(t)) for t in self.model.vocabulary.tokens(fn)):
            return False
        body = self.program.body(fn)
        calls_each = any(op == Op.CALL and body.called(i) in EACH for i, op in enumerate(body.op))
        return calls_each or any(goes_through(body, loop) for loop in self._loops(fn))

    def _loops(self, fn: Fn) -> list[Loop]:
        return self.model.retries.repeats.flow(fn).loops

    def _names(self, fn: Fn) -> list[str]:
        """By which a function may say what it does: its own, its file's, its class's."""
        stem = snake(fn.file.rpartition("/")[2].partition(".")[0])
        own = [snake(self.program.name(fn))] if fn.number != TOP else []
        return [*own, stem, *(snake(self.program.cls(o).name) for o in [self.program.owner(fn)] if o)]

    def _is_named(self, fn: Fn) -> bool:
        return any(_SYNC.fullmatch(n) for n in self._names(fn)) and not self._waits(fn)

    def _is_refused_loudly(self, effect: Effect) -> bool:
        """Whether an item that a system outside refuses raises an exception: of one that its answer only tells of, the next one is done."""
        return effect.kind == "catalog.write" and raises(self.model, Place(effect.fn, effect.instr, effect.ctx))

    def _is_of_run(self, fn: Fn) -> bool:
        """Whether a function goes through what a run fetched elsewhere that calls it: ``sync_orders`` has ``save_orders(answer)`` do it."""
        callers = (caller for caller, _, _ in self.model.callers.of(fn)[:4])
        run = any(c.number != TOP and _SYNC.fullmatch(snake(self.program.name(c))) and not self._waits(c) for c in callers)
        return run and any(self.carried.brought(fn, loop) for loop in self._loops(fn))

    def _waits(self, fn: Fn) -> bool:
        """Whether a function is called after its being synchronous, beside another that is not: ``confirm_payment_sync`` and
        ``confirm_payment_async``."""
        stem = _WAITING.sub("", self.model.program.name(fn))
        others = (f"{stem}_async", f"{stem}Async", f"a{stem}", stem)
        return stem != self.model.program.name(fn) and any(self.model.program.functions_by_name.get(name) for name in others)

    def _asks_to_write(self, fn: Fn) -> bool:
        """Whether a function asks a system outside to write goods or orders, or calls by its name one that does."""
        return fn in self._writers or not self._writing_names.isdisjoint(self.model.vocabulary.tokens(fn))

    @cached_property
    def _writers(self) -> set[Fn]:
        """The functions that ask a system outside to write goods or orders, and those of the calls that tell them what to ask."""
        found: set[Fn] = set()
        for s in self.model.operations.sites:
            if s.provider.kind in SYSTEMS and s.operation.op in _WRITING:
                found.update((s.fn, *(c.caller for c in (s.ctx.chain() if s.ctx else ()) if c.call >= 0)))
        for fn in tuple(found):  # ``rows.map(async (row) => { … })`` is written where the items are gone through
            around = self.program.parent(fn)
            while around is not None:
                found.add(around)
                around = self.program.parent(around)
        return found

    @cached_property
    def _writing_names(self) -> frozenset[str]:
        names = {self.program.name(fn) for fn in self._writers if fn.number != TOP}
        return frozenset(n for n in names if n.lower() not in COMMON_METHODS)

    def reaches_out(self, fn: Fn) -> bool:
        """Whether a function, or one that calls it, talks to a shop platform, a marketplace or a system behind the shop."""
        inside = self.program.language(fn.file) == "php"  # a plugin speaks of the platform that it runs in wherever it hooks something
        near = [f for f, depth in self._closure(fn).items() if depth <= (0 if inside else _NEAR)]
        if any(OUTSIDE.fullmatch(snake(t)) for f in near for t in self.model.vocabulary.tokens(f)):
            return True
        reached = set(self._closure(fn))
        for caller, _, _ in self.model.callers.of(fn)[:4]:
            reached.update(self._closure(caller))
        return any(s.provider is None or s.provider.kind in SYSTEMS for f in reached for s in self._sendings.get(f, ())) or any(
            f in self._asking for f in reached
        )

    @cached_property
    def _sendings(self) -> dict[Fn, list[Sending]]:
        """What each function sends, by whatever library: by one that gives up by itself, too."""
        found: dict[tuple[Fn, int], Sending] = {(s.fn, s.instr): s for s in (*self.model.sendings.strange, *self.model.sendings.all)}
        by_function: dict[Fn, list[Sending]] = {}
        for one in found.values():
            by_function.setdefault(one.fn, []).append(one)
        return by_function

    @cached_property
    def _asking(self) -> set[Fn]:
        return {s.fn for s in self.model.operations.sites if s.provider.kind in SYSTEMS and s.operation.op.startswith(("catalog", "order"))}

    def _closure(self, fn: Fn) -> dict[Fn, int]:
        return self.model.reach.of([self._target(fn)]).functions

    def _target(self, fn: Fn) -> FunctionV:
        owner = self.program.owner(fn)
        return FunctionV((fn.file, 1), fn, None, Instance((fn.file, 1), owner) if owner else None)

    # --- loops

    def _in_function(self, fn: Fn, named: bool, writes: bool) -> Iterator[Sync]:
        """The loops of a function that carry items over: all of one that says so, those over what came from elsewhere of any other."""
        body = self.program.body(fn)
        through = [lp for lp in self._loops(fn) if goes_through(body, lp)]
        loops = [lp for lp in through if writes or self.carried.brought(fn, lp)]
        sent = [] if writes and not named else self._sent(fn, through)
        done = self.model.effects.of(self._target(fn)) if loops or sent else []
        done = self._in_order(fn, done, sent)
        effects = [e for e in done if self._carries(e, named or not writes) or e in sent]
        for loop in reversed(through if sent else loops):  # the innermost goes through the items
            inside = [e for e in effects if loop.holds(body, self._in(e, fn)) and not self._is_part(fn, loop, through, e)]
            effects = [e for e in effects if e not in inside]
            if any(e.touch is None for e in inside):  # what is then noted of it in our own records is no second item
                inside = [
                    e for e in inside if e.touch is None or (e.touch.fields and not any(MARK.fullmatch(snake(n)) for n in e.touch.fields))
                ]
            if loop not in loops:
                inside = [e for e in inside if e.touch is None]
            if inside:
                judged = self._judge(fn, loop, inside, done)
                if judged.what in ("dropped", "passed") or judged.effect not in sent:
                    yield judged

    def _sent(self, fn: Fn, loops: list[Loop]) -> list[Effect]:
        """What each turn of a loop sends to a system that no pack knows, or asks of one to carry a parcel, where the function says that it
        carries something over: an order that is posted to the warehouse."""
        speaks = self._is_named(fn) or any(OUTSIDE.fullmatch(snake(t)) for t in self.model.vocabulary.tokens(fn))
        body, found = self.program.body(fn), []
        loops = [loop for loop in loops if self._of_goods(fn, spoken(body, loop))]
        writing = self._writing(fn, None) if loops and speaks else []
        for i, op in enumerate(body.op) if loops and speaks else ():
            if op != Op.CALL or not any(loop.holds(body, i) for loop in loops):
                continue
            found += [Effect(_SENT, fn, i, None, self.model.records) for one in writing if one == i]
            callees = [body.args(i)[0], *(v for _, v in body.call(i)[1][:2] if body.called(i) in BEGUN)]  # `pool.submit(push, item)`
            for option in (o for row in callees for o in options(self.model.evaluator.value(fn, row))):
                if isinstance(option, FunctionV) and option.fn != fn:
                    ctx = self.model.evaluator.context(option, fn, i, None)
                    found += [Effect(_SENT, option.fn, one, ctx, self.model.records) for one in self._writing(option.fn, ctx)[:1]]
        return found

    def _of_goods(self, fn: Fn, named: set[str]) -> bool:
        """Whether what is gone through is goods or orders, by its own names or by that of the function."""
        return any(_GOODS.fullmatch(name) for name in named) or _GOODS.fullmatch(snake(self.program.name(fn))) is not None

    def _sent_by_turns(self, fn: Fn, call: int, inner: Fn) -> list[Effect]:
        """What a function that is called with one item after the other sends to a system that no pack knows."""
        speaks = self._is_named(fn) or any(OUTSIDE.fullmatch(snake(t)) for t in self.model.vocabulary.tokens(fn))
        body = self.program.body(inner)
        named = {snake(p.name) for p in body.params[:1]} | words_of(self.program.body(fn), self._gone_through(fn, call))
        if not speaks or not self._of_goods(fn, named):
            return []
        ctx = self.model.evaluator.context(FunctionV((fn.file, 1), inner, None), fn, call, None, callback=True)
        found = [Effect(_SENT, inner, one, ctx, self.model.records) for one in self._writing(inner, ctx)]
        for i, op in enumerate(body.op):
            for option in options(self.model.evaluator.value(inner, body.args(i)[0], ctx)) if op == Op.CALL else ():
                if isinstance(option, FunctionV) and option.fn not in (fn, inner):
                    below = self.model.evaluator.context(option, inner, i, ctx)
                    found += [Effect(_SENT, option.fn, one, below, self.model.records) for one in self._writing(option.fn, below)[:1]]
        return found

    def _writing(self, fn: Fn, ctx: Ctx | None) -> list[int]:
        """The requests of a function that write something elsewhere."""
        sent = {s.instr: s.provider for s in self._sendings.get(fn, ())}
        found = []
        for i, op in enumerate(self.program.body(fn).op):
            request = (self.model.http.request(fn, i) or self.model.http.request(fn, i, ctx)) if op == Op.CALL else None
            if request is None or request.method.upper() not in ("POST", "PUT", "PATCH"):
                continue
            known = sent.get(i)
            told_later = self.model.http.request(fn, i) is None
            unknown = known is None and (i in sent or told_later or request.url.startswith("{}"))
            if unknown or (known is not None and known.kind in ("shipping", *SYSTEMS)):
                found.append(i)
        return found

    def _in_order(self, fn: Fn, done: list[Effect], sent: list[Effect]) -> list[Effect]:
        """What a function does, with what it sends where it stands."""
        out = list(done)
        for effect in sent:
            at = self._in(effect, fn)
            if any(self._in(e, fn) == at and e.kind in _WRITING for e in out):
                continue
            out.insert(next((n for n, e in enumerate(out) if self._in(e, fn) > at), len(out)), effect)
        return out

    def _is_part(self, fn: Fn, loop: Loop, loops: list[Loop], effect: Effect) -> bool:
        """Whether a loop goes through the parts of one item, whose failure is caught in each turn of a loop around it."""
        block = self.model.evaluator.defuse(fn).block_of[self._in(effect, fn)]
        around = [c for c in self.model.failures.catches(fn) if block in c.tried]
        if any(self._inside(fn, loop, c) for c in around):
            return False
        return any(self._inside(fn, outer, c) for c in around for outer in loops if outer.blocks > loop.blocks)

    def _by_callbacks(self, fn: Fn, named: bool, writes: bool) -> Iterator[Sync]:
        """Items for each of which a function is called, and that drop one whose function fails."""
        done: list[Effect] | None = None
        for call, inner in turns(self.model, fn):
            if not writes and not self.carried.from_elsewhere(fn, self._gone_through(fn, call)):
                continue
            done = self.model.effects.of(self._target(fn)) if done is None else done
            sent = self._sent_by_turns(fn, call, inner)
            for effect in (*done, *sent):
                if (effect in sent or self._carries(effect, named or not writes)) and any(p.fn == inner for p in effect.way):
                    dropped = self._dropped_in(fn, call, inner, effect)
                    if dropped is not None:
                        yield Sync(fn, call, effect, "dropped", dropped)
                        break

    def _gone_through(self, fn: Fn, call: int) -> int:
        """What a call that has each item done goes through: what its method is of, or else what it is given first."""
        body = self.program.body(fn)
        callee, given = body.call(call)
        return body.args(callee)[0] if body.op[callee] == Op.FIELD else given[0][1]

    def _dropped_in(self, fn: Fn, call: int, inner: Fn, effect: Effect) -> Place | None:
        """Where the failure of one item is forgotten: in its function, in what is hung on it, or where all are waited for."""
        failures = self.model.failures
        last = next(n for n, p in enumerate(effect.way) if p.fn == inner)
        for n, place in enumerate(effect.way[: last + 1]):
            if (lost := self._unheard(effect, n)) is not None:
                return lost
            catch = failures.around(place, ours=effect.touch is not None)
            if catch is not None:
                told = notes_failed(self.model, place.fn, catch) or (
                    place.fn == inner and answers_failed(self.model, inner, catch) and answer_is_read(self.model, fn, call)
                )
                forgets = not told and not self._raises(place.fn, catch) and failures.swallows(place.fn, catch)
                return Place(place.fn, max(catch.caught, 0), place.ctx) if forgets and place.fn == inner else None
        if (chained := chained_catch(self.model, effect, inner)) is not None:
            at, catch = chained
            return at if not self._raises(at.fn, catch) and not notes_failed(self.model, at.fn, catch) else None
        if (together := caught_together(self.model, fn, call)) is not None:
            at, catch = together
            forgets = not self._raises(at.fn, catch) and not notes_failed(self.model, at.fn, catch)
            return at if forgets and failures.swallows(at.fn, catch) else None
        if left_alone(self.model, fn, call, inner):
            return Place(fn, call, None)
        settled = settled_unread(self.model, fn, call)
        return Place(fn, settled, None) if settled is not None else None

    def _in(self, effect: Effect, fn: Fn) -> int:
        """The instruction of a function by which an effect comes about."""
        return next((p.instr for p in reversed(effect.way) if p.fn == fn), -1)

    def _carries(self, effect: Effect, named: bool) -> bool:
        """Whether an effect writes goods, stock or orders in a system outside, or, where a run is ``named`` as one, here."""
        if effect.operation is not None:
            return effect.kind in _WRITING
        touch = effect.touch if named else None
        if touch is None or touch.kind in ("read", "delete") or not _GOODS.fullmatch(touch.entity):
            return False
        return touch.effect == "stock.write" or not _WORK.fullmatch(touch.entity)

    def _judge(self, fn: Fn, loop: Loop, inside: list[Effect], done: list[Effect]) -> Sync:
        body = self.program.body(fn)
        first = min(i for i in body.rows(loop.blocks))
        found = []
        for effect in inside:
            what, at = self._ends(fn, loop, effect, done)
            found.append(Sync(fn, first, effect, what, at))
        order: tuple[What, ...] = ("dropped", "stops", "kept")
        judged = min(found, key=lambda s: order.index(s.what))
        there = self.program.body(judged.at.fn)
        if judged.what == "kept" and there.op[judged.at.instr] == Op.CAUGHT:
            catch = self.model.failures.caught_at(fn, judged.at.instr) if judged.at.fn == fn else None
            if (mark := moved_past(self.model, fn, loop, catch)) is not None:
                return replace(judged, what="passed", at=mark)
        return judged

    def _ends(self, fn: Fn, loop: Loop, effect: Effect, done: list[Effect]) -> tuple[What, Place]:
        """What becomes of a failure of one item's effect, and where; ``done``: all that the run does."""
        way = effect.way
        last = next(n for n, p in enumerate(way) if p.fn == fn and p.instr == self._in(effect, fn))
        for n, place in enumerate(way[: last + 1]):
            if (lost := self._unheard(effect, n)) is not None:
                return "dropped", lost
            catch = self.model.failures.around(place, ours=effect.touch is not None)
            if catch is None or (place.fn == fn and not self._inside(fn, loop, catch)):
                continue
            if effect.touch is None and (stopping := self._stopping(place)) is not None:
                return "stops", Place(place.fn, max(stopping.caught, 0), place.ctx)
            at = Place(place.fn, max(catch.caught, 0), place.ctx)
            if self._raises_each(place.fn, catch) or self.model.failures.tries_otherwise(place.fn, catch, effect):
                continue
            if self._is_kept(fn, loop, place, catch) or self._marks_later(place.fn, catch, effect, done):
                return "kept", at
            callers = way[n + 1 : last + 1][:2]
            lost_by = all(self.model.outcomes.answer(o) == "lost" and not notes_refused(self.model, o) for o in callers)
            return ("dropped" if lost_by else "kept"), at
        return self._ends_uncaught(fn, loop, effect, done, way[last])

    def _ends_uncaught(self, fn: Fn, loop: Loop, effect: Effect, done: list[Effect], turn: Place) -> tuple[What, Place]:
        """What becomes of a failure that no handler within the loop takes: it stops the run, unless the work is done elsewhere, what failed
        is taken up by something else, or a write fails without raising anything."""
        if (gathered := gathered_unread(self.model, fn, self._in(effect, fn))) is not None:
            return "dropped", Place(fn, gathered, None)
        if (asked := begun_beside(self.model, fn, self._in(effect, fn))) is not None:
            return ("kept" if asked else "dropped"), turn
        way = effect.way
        if any(self.model.handovers.targets(p.fn, p.instr, p.ctx) for p in way[: way.index(turn) + 1]):
            return "kept", turn  # each item is a job of its own, which fails and is tried again by itself
        if (claim := self._claimed(fn, loop, effect, done)) is not None:
            return "kept", claim.place  # what stops the run is passed over by the next one
        return ("kept", way[0]) if self._only_answers(effect) else ("stops", turn)

    def _is_kept(self, fn: Fn, loop: Loop, place: Place, catch: Catch) -> bool:
        """Whether a handler notes what failed, tells of it when the run is over, or does anything else than forget it."""
        noted = notes_failed(self.model, place.fn, catch) or (place.fn == fn and self._tells_later(fn, loop, catch))
        return noted or not self.model.failures.swallows(place.fn, catch)

    def _tells_later(self, fn: Fn, loop: Loop, catch: Catch) -> bool:
        """Whether a handler sets a variable that is read when the loop is over: ``$ok = false``, and then ``return $ok ? 0 : 1``."""
        body, defuse = self.program.body(fn), self.model.evaluator.defuse(fn)
        stores = (i for i in self._rows(fn, catch) if body.op[i] == Op.STORE and i != catch.caught + 1)
        return any(not loop.holds(body, n) for i in stores for n in reads(body, defuse, i))

    def _unheard(self, effect: Effect, n: int) -> Place | None:
        """Where a failure is dropped at one of the calls that lead to an effect, with no handler around it: nobody waits for it, or nobody
        acts upon the answer that tells of it."""
        place = effect.way[n]
        left = forgotten(self.model, place, effect.way[n - 1].fn if n else None)
        if left is None and n == 0 and effect.touch is None and (refused := refused_unheard(self.model, place)) is not None:
            left = Place(place.fn, refused, place.ctx)
        return left

    def _claimed(self, fn: Fn, loop: Loop, effect: Effect, done: list[Effect]) -> Effect | None:
        """The write by which a turn takes its item off a queue before it works on it: ``job.status = "processing"``."""
        body = self.program.body(fn)
        for earlier in done[: done.index(effect)]:
            touch, at = earlier.touch, self._in(earlier, fn)
            if any(self._in_handler(place) for place in earlier.way):
                continue
            if touch is None or at < 0 or not touch.writes or not _WORK.fullmatch(touch.entity) or not loop.holds(body, at):
                continue
            if any(self.model.words.says_state(snake(n)) or "attempt" in n.lower() for n in touch.fields):
                return earlier
        return None

    def _in_handler(self, place: Place) -> bool:
        """Whether something is done only once something else has failed."""
        block = self.model.evaluator.defuse(place.fn).block_of[place.instr]
        return any(block in c.blocks for c in self.model.failures.catches(place.fn))

    def _only_answers(self, effect: Effect) -> bool:
        """Whether a write says by its answer that it failed, and raises nothing: those of WordPress."""
        body = self.program.body(effect.fn)
        if self.program.language(effect.fn.file) != "php" or body.op[effect.instr] != Op.CALL:
            return False
        spelt = written(self.program, effect.fn, body.args(effect.instr)[0])
        return ".wpdb." in f".{spelt}" or spelt in ("update_post_meta", "update_option", "update_user_meta", "add_post_meta")

    def _marks_later(self, fn: Fn, catch: Catch, effect: Effect, done: list[Effect]) -> bool:
        """Whether the same try, once an item's effect has gone well, writes down that the item is done: ``row.synced_at = now``."""
        block_of = self.model.evaluator.defuse(fn).block_of
        for mark in done[done.index(effect) + 1 :]:
            touch, at = mark.touch, self._in(mark, fn)
            if touch is None or at < 0 or block_of[at] not in catch.tried or touch.kind not in ("write", "upsert", "flush"):
                continue
            if any(MARK.fullmatch(snake(n)) for n in touch.fields) or (not touch.fields and touch.kind == "write"):
                return True
        return False

    def _stopping(self, place: Place) -> Catch | None:
        """A handler for what a provider answers that raises it again, beside one that keeps all the rest:
        ``except HTTPError: raise`` before ``except Exception``."""
        block = self.model.evaluator.defuse(place.fn).block_of[place.instr]
        around = (c for c in self.model.failures.catches(place.fn) if block in c.tried)
        return next(
            (c for c in around if any(_ANSWERED.search(t) for t in c.types) and self.model.failures.raises_again(place.fn, c)), None
        )

    def _inside(self, fn: Fn, loop: Loop, catch: Catch) -> bool:
        """Whether a handler belongs to each turn, so that the next one follows it."""
        return catch.caught >= 0 and loop.holds(self.program.body(fn), catch.caught)

    def _raises_each(self, fn: Fn, catch: Catch) -> bool:
        """Whether a handler raises again whatever came: one that notes what failed and lets only what nobody could go on from through,
        ``if e.status == 402: raise``, keeps the rest."""
        body = self.program.body(fn)
        if not self._raises(fn, catch) or not catch.falls:
            return self._raises(fn, catch)
        rest = frozenset(b for b in catch.blocks if all(body.op[i] != Op.RAISE for i in body.rows((b,))))
        return not (notes_in(self.model, fn, list(body.rows(sorted(rest)))) or self.model.failures.passes_on(fn, rest))

    def _raises(self, fn: Fn, catch: Catch) -> bool:
        return any(self.program.body(fn).op[i] == Op.RAISE for i in self._rows(fn, catch))

    def _rows(self, fn: Fn, catch: Catch) -> list[int]:
        return list(self.program.body(fn).rows(sorted(catch.blocks)))
