"""Inside what a line runs: a lock, a row lock, a transaction; here, or in every caller."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from tillproof.commerce.begun import begins
from tillproof.commerce.effects import Place
from tillproof.commerce.lexicon import snake
from tillproof.commerce.names import written
from tillproof.commerce.parts import Parts
from tillproof.flow.facts import Passed
from tillproof.flow.program import TOP, Fn
from tillproof.flow.tries import reached_round
from tillproof.flow.values import Ctx, FunctionV, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

Fits: TypeAlias = Callable[[Place], bool]

_FOLDERS = ("mkdir", "mkdirSync")
_LOCKING = re.compile(r"^(?!release|un|free|drop|clear|is|has)(\w+_)?(lock|locked|mutex|semaphore|exclusive|acquire|for_update)(_|$)")
_ADVISORY = re.compile(r"\bget_lock\s*\(|\bpg_(try_)?advisory_", re.IGNORECASE)
_FOR_UPDATE = re.compile(rb"for[ _]?update|lock", re.IGNORECASE)
_LOCKS_DEEP = 1
_MOST_CALLS = 12
_LEVELS = 4
_MOST_CALLERS = 12
_SESSION_BEGINS = re.compile(r"session\w*(\.|->)(start|with)_?transaction|connection\.transaction", re.IGNORECASE)
_BY_ITSELF = "transactionAsyncLocalStorage"


class Regions:
    """Answers by place; kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._rows: dict[tuple[Fn, int, int], bool] = {}
        self._may_lock: dict[str, bool] = {}
        self._any_lock: dict[Place, Place | None] = {}
        self._everywhere: dict[tuple[Fn, int, str, Fits | None], list[Place] | None] = {}

    # --- locks

    def lock(self, place: Place, fits: "Fits | None" = None) -> Place | None:
        """Where a lock was taken that is held at a place: a block under a lock, a callback handed to one, a row read for update before.
        ``fits``: which locks count."""
        if fits is not None:
            return self._lock(place, fits)
        if place not in self._any_lock:
            self._any_lock[place] = self._lock(place, None)
        return self._any_lock[place]

    def _lock(self, place: Place, fits: "Fits | None") -> Place | None:
        for found in (self._manager(place, "lock"), self._handed(place, "lock")):
            if found is not None and (fits is None or fits(found)):
                return found
        body = self.model.program.body(place.fn)
        for fact in self.model.effects.facts(place.fn).at(place.instr):
            if not isinstance(fact, Passed) or body.op[fact.instr] != Op.CALL:
                continue
            before = Place(place.fn, fact.instr, place.ctx)
            takes = self._takes(before, "lock") or self.locks_rows(before) or self._locks_inside(before.fn, before.instr, before.ctx, 0)
            if takes and (fits is None or fits(before)):
                return before
        return self._on_each_side(place, fits)

    def _on_each_side(self, place: Place, fits: "Fits | None") -> Place | None:
        """The first of several reads under a lock of which every way to a place has made one: that of the variant, or else that of the
        product."""
        file = place.fn.file
        if file not in self._may_lock:
            self._may_lock[file] = _FOR_UPDATE.search(self.model.texts.text(file)) is not None
        if not self._may_lock[file]:
            return None
        body, block_of = self.model.program.body(place.fn), self.model.evaluator.defuse(place.fn).block_of
        before = (Place(place.fn, i, place.ctx) for i, op in enumerate(body.op) if op == Op.CALL and block_of[i] != block_of[place.instr])
        locks = [p for p in before if self.locks_rows(p) and (fits is None or fits(p))]
        passed = len(locks) > 1 and block_of[place.instr] not in reached_round(body, {block_of[p.instr] for p in locks})
        return locks[0] if passed else None

    def _locks_inside(self, fn: Fn, i: int, ctx: Ctx | None, depth: int) -> bool:
        """Whether a call lands in a function of ours that is there to take a lock, by its own name or its class's, and takes one."""
        body = self.model.program.body(fn)
        if body.op[body.args(i)[0]] not in (Op.NAME, Op.FIELD) or (depth == 0 and not _LOCKING.search(snake(body.called(i)))):
            return False
        for option in options(self.model.evaluator.value(fn, body.args(i)[0], ctx)):
            if not isinstance(option, FunctionV):
                continue
            within = self.model.program.body(option.fn)
            calls = [n for n, op in enumerate(within.op) if op == Op.CALL]
            if any(self._is(option.fn, n, None, "lock") or self.locks_rows(Place(option.fn, n, None)) for n in calls):
                return True
            if depth < _LOCKS_DEEP and any(self._locks_inside(option.fn, n, None, depth + 1) for n in calls[:_MOST_CALLS]):
                return True
        return False

    def locked_everywhere(self, place: Place, fits: "Fits | None" = None) -> list[Place]:
        """The locks under which a place always runs: one taken here, or one in each caller, however far up; empty when any way to it
        has none. ``fits``: which locks count."""
        return self._always(place, "lock", 0, fits) or []

    def locks_rows(self, place: Place) -> bool:
        """Whether a call, or the function of ours that it lands in, reads rows under a lock."""
        key = (place.fn, place.instr, id(place.ctx))
        if key not in self._rows:
            self._rows[key] = False
            body = self.model.program.body(place.fn)
            if body.op[body.args(place.instr)[0]] in (Op.NAME, Op.FIELD):
                touch = self.model.records.touch(place.fn, place.instr, place.ctx)
                parts = Parts()
                if touch is None:
                    self.model.records.choices.chosen(self.model.records.chains.of(place.fn, place.instr, place.ctx), parts)
                self._rows[key] = touch.locked if touch is not None else parts.locked
        return self._rows[key]

    # --- transactions

    def transaction(self, place: Place) -> Place | None:
        """Where the transaction begins in which a place runs: a block, a callback, a decorator, or a begin before it."""
        found = self._manager(place, "transaction") or self._handed(place, "transaction") or self._decorated(place.fn)
        if found is not None:
            return found
        body = self.model.program.body(place.fn)
        over = {manager for manager, start, end in body.regions if not start <= place.instr < end}  # `with session.begin():` ends by itself
        for fact in self.model.effects.facts(place.fn).at(place.instr):
            called = isinstance(fact, Passed) and body.op[fact.instr] == Op.CALL and fact.instr not in over
            if isinstance(fact, Passed) and called and begins(self.model, place.fn, fact.instr):
                return Place(place.fn, fact.instr, place.ctx)
        return None

    def in_transaction(self, place: Place) -> list[Place]:
        """The transactions in which a place always runs, here or in each caller; empty when any way to it has none, or when it is not
        told of a transaction of which it would have to be."""
        found = self._always(place, "transaction", 0) or []
        return found if all(self._is_told(place, begun) for begun in found) else []

    def _is_told(self, place: Place, begun: Place) -> bool:
        """Whether a function takes part in a transaction that is begun around it. MongoDB's is one of a session, which each operation has
        to be handed, unless the library does so by itself."""
        tokens = self.model.vocabulary.tokens
        return not self._needs_session(begun) or any("session" in t.lower() for t in tokens(place.fn))

    def reads_inside(self, read: Place, begun: Place) -> bool:
        """Whether a read belongs to a transaction that is begun around what is made of it: one of MongoDB's has to be handed the session,
        ``Product.findById(id).session(session)``; else another's write in between goes unnoticed."""
        if not self._needs_session(begun):
            return True
        body, defuse = self.model.program.body(read.fn), self.model.evaluator.defuse(read.fn)
        calls, end = [read.instr], read.instr
        while True:  # to the end of the chain
            members = [u for u in defuse.uses(end) if body.op[u] == Op.FIELD and body.args(u)[0] == end]
            above = [c for m in members for c in defuse.uses(m) if body.op[c] == Op.CALL and body.args(c)[0] == m]
            if not above:
                break
            end = above[0]
            calls.append(end)
        told = (v for _, v in body.call(read.instr)[1][1:] if body.op[v] != Op.CONST)  # `findOne(filter, null, { session })`
        return any(body.called(c) == "session" for c in calls) or any(body.op[v] != Op.RECORD or self._has_session(body, v) for v in told)

    def _has_session(self, body: Body, record: int) -> bool:
        """Whether a record of options names a session, or may."""
        keys = body.args(record)[0::2]
        return any(k < 0 or (said := body.const(k)) is None or said[1] == "session" for k in keys)

    def _needs_session(self, begun: Place) -> bool:
        return _SESSION_BEGINS.search(self._said(begun)) is not None and not any(self.model.program.mentioning(_BY_ITSELF))

    def _said(self, place: Place) -> str:
        body = self.model.program.body(place.fn)
        lines = range(body.line[place.instr], body.end_line[place.instr] + 1)
        return " ".join(self.model.program.line_text(place.fn.file, n) for n in lines)

    def _decorated(self, fn: Fn) -> Place | None:
        """A decorator of a function that opens a transaction."""
        around = self.model.program.parent(fn)
        if around is None:
            return None
        body = self.model.program.body(around)
        for i, op in enumerate(body.op):
            if (
                op == Op.DECORATE
                and body.args(i)[0] == 0
                and body.args(i)[1] == fn.number
                and self._names(around, body.args(i)[2], "transaction")
            ):
                return Place(around, i, None)
        return None

    # --- both

    def _always(self, place: Place, what: str, depth: int, fits: "Fits | None" = None) -> list[Place] | None:
        here = self.lock(place, fits) if what == "lock" else self.transaction(place)
        if here is not None:
            return [here]
        if place.ctx is not None and place.ctx.fn == place.fn and place.ctx.call >= 0:
            above = [Place(place.ctx.caller, place.ctx.call, place.ctx.parent)]
        elif depth >= _LEVELS:
            return None
        else:
            callers = self.model.callers.of(place.fn)
            handed = self.handed_to(place.fn) if not callers else None
            if handed is not None and handed.fn.number == TOP:
                handed = None  # what is registered while a file is loaded runs later, when what was taken then has been let go
            if (not callers and handed is None) or len(callers) > _MOST_CALLERS:
                return None
            above = [handed] if handed is not None else [Place(caller, call, None) for caller, call, _ in callers]
        out: list[Place] = []
        for one in above:
            key = (one.fn, one.instr, what, fits)
            if key not in self._everywhere:
                self._everywhere[key] = None
                self._everywhere[key] = self._always(one, what, depth + 1, fits)
            found = self._everywhere[key]
            if not found:
                return None
            out += found
        return out

    def _manager(self, place: Place, what: str) -> Place | None:
        """A block of statements around a place whose manager is of that kind."""
        for manager, start, end in self.model.program.body(place.fn).regions:
            if start <= place.instr < end and self._takes(Place(place.fn, manager, place.ctx), what):
                return Place(place.fn, manager, place.ctx)
        return None

    def _handed(self, place: Place, what: str) -> Place | None:
        """The call to which the function around a place is handed: ``DB::transaction(function () { … })``."""
        ctx = place.ctx
        if ctx is not None and ctx.fn == place.fn and ctx.callback:
            within = Place(ctx.caller, ctx.call, ctx.parent)
            return within if self._takes(within, what) or (what == "lock" and self._runs_locked(within, place.fn)) else None
        if ctx is not None and ctx.fn == place.fn and self.model.program.parent(place.fn) in (None, ctx.caller, Fn(place.fn.file, TOP)):
            return None  # called as itself, and not by what it is handed to
        call = self.handed_to(place.fn)
        return call if call and (self._takes(call, what) or (what == "lock" and self._runs_locked(call, place.fn))) else None

    def handed_to(self, fn: Fn) -> Place | None:
        """The call that a function is written as an argument of."""
        around = self.model.program.parent(fn)
        body = self.model.program.body(around) if around is not None else None
        for i, op in enumerate(body.op) if body is not None else ():
            if around is not None and body is not None and op == Op.CALL and any(body.holds(v, fn.number) for _, v in body.call(i)[1]):
                return Place(around, i, None)
        return None

    def _runs_locked(self, call: Place, handed: Fn) -> bool:
        """Whether a function of ours runs what it is handed under a lock that it takes: ``order.lock(async () => …)``."""
        body = self.model.program.body(call.fn)
        callee, arguments = body.call(call.instr)
        position = next((n for n, (_, v) in enumerate(arguments) if body.op[v] == Op.FUNCTION and body.args(v)[0] == handed.number), None)
        ours = [o for o in options(self.model.evaluator.value(call.fn, callee, call.ctx)) if isinstance(o, FunctionV)]
        return position is not None and bool(ours) and all(self._is_locked(o, call, position) for o in ours)

    def _is_locked(self, target: FunctionV, call: Place, position: int) -> bool:
        body = self.model.program.body(target.fn)
        params = [p.name for p in body.params if p.name not in ("self", "this")]
        if position >= len(params):
            return False
        ctx = self.model.evaluator.context(target, call.fn, call.instr, call.ctx)
        runs = [
            i
            for i, op in enumerate(body.op)
            if op == Op.CALL and written(self.model.program, target.fn, body.args(i)[0]) == params[position]
        ]
        hands = [
            i
            for i, op in enumerate(body.op)
            if op == Op.CALL and any(body.op[v] == Op.NAME and body.name(v) == params[position] for _, v in body.call(i)[1])
        ]  # `(name, work) => redlock.using([name], 5000, work)`
        under = [self._after_lock(Place(target.fn, i, ctx)) for i in runs] + [self._takes(Place(target.fn, i, ctx), "lock") for i in hands]
        return bool(under) and all(under)

    def _after_lock(self, place: Place) -> bool:
        """Whether a lock is held at a place, or rows were read under one, and marked, by a function that was run before."""
        if self.lock(place) is not None:
            return True
        body = self.model.program.body(place.fn)
        passed = (f.instr for f in self.model.effects.facts(place.fn).at(place.instr) if isinstance(f, Passed))
        inner = (Fn(place.fn.file, body.args(v)[0]) for i in passed for _, v in body.call(i)[1] if body.op[v] == Op.FUNCTION)
        return any(self._marks_locked_rows(fn) for fn in inner)

    def _marks_locked_rows(self, fn: Fn) -> bool:
        calls = [i for i, op in enumerate(self.model.program.body(fn).op) if op == Op.CALL]
        touched = [t for i in calls if (t := self.model.records.touch(fn, i, None)) is not None]
        return any(t.kind == "read" and t.locked for t in touched) and any(t.writes for t in touched)

    def _takes(self, place: Place, what: str) -> bool:
        """Whether a call, or one in the chain that it ends, takes a lock or opens a transaction: ``Cache::lock(…)->block(5, fn)``."""
        body = self.model.program.body(place.fn)
        i = place.instr
        for _ in range(4):
            if i < 0 or body.op[i] not in (Op.CALL, Op.NEW):
                return i >= 0 and body.op[i] in (Op.NAME, Op.FIELD) and self._names(place.fn, i, what)
            if self._is(place.fn, i, place.ctx, what):
                return True
            callee = body.args(i)[0]
            i = body.args(callee)[0] if body.op[callee] == Op.FIELD else -1
            while i >= 0 and body.op[i] == Op.AWAIT:
                i = body.args(i)[0]
        return False

    def _is(self, fn: Fn, i: int, ctx: Ctx | None, what: str) -> bool:
        recogniser = self.model.recogniser
        if what == "transaction":
            return recogniser.is_("transactions", fn, i, ctx) is not None
        if recogniser.is_("locks", fn, i, ctx) is None:
            return self._makes_lock_folder(fn, i)
        touch = self.model.records.touch(fn, i, ctx)
        return touch is None or touch.locked or self._is_advisory(fn, i)

    def _makes_lock_folder(self, fn: Fn, i: int) -> bool:
        """Whether a call makes the folder that stands for a lock, which only one can do: ``mkdir($this->lockfile)``."""
        body = self.model.program.body(fn)
        named = body.op[i] == Op.CALL and body.called(i) in _FOLDERS
        return named and "lock" in self.model.program.line_text(fn.file, body.line[i]).lower()

    def _is_advisory(self, fn: Fn, i: int) -> bool:
        """Whether a statement takes a lock of the database that belongs to no row."""
        body = self.model.program.body(fn)
        said = (self.model.program.line_text(fn.file, n) for n in range(body.line[i], body.end_line[i] + 1))
        return any(_ADVISORY.search(text) for text in said)

    def _names(self, fn: Fn, i: int, what: str) -> bool:
        """Whether a value that is no call names one: ``@transaction.atomic``, ``with lock:``."""
        body = self.model.program.body(fn)
        if body.op[i] == Op.CALL:
            return self._is(fn, i, None, what)
        return self.model.recogniser.result_is("transactions" if what == "transaction" else "locks", self.model.evaluator.value(fn, i))
