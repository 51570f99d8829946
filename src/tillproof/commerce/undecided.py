"""Comparisons on which nothing hangs: what they find out is told to a log or to the visitor, and the code goes on as if nothing were."""

from typing import TYPE_CHECKING

from tillproof.commerce.recognition import NOTES
from tillproof.flow.program import Fn
from tillproof.flow.tries import reached_from
from tillproof.ir.body import EDGE_FALSE, EDGE_TRUE
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_ACTS = (Op.RETURN, Op.RAISE, Op.STORE, Op.SET_FIELD, Op.SET_INDEX, Op.NEW, Op.YIELD, Op.ECHO)


def only_told(model: "Model", fn: Fn, comparison: int) -> bool:
    """Whether the arms of a comparison do nothing of their own but write to a log, or answer, and go on. Not said of one that is
    returned, kept or handed on, nor inside a loop, where to go on with the next is a decision as well."""
    body, defuse = model.program.body(fn), model.evaluator.defuse(fn)
    uses = defuse.uses(comparison)
    if not uses or any(body.op[use] != Op.BRANCH for use in uses):
        return False
    for use in uses:
        arms = dict(body.blocks[defuse.block_of[use]].next)
        if EDGE_TRUE not in arms or EDGE_FALSE not in arms:
            return False
        yes, no = reached_from(body, arms[EDGE_TRUE]), reached_from(body, arms[EDGE_FALSE])
        own = yes ^ no
        rows = list(body.rows(own))
        if not rows or any(not body.blocks[block].onward for block in own) or any(_acts(model, fn, i) for i in rows):
            return False
    return True


def _acts(model: "Model", fn: Fn, i: int) -> bool:
    """Whether an instruction does more than work out what a log or the visitor is given."""
    body = model.program.body(fn)
    op = body.op[i]
    if op != Op.CALL:
        return op in _ACTS
    if body.called(i).rpartition(".")[2] in NOTES or any(model.recogniser.is_(kind, fn, i) for kind in ("loggers", "reporters", "answers")):
        return False
    return not model.evaluator.defuse(fn).uses(i)
