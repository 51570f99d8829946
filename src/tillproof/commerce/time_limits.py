"""What bounds a request from outside of it: a block that gives up, a timer that its promise is raced against, a breaker around it."""

from typing import TYPE_CHECKING

from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import FunctionV, Place, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_OUTWARD = 2  # callers
_CHAINED = 6
_WITHOUT_WAITING = (Op.RETURN, Op.AWAIT)


class TimeLimits:
    """Asked by the call that sends."""

    def __init__(self, model: "Model") -> None:
        self.model = model

    def around(self, fn: Fn, i: int, depth: int = 0) -> Place | None:
        """Where whatever a call begins is given up after a time, by its function or by everybody who calls that."""
        found = self._block(fn, i) or self._handed(fn, i) or self._run_by(fn)
        if found is not None or depth >= _OUTWARD or not self._is_waited_for(fn, i):
            return found
        outer = [self.around(caller, call, depth + 1) for caller, call, _ in self.model.callers.of(fn)]
        return outer[0] if outer and all(outer) else None

    def _at(self, fn: Fn, i: int) -> Place:
        return fn.file, self.model.program.body(fn).line[i]

    def _bounds(self, fn: Fn, i: int) -> bool:
        """Whether a call is one that a pack knows to give up after a time."""
        table = self.model.recogniser.shared[self.model.program.language(fn.file), "limits"]
        return bool(table.find(self.model.recogniser.callee_names(fn, i, None)))

    def _block(self, fn: Fn, i: int) -> Place | None:
        """``async with asyncio.timeout(10): …``"""
        body = self.model.program.body(fn)
        around = (manager for manager, start, end in body.regions if start <= i < end and body.op[manager] == Op.CALL)
        return next((self._at(fn, m) for m in around if self._bounds(fn, m)), None)

    def _handed(self, fn: Fn, i: int) -> Place | None:
        """What is promised goes to a call that gives up: ``wait_for(send(), 10)``, ``.pipe(timeout(10))``."""
        body, defuse = self.model.program.body(fn), self.model.evaluator.defuse(fn)
        here = i
        for _ in range(_CHAINED):
            uses = list(defuse.uses(here))
            for use in uses:
                given = [a for _, a in body.call(use)[1]] if body.op[use] in (Op.CALL, Op.NEW) else []
                if here in given and (self._bounds(fn, use) or self._races(fn, use)):
                    return self._at(fn, use)
                if here not in given and any(body.op[a] == Op.CALL and self._bounds(fn, a) for a in given):
                    return self._at(fn, use)
            onward = [u for u in uses if body.op[u] in (Op.FIELD, Op.CALL)]
            if len(onward) != 1:
                return None
            here = onward[0]
        return None

    def _races(self, fn: Fn, call: int) -> bool:
        """Whether a call leads to a function of ours that races what it is handed against a timer."""
        callee = self.model.program.body(fn).args(call)[0]
        ours = [o.fn for o in options(self.model.evaluator.value(fn, callee)) if isinstance(o, FunctionV)]
        return bool(ours) and all({"race", "setTimeout"} <= self.model.vocabulary.tokens(one) for one in ours)

    def _run_by(self, fn: Fn) -> Place | None:
        """The function is handed to what runs it and gives up: ``policy.execute(() => send())``, ``new CircuitBreaker(send)``."""
        program, name = self.model.program, self.model.program.name(fn)
        words = self.model.recogniser.shared[program.language(fn.file), "limits"].words()
        named = {i.local.lower() for i in program.indices[fn.file].imports if i.module in words}
        for outer in program.functions_calling(fn.file, words | named) if fn.number != TOP else ():
            body = program.body(outer)
            for i, op in enumerate(body.op):
                if op in (Op.CALL, Op.NEW) and self._bounds(outer, i) and any(_is(body, a, fn, name) for _, a in body.call(i)[1]):
                    return self._at(outer, i)
        return None

    def _is_waited_for(self, fn: Fn, i: int) -> bool:
        """Whether the function around a call is at it as long as the call is."""
        body, defuse = self.model.program.body(fn), self.model.evaluator.defuse(fn)
        return any(body.op[u] in _WITHOUT_WAITING or body.op[u] == Op.STORE for u in defuse.uses(i)) or Op.AWAIT in body.op


def _is(body: Body, i: int, fn: Fn, name: str) -> bool:
    """Whether an instruction of the same file gives a function, written there or by its name."""
    if body.op[i] == Op.FUNCTION:
        return body.args(i)[0] == fn.number
    return bool(name) and body.op[i] in (Op.NAME, Op.FIELD) and body.name(i).rpartition(".")[2] == name
