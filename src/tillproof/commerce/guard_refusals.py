"""How a guard of ours refuses: it throws, ends the program, answers no, sends elsewhere, or does not hand the request on."""

import re
from collections.abc import Iterator

from tillproof.commerce.entry_styles.wiring import Wiring
from tillproof.commerce.role_checks import holding
from tillproof.flow.program import Fn
from tillproof.flow.values import FunctionV, Result, Value, options
from tillproof.ir.body import EDGE_RAISE, EDGE_TRUE, Body
from tillproof.ir.ops import Op

_REFUSALS = {"401", "403"}
_FEW = 8
_OPEN = re.compile(r"guest|public|anonymous|anyone|optional|\*")
_AWAY = frozenset(["redirect", "HttpResponseRedirect", "HttpResponseForbidden", "RedirectResponse", "redirect_to_login", "sendStatus"])
"""Calls by which a guard sends somebody elsewhere."""
_CAUGHT = [["err"], ["error"], ["e"], ["ex"], ["exception"]]
"""What Fastify's guards answer with: ``try { await request.jwtVerify(); } catch (err) { reply.send(err); }``."""


def times_let_pass(wiring: Wiring, fn: Fn) -> int:
    """How often a middleware hands the request on without an error, on the ways of a route that is not said to be open:
    ``if (roles.includes('guest') && !token) return next();``."""
    body, block_of = wiring.program.body(fn), wiring.evaluator.defuse(fn).block_of
    calls = (i for i, op in enumerate(body.op) if op == Op.CALL and len(body.args(i)) == 1)
    on = [i for i in calls if body.op[body.args(i)[0]] == Op.NAME and body.name(body.args(i)[0]) == "next"]
    return sum(not _is_for_open(body, block_of[i]) for i in on)


def _is_for_open(body: Body, block: int) -> bool:
    """Whether a block is run only where the guard was told that anybody may pass."""
    for _ in range(_FEW):
        before = [(n, kind) for n, b in enumerate(body.blocks) for kind, target in b.next if target == block and kind != EDGE_RAISE]
        if len(before) != 1:
            return False
        block, kind = before[0]
        last = body.blocks[block].end - 1
        if kind == EDGE_TRUE and body.op[last] == Op.BRANCH:
            asked = [i for i in holding(body, body.args(last)[0], True) if body.op[i] == Op.CALL]
            told = (body.const(v) for i in asked for _, v in body.call(i)[1])
            if any(const is not None and _OPEN.fullmatch(const[1].lower()) for const in told):
                return True
    return False


def refuses_at(wiring: Wiring, fn: Fn, i: int) -> bool:
    """Whether an instruction of a guard turns somebody away."""
    body = wiring.program.body(fn)
    if body.op[i] == Op.RETURN and body.args(i)[0] >= 0 and _answers(wiring, fn, body.args(i)[0]):
        return True
    called = body.called(i) if body.op[i] == Op.CALL and wiring.program.language(fn.file) != "php" else ""
    away = called.rpartition(".")[2] in _AWAY or (called == "next" and len(body.call(i)[1]) == 1)  # ``next(new Error('forbidden'))``
    away = away or (called.rpartition(".")[2] == "send" and [body.name(v) for _, v in body.call(i)[1] if body.op[v] == Op.NAME] in _CAUGHT)
    return away or body.op[i] == Op.RAISE or (body.op[i] == Op.CONST and body.name(i) in _REFUSALS)


def throws(wiring: Wiring, fn: Fn) -> bool:
    """Whether a function may refuse without its caller's help."""
    body = wiring.program.body(fn)
    exits = ending_calls(wiring, fn.file)
    called = (body.args(i)[0] for i, op in enumerate(body.op) if op == Op.CALL)
    ends = any(body.op[c] in (Op.NAME, Op.FIELD) and body.name(c).rpartition(".")[2] in exits for c in called)
    return ends or any(op == Op.RAISE or (op == Op.CONST and body.name(i) in _REFUSALS) for i, op in enumerate(body.op))


