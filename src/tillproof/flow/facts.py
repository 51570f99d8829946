"""What is certain when an instruction runs: the conditions that every way to it has passed, and the calls that have returned.

A fact is known once for a body, whatever the caller: a branch taken one way (``Condition``), one of several branches taken (``Either``:
what an ``or`` leads to), or a call that came back (``Passed``). ``if order.paid: return`` makes "not paid" a fact of all that follows,
and so does a loop that leaves the function when an element of what it goes through is paid: behind it none is.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from tillproof.ir.body import EDGE_FALSE, EDGE_RAISE, EDGE_TRUE, Block, Body
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


_MOST_ASKED = 4
Fact: TypeAlias = Condition | Either | Passed


class Facts:
    """The facts of one body, as sets of bits. ``leaves``: whether a call never returns; ``quiet``: whether nothing in a block throws."""

    def __init__(self, body: Body, leaves: Callable[[int], bool], quiet: Callable[[Block], bool] = lambda _: False) -> None:
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
        for target, ways in enumerate(self._incoming):
            loud = [(n, kind) for n, kind in ways if kind != EDGE_RAISE or not quiet(body.blocks[n])]
            if loud:  # something is caught, if only by what looks as if nothing could be
                self._incoming[target] = loud
        self._searched = dict(self._searches())
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
            elif not block.onward and not (block.end > block.start and self.body.op[last] in (Op.RAISE, Op.BRANCH)):
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
        taken: list[list[Condition]] = []
        brought: list[int] = []
        for source, kind in self._incoming[target]:
            if self._entry[source] is None:
                continue
            arriving, condition = self._along(source, kind)
            brought.append(arriving)
            bits = arriving if bits is None else bits & arriving
            if asked := [condition] if condition is not None else self._fallen_through(source, kind, 0):
                taken.append(asked)
        if bits is not None and len(taken) == len(brought) > 1:
            bits |= self._bit(Either(tuple(sorted({c for asked in taken for c in asked}))))
        elif bits is not None and len(brought) == 2 and not taken and self._only_forward(target):
            for either in self._of_two(bits, *brought):
                bits |= self._bit(either)
        return bits

    def _fallen_through(self, source: int, kind: int, depth: int) -> list[Condition]:
        """The branches of which one led to a block in which nothing is done: ``case NEW:`` before ``case PAID:``. Empty where another way
        leads there too."""
        block = self.body.blocks[source]
        if kind in (EDGE_TRUE, EDGE_FALSE, EDGE_RAISE) or block.end > block.start or depth > _MOST_ASKED:
            return []
        found: list[Condition] = []
        for before, how in self._incoming[source]:
            condition = self._along(before, how)[1] if self._entry[before] is not None else None
            led = [condition] if condition is not None else self._fallen_through(before, how, depth + 1)
            if not led:
                return []
            found += led
        return found

    def _only_forward(self, target: int) -> bool:
        """Whether nothing leads back to a block, as to the head of a loop."""
        blocks = self.body.blocks
        return all(blocks[source].start <= blocks[target].start and source != target for source, _ in self._incoming[target])

    def _of_two(self, common: int, one: int, other: int) -> Iterator[Either]:
        """What two ways that come together have each asked for itself: ``if (staff) { if (order.sent) return } else { if (order.paid)
        return }`` leaves an order that is not sent or not paid."""
        own = [[f for n, f in enumerate(self._known) if (way & ~common) >> n & 1 and isinstance(f, Condition)] for way in (one, other)]
        if all(len(conditions) <= _MOST_ASKED for conditions in own):
            yield from (Either(tuple(sorted((a, b)))) for a in own[0] for b in own[1] if a.instr != b.instr)

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
        for found in self._searched.get((source, kind), ()):
            bits |= self._bit(found)
        return bits | self._bit(condition), condition

    def _searches(self) -> Iterator[tuple[tuple[int, int], list[Condition]]]:
        """What held of no element when a loop over elements that ends the function as soon as one fits ran to its end: by the edge on which
        it did, or on which there was nothing to go through (``if refunds: for refund in refunds: …``)."""
        for head, block in enumerate(self.body.blocks):
            last = block.end - 1
            if last < block.start or self.body.op[last] != Op.BRANCH or self.body.op[self.body.args(last)[0]] != Op.OPAQUE:
                continue
            begins, ends = (next((t for k, t in block.next if k == kind), -1) for kind in (EDGE_TRUE, EDGE_FALSE))
            behind = self._onward(ends, head)
            if begins < 0 or not self._onward(begins, head) & self._before(head):
                continue
            found = [c for b in sorted(self._onward(begins, head)) if (c := self._ends_search(b, begins, head, behind)) is not None]
            if found:
                yield (head, EDGE_FALSE), found
                yield from ((edge, found) for edge in self._passing_by(head, behind))

    def _passing_by(self, head: int, behind: set[int]) -> Iterator[tuple[int, int]]:
        """The edges that lead past a loop because there is nothing to go through."""
        gone_through = self.body.args(self.body.args(self.body.blocks[head].end - 1)[0])[0]
        if self.body.op[gone_through] != Op.NAME:
            return
        for number, block in enumerate(self.body.blocks):
            last = block.end - 1
            if number == head or last < block.start or self.body.op[last] != Op.BRANCH or len(block.next) != 2:
                continue
            if self._names_in(self.body.args(last)[0]) == {self.body.name(gone_through)}:
                (one, left), (other, right) = block.next
                for kind, past, into in ((one, left, right), (other, right, left)):
                    if self._first_full(past) in behind and head not in self._onward(past) and head in self._onward(into):
                        yield number, kind

    def _first_full(self, number: int) -> int:
        """The first block from here on in which anything is done."""
        while self.body.blocks[number].start == self.body.blocks[number].end and len(self.body.blocks[number].next) == 1:
            number = self.body.blocks[number].next[0][1]
        return number

    def _names_in(self, i: int) -> set[str]:
        """The variables that a condition asks about."""
        op, args = self.body.op[i], self.body.args(i)
        if op == Op.NAME:
            return {self.body.name(i)}
        if op == Op.CALL:
            return {n for _, v in self.body.call(i)[1] for n in self._names_in(v)}
        below = args[:1] if op == Op.FIELD else args[1:] if op in (Op.UNARY, Op.BINARY, Op.CAST) else []
        return {n for v in below for n in self._names_in(v)}

    def _ends_search(self, number: int, begins: int, head: int, behind: set[int]) -> Condition | None:
        """What has held when a turn has passed a block and goes on, though the block may have ended the search."""
        block = self.body.blocks[number]
        last = block.end - 1
        if last < block.start or self.body.op[last] != Op.BRANCH or self._onward(begins, head, number) & self._before(head):
            return None
        ways = {kind: target for kind, target in block.next if kind in (EDGE_TRUE, EDGE_FALSE)}
        goes_on = [kind for kind, target in ways.items() if target == head or self._onward(target, head) & self._before(head)]
        if len(ways) != 2 or len(goes_on) != 1:
            return None
        left = next(target for kind, target in ways.items() if kind != goes_on[0])
        if self._onward(left, head) & behind:
            return None
        return self._plain(Condition(self.body.args(last)[0], goes_on[0] == EDGE_TRUE))

    def _before(self, number: int) -> set[int]:
        """The blocks from which an edge leads to a block."""
        return {source for source, _ in self._incoming[number]}

    def _onward(self, start: int, *walls: int) -> set[int]:
        """The blocks that a way from a block leads through, itself included, other than by raising and not through ``walls``."""
        seen: set[int] = set()
        waiting = [start] if start >= 0 and start not in walls else []
        while waiting:
            number = waiting.pop()
            if number not in seen:
                seen.add(number)
                if number not in self._leaving:
                    waiting += [t for t in self.body.blocks[number].onward if t not in walls]
        return seen

    def _plain(self, condition: Condition) -> Condition:
        """Without its negations."""
        i, truth = condition
        while i >= 0 and self.body.negates(i):
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
