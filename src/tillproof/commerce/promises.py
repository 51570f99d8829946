"""What becomes of a promise of JavaScript, or a coroutine of Python: whoever makes it waits for it, hands it on, leaves it alone, or
catches its failure."""

import re
from collections.abc import Iterator, Set
from typing import TYPE_CHECKING

from tillproof.commerce.effects import Place
from tillproof.commerce.names import written
from tillproof.commerce.sent_answers import sends_success
from tillproof.flow.program import Fn
from tillproof.flow.values import FunctionV, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_LOGS = re.compile(r"(\w+\.)*(console|log|logger|winston|pino|sentry|\w+_?logger)(\.\w+)*|noop", re.IGNORECASE)
_ON = ("then", "finally")
_CHAINED = (*_ON, "catch")
_LATER = ("waitUntil", "after", "unstable_after", "setTimeout", "setImmediate", "nextTick", "queueMicrotask")
"""What begins work for when the answer has been given, and keeps a function of the cloud awake for it."""
_WRITES = re.compile(
    r"(insert|update|delete|replace)(One|Many)|findOneAnd\w+|findById\w*And\w+|create|save|update|upsert|destroy|increment|decrement|query"
    r"|execute"
)
"""The methods by which libraries for databases write, all of which promise to."""
_PREPARES = re.compile(r"t|tx|trx|transaction|\w*batch|bulk\w*|writer")
"""What only notes down what is to be written with the rest: ``batch.update(ref, …)``."""
_TURNING = ("await-to-js",)
_STEPS = 6
LEFT = "nobody waits for the work that is begun here, and success is answered"
NEVER = "the work is only made ready here and never awaited, so that it never runs, and success is answered"
TURNED = "the failure becomes a value here, which is at most logged, and success is answered"
CAUGHT = "the failure of what is promised is caught here and only logged, and success is answered"


