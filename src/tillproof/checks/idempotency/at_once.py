"""Rulings on what staff or customers set off that must happen once only: ``idempotency/dedup-race`` beside the provider's messages."""

from collections.abc import Iterator
from functools import partial

from tillproof.checks import remedies
from tillproof.checks.idempotency.deliveries import hears, kept_once
from tillproof.checks.ruling import Evidence, Ruling
from tillproof.checks.ways import called, entry_line, lines, source, step, steps
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.model import Model
from tillproof.commerce.once_only import Once, OnceOnly

_LOCK = "`SELECT … FOR UPDATE`"
_WHAT = {
    "refund.create": "the money goes back",
    "transfer.create": "money is transferred",
    "payout.create": "money is paid out",
    "payment.create": "the customer is charged",
    "shipment.create": "a shipment is paid for",
    "order.write": "the order is made in the other system",
}


def at_once(model: Model) -> Iterator[Ruling]:
    """One ruling per look by which something is to be done once only."""
    told = frozenset(h.entry.target.fn for h in model.handlers.all if hears(model, h))
    for once in OnceOnly(model, partial(kept_once, model), told).all:
        yield _rule(model, once)


def _moved(model: Model, effect: Effect) -> str:
    """What an effect of our own moves, in words."""
    if effect.touch is not None and effect.touch.kind == "create":
        return "the same money is paid out"
    taken = model.stock_writes.write(effect.touch) if effect.touch is not None else None
    if taken is not None and taken.how != "set":
        return "the goods go back into stock" if taken.down is False else "the goods are taken"
    name = effect.touch.entity.replace("_", " ") if effect.touch is not None else ""
    fields = ", ".join(f"`{field}`" for field in sorted(effect.touch.relative)[:2]) if effect.touch is not None else ""
    return f"{fields} of the {name} is changed"


def _rule(model: Model, once: Once) -> Ruling:
    entry, effect, look = once.entry, once.repeat.effect, once.look
    file, line = entry_line(model, entry)
    ruling = Ruling("idempotency/dedup-race", "held", "staff-action" if entry.role == "staff" else "client-route", file, line)
    ruling.evidence = [source(model, entry, f"{called(model, entry)}: two requests may arrive at once")]
    asked = Place(look.atom.fn, look.atom.instr, look.atom.ctx)
    if once.kept:
        ruling.evidence.append(step(model, asked, once.kept, "guard"))
        return ruling
    what = _WHAT.get(effect.kind) or _moved(model, effect)
    where = lines(model, asked)
    ruling.outcome, ruling.confidence = "broken", "likely"
    ruling.severity = "medium" if entry.role == "staff" and effect.operation is None else "high"
    ruling.anchor = where
    ruling.title = f"Two requests at once both find it still to be done, and {what} twice"
    ruling.message = (
        f"{called(model, entry)} first reads whether it is still to be done and later writes that it was. A double click, or two people at "
        f"once, both find that it is, both go on, and {what} twice: nothing makes the look and the change one step, no row lock, no "
        "version, no conditional update."
    )
    lock = remedies.code(model, look.atom.fn.file, "lock") or _LOCK
    ruling.remediation = (
        f"Read the row under a lock, in the transaction that changes its state: {lock}. Or change the state first, by one update that asks "
        "for the old one in its `WHERE`, and go on only when it changed a row."
    )
    if (row := next((e.touch for e in look.by if e.touch is not None and e.touch.kind == "create"), None)) is not None:
        ruling.remediation = (
            f"Write the {row.entity.replace('_', ' ')} down first, with a unique constraint on what it is for, leave when that is refused, "
            f"and send its id along as the idempotency key. Or read what it is for under a lock, in the transaction that writes it: {lock}."
        )
    ruling.evidence.append(Evidence(where[0], where[1], "the check: a plain read", "missing"))
    ruling.evidence += steps(model, effect, what)
    ruling.evidence += [step(model, e.place, "only here is it noted that it was done", "sink") for e in look.by[:1]]
    return ruling
