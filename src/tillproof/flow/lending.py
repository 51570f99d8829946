"""Functions that lend something by ``yield`` and take it back: a dependency that opens a session and commits it, a context manager.

What stands behind the ``yield`` runs when whoever borrowed is through, or has failed: nothing there comes before what the borrower does,
and nothing there turns anybody away.
"""

from tillproof.flow.given_fields import is_decorated_with
from tillproof.flow.program import Fn, Program
from tillproof.flow.values import Place, Seq, Value, choice
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

_NOTHING: frozenset[int] = frozenset()
_LENDS = (b"contextmanager", b"asynccontextmanager")


def after_lending(program: Program, fn: Fn) -> frozenset[int]:
    """The instructions of a Python function that run only after it has lent something. None where a ``yield`` stands in a loop: such a
    function gives one item after another."""
    body = program.body(fn)
    if not body.generator or program.language(fn.file) != "python":
        return _NOTHING
    behind: set[int] = set()
    for number, block in enumerate(body.blocks):
        for i in range(block.start, block.end):
            if body.op[i] == Op.YIELD:
                below = _reached(body, number)
                if number in below:
                    return _NOTHING
                behind |= {*range(i + 1, block.end), *(row for b in below for row in range(body.blocks[b].start, body.blocks[b].end))}
    return frozenset(behind)


def yielded(program: Program, fn: Fn, at: Place, values: list[Value]) -> Value:
    """What a call of a generator gives: its values one after the other, or the one that a context manager lends."""
    lends = program.language(fn.file) == "python" and any(is_decorated_with(program, fn, word) for word in _LENDS)
    return choice(at, values) if lends else Seq(at, tuple(values))


def _reached(body: Body, start: int) -> set[int]:
    """The blocks behind a block, by way of an exception too."""
    seen: set[int] = set()
    waiting = [start]
    while waiting:
        onward = {target for _, target in body.blocks[waiting.pop()].next} - seen
        seen |= onward
        waiting += onward
    return seen
