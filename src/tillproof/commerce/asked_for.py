"""What whoever asks for messages has run for each: ``consume(run) { channel.consume(queue, async (m) => run(parse(m))) }``.

Nothing calls the function that the broker is given, so no caller says what the parameter around it is: it is any that the function around
it is handed somewhere.
"""

from functools import cached_property
from typing import TYPE_CHECKING

from tillproof.flow.parameters import parameter
from tillproof.flow.program import Fn
from tillproof.flow.values import FunctionV, Param, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_MOST = 12


class AskedFor:
    """Answers by call, in functions that a broker or timetable runs."""

    def __init__(self, model: "Model") -> None:
        self.model = model

    @cached_property
    def _set_off(self) -> set[Fn]:
        return {e.target.fn for e in self.model.entries if e.role == "internal"}

    def of(self, fn: Fn, i: int) -> list[FunctionV]:
        """The functions of ours that a call of a parameter of the function around runs; none where it is no such call."""
        program, evaluator = self.model.program, self.model.evaluator
        body, around = program.body(fn), program.parent(fn)
        callee = body.args(i)[0]
        if around is None or body.op[i] != Op.CALL or body.op[callee] != Op.NAME or fn not in self._set_off:
            return []
        told = next((o for o in options(evaluator.value(fn, callee)) if isinstance(o, Param) and o.fn == around), None)
        if told is None:
            return []
        found: dict[Fn, FunctionV] = {}
        for caller, call, target in self.model.callers.of(around)[:_MOST]:
            frame = evaluator.frame(around, self.model.callers.context(around, caller, call, target, None))
            given = options(parameter(evaluator, frame, told.number, told.at))
            found.update({o.fn: o for o in given if isinstance(o, FunctionV)})
        return list(found.values())
