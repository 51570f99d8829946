"""A proof that failed and is remembered: the object that made it keeps the exception, and the handler asks for it before it goes on.

``try { $this->event = Webhook::constructEvent(…); } catch (Exception $e) { $this->error = $e; }``, then ``if ($it->failed()) return``; or
nothing is done but with the event, which is there only where the proof was made.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tillproof.flow.facts import Condition
from tillproof.flow.values import Ctx, FunctionV, options
from tillproof.ir.body import EDGE_RAISE
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model
    from tillproof.commerce.proof import Proven
    from tillproof.flow.program import Fn
    from tillproof.flow.proofs import Happening

_DEEPEST = 6


def kept_fields(model: "Model", proofs: Iterable["Proven"]) -> list[frozenset[str]]:
    """The fields in which the objects that make proofs keep that one failed, or what was proven."""
    return [fields for proof in proofs if not proof.refetch and (fields := _kept(model, proof))]


def asked_for(model: "Model", kept: list[frozenset[str]], act: "Happening") -> bool:
    """Whether what is done hangs on one of the fields in which a proof is remembered."""
    return any(_asked(model, fields, act) for fields in kept)


def _kept(model: "Model", proof: "Proven") -> frozenset[str]:
    """The fields that tell whether a proof was made: what it gives is in one, that it failed in another. One that is filled either way
    tells nothing."""
    body, flow = model.program.body(proof.fn), model.evaluator.defuse(proof.fn)
    home = body.blocks[flow.block_of[proof.instr]]
    handlers = {target for kind, target in home.next if kind == EDGE_RAISE}
    proven, failed = set[str](), set[str]()
    for i, op in enumerate(body.op):
        if op == Op.SET_FIELD and body.is_self(body.args(i)[0]):
            if body.args(i)[2] == proof.instr:
                proven.add(body.name(i))
            elif flow.block_of[i] in handlers:
                failed.add(body.name(i))
    return frozenset(proven ^ failed) if handlers else frozenset()


def _asked(model: "Model", fields: frozenset[str], act: "Happening") -> bool:
    places = [(act.fn, act.instr, act.ctx), *((c.caller, c.call, c.parent) for c in (act.ctx.chain() if act.ctx else ()) if c.call >= 0)]
    asked = (
        (place, fact.instr, ctx) for place, i, ctx in places for fact in model.effects.facts(place).at(i) if isinstance(fact, Condition)
    )
    return any(reads_field(model, place, i, ctx, fields) for place, i, ctx in asked)


def reads_field(model: "Model", fn: "Fn", i: int, ctx: Ctx | None, fields: frozenset[str], depth: int = 0) -> bool:
    """Whether a condition is made of one of the fields, through variables and the methods that tell of it."""
    body = model.program.body(fn)
    op, args = body.op[i], body.args(i)
    if depth > _DEEPEST:
        return False
    if op == Op.FIELD and body.is_self(args[0]) and body.name(i) in fields:
        return True
    if op == Op.NAME:
        stores = model.evaluator.defuse(fn).reaching(i, body.name(i)).stores
        return any(reads_field(model, fn, body.args(s)[1], ctx, fields, depth + 1) for s in stores if body.op[s] == Op.STORE)
    if op == Op.CALL:
        told = [v for _, v in body.call(i)[1]]
        if any(reads_field(model, fn, v, ctx, fields, depth + 1) for v in told):
            return True
        for target in options(model.evaluator.value(fn, args[0], ctx)):
            inner = model.program.body(target.fn) if isinstance(target, FunctionV) else None
            for end, ends in enumerate(inner.op if inner is not None else ()):
                if ends == Op.RETURN and isinstance(target, FunctionV) and inner is not None and inner.args(end)[0] >= 0:
                    inside = model.evaluator.context(target, fn, i, ctx)
                    if reads_field(model, target.fn, inner.args(end)[0], inside, fields, depth + 1):
                        return True
        return False
    below = args[1:] if op in (Op.UNARY, Op.BINARY, Op.CHOICE, Op.CAST) else args[:1] if op in (Op.FIELD, Op.INDEX, Op.AWAIT) else []
    return any(reads_field(model, fn, b, ctx, fields, depth + 1) for b in below if b >= 0)
