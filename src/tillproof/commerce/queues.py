"""Jobs of work queues, and what becomes of one that has failed for good: it rests somewhere, or it is forgotten."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.effects import Effect
from tillproof.commerce.names import fits, strip
from tillproof.flow.asked import reads
from tillproof.flow.program import Fn
from tillproof.flow.values import FunctionV, options
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Queue

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_OFF = r"[\"'`]?\s*+(?::|=>|=)\s*+(?!false|False|0\b|null|None|undefined|\{\s*(?:count|age)\s*:\s*[1-9]|[1-9]\d{2,})"
_SETTINGS = ("yaml", "toml", "ini", "xml", "env", "json")
_LARGEST = 100_000
_SETS_OFF = ("start", "daemon", "setDaemon", "name")
"""What is done with a thread before it runs: nobody who only does this learns what becomes of it."""


class Resting(NamedTuple):
    """A line by which a failed job is kept or told of, or forgotten."""

    file: str
    line: int
    word: str


@dataclass(frozen=True, slots=True)
class Job:
    """A function that a queue runs. ``handed``: where it is handed to the queue, when that is seen."""

    queue: Queue
    target: FunctionV
    handed: tuple[Fn, int] | None


class Queues:
    """Finds jobs by the packs; kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self.program = model.program
        self._resting: dict[tuple[str, str], Resting | None] = {}

    @cached_property
    def all(self) -> list[Job]:
        """Every job, in order of file and place."""
        found: dict[Fn, Job] = {}
        for frameworks, files in self.model.wiring.active.files():
            for framework in frameworks:
                for queue in framework.queues:
                    for job in (*self._declared(queue, files), *self._consuming(queue, files)):
                        found.setdefault(job.target.fn, job)
        return sorted(found.values(), key=lambda j: j.target.fn)

    @cached_property
    def left_in_process(self) -> dict[tuple[Fn, int], Job]:
        """The work that runs in the same process and that whoever begins it does not wait for, by the call that begins it."""
        handed = {job.handed: job for job in self.all if job.queue.in_process and job.handed is not None}
        return {place: job for place, job in handed.items() if not self._waited_for(*place)}

    def _waited_for(self, fn: Fn, i: int) -> bool:
        """Whether anything is done with what begins some work: it is awaited, or put among what is awaited. To set a thread off, or to
        say what kind of thread it is, is not to wait for it."""
        body, defuse = self.program.body(fn), self.model.evaluator.defuse(fn)
        stores = [u for u in defuse.uses(i) if body.op[u] == Op.STORE]
        held = [i, *(read for s in stores for read in reads(body, defuse, s))]
        uses = (u for read in held for u in defuse.uses(read) if u not in stores)
        return any(body.op[u] not in (Op.FIELD, Op.SET_FIELD) or body.name(u) not in _SETS_OFF for u in uses)

    def _declared(self, queue: Queue, files: list[str]) -> Iterator[Job]:
        """Entry points that the queue calls."""
        mine = set(files) if queue.marks else set()
        for entry in self.model.entries if mine else ():
            file = entry.target.fn.file
            if entry.role == "internal" and file in mine and self._marked(queue, file) and "Cron" not in entry.note:
                yield Job(queue, entry.target, None)

    def _marked(self, queue: Queue, file: str) -> bool:
        return any(word in self.model.vocabulary.tokens(Fn(file, -1)) for word in queue.marks) or any(
            i.module == word or i.module.startswith((word + ".", word + "/"))
            for i in self.program.indices[file].imports
            for word in queue.marks
        )

    def _consuming(self, queue: Queue, files: list[str]) -> Iterator[Job]:
        """Functions that are handed to a call which runs them as jobs."""
        words = {c.rpartition(".")[2].lower() for c in queue.consumes}
        for file in files if words else ():
            if queue.marks and not self._marked(queue, file):
                continue
            for fn in self.program.functions_calling(file, words):
                body = self.program.body(fn)
                for i, op in enumerate(body.op):
                    if op in (Op.CALL, Op.NEW) and self._is(queue, fn, i, words):
                        for _, given in body.call(i)[1]:
                            yield from (Job(queue, target, (fn, i)) for target in self._functions(fn, given))

    def _is(self, queue: Queue, fn: Fn, i: int, words: set[str]) -> bool:
        body = self.program.body(fn)
        callee = body.args(i)[0]
        if body.op[callee] not in (Op.NAME, Op.FIELD) or body.name(callee).rpartition(".")[2].lower() not in words:
            return False
        known = [strip(n).lstrip("?") for n in self.model.recogniser.callee_names(fn, i, None)]
        return any(fits(pattern, name) for pattern in queue.consumes for name in known)

    def _functions(self, fn: Fn, i: int) -> list[FunctionV]:
        """The functions of ours that a value is, or of which it is the coroutine."""
        body = self.program.body(fn)
        value = self.model.evaluator.value(fn, body.args(i)[0] if body.op[i] == Op.CALL else i)
        return [o for o in options(value) if isinstance(o, FunctionV)]

    # --- what is at stake

    def at_stake(self, target: FunctionV) -> list[Effect]:
        """What a job does to orders, payments, stock or a system outside."""
        return [e for e in self.model.effects.of(target) if self._matters(e)]

    def _matters(self, effect: Effect) -> bool:
        if effect.operation is not None:
            return not effect.kind.endswith((".read", ".retrieve"))
        touch = effect.touch
        if touch is None:
            return effect.kind == "fulfil"
        return touch.writes and (
            self.model.words.entity(touch.entity) or any(self.model.stock_writes.is_stock(touch.entity, n) for n in touch.fields)
        )

    # --- where failed jobs rest

    def resting(self, queue: Queue, unit: str) -> Resting | None:
        """The line of a unit by which what failed for good is kept, or somebody is told."""
        for word in queue.kept_by:
            key = (unit, word)
            if key not in self._resting:
                self._resting[key] = self._said(word, unit)
            if (found := self._resting[key]) is not None:
                return found
        return None

    def forgetting(self, queue: Queue, unit: str) -> Resting | None:
        """The option of a unit by which the queue is told to forget what failed."""
        for option in queue.drops:
            pattern = re.compile(rf"(?<![\w$]){option}".encode() + _OFF.encode())
            for file in self.program.mentioning(option):
                source = self.program.sources[file]
                match = pattern.search(source) if self.program.unit(file) == unit else None
                if match is not None:
                    return Resting(file, source.count(b"\n", 0, match.start()) + 1, option)
        return None

    def configured(self, queue: Queue) -> bool:
        """Whether the tree holds the file that says what becomes of failed jobs; one for several matters has to speak of the queue."""
        found = [f.path for f in self.model.texts.files if f.path.endswith(queue.configured_in)] if queue.configured_in else []
        named = queue.id.encode()
        return not queue.configured_in or any(
            p.endswith(".php") or named in p.encode() or named in self.model.texts.text(p).lower() for p in found
        )

    def _said(self, word: str, unit: str) -> Resting | None:
        raw = word.encode()
        pattern = re.compile(rb"(?<![\w$])" + re.escape(raw) + rb"(?![\w$])")
        for file in self.program.mentioning(word):
            source = self.program.sources[file]
            if self.program.unit(file) == unit and (match := pattern.search(source)):
                return Resting(file, source.count(b"\n", 0, match.start()) + 1, word)
        for one in self.model.texts.files:
            if one.language in _SETTINGS and one.size < _LARGEST and one.path not in self.program.sources:
                text = self.model.texts.text(one.path)
                if raw in text and (match := pattern.search(text)):
                    return Resting(one.path, text.count(b"\n", 0, match.start()) + 1, word)
        return None
