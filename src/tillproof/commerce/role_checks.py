"""Conditions that hold for all that a handler does: those at its head whose other side only leaves."""

from collections.abc import Iterator

from tillproof.flow.program import Fn, Program
from tillproof.ir.body import EDGE_FALSE, EDGE_RAISE, EDGE_TRUE, Body
from tillproof.ir.ops import Op

_LONGEST_HEAD = 24
_LEAVES = 6  # calls that a side which only refuses makes at most
_REFUSALS = {"401", "403"}
_EQUAL = {"==", "===", "is", "in"}
_UNEQUAL = {"!=", "!==", "is not", "not in"}


def conditions_at_head(program: Program, fn: Fn, exits: frozenset[str]) -> Iterator[int]:
    """Instructions that are true beyond the head of a function; comparisons only when they say that two things are equal.
    ``exits``: last words of calls that never return."""
    body = program.body(fn)
    block = 0
    seen: set[int] = set()
    while block >= 0 and block not in seen and len(seen) < _LONGEST_HEAD:
        seen.add(block)
        here = body.blocks[block]
        forward = [(kind, target) for kind, target in here.next if kind != EDGE_RAISE]
        last = here.end - 1
        if here.end > here.start and body.op[last] == Op.BRANCH and len(forward) == 2:
            sides = dict(forward)
            true, false = sides.get(EDGE_TRUE, -1), sides.get(EDGE_FALSE, -1)
            if true < 0 or false < 0:
                return
            on = _goes_on(body, true, false, exits)
            if on is None:
                block = _joined(body, true, false)
                continue
            yield from _holding(body, body.args(last)[0], on)
            block = true if on else false
        elif len(forward) == 1:
            block = forward[0][1]
        else:
            return


def _goes_on(body: Body, true: int, false: int, exits: frozenset[str]) -> bool | None:
    """Which side of a branch the function goes on with, when the other one leaves for good."""
    ends_true, ends_false = _ends(body, true, exits), _ends(body, false, exits)
    if ends_true != ends_false:
        return ends_false
    left, right = _reached(body, true), _reached(body, false)
    if false not in left and true not in right and not (left & right):
        refuses_true, refuses_false = _refuses(body, left), _refuses(body, right)
        if refuses_true != refuses_false:
            return refuses_false
        later = _begins(body, left) > _begins(body, right)  # what leaves early stands before what goes on
        return later if _weight(body, right if later else left) <= _LEAVES else None
    return None


def _ends(body: Body, block: int, exits: frozenset[str]) -> bool:
    """Whether a block calls what never returns: ``wp_die()``, ``abort(403)``."""
    inside = range(body.blocks[block].start, body.blocks[block].end)
    callees = (body.args(i)[0] for i in inside if body.op[i] == Op.CALL)
    return any(body.op[c] in (Op.NAME, Op.FIELD) and body.name(c).rpartition(".")[2] in exits for c in callees)


def _joined(body: Body, true: int, false: int) -> int:
    """The block in which both sides of a branch go on, when little happens in between; -1 when there is none."""
    left, right = _reached(body, true), _reached(body, false)
    common = left & right
    if not common or _weight(body, (left | right) - common) > _LEAVES:
        return -1
    return min(common, key=lambda b: body.blocks[b].start)


def _reached(body: Body, start: int) -> set[int]:
    found = {start}
    waiting = [start]
    while waiting:
        for kind, target in body.blocks[waiting.pop()].next:
            if target not in found and kind != EDGE_RAISE:
                found.add(target)
                waiting.append(target)
    exits = {b for b in found if body.blocks[b].start == body.blocks[b].end and not body.blocks[b].next}
    return found - exits


def _begins(body: Body, blocks: set[int]) -> int:
    return min((body.blocks[b].start for b in blocks), default=0)


def _refuses(body: Body, blocks: set[int]) -> bool:
    """Whether a side raises, or answers that the caller may not."""
    inside = (i for b in blocks for i in range(body.blocks[b].start, body.blocks[b].end))
    return any(body.op[i] == Op.RAISE or (body.op[i] == Op.CONST and body.name(i) in _REFUSALS) for i in inside)


def _weight(body: Body, blocks: set[int]) -> int:
    return sum(1 for b in blocks for i in range(body.blocks[b].start, body.blocks[b].end) if body.op[i] in (Op.CALL, Op.NEW))


def _holding(body: Body, i: int, truth: bool) -> Iterator[int]:
    """The simple conditions that are true when ``i`` is ``truth``."""
    op, args = body.op[i], body.args(i)
    if op == Op.UNARY and body.text(args[0]) in ("not", "!"):
        yield from _holding(body, args[1], not truth)
    elif op == Op.CHOICE and body.text(args[0]) in ("or", "and"):
        if (body.text(args[0]) == "and") == truth:
            for operand in args[1:]:
                yield from _holding(body, operand, truth)
    elif op == Op.AWAIT:
        yield from _holding(body, args[0], truth)
    elif op == Op.BINARY:
        if body.text(args[0]) in (_EQUAL if truth else _UNEQUAL):
            yield i
    elif truth:
        yield i
