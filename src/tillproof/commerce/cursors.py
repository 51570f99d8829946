"""Which statement the rows of a cursor are of, and their number: ``cursor.execute(…)`` stands before ``cursor.fetchone()``, and not in its
chain."""

import re

from tillproof.commerce.names import written
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import Fn
from tillproof.flow.values import External, Result, Value
from tillproof.ir.ops import Op

FETCHES = re.compile(r"fetch(_?(one|all|many|row|val|assoc|array|object|column|first))?|bind_result", re.IGNORECASE)
ONE = re.compile(r"fetch_?(one|row|assoc|array|object|first)|bind_result", re.IGNORECASE)
"""Of those the ones that give a single row."""
COUNT = re.compile(r"row_?count|affected_?rows", re.IGNORECASE)
_RUNS = ("execute", "executemany")


def fetched(evaluator: Evaluator, fn: Fn, call: int) -> int | None:
    """The call that ran the statement whose rows another call fetches or counts by the same cursor; None where it is none, or there are
    several."""
    body = evaluator.program.body(fn)
    callee = body.args(call)[0]
    if body.op[callee] != Op.FIELD or not (FETCHES.fullmatch(body.name(callee)) or COUNT.fullmatch(body.name(callee))):
        return None
    return _ran(evaluator, fn, call, body.args(callee)[0])


def gone_through(evaluator: Evaluator, fn: Fn, rows: int, at: int) -> int | None:
    """The same of a cursor that a loop goes through (``for row in cursor``), or whose count is read as a member."""
    return _ran(evaluator, fn, at, rows) if evaluator.program.body(fn).op[rows] in (Op.NAME, Op.FIELD) else None


def as_row(evaluator: Evaluator, value: Value) -> Value:
    """The row that a dictionary is made of: ``dict(row)``, ``dict(zip(columns, row))``; anything else as it is."""
    for name, least in (("dict", 1), ("zip", 2)):
        if isinstance(value, Result) and value.instr >= 0 and isinstance(value.callee, External) and value.callee.name == name:
            given = [v for _, v in evaluator.arguments(value)]
            if len(given) != least:
                break
            value = given[-1]
    return value


def _ran(evaluator: Evaluator, fn: Fn, before: int, cursor: int) -> int | None:
    program = evaluator.program
    body = program.body(fn)
    held = written(program, fn, cursor)
    if not held:
        return None
    runs = {
        i
        for i, op in enumerate(body.op)
        if op == Op.CALL
        and body.op[body.args(i)[0]] == Op.FIELD
        and body.name(body.args(i)[0]).lower() in _RUNS
        and written(program, fn, body.args(body.args(i)[0])[0]) == held
    }
    last = evaluator.defuse(fn).last_before(before, runs) if runs else set()
    return next(iter(last)) if len(last) == 1 else None
