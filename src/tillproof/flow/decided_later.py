"""Where a way leads that sets variables to what is written down: a later branch on such a variable has one side alone for it."""

from tillproof.flow.asked import branches
from tillproof.flow.defuse import DefUse
from tillproof.flow.tries import reached_from
from tillproof.ir.body import EDGE_FALSE, EDGE_RAISE, EDGE_TRUE, Body
from tillproof.ir.ops import Kind, Op

_FALSE = ("false", "null", "none", "0", "''", '""')


def reached_with_flags(body: Body, defuse: DefUse, start: int) -> frozenset[int]:
    """The blocks that a block leads to by normal ways, itself included, but for those from which a flag that it sets keeps it:
    ``$failed = true;`` and then ``if ($failed) { … } else { … }``."""
    reached = reached_from(body, start)
    flags = {name: truth for name, (truth, at) in _set(body, start).items() if _stays(body, reached, name, truth, at)}
    taken: dict[int, int] = {}
    for i, op in enumerate(body.op) if flags else ():
        if op == Op.NAME and body.name(i) in flags and defuse.block_of[i] in reached:
            for branch, positive in branches(body, defuse, i):
                taken[defuse.block_of[branch]] = EDGE_TRUE if flags[body.name(i)] == positive else EDGE_FALSE
    seen, waiting = {start}, [start]
    while waiting:
        here = waiting.pop()
        other = {EDGE_TRUE: EDGE_FALSE, EDGE_FALSE: EDGE_TRUE}.get(taken.get(here, -1), EDGE_RAISE)
        onward = [t for kind, t in body.blocks[here].next if kind not in (EDGE_RAISE, other) and t not in seen]
        seen.update(onward)
        waiting += onward
    return frozenset(seen)


def _set(body: Body, start: int) -> dict[str, tuple[bool, int]]:
    """The variables that a block, and those that follow it alone, set to a constant: whether it is true, and where."""
    found: dict[str, tuple[bool, int]] = {}
    here, seen = start, {start}
    while True:
        for i in range(body.blocks[here].start, body.blocks[here].end):
            if body.op[i] == Op.STORE:
                found.pop(body.name(i), None)
                if (truth := _set_to(body, i)) is not None:
                    found[body.name(i)] = (truth, i)
        onward = body.blocks[here].onward
        if len(onward) != 1 or onward[0] in seen or sum(onward[0] in b.onward for b in body.blocks) != 1:
            return found
        here = onward[0]
        seen.add(here)


def _stays(body: Body, reached: frozenset[int], name: str, truth: bool, at: int) -> bool:
    """Whether nothing that follows sets a variable to anything else."""
    stores = (i for i in body.rows(reached) if i != at and body.op[i] == Op.STORE and body.name(i) == name)
    return all(_set_to(body, i) is truth for i in stores)


def _set_to(body: Body, store: int) -> bool | None:
    """Whether a variable is set to yes or to no; None where it is to anything else."""
    value = body.args(store)[1]
    const = body.const(value) if value >= 0 else None
    return const[1].lower() not in _FALSE if const is not None and const[0] in (Kind.BOOL, Kind.NULL) else None
