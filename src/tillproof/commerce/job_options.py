"""Which jobs an options record speaks for: ``queue.add('pay', data, { attempts: 5 })``, ``new Queue('pay', { defaultJobOptions: {
attempts: 5 } })``. By the queue's name, also one that a class is handed; or, where both names stay unknown, the only job of the unit that
could be meant."""

from typing import TYPE_CHECKING

from tillproof.commerce.handovers import queue_names
from tillproof.commerce.names import fits, strip
from tillproof.commerce.queues import Job
from tillproof.flow.asked import reads
from tillproof.flow.program import Fn
from tillproof.flow.values import ClassV, Const, Record, Value, constant, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_ADDS = ("add", "addBulk", "createJob")
_CALLERS, _NESTED = 8, 3


class JobOptions:
    """Answers by record."""

    def __init__(self, model: "Model") -> None:
        self.model = model

    def jobs(self, fn: Fn, record: int, makers: tuple[str, ...]) -> tuple[Fn, ...]:
        """The functions that run the jobs which a record speaks for; none where that is not known. ``makers``: the calls that make a
        queue."""
        body = self.model.program.body(fn)
        found: dict[Fn, None] = {}
        for call in self._calls_with(fn, record):
            callee, arguments = body.call(call)
            if body.op[callee] == Op.FIELD and body.name(callee) in _ADDS:
                found.update((h.target.fn, None) for h in self.model.handovers.targets(fn, call, None))
                base = self.model.evaluator.value(fn, body.args(callee)[0])
                names = set(queue_names(self.model, base))
            elif self._makes_queue(fn, call, makers):
                names = self._named(fn, arguments)
            elif (own := self._maker_above(fn, callee, makers)) is not None:
                names = self._named(own[0], self.model.program.body(own[0]).call(own[1])[1])
            else:
                continue
            found.update((f, None) for f in self._run_by(fn, names))
        return tuple(found)

    def _makes_queue(self, fn: Fn, call: int, makers: tuple[str, ...]) -> bool:
        known = [strip(n).lstrip("?") for n in self.model.recogniser.callee_names(fn, call, None)]
        return any(fits(maker, name) for maker in makers for name in known)

    def _maker_above(self, fn: Fn, callee: int, makers: tuple[str, ...]) -> tuple[Fn, int] | None:
        """Where a class of ours that is made here hands itself to the queue's own constructor: ``super('pay', { defaultJobOptions })``."""
        program = self.model.program
        for option in options(self.model.evaluator.value(fn, callee)):
            if not isinstance(option, ClassV) or not any(_last(b) in map(_last, makers) for b in program.cls(option.cls).bases):
                continue
            made = program.methods(option.cls).get("constructor")
            body = program.body(made) if made is not None else None
            for i, op in enumerate(body.op if body is not None else ()):
                if made is not None and body is not None and op in (Op.CALL, Op.NEW) and body.called(i) == "super":
                    return made, i
        return None

    def _calls_with(self, fn: Fn, record: int) -> list[int]:
        """The calls that are handed a record, by itself, within another, or by the variable that holds it."""
        body, defuse = self.model.program.body(fn), self.model.evaluator.defuse(fn)
        held = {record}
        for _ in range(_NESTED):
            around = {i for i, op in enumerate(body.op) if op == Op.RECORD and held.intersection(body.args(i)[1::2])}
            kept = {r for h in held for s in defuse.uses(h) if body.op[s] == Op.STORE for r in reads(body, defuse, s)}
            held |= around | kept
        return [i for i, op in enumerate(body.op) if op in (Op.CALL, Op.NEW) and any(a in held for _, a in body.call(i)[1])]

    def _named(self, fn: Fn, arguments: list[tuple[str, int]]) -> set[str]:
        """The names that a queue is made with, by any caller."""
        first = arguments[0][1] if arguments else -1
        contexts = [None, *self.model.callers.above(fn, None)[:_CALLERS]]
        values = [self.model.evaluator.value(fn, first, ctx) for ctx in contexts] if first >= 0 else []
        return {text for v in values for o in options(v) if (text := _name(o)) is not None}

    def _run_by(self, fn: Fn, names: set[str]) -> list[Fn]:
        language, unit = self.model.program.language(fn.file), self.model.program.unit(fn.file)
        known = [f.fn for name in sorted(names) for f in self.model.handovers.under(language, name)]
        if known:
            return known
        mine = [job for job in self.model.queues.all if job.handed is not None and self.model.program.unit(job.target.fn.file) == unit]
        named = [(job, self._name_of(job)) for job in mine if not job.queue.in_process and self.model.program.language(fn.file) == language]
        if names:
            return [job.target.fn for job, own in named if own & names]
        unnamed = [job.target.fn for job, own in named if not own]
        return unnamed if len(unnamed) == 1 else []

    def _name_of(self, job: Job) -> set[str]:
        fn, call = job.handed or (job.target.fn, -1)
        body: Body = self.model.program.body(fn)
        callee, arguments = body.call(call)
        if body.op[callee] == Op.FIELD:
            return set(queue_names(self.model, self.model.evaluator.value(fn, body.args(callee)[0])))
        return self._named(fn, arguments)


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _name(value: Value) -> str | None:
    """The name of a queue, as it is given by itself or in a module's options: ``{ name: 'pay' }``."""
    if isinstance(value, Record):
        return next((v.text for k, v in value.entries if k == "name" and isinstance(v, Const)), None)
    return constant(value)
