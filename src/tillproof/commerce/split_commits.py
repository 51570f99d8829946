"""Work for one order that is committed in pieces: each item's stock in a transaction of its own, and what is said of the order in none."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.effects import Place
from tillproof.commerce.lexicon import snake
from tillproof.commerce.stock_writes import StockWrite
from tillproof.commerce.touches import Touch
from tillproof.flow.loops import Flow, Loop
from tillproof.flow.program import Fn
from tillproof.flow.tries import catches
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_WRITES = ("write", "create", "flush")
_RUNS_OUT = re.compile(r"(\w+_)?(expir(es|y|ed|ation)|valid_until|held_until|reserved_until)(_\w+)?")
_MOST_FILES = 20


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
        if begins is None or _is_given_back(model, write):
            continue
        for turn, loop in _turns(model, write, begins):
            order = _order_beside(model, turn, loop)
            if order is not None and turn.fn not in seen:
                seen.add(turn.fn)
                yield Split(turn, begins, write, order)


def _is_given_back(model: "Model", write: StockWrite) -> bool:
    """Whether a row is made beside a write that says until when it holds, and rows that have run out are looked for: goods that are kept
    for an order which never came about go back by themselves."""
    made = (t for t in _touches(model, write.place.fn) if t.kind == "create")
    kept = ((t.entity, name) for t in made for name in t.fields if _RUNS_OUT.fullmatch(snake(name)))
    return any(_looked_for(model, entity, name) for entity, name in kept)


def _looked_for(model: "Model", entity: str, name: str) -> bool:
    """Whether rows are asked for by the column that says until when they hold."""
    for file in model.program.mentioning(name)[:_MOST_FILES]:
        for fn in (Fn(file, n) for n in range(len(model.program.indices[file].functions))):
            if any(t.entity == entity and name in t.compared for t in _touches(model, fn)):
                return True
    return False


def _touches(model: "Model", fn: Fn) -> Iterator[Touch]:
    """What a function itself does to records."""
    for i, op in enumerate(model.program.body(fn).op):
        if op == Op.CALL and (touch := model.records.touch(fn, i, None)) is not None:
            yield touch


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
    beside = (t for t in _touches(model, turn.fn) if not loop.holds(body, t.instr))
    return next((t for t in beside if t.kind in _WRITES and model.words.entity(t.entity)), None)
