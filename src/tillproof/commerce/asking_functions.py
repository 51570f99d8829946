"""Conditions in a function that a query is handed: ``withIndex('by_email', (q) => q.eq('email', email))``."""

import re

from tillproof.commerce.chains import Link
from tillproof.commerce.parts import Parts
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx, FunctionV, constant, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

_ASKS = re.compile(r"(eq|neq?|gte?|lte?)")
_EITHER = ("or", "not")
_FIELD = "field"


def in_function(evaluator: Evaluator, link: Link, out: Parts) -> None:
    """Adds what the functions among a call's arguments ask for."""
    body = evaluator.program.body(link.fn)
    for row in [v for _, v in body.call(link.call)[1] if body.op[v] == Op.FUNCTION]:
        for option in options(evaluator.value(link.fn, row, link.ctx)):
            if isinstance(option, FunctionV):
                _asked(evaluator, option.fn, evaluator.context(option, link.fn, link.call, link.ctx, callback=True), out)


def _asked(evaluator: Evaluator, fn: Fn, ctx: Ctx, out: Parts) -> None:
    body = evaluator.program.body(fn)
    calls = [i for i, op in enumerate(body.op) if op == Op.CALL and body.op[body.args(i)[0]] == Op.FIELD]
    either = any(body.called(i) in _EITHER for i in calls)
    for i in calls:
        given = [v for _, v in body.call(i)[1]]
        if len(given) != 2 or not _ASKS.fullmatch(body.called(i)):
            continue
        name = _column(evaluator, body, fn, given[0])
        if name:
            out.compared.add(name)
            if body.called(i) == "eq" and not either:
                out.keys.setdefault(name, evaluator.value(fn, given[1], ctx))


def _column(evaluator: Evaluator, body: Body, fn: Fn, i: int) -> str:
    """The column that an operand names: its name, or ``q.field('status')``."""
    if body.op[i] == Op.CALL and body.called(i) == _FIELD and body.call(i)[1]:
        i = body.call(i)[1][0][1]
    return constant(evaluator.value(fn, i)) or "" if body.op[i] == Op.CONST else ""
