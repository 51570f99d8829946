"""Calls that never return: those that a pack knows, and functions of ours that end the request or raise in every case."""

import re
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from tillproof.flow.facts import Facts
from tillproof.flow.program import Fn
from tillproof.flow.values import FunctionV, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_TAIL = 400
_LEAVES = rb"(?<![\w$.])(exit|die|throw|raise%s)\b[^;{}]*;?\s*\}?\s*$"
_ABSTRACT = re.compile(rb"not.?implemented|abstract|must\b.*\b(implement|overrid)", re.IGNORECASE)


class Leaving:
    """Answers call by call; what is known of a function is kept. ``facts``: what is certain in a function's body."""

    def __init__(self, model: "Model", facts: Callable[[Fn], Facts]) -> None:
        self.model = model
        self._facts = facts
        self._memo: dict[Fn, bool] = {}

    def never_returns(self, fn: Fn, i: int) -> bool:
        """Whether what stands behind a call is never reached by it."""
        if self.model.recogniser.is_("exits", fn, i) is not None:
            return True
        body = self.model.program.body(fn)
        if body.called(i).lower() not in self._named:
            return False
        called = options(self.model.evaluator.value(fn, body.args(i)[0]))
        return all(isinstance(o, FunctionV) and o.fn != fn and self._leaves(o.fn) for o in called)

    @cached_property
    def _named(self) -> frozenset[str]:
        """Names, in lower case, of the functions whose text ends as one does that leaves."""
        program = self.model.program
        known = {n.rpartition(".")[2] for f in self.model.knowledge.frameworks.values() for n in f.exits}
        ends = re.compile(_LEAVES % b"".join(b"|" + re.escape(n.encode()) for n in sorted(known)))
        return frozenset(
            function.name.lower()
            for file, index in program.indices.items()
            for function in index.functions
            if function.name and ends.search(program.sources[file], max(function.start, function.end - _TAIL), function.end)
        )

    def _leaves(self, fn: Fn) -> bool:
        if fn not in self._memo:
            self._memo[fn] = False  # one that calls itself may return
            program, function = self.model.program, self.model.program.function(fn)
            owner = program.owner(fn)
            replaced = owner is not None and bool(self.model.evaluator.scope.overrides(owner, program.name(fn)))
            declared = function is None or _ABSTRACT.search(program.sources[fn.file], function.start, function.end) is not None
            body = program.body(fn)
            if not (replaced or declared or body.generator) and (Op.CALL in body.op or _raises_what_it_is_told(body)):
                self._memo[fn] = not self._facts(fn).ends()
        return self._memo[fn]


def _raises_what_it_is_told(body: Body) -> bool:
    """Whether a function makes an error of what it is handed, ``throwStatus(401, 'Bad signature')``: one that raises the same error for
    everybody may stand for what is not there yet."""
    handed = {p.name for p in body.params}
    return Op.NEW in body.op and any(op == Op.NAME and body.name(i) in handed for i, op in enumerate(body.op))
