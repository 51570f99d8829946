"""Orders for which stock is compared at most and none is kept: it is taken once they are paid, and whatever is short then was paid for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.entities import same
from tillproof.commerce.entries import Entry
from tillproof.commerce.lexicon import snake
from tillproof.commerce.stock_looks import BELOW, counts
from tillproof.commerce.stock_writes import StockWrite
from tillproof.commerce.takings import Taking
from tillproof.commerce.unstocked import makes_order, reserves, speaks_of_goods, taken_with_order
from tillproof.flow.program import Fn
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_BEGINS = ("checkout.create", "payment.create")


@dataclass(frozen=True, slots=True)
class ComparedOnly:
    """``looked``: where what is left is compared, if anywhere; ``begun``: by which the order, or its payment, comes about; ``taking``:
    where stock is taken later."""

    entry: Entry
    looked: Place | None
    begun: Effect
    taking: Taking


def compared_before_paying(model: "Model") -> Iterator[ComparedOnly]:
    """One per comparison on the way to an order whose goods are taken by what is told of its payment, with nothing that refuses; and per
    place where such an order is made with no comparison at all."""
    takings = model.takings.all
    told = {id(h.entry) for h in model.handlers.all if h.provider.kind == "payment"}
    paid = [t for t in takings if _is_told_of_payment(model, t, told)]
    late = [t for t in paid if t.kept is None and not t.write.promised]
    before = (t for t in takings if t.kept is not None and t not in paid and model.entries_to(t.place.fn))
    if not late or model.takings.triggers or any(not taken_with_order(model, t) for t in before):
        return  # what another step takes surely may be taken for these orders
    takes = {fn for t in takings for fn in (t.place.fn, t.write.place.fn)}
    handling = {id(h.entry) for h in model.handlers.all}
    seen: set[tuple[Fn, int]] = set()
    for entry in model.entries:
        if entry.role not in ("public", "customer") or id(entry) in handling:
            continue
        near = model.handlers.closure(entry).functions
        if not takes.isdisjoint(near):
            continue
        begun = next((e for e in model.effects.of(entry.target) if makes_order(e) or e.kind in _BEGINS), None)
        if begun is None or reserves(model, entry):
            continue
        looked = next((Place(fn, i, None) for fn in near for i in _compares(model, fn, late[0].write)), None)
        if looked is None and not (_of_same_goods(model, begun, late[0]) and makes_order(begun)):
            continue
        told_at = looked or begun.place
        if (told_at.fn, told_at.instr) not in seen and not any(model.regions.lock(p) for p in begun.way):
            seen.add((told_at.fn, told_at.instr))
            yield ComparedOnly(entry, looked, begun, late[0])


def _of_same_goods(model: "Model", begun: Effect, taking: Taking) -> bool:
    """Whether an order is surely of the goods that are taken later: what is deployed together, and holds lines of goods."""
    fn = taking.place.fn
    return begun.certain and model.program.unit(begun.fn.file) == model.program.unit(fn.file) and speaks_of_goods(model, begun)


def _is_told_of_payment(model: "Model", taking: Taking, told: set[int]) -> bool:
    """Whether stock is taken only where a provider, or the browser that comes back, tells of a payment: in the ``told`` entry points."""
    entries = model.entries_to(taking.place.fn)
    return bool(entries) and all(id(e) in told for e in entries)


def _compares(model: "Model", fn: Fn, write: StockWrite) -> Iterator[int]:
    """Where a function compares how much is left of goods, with how much somebody wants or with nothing at all."""
    body = model.program.body(fn)
    plain = not model.words.has("stock_columns", snake(write.field))  # a quantity may be of anything
    for i, op in enumerate(body.op):
        if op != Op.BINARY or body.text(body.args(i)[0]) not in BELOW:
            continue
        sides = body.args(i)[1:3]
        if plain and any(body.op[side] == Op.CONST for side in sides):
            continue
        reads = [r for side in sides for r in model.states.field(fn, side, None)]
        own = any(snake(r.field) == snake(write.field) and same(r.entity, write.touch.entity) for r in reads)
        if own or (not plain and any(counts(model, fn, side, write) for side in sides)):
            yield i
