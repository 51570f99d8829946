"""Tests that decide a word of a text alone: ``"Status: " + (paid ? "paid" : "open")`` says what was found, and nothing hangs on it."""

from collections.abc import Callable

from tillproof.flow.asked import own_side, reads
from tillproof.flow.defuse import DefUse
from tillproof.flow.tries import reached_from
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

_DEEPEST = 4


def only_worded(body: Body, defuse: DefUse, branch: int, is_told: Callable[[int], bool]) -> bool:
    """Whether a branch only chooses between two values that become part of a text, or are told to somebody. ``is_told``: whether a call
    tells, or writes down, what it is given."""
    choice = _decided(body, defuse, branch)
    return choice is not None and _ends_in_text(body, defuse, choice, is_told, 0)


def leads_to(body: Body, defuse: DefUse, start: int, goal: int) -> bool:
    """Whether the block of ``goal`` can be reached from that of ``start``, or both are one and ``goal`` comes later in it."""
    first, last = defuse.block_of[start], defuse.block_of[goal]
    return (first == last and start <= goal) or any(last in reached_from(body, onward) for onward in body.blocks[first].onward)


def _decided(body: Body, defuse: DefUse, branch: int) -> int | None:
    """The conditional expression whose arms stand on the two sides of a branch."""
    sides = [own_side(body, defuse, branch, truth) or frozenset() for truth in (True, False)]
    for i, op in enumerate(body.op):
        if op != Op.CHOICE or body.text(body.args(i)[0]) != "ternary":
            continue
        then, other = (defuse.block_of[a] for a in body.args(i)[1:3])
        if (then in sides[0]) != (other in sides[0]) and (other in sides[1]) != (then in sides[1]):
            return i
    return None


def _ends_in_text(body: Body, defuse: DefUse, i: int, is_told: Callable[[int], bool], depth: int) -> bool:
    uses = defuse.uses(i)
    if depth > _DEEPEST or not uses:
        return False
    for use in uses:
        op = body.op[use]
        if op in (Op.TEXT, Op.ECHO) or (op == Op.CALL and is_told(use)):
            continue
        read = reads(body, defuse, use) if op == Op.STORE else []
        if not read or not all(_ends_in_text(body, defuse, n, is_told, depth + 1) for n in read):
            return False
    return True
