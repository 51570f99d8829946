"""Whether anybody hears what a write answers: how many rows it changed, or the row that it found."""

import re
from typing import TYPE_CHECKING

from tillproof.flow.asked import reads, reads_inside
from tillproof.flow.defuse import DefUse
from tillproof.flow.program import Fn
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_COUNTS = re.compile(
    r"row_?count|affected_?rows|changes|(num|count|nr)_?(rows|updated|affected)|modified_?count|mysqli_affected_rows", re.IGNORECASE
)
# What is made of an answer and says the same: it is followed to where that is used.
_PASSED_ON = (Op.AWAIT, Op.CAST, Op.FIELD, Op.INDEX, Op.ELEMENT, Op.BINARY, Op.UNARY, Op.LIST, Op.SPREAD)
_TOGETHER = ("all", "allSettled", "gather", "$transaction")
"""Calls that wait for several answers and give them all."""
_FOR_NOTHING = ("forEach", "each")
"""Calls that hear nothing of what the function answers that they are handed."""
_ON_ANSWER = ("then", "subscribe")
_MOST_CALLERS = 12
_DEEPEST = 12


def is_heard(model: "Model", fn: Fn, i: int) -> bool:
    """Whether the answer of a write goes anywhere: into a branch, an argument, to a caller who does something with it; or the number of
    rows is asked for after it, or in a function that the write is handed to hear of it."""
    body = model.program.body(fn)
    if _goes_on(model, fn, i, 0):
        return True
    if _picked_apart(body, model.evaluator.defuse(fn), i):
        return False  # the number that is read behind it is the one that goes nowhere
    inner = [Fn(fn.file, body.args(v)[0]) for _, v in body.call(i)[1] if body.op[v] == Op.FUNCTION] if body.op[i] == Op.CALL else []
    return _asks_count(body, i) or any(_asks_count(model.program.body(one), -1) for one in inner)


def _asks_count(body: Body, after: int) -> bool:
    return any(op in (Op.NAME, Op.FIELD) and n > after and _COUNTS.fullmatch(body.name(n)) for n, op in enumerate(body.op))


def _picked_apart(body: Body, defuse: DefUse, i: int) -> bool:
    """Whether something is read off the answer itself."""
    for use in defuse.uses(i):
        if body.op[use] == Op.AWAIT:
            return _picked_apart(body, defuse, use)
        if body.op[use] in (Op.FIELD, Op.INDEX) or (body.op[use] == Op.STORE and reads(body, defuse, use)):
            return True
    return False


def _goes_on(model: "Model", fn: Fn, i: int, depth: int) -> bool:
    body, defuse = model.program.body(fn), model.evaluator.defuse(fn)
    return depth < _DEEPEST and any(_used(model, fn, body, defuse, i, use, depth) for use in defuse.uses(i))


def _used(model: "Model", fn: Fn, body: Body, defuse: DefUse, i: int, use: int, depth: int) -> bool:
    """Whether something comes of one use of an answer."""
    op = body.op[use]
    if op in _PASSED_ON:
        return _goes_on(model, fn, use, depth + 1)
    if op == Op.STORE:
        if next(reads_inside(model.program, fn, body.name(use)), None) is not None:
            return True
        return any(_goes_on(model, fn, read, depth + 1) for read in reads(body, defuse, use))
    if op == Op.RETURN:
        return _returned(model, fn, depth)
    if op == Op.CALL:
        if body.args(use)[0] == i:
            return _told_later(model, fn, body, use) or _goes_on(model, fn, use, depth + 1)
        return body.called(use) not in _TOGETHER or _goes_on(model, fn, use, depth + 1)
    return True


def _told_later(model: "Model", fn: Fn, body: Body, call: int) -> bool:
    """Whether a function is handed over to be told the answer, and takes it: ``.then((result) => …)``."""
    if body.called(call) not in _ON_ANSWER:
        return False
    given = [v for _, v in body.call(call)[1][:1]]
    inner = [model.program.body(Fn(fn.file, body.args(v)[0])) for v in given if body.op[v] == Op.FUNCTION]
    return any(body.op[v] != Op.FUNCTION for v in given) or any(b.params and b.params[0].name in _read(b) for b in inner)


def _read(body: Body) -> set[str]:
    return {body.name(n) for n, op in enumerate(body.op) if op == Op.NAME}


def _returned(model: "Model", fn: Fn, depth: int) -> bool:
    """Whether whoever calls a function hears what it gives back, or whoever it is handed to."""
    if (callers := model.callers.of(fn)) and not model.program.name(fn).startswith("<"):
        return any(_goes_on(model, caller, call, depth + 1) for caller, call, _ in callers[:_MOST_CALLERS])
    handed = model.regions.handed_to(fn)
    if handed is None:
        return not callers or any(_goes_on(model, caller, call, depth + 1) for caller, call, _ in callers[:_MOST_CALLERS])
    within = model.program.body(handed.fn)
    return within.called(handed.instr) not in _FOR_NOTHING and _goes_on(model, handed.fn, handed.instr, depth + 1)
