"""What is certain when an instruction runs: the conditions that every way to it has passed, and the calls that have returned.

A fact is known once for a body, whatever the caller: a branch taken one way (``Condition``), one of several branches taken (``Either``:
what an ``or`` leads to), or a call that came back (``Passed``). ``if order.paid: return`` makes "not paid" a fact of all that follows.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from tillproof.ir.body import EDGE_FALSE, EDGE_RAISE, EDGE_TRUE, Body
from tillproof.ir.ops import Op


class Condition(NamedTuple):
    """The value of instruction ``instr`` was ``truth`` as a condition."""

    instr: int
    truth: bool


class Either(NamedTuple):
    """At least one of these held."""

    conditions: tuple[Condition, ...]


class Passed(NamedTuple):
    """The call at ``instr`` has returned."""

    instr: int


Fact: TypeAlias = Condition | Either | Passed


class Facts:
    """The facts of one body, as sets of bits. ``leaves``: whether a call never returns."""

    def __init__(self, body: Body, leaves: Callable[[int], bool]) -> None:
        self.body = body
        self._leaving = {
            number
            for number, block in enumerate(body.blocks)
            if any(body.op[i] == Op.CALL and leaves(i) for i in range(block.start, block.end))
        }
        self._number: dict[Fact, int] = {}
        self._known: list[Fact] = []
        self._entry: list[int | None] = [None] * len(body.blocks)
        self._block_of = [0] * len(body.op)
        self._incoming: list[list[tuple[int, int]]] = [[] for _ in body.blocks]
        for number, block in enumerate(body.blocks):
            self._block_of[block.start : block.end] = [number] * (block.end - block.start)
            for kind, target in block.next:
                if number not in self._leaving or kind == EDGE_RAISE:
                    self._incoming[target].append((number, kind))
        self._settle()

    def at(self, i: int) -> list[Fact]:
        """Everything that is certain when an instruction runs, in the order of the code; nothing when it is never reached."""
        number = self._block_of[i]
        bits = self._entry[number]
        if bits is None:
            return []
        bits |= self._passed(number, i)
        return sorted((f for n, f in enumerate(self._known) if bits >> n & 1), key=_place)

    def reached(self, i: int) -> bool:
        """Whether any way leads to an instruction."""
        return self._entry[self._block_of[i]] is not None

    def ends(self) -> list[tuple[int, list[Fact]]]:
        """The ways on which a body returns normally: its RETURN instruction (-1 where it runs off its end), and what is certain there."""
        out = []
        for number, block in enumerate(self.body.blocks):
            if self._entry[number] is None or number in self._leaving:
                continue
            last = block.end - 1
            if block.end > block.start and self.body.op[last] == Op.RETURN:
                out.append((last, self.at(last)))
            elif not [k for k, _ in block.next if k != EDGE_RAISE] and not (
                block.end > block.start and self.body.op[last] in (Op.RAISE, Op.BRANCH)
            ):
                bits = (self._entry[number] or 0) | self._passed(number, block.end)
                out.append((-1, sorted((f for n, f in enumerate(self._known) if bits >> n & 1), key=_place)))
        return out

    # --- the fixed point

    def _bit(self, fact: Fact) -> int:
        number = self._number.get(fact)
        if number is None:
            number = self._number[fact] = len(self._known)
            self._known.append(fact)
        return 1 << number

    def _settle(self) -> None:
        self._entry[0] = 0
        waiting = [0]
        while waiting:
            number = waiting.pop()
            for _, target in self.body.blocks[number].next:
                if target == 0:
                    continue
                merged = self._merged(target)
                if merged is not None and merged != self._entry[target]:
                    self._entry[target] = merged
                    waiting.append(target)

    def _merged(self, target: int) -> int | None:
        """What all known ways into a block agree on, and that one of their branches was taken."""
        bits: int | None = None
        taken: list[Condition] = []
        ways = 0
        for source, kind in self._incoming[target]:
            if self._entry[source] is None:
                continue
            ways += 1
            arriving, condition = self._along(source, kind)
            bits = arriving if bits is None else bits & arriving
            if condition is not None:
                taken.append(condition)
        if bits is not None and len(taken) == ways > 1:
            bits |= self._bit(Either(tuple(sorted(set(taken)))))
        return bits

    def _along(self, source: int, kind: int) -> tuple[int, Condition | None]:
        """The facts that an edge brings, and the condition that it stands for."""
        bits = self._entry[source] or 0
        block = self.body.blocks[source]
        if kind == EDGE_RAISE and not (block.end > block.start and self.body.op[block.end - 1] == Op.RAISE):
            return bits, None
        bits |= self._passed(source, block.end)
        if kind not in (EDGE_TRUE, EDGE_FALSE) or block.end <= block.start or self.body.op[block.end - 1] != Op.BRANCH:
            return bits, None
        condition = self._plain(Condition(self.body.args(block.end - 1)[0], kind == EDGE_TRUE))
        return bits | self._bit(condition), condition

    def _plain(self, condition: Condition) -> Condition:
        """Without its negations."""
        i, truth = condition
        while i >= 0 and self.body.op[i] == Op.UNARY and self.body.text(self.body.args(i)[0]) in ("not", "!"):
            i, truth = self.body.args(i)[1], not truth
        return Condition(i, truth)

    def _passed(self, number: int, before: int) -> int:
        """The calls of a block that have returned before an instruction."""
        bits = 0
        for i in range(self.body.blocks[number].start, min(before, self.body.blocks[number].end)):
            if self.body.op[i] in (Op.CALL, Op.NEW):
                bits |= self._bit(Passed(i))
        return bits


def _place(fact: Fact) -> tuple[int, int]:
    return (fact.conditions[0].instr, 2) if isinstance(fact, Either) else (fact.instr, 0 if isinstance(fact, Passed) else 1)
