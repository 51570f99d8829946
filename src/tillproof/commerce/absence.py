"""Alternatives of a condition in which there is no record at all: ``if order and order.status == "paid": return`` goes on for an order that
is not there, which has no state to be asked for, and of which nothing is changed."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.conditions import AnyOf, Atom
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import Fn
from tillproof.flow.values import options, pieces
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.states import States

_IS = ("==", "===", "is")
_IS_NOT = ("!=", "!==", "is not")
_DEEPEST = 6
_MOST_PIECES = 30

Group = tuple[Atom | AnyOf, ...]
_Made = tuple[Fn, int, tuple[str, ...]]


def where_there(evaluator: Evaluator, groups: tuple[Group, ...]) -> list[Group]:
    """The alternatives without those that say that there is nothing of which another one reads a member."""
    read = {row for group in groups for atom in group if isinstance(atom, Atom) for row in _members_of(evaluator, atom.fn, atom.instr, 0)}
    kept = [g for g in groups if not any(isinstance(a, Atom) and _empty(evaluator, a) & read for a in g)]
    return kept or list(groups)


def where_asked(states: "States", groups: tuple[Group, ...]) -> list[Group]:
    """The alternatives as ``where_there`` leaves them, without those that say that there is nothing by which another one looks a row up:
    ``if event_id: if seen(event_id): return``."""
    kept = where_there(states.evaluator, groups)
    sought = (
        {at for group in kept for atom in group if isinstance(atom, Atom) for at in _looked_up_by(states, atom)} if len(kept) > 1 else set()
    )
    asked = [g for g in kept if not any(isinstance(a, Atom) and _says_none(states, a, sought) for a in g)] if sought else kept
    return asked or kept


def _looked_up_by(states: "States", atom: Atom) -> Iterator[tuple[str, int]]:
    """Where the values come from by which the row is chosen that a condition asks for."""
    read = states.existence(atom)
    for key in read.keys.values() if read is not None else ():
        yield from (piece.at for piece in pieces([key], _MOST_PIECES, states.evaluator.made_of))


def _says_none(states: "States", atom: Atom, sought: set[tuple[str, int]]) -> bool:
    """Whether an atom says that one of those values is empty."""
    row = _said_empty(states.program.body(atom.fn), atom)
    if row is None or (row == atom.instr and states.existence(atom) is not None):
        return False
    return any(o.at in sought for o in options(states.evaluator.value(atom.fn, row, atom.ctx)))


def _empty(evaluator: Evaluator, atom: Atom) -> set[_Made]:
    """What an atom says to be empty: where it is made."""
    body = evaluator.program.body(atom.fn)
    row = _said_empty(body, atom)
    if row is None or (row == atom.instr and body.op[row] not in (Op.NAME, Op.CALL, Op.FIELD)):
        return set()
    return _made(evaluator, atom.fn, row)


def _said_empty(body: Body, atom: Atom) -> int | None:
    """The instruction of which an atom says that it is nothing: what it holds against null, or what it denies as a whole."""
    if body.op[atom.instr] != Op.BINARY:
        return atom.instr if atom.truth is False else None
    how, one, other = body.args(atom.instr)
    const = body.const(other)
    null = const is not None and const[0] == Kind.NULL and body.text(how) in (_IS if atom.truth else _IS_NOT)
    return one if null else None


def _members_of(evaluator: Evaluator, fn: Fn, i: int, depth: int) -> set[_Made]:
    """What an instruction reads a member of: where it is made."""
    body = evaluator.program.body(fn)
    op, args = body.op[i], body.args(i)
    if depth > _DEEPEST:
        return set()
    if op in (Op.FIELD, Op.INDEX):
        return _made(evaluator, fn, args[0]) | _members_of(evaluator, fn, args[0], depth + 1)
    below = args[1:3] if op == Op.BINARY else [args[0], *(v for _, v in body.call(i)[1])] if op == Op.CALL else []
    return {row for b in below for row in _members_of(evaluator, fn, b, depth + 1)}


def _made(evaluator: Evaluator, fn: Fn, i: int) -> set[_Made]:
    """The instructions that a variable may hold the values of, or the instruction itself where it is a call, and the members of that which
    lead to it: ``user.subscription``."""
    body = evaluator.program.body(fn)
    i = body.bare(i)
    path: tuple[str, ...] = ()
    while body.op[i] == Op.FIELD:
        path = (body.name(i), *path)
        i = body.bare(body.args(i)[0])
    if body.op[i] != Op.NAME:
        return {(fn, i, path)} if body.op[i] == Op.CALL else set()
    stores = evaluator.defuse(fn).reaching(i, body.name(i)).stores
    return {(fn, body.bare(body.args(s)[1]), path) for s in stores}
