"""Payments that are only pretended: what code does where its configuration names no real payment system, and what it refuses in
production."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.conditions import EQUAL, UNEQUAL, AnyOf, Atom
from tillproof.commerce.lexicon import snake
from tillproof.commerce.names import written
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx, External, Member, leaves
from tillproof.ir.body import EDGE_FALSE, EDGE_RAISE, EDGE_TRUE
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_PRETENDS = re.compile(r"(\w+_)?(mock|mocked|fake|dummy|stub|stubbed|simulated|simulation|simulator)(_(mode|payments?|provider|gateway))?")
_TRIED_OUT = re.compile(r"(\w+_)?(DEBUG|TESTING|TEST_MODE|MOCK_MODE|DEMO_MODE|(FAKE|MOCK|SIMULATE|DUMMY)_PAYMENTS?)|debug|testing")
_SETTINGS = re.compile(r"(?i)(settings|config|env|(^|\.)app)$")
_CHOOSES = re.compile(r"(\w+_)?(provider|gateway|mode|driver|backend|processor|adapter|payments?|implementation|strategy)")
_ENVIRONMENT = re.compile(r"(\w+_)?(node_env|app_env|environment|env|stage|app_mode|deploy_env)")
_AT_HOME = re.compile(r"dev|develop|development|test|testing|local|ci")
_PRODUCTION = re.compile(r"prod|production|live")
_MOST_LEAVES = 20


def is_tried_out(model: "Model", fn: Fn, i: int) -> bool:
    """Whether a condition asks if the program is only tried out by whoever writes it: ``settings.DEBUG``."""
    body = model.program.body(fn)
    if body.op[i] == Op.CALL and body.called(i) == "getattr":  # `getattr(settings, "DEBUG", False)`
        given = [a for _, a in body.call(i)[1]]
        const = body.const(given[1]) if len(given) > 1 else None
        named = const is not None and const[0] == Kind.STRING and _TRIED_OUT.fullmatch(const[1].strip("'\""))
        return bool(named) and _SETTINGS.search(written(model.program, fn, given[0])) is not None
    if body.op[i] != Op.FIELD or not _TRIED_OUT.fullmatch(body.name(i)):
        return False
    return _SETTINGS.search(written(model.program, fn, body.args(i)[0])) is not None


def names_pretence(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> bool:
    """Whether a condition asks if the payment system that is configured is none, ``config.paymentProvider === 'mock'``. What a record or
    the sender says of itself does not count."""
    body = model.program.body(fn)
    if body.op[i] != Op.BINARY or body.text(body.args(i)[0]) not in (*EQUAL, *UNEQUAL):
        return False
    for side, other in (body.args(i)[1:3], body.args(i)[2:0:-1]):
        const = body.const(other)
        if const is None or const[0] != Kind.STRING or not _PRETENDS.fullmatch(snake(const[1].strip("'\""))):
            continue
        if _CHOOSES.fullmatch(snake(written(model.program, fn, side).rpartition(".")[2])):
            value = model.evaluator.value(fn, side, ctx)
            ours = any(model.words.entity(read.entity) for read in model.states.field(fn, side, ctx))
            return not ours and not model.requests.sources_in(value, _MOST_LEAVES)
    return False


def shut_in_production(model: "Model", fn: Fn, start: int, goal: int, ctx: Ctx | None) -> bool:
    """Whether every way from one block of a function to another asks that this is not production."""
    body, seen, waiting = model.program.body(fn), set[int](), [start]
    while waiting:
        number = waiting.pop()
        if number == goal:
            return False
        if number in seen:
            continue
        seen.add(number)
        block = body.blocks[number]
        last = block.end - 1
        asks = last >= block.start and body.op[last] == Op.BRANCH
        for kind, target in block.next:
            away = (
                asks
                and kind in (EDGE_TRUE, EDGE_FALSE)
                and _elsewhere(model, model.conditions.of(fn, body.args(last)[0], kind == EDGE_TRUE, ctx))
            )
            if kind != EDGE_RAISE and not away:
                waiting.append(target)
    return True


def _elsewhere(model: "Model", atoms: "list[Atom | AnyOf]") -> bool:
    """Whether conditions say that this is not production."""
    return any(
        all(_elsewhere(model, list(group)) for group in atom.groups) if isinstance(atom, AnyOf) else _says_elsewhere(model, atom)
        for atom in atoms
    )


def _says_elsewhere(model: "Model", atom: Atom) -> bool:
    body = model.program.body(atom.fn)
    if body.op[atom.instr] != Op.BINARY or atom.truth is None:
        return False
    operator, left, right = body.text(body.args(atom.instr)[0]), *body.args(atom.instr)[1:3]
    if operator not in (*EQUAL, *UNEQUAL):
        return False
    same = atom.truth is (operator in EQUAL)
    for side, other in ((left, right), (right, left)):
        const = body.const(other)
        word = snake(const[1].strip("'\"")) if const is not None and const[0] == Kind.STRING else ""
        if (_AT_HOME if same else _PRODUCTION).fullmatch(word) and _is_environment(model, atom, side):
            return True
    return False


def _is_environment(model: "Model", atom: Atom, side: int) -> bool:
    """Whether an operand is where the code runs: ``process.env.NODE_ENV``, handed on or with a default."""
    value = model.evaluator.value(atom.fn, side, atom.ctx)
    named = [o.name for o in (value, *leaves(value, _MOST_LEAVES)) if isinstance(o, (External, Member))]
    return any(_ENVIRONMENT.fullmatch(snake(name.rpartition(".")[2])) for name in (*named, written(model.program, atom.fn, side)))
