"""Transactions of document stores, which are refused when another has changed what is written in them meanwhile."""

from typing import TYPE_CHECKING

from tillproof.commerce.conditions import Atom
from tillproof.commerce.effects import Effect, Place

if TYPE_CHECKING:
    from tillproof.commerce.model import Model


def refused_together(model: "Model", atom: Atom, effect: Effect) -> bool:
    """Whether a document is looked at in the very transaction in which what hangs on it is done: of two that run at once and both write
    it, one is refused and run again, and finds what the other has left."""
    read = model.states.existence(atom)
    kinds = {r.entity for r in model.states.reads(atom)} | ({read.entity} if read is not None else set())
    tables = [model.schema.table(kind, atom.fn.file) for kind in kinds]
    if not any(table is not None and table.documents for table in tables):
        return False
    looked = {(p.fn, p.instr) for p in model.regions.in_transaction(Place(atom.fn, atom.instr, atom.ctx))}
    # A function that begins a transaction of its own where it is handed none goes on in the one that it is called in.
    around = (p for place in effect.way for p in model.regions.in_transaction(place)) if looked else ()
    return any((p.fn, p.instr) in looked for p in around)
