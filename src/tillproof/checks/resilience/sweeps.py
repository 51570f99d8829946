"""Runs that work off rows of ours by the state that they are in: what failed is still in it, and found by the next run."""

from tillproof.commerce.model import Model
from tillproof.flow.program import Fn
from tillproof.flow.values import Result, pieces
from tillproof.ir.ops import Op

_MOST_PIECES = 20


def looked_for_again(model: Model, fn: Fn, i: int) -> bool:
    """Whether an instruction stands in a loop over rows that the run itself has looked up by their state."""
    if i < 0:
        return False
    body, evaluator = model.program.body(fn), model.evaluator
    for loop in model.retries.repeats.flow(fn).loops:
        if not loop.holds(body, i):
            continue
        for n, op in enumerate(body.op):
            if op != Op.ELEMENT:
                continue
            rows = pieces([evaluator.value(fn, body.args(n)[0])], _MOST_PIECES)
            if any(_by_state(model, row) for row in rows if isinstance(row, Result) and row.instr >= 0):
                return True
    return False


def _by_state(model: Model, row: Result) -> bool:
    touch = model.records.touch(row.fn, row.instr, row.ctx)
    return touch is not None and touch.kind == "read" and any(model.words.says_state(key) for key in (*touch.keys, *touch.compared))
