"""Digests without a key of their own that prove a message all the same: a secret is part of what they are made of."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.lexicon import snake
from tillproof.commerce.money import name_of
from tillproof.commerce.names import written
from tillproof.commerce.reach import DIGESTS
from tillproof.flow.values import Const, Element, External, Instance, Member, Param, Result, Text, Value, leaves, pieces
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_WORDS = ("salt", "secret", "key", "passphrase", "pass_phrase", "password")
_KEPT = re.compile(r"(^|_)(pass(word|phrase|code|wd)?_?\d*|salt|secret_?\w*|(\w*)key\d*|token|psk|signature_(pass|key))(_|$)")
"""What a setting or a field is called that keeps what only the shop and its payment system know."""
_WRITTEN = re.compile(r"(?=[^\d]*\d|[a-z]*[A-Z])[\w+/=!@#$%^&*-]{8,}")
"""How a secret looks that is written down: of some length, without blanks, and no plain word."""
_HOLDERS = ("settings", "config", "configuration", "options", "credentials", "params")
_SETTINGS = ("process.env.", "Deno.env.", "Bun.env.")
_NAMES_FIRST = ("hash", "openssl_digest")
_SHORTEST_NAME = 4
_LONGEST_CHAIN = 6
_MOST_PIECES = 80
_BEGINS = ("createHash", "crypto.createHash", "node:crypto.createHash")


def is_kept_secret(name: str) -> bool:
    """Whether a setting or field of that name keeps what only the shop and its payment system know."""
    return _KEPT.search(name) is not None


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
    if model.requests.source(value) is not None:
        return False  # what the sender calls a key is no secret of ours
    for leaf in (value, *leaves(value, 120)):
        if isinstance(leaf, Const) and leaf.kind == Kind.STRING and any(w in leaf.text.lower() for w in _WORDS):
            return True
        if isinstance(leaf, (Member, Param, External)) and any(w in leaf.name.rpartition(".")[2].lower() for w in _WORDS):
            return True
        if isinstance(leaf, External) and model.recogniser.result_is("config", leaf):
            return True  # of the record that holds a gateway's settings
        if isinstance(leaf, Result) and leaf.instr >= 0 and (model.recogniser.result_is("config", leaf) or _is_asked_by_name(model, leaf)):
            return True
    if any(_is_of_settings(p) for p in pieces([value], _MOST_PIECES)):
        return True
    return isinstance(value, (Text,)) and any(
        isinstance(p, Result) and p.instr >= 0 and any(_mentions_secret(model, a) for _, a in model.evaluator.arguments(p))
        for p in value.pieces
    )


def _is_of_settings(value: Value) -> bool:
    """Whether a value is a secret among the settings of a gateway's own: ``$this->settings['secret-key']``."""
    held = value.base if isinstance(value, (Member, Element)) else None
    if not isinstance(held, Member) or held.name.lower() not in _HOLDERS:
        return False
    return is_kept_secret(name_of(value))


def _is_asked_by_name(model: "Model", value: Result) -> bool:
    """Whether something of ours is asked for what it keeps under the name of a secret: ``$config->getString('portalKey')``."""
    callee = value.callee
    if not isinstance(callee, Member) or not callee.name.lower().startswith("get") or model.requests.source(value) is not None:
        return False
    asked = (text.text.strip("'\"") for _, text in model.evaluator.arguments(value)[:1] if isinstance(text, Const))
    return any(len(text) > _SHORTEST_NAME and _KEPT.search(snake(text)) for text in asked)


def is_made_with_secret(model: "Model", value: Value) -> bool:
    """Whether a value that is compared with what was sent is a digest over the message and something that only we have besides: a setting,
    a field that keeps a password, a text that is written down."""
    return any(any(_is_secret(model, p) for p in digested(model, made)) for made in digests(model, value))


def is_of_message_alone(model: "Model", value: Value) -> bool:
    """Whether a value is a digest over nothing but pieces of the message and what stands between them: anybody can make it."""
    made = [d for d in digests(model, value) if not model.recogniser.result_is("macs", d)]
    return bool(made) and all(all(_is_known(model, p) for p in digested(model, one)) for one in made)


def digests(model: "Model", value: Value) -> Iterator[Result]:
    """The calls by which what a value is made of is digested, keyed or not."""
    for here in pieces([value], _MOST_PIECES, model.evaluator.made_of):
        callee = here.callee if isinstance(here, Result) and here.instr >= 0 else None
        if isinstance(here, Result) and isinstance(callee, External) and callee.name.lower().rpartition(".")[2] in (*DIGESTS, "hash_hmac"):
            yield here


def digested(model: "Model", digest: Result) -> list[Value]:
    """The pieces of what a digest is made over."""
    given = [v for _, v in model.evaluator.arguments(digest)]
    named = isinstance(digest.callee, External) and digest.callee.name.lower() in _NAMES_FIRST
    inside = pieces(given[1:2] if named else given[:1], _MOST_PIECES, model.evaluator.made_of)
    return [p for p in inside if not p.parts() or (isinstance(p, Member) and isinstance(p.base, Instance))]  # `settings_of_ours.SERVER_KEY`


def _is_secret(model: "Model", piece: Value) -> bool:
    if isinstance(piece, Const):
        return piece.kind == Kind.STRING and (_WRITTEN.fullmatch(piece.text.strip("'\"")) or _KEPT.search(snake(piece.text))) is not None
    if isinstance(piece, (Member, Param, External)):
        return _KEPT.search(snake(piece.name.rpartition(".")[2])) is not None and model.requests.source(piece) is None
    return isinstance(piece, Result) and piece.instr >= 0 and model.recogniser.result_is("config", piece)


def _is_known(model: "Model", piece: Value) -> bool:
    """Whether whoever sends a message knows a piece: he sends it, or it is written down and is no secret."""
    if isinstance(piece, Const):
        return not _is_secret(model, piece)
    return model.requests.source(piece) is not None
