"""Where a customer who has paid is turned away because the goods are gone, and what becomes of his money then."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.handled import Handler
from tillproof.commerce.takings import Taking
from tillproof.flow.asked import branches, own_side, reads
from tillproof.flow.defuse import DefUse
from tillproof.flow.program import Fn
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_TAKES_MONEY = ("payment.create", "payment.capture", "payment.confirm", "checkout.create", "subscription.create")
_PASSES = (Op.AWAIT, Op.CAST, Op.STORE, Op.NAME, Op.FIELD, Op.INDEX, Op.UNARY, Op.BINARY)
_MOST = 40
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
    takings = [(t, look) for t in model.takings.all if (look := _look(t)) is not None]
    for handler in handlers if takings else ():
        effects = list(model.effects.of(handler.entry.target))
        if any(e.kind in _TAKES_MONEY for e in effects):
            continue
        around = {p.fn for e in effects for p in e.way}
        for taking, look in takings:
            if look.fn not in around or taking.place.fn not in around:
                continue
            refusal = _refusal(model, look, taking, effects)
            if refusal is not None:
                leaves, rows = refusal
                yield PaidAndRefused(handler, taking, look, leaves, _kept(effects, look.fn, rows))


def _look(taking: Taking) -> Place | None:
    """Where it is asked what is left: a comparison, or the update itself that changes a row only where enough is."""
    asks = taking.kept is not None and taking.write.field in taking.write.touch.compared
    return taking.compared or (taking.write.place if asks else None)


def _refusal(model: "Model", look: Place, taking: Taking, effects: list[Effect]) -> tuple[Place, frozenset[int]] | None:
    """Where the side of a comparison on which nothing is taken leaves its function, and the instructions of that side. Behind an update
    that has taken already, it is the side on which nothing is written."""
    body, defuse = model.program.body(look.fn), model.evaluator.defuse(look.fn)
    takes = {defuse.block_of[p.instr] for p in (taking.place, taking.write.place) if p.fn == look.fn}
    writes = {p.instr for e in effects if e.touch is not None and e.touch.writes for p in e.way if p.fn == look.fn}
    answered = taking.compared is None and body.op[look.instr] == Op.CALL
    asked = _asked_of_answer(body, defuse, look.instr) if answered else [b for b, _ in branches(body, defuse, look.instr)]
    for branch in asked:
        for truth in (True, False):
            own = own_side(body, defuse, branch, truth)
            if own and takes.isdisjoint(own) and (end := _leaving(body, own)) is not None:
                rows = frozenset(body.rows(own))
                if not answered or writes.isdisjoint(rows):
                    return Place(look.fn, end, look.ctx), rows
    return None


def _asked_of_answer(body: Body, defuse: DefUse, i: int) -> list[int]:
    """The branches on what an update answers: ``if (!done.modifiedCount)``, ``if cursor.rowcount == 0``."""
    found: list[int] = []
    seen, waiting = {i}, [i]
    while waiting and len(seen) < _MOST:
        here = waiting.pop()
        after = reads(body, defuse, here) if body.op[here] == Op.STORE else defuse.uses(here)
        for use in after:
            if body.op[use] == Op.BRANCH:
                found.append(use)
            elif use not in seen and body.op[use] in _PASSES:
                seen.add(use)
                waiting.append(use)
    return found


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
