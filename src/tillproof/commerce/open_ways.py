"""Middleware that lets everybody pass, whatever its name: a way to ``next()`` on which nothing was asked of who calls.

``verifyAdmin`` that notes whether somebody is an administrator and goes on either way guards nothing, and neither does ``verifyToken``
that takes who sends no token for a guest, or an ``authorize`` that says yes to whoever asks.
"""

import re

from tillproof.commerce.lexicon import snake
from tillproof.commerce.role_names import STAFF_TEXT
from tillproof.flow.facts import Condition, Either, Fact, Facts
from tillproof.flow.program import Fn, Program
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

_EQUAL = {"==": True, "===": True, "!=": False, "!==": False}
_ABSENT = frozenset(("null", "undefined", "", "-1", "false"))
_SURROUNDINGS = frozenset(("process", "env", "config", "settings"))
_ASKS = re.compile(r".*(verif|auth|check|assert|require|ensure|decode|protect|guard|permi|allow|login|session).*")
_ROLE = re.compile(r".*role.*|user_?type|.*scope.*")
_DEEPEST = 6


def open_to_all(program: Program, fn: Fn) -> bool:
    """Whether a middleware hands on requests of which it asked nothing that has to be so, or says yes to all of them."""
    body = program.body(fn)
    if _always_yes(body):
        return True
    calls = [i for i, op in enumerate(body.op) if op == Op.CALL and _hands_on(body, i)]
    if not calls or not any(p.name == "next" for p in body.params):
        return False
    facts = Facts(body, lambda _: False)
    return any(facts.reached(i) and not any(_asks(body, fact, i) for fact in facts.at(i)) for i in calls)


def _always_yes(body: Body) -> bool:
    answers = [body.const(body.args(i)[0]) for i, op in enumerate(body.op) if op == Op.RETURN and body.args(i)[0] >= 0]
    return bool(answers) and Op.RAISE not in body.op and all(c is not None and c[1].lower() == "true" for c in answers)


def _hands_on(body: Body, i: int) -> bool:
    callee, given = body.call(i)
    return not given and body.op[callee] == Op.NAME and body.name(callee) == "next"


def _asks(body: Body, fact: Fact, here: int) -> bool:
    if isinstance(fact, Condition):
        return _positive(body, fact.instr, fact.truth, 0)
    if isinstance(fact, Either):
        return all(_positive(body, c.instr, c.truth, 0) for c in fact.conditions)
    callee = body.args(fact.instr)[0]
    return fact.instr != here and body.op[callee] in (Op.NAME, Op.FIELD) and _ASKS.fullmatch(snake(body.called(fact.instr))) is not None


def _positive(body: Body, i: int, truth: bool, depth: int) -> bool:
    """Whether a condition says that something is there or is as it should be, and not only that something is missing."""
    op, args = body.op[i], body.args(i)
    if depth > _DEEPEST or _of_surroundings(body, i, depth):
        return True  # what hangs on how the server is set up says nothing of who calls
    if body.negates(i):
        return _positive(body, args[1], not truth, depth + 1)
    if op in (Op.CAST, Op.AWAIT):
        return _positive(body, args[1 if op == Op.CAST else 0], truth, depth + 1)
    if op == Op.BINARY and (equal := _EQUAL.get(body.text(args[0]))) is not None:
        const = next((c[1] for side in args[1:3] if (c := body.const(side)) is not None), None)
        if const in _ABSENT:
            return truth != equal
        return truth == equal or (const is not None and not STAFF_TEXT.fullmatch(const) and any(_is_role(body, s) for s in args[1:3]))
    return truth or op == Op.BINARY


def _is_role(body: Body, i: int) -> bool:
    return body.op[i] in (Op.NAME, Op.FIELD) and _ROLE.fullmatch(snake(body.name(i))) is not None


def _of_surroundings(body: Body, i: int, depth: int) -> bool:
    op, args = body.op[i], body.args(i)
    if op == Op.NAME:
        return body.name(i) in _SURROUNDINGS
    below = args[1:] if op in (Op.UNARY, Op.BINARY) else args[:1] if op in (Op.FIELD, Op.INDEX) else []
    return depth <= _DEEPEST and any(_of_surroundings(body, b, depth + 1) for b in below if b >= 0)
