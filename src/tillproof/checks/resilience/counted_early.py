"""What is told of a message that counts as handled before it is."""

from collections.abc import Iterator

from tillproof.checks.resilience.marked_first import Marked, counted_first
from tillproof.checks.resilience.stated_first import stated_first
from tillproof.checks.ruling import Ruling
from tillproof.checks.ways import called, entry_line, lines, source, step, steps
from tillproof.commerce.effects import Effect
from tillproof.commerce.entries import Entry
from tillproof.commerce.handled import Handler
from tillproof.commerce.model import Model
from tillproof.flow.program import Fn


def counted_early(model: Model, entry: Entry, handler: Handler, stakes: list[Effect], seen: dict[tuple[Fn, int], str]) -> Iterator[Ruling]:
    """The ruling on a handler that marks a message as done before it does the work; each mark once, as kept in ``seen``."""
    found = counted_first(model, handler, stakes)
    if found is not None and (found.mark.fn, found.mark.instr) not in seen:
        seen[found.mark.fn, found.mark.instr] = handler.provider.id
        yield _ruling(model, entry, handler, found)
    stated = stated_first(model, handler, stakes) if found is None else None
    if stated is not None and (stated.mark.fn, stated.mark.instr) not in seen:
        seen[stated.mark.fn, stated.mark.instr] = handler.provider.id
        yield _as_stated(model, entry, handler, stated)


def _ruling(model: Model, entry: Entry, handler: Handler, found: Marked) -> Ruling:
    """A message that is written down as handled before it is, so that nobody does what failed."""
    file, line = entry_line(model, entry)
    ruling = Ruling("resilience/swallowed-failure", "broken", handler.kind, file, line, severity="high", confidence="likely")
    ruling.anchor = lines(model, found.too_early)
    ruling.title = "A message counts as handled before it is"
    name = handler.provider.name
    ruling.message = (
        f"{called(model, entry)} writes down that the message came before it does the work. When the work fails, {name} sends the message "
        "again, the row is found, and success is answered: the work is never done, and nobody is told."
    )
    ruling.remediation = (
        "Write the row in the transaction of the work; or note in it when the work is done, and pass a message over only when it says so; "
        "or take the row away when the work fails."
    )
    ruling.evidence = [
        source(model, entry, f"{called(model, entry)}: what must not be lost"),
        step(model, found.mark.place, "the message counts as handled from here on", "step"),
        *steps(model, found.work, "this may fail"),
        step(model, found.asked, "the next delivery is answered as done as soon as the row is there", "missing"),
    ]
    return ruling


def _as_stated(model: Model, entry: Entry, handler: Handler, found: Marked) -> Ruling:
    """A payment that counts as made before its order does, so that nobody makes up for an order that was refused."""
    ruling = _ruling(model, entry, handler, found)
    paid, owed = (e.touch.entity.replace("_", " ") if e.touch is not None else "record" for e in (found.mark, found.work))
    ruling.title = f"The {paid} is noted as made before the {owed} is"
    ruling.message = (
        f"{called(model, entry)} writes that the {paid} is made, and then goes on to the {owed}, outside of one transaction and through "
        f"code that may refuse it. When that fails, {handler.provider.name} sends the message again, finds the {paid} made, and success is "
        f"answered: the customer has paid, the {owed} never hears of it, and nobody is told."
    )
    ruling.remediation = f"Write both in one transaction, or the {paid} last; or let a repeated delivery finish what is still open."
    ruling.evidence[1] = step(model, found.mark.place, f"the {paid} counts as made from here on", "step")
    ruling.evidence[-1] = step(model, found.asked, "the next delivery is answered as done as soon as that is written", "missing")
    return ruling
