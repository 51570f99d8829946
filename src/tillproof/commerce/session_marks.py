"""Marks in a session that whoever comes without one is given on every way on, or is sent away: ``if (!session('admin')) { if (!known())
redirect(); set_session('admin'); }``. Beyond it everybody has the mark."""

import re

from tillproof.flow.tries import reached_from
from tillproof.ir.body import EDGE_RAISE, Body
from tillproof.ir.ops import Op

_READS = re.compile(r"(has_?)?(user_?data|session)|has|get|exists|read", re.IGNORECASE)
_PUTS = re.compile(r"(set_?)?user_?data|set_?userdata|put|set|write|session", re.IGNORECASE)
_ASKS = ("isset", "empty")
_SESSION = re.compile(r"session", re.IGNORECASE)
_MOST = 40


def given_or_sent_away(body: Body, condition: int, true: int, false: int, exits: frozenset[str]) -> bool | None:
    """The truth of a condition with which a function goes on where the visitor has the mark that it asks for, when nobody goes on from the
    other side without being given it; None otherwise."""
    there, asked = _asked(body, condition)
    key = _key_of(body, asked)
    if not key:
        return None
    with_mark, without = (true, false) if there else (false, true)
    return there if _marks(body, without, reached_from(body, with_mark), key, exits) else None


def _asked(body: Body, i: int) -> tuple[bool, int]:
    """The truth with which a condition says that something is there, and what it asks for."""
    there = True
    while True:
        if body.negates(i):
            i, there = body.args(i)[1], not there
        elif body.op[i] == Op.CALL and body.called(i) in _ASKS and body.call(i)[1]:
            there = there != (body.called(i) == "empty")
            i = body.call(i)[1][0][1]
        else:
            return there, i


def _key_of(body: Body, i: int) -> str:
    """The key under which a visitor's session is asked: ``$_SESSION['admin']``, ``$this->session->userdata('admin')``."""
    if body.op[i] == Op.INDEX and _is_session(body, body.args(i)[0]):
        const = body.const(body.args(i)[1])
        return const[1] if const is not None else ""
    if body.op[i] != Op.CALL or not _READS.fullmatch(body.called(i)) or not _is_session(body, body.args(i)[0]):
        return ""
    given = body.call(i)[1]
    const = body.const(given[0][1]) if len(given) == 1 else None
    return const[1] if const is not None else ""


def _is_session(body: Body, i: int) -> bool:
    while body.op[i] in (Op.FIELD, Op.CALL):
        if body.op[i] == Op.FIELD and _SESSION.search(body.name(i)):
            return True
        i = body.args(i)[0]
    return body.op[i] == Op.NAME and _SESSION.search(body.name(i)) is not None


def _puts(body: Body, i: int, key: str) -> bool:
    if body.op[i] == Op.SET_INDEX and _is_session(body, body.args(i)[0]) and body.args(i)[1] >= 0:
        const = body.const(body.args(i)[1])
        return const is not None and const[1] == key
    if body.op[i] != Op.CALL or not _PUTS.fullmatch(body.called(i)) or not _is_session(body, body.args(i)[0]):
        return False
    given = body.call(i)[1]
    const = body.const(given[0][1]) if len(given) > 1 else None
    return const is not None and const[1] == key


def _marks(body: Body, start: int, beyond: frozenset[int], key: str, exits: frozenset[str]) -> bool:
    """Whether every way from a block on is given the mark before it joins what lies beyond, or ends; and one is given it."""
    waiting, seen, given = [start], {start}, False
    while waiting and len(seen) < _MOST:
        here = waiting.pop()
        if here in beyond:
            return False
        rows = range(body.blocks[here].start, body.blocks[here].end)
        if any(_puts(body, i, key) for i in rows):
            given = True
            continue
        calls = (body.args(i)[0] for i in rows if body.op[i] == Op.CALL)
        named = (body.name(c).rpartition(".")[2] for c in calls if body.op[c] in (Op.NAME, Op.FIELD))
        if not exits.isdisjoint(named) or _leaves(body, rows):
            continue
        if not body.blocks[here].onward:
            return False  # a constructor that ends lets the visitor through
        onward = [target for kind, target in body.blocks[here].next if kind != EDGE_RAISE and target not in seen]
        waiting += onward
        seen.update(onward)
    return given and not waiting


def _leaves(body: Body, rows: range) -> bool:
    """Whether a block raises, or answers something in place of what would come."""
    last = rows[-1] if rows else -1
    return last >= 0 and (body.op[last] == Op.RAISE or (body.op[last] == Op.RETURN and body.args(last)[0] >= 0))
