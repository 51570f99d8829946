"""Rulings on what there is to be only one of: ``idempotency/dedup-race`` between two requests that both find none."""

from collections.abc import Iterator
from functools import partial

from tillproof.checks.idempotency.deliveries import describe, kept_once
from tillproof.checks.ruling import Evidence, Ruling
from tillproof.checks.ways import called, entry_line, lines, source, step, steps
from tillproof.commerce.effects import Place
from tillproof.commerce.model import Model
from tillproof.commerce.once_only import OnceOnly
from tillproof.commerce.sought_first import Sought, SoughtFirst


def only_one(model: Model) -> Iterator[Ruling]:
    """One ruling per look by which something is made only where there is none."""
    kept = partial(kept_once, model)
    for sought in SoughtFirst(model, OnceOnly(model, kept), kept).all:
        yield _rule(model, sought)


def _rule(model: Model, sought: Sought) -> Ruling:
    entry, effect, look = sought.entry, sought.repeat.effect, sought.look
    file, line = entry_line(model, entry)
    ruling = Ruling("idempotency/dedup-race", "held", "client-route", file, line)
    ruling.evidence = [source(model, entry, f"{called(model, entry)}: the customer may send it twice at once")]
    asked = Place(look.atom.fn, look.atom.instr, look.atom.ctx)
    if sought.kept:
        ruling.evidence.append(step(model, asked, sought.kept, "guard"))
        return ruling
    where = lines(model, asked)
    name = effect.touch.entity.replace("_", " ") if effect.touch is not None else "subscription"
    ruling.outcome, ruling.severity, ruling.confidence = "broken", "medium", "likely"
    ruling.anchor = where
    ruling.title = f"Two requests at once both find no {name}, and make two"
    ruling.message = (
        f"{called(model, entry)} first looks whether there is a {name} already and makes one by a later statement. A double click finds "
        "none twice, and there are two. Nothing makes the two steps one: no unique constraint, no lock."
    )
    read = model.states.existence(look.atom)
    keys = ", ".join(f"`{k}`" for k in sorted(read.compared)[:3]) if read is not None else ""
    ruling.remediation = (
        f"Put a unique constraint on what is looked for{f' ({keys})' if keys else ''}, write the row first and leave when it is refused; "
        "or look under a lock that both requests have to take, such as the order's or the customer's own row."
    )
    ruling.evidence.append(Evidence(where[0], where[1], "the look: a plain read", "missing"))
    ruling.evidence += steps(model, effect, describe(sought.repeat))
    return ruling
