"""``inventory/sync-in-payment``: no system outside is waited for while stock is held, and an order does not hang on a system behind it."""

from collections.abc import Iterator

from tillproof.checks.catalog import Check
from tillproof.checks.idempotency.deliveries import hears
from tillproof.checks.ruling import Evidence, Ruling
from tillproof.checks.ways import anchor, called, lines, source, step, steps
from tillproof.commerce.effects import Place
from tillproof.commerce.held_open import Waiting, inside, waiting
from tillproof.commerce.model import Model
from tillproof.commerce.paid_and_refused import PaidAndRefused, paid_and_refused
from tillproof.commerce.unmade_payments import Unmade, unmade
from tillproof.flow.program import Fn

_ID = "inventory/sync-in-payment"


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per call that is waited for, and per transaction that takes stock without any."""
    found = list(waiting(model))
    for one in found:
        yield _in_transaction(model, one) if one.transaction is not None else _on_the_way(model, one)
    yield from (_left(model, one) for one in unmade(model))
    returns = [h for h in model.handlers.all if h.kind == "redirect-return" and hears(model, h)]
    yield from (_refused(model, one) for one in paid_and_refused(model, returns))
    yield from _short(model, {(one.transaction.fn, one.transaction.instr) for one in found if one.transaction is not None})


def _in_transaction(model: Model, one: Waiting) -> Ruling:
    fn, i, _ = one.effect.place
    ruling = Ruling(_ID, "broken", "provider-call", fn.file, model.program.body(fn).line[i], severity="medium", confidence="likely")
    ruling.anchor = lines(model, inside(model, one))
    who = one.provider.name
    money = one.effect.kind.startswith(("payment.", "refund.", "transfer.", "payout."))
    ruling.title = f"{who} is waited for while the stock is locked"
    after = (
        f"and when the transaction fails after {who} has answered, the order and the stock are rolled back and the money stays moved: "
        "nobody knows of it any more"
        if money
        else f"and when the transaction fails after {who} has answered, the two systems disagree"
    )
    ruling.message = (
        f"The call to {who} stands in the transaction that writes the stock: its rows stay locked for as long as {who} takes, so that all "
        f"other checkouts of the same goods wait with it; {after}."
    )
    ruling.remediation = (
        f"Reserve the stock in a transaction of its own and commit it, then call {who}, then settle the reservation in a second "
        "transaction; give the reservation an expiry, and let a job release it and undo the call where the second half never came."
    )
    ruling.evidence = [source(model, one.entry, f"{called(model, one.entry)} comes here")]
    if one.transaction is not None:
        ruling.evidence.append(step(model, one.transaction, "the transaction begins"))
    if one.stock is not None:
        ruling.evidence.append(step(model, one.stock.place, "stock is written in it"))
    ruling.evidence += steps(model, one.effect, f"{who} is called in it")
    return ruling


def _on_the_way(model: Model, one: Waiting) -> Ruling:
    fn, i, _ = one.effect.place
    who = one.provider.name
    ruling = Ruling(_ID, "held", "provider-call", fn.file, model.program.body(fn).line[i])
    ruling.evidence = [source(model, one.entry, f"{called(model, one.entry)}: an order is placed or paid here")]
    ruling.evidence += steps(model, one.effect, f"{who} is waited for")
    kept = _made_up_for(model, one)
    if kept is not None:
        ruling.evidence.append(step(model, kept, f"when {who} fails, it is kept for later and the order goes on", "guard"))
        return ruling
    ruling.outcome, ruling.severity, ruling.confidence = "broken", "medium", "likely"
    ruling.anchor = lines(model, one.effect.place)
    ruling.title = f"An order waits for {who}"
    ruling.message = (
        f"{called(model, one.entry)} calls {who} before it answers the customer: when {who} is slow or down, nobody can buy, and a failure "
        f"here comes after the order or payment was made, which {who} then never learns of."
    )
    ruling.remediation = (
        f"Write what {who} is to be told into an outbox table in the transaction of the order, and let a queue with retries send it; tell "
        "somebody of what cannot be sent."
    )
    ruling.evidence.append(
        step(model, one.effect.place, "called while the customer waits, with nothing to make up for a failure", "missing")
    )
    return ruling


def _made_up_for(model: Model, one: Waiting) -> Place | None:
    """The handler that keeps a failed call for later."""
    for place in one.effect.way:
        catch = model.failures.around(place)
        if catch is not None and model.failures.leaves_trace(place.fn, catch.caught):
            return Place(place.fn, catch.caught, place.ctx)
    return None


_GIVEN_BACK = {
    "here": "what was taken is given back here when the payment cannot be begun",
    "job": "a job gives the stock of orders back that are never paid",
}


def _left(model: Model, one: Unmade) -> Ruling:
    """Stock that was taken for an order whose payment could not be begun."""
    fn, i, _ = one.begun.place
    who = one.provider.name
    ruling = Ruling(_ID, "held", "provider-call", fn.file, model.program.body(fn).line[i], severity="medium", confidence="likely")
    ruling.evidence = [source(model, one.entry, f"{called(model, one.entry)}: an order is placed here")]
    ruling.evidence += steps(model, one.taken, "stock is taken here, before anything is paid")
    ruling.evidence += steps(model, one.begun, f"only then is {who} asked for the payment")
    if one.kept is not None and one.how in _GIVEN_BACK:
        ruling.evidence.append(step(model, one.kept, _GIVEN_BACK[one.how], "guard"))
        return ruling
    at = one.caught if one.caught is not None else anchor(model, one.begun, one.provider)
    if one.kept is not None:
        file, start, _ = lines(model, one.kept)
        ruling.outcome = "unknown"
        ruling.question = Evidence(
            file, start, f"Does this, or anything else, free the stock of an order for which {who} could not be asked for a payment?"
        )
        return ruling
    ruling.outcome, ruling.anchor = "broken", lines(model, at)
    ruling.title = f"Stock stays taken when {who} fails"
    ruling.message = (
        f"{called(model, one.entry)} takes the stock first and then asks {who} for the payment. When that fails, the customer sees an "
        "error and nothing gives the goods back, here or in a job: each failed attempt, and each try after it, makes more of what lies "
        "on the shelf unsaleable."
    )
    ruling.remediation = (
        "Give back what was taken where the failure is caught, in the transaction that cancels the order; and let a job release the stock "
        "of orders that are not paid in time, since the program may also end in between."
    )
    ruling.evidence.append(step(model, at, "nothing gives the stock back from here", "missing"))
    return ruling


def _refused(model: Model, one: PaidAndRefused) -> Ruling:
    """A customer who comes back from paying, and hears that the goods are gone."""
    entry, fn = one.handler.entry, one.look.fn
    who = one.handler.provider.name
    ruling = Ruling(_ID, "held", "paid-order", fn.file, model.program.body(fn).line[one.look.instr], severity="medium", confidence="likely")
    ruling.evidence = [source(model, entry, f"{called(model, entry)}: who comes here has paid through {who}")]
    ruling.evidence.append(step(model, one.look, "only now is it asked whether enough is left", "sink"))
    if one.kept is not None:
        ruling.evidence.append(step(model, one.kept, "when the goods are gone, this makes up for it", "guard"))
        return ruling
    ruling.outcome, ruling.anchor = "broken", lines(model, one.look)
    ruling.title = "Who has paid is turned away when the goods are gone"
    ruling.message = (
        f"{called(model, entry)} asks what is left only after {who} has taken the money. When it is too little, the customer is sent away: "
        "nothing pays him back, no order keeps what he paid for, and nobody of the shop hears of it."
    )
    ruling.remediation = (
        "Reserve the goods before the payment is begun and let the reservation expire; where they can still be gone, store the order as "
        f"paid and unfulfillable, refund it at {who}, and tell somebody."
    )
    ruling.evidence.append(step(model, one.leaves, "it is left here, and the money stays", "missing"))
    return ruling


def _short(model: Model, waited: set[tuple[Fn, int]]) -> Iterator[Ruling]:
    """Transactions that take stock for customers and wait for nobody."""
    seen: set[tuple[Fn, int]] = set(waited)
    for taking in model.takings.all:
        for begun in model.regions.in_transaction(taking.place):
            if (begun.fn, begun.instr) in seen:
                continue
            seen.add((begun.fn, begun.instr))
            line = model.program.body(begun.fn).line[begun.instr]
            ruling = Ruling(_ID, "held", "stock-transaction", begun.fn.file, line)
            ruling.evidence = [
                Evidence(begun.fn.file, line, "the transaction begins", "source"),
                step(model, taking.place, "stock is taken in it, and no system outside is waited for", "guard"),
            ]
            yield ruling


CHECK = Check(id=_ID, title="No system outside is waited for while stock is held", severity="medium", rule=rule)
