"""What an expression names, followed through the variables that it reads to what was put into them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.flow.defuse import value_operands
from tillproof.flow.program import Fn
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_MOST_STORES = 4


def below(model: "Model", fn: Fn, i: int, depth: int = 0) -> Iterator[int]:
    """The names, members and constants of a function from which an instruction is made, through at most four variables on end."""
    body, waiting = model.program.body(fn), [i]
    while waiting:
        here = waiting.pop()
        if body.op[here] in (Op.NAME, Op.FIELD, Op.CONST):
            yield here
        if body.op[here] == Op.NAME and depth < _MOST_STORES:
            for store in model.evaluator.defuse(fn).reaching(here, body.name(here)).stores:
                if body.op[store] == Op.STORE:
                    yield from below(model, fn, body.args(store)[1], depth + 1)
        waiting += [a for a in value_operands(body, here) if a < here]
