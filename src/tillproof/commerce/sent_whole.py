"""Statuses that are no statuses: a framework that makes a body of all that is returned sends ``return {"error": …}, 500`` as a list, with
200."""

from typing import TYPE_CHECKING

from tillproof.flow.program import Fn
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model


def sent_whole(model: "Model", fn: Fn) -> frozenset[int]:
    """The parts of the tuples that such a framework's handler returns."""
    packs = [model.knowledge.frameworks.get(e.framework) for e in model.entries_to(fn) if e.target.fn == fn]
    if not packs or not all(pack is not None and pack.tuple_is_body for pack in packs):
        return frozenset()
    body = model.program.body(fn)
    returned = (body.args(i)[0] for i, op in enumerate(body.op) if op == Op.RETURN)
    return frozenset(part for r in returned if r >= 0 and body.op[r] == Op.LIST for part in body.args(r))
