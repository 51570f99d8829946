"""Objects that fill themselves from where they are stored: ``$this->status = $row->status;`` beside a dozen such lines, in the method that
loads them, changes no record."""

from tillproof.commerce.lent_fields import takes_over
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
    return takes_over(body, i) and _is_fetched(evaluator, fn, body, body.args(i)[2])


def _is_fetched(evaluator: Evaluator, fn: Fn, body: Body, read: int) -> bool:
    """Whether the object that is read from is what a call gave or made here, or is kept in a field of the object at hand."""
    holder = body.args(read)[0]
    if body.op[holder] == Op.FIELD:
        return body.is_self(body.args(holder)[0])
    if body.op[holder] != Op.NAME or body.is_self(holder):
        return False
    stores = evaluator.defuse(fn, None).reaching(holder, body.name(holder)).stores
    return bool(stores) and all(body.op[body.args(s)[1]] in (Op.CALL, Op.NEW, Op.AWAIT) for s in stores)


def _stores_itself(body: Body, call: int) -> bool:
    callee = body.args(call)[0]
    return body.op[callee] == Op.FIELD and body.is_self(body.args(callee)[0]) and body.name(callee).lower() in _KEEPS
