"""What rulings have in common by which a customer, or anybody, ends what belongs to somebody else."""

from tillproof.checks.ruling import Ruling
from tillproof.checks.ways import called, entry_line, lines, source, step
from tillproof.commerce.effects import Place
from tillproof.commerce.entries import Entry
from tillproof.commerce.model import Model


def who_may(entry: Entry) -> str:
    """Who calls an entry point, as a sentence begins with him."""
    return "Anybody" if entry.role == "public" else "Every customer who is signed in"


def somebody_elses(model: Model, entry: Entry, place: Place, missing: str) -> Ruling:
    """A ruling on a line that changes what an entry point is told to, without its words. ``missing``: what nobody asks there."""
    ruling = Ruling("order/unguarded-transition", "broken", entry.role, *entry_line(model, entry), severity="high", confidence="likely")
    ruling.anchor = lines(model, place)
    ruling.evidence = [
        source(model, entry, f"{called(model, entry)}: called by {entry.role}"),
        step(model, place, missing, "missing"),
    ]
    return ruling
