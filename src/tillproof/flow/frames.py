"""What the evaluator keeps of one function in one calling context."""

from tillproof.flow.defuse import DefUse
from tillproof.flow.fixed import Fixed
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx, Value
from tillproof.ir.body import Body


class Frame:
    """A function as it is called in a context: the values found there by instruction, and the contexts of the calls that it makes.

    ``inside``: the context is one of this very function, so that it fills the parameters. ``fixed``: what is the same in all contexts.
    ``flow``: the reaching writes with every branch open. ``live``: those without the branches that the context's constants rule out,
    once that is known. ``own``: where what hangs on the object alone is kept, for all calls on it.
    """

    __slots__ = ("body", "contexts", "ctx", "file", "fixed", "flow", "fn", "inside", "live", "own", "values")

    def __init__(self, fn: Fn, fixed: Fixed, ctx: Ctx | None) -> None:
        self.fn, self.fixed, self.ctx = fn, fixed, ctx
        self.body: Body = fixed.body
        self.flow: DefUse = fixed.flow
        self.file = fn.file
        self.inside = ctx is not None and ctx.fn == fn
        self.live: DefUse | None = None if self.inside else fixed.flow
        self.own: Frame | None = None
        self.values: dict[int, Value] = {}
        self.contexts: dict[tuple[int, Fn, int, bool], Ctx] = {}


_LIVE = -1


class Provisional:
    """What was found while it was not yet known which branches of a function are open, and has to be found again once it is.

    A function's conditions are valued with all its branches open. ``pending`` holds the functions for which that is going on, the outermost
    first; ``seen`` has a bit for each of them that what is being valued just now has looked at.
    """

    def __init__(self) -> None:
        self.pending: list[Frame] = []
        self.seen = 0
        self._found: dict[tuple[int, int], tuple[int, Frame]] = {}
        self._by_pending: list[list[tuple[int, int]]] = []

    def begin(self, frame: Frame) -> None:
        """The conditions of a function are about to be valued."""
        self.pending.append(frame)
        self._by_pending.append([])

    def use(self, frame: Frame) -> None:
        """The open branches of a function are looked at; it may be pending, or settled by what was found while another was."""
        if frame in self.pending:
            self.seen |= 1 << self.pending.index(frame)
        else:
            self.reuse(frame, _LIVE)

    def note(self, frame: Frame, i: int) -> None:
        """The value of an instruction is only good until the branches of the functions seen are known."""
        key = (id(frame), i)
        self._found[key] = (self.seen, frame)
        for number, keys in enumerate(self._by_pending):
            if self.seen >> number & 1:
                keys.append(key)

    def reuse(self, frame: Frame, i: int) -> None:
        """A value is used again: what is made of it is as provisional as it is."""
        if (known := self._found.get((id(frame), i))) is not None:
            self.seen |= known[0]

    def settle(self, before: int) -> None:
        """The branches of the innermost pending function are known: what was found without knowing them is forgotten.

        ``before``: what had been seen when its turn came.
        """
        frame = self.pending.pop()
        for key in self._by_pending.pop():
            found = self._found.pop(key, None)
            if found is None:
                continue
            if key[1] == _LIVE:
                found[1].live = None
            else:
                found[1].values.pop(key[1], None)
        self.seen &= (1 << len(self.pending)) - 1
        if self.seen:
            self.note(frame, _LIVE)
        self.seen |= before
