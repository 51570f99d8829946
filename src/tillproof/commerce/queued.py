"""What the function finds in its job that a queue runs: whatever is queued under its name, wherever that is done."""

import re
from functools import cached_property
from typing import TYPE_CHECKING

from tillproof.flow.called_back import job
from tillproof.flow.program import Fn
from tillproof.flow.values import Param, Place, Value, choice
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_QUEUE = re.compile(rb"queue", re.IGNORECASE)
_MOST = 8


class Queued:
    """Asked for when a member of a function's first parameter is read; found once."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._asking = False

    def find(self) -> None:
        """Find what is queued now: not while something else is being worked out, which it may hang on."""
        _ = self._queued

    def member(self, param: Param, name: str, at: Place) -> Value | None:
        """What stands under that name of a job: ``job.data``; None where a parameter is no job, or nothing is seen to be queued."""
        if param.number or self._asking or name not in self.model.evaluator.carries.values():
            return None
        found = [v for fn, i in self._queued.get(param.fn, ()) for v in self._under(fn, i, name)]
        return choice(at, found) if found else None

    def is_queued(self, fn: Fn, i: int) -> bool:
        """Whether a call may queue a job."""
        body = self.model.program.body(fn)
        return body.op[i] == Op.CALL and body.called(i) in self.model.evaluator.carries

    def _under(self, fn: Fn, i: int, name: str) -> list[Value]:
        made = job(self.model.evaluator, fn, i, None, name)
        return [v for key, v in made.entries if key == name] if made is not None else []

    @cached_property
    def _queued(self) -> dict[Fn, list[tuple[Fn, int]]]:
        """By function that a queue runs, the calls that queue something for it."""
        out: dict[Fn, list[tuple[Fn, int]]] = {}
        program = self.model.program
        words = {word.lower() for word in self.model.evaluator.carries}
        self._asking = True  # what is a job is not asked while it is being found out
        for file in program.indices if self._is_used else ():
            if program.language(file) != "javascript" or not _QUEUE.search(program.sources[file]):
                continue
            for fn in program.functions_calling(file, words):
                body = program.body(fn)
                for i in range(len(body.op)):
                    if self.is_queued(fn, i):
                        for handed in self.model.handovers.targets(fn, i, None):
                            out.setdefault(handed.target.fn, []).append((fn, i))
        self._asking = False
        return {fn: calls[:_MOST] for fn, calls in out.items()}

    @cached_property
    def _is_used(self) -> bool:
        """Whether a package that runs jobs is imported anywhere."""
        handovers = [h for f in self.model.knowledge.frameworks.values() for h in f.handovers if h.carries]
        packages = {package for h in handovers for package in h.packages}
        return any(item.module in packages for index in self.model.program.indices.values() for item in index.imports)