class Promises:
    """Asked by the call that makes the promise."""

    def __init__(self, model: "Model") -> None:
        self.model = model

    def dropped(self, place: Place, inner: Fn | None) -> tuple[int, str] | None:
        """Where a failure of what a call promises is dropped, and how; None when somebody hears of it. ``inner``: the function that the
        call leads to, None where the call itself is what fails."""
        if self.model.program.language(place.fn.file) == "python":
            return (place.instr, NEVER) if inner is not None and self._never_runs(place, inner) else None
        if self.model.program.language(place.fn.file) != "javascript":
            return None
        body, defuse = self.model.program.body(place.fn), self.model.evaluator.defuse(place.fn)
        here = place.instr
        for _ in range(_STEPS if body.op[here] == Op.CALL else 0):
            uses = list(defuse.uses(here))
            if not any(not self._thrown_away(place.fn, use) for use in uses):
                left = self._promises(inner) and self._begins(place, here, inner) if inner is not None else self._is_left(place, here)
                return (here, LEFT) if left else None
            if len(uses) == 1 and self._runs_later(place.fn, uses[0]):
                return (uses[0], LEFT) if inner is None or self._promises(inner) else None
            if len(uses) == 1 and self._turns(place.fn, here, uses[0]):
                return (uses[0], TURNED) if self._unasked(place, uses[0]) else None
            if len(uses) != 1 or body.op[uses[0]] not in (Op.FIELD, Op.LIST):
                return None
            chained = next((u for u in defuse.uses(uses[0]) if body.op[u] == Op.CALL), None)
            if chained is None:
                return None
            if body.op[uses[0]] == Op.LIST:
                return (chained, CAUGHT) if body.called(chained) == "allSettled" and self._unasked(place, chained) else None
            if body.name(uses[0]) == "catch":
                return (chained, CAUGHT) if self._only_logs(place.fn, chained) and self._unasked(place, chained) else None
            if body.name(uses[0]) not in _ON and inner is not None:
                return None  # of a statement, the calls that it is put together by
            here = chained
        return None

    def goes_on_alone(self, place: Place, inner: Fn | None) -> bool:
        """Whether nobody waits for what a call begins, and what becomes of it is told to functions that are called back when it is over:
        ``db.query(sql, (err) => …)``, ``order.save().then(…).catch(…)``. ``inner``: the function that the call leads to."""
        body, defuse = self.model.program.body(place.fn), self.model.evaluator.defuse(place.fn)
        here, told = place.instr, self._calls_back(place, inner)
        if told is None:
            return False
        for _ in range(_STEPS):
            uses = list(defuse.uses(here))
            if not uses:
                return told
            chained = uses[0] if len(uses) == 1 and body.op[uses[0]] == Op.FIELD and body.name(uses[0]) in _CHAINED else -1
            here = next((u for u in defuse.uses(chained) if body.op[u] == Op.CALL), -1) if chained >= 0 else -1
            if here < 0:
                return False
            told = True
        return False

    def _calls_back(self, place: Place, inner: Fn | None) -> bool | None:
        """Whether a call that begins work is itself told what to call when it is over; None for one that does not begin any."""
        body = self.model.program.body(place.fn)
        if body.op[place.instr] != Op.CALL:
            return None
        callee, given = body.call(place.instr)
        handed = {o.fn for _, a in given for o in options(self.model.evaluator.value(place.fn, a)) if isinstance(o, FunctionV)}
        name = body.called(place.instr)
        if inner is not None and inner not in handed:
            ours = (o.fn for o in options(self.model.evaluator.value(place.fn, callee, place.ctx)) if isinstance(o, FunctionV))
            return False if inner in ours and self._promises(inner) else None
        if name in _CHAINED:
            return True
        return bool(handed) if _WRITES.fullmatch(name) or (inner is None and not handed) else None

    def _never_runs(self, place: Place, inner: Fn) -> bool:
        """Whether a call makes a coroutine of one of our functions, and nothing is done with it."""
        body = self.model.program.body(place.fn)
        if body.op[place.instr] != Op.CALL or Op.AWAIT not in self.model.program.body(inner).op:
            return False
        callee = self.model.evaluator.value(place.fn, body.args(place.instr)[0], place.ctx)
        ours = any(isinstance(o, FunctionV) and o.fn == inner for o in options(callee))
        return ours and not list(self.model.evaluator.defuse(place.fn).uses(place.instr))

    def _turns(self, fn: Fn, i: int, use: int) -> bool:
        """Whether a promise is handed to what answers its failure as a value: ``const [err] = await to(order.save())``."""
        body, program = self.model.program.body(fn), self.model.program
        if body.op[use] != Op.CALL or i not in [a for _, a in body.call(use)[1]]:
            return False
        if any(name.startswith(_TURNING) for name in self.model.recogniser.callee_names(fn, use, None)):
            return True
        ours = [o.fn for o in options(self.model.evaluator.value(fn, body.args(use)[0])) if isinstance(o, FunctionV)]
        return bool(ours) and all(
            any(
                program.body(one).op[end] in (Op.LIST, Op.RECORD)
                for one, blocks in self._caught_in(top)
                for end in self.model.failures.ends(one, blocks)
            )
            for top in ours
        )

    def _caught_in(self, fn: Fn) -> Iterator[tuple[Fn, Set[int]]]:
        """What a function does about the failure of a promise that it is handed, with the blocks that do it."""
        body = self.model.program.body(fn)
        yield from ((fn, c.blocks) for c in self.model.failures.catches(fn))
        for i, op in enumerate(body.op):
            if op == Op.CALL and body.called(i) == "catch":
                run = (o.fn for _, a in body.call(i)[1] for o in options(self.model.evaluator.value(fn, a)) if isinstance(o, FunctionV))
                yield from ((one, frozenset(range(len(self.model.program.body(one).blocks)))) for one in run)

    def _is_left(self, place: Place, last: int) -> bool:
        """Whether what a library's own call promises is left alone, at the end of a chain: ``order.save().then(() => log())``. None answers
        there, or whoever sent the message would wait in vain, and send it again."""
        if last == place.instr:
            return self._written(place.fn, last)
        body, recogniser = self.model.program.body(place.fn), self.model.recogniser
        given = [a for n, op in enumerate(body.op) if op == Op.CALL and place.instr < n <= last for _, a in body.call(n)[1]]
        run = {o.fn for a in given for o in options(self.model.evaluator.value(place.fn, a)) if isinstance(o, FunctionV)}
        said = (recogniser.is_("answers", one, n) for one in run for n, op in enumerate(self.model.program.body(one).op) if op == Op.CALL)
        return not any(said)

    def _writes(self, fn: Fn, i: int) -> bool:
        """Whether a call is a library's own that promises to write, and is given no function to call when it has."""
        body = self.model.program.body(fn)
        callee, given = body.call(i)
        if body.op[callee] != Op.FIELD or not _WRITES.fullmatch(body.name(callee)):
            return False
        if any(isinstance(o, FunctionV) for _, a in given for o in options(self.model.evaluator.value(fn, a))):
            return False
        on = body.args(callee)[0]
        return not (body.op[on] in (Op.NAME, Op.FIELD) and _PREPARES.fullmatch(body.name(on)))

    def _written(self, fn: Fn, i: int) -> bool:
        """Whether such a call, or one that stands in front of it in its chain, writes: ``Order.updateOne(…).exec()``."""
        body = self.model.program.body(fn)
        while body.op[i] == Op.CALL:
            if self._writes(fn, i):
                return True
            callee = body.args(i)[0]
            if body.op[callee] != Op.FIELD:
                return False
            i = body.args(callee)[0]
        return False

    def _thrown_away(self, fn: Fn, use: int) -> bool:
        body = self.model.program.body(fn)
        return body.op[use] == Op.UNARY and body.text(body.args(use)[0]) == "void"

    def _begins(self, place: Place, call: int, inner: Fn) -> bool:
        """Whether a call runs a function there and then: a route that is registered runs when somebody asks for it."""
        if self._runs_later(place.fn, call):
            return True
        callee, given = self.model.program.body(place.fn).call(call)
        handed = (o for _, a in given for o in options(self.model.evaluator.value(place.fn, a, place.ctx)) if isinstance(o, FunctionV))
        ours = any(isinstance(o, FunctionV) for o in options(self.model.evaluator.value(place.fn, callee, place.ctx)))
        return ours or all(o.fn != inner for o in handed)

    def _runs_later(self, fn: Fn, call: int) -> bool:
        body = self.model.program.body(fn)
        return body.op[call] == Op.CALL and body.called(call) in _LATER

    def _promises(self, fn: Fn) -> bool:
        """Whether a function promises its work, itself or by giving back what one of ours promises: ``() => fulfil(order)``."""
        body = self.model.program.body(fn)
        if Op.AWAIT in body.op:
            return True
        given = [body.args(r)[0] for r, op in enumerate(body.op) if op == Op.RETURN and body.args(r)[0] >= 0]
        if any(self._written(fn, g) for g in given):
            return True
        begun = (self.model.evaluator.value(fn, body.args(g)[0]) for g in given if body.op[g] == Op.CALL)
        return any(isinstance(o, FunctionV) and Op.AWAIT in self.model.program.body(o.fn).op for v in begun for o in options(v))

    def _unasked(self, place: Place, call: int) -> bool:
        """Whether nobody asks what the promise answered once its failure was caught: it would say so."""
        return self.model.outcomes.answer(Place(place.fn, call, place.ctx)) == "lost"

    def _only_logs(self, fn: Fn, call: int) -> bool:
        """Whether what is handed to ``catch`` does nothing about the failure but log it."""
        given = [a for _, a in self.model.program.body(fn).call(call)[1]]
        if len(given) != 1:
            return False
        ours = [o.fn for o in options(self.model.evaluator.value(fn, given[0])) if isinstance(o, FunctionV)]
        if not ours:
            return _LOGS.fullmatch(written(self.model.program, fn, given[0])) is not None
        return all(self._is_quiet(one) for one in ours)

    def _answers_well(self, fn: Fn, i: int) -> bool:
        """Whether a call answers, and says nothing of an error."""
        return sends_success(self.model, fn, i) or self._sets_status(fn, i)

    def _sets_status(self, fn: Fn, i: int) -> bool:
        """Whether a call only makes ready an answer that another sends: ``res.status(200)`` of ``res.status(200).json({})``."""
        body, defuse = self.model.program.body(fn), self.model.evaluator.defuse(fn)
        onward = [u for u in defuse.uses(i) if body.op[u] == Op.FIELD]
        return bool(onward) and all(any(sends_success(self.model, fn, c) for c in defuse.uses(u)) for u in onward)

    def _is_quiet(self, fn: Fn) -> bool:
        """Whether a function calls nothing but a log, and what makes up the line."""
        body, defuse = self.model.program.body(fn), self.model.evaluator.defuse(fn)
        if Op.RAISE in body.op or Op.SET_FIELD in body.op or Op.NEW in body.op:
            return False
        calls = [i for i, op in enumerate(body.op) if op == Op.CALL and not self._answers_well(fn, i)]
        logs = {i for i in calls if _LOGS.fullmatch(written(self.model.program, fn, body.args(i)[0]))}
        return all(i in logs or any(body.op[u] in (Op.CALL, Op.TEXT, Op.BINARY) for u in defuse.uses(i)) for i in calls)
