"""Where a customer who has paid is turned away because the goods are gone, and what becomes of his money then."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.handled import Handler
from tillproof.commerce.takings import Taking
from tillproof.flow.asked import branches, own_side
from tillproof.flow.program import Fn
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_TAKES_MONEY = ("payment.create", "payment.capture", "payment.confirm", "checkout.create", "subscription.create")
_GIVES_BACK = ("refund.create", "payment.cancel")


@dataclass(frozen=True, slots=True)
class PaidAndRefused:
    """A refusal for want of goods, behind an entry that is called once a payment is made. ``look``: where it is asked what is left;
    ``leaves``: where the entry is left; ``kept``: what gives the money back, or keeps the matter for somebody; None when nothing does."""

    handler: Handler
    taking: Taking
    look: Place
    leaves: Place
    kept: Place | None


def paid_and_refused(model: "Model", handlers: Iterable[Handler]) -> Iterator[PaidAndRefused]:
    """One per handler and function that takes. What takes the money itself, behind the look or before it, is none of these handlers."""
    takings = [t for t in model.takings.all if t.compared is not None]
    for handler in handlers if takings else ():
        effects = list(model.effects.of(handler.entry.target))
        if any(e.kind in _TAKES_MONEY for e in effects):
            continue
        around = {p.fn for e in effects for p in e.way}
        for taking in takings:
            look = taking.compared
            if look is None or look.fn not in around or taking.place.fn not in around:
                continue
            refusal = _refusal(model, look, taking)
            if refusal is not None:
                leaves, rows = refusal
                yield PaidAndRefused(handler, taking, look, leaves, _kept(effects, look.fn, rows))


def _refusal(model: "Model", look: Place, taking: Taking) -> tuple[Place, frozenset[int]] | None:
    """Where the side of a comparison on which nothing is taken leaves its function, and the instructions of that side."""
    body, defuse = model.program.body(look.fn), model.evaluator.defuse(look.fn)
    takes = {defuse.block_of[p.instr] for p in (taking.place, taking.write.place) if p.fn == look.fn}
    for branch, _ in branches(body, defuse, look.instr):
        for truth in (True, False):
            own = own_side(body, defuse, branch, truth)
            if own and takes.isdisjoint(own) and (end := _leaving(body, own)) is not None:
                return Place(look.fn, end, look.ctx), frozenset(body.rows(own))
    return None


def _leaving(body: Body, own: frozenset[int]) -> int | None:
    """The instruction by which every way through some blocks leaves the function; None where one goes on."""
    ends = [i for i in body.rows(own) if body.op[i] in (Op.RETURN, Op.RAISE)]
    on = {t for n in own for t in body.blocks[n].onward} - own
    leaves = all(body.blocks[t].start == body.blocks[t].end and not body.blocks[t].next for t in on)
    return ends[0] if ends and leaves else None


def _kept(effects: list[Effect], fn: Fn, rows: frozenset[int]) -> Place | None:
    """What gives money back behind the entry, or what is written or sent on the side that refuses."""
    back = next((e.place for e in effects if e.kind in _GIVES_BACK), None)
    if back is not None:
        return back
    noted = (e for e in effects if e.kind in ("mail", "job", "event") or (e.touch is not None and e.touch.writes))
    return next((e.place for e in noted if any(p.fn == fn and p.instr in rows for p in e.way)), None)
