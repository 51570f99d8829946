"""Payments that nobody could ask about and that are taken for refused: the provider did not answer, and the order is down as failed."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tillproof.checks.resilience.losses import comes_round_again
from tillproof.checks.ruling import Ruling
from tillproof.checks.ways import called, entry_line, lines, source, step, steps
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.handled import Handler
from tillproof.commerce.model import Model
from tillproof.commerce.touches import words_of
from tillproof.flow.asked import own_side
from tillproof.flow.program import Fn
from tillproof.flow.tries import Catch, reached_from


class Mistaken(NamedTuple):
    """The question that fails, where its failure is caught, and what is written down for it."""

    asked: Effect
    caught: Place
    written: Effect


def taken_for_refused(model: Model, seen: set[tuple[Fn, int]]) -> Iterator[Ruling]:
    """One ruling per place where the failure of a question is caught, behind a message, or a page to which a customer comes back and that
    nobody else's word makes good. ``seen``: the places of which another finding tells."""
    told = {h.provider.id for h in model.handlers.all if h.kind != "redirect-return"}
    for handler in model.handlers.all:
        if handler.kind == "redirect-return" and handler.provider.id in told:
            continue
        found = _mistaken(model, handler)
        if found is not None and (found.caught.fn, found.caught.instr) not in seen:
            seen.add((found.caught.fn, found.caught.instr))
            yield _broken(model, handler, found)


def _mistaken(model: Model, handler: Handler) -> Mistaken | None:
    """The first question to the provider whose failure leads to the state of a payment that failed."""
    effects = model.effects.of(handler.entry.target)
    failed = [e for e in effects if _fails(model, e)]
    for asked in (e for e in effects if failed and e.operation is not None and e.operation.confirms):
        for n, place, catch in model.failures.on_the_way(asked.way):
            if not model.failures.swallows(place.fn, catch) or comes_round_again(model, place.fn):
                break
            written = next((e for e in failed if _leads_to(model, asked.way[n:], catch, e)), None)
            if written is not None:
                return Mistaken(asked, Place(place.fn, catch.caught, place.ctx), written)
            break
    return None


def _fails(model: Model, effect: Effect) -> bool:
    """Whether an order or payment is put down as failed or cancelled."""
    touch = effect.touch
    if touch is None or touch.kind != "write" or not model.words.entity(touch.entity):
        return False
    said = (text for name, value in touch.fields.items() if model.words.has("status_fields", name) for text in words_of(value))
    return any(model.words.has("dead_values", text) for text in said)


def _leads_to(model: Model, way: Sequence[Place], catch: Catch, written: Effect) -> bool:
    """Whether a handler of exceptions leads to a write: by itself, behind the try, or where a caller asks for what it answers and is told
    no."""
    body, defuse = model.program.body(way[0].fn), model.evaluator.defuse(way[0].fn)
    onward = {b for start in catch.blocks for b in reached_from(body, start)}
    if any(p.fn == way[0].fn and defuse.block_of[p.instr] in onward for p in written.way):
        return True
    for caller in way[1:]:
        body, defuse = model.program.body(caller.fn), model.evaluator.defuse(caller.fn)
        blocks = {defuse.block_of[p.instr] for p in written.way if p.fn == caller.fn and p.instr != caller.instr}
        for branch, positive in model.outcomes.asking(caller):
            own = own_side(body, defuse, branch, not positive)
            if own is not None and blocks & own:
                return True
        if model.outcomes.answer(caller) != "handed":
            return False
    return False


def _broken(model: Model, handler: Handler, found: Mistaken) -> Ruling:
    entry = handler.entry
    file, line = entry_line(model, entry)
    ruling = Ruling("resilience/swallowed-failure", "broken", handler.kind, file, line, severity="high", confidence="likely")
    ruling.anchor = lines(model, found.caught)
    ruling.title = "A payment that could not be asked about counts as failed"
    name = handler.provider.name
    ruling.message = (
        f"When {name} does not answer {called(model, entry)}, or not in time, the exception is caught and the order is put down as failed "
        f"all the same. Nobody knows then what became of the payment: it may well have been taken, and nothing asks {name} again."
    )
    ruling.remediation = (
        "Leave the order as it is where the question could not be put, tell the customer so with an error, and let a job ask again; put it "
        "down as failed only where the provider says so."
    )
    ruling.evidence = [
        source(model, entry, f"{called(model, entry)}: what must not be lost"),
        *steps(model, found.asked, "this may fail"),
        step(model, found.caught, "no answer is taken for a no", "missing"),
        step(model, found.written.way[0], "the order counts as failed from here on", "sink"),
    ]
    return ruling
