"""Variables that a function's own callbacks add to: ``lines.forEach((line) => { total += line.price })``."""

from typing import TYPE_CHECKING, NamedTuple

from tillproof.flow.frames import Frame
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import FunctionV, Value
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.flow.evaluate import Evaluator

FOLDS = ("reduce", "reduceRight")
"""Methods that make one value of a list by a function of what was made so far and an element."""
_ADDING = ("+", "-")


class _Write(NamedTuple):
    """A callback's write to a variable of the function around it: the call that the callback is given to, and where it writes."""

    call: int
    inner: Fn
    store: int


class Captured:
    """Writes by function and variable; kept."""

    def __init__(self, evaluator: "Evaluator") -> None:
        self.evaluator = evaluator
        self._writes: dict[Fn, dict[str, list[_Write]]] = {}

    def writes(self, fn: Fn) -> dict[str, list[_Write]]:
        """The writes of a function's callbacks, by variable."""
        if fn.number == TOP or self.evaluator.program.language(fn.file) != "javascript":
            return {}
        if fn not in self._writes:
            self._writes[fn] = self._found(fn)
        return self._writes[fn]

    def adds(self, fn: Fn, name: str) -> bool:
        """Whether a callback of the function adds to a variable."""
        return name in self.writes(fn)

    def after(self, f: Frame, i: int, name: str) -> list[Value]:
        """What callbacks may have made of a variable by the time it is read."""
        out = []
        for write in self.writes(f.fn).get(name, ()):
            if write.call < i:
                target = FunctionV((f.file, f.body.line[write.call]), write.inner, f.ctx)
                ctx = self.evaluator.context(target, f.fn, write.call, f.ctx, callback=True)
                out.append(self.evaluator.value(write.inner, write.store, ctx))
        return out

    def _found(self, fn: Fn) -> dict[str, list[_Write]]:
        found: dict[str, list[_Write]] = {}
        body = self.evaluator.program.body(fn)
        for i, op in enumerate(body.op):
            if op != Op.CALL:
                continue
            for _, a in body.call(i)[1]:
                if body.op[a] == Op.FUNCTION:
                    inner = Fn(fn.file, body.args(a)[0])
                    for name, store in self._adding(inner):
                        found.setdefault(name, []).append(_Write(i, inner, store))
        return found

    def _adding(self, fn: Fn) -> list[tuple[str, int]]:
        """The writes of a function that add to what a variable of others holds."""
        body = self.evaluator.program.body(fn)
        out = []
        for s, op in enumerate(body.op):
            value = body.args(s)[1] if op == Op.STORE else -1
            if value < 0 or body.op[value] != Op.BINARY or body.text(body.args(value)[0]) not in _ADDING:
                continue
            name = body.name(s)
            read = next((a for a in body.args(value)[1:] if body.op[a] == Op.NAME and body.name(a) == name), -1)
            if read >= 0 and not any(w < read for w in self.evaluator.defuse(fn).reaching(read, name).stores):
                out.append((name, s))
        return out
