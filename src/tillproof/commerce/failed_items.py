"""Where code notes which items of a run failed: a list, a count or a report of them, by whatever name and however deep it lies."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.lexicon import snake
from tillproof.flow.program import Fn
from tillproof.flow.tries import Catch
from tillproof.flow.values import FunctionV, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_FAILED = re.compile(r"(.*_)?(err\w*|fail\w*|skip\w*|miss\w*|problem\w*|invalid\w*|unsynced|retr\w+|reject\w*|issues?|bad|not_\w+)(_.*)?")
_WENT_WELL = re.compile(r"(.*_)?(ok|success\w*|succeeded|done|synced|updated)")
_ADDING = ("append", "push", "add", "extend", "concat", "increment", "update", "unshift", "put", "appendleft", "insert", "setdefault")
_ADDS_ARRAY = ("array_push", "array_unshift")
_DEEPEST = 6


def notes_failed(model: "Model", fn: Fn, catch: Catch) -> bool:
    """Whether a handler notes the item among those that failed, or counts it: itself, or by a function of ours that it calls."""
    body = model.program.body(fn)
    rows = list(body.rows(sorted(catch.blocks)))
    given = {i for i in rows if body.op[i] == Op.STORE and (i == catch.caught + 1 or body.op[body.args(i)[1]] == Op.PARAM)}
    return notes_in(model, fn, [i for i in rows if i not in given])


def notes_in(model: "Model", fn: Fn, rows: list[int]) -> bool:
    """Whether some instructions note an item among those that failed, or count it: themselves, or by a function of ours that they call."""
    body = model.program.body(fn)
    if any(_notes(body, i) for i in rows):
        return True
    calls = (body.args(i)[0] for i in rows if body.op[i] == Op.CALL)
    ours = {o.fn for c in calls for o in options(model.evaluator.value(fn, c)) if isinstance(o, FunctionV) and o.fn != fn}
    return any(_notes(inner, i) for one in sorted(ours) for inner in [model.program.body(one)] for i in range(len(inner.op)))


def answers_failed(model: "Model", fn: Fn, catch: Catch) -> bool:
    """Whether a handler answers with a record that says that the item failed: ``return { sku, ok: false, error }``."""
    body = model.program.body(fn)
    return any(body.op[i] == Op.RETURN and _says_failed(body, body.args(i)[0]) for i in body.rows(sorted(catch.blocks)))


def _notes(body: Body, i: int) -> bool:
    op = body.op[i]
    if op == Op.STORE:
        return is_failed(body.name(i)) and body.op[body.args(i)[1]] != Op.PARAM
    if op == Op.SET_FIELD:
        return is_failed(body.name(i)) or _lies_in_failed(body, body.args(i)[0])
    if op == Op.SET_INDEX:
        target, key, value = body.args(i)
        return _lies_in_failed(body, target) or is_failed(_text(body, key)) or _says_failed(body, value)
    if op != Op.CALL:
        return False
    callee, arguments = body.call(i)
    values = [a for _, a in arguments]
    if body.op[callee] == Op.FIELD and body.name(callee).lower() in _ADDING:
        return _lies_in_failed(body, body.args(callee)[0]) or any(_says_failed(body, a) for a in values)
    if body.op[callee] == Op.NAME and body.name(callee) in _ADDS_ARRAY and values:
        return _lies_in_failed(body, values[0]) or any(_says_failed(body, a) for a in values[1:])
    return False


def _lies_in_failed(body: Body, i: int) -> bool:
    """Whether what is written to lies under a name of failed ones: ``errors``, ``$stats['failed']``, ``this.report.skipped``."""
    for _ in range(_DEEPEST):
        if i < 0:
            return False
        op = body.op[i]
        if op in (Op.NAME, Op.FIELD) and is_failed(body.name(i)):
            return True
        if op == Op.INDEX and is_failed(_text(body, body.args(i)[1])):
            return True
        if op not in (Op.FIELD, Op.INDEX):
            return False
        i = body.args(i)[0]
    return False


def _says_failed(body: Body, i: int) -> bool:
    """Whether a record says of its item that it failed: by a key (``error: …``), by a word (``status: "failed"``), or ``ok: false``."""
    if i < 0 or body.op[i] != Op.RECORD:
        return False
    args = body.args(i)
    for key, value in zip(args[::2], args[1::2], strict=False):
        name = _text(body, key)
        const = body.const(value) if value >= 0 else None
        if is_failed(name) and (const is None or const[0] == Kind.STRING):
            return True
        if const is not None and const[0] == Kind.STRING and is_failed(const[1]):
            return True
        if const is not None and const[0] == Kind.BOOL and const[1].lower() == "false" and _WENT_WELL.fullmatch(snake(name)):
            return True
    return False


def _text(body: Body, i: int) -> str:
    const = body.const(i) if i >= 0 else None
    return const[1] if const is not None and const[0] == Kind.STRING else ""


def is_failed(name: str) -> bool:
    """Whether a name speaks of what failed, was skipped or is missing."""
    return bool(name) and _FAILED.fullmatch(snake(name)) is not None
