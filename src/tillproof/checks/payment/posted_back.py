"""A message that goes back to its provider to be confirmed, put together anew from its fields and not as it came: without encoding, a value
may bring fields of its own or end the address, and what is confirmed is another message than the one that is read."""

import re
from itertools import pairwise

from tillproof.checks.payment.signed_bytes import verifier_of
from tillproof.commerce.effects import Place
from tillproof.commerce.handled import Handler
from tillproof.commerce.model import Model
from tillproof.commerce.told_answers import asked_with
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, Ctx, Mix, Result, Text, Value, names, options, pieces
from tillproof.ir.ops import Kind, Op

_ENCODES = re.compile(r"(raw)?url_?encode|quote(_plus|_from_bytes)?|encodeURI(Component)?|escape|http_build_query|stringify|urlencode\w*")
_MOST_PIECES = 60
_NEAR = 3
_QUOTES = "'\""


def unencoded(model: Model, handler: Handler) -> Place | None:
    """Where the text is put together that is sent back, of values as they were sent."""
    if not any((verifier := verifier_of(model, p)) is not None and verifier.says for p in handler.walked.proofs):
        return None  # nothing is sent back
    if any(_goes_as_it_came(model, p.fn, p.instr, p.ctx) for p in handler.walked.proofs):
        return None
    near = [fn for fn, depth in handler.closure.functions.items() if depth <= _NEAR]
    for fn in near:
        if not _takes_all(model, fn):
            continue
        for i, op in enumerate(model.program.body(fn).op):
            if op in (Op.TEXT, Op.CALL, Op.BINARY) and _is_bare_pair(model, fn, i):
                return Place(fn, i, None)
    return None


def _goes_as_it_came(model: Model, fn: Fn, i: int, ctx: Ctx | None) -> bool:
    """Whether what the provider is asked with holds the body itself, which nothing has read."""
    given = asked_with(model, fn, i, ctx)
    sources = (model.requests.source(v) for v in pieces(given, _MOST_PIECES, model.evaluator.made_of))
    return any(s is not None and s.kind == "raw" and s.key is None for s in sources)


def _takes_all(model: Model, fn: Fn) -> bool:
    """Whether a function writes pairs with an ampersand between them: others write them into a log."""
    body = model.program.body(fn)
    for i, op in enumerate(body.op):
        if op == Op.TEXT and any((c := body.const(a)) is not None and "&" in c[1] for a in body.args(i)):
            return True
        if op == Op.CONST and (const := body.const(i)) is not None and const[0] == Kind.STRING and const[1].strip(_QUOTES).startswith("&"):
            return True
    return False


def _is_bare_pair(model: Model, fn: Fn, i: int) -> bool:
    """Whether an instruction puts a name and a value together of which neither is encoded: ``f"&{name}={value}"``."""
    for option in options(model.evaluator.value(fn, i)):
        parts = (
            option.pieces if isinstance(option, Text) else option.operands if isinstance(option, Mix) and option.op in ("+", ".") else ()
        )
        for before, hole in pairwise(parts):
            ends = isinstance(before, Const) and before.kind == Kind.STRING and before.text.strip(_QUOTES).endswith("=")
            if ends and _is_any_field(model, hole):
                return True
    return False


def _is_any_field(model: Model, value: Value) -> bool:
    """Whether a value is whatever field of the message comes next, as it was sent."""
    found = options(value)
    for option in found:
        if isinstance(option, Result) and any(_ENCODES.fullmatch(n.rpartition(".")[2].replace("()", "")) for n in names(option.callee)):
            return False
    return any(
        (source := model.requests.source(option)) is not None and source.kind in ("body", "query") and not (source.key or "").strip("[]")
        for option in found
    )