def throws_or_gives(wiring: Wiring, fn: Fn) -> bool:
    """Whether a function raises for whom it does not let pass, and never says so by answering nothing or no instead."""
    body = wiring.program.body(fn)
    given = [body.const(body.args(i)[0]) for i, op in enumerate(body.op) if op == Op.RETURN and body.args(i)[0] >= 0]
    raises = any(op == Op.RAISE for op in body.op)
    return raises and not any(c is not None and c[1].lower() in ("false", "null", "none", "undefined") for c in given)


def handed_back(wiring: Wiring, fn: Fn, i: int) -> bool:
    """Whether what a call answers, or a part of it, is returned where there is any: ``const denied = await admins(request); if (denied)
    return denied;``."""
    body, defuse = wiring.program.body(fn), wiring.evaluator.defuse(fn)
    held, names_ = [i], set[str]()
    for one in held:
        for use in defuse.uses(one):
            if body.op[use] in (Op.AWAIT, Op.FIELD) and len(held) < _FEW:
                held.append(use)
            elif body.op[use] == Op.STORE:
                names_.add(body.name(use))
    returned = {_root(body, body.args(n)[0]) for n, op in enumerate(body.op) if op == Op.RETURN}
    asked = {_root(body, body.args(n)[0]) for n, op in enumerate(body.op) if op == Op.BRANCH}
    return bool(names_ & returned & asked)


def _root(body: Body, i: int) -> str:
    """The variable that an expression or a simple question is about: ``denied.error``, ``denied instanceof Response``."""
    while i >= 0 and body.op[i] in (Op.FIELD, Op.BINARY):
        i = body.args(i)[0 if body.op[i] == Op.FIELD else 1]
    return body.name(i) if i >= 0 and body.op[i] == Op.NAME else ""


def is_returned(wiring: Wiring, fn: Fn, i: int) -> bool:
    """Whether a call's answer is, or may be, what the function returns."""
    body = wiring.program.body(fn)
    given = [body.args(r)[0] for r, op in enumerate(body.op) if op == Op.RETURN]
    return i in given or any(
        isinstance(o, Result) and (o.fn, o.instr) == (fn, i)
        for r in given if r >= 0 and body.op[r] in (Op.NAME, Op.CALL)
        for o in _passed_on(wiring, wiring.evaluator.value(fn, r))
    )  # fmt: skip


def _passed_on(wiring: Wiring, value: Value) -> Iterator[Value]:
    """A value, or what a call of outside is handed to give it back changed: ``apply_filters('may_pay', $may)``."""
    for option in options(value):
        yield option
        if isinstance(option, Result) and option.instr >= 0 and not isinstance(option.callee, FunctionV):
            yield from (o for _, given in wiring.evaluator.arguments(option) for o in options(given))


def _answers(wiring: Wiring, fn: Fn, i: int) -> bool:
    """Whether a returned value is a refusal or a verdict: null, false, a comparison."""
    body = wiring.program.body(fn)
    const = body.const(i)
    if const is not None:
        return const[1].lower() in ("false", "null", "none")
    return body.op[i] in (Op.BINARY, Op.UNARY, Op.CHOICE, Op.FIELD) or (body.op[i] == Op.CALL and body.called(i) == "bool")


def ending_calls(wiring: Wiring, file: str) -> frozenset[str]:
    """Last words of calls that never return, in the frameworks that hold for a file."""
    return frozenset(n.rpartition(".")[2] for f in wiring.active.of(file) for n in f.exits)


def is_statement(wiring: Wiring, fn: Fn, i: int) -> bool:
    """Whether nothing is done with what a call gives."""
    body = wiring.program.body(fn)
    uses = wiring.evaluator.defuse(fn).uses(i)
    return all(body.op[u] == Op.AWAIT and is_statement(wiring, fn, u) for u in uses)
