"""Loops that never run to their end: the last turn leaves the function itself, as in ``if attempt == last: raise``."""

from tillproof.flow.loops import Flow, Loop
from tillproof.ir.body import EDGE_TRUE, Body
from tillproof.ir.ops import Op

_COUNTED = ("range", "xrange", "count", "enumerate")
_LAST = ("==", "===", ">=", ">")
_BELOW = ("<", "<=")


def never_exhausted(body: Body) -> frozenset[int]:
    """The blocks that begin the turns of such loops; the way on from there past the loop is never taken."""
    if Op.BRANCH not in body.op:
        return frozenset()
    flow = Flow(body)
    return frozenset(loop.header for loop in flow.loops if (name := _counter(body, loop)) and _leaves_at_last(body, flow, loop, name))


def _counter(body: Body, loop: Loop) -> str:
    """The variable that counts the turns: of ``for i in range(n)``, or of ``for (i = 0; i < n; i++)``; empty when none does."""
    last = body.blocks[loop.header].end - 1
    if last < body.blocks[loop.header].start or body.op[last] != Op.BRANCH:
        return ""
    asked = body.args(last)[0]
    if body.op[asked] == Op.BINARY and body.text(body.args(asked)[0]) in _BELOW:
        left = body.args(asked)[1]
        return body.name(left) if body.op[left] == Op.NAME else ""
    if body.op[asked] != Op.OPAQUE:
        return ""
    through = body.args(asked)[0]
    if body.op[through] != Op.CALL or body.called(through) not in _COUNTED:
        return ""
    for i, op in enumerate(body.op):
        if op == Op.STORE and body.op[body.args(i)[1]] == Op.ELEMENT and body.args(body.args(i)[1])[0] == through:
            return body.name(i)
    return ""


def _leaves_at_last(body: Body, flow: Flow, loop: Loop, name: str) -> bool:
    """Whether every turn that goes round again has passed a look at the counter whose other side leaves the function."""
    again = [b for b in flow.before[loop.header] if b in loop.blocks]
    for block in loop.blocks - {loop.header}:
        last = body.blocks[block].end - 1
        if last < body.blocks[block].start or body.op[last] != Op.BRANCH or not _is_last(body, body.args(last)[0], name):
            continue
        if all(block in (flow.dominators[b] or ()) for b in again):
            taken = next((t for k, t in body.blocks[block].next if k == EDGE_TRUE), -1)
            if taken >= 0 and _only_leaves(body, taken):
                return True
    return False


def _is_last(body: Body, i: int, name: str) -> bool:
    """``i == n - 1``, ``i >= n``"""
    if body.op[i] != Op.BINARY or body.text(body.args(i)[0]) not in _LAST:
        return False
    left, right = body.args(i)[1:3]
    names = [body.name(side) for side in (left, right) if body.op[side] == Op.NAME]
    counted = body.op[left] == Op.BINARY and any(body.op[s] == Op.NAME and body.name(s) == name for s in body.args(left)[1:3])
    return name in names or counted


def _only_leaves(body: Body, start: int) -> bool:
    """Whether every way from a block ends the function by an exception or a return."""
    seen: set[int] = set()
    waiting = [start]
    while waiting:
        number = waiting.pop()
        if number in seen:
            continue
        seen.add(number)
        block = body.blocks[number]
        if block.end > block.start and body.op[block.end - 1] in (Op.RAISE, Op.RETURN):
            continue
        onward = block.onward
        if not onward or any(t in seen for t in onward):
            return False
        waiting += onward
    return True
