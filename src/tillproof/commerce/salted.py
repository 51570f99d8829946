"""Digests without a key of their own that prove a message all the same: a secret is part of what they are made of."""

from typing import TYPE_CHECKING

from tillproof.commerce.names import written
from tillproof.commerce.reach import DIGESTS
from tillproof.flow.values import Const, External, Member, Param, Result, Text, Value, leaves, pieces
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_WORDS = ("salt", "secret", "key", "passphrase", "pass_phrase", "password")
_SETTINGS = ("process.env.", "Deno.env.", "Bun.env.")
_LONGEST_CHAIN = 6
_MOST_PIECES = 80
_BEGINS = ("createHash", "crypto.createHash", "node:crypto.createHash")


def is_salted(model: "Model", value: Result) -> bool:
    """Whether a value is a digest over something with a secret in it."""
    name = value.callee.name.lower() if isinstance(value.callee, External) else ""
    if name.rpartition(".")[2] not in DIGESTS and name != "hashlib.new":
        return _is_fed_in_chain(model, value)
    arguments = model.evaluator.arguments(value)
    return any(_mentions_secret(model, v) for _, v in arguments) or _is_fed_secret(model, value)


def _is_fed_in_chain(model: "Model", value: Result) -> bool:
    """``createHash('sha512').update(order + amount + serverKey).digest('hex')``; what the sender calls a key is no secret of ours."""
    fed: list[Value] = []
    here: Value = value
    for _ in range(_LONGEST_CHAIN):
        if not isinstance(here, Result) or here.instr < 0:
            return False
        if isinstance(here.callee, External):
            made = here.callee.name.replace("node:", "") in _BEGINS
            inside = pieces(fed, _MOST_PIECES, lambda v: _within(model, v))
            return made and any(_is_ours(model, v) for v in inside)
        if not isinstance(here.callee, Member):
            return False
        if here.callee.name == "update":
            fed += [v for _, v in model.evaluator.arguments(here)][:1]
        here = here.callee.base
    return False


def _within(model: "Model", value: Value) -> list[Value]:
    """What a value is made of, with what calls are made on and given: ``[amount, password].filter(Boolean).join(':')``."""
    if not isinstance(value, Result):
        return list(value.parts())
    return [value.callee, *(v for _, v in model.evaluator.arguments(value))] if value.instr >= 0 else [value.callee]


def _is_ours(model: "Model", value: Value) -> bool:
    """Whether a value is a setting, or is called a secret and is nothing that was sent."""
    if isinstance(value, (Member, Param)) and any(w in value.name.lower() for w in _WORDS):
        return model.requests.source(value) is None
    if isinstance(value, External):
        return value.name.startswith(_SETTINGS)
    return isinstance(value, Result) and value.instr >= 0 and model.recogniser.result_is("config", value)


def _is_fed_secret(model: "Model", digest: Result) -> bool:
    """Whether a digest that is kept in a variable is given a secret piece by piece: ``digest.update(secret)``."""
    program = model.program
    body = program.body(digest.fn) if digest.instr >= 0 else None
    if body is None or program.language(digest.fn.file) != "python":
        return False
    held = {body.name(u) for u in model.evaluator.defuse(digest.fn).uses(digest.instr) if body.op[u] == Op.STORE}
    for i, op in enumerate(body.op if held else ()):
        if op == Op.CALL and body.called(i) == "update" and written(program, digest.fn, body.args(i)[0]).rpartition(".")[0] in held:
            given = [model.evaluator.value(digest.fn, v, digest.ctx) for _, v in body.call(i)[1]]
            inside = pieces(given, 60, lambda v: (v.callee,) if isinstance(v, Result) else v.parts())
            if any(_mentions_secret(model, v) for v in (*given, *(p for p in inside if isinstance(p, Member)))):
                return True
    return False


def _mentions_secret(model: "Model", value: Value) -> bool:
    for leaf in (value, *leaves(value, 120)):
        if isinstance(leaf, Const) and leaf.kind == Kind.STRING and any(w in leaf.text.lower() for w in _WORDS):
            return True
        if isinstance(leaf, (Member, Param, External)) and any(w in leaf.name.rpartition(".")[2].lower() for w in _WORDS):
            return True
        if isinstance(leaf, Result) and leaf.instr >= 0 and model.recogniser.result_is("config", leaf):
            return True
    return isinstance(value, (Text,)) and any(
        isinstance(p, Result) and p.instr >= 0 and any(_mentions_secret(model, a) for _, a in model.evaluator.arguments(p))
        for p in value.pieces
    )
