"""Which branches ask whether a value is true, and what is done on one side of them alone."""

from collections.abc import Iterator

from tillproof.flow.defuse import DefUse
from tillproof.flow.program import Fn, Program
from tillproof.ir.body import EDGE_FALSE, EDGE_TRUE, Body
from tillproof.ir.ops import Op

_NULL = ("null", "undefined", "false")
_DEEPEST = 6


def reads(body: Body, defuse: DefUse, store: int) -> list[int]:
    """Where a variable is read that was written by one instruction."""
    name = body.name(store)
    return [n for n, op in enumerate(body.op) if op == Op.NAME and body.name(n) == name and store in defuse.reaching(n, name).stores]


def reads_inside(program: Program, fn: Fn, name: str) -> Iterator[tuple[Fn, int]]:
    """Where functions written inside another read a variable of it: ``DB::transaction(function () use ($payment) { … })``."""
    body = program.body(fn)
    for inner in (Fn(fn.file, body.args(i)[0]) for i, op in enumerate(body.op) if op == Op.FUNCTION):
        within = program.body(inner)
        own = (*(p.name for p in within.params), *(within.name(n) for n, op in enumerate(within.op) if op == Op.STORE))
        if name in own:
            continue
        yield from ((inner, n) for n, op in enumerate(within.op) if op == Op.NAME and within.name(n) == name)
        yield from reads_inside(program, inner, name)


def branches(body: Body, defuse: DefUse, i: int, positive: bool = True, depth: int = 0) -> list[tuple[int, bool]]:
    """The branches on whether a value is there and true, through variables and negations, with whether the branch's truth means that."""
    found: list[tuple[int, bool]] = []
    for use in defuse.uses(i) if depth < _DEEPEST else ():
        op = body.op[use]
        if op == Op.BRANCH:
            found.append((use, positive))
        elif op == Op.STORE:
            found += [b for n in reads(body, defuse, use) for b in branches(body, defuse, n, positive, depth + 1)]
        elif body.negates(use):
            found += branches(body, defuse, use, not positive, depth + 1)
        elif op == Op.BINARY and any(body.name(a) in _NULL for a in body.args(use)[1:3] if body.op[a] in (Op.CONST, Op.NAME)):
            differs = body.text(body.args(use)[0]).startswith("!")
            found += branches(body, defuse, use, positive if differs else not positive, depth + 1)
    return found


def own_side(body: Body, defuse: DefUse, branch: int, truth: bool) -> frozenset[int] | None:
    """The blocks that only one side of a branch leads to; None where it has but one."""
    asked = defuse.block_of[branch]
    arms = dict(body.blocks[asked].next)
    here, other = (EDGE_TRUE, EDGE_FALSE) if truth else (EDGE_FALSE, EDGE_TRUE)
    if here not in arms or other not in arms:
        return None
    return frozenset(_until(body, arms[here], asked) - _until(body, arms[other], asked))


def _until(body: Body, start: int, stop: int) -> set[int]:
    """The blocks that a block leads to without going through another: the next turn of a loop asks anew."""
    seen: set[int] = set()
    waiting = [start]
    while waiting:
        here = waiting.pop()
        if here != stop and here not in seen:
            seen.add(here)
            waiting += body.blocks[here].onward
    return seen
