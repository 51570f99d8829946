"""Work for one order that is committed in pieces: each item's stock in a transaction of its own, and what is said of the order in none."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.effects import Place
from tillproof.commerce.stock_writes import StockWrite
from tillproof.commerce.touches import Touch
from tillproof.flow.loops import Flow, Loop
from tillproof.flow.program import Fn
from tillproof.flow.tries import catches
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_WRITES = ("write", "create", "flush")


class Split(NamedTuple):
    """``turn``: the step of the loop that commits one item; ``begins``: where its transaction begins; ``write``: what it commits;
    ``order``: where the order itself is written."""

    turn: Place
    begins: Place
    write: StockWrite
    order: Touch


def split_commits(model: "Model") -> Iterator[Split]:
    """Every loop that commits stock item by item beside a write of the order, with nothing around the two; once per function."""
    seen: set[Fn] = set()
    for write in model.stock_writes.all:
        begins = model.regions.transaction(write.place)
        if begins is None:
            continue
        for turn, loop in _turns(model, write, begins):
            order = _order_beside(model, turn, loop)
            if order is not None and turn.fn not in seen:
                seen.add(turn.fn)
                yield Split(turn, begins, write, order)


def _turns(model: "Model", write: StockWrite, begins: Place) -> Iterator[tuple[Place, Loop]]:
    """The steps of loops in which a write is committed: the transaction itself, or calls of the function that opens it."""
    around = [Place(begins.fn, begins.instr, None)] if model.program.body(begins.fn).op[begins.instr] == Op.CALL else []
    opening = model.program.outermost(write.place.fn)
    for turn in (*around, *(Place(caller, call, None) for caller, call, _ in model.callers.of(opening))):
        body = model.program.body(turn.fn)
        loop = next((one for one in Flow(body).loops if one.holds(body, turn.instr)), None)
        if loop is not None and not _is_caught(model, turn) and not model.regions.in_transaction(turn):
            yield turn, loop


def _is_caught(model: "Model", turn: Place) -> bool:
    """Whether the failure of one turn is dealt with, so that the others may stand."""
    block = model.evaluator.defuse(turn.fn).block_of[turn.instr]
    return any(block in catch.tried for catch in catches(model.program.body(turn.fn)))


def _order_beside(model: "Model", turn: Place, loop: Loop) -> Touch | None:
    """A write of the order in the same function, outside the loop."""
    body = model.program.body(turn.fn)
    for i, op in enumerate(body.op):
        if op != Op.CALL or loop.holds(body, i):
            continue
        touch = model.records.touch(turn.fn, i, None)
        if touch is not None and touch.kind in _WRITES and model.words.entity(touch.entity):
            return touch
    return None
