"""A guard that asks for staff on some of its ways only: whoever takes another way passes, and need not be staff.

``if (token.role === 'admin') caller = await Admin.findById(token.id); else caller = await User.findById(token.id);`` looks its caller up
where he is kept, and lets a customer pass as it does an administrator.
"""

from collections.abc import Iterable, Iterator

from tillproof.commerce.entry_styles.wiring import Wiring
from tillproof.commerce.guard_refusals import ending_calls, refuses_at
from tillproof.flow.program import Fn
from tillproof.ir.body import EDGE_FALSE, EDGE_RAISE, EDGE_TRUE, Body
from tillproof.ir.ops import Op

_UNEQUAL = ("!=", "!==", "is not", "not in")


def passes_without(wiring: Wiring, fn: Fn, asked: Iterable[int]) -> bool:
    """Whether a function lets somebody pass on a way on which none of some questions was answered with yes."""
    body, block_of = wiring.program.body(fn), wiring.evaluator.defuse(fn).block_of
    shut, closed = set[int](), set[tuple[int, int]]()
    for i in asked:
        sides = list(_decided(wiring, fn, i))
        if sides:
            closed.update(sides)
        else:
            shut.add(block_of[i])
    exits = ending_calls(wiring, fn.file)
    refusing = {b for b in range(len(body.blocks)) if any(_turns_away(wiring, fn, i, exits) for i in body.rows((b,)))}
    return bool(_passing(body, block_of) & _reached(body, shut | refusing, closed))


def _turns_away(wiring: Wiring, fn: Fn, i: int, exits: frozenset[str]) -> bool:
    body = wiring.program.body(fn)
    return refuses_at(wiring, fn, i) or (body.op[i] == Op.CALL and body.called(i) in exits)


def _decided(wiring: Wiring, fn: Fn, i: int, truth: bool = True) -> Iterator[tuple[int, int]]:
    """The edges (block, kind) that are taken when a question that is only asked to choose a way is answered with yes; none when more is
    done with the answer."""
    body, defuse = wiring.program.body(fn), wiring.evaluator.defuse(fn)
    if body.op[i] == Op.BINARY and body.text(body.args(i)[0]) in _UNEQUAL:
        truth = not truth
    found = list[tuple[int, int]]()
    for use in defuse.uses(i):
        if body.op[use] == Op.BRANCH:
            found.append((defuse.block_of[use], EDGE_TRUE if truth else EDGE_FALSE))
            continue
        negated = body.negates(use)
        below = list(_decided(wiring, fn, use, truth != negated)) if negated or body.op[use] == Op.AWAIT else []
        if not below:
            return
        found += below
    yield from found


def _passing(body: Body, block_of: list[int]) -> set[int]:
    """The blocks in which a function lets its caller pass: by ``next()`` where it is handed one, else by coming to an end."""
    handed = any(p.name.lstrip("$") == "next" for p in body.params)
    calls = [i for i, op in enumerate(body.op) if op == Op.CALL and handed and body.op[body.args(i)[0]] == Op.NAME]
    onward = {block_of[i] for i in calls if body.called(i).lstrip("$") == "next"}
    ends = (n for n, b in enumerate(body.blocks) if not b.onward and (b.end == b.start or body.op[b.end - 1] != Op.RAISE))
    returns = (n for n, b in enumerate(body.blocks) if b.end > b.start and body.op[b.end - 1] == Op.RETURN)
    return onward or {*ends, *returns}


def _reached(body: Body, shut: set[int], closed: set[tuple[int, int]]) -> set[int]:
    waiting = [0] if 0 not in shut else []
    seen = set(waiting)
    for block in waiting:
        for kind, target in body.blocks[block].next:
            if kind != EDGE_RAISE and (block, kind) not in closed and target not in seen | shut:
                seen.add(target)
                waiting.append(target)
    return seen
