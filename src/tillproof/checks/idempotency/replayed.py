"""Rulings on payments that the browser names: ``idempotency/handler-not-idempotent`` where one of them pays order after order."""

from collections.abc import Iterator

from tillproof.checks import remedies
from tillproof.checks.ruling import Ruling
from tillproof.checks.ways import anchor, called, entry_line, lines, source, step, steps
from tillproof.commerce.model import Model
from tillproof.commerce.replays import Replay, Replays
from tillproof.flow.program import Fn


def replayed(model: Model, told: set[Fn]) -> Iterator[Ruling]:
    """One ruling per return page of which nothing worse is ``told``."""
    for replay in Replays(model).all:
        if replay.handler.entry.target.fn not in told:
            yield _rule(model, replay)


def _rule(model: Model, replay: Replay) -> Ruling:
    handler, entry = replay.handler, replay.handler.entry
    file, line = entry_line(model, entry)
    name = handler.provider.name
    ruling = Ruling("idempotency/handler-not-idempotent", "held", handler.kind, file, line)
    ruling.evidence = [source(model, entry, f"{called(model, entry)}: the browser names the payment itself (`{replay.brought}`)")]
    if replay.known is not None:
        ruling.evidence.append(step(model, replay.known[0], replay.known[1], "guard"))
        return ruling
    place = anchor(model, replay.effect, handler.provider)
    ruling.outcome, ruling.confidence = "broken", "likely"
    ruling.severity = "critical" if handler.walked.proofs else "high"
    ruling.anchor = lines(model, place)
    ruling.title = f"One {name} payment can pay for order after order"
    ruling.message = (
        f"{called(model, entry)} takes the payment that the browser names in `{replay.brought}`, and asks neither whether it was made for "
        "this order nor whether it was taken for another one before: whoever has paid once sends the same again for each new order, and "
        "each counts as paid."
    )
    code = remedies.code(model, place.fn.file, "once")
    ruling.remediation = (
        f"Keep the id that {name} gives when the payment is begun with the order, and find the order by it, or compare the two. Write the "
        "payment's id down, in a column with a unique constraint, in the transaction that marks the order as paid, and leave when it is "
        f"refused{f': {code}' if code else ''}."
    )
    ruling.evidence.append(step(model, place, "nothing asks whether this payment was taken before", "missing"))
    ruling.evidence += steps(model, replay.effect, "paid from here on")
    return ruling
