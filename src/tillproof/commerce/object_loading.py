"""Objects that fill themselves from where they are stored: ``$this->status = $row->status;`` beside a dozen such lines, in the method that
loads them, changes no record."""

from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import Fn
from tillproof.ir.body import Body
from tillproof.ir.ops import Op
from tillproof.source.kinds import words as words_of

_LEAST = 3
_KEEPS = words_of("save update persist store commit flush insert push write set_status update_status")


def loads_itself(evaluator: Evaluator, fn: Fn, i: int) -> bool:
    """Whether a field of the object at hand is set to the field of that name of what was fetched, in a method that does so with at least
    three, and does not store the object after."""
    body = evaluator.program.body(fn)
    if not _copies(evaluator, fn, body, i):
        return False
    copied = sum(_copies(evaluator, fn, body, n) for n, op in enumerate(body.op) if op == Op.SET_FIELD)
    return copied >= _LEAST and not any(_stores_itself(body, n) for n, op in enumerate(body.op) if op == Op.CALL)


def _copies(evaluator: Evaluator, fn: Fn, body: Body, i: int) -> bool:
    obj, _, value = body.args(i)
    return (
        _is_self(body, obj) and body.op[value] == Op.FIELD and body.name(value) == body.name(i) and _is_fetched(evaluator, fn, body, value)
    )


def _is_fetched(evaluator: Evaluator, fn: Fn, body: Body, read: int) -> bool:
    """Whether the object that is read from is what a call gave or made here, or is kept in a field of the object at hand."""
    holder = body.args(read)[0]
    if body.op[holder] == Op.FIELD:
        return _is_self(body, body.args(holder)[0])
    if body.op[holder] != Op.NAME or _is_self(body, holder):
        return False
    stores = evaluator.defuse(fn, None).reaching(holder, body.name(holder)).stores
    return bool(stores) and all(body.op[body.args(s)[1]] in (Op.CALL, Op.NEW, Op.AWAIT) for s in stores)


def _stores_itself(body: Body, call: int) -> bool:
    callee = body.args(call)[0]
    return body.op[callee] == Op.FIELD and _is_self(body, body.args(callee)[0]) and body.name(callee).lower() in _KEEPS


def _is_self(body: Body, i: int) -> bool:
    return body.op[i] == Op.NAME and body.name(i) in ("this", "self", "$this")
