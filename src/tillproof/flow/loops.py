"""Loops of a body, and whether what one turn does is done again because it failed.

A retry is a loop whose turns are alike: it is left once the work succeeds, and gone round again after a failure. A loop over a list, whose
next turn does something else, is none.
"""

from typing import NamedTuple

from tillproof.ir.body import EDGE_RAISE, Body
from tillproof.ir.ops import Op


class Loop(NamedTuple):
    """A natural loop: ``header``, the block that every turn begins with, and all ``blocks`` of a turn."""

    header: int
    blocks: frozenset[int]

    def holds(self, body: Body, i: int) -> bool:
        """Whether an instruction stands in the loop."""
        return any(body.blocks[b].start <= i < body.blocks[b].end for b in self.blocks)


class Flow:
    """Blocks of one body: who follows whom, who dominates whom, and which loops there are."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self.after = [[target for _, target in block.next] for block in body.blocks]
        self.before: list[list[int]] = [[] for _ in body.blocks]
        for number, targets in enumerate(self.after):
            for target in targets:
                self.before[target].append(number)
        self.dominators = self._dominators()
        self.loops = self._loops()

    def caught_above(self, i: int) -> list[int]:
        """The CAUGHT on every way to an instruction."""
        above = self.dominators[self.block_of(i)] or set()
        return [n for n in self.body.rows(above) if self.body.op[n] == Op.CAUGHT]

    def _dominators(self) -> list[set[int] | None]:
        """Per block the blocks on every path to it; None for a block that nothing leads to."""
        found: list[set[int] | None] = [None] * len(self.after)
        found[0] = {0}
        order = self._reached()
        changed = True
        while changed:
            changed = False
            for block in order:
                known = [d for p in self.before[block] if (d := found[p]) is not None]
                if block and known:
                    fresh = set.intersection(*known) | {block}
                    if fresh != found[block]:
                        found[block] = fresh
                        changed = True
        return found

    def _reached(self) -> list[int]:
        """The blocks that the entry leads to, before those that follow them where that can be."""
        out: list[int] = []
        seen: set[int] = set()
        stack: list[tuple[int, bool]] = [(0, False)]
        while stack:
            block, done = stack.pop()
            if done:
                out.append(block)
            elif block not in seen:
                seen.add(block)
                stack.append((block, True))
                stack += [(target, False) for target in self.after[block]]
        return out[::-1]

    def _loops(self) -> list[Loop]:
        """One loop per header, the outer before the inner."""
        found: dict[int, set[int]] = {}
        for block, targets in enumerate(self.after):
            for target in targets:
                if target in (self.dominators[block] or ()):
                    found.setdefault(target, {target}).update(self._turn(target, block))
        return sorted((Loop(h, frozenset(blocks)) for h, blocks in found.items()), key=lambda loop: -len(loop.blocks))

    def _turn(self, header: int, last: int) -> set[int]:
        """The blocks from which ``last`` is reached without going through the header."""
        seen = {header}
        waiting = [last]
        while waiting:
            block = waiting.pop()
            if block not in seen:
                seen.add(block)
                waiting += self.before[block]
        return seen

    def block_of(self, i: int) -> int:
        """The block of an instruction."""
        return next(n for n, b in enumerate(self.body.blocks) if b.start <= i < b.end)

    def reaches(self, start: int, goal: int, within: frozenset[int], around: int = -1, raising: bool = True) -> bool:
        """Whether a path leads from one block to another inside a region, not through ``around``; ``raising``: by exceptions too."""
        seen: set[int] = set()
        waiting = [start]
        while waiting:
            block = waiting.pop()
            for kind, target in self.body.blocks[block].next:
                if target == goal:
                    if raising or kind != EDGE_RAISE:
                        return True
                    continue
                if target in within and target not in seen and target != around and (raising or kind != EDGE_RAISE):
                    seen.add(target)
                    waiting.append(target)
        return False

    def handlers(self, i: int) -> list[int]:
        """The CAUGHT instructions to which an exception of a call leads."""
        block = self.body.blocks[self.block_of(i)]
        out: list[int] = []
        waiting = [target for kind, target in block.next if kind == EDGE_RAISE]
        seen: set[int] = set()
        while waiting:
            number = waiting.pop(0)
            if number in seen:
                continue
            seen.add(number)
            here = self.body.blocks[number]
            caught = [n for n in range(here.start, here.end) if self.body.op[n] == Op.CAUGHT]
            out += caught[:1]
            if not caught:  # one that picks the handler
                waiting += [target for _, target in here.next]
        return out

    def conditions(self, block: int) -> list[tuple[int, bool]]:
        """The BRANCH instructions that decide whether a block is reached, each with the outcome that leads to it."""
        out: list[tuple[int, bool]] = []
        for number in sorted(self.dominators[block] or ()):
            here = self.body.blocks[number]
            if number == block or here.end <= here.start or self.body.op[here.end - 1] != Op.BRANCH:
                continue
            ways = here.onward
            leads = [target in (self.dominators[block] or ()) for target in ways]
            if len(ways) == 2 and leads[0] != leads[1]:
                out.append((here.end - 1, leads[0]))
        return out
