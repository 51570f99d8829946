"""What is told of a message that counts as handled before it is."""

from collections.abc import Iterator

from tillproof.checks.resilience.marked_first import Marked, counted_first
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
