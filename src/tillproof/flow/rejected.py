"""A promise whose failure is answered where it is waited for: ``await retrieve(id).catch(() => null)`` has what came, or what the handler
gives in its place."""

from tillproof.ir.body import Body
from tillproof.ir.ops import Op

_PASSING_ON = ("then", "finally")
_LONGEST = 4


def answered_failure(body: Body, i: int) -> tuple[int, int] | None:
    """The call whose failure a call of ``catch`` answers, and what it answers it with; None for any other call."""
    callee = body.args(i)[0] if body.op[i] == Op.CALL else -1
    given = body.call(i)[1] if callee >= 0 and body.op[callee] == Op.FIELD and body.name(callee) == "catch" else []
    if len(given) != 1:
        return None
    call = body.args(callee)[0]
    for _ in range(_LONGEST):
        if body.op[call] != Op.CALL:
            return None
        inner = body.args(call)[0]
        if body.op[inner] != Op.FIELD or body.name(inner) not in _PASSING_ON:
            return call, given[0][1]
        call = body.args(inner)[0]
    return None
