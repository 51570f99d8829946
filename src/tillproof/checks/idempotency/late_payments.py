"""Rulings on orders that are ended because nobody had paid: ``idempotency/dedup-race`` between the look and a payment that comes in."""

from collections.abc import Iterator
from functools import partial

from tillproof.checks import remedies
from tillproof.checks.idempotency.deliveries import kept_once
from tillproof.checks.ruling import Evidence, Ruling
from tillproof.checks.ways import called, entry_line, lines, source, step, steps
from tillproof.commerce.closings import Closing, Closings
from tillproof.commerce.effects import Place
from tillproof.commerce.model import Model
from tillproof.commerce.once_only import OnceOnly

_LOCK = "`SELECT … FOR UPDATE`"


def late_payments(model: Model) -> Iterator[Ruling]:
    """One ruling per look by which an order is found to be unpaid before it is ended."""
    for closing in Closings(model, OnceOnly(model, partial(kept_once, model))).all:
        yield _rule(model, closing)


def _rule(model: Model, closing: Closing) -> Ruling:
    entry, transition, look = closing.entry, closing.transition, closing.look
    file, line = entry_line(model, entry)
    ruling = Ruling("idempotency/dedup-race", "held", "job" if entry.role == "internal" else "client-route", file, line)
    ruling.evidence = [source(model, entry, f"{called(model, entry)}: the payment may come in at the same time")]
    asked = Place(look.fn, look.instr, look.ctx)
    if closing.kept:
        ruling.evidence.append(step(model, asked, closing.kept, "guard"))
        return ruling
    name = transition.touch.entity.replace("_", " ")
    to = " or ".join(f"`{t}`" for t in transition.shown[:2])
    where = lines(model, asked)
    goods = closing.gives_back is not None
    ruling.outcome, ruling.confidence = "broken", "likely"
    ruling.severity = "high" if goods else "medium"
    ruling.anchor = where
    ruling.title = f"A payment that comes in meanwhile is written over: the {name} ends as {to}"
    besides = ", and its goods go back into stock" if goods else ""
    ruling.message = (
        f"{called(model, entry)} first reads that the {name} is not paid and later writes {to}, whatever it is by then. A payment that is "
        f"noted between the two is lost: the customer has paid for what counts as {to}{besides}. Nothing makes the look and the write one "
        "step, no row lock, no version, no conditional update."
    )
    lock = remedies.code(model, look.fn.file, "lock") or _LOCK
    ruling.remediation = (
        "Write the end by one update that asks for the unpaid state in its `WHERE`, and go on only when it changed a row. Or read the row "
        f"under a lock, in the transaction that writes it: {lock}."
    )
    if closing.read is not None:
        fetched = Place(closing.read.fn, closing.read.instr, closing.read.ctx)
        ruling.evidence.append(step(model, fetched, "the row is read here, without a lock", "missing"))
    ruling.evidence.append(Evidence(where[0], where[1], "the check: a plain read", "missing"))
    ruling.evidence += steps(model, transition.effect, f"set to {to}")
    if closing.gives_back is not None:
        ruling.evidence.append(step(model, closing.gives_back.place, "the goods go back"))
    return ruling
