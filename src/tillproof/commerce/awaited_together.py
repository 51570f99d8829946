"""What becomes of one of several answers that are waited for together: ``const [paid, user] = await Promise.all([ask(id), find(id)])``."""

from tillproof.flow.asked import reads
from tillproof.flow.defuse import DefUse
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

_TOGETHER = "all"
_DEEPEST = 6


def awaited_among(body: Body, defuse: DefUse, listed: int, i: int) -> list[int] | None:
    """Where a value arrives that stands in a list of what is waited for; None where the list is none, or is used as a whole."""
    if body.op[listed] != Op.LIST:
        return None
    number = str(body.args(listed).index(i)) if i in body.args(listed) else ""
    uses = defuse.uses(listed)
    waits = [u for u in uses if body.op[u] == Op.CALL and body.called(u) == _TOGETHER and body.args(u)[0] != listed]
    if not number or not waits or len(waits) != len(uses):
        return None
    found: list[int] = []
    for call in waits:
        taken = _taken(body, defuse, call, number, 0)
        if taken is None:
            return None
        found += taken
    return found


def _taken(body: Body, defuse: DefUse, here: int, number: str, depth: int) -> list[int] | None:
    found: list[int] = []
    for use in defuse.uses(here) if depth < _DEEPEST else ():
        onward = [use] if body.op[use] in (Op.AWAIT, Op.CAST) else reads(body, defuse, use) if body.op[use] == Op.STORE else None
        if onward is not None:
            for n in onward:
                taken = _taken(body, defuse, n, number, depth + 1)
                if taken is None:
                    return None
                found += taken
        elif body.op[use] == Op.INDEX and (const := body.const(body.args(use)[1])) is not None:
            found += [use] if const[1].strip("'\"") == number else []
        else:
            return None
    return found
