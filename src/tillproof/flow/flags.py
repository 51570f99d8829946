"""Flags that are set where a check fails and asked at the end: ``if (!verify()) { $error = true; } … if (!$error) { … }``."""

from typing import TYPE_CHECKING

from tillproof.flow.values import Const
from tillproof.ir.body import EDGE_FALSE, EDGE_RAISE, EDGE_TRUE
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.flow.implication import Implication

_MOST = 400  # blocks of a function that are gone through for a flag


def means_proof(of: "Implication", name: str, truth: bool, at: int) -> bool:
    """Whether the proof holds on every way on which a variable has a truth when it is read at an instruction: each of them went past a
    condition that means it, or set the variable to the other truth and nothing set it back."""
    body = of.body
    entry: list[bool | None] = [None] * len(body.blocks)
    if len(entry) > _MOST:
        return False
    entry[0] = False
    waiting = [0]
    while waiting:
        number = waiting.pop()
        before = bool(entry[number])
        after = _through(of, number, before, name, truth, len(body.op))
        for kind, target in body.blocks[number].next:
            if kind in (EDGE_TRUE, EDGE_FALSE) and _never(of, number, kind):
                continue
            onward = before if kind == EDGE_RAISE else after or (kind in (EDGE_TRUE, EDGE_FALSE) and _tells(of, number, kind, name, truth))
            merged = onward if entry[target] is None else bool(entry[target]) and onward
            if merged != entry[target]:
                entry[target] = merged
                waiting.append(target)
    number = of.defuse.block_of[at]
    return entry[number] is not None and _through(of, number, bool(entry[number]), name, truth, at)


def _through(of: "Implication", number: int, state: bool, name: str, truth: bool, until: int) -> bool:
    """What holds after the rows of a block, up to an instruction."""
    body = of.body
    block = body.blocks[number]
    for i in range(block.start, min(block.end, until)):
        if body.op[i] == Op.STORE and body.name(i) == name:
            value = of.value(body.args(i)[1])
            state = (isinstance(value, Const) and value.falsy == truth) or of.implies(body.args(i)[1], truth)
        elif body.op[i] == Op.CALL and not state:
            proof = of.walk.policy.proof(of.fn, i, of.ctx)
            state = proof is not None and proof.how == "throws"
    return state


def _never(of: "Implication", number: int, kind: int) -> bool:
    """Whether a branch is never taken: its condition is constant here."""
    known = of.walk.evaluator.truth(of.fn, of.body.args(of.body.blocks[number].end - 1)[0], of.ctx)
    return known is not None and known != (kind == EDGE_TRUE)


def _tells(of: "Implication", number: int, kind: int, name: str, truth: bool) -> bool:
    """Whether a branch is taken only with the proof, or only where the variable has the other truth."""
    body = of.body
    condition, way = body.args(body.blocks[number].end - 1)[0], kind == EDGE_TRUE
    while body.negates(condition):
        condition, way = body.args(condition)[1], not way
    if body.op[condition] == Op.NAME and body.name(condition) == name:
        return way != truth
    return of.implies(condition, way)
