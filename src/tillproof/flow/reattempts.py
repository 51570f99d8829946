"""What a function does again when it failed: loops that go round after a failure, and functions that call themselves.

A loop counts when its turns are alike, a failure leads to the next one and success leads out. Recursion counts when the function waits
before it runs again, or calls itself from a handler. Whether a condition is about an outcome, and which calls wait, is asked of others.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from tillproof.flow.asked import reads
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.loops import Flow, Loop
from tillproof.flow.program import Fn, Program
from tillproof.flow.values import Const, FunctionV, options
from tillproof.ir.body import EDGE_RAISE, Body
from tillproof.ir.ops import Op

_COUNTERS = ("range", "xrange", "count", "arange", "repeat", "times")
_COMPARES = ("<", ">", "<=", ">=", "==", "===", "!=", "!==", "is", "is not")
_MOST_FILES = 40
_MOST_USES = 200
_FAILED = re.compile(r"(?:(?:has|is|any)_?)?(?:errors?|errored|fail(?:ed|ure|ures)?|faults?|aborted)", re.IGNORECASE)
_LAYERS = 2  # assignments between a condition and what it hangs on
_TELLING = ("log", "info", "debug", "warn", "warning", "error", "print", "exception")

Waits = Callable[[Fn, int], bool]
"""Whether a call does nothing but let time pass."""
Tells = Callable[[Fn, int], bool]
"""Whether a condition (the operand of a BRANCH) is about the outcome of a call."""


@dataclass(frozen=True, slots=True)
class Reattempt:
    """Work of ``fn`` that is done again after a failure.

    ``blocks``: what is repeated, the whole function for recursion. ``wait``: the call that waits in between, with its function; None when
    nothing waits. ``again``: the instruction that a finding about the repetition points to. ``caught``: the handlers through which an
    exception leads to another turn. ``conditions``: BRANCH instructions that decide whether there is another, with the outcome that leads
    to it. ``bounded``: whether anything but success ends it.
    """

    fn: Fn
    how: Literal["loop", "recursion"]
    blocks: frozenset[int]
    wait: tuple[Fn, int] | None
    again: int
    caught: tuple[int, ...]
    conditions: tuple[tuple[int, bool], ...]
    bounded: bool


class Reattempts:
    """Finds them; answers are kept per function."""

    def __init__(self, program: Program, evaluator: Evaluator, waits: Waits, tells: Tells, callees: Callable[[Fn], list[Fn]]) -> None:
        self.program, self.evaluator = program, evaluator
        self.waits, self.tells, self.callees = waits, tells, callees
        self._flows: dict[Fn, Flow] = {}
        self._memo: dict[Fn, list[Reattempt]] = {}
        self._named: dict[Fn, set[Fn]] = {}

    def flow(self, fn: Fn) -> Flow:
        """Blocks and loops of a function."""
        if fn not in self._flows:
            self._flows[fn] = Flow(self.program.body(fn))
        return self._flows[fn]

    def of(self, fn: Fn) -> list[Reattempt]:
        """What a function repeats: its loops, outer ones first, else its recursion."""
        if fn not in self._memo:
            self._memo[fn] = list(self._loops(fn)) or list(self._recursion(fn))
        return self._memo[fn]

    # --- loops

    def _loops(self, fn: Fn) -> Iterator[Reattempt]:
        body, flow = self.program.body(fn), self.flow(fn)
        for loop in flow.loops:
            within = self._inner(flow, loop)
            if self._over_items(body, fn, loop, within):
                continue
            # The next turn of a loop within it works on another thing, whatever became of this one.
            turns = [inner.blocks for inner in within if self._over_items(body, fn, inner, self._inner(flow, inner))]
            found = self._after_exception(fn, body, flow, loop, frozenset().union(*turns)) or self._after_answer(fn, body, flow, loop)
            if found is not None:
                yield found

    def _inner(self, flow: Flow, loop: Loop) -> list[Loop]:
        return [inner for inner in flow.loops if inner.blocks < loop.blocks]

    def _over_items(self, body: Body, fn: Fn, loop: Loop, within: list[Loop]) -> bool:
        """Whether each turn takes another thing and works on it: a list of waits is not worked on. ``within``: the loops of a turn."""
        for i, op in enumerate(body.op):
            if op not in (Op.ELEMENT, Op.KEY) or not loop.holds(body, i) or any(inner.holds(body, i) for inner in within):
                continue
            source = body.args(i)[0]
            if body.op[source] == Op.CALL and body.called(source) in _COUNTERS:
                continue
            if self._works_on(body, fn, loop, i):
                return True
        return False

    def _works_on(self, body: Body, fn: Fn, loop: Loop, item: int) -> bool:
        """Whether a call of the loop is handed the thing, a part of it, or what is made of it; to wait for it or to log it is no work."""
        defuse = self.evaluator.defuse(fn)
        seen = {item}
        waiting = [item]
        while waiting and len(seen) < _MOST_USES:
            here = waiting.pop()
            for use in defuse.uses(here):
                if use in seen or not loop.holds(body, use):
                    continue
                seen.add(use)
                op = body.op[use]
                if op in (Op.CALL, Op.NEW):
                    if any(a == here for _, a in body.call(use)[1]) and not self.waits(fn, use) and body.called(use) not in _TELLING:
                        return True
                elif op == Op.STORE:
                    waiting += reads(body, defuse, use)
                else:
                    waiting.append(use)
        return False

    def _after_exception(self, fn: Fn, body: Body, flow: Flow, loop: Loop, apart: frozenset[int]) -> Reattempt | None:
        """A call in the loop, and in none of the blocks set ``apart``, whose exception leads to the next turn, while its return leads
        out."""
        caught: dict[int, None] = {}
        for number in sorted(loop.blocks - apart):
            block = body.blocks[number]
            if not any(kind == EDGE_RAISE for kind, _ in block.next):
                continue
            if not any(body.op[i] in (Op.CALL, Op.NEW, Op.AWAIT) and not self.waits(fn, i) for i in range(block.start, block.end)):
                continue
            for handler in flow.handlers(block.start):
                at = flow.block_of(handler)
                if at not in loop.blocks or not (at == loop.header or flow.reaches(at, loop.header, loop.blocks)):
                    continue
                if self._ends_it(body, flow, loop, at):
                    continue
                if not flow.reaches(number, loop.header, loop.blocks, around=at, raising=False) or self._leaves_by_flag(
                    body, flow, loop, at
                ):
                    caught[handler] = None
        if not caught:
            return None
        first = flow.block_of(next(iter(caught)))
        return self._loop(fn, body, flow, loop, first, tuple(caught))

    def _leaves_by_flag(self, body: Body, flow: Flow, loop: Loop, handler: int) -> bool:
        """Whether the loop is left by a condition on a variable that only success sets, or on what is worked out of such a one. What is set
        behind the handler as well says nothing of how it went."""
        stores = [i for i, op in enumerate(body.op) if op == Op.STORE and loop.holds(body, i)]
        tested = {name for i in self._ways_out(body, loop) for name in _names_in(body, body.args(i)[0])}
        for _ in range(_LAYERS):
            tested |= {name for i in stores if body.name(i) in tested for name in _names_in(body, body.args(i)[1])}
        turn = loop.blocks - {loop.header}
        set_there = (flow.block_of(i) for i in stores if body.name(i) in tested and not self._counts(body, i))
        return any(at != handler and not flow.reaches(handler, at, turn) for at in set_there)

    def _ends_it(self, body: Body, flow: Flow, loop: Loop, handler: int) -> bool:
        """Whether a handler itself sets what the loop is left by: ``while (!$failed) { try { … } catch (…) { $failed = true; } }``."""
        for out in self._ways_out(body, loop):
            asked, stays = self._asked(body, flow, loop, out)
            for i, op in enumerate(body.op) if body.op[asked] == Op.NAME else ():
                if op == Op.STORE and body.name(i) == body.name(asked) and handler in (flow.dominators[flow.block_of(i)] or ()):
                    const = body.const(body.args(i)[1])
                    if const is not None and Const(("", 0), *const).falsy is stays:
                        return True
        return False

    def _asked(self, body: Body, flow: Flow, loop: Loop, branch: int) -> tuple[int, bool]:
        """What a way out asks for, without what turns it round, and the truth of it that goes on with the loop."""
        asked, stays = body.args(branch)[0], self._stays(body, flow, loop, branch)
        while body.op[asked] == Op.UNARY and body.text(body.args(asked)[0]) in ("!", "not"):
            asked, stays = body.args(asked)[1], not stays
        return asked, stays

    def _counted(self, body: Body, loop: Loop, condition: int) -> bool:
        """Whether a condition asks for a number that each turn takes from: ``while (left--)``."""
        asked = _names_in(body, condition)
        return any(
            op == Op.STORE and body.name(i) in asked and loop.holds(body, i) and self._counts(body, i) for i, op in enumerate(body.op)
        )

    def _counts(self, body: Body, store: int) -> bool:
        """Whether a store makes a variable of itself: a counter."""
        return body.name(store) in _names_in(body, body.args(store)[1])

    def _after_answer(self, fn: Fn, body: Body, flow: Flow, loop: Loop) -> Reattempt | None:
        """A loop that is left when an answer says that the call went well, and gone round when it does not."""
        for i in self._ways_out(body, loop):
            at = flow.block_of(i)
            if not self.tells(fn, body.args(i)[0]) or not flow.reaches(at, loop.header, loop.blocks):
                continue
            asked, goes_on = self._asked(body, flow, loop, i)
            if not goes_on and body.op[asked] == Op.NAME and _FAILED.fullmatch(body.name(asked)):  # it goes on while nothing has failed
                continue
            stays = next((t for _, t in body.blocks[at].next if t in loop.blocks), loop.header)
            return self._loop(fn, body, flow, loop, stays, ())
        return None

    def _ways_out(self, body: Body, loop: Loop) -> list[int]:
        """BRANCH instructions of a loop one side of which leads out of it."""
        out = []
        for number in sorted(loop.blocks):
            block = body.blocks[number]
            if block.end > block.start and body.op[block.end - 1] == Op.BRANCH:
                ways = block.onward
                if any(t not in loop.blocks for t in ways):
                    out.append(block.end - 1)
        return out

    def _loop(self, fn: Fn, body: Body, flow: Flow, loop: Loop, failing: int, caught: tuple[int, ...]) -> Reattempt:
        waits = [i for i, op in enumerate(body.op) if op in (Op.CALL, Op.NEW) and loop.holds(body, i) and self.waits(fn, i)]
        again = waits[0] if waits else caught[0] if caught else _last(body, failing)
        outs = self._ways_out(body, loop)
        bounded = any(
            body.op[body.args(i)[0]] == Op.OPAQUE or _compares(body, body.args(i)[0]) or self._counted(body, loop, body.args(i)[0])
            for i in outs
            if flow.block_of(i) == loop.header
        )
        leaving = [t for n in loop.blocks if failing in (flow.dominators[n] or ()) for _, t in body.blocks[n].next if t not in loop.blocks]
        ends = [n for n in range(len(body.blocks)) if failing in (flow.dominators[n] or ()) and n not in loop.blocks]
        bounded = bounded or bool(leaving or ends) or any(_compares(body, body.args(i)[0]) for i in outs)
        at = flow.block_of(again)
        conditions = [c for c in flow.conditions(at if waits else loop.header if not caught else failing) if loop.holds(body, c[0])]
        conditions += [(i, self._stays(body, flow, loop, i)) for i in outs if (i, True) not in conditions and (i, False) not in conditions]
        return Reattempt(fn, "loop", loop.blocks, (fn, waits[0]) if waits else None, again, caught, tuple(conditions), bounded)

    def _stays(self, body: Body, flow: Flow, loop: Loop, branch: int) -> bool:
        """The outcome of a condition that goes on with the loop."""
        ways = body.blocks[flow.block_of(branch)].onward
        return bool(ways) and ways[0] in loop.blocks

    # --- recursion

    def _recursion(self, fn: Fn) -> Iterator[Reattempt]:
        body, flow = self.program.body(fn), self.flow(fn)
        everything = frozenset(range(len(body.blocks)))
        waits = [i for i, op in enumerate(body.op) if op in (Op.CALL, Op.NEW) and self.waits(fn, i)]
        calls = self._calls_of_itself(fn, bool(waits))
        if not calls:
            return
        for wait in waits:
            later = [c for c in calls if c >= wait and self._follows(flow, wait, c)]
            if later:
                caught = self._handler_of(body, flow, wait) or self._handed_error(fn, body)
                yield Reattempt(fn, "recursion", everything, (fn, wait), wait, caught, tuple(flow.conditions(flow.block_of(wait))), True)
                return
        for call in self._direct(fn, calls):
            caught = self._handler_of(body, flow, call) or self._handed_error(fn, body)
            conditions = tuple(flow.conditions(flow.block_of(call)))
            if caught or any(self.tells(fn, body.args(b)[0]) for b, _ in conditions):
                yield Reattempt(fn, "recursion", everything, None, call, caught, conditions, bool(conditions))
                return

    def _direct(self, fn: Fn, calls: list[int]) -> list[int]:
        """The calls that land in the function itself, or in one around it: what lies between may wait."""
        body = self.program.body(fn)
        goals = {fn, *self.program.around(fn)}
        return [
            c for c in calls if any(isinstance(o, FunctionV) and o.fn in goals for o in options(self.evaluator.value(fn, body.args(c)[0])))
        ]

    def _follows(self, flow: Flow, first: int, second: int) -> bool:
        a, b = flow.block_of(first), flow.block_of(second)
        return a == b or flow.reaches(a, b, frozenset(range(len(flow.after))))

    def _handler_of(self, body: Body, flow: Flow, i: int) -> tuple[int, ...]:
        """The CAUGHT on every path to an instruction, the nearest."""
        above = flow.dominators[flow.block_of(i)] or set()
        found = [n for n in body.rows(above) if body.op[n] == Op.CAUGHT]
        return (max(found),) if found else ()

    def _handed_error(self, fn: Fn, body: Body) -> tuple[int, ...]:
        """The first parameter of a callback that is handed to ``catch``: the exception."""
        around = self.program.parent(fn)
        if around is None or not body.params:
            return ()
        outer = self.program.body(around)
        for i, op in enumerate(outer.op):
            if op == Op.CALL and outer.called(i) == "catch":
                given = [a for _, a in outer.call(i)[1] if outer.op[a] == Op.FUNCTION]
                if any(Fn(fn.file, outer.args(a)[0]) == fn for a in given):
                    return tuple(n for n, o in enumerate(body.op) if o == Op.PARAM)[:1]
        return ()

    def _calls_of_itself(self, fn: Fn, waits: bool) -> list[int]:
        """Calls of a function that lead back to it, or to one around it: directly, by a callback that is run after a wait, or, where the
        function waits, through others of ours."""
        body = self.program.body(fn)
        goals = {fn, *self.program.around(fn)}
        named = {self.program.name(g) for g in goals}
        out = []
        for i, op in enumerate(body.op):
            if op != Op.CALL:
                continue
            callee, arguments = body.call(i)
            if not waits and body.called(i) not in named:
                continue  # it cannot be a call of itself, and nothing waits that could lead back
            own = [o.fn for o in options(self.evaluator.value(fn, callee)) if isinstance(o, FunctionV)]
            given = [a for _, a in arguments if body.op[a] in (Op.FUNCTION, Op.NAME)]
            if not own and self.waits(fn, i):
                own = [o.fn for a in given for o in options(self.evaluator.value(fn, a)) if isinstance(o, FunctionV)]
            if any(target in goals or (waits and self._leads_to(target, fn)) for target in own):
                out.append(i)
        return out

    def _leads_to(self, start: Fn, goal: Fn) -> bool:
        """Whether a function calls another, itself or by one more between."""
        calling = self._calling_by_name(goal)
        if not calling - {goal}:
            return False
        if start in calling and goal in self.callees(start):
            return True
        return any(c in calling and goal in self.callees(c) for c in self.callees(start) if c != goal)

    def _calling_by_name(self, fn: Fn) -> set[Fn]:
        """Functions in whose text a call of that name stands."""
        if fn not in self._named:
            name = self.program.name(fn)
            files = self.program.mentioning(name) if name and name != "<top>" else []
            language = self.program.language(fn.file)
            self._named[fn] = {
                f for file in files[:_MOST_FILES] if self.program.language(file) == language
                for f in self.program.functions_calling_name(file, name)
            }  # fmt: skip
        return self._named[fn]


def _names_in(body: Body, i: int, depth: int = 0) -> set[str]:
    """The variables that an expression reads."""
    if i < 0 or depth > 6:
        return set()
    op, args = body.op[i], body.args(i)
    if op == Op.NAME:
        return {body.name(i)}
    below = {Op.UNARY: args[1:], Op.BINARY: args[1:], Op.CHOICE: args[1:], Op.FIELD: args[:1], Op.CAST: args[1:]}.get(op, [])
    return {name for b in below for name in _names_in(body, b, depth + 1)}


def _compares(body: Body, i: int, depth: int = 0) -> bool:
    """Whether an expression compares anything, as a count with its bound."""
    op, args = body.op[i], body.args(i)
    if op == Op.BINARY:
        return body.text(args[0]) in _COMPARES
    below = args[1:] if op in (Op.UNARY, Op.CHOICE) else []
    return depth < 6 and any(_compares(body, b, depth + 1) for b in below)


def _last(body: Body, block: int) -> int:
    """The last instruction of a block, or the first after it when it is empty."""
    b = body.blocks[block]
    return max(b.end - 1, min(b.start, len(body.op) - 1), 0)
