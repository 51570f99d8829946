"""``order/cancel-order``: a cancelled order gives back the goods that it held, and that before its payment is undone."""

from collections.abc import Iterator

from tillproof.checks import remedies
from tillproof.checks.catalog import Check
from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.checks.ways import anchor, called, entry_line, lines, source, step, steps
from tillproof.commerce.cancellations import Cancellation
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.fallen_orders import Fallen
from tillproof.commerce.model import Model
from tillproof.commerce.partly_released import Left
from tillproof.commerce.put_back_if_left import PutBackIfLeft, put_back_if_left
from tillproof.commerce.standing_payments import Standing
from tillproof.flow.program import Fn

ID = "order/cancel-order"
_HOW = {
    "write": "the goods are put back here",
    "call": "a call that puts the goods back, by its name",
    "platform": "the platform puts the stock back when an order gets this status",
    "untaken": "stock is taken here alone, and not, or not for good, in a run that cancels",
}


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per place where an order is cancelled and entry point that leads there, and per message that says that nobody will pay
    where the goods stay taken; one finding per place."""
    seen, told = set[tuple[str, int]](), set[Fn]()
    for one in model.cancellations.all:
        ruling = _rule(model, one)
        if ruling.anchor is not None:
            if ruling.anchor[:2] in seen:
                continue
            seen.add(ruling.anchor[:2])
        yield ruling
        if ruling.outcome == "broken":
            told.add(one.entry.target.fn)
    for left in put_back_if_left(model):
        yield _if_left(model, left)
    taken = model.cancellations.taken_at
    if taken is None:
        return
    for fallen in model.cancellations.fallen:
        if fallen.entry.target.fn not in told:
            ruling = _fallen(model, fallen, *taken)
            if ruling.anchor is not None and ruling.anchor[:2] not in seen:
                seen.add(ruling.anchor[:2])
                yield ruling


def _if_left(model: Model, one: PutBackIfLeft) -> Ruling:
    """Goods of which the last one was sold are never put back."""
    file, start, end = lines(model, one.asked)
    ruling = Ruling(ID, "broken", "stock-release", file, start, severity="medium", confidence="likely")
    ruling.anchor, field = (file, start, end), one.write.field
    ruling.title = "What was sold out is never put back"
    ruling.message = (
        f"The goods go back only while `{field}` is more than nothing. When the order that ends took the last piece it is 0, which counts "
        "as no here like a number that is not kept at all: the piece is there again, and nobody can buy it until somebody counts by hand."
    )
    ruling.remediation = f"Ask whether `{field}` is kept at all (`!== null`, `is not None`) instead of whether any are left."
    ruling.evidence = [
        step(model, one.asked, '0 and "not kept" are the same here', "missing"),
        step(model, one.write.place, "put back only here", "sink"),
    ]
    return ruling


def _rule(model: Model, one: Cancellation) -> Ruling:
    file, line = entry_line(model, one.entry)
    ruling = Ruling(ID, "held", "cancellation", file, line, severity="medium")
    who = "no route to it is seen" if one.entry.style == "unrouted" else f"called by {one.entry.role}"
    ruling.evidence = [source(model, one.entry, f"{called(model, one.entry)}: {who}")]
    if one.release is None:
        return _unreleased(model, one, ruling)
    if one.left is not None:
        return _partly(model, one, one.left, one.release, ruling)
    if one.undone is not None:
        return _late(model, one.undone, one.release, ruling)
    if one.standing is not None:
        return _standing(model, one, one.standing, ruling)
    ruling.evidence.append(step(model, one.release, _HOW[one.how], "guard"))
    return ruling


def _unreleased(model: Model, one: Cancellation, ruling: Ruling) -> Ruling:
    place = anchor(model, one.transition.effect)
    if one.host:
        return _only_set(model, one, ruling, place)
    taken = model.cancellations.taken_at
    file, line, field = taken if taken is not None else ("", 0, "")
    name = one.transition.touch.entity.replace("_", " ")
    to = "cancelled when the request says so" if one.transition.sent else f"`{one.transition.to[0]}`"
    ruling.outcome, ruling.confidence = "broken", "likely"
    ruling.anchor = lines(model, place)
    ruling.title = f"A cancelled {name} keeps the stock that it took"
    ruling.message = (
        f"{called(model, one.entry)} sets the {name} to {to}, and nothing on the way puts back what was taken from "
        f"`{field}`: each cancelled {name} makes goods that are there unsaleable, until somebody counts them by hand."
    )
    back = f"{field} = {field} + quantity"
    ruling.remediation = (
        f"In the transaction that cancels the {name}, and only when this run is the one that changes its "
        f"status, write each line's quantity back in one statement (`{back}`); cancel the payment after that."
    )
    ruling.evidence.append(Evidence(file, line, f"stock is taken here: `{field}`"))
    ruling.evidence += steps(model, one.transition.effect, f"the {name} is cancelled")
    ruling.evidence.append(step(model, place, "nothing puts the stock back", "missing"))
    return ruling


def _only_set(model: Model, one: Cancellation, ruling: Ruling, place: Place) -> Ruling:
    """An order of a platform that took its goods, and of which only the state is set."""
    to = one.transition.to[0]
    ruling.outcome, ruling.confidence = "broken", "certain" if one.transition.effect.certain else "likely"
    ruling.anchor = lines(model, place)
    ruling.title = "The order is only called cancelled, and keeps its stock"
    ruling.message = (
        f"{called(model, one.entry)} sets the order's state to `{to}`. {one.host} took the goods when the order was placed and gives them "
        "back when the order is cancelled by its own method; a state that is only set leaves them reserved for ever, and the order's lines "
        "and coupons as they were."
    )
    own = remedies.code(model, one.transition.effect.fn.file, "cancel")
    ruling.remediation = f"Ask first what state the order is in, and cancel it by the platform's own function{f': {own}' if own else ''}."
    ruling.evidence += steps(model, one.transition.effect, "the state is set")
    ruling.evidence.append(step(model, place, "nothing on the way cancels the order itself", "missing"))
    return ruling


def _fallen(model: Model, one: Fallen, taken_file: str, taken_line: int, field: str) -> Ruling:
    """A message that says that nobody will pay, and where which field of the stock was taken for the order."""
    file, line = entry_line(model, one.entry)
    ruling = Ruling(ID, "broken", "cancellation", file, line, severity="medium", confidence="likely")
    place, name = anchor(model, one.effect), one.name.replace("_", " ")
    ruling.anchor = lines(model, place)
    ruling.title = "An order that was never paid keeps the stock that it took"
    ruling.message = (
        f"{called(model, one.entry)} sets the {name} to `{one.word}`, and nothing in the shop puts back what was taken from `{field}` for "
        "such an order: each one that nobody pays makes goods that are there unsaleable, until somebody counts them by hand."
    )
    ruling.remediation = (
        "In the transaction that fails the order, and only when this run is the one that changes its status, write each line's quantity "
        f"back in one statement (`{field} = {field} + quantity`); or let a job do so for every order that was not paid in time."
    )
    ruling.evidence = [source(model, one.entry, f"{called(model, one.entry)}: called by {one.entry.role}")]
    ruling.evidence.append(Evidence(taken_file, taken_line, f"stock is taken here: `{field}`"))
    ruling.evidence += steps(model, one.effect, f"the {name} becomes `{one.word}`")
    ruling.evidence.append(step(model, place, "nothing puts the stock back", "missing"))
    return ruling


def _partly(model: Model, one: Cancellation, left: Left, release: Place, ruling: Ruling) -> Ruling:
    name = one.transition.touch.entity.replace("_", " ")
    states = " or ".join(f"`{s}`" for s in left.states)
    ruling.outcome, ruling.confidence = "broken", "likely"
    ruling.anchor = lines(model, release)
    ruling.title = f"A cancelled {name} gives its stock back in some of its states only"
    ruling.message = (
        f"What is {states} may be cancelled as well, and stock was taken for it, but the goods are put back only for others: each "
        "one that is cancelled in that state makes goods that are there unsaleable, until somebody counts them by hand."
    )
    if left.freed:
        ruling.message = (
            f"What is {states} may be cancelled as well. Its goods were taken off the stock by then, and what is lowered here is only what "
            "is promised to open orders: the goods of each one that is cancelled in that state stay unsaleable, and what others were "
            "promised counts for too little."
        )
    ruling.remediation = (
        "Put back what was taken, whatever the state was: ask whether stock was taken (a mark on the line), or list every state behind "
        "which it was."
    )
    ruling.evidence.append(step(model, left.taken, f"stock is taken for what becomes {states}"))
    ruling.evidence += steps(model, one.transition.effect, f"the {name} is cancelled")
    ruling.evidence.append(
        step(model, release, "only what is promised is freed" if left.freed else f"put back only for others than {states}", "missing")
    )
    return ruling


def _standing(model: Model, one: Cancellation, standing: Standing, ruling: Ruling) -> Ruling:
    name, begun = one.transition.touch.entity.replace("_", " "), standing.begun
    provider, place = begun.provider.name, anchor(model, one.transition.effect)
    ruling.outcome, ruling.confidence = "broken", "likely" if standing.how == "paid" else "possible"
    ruling.anchor = lines(model, place)
    if standing.how == "paid":
        states = " or ".join(f"`{s}`" for s in standing.states)
        ruling.title = f"A paid {name} is cancelled and its money stays"
        ruling.message = (
            f"What is {states} may be cancelled, and nothing behind this refunds the payment at {provider}, asks for that or notes that it "
            "is owed: the goods go back to the shelf, and the customer's money stays with the shop."
        )
        ruling.remediation = (
            f"Once the stock is back and the status is committed, refund the payment at {provider} with an idempotency key, from a job "
            "that is repeated until it succeeds, and write the refund down."
        )
    else:
        ruling.title = f"A cancelled {name} can still be paid"
        ruling.message = (
            f"The payment that was begun at {provider} stays open when the {name} is cancelled: nothing in this code cancels it or lets "
            "it run out. Who pays it afterwards pays for goods that were put back, and nothing pays him back."
        )
        ruling.remediation = (
            f"Cancel the open payment at {provider} before the goods are given to others, or let it run out no later than the {name} "
            "does, and pay a late one back."
        )
    ruling.evidence.append(at(model.program, begun.fn, begun.instr, f"a payment is begun at {provider} here"))
    ruling.evidence += steps(model, one.transition.effect, f"the {name} is cancelled")
    ruling.evidence.append(step(model, place, "the payment is left as it is", "missing"))
    return ruling


def _late(model: Model, undone: Effect, release: Place, ruling: Ruling) -> Ruling:
    place = _parting(undone, release)
    ruling.outcome, ruling.confidence = "broken", "likely"
    ruling.anchor = lines(model, place)
    ruling.title = "The payment is undone before the stock is put back"
    ruling.message = (
        "The provider is asked to cancel or refund the payment first, and the stock is put back after it. When a later step fails, the "
        "payment is gone and cannot be brought back, while the goods are still held and a rollback says that the order is not cancelled."
    )
    ruling.remediation = (
        "Put the stock back and set the order's status in one transaction, commit it, and ask the provider after that, from a job that is "
        "repeated with an idempotency key until it succeeds."
    )
    ruling.evidence += steps(model, undone, "the payment is undone")
    ruling.evidence.append(step(model, release, "the stock is put back only here", "missing"))
    return ruling


def _parting(undone: Effect, release: Place) -> Place:
    """The call that leads to the undoing of the payment, in the function in which the way to the stock parts from it."""
    above = [Place(c.caller, c.call, c.parent) for c in (release.ctx.chain() if release.ctx else ()) if c.call >= 0]
    shared = {p.fn for p in (release, *above)}
    return next((p for p in undone.way if p.fn in shared), undone.place)


CHECK = Check(id=ID, title="A cancelled order gives its stock back before the payment is undone", severity="medium", rule=rule)
