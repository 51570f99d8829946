"""What becomes of a promise of JavaScript: whoever makes it waits for it, hands it on, leaves it alone, or catches its failure."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.effects import Place
from tillproof.commerce.names import written
from tillproof.flow.program import Fn
from tillproof.flow.values import FunctionV, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_LOGS = re.compile(r"(\w+\.)*(console|log|logger|winston|pino|sentry|\w+_?logger)(\.\w+)*|noop", re.IGNORECASE)
_ON = ("then", "finally")
_LATER = ("waitUntil", "after", "unstable_after")
"""What keeps a function of the cloud awake for work when the answer has been given."""
_STEPS = 6
LEFT = "nobody waits for the work that is begun here, and success is answered"
CAUGHT = "the failure of what is promised is caught here and only logged, and success is answered"


class Promises:
    """Asked by the call that makes the promise."""

    def __init__(self, model: "Model") -> None:
        self.model = model

    def dropped(self, place: Place, inner: Fn | None) -> tuple[int, str] | None:
        """Where a failure of what a call promises is dropped, and how; None when somebody hears of it. ``inner``: the function that the
        call leads to, None where the call itself is what fails."""
        if self.model.program.language(place.fn.file) != "javascript":
            return None
        body, defuse = self.model.program.body(place.fn), self.model.evaluator.defuse(place.fn)
        here = place.instr
        for _ in range(_STEPS if body.op[here] == Op.CALL else 0):
            uses = list(defuse.uses(here))
            if not any(not self._thrown_away(place.fn, use) for use in uses):
                return (here, LEFT) if inner is not None and self._promises(inner) and self._begins(place, here, inner) else None
            if len(uses) == 1 and self._runs_later(place.fn, uses[0]):
                return (uses[0], LEFT) if inner is not None and self._promises(inner) else None
            if len(uses) != 1 or body.op[uses[0]] not in (Op.FIELD, Op.LIST):
                return None
            chained = next((u for u in defuse.uses(uses[0]) if body.op[u] == Op.CALL), None)
            if chained is None:
                return None
            if body.op[uses[0]] == Op.LIST:
                return (chained, CAUGHT) if body.called(chained) == "allSettled" and self._unasked(place, chained) else None
            if body.name(uses[0]) == "catch":
                return (chained, CAUGHT) if self._only_logs(place.fn, chained) and self._unasked(place, chained) else None
            if body.name(uses[0]) not in _ON:
                return None
            here = chained
        return None

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
        return body.op[call] == Op.CALL and body.called(call).rpartition(".")[2] in _LATER

    def _promises(self, fn: Fn) -> bool:
        """Whether a function promises its work, itself or by giving back what one of ours promises: ``() => fulfil(order)``."""
        body = self.model.program.body(fn)
        if Op.AWAIT in body.op:
            return True
        given = (body.args(r)[0] for r, op in enumerate(body.op) if op == Op.RETURN and body.args(r)[0] >= 0)
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

    def _is_quiet(self, fn: Fn) -> bool:
        """Whether a function calls nothing but a log, and what makes up the line."""
        body, defuse = self.model.program.body(fn), self.model.evaluator.defuse(fn)
        if Op.RAISE in body.op or Op.SET_FIELD in body.op or Op.NEW in body.op:
            return False
        calls = [i for i, op in enumerate(body.op) if op == Op.CALL]
        logs = {i for i in calls if _LOGS.fullmatch(written(self.model.program, fn, body.args(i)[0]))}
        return all(i in logs or any(body.op[u] in (Op.CALL, Op.TEXT, Op.BINARY) for u in defuse.uses(i)) for i in calls)
