"""States that follow from sums which a record of ours holds: what was paid of it so far, against what is owed."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.conditions import flat
from tillproof.commerce.effects import Place
from tillproof.commerce.entities import same
from tillproof.commerce.lexicon import snake
from tillproof.commerce.touches import Touch
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, Ctx, Mix, Value, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

WORKED_OUT = "the state follows from what the record says was paid of it"

_ORDERED = ("<", "<=", ">", ">=", "==", "===")
_CAME = re.compile(
    r"(\w+_)?(paid|pagad[oa]|pago|received|collected|settled|balance|saldo|due|outstanding|remaining|owed|owing|unpaid|pendiente)(_\w+)?"
)
_OF_PAYMENT = re.compile(r"(\w+_)?(paid|paye?ment|pago|pagad[oa]|pagamento|paiement|invoice)(_\w+)?")
_OF_DEBT = re.compile(r"(\w+_)?(invoice|bill|fee|due|debt|installment|instalment|loan|charge)s?")
_KEEPS_SUM = frozenset(["float", "int", "decimal", "round", "abs", "number", "floatval", "aggregate", "sum", "getattr", "max", "min"])
_RECKONS = ("+", "-", "*", "/", "(float)")
_DEEPEST = 5


def says_how_much(value: Value) -> bool:
    """Whether a value is a sum that was reckoned: what is written so says how much was paid, and not whether it was."""
    return any(isinstance(o, Mix) and o.op in _RECKONS for o in options(value))


def follows_from_sums(model: "Model", touch: Touch, field: str) -> bool:
    """Whether a state is written only where a comparison of sums that the record itself keeps says so: ``if self.owed <= 0: self.payment =
    "paid"``. It may be worked out anew as often as anybody likes, since the sums decide and nothing that the caller says. An order's own
    state, in which a cancellation would be lost, is none of these unless several are told apart."""
    follows = _OF_PAYMENT.fullmatch(snake(field)) or _OF_DEBT.fullmatch(touch.entity) or _several(model, touch, field)
    for held in model.effects.held_at(Place(touch.fn, touch.instr, touch.ctx)) if follows else ():
        for atom in flat(model.conditions.behind(held)):
            if atom.fn == touch.fn and atom.truth is not None and _compares_sums(model, atom.fn, atom.instr, touch):
                return True
    return False


def _several(model: "Model", touch: Touch, field: str) -> bool:
    """Whether a function sets the same field to one of several states that it tells apart."""
    body = model.program.body(touch.fn)
    set_to = (body.args(i)[2] for i, op in enumerate(body.op) if op == Op.SET_FIELD and body.name(i) == field)
    return len({body.name(v) for v in set_to if v >= 0 and body.op[v] in (Op.CONST, Op.NAME, Op.FIELD)}) > 1


def _compares_sums(model: "Model", fn: Fn, i: int, touch: Touch) -> bool:
    body = model.program.body(fn)
    if body.op[i] != Op.BINARY or body.text(body.args(i)[0]) not in _ORDERED:
        return False
    sides = body.args(i)[1:3]
    found = [leaf for side in sides for leaf in _leaves(model, fn, side, touch.ctx, 0)]
    if None in found or any(model.requests.sources_in(model.evaluator.value(fn, side, touch.ctx), 20) for side in sides):
        return False
    known = [leaf for leaf in found if leaf is not None]
    own = any(holder and same(holder, touch.entity) for _, holder in known)
    return own and any(_CAME.fullmatch(word) and (not holder or same(holder, touch.entity)) for word, holder in known)


def _leaves(model: "Model", fn: Fn, i: int, ctx: Ctx | None, depth: int) -> Iterator[tuple[str, str] | None]:
    """(word, kind of record that it is a field of) of all that a side is made of; None for what a caller or a call of others brings."""
    body = model.program.body(fn)
    op, args = body.op[i], body.args(i)
    if depth > _DEEPEST:
        yield None
    elif op == Op.CONST:
        return
    elif op == Op.FIELD:
        yield snake(body.name(i)), model.records.holder(fn, args[0], ctx)[0]
    elif op == Op.INDEX:
        yield from _leaves(model, fn, args[0], ctx, depth + 1)
    elif op in (Op.BINARY, Op.UNARY, Op.CHOICE):
        for below in args[1:]:
            yield from _leaves(model, fn, below, ctx, depth + 1)
    elif op == Op.NAME:
        stores = model.evaluator.defuse(fn, ctx).reaching(i, body.name(i)).stores
        yield (snake(body.name(i)), "") if stores else None
        for store in stores[:3]:
            yield from _leaves(model, fn, body.args(store)[1], ctx, depth + 1)
    elif op == Op.CALL and body.called(i).rpartition(".")[2].lower() in _KEEPS_SUM:
        for _, given in body.call(i)[1]:
            if not isinstance(model.evaluator.value(fn, given, ctx), Const) and body.op[given] in (Op.NAME, Op.FIELD, Op.BINARY, Op.CHOICE):
                yield from _leaves(model, fn, given, ctx, depth + 1)
    else:
        yield None
