"""Statements that are handed to a function of ours which runs them: the helper that many shops write around their database."""

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from tillproof.commerce import sql
from tillproof.commerce.touches import Touch
from tillproof.flow.program import Fn
from tillproof.flow.values import pattern
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_UPDATE = re.compile(r"\s*update\s", re.IGNORECASE)
_MOST_BEFORE = 2
"""A statement is the first thing that a helper is handed, or stands behind the connection."""


def hands_statement(model: "Model", fn: Fn, i: int) -> bool:
    """Whether a call hands a statement that writes to a function of ours that runs it."""
    given = model.program.body(fn).call(i)[1]
    asked = sql.of_value(model.evaluator.value(fn, given[0][1]), model.evaluator) if given else []
    if not any(a.statement.verb in ("insert", "update", "merge") for a in asked):
        return False
    return next(model.effects.runs_for(fn, i), None) is not None


def says_update(body: Body) -> bool:
    """Whether a statement that changes rows is written out in a function."""
    texts = (c[1] for i, op in enumerate(body.op) if op == Op.CONST and (c := body.const(i)) is not None)
    return any(_UPDATE.match(text.strip("\"'`")) is not None for text in texts)


def update_handed(model: "Model", fn: Fn, i: int) -> Touch | None:
    """What a call changes by a statement that it hands to a function of ours: ``db.query('UPDATE products SET stock = …', [n, id])``. The
    change is the call's, so that what its caller does with the answer, and under which lock, is asked there."""
    body = model.program.body(fn)
    if body.op[i] != Op.CALL or not model.recogniser.is_ours(fn, i, None):
        return None
    given = (v for _, v in body.call(i)[1][:_MOST_BEFORE])
    if not any(_UPDATE.match(pattern(model.evaluator.value(fn, v))) is not None for v in given):
        return None
    run = (model.records.touch(place.fn, place.instr, place.ctx) for place in model.effects.runs_for(fn, i))
    found = next((t for t in run if t is not None and t.writes), None)
    return replace(found, fn=fn, instr=i, ctx=None) if found is not None else None
