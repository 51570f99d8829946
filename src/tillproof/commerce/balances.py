"""Paying from what a customer has with the shop: that it is enough is looked at, and it is taken."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.lexicon import snake
from tillproof.commerce.names import written
from tillproof.commerce.purse_names import holds_balance
from tillproof.flow.program import TOP, Fn
from tillproof.ir.body import Body, entries
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_TAKES = re.compile(r"(withdraw|debit|deduct|spend|decrement|subtract)(_|$)")
_ZERO = ("0", "0.0", "0.00")


def enough_and_taken(model: "Model", fn: Fn, i: int) -> int | None:
    """The balance that a comparison looks at before a function takes from it: ``if wallet.balance < total`` before
    ``wallet.balance -= total``, or ``wallet.balance > 0`` before all that is there is taken as a part of the sum."""
    body = model.program.body(fn)
    if body.op[i] != Op.BINARY:
        return None
    operator, left, right = body.text(body.args(i)[0]), *body.args(i)[1:3]
    held = left if operator in ("<", ">=") else right if operator in (">", "<=") else -1
    some = operator in (">", "!=", "!==", "<=", "==", "===") and is_zero(body, right)
    held = left if some else held
    held = _read_before(model, fn, held) if held >= 0 else held
    if held < 0 or body.op[held] != Op.FIELD or not _is_balance(model, fn, held):
        return None
    takes = _is_emptied if some else _is_taken
    return held if any(takes(model, f, body.name(held)) for f in (fn, *_inside(model, fn))) else None


def _inside(model: "Model", fn: Fn) -> list[Fn]:
    """The functions within one, as a transaction is handed: ``DB::transaction(function () use ($user) { $user->decrement(…); })``."""
    program = model.program
    return [f for f in program.all_functions(fn.file) if f != fn and f.number != TOP and fn in program.around(f)]


def is_zero(body: Body, i: int) -> bool:
    """Whether a value is the constant nought."""
    const = body.const(i)
    return const is not None and const[1] in _ZERO


def _is_balance(model: "Model", fn: Fn, i: int) -> bool:
    """``wallet.balance``, ``user.credits``, ``credit.amount``: by the field, or by the record whose sum it is."""
    body = model.program.body(fn)
    return holds_balance(written(model.program, fn, body.args(i)[0]).rpartition(".")[2].lstrip("$"), body.name(i))


def _read_before(model: "Model", fn: Fn, i: int) -> int:
    """The member that a variable was read from, where it is one: ``held = wallet.balance``."""
    body = model.program.body(fn)
    stores = model.evaluator.defuse(fn).reaching(i, body.name(i)).stores if body.op[i] == Op.NAME else ()
    return body.args(stores[0])[1] if len(stores) == 1 else i


def _is_taken(model: "Model", fn: Fn, name: str) -> bool:
    """Whether a function takes something off a field, by itself, in what it hands to a write, or by a call that says so."""
    body = model.program.body(fn)
    for i, op in enumerate(body.op):
        if op == Op.CALL and _TAKES.match(snake(body.called(i))):
            return True
        if op == Op.SET_FIELD and body.name(i) == name and _goes_down(model, fn, body.args(i)[2]):
            return True
        if op == Op.RECORD and any(key == name and _goes_down(model, fn, value) for key, value in entries(body, i)):
            return True
    return False


def _is_emptied(model: "Model", fn: Fn, name: str) -> bool:
    """Whether a function takes all that there is: ``credit.amount = 0``."""
    body = model.program.body(fn)
    return any(op == Op.SET_FIELD and body.name(i) == name and is_zero(body, body.args(i)[2]) for i, op in enumerate(body.op))


def _goes_down(model: "Model", fn: Fn, i: int) -> bool:
    """Whether a value is a difference, in a variable perhaps, or says by how much a field goes down: ``{ decrement: total }``,
    ``-total``."""
    body = model.program.body(fn)
    i = _read_before(model, fn, i)
    if body.op[i] in (Op.BINARY, Op.UNARY):
        return body.text(body.args(i)[0]).startswith("-")
    return body.op[i] == Op.RECORD and any(key == "decrement" for key, _ in entries(body, i))
