"""Variables that a function's own callbacks add to: ``lines.forEach((line) => { total += line.price; items.push({ … }) })``; in PHP those
that they share by reference, ``$lines->each(function ($line) use (&$items) { $items[] = […]; })``."""

from typing import TYPE_CHECKING, NamedTuple

from tillproof.flow.copied import Entries
from tillproof.flow.frames import Frame
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import Ctx, FunctionV, Overlay, Value, choice
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.flow.evaluate import Evaluator

FOLDS = ("reduce", "reduceRight")
"""Methods that make one value of a list by a function of what was made so far and an element."""
SUMS = ("sum", "sumBy")
"""Methods that add up what a function makes of each element, or the elements themselves."""
ARRAY_FOLD, ARRAY_SUM = "array_reduce", "array_sum"
"""PHP's functions for both."""
_ADDING = ("+", "-")


class _Write(NamedTuple):
    """A callback's write to a variable of the function around it: the call that the callback is given to, and what it writes. ``into``:
    the key under which it is written into what the variable holds, ``[]`` for what is appended; None when the variable itself is.
    ``worked_out``: the write, where its key is worked out."""

    call: int
    inner: Fn
    value: int
    into: str | None = None
    worked_out: int = -1


class Captured:
    """Writes by function and variable; kept."""

    def __init__(self, evaluator: "Evaluator") -> None:
        self.evaluator = evaluator
        self._writes: dict[Fn, dict[str, list[_Write]]] = {}
        self._reading: set[tuple[Fn, str]] = set()

    def writes(self, fn: Fn) -> dict[str, list[_Write]]:
        """The writes of a function's callbacks, by variable."""
        if fn.number == TOP or self.evaluator.program.language(fn.file) not in ("javascript", "php"):
            return {}
        if fn not in self._writes:
            self._writes[fn] = self._found(fn)
        return self._writes[fn]

    def adds(self, fn: Fn, name: str) -> bool:
        """Whether a callback of the function adds to a variable."""
        return name in self.writes(fn)

    def after(self, f: Frame, i: int, name: str) -> list[Value]:
        """What callbacks may have made of a variable by the time it is read."""
        return [self._value(f, w) for w in self.writes(f.fn).get(name, ()) if w.into is None and w.call < i]

    def inside(self, f: Frame, i: int, name: str) -> list[tuple[str | None, Value, bool]]:
        """What callbacks may have written into what a variable holds by the time it is read, as an overlay has it."""
        told = [w for w in self.writes(f.fn).get(name, ()) if w.into is not None and w.call < i]
        return [(key, value, False) for w in told for key, value in self._entries(f, w)]

    def by_others(self, f: Frame, name: str, reader: Fn, value: Value) -> Value:
        """A variable as one callback of the function finds it, with what its other callbacks may have made of it before:
        ``req.on('data', (chunk) => body += chunk); req.on('end', () => JSON.parse(body))``."""
        told = [w for w in self.writes(f.fn).get(name, ()) if not self._is_inside(reader, w.inner)]
        if not told or (f.fn, name) in self._reading:
            return value
        self._reading.add((f.fn, name))
        at = value.at
        value = choice(at, [value, *(self._value(f, w) for w in told if w.into is None)])
        written = tuple((key, v, False) for w in told if w.into is not None for key, v in self._entries(f, w))
        self._reading.discard((f.fn, name))
        return Overlay(at, value, written) if written else value

    def _is_inside(self, fn: Fn, around: Fn) -> bool:
        here: Fn | None = fn
        while here is not None and here != around:
            here = self.evaluator.program.parent(here)
        return here is not None

    def _entries(self, f: Frame, write: _Write) -> Entries:
        """What a callback writes into what a variable holds."""
        found: Entries = []
        if write.worked_out >= 0:
            found = self.evaluator.copied.entries(self.evaluator.frame(write.inner, self._context(f, write)), write.worked_out)
        return found or ([(write.into, self._value(f, write))] if write.into else [])

    def _context(self, f: Frame, write: _Write) -> Ctx | None:
        target = FunctionV((f.file, f.body.line[write.call]), write.inner, f.ctx)
        return self.evaluator.context(target, f.fn, write.call, f.ctx, callback=True)

    def _value(self, f: Frame, write: _Write) -> Value:
        return self.evaluator.value(write.inner, write.value, self._context(f, write))

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
                        if self._shares(inner, name):
                            found.setdefault(name, []).append(_Write(i, inner, store))
                    flow = self.evaluator.defuse(inner)
                    own = {p.name for p in self.evaluator.program.body(inner).params}
                    appends = self.evaluator.program.language(fn.file) == "php"  # `$items[] = …` has no key
                    for name, writes in flow.writes.items():
                        if name not in flow.stores and name not in own and self._shares(inner, name):
                            found.setdefault(name, []).extend(
                                _Write(i, inner, v, key or ("[]" if appends else ""), -1 if key else n) for n, key, v in writes
                            )
        return found

    def _shares(self, inner: Fn, name: str) -> bool:
        """Whether what a callback writes to a variable of the function around it is seen there; PHP's closures have copies unless they say
        otherwise."""
        program = self.evaluator.program
        declared = program.function(inner)
        if program.language(inner.file) != "php" or declared is None:
            return True
        return b"&$" + name.encode() in program.sources[inner.file][declared.start : declared.end]

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
